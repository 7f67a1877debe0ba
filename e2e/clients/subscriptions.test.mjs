// Subscriptions with web3.js: each kind tells what it must, once, in order, and nothing after it was ended.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Keypair, PublicKey, SystemProgram, Transaction, TransactionInstruction, sendAndConfirmTransaction } from "@solana/web3.js";

import { startNode } from "./node.mjs";
import { MEMO, connect, funded, transfer, until } from "./steps.mjs";

let node;
let connection;
let alice;

before(async () => {
  node = await startNode();
  connection = connect(node, "confirmed");
  alice = await funded(connection, 100);
});
after(() => node?.stop());

/** Waits until the node has a subscription; web3.js asks for it in the background. */
async function subscribed(id) {
  const hashes = connection._subscriptionHashByClientSubscriptionId;
  await until("subscribed", () => connection._subscriptionsByHash[hashes[id]]?.state === "subscribed");
  return id;
}

const send = (transaction, signers = [alice]) => sendAndConfirmTransaction(connection, transaction, signers);
const memo = (text, ...keys) => new Transaction().add(new TransactionInstruction({
  programId: MEMO, data: Buffer.from(text), keys: keys.map((pubkey) => ({ pubkey, isSigner: true, isWritable: false })),
}));

test("an account's changes, and none after unsubscribing", async () => {
  const bob = Keypair.generate().publicKey;
  const seen = [];
  const id = await subscribed(connection.onAccountChange(bob, (account, context) => seen.push({ ...account, slot: context.slot })));
  await send(transfer(alice.publicKey, bob, 1_000_000));
  await send(transfer(alice.publicKey, bob, 2_000_000));
  await until("two notices", () => seen.length >= 2);
  assert.deepEqual(seen.map(({ lamports }) => lamports), [1_000_000, 3_000_000]);
  assert.ok(seen[0].owner.equals(SystemProgram.programId) && Buffer.isBuffer(seen[0].data));
  assert.ok(seen[0].slot < seen[1].slot);
  await connection.removeAccountChangeListener(id);
  await send(transfer(alice.publicKey, bob, 1_000_000));
  await send(transfer(alice.publicKey, bob, 1_000_000));
  assert.equal(seen.length, 2);
});

for (const commitment of ["processed", "confirmed", "finalized"]) {
  test(`an account's change, ${commitment}`, async () => {
    const bob = Keypair.generate().publicKey;
    const seen = [];
    const id = await subscribed(connection.onAccountChange(bob, ({ lamports }) => seen.push(lamports), { commitment }));
    await send(transfer(alice.publicKey, bob, 4_000_000));
    await until("a notice", () => seen.length > 0);
    assert.deepEqual(seen, [4_000_000]);
    await connection.removeAccountChangeListener(id);
  });
}

test("an account that is emptied is told, too", async () => {
  const bob = await funded(connection, 1);
  const seen = [];
  const id = await subscribed(connection.onAccountChange(bob.publicKey, ({ lamports }) => seen.push(lamports)));
  await send(transfer(bob.publicKey, alice.publicKey, 1_000_000_000 - 5_000), [bob]);
  await until("a notice", () => seen.length > 0);
  assert.deepEqual(seen, [0]);
  await connection.removeAccountChangeListener(id);
});

test("logs of an account, of everything, and of failures", async () => {
  const mine = [];
  const all = [];
  const ids = [
    connection.onLogs(alice.publicKey, (logs) => mine.push(logs)),
    connection.onLogs("all", (logs) => all.push(logs)),
  ];
  await Promise.all(ids.map(subscribed));
  const bob = await funded(connection, 1);
  const signature = await send(memo("to all", alice.publicKey));
  const failing = transfer(alice.publicKey, bob.publicKey, 10 ** 15);
  const failed = await connection.sendTransaction(failing, [alice], { skipPreflight: true });
  const has = (list, wanted) => list.find((logs) => logs.signature === wanted);
  await until("both are told", () => has(mine, signature) && has(mine, failed) && has(all, signature));
  assert.equal(has(mine, signature).err, null);
  assert.ok(has(mine, signature).logs.includes('Program log: Memo (len 6): "to all"'));
  assert.deepEqual(has(mine, failed).err, { InstructionError: [0, { Custom: 1 }] });
  // The airdrop to bob names the faucet and bob, not alice.
  assert.equal(mine.length, 2);
  assert.ok(all.length >= 3);
  await Promise.all(ids.map((id) => connection.removeOnLogsListener(id)));
});

test("a program's accounts, with a filter", async () => {
  const owner = MEMO;
  const seen = [];
  const filters = [{ dataSize: 8 }];
  const id = await subscribed(connection.onProgramAccountChange(owner, (change) => seen.push(change), { commitment: "confirmed", filters }));
  const create = async (space) => {
    const fresh = Keypair.generate();
    const lamports = await connection.getMinimumBalanceForRentExemption(space);
    const instruction = SystemProgram.createAccount({ fromPubkey: alice.publicKey, newAccountPubkey: fresh.publicKey, lamports, space, programId: owner });
    await send(new Transaction().add(instruction), [alice, fresh]);
    return fresh.publicKey;
  };
  await create(9);
  const wanted = await create(8);
  await until("a notice", () => seen.length > 0);
  assert.deepEqual(seen.map(({ accountId }) => accountId.toBase58()), [wanted.toBase58()]);
  assert.equal(seen[0].accountInfo.data.length, 8);
  await connection.removeProgramAccountChangeListener(id);
});

test("a signature: received, and what became of it, once", async () => {
  const latest = await connection.getLatestBlockhash();
  const transaction = transfer(alice.publicKey, PublicKey.unique(), 1_000_000);
  Object.assign(transaction, { recentBlockhash: latest.blockhash, feePayer: alice.publicKey });
  transaction.sign(alice);
  const { default: bs58 } = await import("bs58");
  const signature = bs58.encode(transaction.signature);
  const seen = [];
  const ids = [
    connection.onSignatureWithOptions(signature, (notice) => seen.push(notice.type), { commitment: "confirmed", enableReceivedNotification: true }),
    connection.onSignature(signature, (result, { slot }) => seen.push({ ...result, slot }), "finalized"),
  ];
  await Promise.all(ids.map(subscribed));
  await connection.sendRawTransaction(transaction.serialize());
  // web3.js ends a signature's listener with the first notice of whatever kind, so "received" is all that it tells of this one.
  await until("two notices", () => seen.length >= 2);
  const plain = seen.filter((notice) => typeof notice === "object");
  assert.deepEqual(seen.filter((notice) => typeof notice === "string"), ["received"]);
  assert.equal(plain.length, 1);
  assert.equal(plain[0].err, null);
  assert.ok(plain[0].slot > 0);
});

test("a signature that is known already is told at once", async () => {
  const signature = await send(transfer(alice.publicKey, PublicKey.unique(), 1_000_000));
  const told = await new Promise((tell) => connection.onSignature(signature, tell, "finalized"));
  assert.equal(told.err, null);
});

test("slots, roots and the steps of slots move forward", async () => {
  const slots = [];
  const roots = [];
  const steps = [];
  const onSlot = connection.onSlotChange((slot) => slots.push(slot));
  const onRoot = connection.onRootChange((root) => roots.push(root));
  const onStep = connection.onSlotUpdate((update) => steps.push(update));
  await until("three of each", () => slots.length > 3 && roots.length > 3 && steps.length > 6);
  for (const [index, { slot, parent, root }] of slots.entries()) {
    assert.ok(parent < slot && root <= slot, JSON.stringify(slots[index]));
    assert.ok(index === 0 || slot > slots[index - 1].slot);
  }
  assert.ok(roots.every((root, index) => index === 0 || root > roots[index - 1]));
  const kinds = new Set(steps.map(({ type }) => type));
  for (const kind of ["createdBank", "frozen", "root"]) assert.ok(kinds.has(kind), `${kind} in ${[...kinds]}`);
  const frozen = steps.find(({ type }) => type === "frozen");
  assert.equal(typeof frozen.stats.numSuccessfulTransactions, "number");
  await Promise.all([connection.removeSlotChangeListener(onSlot), connection.removeRootChangeListener(onRoot), connection.removeSlotUpdateListener(onStep)]);
  const told = slots.length;
  await until("time passes", async () => (await connection.getSlot("processed")) > slots.at(-1).slot + 3);
  assert.equal(slots.length, told);
});

test("many subscriptions on one connection, each with its own", async () => {
  const keys = Array.from({ length: 200 }, () => Keypair.generate().publicKey);
  const seen = new Map();
  const ids = keys.map((key, index) => connection.onAccountChange(key, ({ lamports }) => seen.set(index, lamports)));
  await Promise.all(ids.map(subscribed));
  for (let first = 0; first < keys.length; first += 20) {
    const some = keys.slice(first, first + 20);
    const pay = some.map((toPubkey, index) => SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey, lamports: 1_000_000 + first + index }));
    await connection.sendTransaction(new Transaction().add(...pay), [alice]);
  }
  await until("all are told", () => seen.size === keys.length);
  for (const index of keys.keys()) assert.equal(seen.get(index), 1_000_000 + index);
  await Promise.all(ids.map((id) => connection.removeAccountChangeListener(id)));
});
