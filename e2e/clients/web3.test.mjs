// @solana/web3.js 1.x as a wallet or a script uses it: airdrop, transfer, confirm, nonces, memos, versioned transactions.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  ComputeBudgetProgram, Keypair, LAMPORTS_PER_SOL, NONCE_ACCOUNT_LENGTH, NonceAccount, PublicKey, SystemProgram, Transaction,
  TransactionExpiredBlockheightExceededError, TransactionInstruction, TransactionMessage, VersionedTransaction,
  sendAndConfirmTransaction,
} from "@solana/web3.js";

import { startNode } from "./node.mjs";
import { MEMO, connect, funded, transfer, until } from "./steps.mjs";

let node;
let connection;
let alice;

before(async () => {
  node = await startNode();
  connection = connect(node);
  alice = await funded(connection, 100);
});
after(() => node?.stop());

test("an airdrop arrives and is confirmed", async () => {
  const bob = Keypair.generate().publicKey;
  const signature = await connection.requestAirdrop(bob, 3 * LAMPORTS_PER_SOL);
  const { context, value } = await connection.confirmTransaction({ signature, ...(await connection.getLatestBlockhash()) });
  assert.equal(value.err, null);
  assert.ok(context.slot > 0);
  assert.equal(await connection.getBalance(bob), 3 * LAMPORTS_PER_SOL);
});

test("a transfer with sendAndConfirmTransaction moves lamports and takes the fee", async () => {
  const bob = Keypair.generate().publicKey;
  const before = await connection.getBalance(alice.publicKey);
  const signature = await sendAndConfirmTransaction(connection, transfer(alice.publicKey, bob, 1_500_000_000), [alice]);
  assert.equal(await connection.getBalance(bob), 1_500_000_000);
  assert.equal(await connection.getBalance(alice.publicKey), before - 1_500_000_000 - 5_000);
  const { value } = await connection.getSignatureStatus(signature);
  assert.equal(value.confirmationStatus, "finalized");
  assert.equal(value.err, null);
});

test("a connection without a commitment: what is confirmed is there, and final soon", async () => {
  const own = connect(node, null);
  const bob = Keypair.generate().publicKey;
  await sendAndConfirmTransaction(own, transfer(alice.publicKey, bob, 2_000_000), [alice]);
  assert.equal(await own.getBalance(bob, "processed"), 2_000_000);
  await until("final", async () => (await own.getBalance(bob)) === 2_000_000);
});

for (const commitment of ["processed", "confirmed", "finalized"]) {
  test(`confirmed as ${commitment} means readable as ${commitment}`, async () => {
    const own = connect(node, commitment);
    const bob = Keypair.generate().publicKey;
    await sendAndConfirmTransaction(own, transfer(alice.publicKey, bob, 2_000_000), [alice], { commitment });
    assert.equal(await own.getBalance(bob), 2_000_000);
  });
}

test("the old way to confirm, by signature alone", async () => {
  const signature = await connection.requestAirdrop(Keypair.generate().publicKey, LAMPORTS_PER_SOL);
  const { value } = await connection.confirmTransaction(signature);
  assert.equal(value.err, null);
});

test("a transaction sent twice is taken once, and its signature is the same", async () => {
  const bob = Keypair.generate().publicKey;
  const latest = await connection.getLatestBlockhash();
  const transaction = transfer(alice.publicKey, bob, 1_000_000);
  Object.assign(transaction, { recentBlockhash: latest.blockhash, feePayer: alice.publicKey });
  transaction.sign(alice);
  const wire = transaction.serialize();
  const options = { skipPreflight: true };
  const sent = await Promise.all([1, 2, 3].map(() => connection.sendRawTransaction(wire, options)));
  assert.equal(new Set(sent).size, 1);
  await connection.confirmTransaction({ signature: sent[0], ...latest });
  assert.equal(await connection.sendRawTransaction(wire, options), sent[0]);
  assert.equal(await connection.getBalance(bob), 1_000_000);
});

test("confirming what never was gives up at the block height", async () => {
  const { blockhash } = await connection.getLatestBlockhash();
  const signature = "5".repeat(87);
  await assert.rejects(
    connection.confirmTransaction({ signature, blockhash, lastValidBlockHeight: await connection.getBlockHeight() }),
    TransactionExpiredBlockheightExceededError,
  );
});

test("a versioned transaction with a priority fee and a memo", async () => {
  const bob = Keypair.generate().publicKey;
  const latest = await connection.getLatestBlockhash();
  const before = await connection.getBalance(alice.publicKey);
  const message = new TransactionMessage({
    payerKey: alice.publicKey,
    recentBlockhash: latest.blockhash,
    instructions: [
      ComputeBudgetProgram.setComputeUnitLimit({ units: 100_000 }),
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1_000_000 }),
      SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey: bob, lamports: 5_000_000 }),
      new TransactionInstruction({ programId: MEMO, keys: [], data: Buffer.from("für Bob") }),
    ],
  }).compileToV0Message();
  const transaction = new VersionedTransaction(message);
  transaction.sign([alice]);
  const signature = await connection.sendTransaction(transaction);
  await connection.confirmTransaction({ signature, ...latest });
  // 5,000 for the signature, and a lamport for each of the units.
  assert.equal(await connection.getBalance(alice.publicKey), before - 5_000_000 - 5_000 - 100_000);
  const [newest] = await connection.getSignaturesForAddress(bob);
  assert.deepEqual([newest.signature, newest.memo], [signature, "[8] für Bob"]);
});

test("two signers, the second one new", async () => {
  const fresh = Keypair.generate();
  const lamports = await connection.getMinimumBalanceForRentExemption(24);
  const transaction = new Transaction().add(SystemProgram.createAccount({
    fromPubkey: alice.publicKey, newAccountPubkey: fresh.publicKey, lamports, space: 24, programId: MEMO,
  }));
  await sendAndConfirmTransaction(connection, transaction, [alice, fresh]);
  const account = await connection.getAccountInfo(fresh.publicKey);
  assert.ok(account.owner.equals(MEMO));
  assert.deepEqual([account.lamports, account.data.length, account.executable], [lamports, 24, false]);
});

test("a durable nonce: create, sign with it, confirm, and it moved on", async () => {
  const nonce = Keypair.generate();
  const lamports = await connection.getMinimumBalanceForRentExemption(NONCE_ACCOUNT_LENGTH);
  const create = SystemProgram.createNonceAccount({
    fromPubkey: alice.publicKey, noncePubkey: nonce.publicKey, authorizedPubkey: alice.publicKey, lamports,
  });
  await sendAndConfirmTransaction(connection, create, [alice, nonce]);
  const stored = await connection.getNonce(nonce.publicKey);
  assert.ok(stored.authorizedPubkey.equals(alice.publicKey));
  assert.equal(stored.feeCalculator.lamportsPerSignature, 5_000);

  const bob = Keypair.generate().publicKey;
  const advance = SystemProgram.nonceAdvance({ noncePubkey: nonce.publicKey, authorizedPubkey: alice.publicKey });
  const transaction = new Transaction({ feePayer: alice.publicKey, nonceInfo: { nonce: stored.nonce, nonceInstruction: advance }, minContextSlot: 0 });
  transaction.add(SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey: bob, lamports: 1_000_000 }));
  await sendAndConfirmTransaction(connection, transaction, [alice]);
  assert.equal(await connection.getBalance(bob), 1_000_000);
  const { data } = await connection.getAccountInfo(nonce.publicKey);
  assert.notEqual(NonceAccount.fromAccountData(data).nonce, stored.nonce);
});

test("batches: many transactions in one request", async () => {
  const keys = Array.from({ length: 5 }, () => Keypair.generate().publicKey);
  const sent = await Promise.all(keys.map((to) => sendAndConfirmTransaction(connection, transfer(alice.publicKey, to, 1_000_000), [alice])));
  const unknown = "4".repeat(87);
  const found = await connection.getTransactions([...sent, unknown], { maxSupportedTransactionVersion: 0 });
  assert.deepEqual(found.slice(0, 5).map((one) => one.transaction.signatures[0]), sent);
  assert.equal(found[5], null);
  const parsed = await connection.getParsedTransactions(sent, { maxSupportedTransactionVersion: 0 });
  assert.deepEqual(parsed.map((one) => one.transaction.message.instructions[0].parsed.info.lamports), Array(5).fill(1_000_000));
  const statuses = await connection.getSignatureStatuses([...sent, unknown], { searchTransactionHistory: true });
  assert.deepEqual(statuses.value.map((one) => one?.confirmationStatus ?? null), [...Array(5).fill("finalized"), null]);
});

test("an address that is none is refused by the node with Solana's words", async () => {
  await assert.rejects(connection._rpcRequest("getBalance", ["xyz"]).then(({ error }) => { throw new Error(error.message); }), /Invalid param: WrongSize/);
  assert.equal(await connection.getBalance(PublicKey.unique()), 0);
});
