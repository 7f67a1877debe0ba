// 500 senders at once, each with web3.js' own sendAndConfirmTransaction and its defaults.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Keypair, LAMPORTS_PER_SOL, SystemProgram, Transaction, sendAndConfirmTransaction } from "@solana/web3.js";

import { startNode } from "./node.mjs";
import { connect, funded, request, transfer, until } from "./steps.mjs";

const SENDERS = 500;
const TRANSFERS_EACH = 3;
/** Transfers of one transaction that funds senders. */
const FUNDED_AT_ONCE = 20;

let node;
let connection;
const senders = Array.from({ length: SENDERS }, () => Keypair.generate());
const receivers = senders.map(() => Keypair.generate().publicKey);

before(async () => {
  node = await startNode();
  connection = connect(node, null);
  const bank = await funded(connection, 1000);
  const funding = [];
  for (let first = 0; first < SENDERS; first += FUNDED_AT_ONCE) {
    const pay = senders.slice(first, first + FUNDED_AT_ONCE).map(({ publicKey }) =>
      SystemProgram.transfer({ fromPubkey: bank.publicKey, toPubkey: publicKey, lamports: LAMPORTS_PER_SOL }));
    funding.push(sendAndConfirmTransaction(connection, new Transaction().add(...pay), [bank]));
  }
  await Promise.all(funding);
});
after(() => node?.stop());

const lamportsOf = (index, round) => 1_000_000 + index * 10 + round;

async function sendAll(index) {
  const signatures = [];
  for (let round = 0; round < TRANSFERS_EACH; round += 1) {
    const transaction = transfer(senders[index].publicKey, receivers[index], lamportsOf(index, round));
    signatures.push(await sendAndConfirmTransaction(connection, transaction, [senders[index]]));
  }
  return signatures;
}

test(`${SENDERS} senders, ${TRANSFERS_EACH} transfers each: all confirmed, each lamport where it belongs`, async (context) => {
  const began = Date.now();
  const signatures = (await Promise.all(senders.map((_, index) => sendAll(index)))).flat();
  const seconds = (Date.now() - began) / 1000;
  context.diagnostic(`${signatures.length} transactions in ${seconds.toFixed(1)} s`);
  assert.equal(new Set(signatures).size, SENDERS * TRANSFERS_EACH);

  const balances = [];
  for (let first = 0; first < SENDERS; first += 100) {
    const accounts = await connection.getMultipleAccountsInfo(receivers.slice(first, first + 100), "processed");
    balances.push(...accounts.map(({ lamports }) => lamports));
  }
  const wanted = (index) => [0, 1, 2].slice(0, TRANSFERS_EACH).reduce((sum, round) => sum + lamportsOf(index, round), 0);
  assert.deepEqual(balances, senders.map((_, index) => wanted(index)));

  for (let first = 0; first < signatures.length; first += 256) {
    await until("all are final", async () => {
      const { value } = await connection.getSignatureStatuses(signatures.slice(first, first + 256));
      assert.ok(value.every((status) => status?.err === null));
      return value.every(({ confirmationStatus }) => confirmationStatus === "finalized");
    });
  }
});

test("500 airdrops asked for at once", async () => {
  const keys = Array.from({ length: SENDERS }, () => Keypair.generate().publicKey);
  const latest = await connection.getLatestBlockhash();
  await Promise.all(keys.map(async (key) => {
    const signature = await connection.requestAirdrop(key, LAMPORTS_PER_SOL);
    const { value } = await connection.confirmTransaction({ signature, ...latest });
    assert.equal(value.err, null);
  }));
  const balances = await Promise.all(keys.map((key) => connection.getBalance(key, "processed")));
  assert.ok(balances.every((lamports) => lamports === LAMPORTS_PER_SOL));
});

test("the node is well afterwards", async () => {
  assert.equal(await request(node, "getHealth"), "ok");
});
