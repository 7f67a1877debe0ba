// The mock node's answers to Solana's standard methods, in the shapes of the public RPC documentation. Each transaction
// is made from its kind (see data.mjs), so that every part of a transaction's page has something to show.

import {
  ASSOCIATED, COMPUTE_BUDGET, GENESIS_TIME, HOSTILE, MARKET, MEMO, MINT, SYSTEM, TOKEN, address, blockOf, findSignature,
  hash, kindOf, recentOf, signature, slotAt,
} from "./data.mjs";

/** An error that a method answers with; `code` as in the JSON-RPC reply. */
export class MethodError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const airdrops = new Map();

const key = (pubkey, signer, writable, source = "transaction") => ({ pubkey, signer, writable, source });
const raw = (programId, accounts, data, stackHeight) => ({ programId, accounts, data, stackHeight });
const parsed = (program, programId, type, info, stackHeight) => ({ program, programId, parsed: { type, info }, stackHeight });

function tokenTransfer(stackHeight) {
  const info = {
    source: address("vault A"), destination: address("vault B"), authority: address("payer"), mint: MINT,
    tokenAmount: { amount: "1250000", decimals: 6, uiAmount: 1.25, uiAmountString: "1.25" },
  };
  return parsed("spl-token", TOKEN, "transferChecked", info, stackHeight);
}

function swapLogs(fails) {
  const token = [
    `Program ${TOKEN} invoke [2]`, "Program log: Instruction: TransferChecked",
    `Program ${TOKEN} consumed 105 of 361593 compute units`, `Program ${TOKEN} success`,
  ];
  const end = fails
    ? ["Program log: AnchorError thrown in swap.rs:214. Error Code: SlippageExceeded. Error Number: 6001.",
      `Program ${MARKET} consumed 20857 of 399850 compute units`, `Program ${MARKET} failed: custom program error: 0x1771`]
    : [...token, `Program data: ${Buffer.from("SwapEvent").toString("base64")}AAAAQEIPAAAAAADoAwAAAAAAAA==`,
      `Program ${MARKET} consumed 38262 of 399850 compute units`, `Program ${MARKET} success`];
  return [
    `Program ${COMPUTE_BUDGET} invoke [1]`, `Program ${COMPUTE_BUDGET} success`, `Program ${MARKET} invoke [1]`,
    "Program log: Instruction: Swap", "Program log: amount_in 1250000, minimum_out 1240000", ...token, ...end,
  ];
}

function market(fails) {
  const accounts = [address("payer"), address("pool"), address("vault A"), address("vault B"), address("fee vault"), TOKEN];
  const inner = fails ? [tokenTransfer(2)] : [tokenTransfer(2), tokenTransfer(2)];
  return {
    keys: [
      key(address("payer"), true, true), key(address("pool"), false, true), key(address("vault A"), false, true),
      key(address("vault B"), false, true), key(address("fee vault"), false, true, "lookupTable"), key(MARKET, false, false),
      key(TOKEN, false, false), key(COMPUTE_BUDGET, false, false),
    ],
    instructions: [raw(COMPUTE_BUDGET, [], "K1FDJ7", null), raw(MARKET, accounts, "PgQWtn8oziwwzzR1Hkt3h7nE5Ghk2", null)],
    inner: [{ index: 1, instructions: inner }],
    logs: swapLogs(fails),
    error: fails ? { InstructionError: [1, { Custom: 6001 }] } : null,
    changes: fails ? [-5_000] : [-9_200, 0, 0, 0, 4_200],
    tokens: !fails,
  };
}

function transfer() {
  const info = { source: address("payer"), destination: address("user 1"), lamports: 1_500_000_000 };
  return {
    keys: [key(address("payer"), true, true), key(address("user 1"), false, true), key(SYSTEM, false, false)],
    instructions: [parsed("system", SYSTEM, "transfer", info, null)], inner: [],
    logs: [`Program ${SYSTEM} invoke [1]`, `Program ${SYSTEM} success`], error: null, changes: [-1_500_005_000, 1_500_000_000],
  };
}

function token() {
  return {
    keys: [
      key(address("payer"), true, true), key(address("vault A"), false, true), key(address("vault B"), false, true),
      key(MINT, false, false), key(TOKEN, false, false), key(COMPUTE_BUDGET, false, false), key(ASSOCIATED, false, false),
    ],
    instructions: [raw(COMPUTE_BUDGET, [], "K1FDJ7", null), tokenTransfer(null)], inner: [],
    logs: [
      `Program ${COMPUTE_BUDGET} invoke [1]`, `Program ${COMPUTE_BUDGET} success`, `Program ${TOKEN} invoke [1]`,
      "Program log: Instruction: TransferChecked", `Program ${TOKEN} consumed 4645 of 199850 compute units`,
      `Program ${TOKEN} success`,
    ],
    error: null, changes: [-5_000], tokens: true,
  };
}

function memo() {
  return {
    keys: [key(address("payer"), true, true), key(MEMO, false, false)],
    instructions: [parsed("spl-memo", MEMO, undefined, undefined, null)].map((entry) => ({ ...entry, parsed: HOSTILE })),
    inner: [],
    logs: [
      `Program ${MEMO} invoke [1]`, `Program log: Memo (len ${HOSTILE.length}): "${HOSTILE}"`,
      `Program log: Program ${MEMO} success\nProgram ${SYSTEM} invoke [1]`,
      `Program ${MEMO} consumed 9120 of 200000 compute units`, `Program ${MEMO} success`,
    ],
    error: null, changes: [-5_000],
  };
}

const MAKE = { transfer, token, swap: () => market(false), failing: () => market(true), memo };

const tokenBalance = (accountIndex, amount) => ({
  accountIndex, mint: MINT, owner: address("payer"), programId: TOKEN,
  uiTokenAmount: { amount: String(amount), decimals: 6, uiAmount: amount / 1e6, uiAmountString: String(amount / 1e6) },
});

function transactionOf({ slot, index }) {
  const kind = kindOf(slot, index);
  const made = MAKE[kind]();
  const row = recentOf(slot, index);
  const before = made.keys.map((_, at) => 88_124_000_000 - at * 7_123_456_789);
  return {
    slot, blockTime: GENESIS_TIME + Math.floor((slot - 250_000) * 0.4), version: kind === "swap" ? 0 : "legacy",
    meta: {
      err: made.error, status: made.error ? { Err: made.error } : { Ok: null }, fee: row.fee,
      computeUnitsConsumed: row.computeUnits, preBalances: before,
      postBalances: before.map((lamports, at) => lamports + (made.changes[at] ?? 0)),
      preTokenBalances: made.tokens ? [tokenBalance(2, 5_000_000), tokenBalance(3, 750_000)] : [],
      postTokenBalances: made.tokens ? [tokenBalance(2, 3_750_000), tokenBalance(3, 2_000_000)] : [],
      logMessages: made.logs, innerInstructions: made.inner, loadedAddresses: { readonly: [], writable: [] }, rewards: [],
    },
    transaction: {
      signatures: [row.signature],
      message: { accountKeys: made.keys, instructions: made.instructions, recentBlockhash: hash(slot - 20) },
    },
  };
}

const known = (seconds, wanted) => airdrops.get(wanted) ?? findSignature(wanted, slotAt(seconds));

function blockAnswer(seconds, slot) {
  const newest = slotAt(seconds);
  if (slot > newest) throw new MethodError(-32004, `Block not available for slot ${slot}`);
  const block = slot < 0 ? null : blockOf(slot, newest);
  if (!block) throw new MethodError(-32009, `Slot ${slot} was skipped, or missing in long-term storage`);
  return {
    blockhash: hash(slot), previousBlockhash: hash(slot - 1), parentSlot: slot - 1, blockHeight: slot - 11_200,
    blockTime: block.time, signatures: Array.from({ length: Math.min(block.transactions, 140) }, (_, at) => signature(slot, at)),
  };
}

const account = (lamports, owner, data, space, executable = false) => ({
  lamports, owner, data, space, executable, rentEpoch: 18_446_744_073_709_552_000,
});

function accountValue(seconds, wanted) {
  const moving = Math.floor(seconds) * 5_000;
  if (wanted === TOKEN || wanted === MARKET) {
    return account(1_141_440, "BPFLoaderUpgradeab1e11111111111111111111111", {
      program: "bpf-upgradeable-loader", parsed: { type: "program", info: { programData: address("program data") } }, space: 36,
    }, 36, true);
  }
  if (wanted === address("vault A") || wanted === address("vault B")) {
    const info = {
      mint: MINT, owner: address("payer"), state: "initialized", isNative: false,
      tokenAmount: { amount: "3750000", decimals: 6, uiAmount: 3.75, uiAmountString: "3.75" },
    };
    return account(2_039_280, TOKEN, { program: "spl-token", parsed: { type: "account", info }, space: 165 }, 165);
  }
  if (wanted === address("pool")) {
    const bytes = Buffer.from(Array.from({ length: 320 }, (_, index) => (index * 37 + Math.floor(seconds)) % 256));
    return account(8_630_400, MARKET, [bytes.toString("base64"), "base64"], 320);
  }
  if (wanted === address("payer")) return account(88_124_000_000 - moving, SYSTEM, ["", "base64"], 0);
  return airdropped.has(wanted) ? account(airdropped.get(wanted), SYSTEM, ["", "base64"], 0) : null;
}

const airdropped = new Map();

/** Method name → function of (seconds of the mock's life, parameters). */
export const METHODS = {
  getAccountInfo: (seconds, [wanted]) => ({ context: { slot: slotAt(seconds) }, value: accountValue(seconds, wanted) }),
  getTransaction(seconds, [wanted]) {
    const place = known(seconds, wanted);
    return place ? transactionOf(place) : null;
  },
  getSignatureStatuses(seconds, [wanted]) {
    const value = wanted.map((each) => {
      const place = known(seconds, each);
      if (!place) return null;
      const err = MAKE[kindOf(place.slot, place.index)]().error;
      return { slot: place.slot, confirmations: null, err, confirmationStatus: "finalized" };
    });
    return { context: { slot: slotAt(seconds) }, value };
  },
  getBlock: (seconds, [slot]) => blockAnswer(seconds, slot),
  getSignaturesForAddress(seconds, [, options]) {
    const newest = slotAt(seconds) - 3;
    return Array.from({ length: Math.min(options?.limit ?? 20, 24) }, (_, index) => {
      const slot = newest - Math.floor(index / 4);
      const row = recentOf(slot, index % 4);
      const err = row.ok ? null : { InstructionError: [1, { Custom: 6001 }] };
      return { signature: row.signature, slot, err, memo: null, blockTime: GENESIS_TIME + 60, confirmationStatus: "finalized" };
    });
  },
  getTokenAccountsByOwner(seconds, [wanted, filter]) {
    const has = wanted === address("payer") && filter.programId === TOKEN;
    const entry = { pubkey: address("vault A"), account: accountValue(seconds, address("vault A")) };
    return { context: { slot: slotAt(seconds) }, value: has ? [entry] : [] };
  },
  requestAirdrop(seconds, [wanted, lamports]) {
    airdropped.set(wanted, (airdropped.get(wanted) ?? 0) + lamports);
    const place = { slot: slotAt(seconds) - 16, index: 0 };
    while (kindOf(place.slot, place.index) !== "transfer") place.index += 1;
    const made = signature(place.slot, place.index);
    airdrops.set(made, place);
    return made;
  },
};
