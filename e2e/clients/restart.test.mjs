// `kill -9` while many senders run, a new node on the same ledger: whatever was told as confirmed is still there.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { LAMPORTS_PER_SOL, PublicKey } from "@solana/web3.js";

import { startNode, temporaryLedger } from "./node.mjs";
import { connect, funded, request, until } from "./steps.mjs";

const ROUNDS = 3;
/** Confirmed transactions before the node is killed in a round. */
const CONFIRMED_MIN = 150;

test(`kill -9 under load, ${ROUNDS} times: every confirmed signature and its lamports are still there`, { timeout: 180_000 }, async (context) => {
  const ledger = await temporaryLedger();
  const confirmed = [];
  let genesis;
  let height = 0;
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      const node = await startNode({ ledger: ledger.path });
      const connection = connect(node, "confirmed");
      genesis ??= node.genesis_hash;
      assert.equal(node.genesis_hash, genesis);
      assert.ok((await connection.getBlockHeight("finalized")) >= height, "no block that was told is gone");
      await findAll(connection, confirmed);
      if (round === ROUNDS) {
        assert.equal(await request(node, "getHealth"), "ok");
        await node.stop();
        break;
      }
      height = await loadAndKill(node, connection, confirmed);
    }
    context.diagnostic(`${confirmed.length} confirmed transactions`);
  } finally {
    await ledger.remove();
  }
});

/** Runs senders, kills the node in the midst of it; the block height that was told last. */
async function loadAndKill(node, connection, confirmed) {
  const child = spawn(process.execPath, [fileURLToPath(new URL("load.mjs", import.meta.url)), node.rpc], { stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (text) => (complaints += text));
  const before = confirmed.length;
  createInterface(child.stdout).on("line", (line) => confirmed.push(JSON.parse(line)));
  try {
    await until("enough is confirmed", () => {
      assert.equal(child.exitCode, null, complaints);
      return confirmed.length >= before + CONFIRMED_MIN;
    }, 60);
    const height = await connection.getBlockHeight("finalized");
    await node.kill();
    return height;
  } finally {
    child.kill("SIGKILL");
    await once(child, "close");
  }
}

/** Every transaction, with its slot and its effect. */
async function findAll(connection, confirmed) {
  for (let first = 0; first < confirmed.length; first += 100) {
    const some = confirmed.slice(first, first + 100);
    const { value } = await connection.getSignatureStatuses(some.map(({ signature }) => signature), { searchTransactionHistory: true });
    assert.deepEqual(value.map((status) => status?.confirmationStatus), some.map(() => "finalized"));
    const found = await connection.getTransactions(some.map(({ signature }) => signature), { maxSupportedTransactionVersion: 0 });
    assert.deepEqual(found.map((one) => one?.transaction.signatures[0]), some.map(({ signature }) => signature));
    const accounts = await connection.getMultipleAccountsInfo(some.map(({ to }) => new PublicKey(to)));
    assert.deepEqual(accounts.map((account) => account?.lamports), some.map(({ lamports }) => lamports));
  }
}

test("stopped and started again, the chain goes on", async () => {
  const ledger = await temporaryLedger();
  try {
    const first = await startNode({ ledger: ledger.path });
    const alice = await funded(connect(first, "confirmed"), 5);
    const slot = await connect(first).getSlot();
    await first.stop();
    const second = await startNode({ ledger: ledger.path });
    const connection = connect(second);
    assert.equal(second.genesis_hash, first.genesis_hash);
    assert.equal(second.identity, first.identity);
    assert.equal(await connection.getBalance(alice.publicKey), 5 * LAMPORTS_PER_SOL);
    await until("new blocks", async () => (await connection.getSlot()) > slot);
    await second.stop();
    const third = await startNode({ ledger: ledger.path, args: ["--reset"] });
    assert.equal(await connect(third).getBalance(alice.publicKey), 0);
    await third.stop();
  } finally {
    await ledger.remove();
  }
});
