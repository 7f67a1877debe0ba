// The made-up chain behind the mock node: deterministic addresses, transactions, blocks and contention as functions of
// a tick. Knows the shapes of the node's answers, not HTTP. Nothing here is random: the same tick gives the same chain.

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** Time of slot 0 on the made-up chain, in Unix seconds. */
export const GENESIS_TIME = 1_790_000_000;
/** Slots that had passed when the mock starts. */
export const FIRST_SLOT = 250_000;
/** Milliseconds of a slot. */
export const SLOT_MS = 400;

/** A small seeded generator (mulberry32), for data that must look irregular and never change. */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function seedOf(text) {
  let hash = 2166136261;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
  return hash >>> 0;
}

/** Base58 of `count` bytes that belong to `text`. */
export function base58Of(text, count) {
  const draw = generator(seedOf(text));
  let number = 0n;
  for (let index = 0; index < count; index += 1) {
    number = number * 256n + BigInt(index === 0 ? 32 + Math.floor(draw() * 200) : Math.floor(draw() * 256));
  }
  let encoded = "";
  for (; number > 0n; number /= 58n) encoded = ALPHABET[Number(number % 58n)] + encoded;
  return encoded;
}

export const address = (name) => base58Of(`address ${name}`, 32);
export const signature = (slot, index) => base58Of(`signature ${slot} ${index}`, 64);
export const hash = (slot) => base58Of(`hash ${slot}`, 32);

export const SYSTEM = "11111111111111111111111111111111";
export const TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
export const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111";
export const ASSOCIATED = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";
export const MEMO = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";
export const MARKET = address("market program");
export const MINT = address("mint");

/** What a hostile program logs; the page must show it as the text that it is. */
export const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>';

/** Accounts that transactions wait for, hottest first; weights are shares of the waiting. */
const HOT = [
  ["pool", 0.34], ["fee vault", 0.19], ["order book", 0.14], ["oracle", 0.09], ["vault A", 0.07], ["vault B", 0.05],
  ["mint authority", 0.04], ["referrer", 0.025], ["treasury", 0.02], ["rewards", 0.015], ["maker 1", 0.01],
  ["maker 2", 0.005],
];

/** Transactions in second `second` of the chain: a slow swell, faster ripples, a dip now and then. */
export function processedIn(second) {
  const ripple = Math.sin(second / 3.1) * 1_900 + Math.sin(second / 1.27) * 1_100;
  const swell = 31_000 + Math.sin(second / 17) * 7_500;
  const dip = second % 47 < 2 ? 0.35 : 1;
  return Math.round((swell + ripple + generator(second)() * 1_500) * dip);
}

const failedShare = (second) => 0.05 + 0.03 * Math.sin(second / 11) + (second % 31 === 7 ? 0.2 : 0);

function historySecond(second) {
  const processed = processedIn(second);
  const failed = Math.round(processed * failedShare(second));
  return { second: GENESIS_TIME + second, processed, failed, computeUnits: processed * 1_310, blocks: 2 + (second % 2) };
}

/** Block of `slot`, or null where the slot stayed empty. */
export function blockOf(slot, newest) {
  if (slot % 23 === 11) return null;
  const second = Math.floor(((slot - FIRST_SLOT) * SLOT_MS) / 1000);
  const transactions = Math.max(0, Math.round(processedIn(second) * 0.4 * (0.75 + 0.5 * generator(slot)())));
  const failed = Math.round(transactions * failedShare(second) * (slot % 13 === 5 ? 4 : 1));
  return {
    slot, time: GENESIS_TIME + second, transactions, failed: Math.min(failed, transactions),
    computeUnits: transactions * 1_310, executeMicros: Math.round(transactions * 4.7), committed: slot < newest - 1,
  };
}

const KINDS = ["transfer", "token", "swap", "swap", "token", "failing", "memo", "transfer"];

/** What the transaction `index` of `slot` is. */
export const kindOf = (slot, index) => (index === 3 && slot % 2 === 0 ? "memo" : KINDS[(slot * 7 + index * 3) % KINDS.length]);

const PROGRAMS = {
  transfer: [SYSTEM], token: [COMPUTE_BUDGET, TOKEN], swap: [COMPUTE_BUDGET, MARKET, TOKEN],
  failing: [COMPUTE_BUDGET, MARKET], memo: [MEMO],
};
const UNITS = { transfer: 150, token: 4_795, swap: 38_412, failing: 21_007, memo: 9_120 };

/** One row of the newest transactions. */
export function recentOf(slot, index) {
  const kind = kindOf(slot, index);
  return {
    signature: signature(slot, index), slot, ok: kind !== "failing",
    error: kind === "failing" ? "Error processing Instruction 1: custom program error: 0x1771" : null,
    fee: kind === "swap" ? 9_200 : 5_000, computeUnits: UNITS[kind], programs: PROGRAMS[kind],
  };
}

const RECENT_PER_BLOCK = 12;

function recent(newest) {
  const rows = [];
  for (let slot = newest; rows.length < 50; slot -= 1) {
    if (!blockOf(slot, newest)) continue;
    for (let index = 0; index < RECENT_PER_BLOCK && rows.length < 50; index += 1) rows.push(recentOf(slot, index));
  }
  return rows;
}

/** Finds slot and index of a signature that the mock gave out in the newest blocks. */
export function findSignature(wanted, newest) {
  for (let slot = newest; slot > newest - 700 && slot >= 0; slot -= 1) {
    for (let index = 0; index < RECENT_PER_BLOCK; index += 1) {
      if (cachedSignature(slot, index) === wanted) return { slot, index };
    }
  }
  return null;
}

const signatures = new Map();
function cachedSignature(slot, index) {
  const key = slot * 64 + index;
  if (!signatures.has(key)) signatures.set(key, signature(slot, index));
  return signatures.get(key);
}

/** Newest slot after `seconds` of the mock's life. */
export const slotAt = (seconds) => FIRST_SLOT + Math.floor((seconds * 1000) / SLOT_MS);

const sumOver = (seconds, value) => {
  let sum = 0;
  for (let second = -120; second < seconds; second += 1) sum += value(second);
  return sum;
};

/** Answer of `heddle_stats` after `seconds` (whole or not) of the mock's life. */
export function stats(seconds, paused = false) {
  const whole = Math.floor(seconds);
  const newest = slotAt(seconds);
  const processed = sumOver(whole, processedIn);
  const failed = Math.round(processed * 0.06);
  const wobble = (base, period) => Math.round(base * (1 + 0.25 * Math.sin(seconds / period)));
  const busy = (share) => Math.round(seconds * 1e6 * share);
  const blocks = [];
  for (let slot = newest; blocks.length < 60; slot -= 1) {
    const block = blockOf(slot, newest);
    if (block) blocks.push(block);
  }
  return {
    version: "0.1.0", genesisHash: hash(0), identity: address("identity"), uptimeSeconds: 93_784 + whole,
    slot: { processed: newest, confirmed: newest - 2 }, blockHeight: newest - 11_200, unixTimestamp: GENESIS_TIME + whole,
    clock: { mode: "slots", slotTimeMs: SLOT_MS, paused, offsetSeconds: 0 }, faucet: true, workers: 4,
    transactions: { received: processed + 8_412, processed, succeeded: processed - failed, failed, dropped: 212 },
    mempool: { waiting: wobble(2_900, 5), capacity: 65_536, intake: wobble(310, 2) },
    latencyMicros: {
      queued: { p50: wobble(198_000, 9), p99: wobble(402_000, 7) },
      executed: { p50: wobble(21_000, 6), p99: wobble(64_000, 8) },
      committed: { p50: wobble(7_400, 4), p99: wobble(31_000, 5) },
    },
    stagesMicros: {
      verify: busy(0.74), schedule: busy(0.06), execute: busy(0.29), collect: busy(0.03), hash: busy(0.11),
      commit: busy(0.38),
    },
    workerMicros: [0.71, 0.66, 0.58, 0.43].map((share) => ({ busy: busy(share), idle: busy(1 - share) })),
    programs: { cached: 14 }, accounts: { cached: 204_811, cachedBytes: 61_341_696 },
    store: {
      memtableBytes: wobble(48_000_000, 13), tableBytes: 1_932_735_283 + whole * 40_000, stalledWrites: 0,
      compactionPendingBytes: whole % 20 < 6 ? 23_400_000 : 0, runningCompactions: whole % 20 < 6 ? 1 : 0,
    },
    connections: { http: 6, webSocket: 2, subscriptions: 5 },
    history: Array.from({ length: 120 }, (_, index) => historySecond(whole - 120 + index)),
    blocks, recent: recent(newest),
  };
}

function behind(rank, waited) {
  const others = HOT.map(([name], index) => ({ address: address(name), index })).filter(({ index }) => index !== rank);
  const shares = [0.62, 0.31, 0.18, 0.09, 0.05, 0.02];
  const turned = others.slice(rank % 5).concat(others.slice(0, rank % 5));
  const cold = { address: address(`user ${rank}`), transactions: Math.max(1, Math.round(waited * 0.04)) };
  return [...shares.map((share, index) => ({ address: turned[index].address, transactions: Math.round(waited * share) })), cold]
    .filter((entry) => entry.transactions > 0)
    .sort((a, b) => b.transactions - a.transactions);
}

/** A chain with two forks: 0 ← 1 ← 2 ← 3, 1 ← 4 ← 5, and another block's 6 ← 7, 6 ← 8. */
function waiting(newest, rank) {
  const slot = newest - 2 - rank;
  const edge = (from, to, at = slot) => ({ signature: signature(at, to), slot: at, blockedBy: signature(at, from) });
  return [edge(0, 1), edge(1, 2), edge(2, 3), edge(1, 4), edge(4, 5), edge(6, 7, slot - 1), edge(6, 8, slot - 1)];
}

/** Answer of `heddle_contention`. */
export function contention(seconds, top = 20) {
  const newest = slotAt(seconds);
  const transactions = sumOver(Math.floor(seconds), processedIn) - sumOver(Math.floor(seconds) - 60, processedIn);
  const accounts = HOT.slice(0, top).map(([name, weight], rank) => {
    const swing = 1 + 0.12 * Math.sin(seconds / (4 + rank));
    const waited = Math.round(transactions * 0.21 * weight * swing);
    const locked = Math.round(waited * (1.4 + 0.2 * (rank % 4)));
    return {
      address: address(name), locked, written: Math.round(waited * 1.2), waited,
      waitedMicros: Math.round(waited * (310 + 90 * (rank % 3))), behind: behind(rank, waited),
      programs: [
        { address: MARKET, transactions: Math.round(waited * 0.71) }, { address: TOKEN, transactions: Math.round(waited * 0.55) },
        { address: SYSTEM, transactions: Math.round(waited * 0.08) },
      ],
      waiting: waiting(newest, rank),
    };
  });
  return { blocks: 150, transactions, waves: 37 + (Math.floor(seconds) % 9), accounts };
}
