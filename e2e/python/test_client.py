"""solana-py's AsyncClient with solders, which reads every answer into types of its own."""

import asyncio
import unittest

from case import SOL, NodeCase
from solana.rpc.core import RPCException
from solana.rpc.models import TxOpts
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction, VersionedTransaction
from solders.transaction_status import TransactionConfirmationStatus
from spl.memo.instructions import create_memo
from spl.memo.models import MemoParams

MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")


def pay(source: Keypair, to: Pubkey, lamports: int):
    return transfer(TransferParams(from_pubkey=source.pubkey(), to_pubkey=to, lamports=lamports))


class Transfers(NodeCase):
    async def test_airdrop(self) -> None:
        self.assertTrue(await self.client.is_connected())
        self.assertEqual((await self.client.get_balance(self.alice.pubkey())).value, 10 * SOL)

    async def test_transfer_and_statuses(self) -> None:
        bob = Keypair().pubkey()
        signature = await self.send([pay(self.alice, bob, SOL)])
        self.assertEqual((await self.client.get_balance(bob)).value, SOL)
        self.assertEqual((await self.client.get_balance(self.alice.pubkey())).value, 9 * SOL - 5_000)
        known, unknown = (await self.client.get_signature_statuses([signature, Signature.default()])).value
        self.assertEqual(known.confirmation_status, TransactionConfirmationStatus.Finalized)
        self.assertIsNone(unknown)

    async def test_legacy_transaction_sent_and_confirmed_by_the_client(self) -> None:
        bob = Keypair().pubkey()
        latest = (await self.client.get_latest_blockhash()).value
        message = Message([pay(self.alice, bob, SOL)], self.alice.pubkey())
        transaction = Transaction([self.alice], message, latest.blockhash)
        options = TxOpts(skip_confirmation=False, last_valid_block_height=latest.last_valid_block_height)
        await self.client.send_raw_transaction(bytes(transaction), options)
        self.assertEqual((await self.client.get_balance(bob)).value, SOL)

    async def test_transaction_in_each_encoding(self) -> None:
        bob = Keypair().pubkey()
        memo = create_memo(MemoParams(program_id=MEMO, signer=self.alice.pubkey(), message=b"py"))
        sent = await self.signed([pay(self.alice, bob, SOL), memo])
        signature = (await self.client.send_transaction(sent)).value
        await self.client.confirm_transaction(signature)
        for encoding in ("base58", "base64"):
            found = (await self.client.get_transaction(signature, encoding, max_supported_transaction_version=0)).value
            self.assertEqual(found.transaction.transaction, sent, encoding)
        for encoding in ("json", "jsonParsed"):
            found = (await self.client.get_transaction(signature, encoding, max_supported_transaction_version=0)).value
            self.assertEqual(found.transaction.transaction.signatures, [signature])
            self.assertEqual(found.transaction.meta.fee, 5_000)
            self.assertIsNone(found.transaction.meta.err)
            self.assertIn('Program log: Memo (len 2): "py"', found.transaction.meta.log_messages)
        first = found.transaction.transaction.message.instructions[0]
        self.assertEqual((first.program, first.parsed["type"]), ("system", "transfer"))
        slot = found.slot
        for encoding in ("base58", "base64", "json", "jsonParsed"):
            block = (await self.client.get_block(slot, encoding, max_supported_transaction_version=0)).value
            self.assertGreaterEqual(len(block.transactions), 1, encoding)

    async def test_signatures_for_address(self) -> None:
        bob = Keypair().pubkey()
        sent = [await self.send([pay(self.alice, bob, SOL + index)]) for index in range(3)]
        found = (await self.client.get_signatures_for_address(bob)).value
        self.assertEqual([one.signature for one in found], sent[::-1])
        older = (await self.client.get_signatures_for_address(bob, before=sent[2], limit=1)).value
        self.assertEqual([one.signature for one in older], [sent[1]])

    async def test_simulation(self) -> None:
        bob = Keypair().pubkey()
        transaction = await self.signed([pay(self.alice, bob, SOL)])
        simulated = (await self.client.simulate_transaction(transaction, sig_verify=True, accounts_addresses=[bob])).value
        self.assertIsNone(simulated.err)
        self.assertEqual(simulated.units_consumed, 150)
        self.assertEqual(simulated.accounts[0].lamports, SOL)
        self.assertEqual(len(simulated.logs), 2)
        unsigned = VersionedTransaction.populate(transaction.message, [Signature.default()])
        replaced = (await self.client.simulate_transaction(unsigned, replace_recent_blockhash=True, inner_instructions=True)).value
        self.assertIsNone(replaced.err)
        failing = (await self.client.simulate_transaction(await self.signed([pay(self.alice, bob, 100 * SOL)]))).value
        self.assertIn("InstructionError", type(failing.err).__name__)

    async def test_refused_by_preflight(self) -> None:
        transaction = await self.signed([pay(self.alice, Keypair().pubkey(), 100 * SOL)])
        with self.assertRaises(RPCException) as caught:
            await self.client.send_transaction(transaction)
        self.assertIn("custom program error: 0x1", str(caught.exception))


class Methods(NodeCase):
    """Answers that solders can read are answers of the right shape."""

    async def test_chain(self) -> None:
        client = self.client
        self.assertEqual(str((await client.get_genesis_hash()).value), self.node.genesis_hash)
        self.assertEqual(str((await client.get_identity()).value.identity), self.node.identity)
        slot = (await client.get_slot()).value
        self.assertGreater(slot, 0)
        # Counts blockhashes, of which there may be none yet where blocks come faster.
        while (await client.get_block_height()).value == 0:
            await asyncio.sleep(0.05)
        self.assertEqual((await client.get_blocks(0, 1)).value, [0, 1])
        self.assertIsNotNone((await client.get_block_time(1)).value)
        self.assertEqual((await client.get_epoch_info()).value.slots_in_epoch, 432_000)
        self.assertEqual((await client.get_epoch_schedule()).value.slots_per_epoch, 432_000)
        self.assertEqual((await client.get_first_available_block()).value, 0)
        self.assertEqual((await client.get_minimum_ledger_slot()).value, 0)
        self.assertGreater((await client.get_transaction_count()).value, 0)
        self.assertGreater((await client.get_minimum_balance_for_rent_exemption(165)).value, 165)
        self.assertTrue((await client.get_version()).value.solana_core)
        message = (await self.signed([pay(self.alice, self.alice.pubkey(), 1)])).message
        self.assertEqual((await client.get_fee_for_message(message)).value, 5_000)

    async def test_cluster(self) -> None:
        client = self.client
        self.assertEqual(str((await client.get_cluster_nodes()).value[0].pubkey), self.node.identity)
        self.assertEqual(str((await client.get_slot_leader()).value), self.node.identity)
        self.assertEqual(len((await client.get_slot_leaders(0, 3)).value), 3)
        self.assertEqual(len((await client.get_leader_schedule()).value), 1)
        self.assertIsNotNone((await client.get_vote_accounts()).value)
        self.assertIsNotNone(await client.get_block_commitment(1))
        self.assertIsNotNone((await client.get_recent_performance_samples(3)).value)
        self.assertIsNotNone((await client.get_recent_prioritization_fees()).value)

    async def test_economics(self) -> None:
        client = self.client
        self.assertGreater((await client.get_supply()).value.total, 0)
        self.assertGreater(len((await client.get_largest_accounts()).value), 0)
        self.assertIsNotNone((await client.get_inflation_governor()).value)
        self.assertIsNotNone((await client.get_inflation_rate()).value)
        self.assertEqual((await client.get_inflation_reward([self.alice.pubkey()], 0)).value, [None])

    async def test_accounts(self) -> None:
        keys = [self.alice.pubkey(), MEMO, Keypair().pubkey()]
        alice, memo, nobody = (await self.client.get_multiple_accounts(keys)).value
        self.assertEqual((alice.lamports, nobody), (10 * SOL, None))
        self.assertTrue(memo.executable and memo.data.startswith(b"\x7fELF"))
        for encoding in ("base64", "base64+zstd"):
            account = (await self.client.get_account_info(MEMO, encoding=encoding)).value
            self.assertEqual(account.data, memo.data, encoding)


if __name__ == "__main__":
    unittest.main()
