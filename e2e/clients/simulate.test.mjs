// Simulation and preflight: everything simulateTransaction can be asked, and that a refused transaction shows its logs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  Keypair, LAMPORTS_PER_SOL, PublicKey, SendTransactionError, SystemProgram, Transaction, TransactionInstruction,
  TransactionMessage, VersionedTransaction,
} from "@solana/web3.js";
import { createAssociatedTokenAccountInstruction, createMint, getAssociatedTokenAddressSync } from "@solana/spl-token";

import { startNode } from "./node.mjs";
import { MEMO, connect, funded, request, transfer, until } from "./steps.mjs";

let node;
let connection;
let alice;
let blockhash;

before(async () => {
  node = await startNode();
  connection = connect(node);
  alice = await funded(connection, 100);
  ({ blockhash } = await connection.getLatestBlockhash());
});
after(() => node?.stop());

/** A versioned transaction that alice pays for, not signed. */
function unsigned(instructions, recentBlockhash = blockhash) {
  return new VersionedTransaction(new TransactionMessage({ payerKey: alice.publicKey, recentBlockhash, instructions }).compileToV0Message());
}

const pay = (lamports, to = PublicKey.unique()) => SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey: to, lamports });
const memo = (text) => new TransactionInstruction({ programId: MEMO, keys: [], data: Buffer.from(text) });

test("it succeeds without signatures, and nothing happened", async () => {
  const bob = PublicKey.unique();
  const { value } = await connection.simulateTransaction(unsigned([pay(LAMPORTS_PER_SOL, bob), memo("hi")]));
  assert.equal(value.err, null);
  assert.equal(value.logs[0], "Program 11111111111111111111111111111111 invoke [1]");
  assert.ok(value.logs.includes('Program log: Memo (len 2): "hi"'));
  assert.ok(value.unitsConsumed > 150);
  assert.equal(await connection.getBalance(bob), 0);
});

test("the old call, with a legacy transaction and signers", async () => {
  const { value } = await connection.simulateTransaction(transfer(alice.publicKey, PublicKey.unique(), 1_000_000), [alice]);
  assert.equal(value.err, null);
  const failing = transfer(alice.publicKey, PublicKey.unique(), 1000 * LAMPORTS_PER_SOL);
  const failed = await connection.simulateTransaction(failing, [alice]);
  assert.deepEqual(failed.value.err, { InstructionError: [0, { Custom: 1 }] });
});

test("a blockhash nobody knows is an error, unless it is replaced", async () => {
  const unknown = PublicKey.unique().toBase58();
  const refused = await connection.simulateTransaction(unsigned([pay(1_000_000)], unknown));
  assert.equal(refused.value.err, "BlockhashNotFound");
  assert.deepEqual(refused.value.logs, []);
  const replaced = await connection.simulateTransaction(unsigned([pay(1_000_000)], unknown), { replaceRecentBlockhash: true });
  assert.equal(replaced.value.err, null);
  const { replacementBlockhash } = replaced.value;
  assert.notEqual(replacementBlockhash.blockhash, unknown);
  assert.ok(replacementBlockhash.lastValidBlockHeight > (await connection.getBlockHeight()));
});

test("signatures are verified if asked for", async () => {
  const transaction = unsigned([pay(1_000_000)]);
  await assert.rejects(connection.simulateTransaction(transaction, { sigVerify: true }), /signature verification failure/i);
  transaction.sign([alice]);
  assert.equal((await connection.simulateTransaction(transaction, { sigVerify: true })).value.err, null);
  await assert.rejects(
    connection.simulateTransaction(transaction, { sigVerify: true, replaceRecentBlockhash: true }),
    /sigVerify may not be used with replaceRecentBlockhash/,
  );
});

test("accounts as they would be", async () => {
  const bob = PublicKey.unique();
  const absent = PublicKey.unique();
  const addresses = [bob, alice.publicKey, absent].map(String);
  const before = await connection.getBalance(alice.publicKey);
  const { value } = await connection.simulateTransaction(unsigned([pay(7_000_000, bob)]), { accounts: { encoding: "base64", addresses } });
  const [ofBob, ofAlice, ofNobody] = value.accounts;
  assert.deepEqual([ofBob.lamports, ofBob.owner, ofBob.data], [7_000_000, SystemProgram.programId.toBase58(), ["", "base64"]]);
  assert.equal(ofAlice.lamports, before - 7_000_000 - 5_000);
  assert.equal(ofNobody, null);
});

test("inner instructions, if asked for", async () => {
  const mint = await createMint(connection, alice, alice.publicKey, null, 0);
  ({ blockhash } = await connection.getLatestBlockhash());
  const account = getAssociatedTokenAddressSync(mint, alice.publicKey);
  const create = createAssociatedTokenAccountInstruction(alice.publicKey, account, alice.publicKey, mint);
  const without = await connection.simulateTransaction(unsigned([create]));
  assert.equal(without.value.innerInstructions ?? null, null);
  const { value } = await connection.simulateTransaction(unsigned([create]), { innerInstructions: true });
  assert.equal(value.err, null);
  assert.deepEqual(value.innerInstructions.map(({ index }) => index), [0]);
  const { instructions } = value.innerInstructions[0];
  assert.ok(instructions.some(({ parsed }) => parsed?.type === "createAccount"));
  assert.ok(instructions.some(({ parsed }) => parsed?.type === "initializeAccount3"));
});

test("return data", async () => {
  const { TOKEN_PROGRAM_ID } = await import("@solana/spl-token");
  const mint = await createMint(connection, alice, alice.publicKey, null, 3);
  ({ blockhash } = await connection.getLatestBlockhash());
  // GetAccountDataSize: the token program answers with a u64.
  const instruction = new TransactionInstruction({
    programId: TOKEN_PROGRAM_ID, keys: [{ pubkey: mint, isSigner: false, isWritable: false }], data: Buffer.from([21]),
  });
  const { value } = await connection.simulateTransaction(unsigned([instruction]));
  assert.equal(value.returnData.programId, TOKEN_PROGRAM_ID.toBase58());
  assert.equal(Buffer.from(value.returnData.data[0], "base64").readBigUInt64LE(), 165n);
});

test("a failing preflight throws SendTransactionError with logs", async () => {
  const transaction = unsigned([memo("before"), pay(1000 * LAMPORTS_PER_SOL)]);
  transaction.sign([alice]);
  const error = await connection.sendTransaction(transaction).then(() => assert.fail("was taken"), (caught) => caught);
  assert.ok(error instanceof SendTransactionError);
  assert.equal(error.transactionError.message, "Transaction simulation failed: Error processing Instruction 1: custom program error: 0x1");
  assert.ok(error.logs.includes('Program log: Memo (len 6): "before"'));
  assert.ok(error.logs.some((line) => /^Transfer: insufficient lamports \d+, need 1000000000000$/.test(line)));
  assert.ok(error.logs.at(-1).endsWith("failed: custom program error: 0x1"));
});

test("refusals that have no logs", async () => {
  const refusal = async (promise) => {
    const error = await promise.then(() => assert.fail("was taken"), (caught) => caught);
    return error.transactionError?.message ?? error.message;
  };
  const stale = unsigned([pay(1)], PublicKey.unique().toBase58());
  stale.sign([alice]);
  assert.equal(await refusal(connection.sendTransaction(stale)), "Transaction simulation failed: Blockhash not found");

  const poor = Keypair.generate();
  const broke = new Transaction({ feePayer: poor.publicKey, blockhash, lastValidBlockHeight: 1e9 }).add(
    SystemProgram.transfer({ fromPubkey: poor.publicKey, toPubkey: alice.publicKey, lamports: 1 }),
  );
  broke.sign(poor);
  assert.equal(
    await refusal(connection.sendRawTransaction(broke.serialize())),
    "Transaction simulation failed: Attempt to debit an account but found no record of a prior credit.",
  );

  const forged = unsigned([pay(1)]);
  forged.sign([alice]);
  forged.signatures[0][0] ^= 1;
  assert.match(await refusal(connection.sendTransaction(forged)), /Transaction signature verification failure/);
});

test("what fails without preflight is in a block, failed and charged", async () => {
  const latest = await connection.getLatestBlockhash();
  const transaction = unsigned([pay(1000 * LAMPORTS_PER_SOL)], latest.blockhash);
  transaction.sign([alice]);
  const before = await connection.getBalance(alice.publicKey);
  const signature = await connection.sendTransaction(transaction, { skipPreflight: true });
  // web3.js gives the error as a value if it was told of it, and throws it if it asked and the block was there already.
  const error = await connection.confirmTransaction({ signature, ...latest }).then(({ value }) => value.err, (thrown) => thrown);
  assert.deepEqual(error, { InstructionError: [0, { Custom: 1 }] });
  // It throws a failure as soon as that is processed, whatever commitment it was asked for.
  await until("the fee is gone at confirmed", async () => (await connection.getBalance(alice.publicKey)) === before - 5_000);
  const { meta } = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
  assert.deepEqual(meta.err, { InstructionError: [0, { Custom: 1 }] });
});

test("the error objects of the wire", async () => {
  const transaction = unsigned([pay(1000 * LAMPORTS_PER_SOL)]);
  transaction.sign([alice]);
  const wire = Buffer.from(transaction.serialize()).toString("base64");
  const error = await request(node, "sendTransaction", [wire, { encoding: "base64" }]).catch((caught) => caught);
  assert.equal(error.code, -32002);
  assert.deepEqual(error.data.err, { InstructionError: [0, { Custom: 1 }] });
  assert.ok(Array.isArray(error.data.logs));
  const noBase64 = await request(node, "sendTransaction", ["!", { encoding: "base64" }]).catch((caught) => caught);
  assert.equal(noBase64.code, -32602);
});
