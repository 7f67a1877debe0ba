// The page's functions without elements, in the browser that runs them: the tree that logs make, the trees of who waits
// for whom, numbers, and what somebody typed.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open } from "./browser.mjs";
import { MARKET, SYSTEM, TOKEN, base58Of } from "./data.mjs";
import { startMock } from "./mock.mjs";

let browser;
let mock;
let page;

before(async () => {
  browser = await launch();
  mock = await startMock();
  ({ page } = await open(browser, mock.url));
});

after(async () => {
  await browser?.close();
  await mock?.stop();
});

/** Calls function `name` of the page's `module` with `values`. */
const called = (module, name, ...values) =>
  page.evaluate(async ([path, function_, all]) => (await import(path))[function_](...all), [`/${module}.js`, name, values]);

const shape = (node) => ({ program: node.program, units: node.units, failure: node.failure, ended: node.ended, calls: node.calls.map(shape) });

test("logs nest, and only the runtime's lines open and close", async () => {
  const root = await called("logs", "invocations", [
    `Program ${MARKET} invoke [1]`, `Program log: Program ${TOKEN} invoke [2]`, `Program log: x\nProgram ${MARKET} success`,
    `Program ${TOKEN} invoke [2]`, `Program ${MARKET} success`, `Program ${TOKEN} consumed 10 of 90 compute units`,
    `Program ${TOKEN} failed: custom program error: 0x1\nand more`, `Program ${SYSTEM} invoke [3]`,
    `Program ${MARKET} consumed 50 of 100 compute units`, "Log truncated",
  ]);
  const token = { program: TOKEN, units: 10, failure: "custom program error: 0x1\nand more", ended: true, calls: [] };
  assert.deepEqual(root.calls.map(shape), [{ program: MARKET, units: 50, failure: null, ended: false, calls: [token] }]);
  assert.deepEqual(root.calls[0].lines.map(({ kind }) => kind), ["log", "log", "call", "other", "truncated"]);
});

test("instructions that leave no logs are stepped over", async () => {
  const precompile = "Ed25519SigVerify111111111111111111111111111";
  const root = await called("logs", "invocations", [`Program ${TOKEN} invoke [1]`, `Program ${TOKEN} success`]);
  const nodes = await called("logs", "joined", [{ programId: precompile }, { programId: TOKEN }, { programId: SYSTEM }], [], root);
  assert.deepEqual(nodes.map(({ made }) => made?.program ?? null), [null, TOKEN, null]);
});

test("inner instructions hang where their stack height says", async () => {
  const inner = [{ index: 0, instructions: [2, 3, 4, 3, 2, 9].map((stackHeight) => ({ programId: TOKEN, stackHeight })) }];
  const [top] = await called("logs", "joined", [{ programId: MARKET }], inner, { calls: [] });
  const depths = (node) => node.children.map(depths);
  assert.deepEqual(depths(top), [[[[]], []], [[]]]);
});

test("errors are sentences", async () => {
  const cases = [
    [{ InstructionError: [0, { Custom: 1 }] }, "Instruction 1 failed: custom error 1 (0x1)"],
    [{ InstructionError: [2, "ProgramFailedToComplete"] }, "Instruction 3 failed: program failed to complete"],
    ["BlockhashNotFound", "Blockhash not found"], [{ InsufficientFundsForRent: { account_index: 1 } }, '{"InsufficientFundsForRent":{"account_index":1}}'],
    [null, ""],
  ];
  for (const [error, text] of cases) assert.equal(await called("logs", "errorText", error), text);
});

test("who waits for whom makes trees, and a circle does not hang the page", async () => {
  const edge = (blockedBy, signature) => ({ signature, slot: 1, blockedBy });
  const forest = await called("queue", "trees", [edge("b", "c"), edge("a", "b"), edge("a", "d"), edge("e", "e"), edge("x", "y"), edge("y", "x")]);
  const names = (node) => [node.signature, ...node.children.map(names)];
  assert.deepEqual(forest.map(names), [["a", ["b", ["c"]], ["d"]]]);
});

test("numbers", async () => {
  const cases = [
    ["compact", 999, "999"], ["compact", 999.6, "1.00k"], ["compact", 65_536, "65.5k"], ["compactRound", 50_000_000, "50M"], ["compactRound", 20_000, "20k"],
    ["compactRound", 0, "0"], ["compactRound", 2_500, "2.5k"], ["compactRound", 100, "100"], ["micros", 310, "310 µs"], ["micros", 999.7, "1.00 ms"], ["micros", 61e6, "1 min 1 s"],
    ["duration", 93_784, "1 d 2 h"], ["duration", 0, "0 s"], ["sol", 1, "0.000000001"], ["sol", -1_500_000_000, "−1.5"], ["sol", 0, "0"],
    ["percent", 0.0004, "<0.1%"], ["percent", 0.053, "5.3%"], ["percent", 1, "100%"], ["bytes", 1_932_735_283, "1.80 GiB"], ["count", undefined, "–"],
  ];
  for (const [name, value, text] of cases) assert.equal(await called("format", name, value), text, `${name}(${value})`);
});

test("what somebody typed", async () => {
  const [account, signature] = [base58Of("a", 32), base58Of("b", 64)];
  const cases = [
    [" 250,000 ", "#/block/250000"], ["0", "#/block/0"], [SYSTEM, `#/account/${SYSTEM}`], [account, `#/account/${account}`],
    [signature, `#/tx/${signature}`], ["", null], ["abc", null], ["0x12", null], ["l".repeat(44), null], [`${signature}11`, null],
  ];
  for (const [typed, route] of cases) assert.equal(await called("names", "routeOf", typed), route, typed);
});
