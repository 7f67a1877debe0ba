"""Subscriptions with solana-py's SolanaWsClient."""

import asyncio
import unittest

from case import SOL, NodeCase
from solana.rpc.commitment import Confirmed
from solana.rpc.websocket_api import SolanaWsClient
from solders.keypair import Keypair
from solders.rpc.config import RpcTransactionLogsFilterMentions
from solders.system_program import TransferParams, transfer

SECONDS_MAX = 30


class Subscriptions(NodeCase):
    async def pay(self, to, lamports: int):
        return await self.send([transfer(TransferParams(from_pubkey=self.alice.pubkey(), to_pubkey=to, lamports=lamports))])

    async def test_account_and_unsubscribe(self) -> None:
        bob = Keypair().pubkey()
        async with SolanaWsClient(self.node.websocket_url) as websocket:
            subscription = await websocket.account_subscribe(pubkey=bob, commitment=Confirmed, encoding="base64")
            # Amounts differ: two transactions that are equal are one.
            for lamports, total in ((SOL, SOL), (SOL + 1, 2 * SOL + 1)):
                await self.pay(bob, lamports)
                notice = await asyncio.wait_for(websocket.recv(), SECONDS_MAX)
                self.assertEqual(notice.result.value.lamports, total)
            await websocket.unsubscribe(subscription)
            await self.pay(bob, SOL + 2)
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(websocket.recv(), 2)

    async def test_logs(self) -> None:
        bob = Keypair().pubkey()
        async with SolanaWsClient(self.node.websocket_url) as websocket:
            await websocket.logs_subscribe(filter_=RpcTransactionLogsFilterMentions(bob), commitment=Confirmed)
            signature = await self.pay(bob, SOL)
            notice = await asyncio.wait_for(websocket.recv(), SECONDS_MAX)
            self.assertEqual((notice.result.value.signature, notice.result.value.err), (signature, None))
            self.assertEqual(len(notice.result.value.logs), 2)

    async def test_signature(self) -> None:
        async with SolanaWsClient(self.node.websocket_url) as websocket:
            transaction = await self.signed([transfer(TransferParams(
                from_pubkey=self.alice.pubkey(), to_pubkey=Keypair().pubkey(), lamports=SOL))])
            await websocket.signature_subscribe(signature=transaction.signatures[0], commitment=Confirmed)
            await self.client.send_transaction(transaction)
            notice = await asyncio.wait_for(websocket.recv(), SECONDS_MAX)
            self.assertIsNone(notice.result.value.err)

    async def test_slot_and_root(self) -> None:
        async with SolanaWsClient(self.node.websocket_url) as websocket:
            await websocket.slot_subscribe()
            await websocket.root_subscribe()
            kinds = set()
            while len(kinds) < 2:
                kinds.add(type(await asyncio.wait_for(websocket.recv(), SECONDS_MAX)).__name__)
            self.assertEqual(kinds, {"SlotNotification", "RootNotification"})


if __name__ == "__main__":
    unittest.main()
