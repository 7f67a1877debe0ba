// @solana/kit: airdrop, send and confirm, subscriptions and the kinds of errors, with its own factories and defaults.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { getAddMemoInstruction } from "./memo.mjs";
import {
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE, airdropFactory, appendTransactionMessageInstructions,
  createSolanaRpc, createSolanaRpcSubscriptions, createTransactionMessage, estimateResourceLimitsFactory, generateKeyPairSigner,
  getBase64EncodedWireTransaction, getSignatureFromTransaction, isSolanaError, lamports, pipe, sendAndConfirmTransactionFactory,
  setTransactionMessageComputeUnitLimit, setTransactionMessageFeePayerSigner, setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners, signature as asSignature,
} from "@solana/kit";
import { getTransferSolInstruction } from "@solana-program/system";

import { startNode } from "./node.mjs";

const SOL = 1_000_000_000n;

let node;
let rpc;
let rpcSubscriptions;
let airdrop;
let sendAndConfirm;
let alice;

before(async () => {
  node = await startNode();
  rpc = createSolanaRpc(node.rpc);
  rpcSubscriptions = createSolanaRpcSubscriptions(node.websocket);
  airdrop = airdropFactory({ rpc, rpcSubscriptions });
  sendAndConfirm = sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions });
  alice = await generateKeyPairSigner();
  await airdrop({ commitment: "confirmed", lamports: lamports(100n * SOL), recipientAddress: alice.address });
});
after(() => node?.stop());

const pay = (destination, amount) => getTransferSolInstruction({ source: alice, destination, amount });

/** A message that alice pays for. */
async function messageOf(instructions, version = 0) {
  const { value: latest } = await rpc.getLatestBlockhash().send();
  return pipe(
    createTransactionMessage({ version }),
    (message) => setTransactionMessageFeePayerSigner(alice, message),
    (message) => setTransactionMessageLifetimeUsingBlockhash(latest, message),
    (message) => appendTransactionMessageInstructions(instructions, message),
  );
}
const signed = async (instructions, version) => signTransactionMessageWithSigners(await messageOf(instructions, version));

test("an airdrop is there", async () => {
  assert.equal((await rpc.getBalance(alice.address, { commitment: "confirmed" }).send()).value, 100n * SOL);
});

for (const version of ["legacy", 0]) {
  for (const commitment of ["processed", "confirmed", "finalized"]) {
    test(`send and confirm, version ${version}, ${commitment}`, async () => {
      const { address } = await generateKeyPairSigner();
      const transaction = await signed([pay(address, SOL)], version);
      await sendAndConfirm(transaction, { commitment });
      assert.equal((await rpc.getBalance(address, { commitment }).send()).value, SOL);
      const { value: [status] } = await rpc.getSignatureStatuses([getSignatureFromTransaction(transaction)]).send();
      assert.equal(status.err, null);
    });
  }
}

test("getTransaction in each encoding", async () => {
  const { address } = await generateKeyPairSigner();
  const transaction = await signed([pay(address, SOL), getAddMemoInstruction("kit")]);
  await sendAndConfirm(transaction, { commitment: "confirmed" });
  const signature = getSignatureFromTransaction(transaction);
  const get = (encoding) => rpc.getTransaction(signature, { encoding, maxSupportedTransactionVersion: 0, commitment: "confirmed" }).send();
  const [base64, base58, json, parsed] = await Promise.all(["base64", "base58", "json", "jsonParsed"].map(get));
  assert.deepEqual(base64.transaction, [getBase64EncodedWireTransaction(transaction), "base64"]);
  assert.equal(base58.transaction[1], "base58");
  assert.equal(json.transaction.message.accountKeys[0], alice.address);
  assert.equal(json.meta.fee, 5_000n);
  assert.equal(typeof json.meta.computeUnitsConsumed, "bigint");
  assert.deepEqual(parsed.transaction.message.instructions[0].parsed.info, { source: alice.address, destination: address, lamports: SOL });
  assert.equal(parsed.version, 0);
});

test("simulation, and the compute units that a transaction needs", async () => {
  const message = await messageOf([pay(alice.address, 1n), getAddMemoInstruction("units")]);
  const { computeUnitLimit: estimate } = await estimateResourceLimitsFactory({ rpc })(message);
  assert.ok(estimate > 300 && estimate < 100_000, `${estimate}`);
  const transaction = await signTransactionMessageWithSigners(setTransactionMessageComputeUnitLimit(estimate + 300, message));
  await sendAndConfirm(transaction, { commitment: "confirmed" });
});

test("a failing preflight is the error that kit knows, with its logs", async () => {
  const transaction = await signed([pay(alice.address, 10_000n * SOL)]);
  const error = await sendAndConfirm(transaction, { commitment: "confirmed" }).then(() => assert.fail("was taken"), (caught) => caught);
  assert.ok(isSolanaError(error, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE), `${error}`);
  assert.ok(error.context.logs.some((line) => line.includes("insufficient lamports")));
  assert.ok(isSolanaError(error.cause), "the instruction's error is the cause");
});

/** What a subscription tells until `count` notices are there, while `act` happens. */
async function listen(subscribe, count, act) {
  const abort = new AbortController();
  const notices = await subscribe.subscribe({ abortSignal: abort.signal });
  const acted = act();
  const seen = [];
  for await (const notice of notices) {
    seen.push(notice);
    if (seen.length === count) break;
  }
  await acted;
  abort.abort();
  return seen;
}

test("subscriptions: account, logs, program, signature, slot, root", { timeout: 30_000 }, async () => {
  const { address } = await generateKeyPairSigner();
  const commitment = "confirmed";
  // Each pays something else: two transactions that are equal are one.
  let amount = SOL;
  const send = async () => sendAndConfirm(await signed([pay(address, (amount += 1n))]), { commitment });
  const [account] = await listen(rpcSubscriptions.accountNotifications(address, { commitment, encoding: "base64" }), 1, send);
  assert.deepEqual([account.value.lamports, account.value.data], [SOL + 1n, ["", "base64"]]);
  const [logs] = await listen(rpcSubscriptions.logsNotifications({ mentions: [address] }, { commitment }), 1, send);
  assert.deepEqual([logs.value.err, logs.value.logs.length], [null, 2]);
  const [program] = await listen(rpcSubscriptions.programNotifications("11111111111111111111111111111111", { commitment, encoding: "base64" }), 1, send);
  assert.equal(program.value.account.owner, "11111111111111111111111111111111");
  const transaction = await signed([pay(address, SOL)]);
  const signature = getSignatureFromTransaction(transaction);
  const [told] = await listen(rpcSubscriptions.signatureNotifications(signature, { commitment }), 1, () => sendAndConfirm(transaction, { commitment }));
  assert.equal(told.value.err, null);
  const slots = await listen(rpcSubscriptions.slotNotifications(), 3, async () => {});
  assert.ok(slots.every(({ parent, slot, root }) => typeof slot === "bigint" && parent < slot && root <= slot));
  const roots = await listen(rpcSubscriptions.rootNotifications(), 2, async () => {});
  assert.ok(typeof roots[0] === "bigint" && roots[1] > roots[0]);
});

test("an unknown signature has no status", async () => {
  const { value } = await rpc.getSignatureStatuses([asSignature("5".repeat(87))]).send();
  assert.deepEqual(value, [null]);
});
