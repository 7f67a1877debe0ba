// What every test with web3.js does first: accounts with SOL, a mint, waiting for something to come true.

import { Connection, Keypair, LAMPORTS_PER_SOL, PublicKey, SystemProgram, Transaction } from "@solana/web3.js";

export const MEMO = new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");

/**
 * A connection as wallets make it, with the commitment that most of them use. Without one web3.js reads what is finalized,
 * but waits only for what is processed: what is read right after sendAndConfirmTransaction may be older (null means that).
 */
export function connect(node, commitment = "confirmed") {
  const connection = new Connection(node.rpc, commitment ?? undefined);
  // web3.js has no way to be done; without this its socket would go on connecting after the node is gone.
  node.beforeStop(() => {
    connection._rpcWebSocket.setAutoReconnect(false);
    connection._rpcWebSocket.close();
  });
  return connection;
}

/** Waits until `condition` gives something; `what` is for people. */
export async function until(what, condition, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${seconds} s passed, and still not: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** A new key pair with SOL from the faucet, confirmed with the connection's commitment. */
export async function funded(connection, sol = 10) {
  const keypair = Keypair.generate();
  const signature = await connection.requestAirdrop(keypair.publicKey, sol * LAMPORTS_PER_SOL);
  const latest = await connection.getLatestBlockhash();
  const { value } = await connection.confirmTransaction({ signature, ...latest });
  if (value.err) throw new Error(`the airdrop failed: ${JSON.stringify(value.err)}`);
  return keypair;
}

export function transfer(from, to, lamports) {
  return new Transaction().add(SystemProgram.transfer({ fromPubkey: from, toPubkey: to, lamports }));
}

/** One request without a client, for what clients do not offer. */
export async function request(node, method, params = []) {
  const response = await fetch(node.rpc, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = await response.json();
  if (error) throw Object.assign(new Error(error.message), error);
  return result;
}
