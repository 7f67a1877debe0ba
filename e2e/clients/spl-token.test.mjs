// @solana/spl-token: a mint, associated token accounts, and what people do with tokens; for both token programs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  AuthorityType, NATIVE_MINT, TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID, TokenAccountNotFoundError, approve, burn,
  closeAccount, createMint, createSyncNativeInstruction, freezeAccount, getAccount, getAssociatedTokenAddressSync, getMint,
  getOrCreateAssociatedTokenAccount, mintTo, revoke, setAuthority, thawAccount, transfer, transferChecked,
} from "@solana/spl-token";
import { Keypair, SystemProgram, Transaction, sendAndConfirmTransaction } from "@solana/web3.js";

import { startNode } from "./node.mjs";
import { connect, funded } from "./steps.mjs";

let node;
let connection;
let payer;
const owner = Keypair.generate();
const friend = Keypair.generate();

before(async () => {
  node = await startNode();
  connection = connect(node, "confirmed");
  payer = await funded(connection, 100);
});
after(() => node?.stop());

const PROGRAMS = [["the token program", TOKEN_PROGRAM_ID], ["Token-2022", TOKEN_2022_PROGRAM_ID]];

for (const [name, program] of PROGRAMS) {
  test(`${name}: mint, accounts, transfer, burn`, async (context) => {
    let mint;
    let from;
    let to;
    const amountOf = async (account) => (await getAccount(connection, account.address, undefined, program)).amount;

    await context.test("create a mint", async () => {
      mint = await createMint(connection, payer, payer.publicKey, payer.publicKey, 6, Keypair.generate(), undefined, program);
      const stored = await getMint(connection, mint, undefined, program);
      assert.deepEqual([stored.decimals, stored.supply, stored.isInitialized], [6, 0n, true]);
      assert.ok(stored.mintAuthority.equals(payer.publicKey));
    });

    await context.test("an associated account is created once and found again", async () => {
      const address = getAssociatedTokenAddressSync(mint, owner.publicKey, false, program);
      await assert.rejects(getAccount(connection, address, undefined, program), TokenAccountNotFoundError);
      const create = (of) => getOrCreateAssociatedTokenAccount(connection, payer, mint, of.publicKey, false, undefined, undefined, program);
      from = await create(owner);
      assert.ok(from.address.equals(address));
      assert.ok((await create(owner)).address.equals(address));
      to = await create(friend);
    });

    await context.test("mint to it", async () => {
      await mintTo(connection, payer, mint, from.address, payer, 1_000_000_000n, [], undefined, program);
      assert.equal(await amountOf(from), 1_000_000_000n);
      const supply = await connection.getTokenSupply(mint);
      assert.deepEqual(supply.value, { amount: "1000000000", decimals: 6, uiAmount: 1000, uiAmountString: "1000" });
    });

    await context.test("transfer, and what getTransaction tells of the balances", async () => {
      await transfer(connection, payer, from.address, to.address, owner, 250_000_000n, [], undefined, program);
      const signature = await transferChecked(connection, payer, from.address, mint, to.address, owner, 1n, 6, [], undefined, program);
      assert.deepEqual([await amountOf(from), await amountOf(to)], [749_999_999n, 250_000_001n]);
      const { meta } = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
      const ofFriend = (balances) => balances.find((balance) => balance.owner === friend.publicKey.toBase58());
      assert.deepEqual(ofFriend(meta.preTokenBalances).uiTokenAmount, { amount: "250000000", decimals: 6, uiAmount: 250, uiAmountString: "250" });
      assert.equal(ofFriend(meta.postTokenBalances).uiTokenAmount.uiAmountString, "250.000001");
      assert.deepEqual([ofFriend(meta.postTokenBalances).mint, ofFriend(meta.postTokenBalances).programId], [mint.toBase58(), program.toBase58()]);
    });

    await context.test("a transfer of more than there is fails with the program's error", async () => {
      await assert.rejects(transfer(connection, payer, from.address, to.address, owner, 10n ** 12n, [], undefined, program), /custom program error: 0x1/);
    });

    await context.test("a delegate may spend what was approved, and no more once it is revoked", async () => {
      const delegate = await funded(connection, 1);
      await approve(connection, payer, from.address, delegate.publicKey, owner, 5_000n, [], undefined, program);
      const { value } = await connection._rpcRequest("getTokenAccountsByDelegate", [delegate.publicKey.toBase58(), { mint: mint.toBase58() }, { encoding: "jsonParsed" }]).then(({ result }) => result);
      assert.equal(value[0].account.data.parsed.info.delegatedAmount.amount, "5000");
      await transfer(connection, payer, from.address, to.address, delegate, 2_000n, [], undefined, program);
      assert.equal((await getAccount(connection, from.address, undefined, program)).delegatedAmount, 3_000n);
      await revoke(connection, payer, from.address, owner, [], undefined, program);
      await assert.rejects(transfer(connection, payer, from.address, to.address, delegate, 1n, [], undefined, program));
    });

    await context.test("a frozen account neither gives nor takes", async () => {
      await freezeAccount(connection, payer, to.address, mint, payer, [], undefined, program);
      await assert.rejects(transfer(connection, payer, from.address, to.address, owner, 1n, [], undefined, program), /0x11/);
      await thawAccount(connection, payer, to.address, mint, payer, [], undefined, program);
      await transfer(connection, payer, from.address, to.address, owner, 1n, [], undefined, program);
    });

    await context.test("the node's own questions about tokens agree", async () => {
      const { value } = await connection.getTokenAccountsByOwner(owner.publicKey, { mint });
      assert.deepEqual(value.map(({ pubkey }) => pubkey.toBase58()), [from.address.toBase58()]);
      const parsed = await connection.getParsedTokenAccountsByOwner(owner.publicKey, { programId: program });
      const [{ account }] = parsed.value.filter(({ pubkey }) => pubkey.equals(from.address));
      assert.equal(account.data.parsed.info.tokenAmount.amount, `${await amountOf(from)}`);
      assert.equal((await connection.getTokenAccountBalance(from.address)).value.amount, `${await amountOf(from)}`);
      const largest = await connection.getTokenLargestAccounts(mint);
      assert.deepEqual(largest.value.map((one) => one.address.toBase58()), [from.address.toBase58(), to.address.toBase58()]);
      const info = await connection.getParsedAccountInfo(mint);
      assert.deepEqual([info.value.data.parsed.type, info.value.data.parsed.info.decimals], ["mint", 6]);
    });

    await context.test("burn all, close, and the rent comes back", async () => {
      await burn(connection, payer, from.address, mint, owner, await amountOf(from), [], undefined, program);
      const home = Keypair.generate().publicKey;
      const rent = await connection.getBalance(from.address);
      await closeAccount(connection, payer, from.address, home, owner, [], undefined, program);
      assert.equal(await connection.getBalance(home), rent);
      assert.equal(await connection.getAccountInfo(from.address), null);
    });

    await context.test("without its authority nothing more is minted", async () => {
      await setAuthority(connection, payer, mint, payer, AuthorityType.MintTokens, null, [], undefined, program);
      assert.equal((await getMint(connection, mint, undefined, program)).mintAuthority, null);
      await assert.rejects(mintTo(connection, payer, mint, to.address, payer, 1n, [], undefined, program));
    });
  });
}

test("wrapped SOL", async () => {
  const wrapped = await getOrCreateAssociatedTokenAccount(connection, payer, NATIVE_MINT, owner.publicKey);
  const wrap = new Transaction().add(
    SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: wrapped.address, lamports: 2_000_000_000 }),
    createSyncNativeInstruction(wrapped.address),
  );
  await sendAndConfirmTransaction(connection, wrap, [payer]);
  const account = await getAccount(connection, wrapped.address);
  assert.deepEqual([account.amount, account.isNative], [2_000_000_000n, true]);
  assert.equal((await connection.getTokenAccountBalance(wrapped.address)).value.uiAmountString, "2");
});
