// heddle_*: what developers do to a chain of their own, seen with web3.js.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Keypair, LAMPORTS_PER_SOL, PublicKey, SystemProgram, SYSVAR_CLOCK_PUBKEY, Transaction, TransactionInstruction, sendAndConfirmTransaction } from "@solana/web3.js";
import { createAssociatedTokenAccountInstruction, createMint, getAccount, getAssociatedTokenAddressSync } from "@solana/spl-token";

import { startNode } from "./node.mjs";
import { MEMO, connect, funded, request, transfer, until } from "./steps.mjs";

let node;
let connection;
let alice;
const ask = (method, ...params) => request(node, method, params);

before(async () => {
  node = await startNode();
  connection = connect(node, "confirmed");
  alice = await funded(connection, 100);
});
after(() => node?.stop());

test("heddle_setAccount writes lamports, owner and data; the rest stays", async () => {
  const key = Keypair.generate().publicKey;
  const header = await ask("heddle_setAccount", key.toBase58(), { lamports: 5 * LAMPORTS_PER_SOL, owner: MEMO.toBase58(), data: "aGVsbG8=" });
  assert.deepEqual(Object.keys(header).sort(), ["blockhash", "slot", "stateHash", "unixTimestamp"]);
  const account = await connection.getAccountInfo(key);
  assert.deepEqual([account.lamports, account.owner.toBase58(), account.data.toString()], [5 * LAMPORTS_PER_SOL, MEMO.toBase58(), "hello"]);
  await ask("heddle_setAccount", key.toBase58(), { data: ["3yZe7d", "base58"] });
  const changed = await connection.getAccountInfo(key);
  assert.deepEqual([changed.lamports, changed.data.toString()], [5 * LAMPORTS_PER_SOL, "test"]);
  await ask("heddle_setAccount", key.toBase58(), { remove: true });
  assert.equal(await connection.getAccountInfo(key), null);
  await assert.rejects(ask("heddle_setAccount", key.toBase58(), { data: "aGVsbG8=" }), /lamports/);
  await assert.rejects(ask("heddle_setAccount", key.toBase58(), { lamport: 5 }), /unknown field/);
});

test("subscribers hear of an account that is set", async () => {
  const key = Keypair.generate().publicKey;
  const seen = [];
  const id = connection.onAccountChange(key, ({ lamports }) => seen.push(lamports));
  await until("subscribed", () => connection._subscriptionsByHash[connection._subscriptionHashByClientSubscriptionId[id]]?.state === "subscribed");
  await ask("heddle_setAccount", key.toBase58(), { lamports: 12_345_678 });
  await until("told", () => seen.length > 0);
  assert.deepEqual(seen, [12_345_678]);
  await connection.removeAccountChangeListener(id);
});

test("tokens out of nothing: an account of a mint with any amount", async () => {
  const mint = await createMint(connection, alice, alice.publicKey, null, 6);
  const account = getAssociatedTokenAddressSync(mint, alice.publicKey);
  const create = createAssociatedTokenAccountInstruction(alice.publicKey, account, alice.publicKey, mint);
  await sendAndConfirmTransaction(connection, new Transaction().add(create), [alice]);
  const { data } = await connection.getAccountInfo(account);
  data.writeBigUInt64LE(77_000_000n, 64);
  await ask("heddle_setAccount", account.toBase58(), { data: [data.toString("base64"), "base64"] });
  assert.equal((await getAccount(connection, account)).amount, 77_000_000n);
  assert.equal((await connection.getTokenAccountBalance(account)).value.uiAmount, 77);
});

async function clock() {
  const { data } = await connection.getAccountInfo(SYSVAR_CLOCK_PUBKEY, "processed");
  return { slot: Number(data.readBigUInt64LE(0)), epoch: Number(data.readBigUInt64LE(16)), time: Number(data.readBigInt64LE(32)) };
}

test("heddle_timeTravel goes to a slot, an epoch and a time; never back", async () => {
  const start = await clock();
  const slot = (await connection.getSlot("processed")) + 10_000;
  assert.ok((await ask("heddle_timeTravel", { absoluteSlot: slot })).slot >= slot);
  assert.ok((await connection.getSlot("processed")) >= slot);
  assert.ok((await clock()).slot >= slot);
  const { epoch } = await connection.getEpochInfo();
  await ask("heddle_timeTravel", { absoluteEpoch: epoch + 2 });
  assert.equal((await connection.getEpochInfo()).epoch, epoch + 2);
  assert.equal((await clock()).epoch, epoch + 2);
  const future = (await clock()).time + 365 * 86_400;
  await ask("heddle_timeTravel", { absoluteTimestamp: future });
  assert.ok((await clock()).time >= future);
  await assert.rejects(ask("heddle_timeTravel", { absoluteSlot: start.slot }));
  await assert.rejects(ask("heddle_timeTravel", { absoluteSlot: 1, absoluteEpoch: 1 }), /give one of/);
  await sendAndConfirmTransaction(connection, transfer(alice.publicKey, Keypair.generate().publicKey, LAMPORTS_PER_SOL), [alice]);
});

test("a paused clock: no block, then transactions go on", async () => {
  await ask("heddle_pauseClock");
  const slot = await connection.getSlot("processed");
  await new Promise((done) => setTimeout(done, 1200));
  assert.equal(await connection.getSlot("processed"), slot);
  await ask("heddle_resumeClock");
  await until("it goes on", async () => (await connection.getSlot("processed")) > slot);
  await sendAndConfirmTransaction(connection, transfer(alice.publicKey, Keypair.generate().publicKey, LAMPORTS_PER_SOL), [alice]);
});

test("heddle_snapshot and heddle_revert: back to where it was, signatures and all", async () => {
  const bob = Keypair.generate().publicKey;
  await sendAndConfirmTransaction(connection, transfer(alice.publicKey, bob, LAMPORTS_PER_SOL), [alice]);
  const snapshot = await ask("heddle_snapshot");
  const kept = await connection.getBalance(alice.publicKey);
  const signature = await sendAndConfirmTransaction(connection, transfer(alice.publicKey, bob, LAMPORTS_PER_SOL), [alice]);
  assert.equal(await connection.getBalance(bob), 2 * LAMPORTS_PER_SOL);
  const header = await ask("heddle_revert", snapshot);
  assert.ok(header.slot >= snapshot.slot);
  assert.deepEqual([await connection.getBalance(bob), await connection.getBalance(alice.publicKey)], [LAMPORTS_PER_SOL, kept]);
  assert.equal((await connection.getSignatureStatus(signature, { searchTransactionHistory: true })).value, null);
  assert.equal(await connection.getTransaction(signature), null);
  await sendAndConfirmTransaction(connection, transfer(alice.publicKey, bob, LAMPORTS_PER_SOL), [alice]);
  assert.equal(await connection.getBalance(bob), 2 * LAMPORTS_PER_SOL);
  await ask("heddle_revert", snapshot.slot);
  assert.equal(await connection.getBalance(bob), LAMPORTS_PER_SOL);
  await assert.rejects(ask("heddle_revert", 10 ** 12));
  // web3.js keeps a blockhash for 30 s, and this one's block was taken back: whoever reverts needs a new connection.
  connection = connect(node, "confirmed");
});

test("heddle_profileTransaction tells the units of each instruction, and of what it called", async () => {
  const mint = await createMint(connection, alice, alice.publicKey, null, 6);
  const account = getAssociatedTokenAddressSync(mint, alice.publicKey);
  const transaction = new Transaction().add(
    SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey: PublicKey.unique(), lamports: LAMPORTS_PER_SOL }),
    createAssociatedTokenAccountInstruction(alice.publicKey, account, alice.publicKey, mint),
    new TransactionInstruction({ programId: MEMO, keys: [], data: Buffer.from("profile") }),
  );
  Object.assign(transaction, { feePayer: alice.publicKey, recentBlockhash: (await connection.getLatestBlockhash()).blockhash });
  transaction.sign(alice);
  const { value } = await ask("heddle_profileTransaction", transaction.serialize().toString("base64"), { encoding: "base64" });
  assert.deepEqual([value.err, value.fee, value.instructions.length], [null, 5_000, 3]);
  assert.equal(value.instructions[0].unitsConsumed, 150);
  assert.equal(value.instructions.reduce((sum, { unitsConsumed }) => sum + unitsConsumed, 0), value.unitsConsumed);
  assert.ok(value.instructions[1].inner.length >= 4);
  assert.ok(value.instructions[1].inner.every(({ programId, stackHeight, unitsConsumed }) => programId && stackHeight === 2 && unitsConsumed >= 0));
  assert.ok(value.logs.length > 5);
});

test("heddle_stats tells what the page shows", async () => {
  const stats = await ask("heddle_stats");
  assert.equal(typeof stats, "object");
});

test("heddle_reset begins again: same genesis, nothing else", async () => {
  const genesis = await connection.getGenesisHash();
  await ask("heddle_reset");
  connection = connect(node, "confirmed");
  assert.equal(await connection.getGenesisHash(), genesis);
  assert.equal(await connection.getBalance(alice.publicKey), 0);
  const carol = await funded(connection, 1);
  assert.equal(await connection.getBalance(carol.publicKey), LAMPORTS_PER_SOL);
});

test("--no-development refuses them all, and says why", async () => {
  const strict = await startNode({ args: ["--no-development"] });
  try {
    for (const method of ["heddle_setAccount", "heddle_timeTravel", "heddle_pauseClock", "heddle_resumeClock", "heddle_snapshot", "heddle_revert", "heddle_reset"]) {
      await assert.rejects(request(strict, method, [PublicKey.unique().toBase58(), {}]), /--no-development/, method);
    }
  } finally {
    await strict.stop();
  }
});
