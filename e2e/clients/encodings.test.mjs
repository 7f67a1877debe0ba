// getTransaction, getBlock and getSignaturesForAddress in each encoding and shape, for a legacy transaction and a v0 one
// that takes an address from a lookup table.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import bs58 from "bs58";
import {
  AddressLookupTableProgram, Keypair, LAMPORTS_PER_SOL, PublicKey, SystemProgram, Transaction, TransactionInstruction,
  TransactionMessage, VersionedTransaction, sendAndConfirmTransaction,
} from "@solana/web3.js";

import { startNode } from "./node.mjs";
import { MEMO, connect, funded, request, transfer, until } from "./steps.mjs";

let node;
let connection;
let alice;
let table;
const bob = Keypair.generate().publicKey;
/** What was sent: `wire` as bytes and `signature`. */
const sent = {};

before(async () => {
  node = await startNode();
  connection = connect(node);
  alice = await funded(connection, 100);
  await sendLegacy();
  await createTable();
  await sendWithTable();
});
after(() => node?.stop());

async function sendLegacy() {
  const transaction = transfer(alice.publicKey, bob, LAMPORTS_PER_SOL);
  transaction.add(new TransactionInstruction({ programId: MEMO, keys: [], data: Buffer.from("legacy") }));
  const signature = await sendAndConfirmTransaction(connection, transaction, [alice]);
  sent.legacy = { wire: transaction.serialize(), signature };
}

async function createTable() {
  const owner = { authority: alice.publicKey, payer: alice.publicKey };
  const [create, address] = AddressLookupTableProgram.createLookupTable({ ...owner, recentSlot: await connection.getSlot() });
  const extend = AddressLookupTableProgram.extendLookupTable({ ...owner, lookupTable: address, addresses: [PublicKey.unique(), bob, MEMO] });
  await sendAndConfirmTransaction(connection, new Transaction().add(create, extend), [alice]);
  const { value } = await connection.getAddressLookupTable(address);
  assert.deepEqual(value.state.addresses.slice(1), [bob, MEMO]);
  // New addresses serve from the next slot on.
  await until("the table is warm", async () => (await connection.getSlot()) > Number(value.state.lastExtendedSlot));
  table = value;
}

async function sendWithTable() {
  const latest = await connection.getLatestBlockhash();
  const instructions = [
    SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey: bob, lamports: 2 * LAMPORTS_PER_SOL }),
    new TransactionInstruction({ programId: MEMO, keys: [], data: Buffer.from("v0") }),
  ];
  const message = new TransactionMessage({ payerKey: alice.publicKey, recentBlockhash: latest.blockhash, instructions });
  const transaction = new VersionedTransaction(message.compileToV0Message([table]));
  assert.equal(transaction.message.addressTableLookups.length, 1);
  transaction.sign([alice]);
  const signature = await connection.sendTransaction(transaction);
  await connection.confirmTransaction({ signature, ...latest });
  sent.v0 = { wire: Buffer.from(transaction.serialize()), signature };
}

const get = (name, config) => request(node, "getTransaction", [sent[name].signature, config]);

for (const [name, version] of [["legacy", "legacy"], ["v0", 0]]) {
  test(`${name}: base58 and base64 are the bytes that were sent`, async () => {
    const of = async (encoding) => get(name, { encoding, maxSupportedTransactionVersion: 0 });
    const base64 = await of("base64");
    assert.deepEqual(base64.transaction, [sent[name].wire.toString("base64"), "base64"]);
    assert.deepEqual([base64.version, base64.meta.err], [version, null]);
    assert.deepEqual((await of("base58")).transaction, [bs58.encode(sent[name].wire), "base58"]);
    const old = await request(node, "getTransaction", [sent.legacy.signature, "base64"]);
    assert.deepEqual(old.transaction, [sent.legacy.wire.toString("base64"), "base64"]);
  });

  test(`${name}: json through getTransaction`, async () => {
    const { slot, blockTime, transaction, meta, version: shown } = await connection.getTransaction(sent[name].signature, { maxSupportedTransactionVersion: 0 });
    assert.equal(shown, version);
    assert.ok(Math.abs(blockTime - Date.now() / 1000) < 120 && slot > 0);
    assert.deepEqual(transaction.signatures, [sent[name].signature]);
    const { message } = transaction;
    assert.deepEqual([message.header.numRequiredSignatures, message.compiledInstructions.length], [1, 2]);
    assert.ok(message.staticAccountKeys[0].equals(alice.publicKey));
    assert.equal(Buffer.from(message.compiledInstructions[1].data).toString(), name);
    const keys = message.getAccountKeys({ accountKeysFromLookups: meta.loadedAddresses });
    const index = keys.keySegments().flat().findIndex((key) => key.equals(bob));
    assert.equal(meta.postBalances[index] - meta.preBalances[index], (name === "v0" ? 2 : 1) * LAMPORTS_PER_SOL);
    assert.equal(meta.preBalances[0] - meta.postBalances[0], (name === "v0" ? 2 : 1) * LAMPORTS_PER_SOL + meta.fee);
    assert.deepEqual([meta.fee, meta.err, meta.status, meta.innerInstructions], [5_000, null, { Ok: null }, []]);
    assert.ok(meta.logMessages.includes(`Program log: Memo (len ${name.length}): "${name}"`));
    assert.ok(meta.computeUnitsConsumed > 150);
    assert.deepEqual([meta.preTokenBalances, meta.postTokenBalances, meta.rewards], [[], [], []]);
  });

  test(`${name}: jsonParsed through getParsedTransaction`, async () => {
    const { transaction, meta, version: shown } = await connection.getParsedTransaction(sent[name].signature, { maxSupportedTransactionVersion: 0 });
    assert.equal(shown, version);
    const [pay, memo] = transaction.message.instructions;
    assert.deepEqual([pay.program, pay.parsed.type], ["system", "transfer"]);
    assert.deepEqual(pay.parsed.info, { source: alice.publicKey.toBase58(), destination: bob.toBase58(), lamports: (name === "v0" ? 2 : 1) * LAMPORTS_PER_SOL });
    assert.deepEqual([memo.program, memo.parsed], ["spl-memo", name]);
    const ofBob = transaction.message.accountKeys.find(({ pubkey }) => pubkey.equals(bob));
    assert.deepEqual([ofBob.signer, ofBob.writable, ofBob.source], [false, true, name === "v0" ? "lookupTable" : "transaction"]);
    assert.equal(meta.err, null);
  });
}

test("the lookup table shows in v0", async () => {
  const { meta, transaction } = await get("v0", { maxSupportedTransactionVersion: 0 });
  assert.deepEqual(meta.loadedAddresses, { writable: [bob.toBase58()], readonly: [] });
  assert.deepEqual(transaction.message.addressTableLookups, [{ accountKey: table.key.toBase58(), writableIndexes: [1], readonlyIndexes: [] }]);
  const parsed = await request(node, "getAccountInfo", [table.key.toBase58(), { encoding: "jsonParsed" }]);
  assert.deepEqual([parsed.value.data.program, parsed.value.data.parsed.type], ["address-lookup-table", "lookupTable"]);
  assert.deepEqual(parsed.value.data.parsed.info.addresses.slice(1), [bob.toBase58(), MEMO.toBase58()]);
});

test("versions that the client does not know are refused, and none is told if none was asked for", async () => {
  await assert.rejects(connection.getTransaction(sent.v0.signature), /Transaction version \(0\) is not supported/);
  const error = await get("v0").catch((caught) => caught);
  assert.equal(error.code, -32015);
  assert.equal((await get("legacy")).version, undefined);
});

test("what is unknown is null; what is no signature is refused", async () => {
  assert.equal(await request(node, "getTransaction", ["5".repeat(87)]), null);
  const error = await request(node, "getTransaction", ["abc"]).catch((caught) => caught);
  assert.equal(error.code, -32602);
  const processed = await get("legacy", { commitment: "processed" }).catch((caught) => caught);
  assert.equal(processed.code, -32602);
});

test("getBlock in each shape", async () => {
  const { slot } = await get("v0", { maxSupportedTransactionVersion: 0 });
  const full = await connection.getBlock(slot, { maxSupportedTransactionVersion: 0 });
  const mine = full.transactions.find(({ transaction }) => transaction.signatures[0] === sent.v0.signature);
  assert.equal(mine.version, 0);
  assert.ok(mine.transaction.message.staticAccountKeys[0].equals(alice.publicKey));
  assert.deepEqual(full.rewards, []);
  assert.ok(full.parentSlot < slot && full.blockTime > 0);

  const parent = await connection.getBlock(full.parentSlot, { transactionDetails: "none", rewards: false });
  assert.equal(parent.blockhash, full.previousBlockhash);
  assert.deepEqual([parent.transactions, parent.signatures, parent.rewards].filter((one) => one?.length), []);

  const accounts = await connection.getBlock(slot, { maxSupportedTransactionVersion: 0, transactionDetails: "accounts" });
  const keys = accounts.transactions.find(({ transaction }) => transaction.signatures[0] === sent.v0.signature).transaction.accountKeys;
  assert.equal(keys.find(({ pubkey }) => pubkey.toString() === bob.toBase58()).source, "lookupTable");

  const { signatures } = await connection.getBlockSignatures(slot);
  assert.deepEqual(signatures, full.transactions.map(({ transaction }) => transaction.signatures[0]));

  const parsed = await connection.getParsedBlock(slot, { maxSupportedTransactionVersion: 0 });
  assert.ok(parsed.transactions.some(({ transaction }) => transaction.message.instructions[1]?.parsed === "v0"));
  for (const encoding of ["base58", "base64"]) {
    const block = await request(node, "getBlock", [slot, { encoding, maxSupportedTransactionVersion: 0 }]);
    const wanted = encoding === "base64" ? sent.v0.wire.toString("base64") : bs58.encode(sent.v0.wire);
    assert.ok(block.transactions.some(({ transaction }) => transaction[0] === wanted && transaction[1] === encoding));
  }
  const error = await request(node, "getBlock", [slot]).catch((caught) => caught);
  assert.equal(error.code, -32015);
  const future = await request(node, "getBlock", [slot + 100_000]).catch((caught) => caught);
  assert.equal(future.code, -32004);
});

test("getSignaturesForAddress, newest first, page by page", async () => {
  const carol = Keypair.generate().publicKey;
  const signatures = [];
  for (let index = 0; index < 7; index += 1) {
    const transaction = transfer(alice.publicKey, carol, 1_000_000 + index);
    if (index === 3) transaction.add(new TransactionInstruction({ programId: MEMO, keys: [], data: Buffer.from("three") }));
    signatures.unshift(await sendAndConfirmTransaction(connection, transaction, [alice]));
  }
  const all = await connection.getSignaturesForAddress(carol);
  assert.deepEqual(all.map(({ signature }) => signature), signatures);
  assert.equal(all[3].memo, "[5] three");
  assert.ok(all.every(({ err, confirmationStatus, slot, blockTime }) => err === null && confirmationStatus === "finalized" && slot > 0 && blockTime > 0));
  const paged = [];
  for (let before; ;) {
    const page = await connection.getSignaturesForAddress(carol, { limit: 3, before });
    if (page.length === 0) break;
    paged.push(...page.map(({ signature }) => signature));
    before = paged.at(-1);
  }
  assert.deepEqual(paged, signatures);
  const newer = await connection.getSignaturesForAddress(carol, { until: signatures[4] });
  assert.deepEqual(newer.map(({ signature }) => signature), signatures.slice(0, 4));
  const between = await connection.getSignaturesForAddress(carol, { before: signatures[1], until: signatures[4] });
  assert.deepEqual(between.map(({ signature }) => signature), signatures.slice(2, 4));
  assert.deepEqual(await connection.getSignaturesForAddress(PublicKey.unique()), []);
  const ofTable = await connection.getSignaturesForAddress(bob, { limit: 1 });
  assert.equal(ofTable[0].signature, sent.v0.signature);
});

test("an account in each encoding, whole and sliced", async () => {
  const of = (encoding, dataSlice) => request(node, "getAccountInfo", [table.key.toBase58(), { encoding, dataSlice }]).then(({ value }) => value);
  const whole = await of("base64");
  const bytes = Buffer.from(whole.data[0], "base64");
  assert.deepEqual([whole.space, bytes.length], [56 + 3 * 32, 56 + 3 * 32]);
  const slice = { offset: 56, length: 32 };
  const wanted = bytes.subarray(56, 88);
  assert.deepEqual((await of("base64", slice)).data, [wanted.toString("base64"), "base64"]);
  assert.deepEqual((await of("base58", slice)).data, [bs58.encode(wanted), "base58"]);
  const { data } = await of("base64+zstd");
  assert.equal(data[1], "base64+zstd");
  assert.equal(Buffer.from(data[0], "base64").readUInt32LE(), 0xfd2fb528);
  const long = await of("base58").catch((caught) => caught);
  assert.equal(long.message, "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.");
});
