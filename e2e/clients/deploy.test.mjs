// What `solana program deploy --use-rpc` sends, made with web3.js: a buffer, its writes, deploy, upgrade, extend, close.
//
// The program is the memo program that the node comes with, read out of its own account: no file is needed.
// Instructions: crate solana-loader-v3-interface.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  Keypair, PublicKey, SYSVAR_CLOCK_PUBKEY, SYSVAR_RENT_PUBKEY, SystemProgram, Transaction,
  TransactionInstruction, sendAndConfirmTransaction,
} from "@solana/web3.js";

import { startNode } from "./node.mjs";
import { MEMO, connect, funded, request, until } from "./steps.mjs";

const LOADER = new PublicKey("BPFLoaderUpgradeab1e11111111111111111111111");
/** The newest memo program: small, written for few compute units. */
const MEMO_SMALL = new PublicKey("Memo4c2pN8afCj432Lb7RMVKi9PbQnnW7ewFFaV3oAH");
const BUFFER_HEADER_BYTES = 37;
const PROGRAM_BYTES = 36;
const PROGRAMDATA_HEADER_BYTES = 45;
/** What fits beside the rest in a transaction; the CLI takes about as much. */
const CHUNK_BYTES = 1000;

let node;
let connection;
let payer;
const program = Keypair.generate();
const [programdata] = PublicKey.findProgramAddressSync([program.publicKey.toBuffer()], LOADER);
let smallElf;
let largeElf;
let smallUnits;

const key = (pubkey, { signer = false, writable = false } = {}) => ({ pubkey, isSigner: signer, isWritable: writable });
const WRITABLE = { writable: true };
const SIGNER = { signer: true };

function instruction(number, keys, ...fields) {
  const tag = Buffer.alloc(4);
  tag.writeUInt32LE(number);
  return new TransactionInstruction({ programId: LOADER, keys, data: Buffer.concat([tag, ...fields]) });
}
function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
function u64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** The ELF of a program that the node comes with, whichever loader it is of. */
async function elfOf(address) {
  const account = await connection.getAccountInfo(address);
  if (!account.owner.equals(LOADER)) return account.data;
  const held = await connection.getAccountInfo(new PublicKey(account.data.subarray(4, 36)));
  return held.data.subarray(PROGRAMDATA_HEADER_BYTES);
}

const send = (instructions, signers = []) => sendAndConfirmTransaction(connection, new Transaction().add(...instructions), [payer, ...signers]);

before(async () => {
  node = await startNode();
  connection = connect(node, "confirmed");
  payer = await funded(connection, 1000);
  [smallElf, largeElf] = await Promise.all([elfOf(MEMO_SMALL), elfOf(MEMO)]);
  assert.equal(smallElf.subarray(0, 4).toString("latin1"), "\x7fELF");
});
after(() => node?.stop());

/** A new buffer account that holds `elf`: created, then written by all chunks at once. */
async function writeBuffer(elf) {
  const buffer = Keypair.generate();
  const space = BUFFER_HEADER_BYTES + elf.length;
  const create = SystemProgram.createAccount({
    fromPubkey: payer.publicKey, newAccountPubkey: buffer.publicKey, space, programId: LOADER,
    lamports: await connection.getMinimumBalanceForRentExemption(space),
  });
  await send([create, instruction(0, [key(buffer.publicKey, WRITABLE), key(payer.publicKey)])], [buffer]);
  const writes = [];
  for (let offset = 0; offset < elf.length; offset += CHUNK_BYTES) {
    const chunk = elf.subarray(offset, offset + CHUNK_BYTES);
    const keys = [key(buffer.publicKey, WRITABLE), key(payer.publicKey, SIGNER)];
    writes.push(send([instruction(1, keys, u32(offset), u64(chunk.length), chunk)]));
  }
  await Promise.all(writes);
  const { data } = await connection.getAccountInfo(buffer.publicKey);
  assert.ok(data.subarray(BUFFER_HEADER_BYTES).equals(elf), "the buffer holds the program");
  return buffer.publicKey;
}

/** Calls the program and gives its logs, and the units it took: the two memo programs tell the same and differ in those. */
async function call(text) {
  const memo = new TransactionInstruction({ programId: program.publicKey, keys: [], data: Buffer.from(text) });
  const signature = await send([memo]);
  const { meta } = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
  return { logs: meta.logMessages, units: meta.computeUnitsConsumed };
}

/** A program that was deployed serves from the next slot on. */
async function served() {
  const deployed = (await connection.getAccountInfo(programdata)).data.readBigUInt64LE(4);
  await until("the next slot", async () => BigInt(await connection.getSlot("confirmed")) > deployed);
}

const programdataInfo = () => request(node, "getAccountInfo", [programdata.toBase58(), { encoding: "jsonParsed", commitment: "confirmed" }]).then(({ value }) => value?.data.parsed.info);

test("deploy from a buffer", async () => {
  const buffer = await writeBuffer(smallElf);
  const create = SystemProgram.createAccount({
    fromPubkey: payer.publicKey, newAccountPubkey: program.publicKey, space: PROGRAM_BYTES, programId: LOADER,
    lamports: await connection.getMinimumBalanceForRentExemption(PROGRAM_BYTES),
  });
  const deploy = instruction(2, [
    key(payer.publicKey, { signer: true, writable: true }), key(programdata, WRITABLE), key(program.publicKey, WRITABLE),
    key(buffer, WRITABLE), key(SYSVAR_RENT_PUBKEY), key(SYSVAR_CLOCK_PUBKEY), key(SystemProgram.programId), key(payer.publicKey, SIGNER),
  ], u64(smallElf.length));
  await send([create, deploy], [program]);
  const account = await connection.getAccountInfo(program.publicKey);
  assert.deepEqual([account.executable, account.owner.equals(LOADER)], [true, true]);
  assert.ok(new PublicKey(account.data.subarray(4)).equals(programdata));
  assert.equal(await connection.getAccountInfo(buffer), null);
  const info = await programdataInfo();
  assert.equal(info.authority, payer.publicKey.toBase58());
});

test("the deployed program runs", async () => {
  await served();
  const { logs, units } = await call("memo 1");
  smallUnits = units;
  assert.equal(logs[0], `Program ${program.publicKey} invoke [1]`);
  assert.equal(logs.at(-1), `Program ${program.publicKey} success`);
  assert.ok(logs.some((line) => line.includes("memo 1")), logs.join("\n"));
});

test("an upgrade without room is refused; extended, it goes through and the new program runs", async () => {
  const buffer = await writeBuffer(largeElf);
  const upgrade = instruction(3, [
    key(programdata, WRITABLE), key(program.publicKey, WRITABLE), key(buffer, WRITABLE), key(payer.publicKey, WRITABLE),
    key(SYSVAR_RENT_PUBKEY), key(SYSVAR_CLOCK_PUBKEY), key(payer.publicKey, SIGNER),
  ]);
  await assert.rejects(send([upgrade]), /account data too small/);
  const extend = instruction(6, [
    key(programdata, WRITABLE), key(program.publicKey, WRITABLE), key(SystemProgram.programId), key(payer.publicKey, { signer: true, writable: true }),
  ], u32(largeElf.length - smallElf.length));
  await send([extend]);
  await served();
  await send([upgrade]);
  await served();
  const { logs, units } = await call("memo 2");
  assert.ok(logs.includes('Program log: Memo (len 6): "memo 2"'));
  assert.ok(units > 2 * smallUnits, `${units} units, and ${smallUnits} before the upgrade`);
  const { data } = await connection.getAccountInfo(programdata);
  assert.ok(data.subarray(PROGRAMDATA_HEADER_BYTES).equals(largeElf));
});

test("only the authority may upgrade, and the authority can be given away", async () => {
  const heir = await funded(connection, 1);
  const set = (from, to) => instruction(4, [key(programdata, WRITABLE), key(from, SIGNER), key(to)]);
  const thief = await funded(connection, 1);
  await assert.rejects(send([set(thief.publicKey, thief.publicKey)], [thief]), /Incorrect authority|IncorrectAuthority/i);
  await send([set(payer.publicKey, heir.publicKey)]);
  assert.equal((await programdataInfo()).authority, heir.publicKey.toBase58());
  await send([set(heir.publicKey, payer.publicKey)], [heir]);
});

test("a buffer that is no program is not deployed", async () => {
  const buffer = await writeBuffer(Buffer.alloc(2000, 7));
  const upgrade = instruction(3, [
    key(programdata, WRITABLE), key(program.publicKey, WRITABLE), key(buffer, WRITABLE), key(payer.publicKey, WRITABLE),
    key(SYSVAR_RENT_PUBKEY), key(SYSVAR_CLOCK_PUBKEY), key(payer.publicKey, SIGNER),
  ]);
  await assert.rejects(send([upgrade]), /invalid account data/);
  const close = instruction(5, [key(buffer, WRITABLE), key(payer.publicKey, WRITABLE), key(payer.publicKey, SIGNER)]);
  await send([close]);
  assert.equal(await connection.getAccountInfo(buffer), null);
});

test("closed, it gives its rent back and runs no more", async () => {
  const home = Keypair.generate().publicKey;
  const rent = await connection.getBalance(programdata);
  const close = instruction(5, [key(programdata, WRITABLE), key(home, WRITABLE), key(payer.publicKey, SIGNER), key(program.publicKey, WRITABLE)]);
  await send([close]);
  assert.equal(await connection.getBalance(home), rent);
  await assert.rejects(call("memo 3"));
});
