// Senders in a process of their own, for restart.test.mjs: told a node's URL, they send transfers until they are killed and
// print what was confirmed to them, a line of JSON each.
//
// A process of their own because web3.js 1.99 does nothing else any more once its node is gone: it tries to subscribe
// again and again without ever letting the event loop run.

import { Connection, Keypair } from "@solana/web3.js";

import { funded, transfer } from "./steps.mjs";

const SENDERS = 40;
const COMMITMENTS = ["confirmed", "finalized"];

const connection = new Connection(process.argv[2], "confirmed");

async function sendOn(sender, commitment) {
  for (let lamports = 1_000_000; ; lamports += 1) {
    const latest = await connection.getLatestBlockhash();
    const to = Keypair.generate().publicKey;
    const signature = await connection.sendTransaction(transfer(sender.publicKey, to, lamports), [sender]);
    const { value } = await connection.confirmTransaction({ signature, ...latest }, commitment);
    if (value.err) throw new Error(JSON.stringify(value.err));
    process.stdout.write(`${JSON.stringify({ signature, to: to.toBase58(), lamports })}\n`);
  }
}

const senders = await Promise.all(Array.from({ length: SENDERS }, () => funded(connection, 10)));
await Promise.all(senders.map((sender, index) => sendOn(sender, COMMITMENTS[index % COMMITMENTS.length])));
