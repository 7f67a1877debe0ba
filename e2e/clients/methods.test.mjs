// Every method of the RPC through the typed methods of web3.js, which checks each answer against its own schema, and of
// kit, whose answers are compared here with shapes taken from kit's types.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { createSolanaRpc } from "@solana/kit";
import { TOKEN_PROGRAM_ID, approve, createMint, getOrCreateAssociatedTokenAccount, mintTo } from "@solana/spl-token";
import { Keypair, PublicKey, SystemProgram, TransactionMessage } from "@solana/web3.js";

import { startNode } from "./node.mjs";
import { MEMO, connect, funded, request, until } from "./steps.mjs";

let node;
let connection;
let rpc;
let alice;
let mint;
let account;
let blockhash;
let message;
const delegate = Keypair.generate().publicKey;

before(async () => {
  node = await startNode();
  connection = connect(node, "confirmed");
  rpc = createSolanaRpc(node.rpc);
  alice = await funded(connection, 100);
  mint = await createMint(connection, alice, alice.publicKey, null, 6);
  ({ address: account } = await getOrCreateAssociatedTokenAccount(connection, alice, mint, alice.publicKey));
  await mintTo(connection, alice, mint, account, alice, 1_000_000);
  await approve(connection, alice, account, delegate, alice, 10);
  ({ blockhash } = await connection.getLatestBlockhash());
  const instructions = [SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey: delegate, lamports: 1_000_000 })];
  message = new TransactionMessage({ payerKey: alice.publicKey, recentBlockhash: blockhash, instructions }).compileToV0Message();
  await until("some slots", async () => (await connection.getSlot()) >= 5);
});
after(() => node?.stop());

/** A call of web3.js for each of its methods, and what must be true of the answer. */
const WEB3 = {
  getAccountInfo: [() => [mint], (one) => one.owner.equals(TOKEN_PROGRAM_ID) && one.data.length === 82],
  getAccountInfoAndContext: [() => [mint], ({ context }) => context.slot > 0],
  getBalance: [() => [alice.publicKey], (lamports) => lamports > 0],
  getBalanceAndContext: [() => [alice.publicKey], ({ context, value }) => context.slot > 0 && value > 0],
  getBlockProduction: [() => [], ({ value }) => value.byIdentity[node.identity].every((count) => count > 0)],
  getBlockTime: [() => [2], (time) => Math.abs(time - Date.now() / 1000) < 120],
  getBlocks: [() => [0, 4], (slots) => slots.join() === "0,1,2,3,4"],
  getClusterNodes: [() => [], ([one]) => one.pubkey === node.identity && node.rpc.endsWith(one.rpc)],
  getEpochInfo: [() => [], ({ absoluteSlot, slotIndex, slotsInEpoch, epoch, blockHeight, transactionCount }) =>
    epoch === 0 && slotIndex === absoluteSlot && slotsInEpoch === 432_000 && blockHeight > 0 && transactionCount > 3],
  getEpochSchedule: [() => [], (schedule) => schedule.getEpoch(432_000) === 1 && schedule.slotsPerEpoch === 432_000],
  getFeeForMessage: [() => [message], ({ value }) => value === 5_000],
  getFirstAvailableBlock: [() => [], (slot) => slot === 0],
  getGenesisHash: [() => [], (hash) => hash === node.genesis_hash],
  getInflationGovernor: [() => [], (governor) => typeof governor.foundationTerm === "number"],
  getInflationRate: [() => [], ({ epoch, total }) => epoch === 0 && total >= 0],
  getInflationReward: [() => [[alice.publicKey], 0], ([reward]) => reward === null],
  getLargestAccounts: [() => [], ({ value }) => value.length > 0 && value[0].lamports >= value.at(-1).lamports],
  getLatestBlockhash: [() => [], ({ lastValidBlockHeight }) => lastValidBlockHeight > 150],
  getLatestBlockhashAndContext: [() => [], ({ context }) => context.slot > 0],
  getLeaderSchedule: [() => [], (leaders) => leaders[node.identity].length === 432_000],
  getMinimumBalanceForRentExemption: [() => [165], (lamports) => lamports > 165],
  getMinimumLedgerSlot: [() => [], (slot) => slot === 0],
  getMultipleAccountsInfo: [() => [[mint, PublicKey.unique()]], ([one, none]) => one.data.length === 82 && none === null],
  getMultipleAccountsInfoAndContext: [() => [[mint]], ({ context, value }) => context.slot > 0 && value.length === 1],
  getMultipleParsedAccounts: [() => [[mint, account]], ({ value }) => value[0].data.parsed.type === "mint" && value[1].data.parsed.type === "account"],
  getParsedAccountInfo: [() => [account], ({ value }) => value.data.parsed.info.mint === mint.toBase58()],
  getParsedProgramAccounts: [() => [TOKEN_PROGRAM_ID], (accounts) =>
    [mint, account].every((key) => accounts.some(({ pubkey }) => pubkey.equals(key))) && accounts.every(({ account: one }) => one.data.program === "spl-token")],
  getParsedTokenAccountsByOwner: [() => [alice.publicKey, { mint }], ({ value }) => value[0].account.data.parsed.info.tokenAmount.uiAmount === 1],
  getProgramAccounts: [
    () => [TOKEN_PROGRAM_ID, { dataSlice: { offset: 32, length: 32 }, filters: [{ dataSize: 165 }, { memcmp: { offset: 0, bytes: mint.toBase58() } }] }],
    (found) => found.length === 1 && found[0].pubkey.equals(account) && new PublicKey(found[0].account.data).equals(alice.publicKey),
  ],
  getRecentPerformanceSamples: [() => [3], (samples) => Array.isArray(samples)],
  getRecentPrioritizationFees: [() => [{ lockedWritableAccounts: [alice.publicKey] }], (fees) => fees.length > 0 && fees.every(({ slot, prioritizationFee }) => slot >= 0 && prioritizationFee === 0)],
  getSignatureStatus: [() => ["5".repeat(87)], ({ value }) => value === null],
  getSignatureStatuses: [() => [["5".repeat(87)]], ({ value }) => value[0] === null],
  getSignaturesForAddress: [() => [mint], (list) => list.length >= 2],
  getSlot: [() => [], (slot) => slot > 0],
  getSlotLeader: [() => [], (leader) => leader === node.identity],
  getSlotLeaders: [() => [0, 3], (leaders) => leaders.map(String).join() === Array(3).fill(node.identity).join()],
  getStakeMinimumDelegation: [() => [], ({ value }) => value > 0],
  getSupply: [() => [], ({ value }) => value.total > 0 && value.total === value.circulating + value.nonCirculating],
  getTokenAccountBalance: [() => [account], ({ value }) => value.uiAmountString === "1"],
  getTokenAccountsByOwner: [() => [alice.publicKey, { programId: TOKEN_PROGRAM_ID }], ({ value }) => value.length === 1],
  getTokenLargestAccounts: [() => [mint], ({ value }) => value[0].address.equals(account) && value[0].amount === "1000000"],
  getTokenSupply: [() => [mint], ({ value }) => value.amount === "1000000" && value.decimals === 6],
  getTotalSupply: [() => [], (total) => total > 0],
  getTransactionCount: [() => [], (count) => count >= 4],
  getVersion: [() => [], (version) => /^\d+\.\d+\.\d+$/.test(version["solana-core"])],
  getVoteAccounts: [() => [], ({ current, delinquent }) => Array.isArray(current) && Array.isArray(delinquent)],
  isBlockhashValid: [() => [blockhash], ({ value }) => value === true],
};

for (const [name, [parameters, holds]] of Object.entries(WEB3)) {
  test(`web3.js ${name}`, async () => {
    const answer = await connection[name](...parameters());
    assert.ok(holds(answer), JSON.stringify(answer)?.slice(0, 2000));
  });
}

test("no method of web3.js is left out that a node of today answers", () => {
  // Tested in other files, removed from Solana, or made of others.
  const ELSEWHERE = /Transaction|^getBlock$|^getParsedBlock$|^getBlockSignatures$|Confirmed|^getNonce|^getAddressLookupTable$|RecentBlockhash|FeeCalculator|StakeActivation|CancellationPromise|^getBlockHeight$/;
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(connection)).filter((name) => /^(get|is)[A-Z]/.test(name));
  assert.deepEqual(names.filter((name) => !(name in WEB3) && !ELSEWHERE.test(name)), []);
});

/** Whether `value` looks like `shape`: a type's name, a list of what each element is, an object of these, or a test. */
function fits(value, shape) {
  if (shape === null) return value === null;
  if (typeof shape === "function") return shape(value);
  if (typeof shape === "string") return shape.split("|").some((type) => (type === "null" ? value === null : typeof value === type));
  if (Array.isArray(shape)) return Array.isArray(value) && value.every((one) => fits(one, shape[0]));
  return typeof value === "object" && value !== null && Object.entries(shape).every(([key, inner]) => fits(value[key], inner));
}
const inContext = (value) => ({ context: { slot: "bigint" }, value });
const ACCOUNT = { lamports: "bigint", owner: "string", executable: "boolean", space: "bigint", rentEpoch: () => true };
const AMOUNT = { amount: "string", decimals: "number", uiAmountString: "string", uiAmount: "number|null" };
const a = (key) => key.toBase58();

const KIT = {
  getAccountInfo: [() => [a(mint), { encoding: "jsonParsed" }], inContext({ ...ACCOUNT, data: { program: "string", space: "bigint", parsed: { type: "string", info: "object" } } })],
  getBalance: [() => [a(alice.publicKey)], inContext("bigint")],
  getBlock: [() => [2n, { maxSupportedTransactionVersion: 0 }], { blockHeight: "bigint", blockTime: "bigint", blockhash: "string", parentSlot: "bigint", previousBlockhash: "string", rewards: ["object"], transactions: ["object"] }],
  getBlockCommitment: [() => [2n], { commitment: (list) => list === null || (Array.isArray(list) && list.length === 32), totalStake: "bigint" }],
  getBlockHeight: [() => [], "bigint"],
  getBlockProduction: [() => [], inContext({ byIdentity: (by) => fits(by[node.identity], ["bigint"]), range: { firstSlot: "bigint", lastSlot: "bigint" } })],
  getBlockTime: [() => [2n], "bigint"],
  getBlocks: [() => [0n, 3n], ["bigint"]],
  getBlocksWithLimit: [() => [1n, 3], (slots) => slots.join() === "1,2,3"],
  getClusterNodes: [() => [], [{ pubkey: "string", gossip: "string|null", rpc: "string|null", tpu: "string|null", pubsub: "string|null", version: "string|null", featureSet: "number|null", shredVersion: "number|null", tpuQuic: "string|null", tvu: "string|null", serveRepair: "string|null", tpuForwards: "string|null", tpuForwardsQuic: "string|null", tpuVote: "string|null" }]],
  getEpochInfo: [() => [], { absoluteSlot: "bigint", blockHeight: "bigint", epoch: "bigint", slotIndex: "bigint", slotsInEpoch: "bigint", transactionCount: "bigint|null" }],
  getEpochSchedule: [() => [], { firstNormalEpoch: "bigint", firstNormalSlot: "bigint", leaderScheduleSlotOffset: "bigint", slotsPerEpoch: "bigint", warmup: "boolean" }],
  getFeeForMessage: [() => [Buffer.from(message.serialize()).toString("base64")], inContext("bigint")],
  getFirstAvailableBlock: [() => [], "bigint"],
  getGenesisHash: [() => [], "string"],
  getHealth: [() => [], (health) => health === "ok"],
  getIdentity: [() => [], { identity: "string" }],
  getInflationGovernor: [() => [], { foundation: "number", foundationTerm: "number", initial: "number", taper: "number", terminal: "number" }],
  getInflationRate: [() => [], { epoch: "bigint", foundation: "number", total: "number", validator: "number" }],
  getInflationReward: [() => [[a(alice.publicKey)]], ["object"]],
  getLargestAccounts: [() => [], inContext([{ address: "string", lamports: "bigint" }])],
  getLatestBlockhash: [() => [], inContext({ blockhash: "string", lastValidBlockHeight: "bigint" })],
  getLeaderSchedule: [() => [], (leaders) => typeof leaders[node.identity][0] === "bigint"],
  getMaxRetransmitSlot: [() => [], "bigint"],
  getMaxShredInsertSlot: [() => [], "bigint"],
  getMinimumBalanceForRentExemption: [() => [165n], "bigint"],
  getMultipleAccounts: [() => [[a(mint), a(delegate)], { encoding: "base64" }], inContext((list) => fits(list[0], { ...ACCOUNT, data: ["string"] }) && list[1] === null)],
  getProgramAccounts: [() => [a(TOKEN_PROGRAM_ID), { encoding: "base64", withContext: true }], inContext([{ pubkey: "string", account: ACCOUNT }])],
  getRecentPerformanceSamples: [() => [5], [{ numSlots: "bigint", numTransactions: "bigint", numNonVoteTransactions: "bigint|null", samplePeriodSecs: "number", slot: "bigint" }]],
  getRecentPrioritizationFees: [() => [[a(alice.publicKey)]], [{ prioritizationFee: "bigint", slot: "bigint" }]],
  getSignatureStatuses: [() => [["5".repeat(87)]], inContext(["object"])],
  getSignaturesForAddress: [() => [a(mint), { limit: 2 }], [{ blockTime: "bigint", confirmationStatus: "string", err: null, memo: "string|null", signature: "string", slot: "bigint" }]],
  getSlot: [() => [], "bigint"],
  getSlotLeader: [() => [], "string"],
  getSlotLeaders: [() => [0n, 3], ["string"]],
  getStakeMinimumDelegation: [() => [], inContext("bigint")],
  getSupply: [() => [], inContext({ circulating: "bigint", nonCirculating: "bigint", nonCirculatingAccounts: ["string"], total: "bigint" })],
  getTokenAccountBalance: [() => [a(account)], inContext(AMOUNT)],
  getTokenAccountsByDelegate: [() => [a(delegate), { mint: a(mint) }, { encoding: "jsonParsed" }], inContext((list) => list.length === 1 && fits(list, [{ pubkey: "string", account: ACCOUNT }]))],
  getTokenAccountsByOwner: [() => [a(alice.publicKey), { mint: a(mint) }, { encoding: "base64" }], inContext((list) => list.length === 1 && fits(list, [{ pubkey: "string", account: ACCOUNT }]))],
  getTokenLargestAccounts: [() => [a(mint)], inContext([{ address: "string", ...AMOUNT }])],
  getTokenSupply: [() => [a(mint)], inContext(AMOUNT)],
  getTransactionCount: [() => [], "bigint"],
  getVersion: [() => [], { "feature-set": "number|bigint", "solana-core": "string" }],
  getVoteAccounts: [() => [], { current: ["object"], delinquent: ["object"] }],
  isBlockhashValid: [() => [blockhash], inContext("boolean")],
  minimumLedgerSlot: [() => [], "bigint"],
};

for (const [name, [parameters, shape]] of Object.entries(KIT)) {
  test(`kit ${name}`, async () => {
    const answer = await rpc[name](...parameters()).send();
    assert.ok(fits(answer, shape), JSON.stringify(answer, (_, value) => (typeof value === "bigint" ? `${value}n` : value)).slice(0, 2000));
  });
}

test("there are no snapshots to fetch, and nodes without any say so", async () => {
  const error = await request(node, "getHighestSnapshotSlot").catch((caught) => caught);
  assert.deepEqual([error.code, error.message], [-32008, "No snapshot"]);
});

test("what does not exist and what is wrong", async () => {
  const codeOf = (method, params) => request(node, method, params).then(() => assert.fail(`${method} answers`), ({ code }) => code);
  assert.equal(await codeOf("getNothing", []), -32601);
  assert.equal(await codeOf("getBalance", []), -32602);
  assert.equal(await codeOf("getBalance", [5]), -32602);
  assert.equal(await codeOf("getBalance", [a(mint), { commitment: "soon" }]), -32602);
  assert.equal(await codeOf("getSlot", [{ minContextSlot: 10 ** 9 }]), -32016);
  assert.equal(await codeOf("getBlock", [10 ** 9]), -32004);
  assert.equal(await codeOf("getTokenAccountBalance", [a(mint)]), -32602);
  assert.equal(await codeOf("getMultipleAccounts", [Array(101).fill(a(mint))]), -32602);
  assert.equal(await codeOf("getProgramAccounts", [a(MEMO), { filters: Array(5).fill({ dataSize: 1 }) }]), -32602);
});
