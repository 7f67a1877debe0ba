"""What the tests share: one node for each class of tests, a client for each test, accounts with SOL."""

import logging
import unittest

from node import Node
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.transaction import VersionedTransaction

# unittest turns on asyncio's debug mode, which reports every step of the client's own that takes its time.
logging.getLogger("asyncio").setLevel(logging.ERROR)

SOL = 1_000_000_000


class NodeCase(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.node = Node()
        cls.addClassCleanup(cls.node.stop)

    async def asyncSetUp(self) -> None:
        self.client = AsyncClient(self.node.url, commitment=Confirmed)
        self.addAsyncCleanup(self.client.close)
        self.alice = Keypair()
        await self.airdrop(self.alice, 10)

    async def airdrop(self, to: Keypair, sol: int) -> None:
        signature = (await self.client.request_airdrop(to.pubkey(), sol * SOL)).value
        status = (await self.client.confirm_transaction(signature)).value[0]
        self.assertIsNone(status.err)

    async def signed(self, instructions, *signers: Keypair) -> VersionedTransaction:
        """A transaction that alice pays for."""
        blockhash = (await self.client.get_latest_blockhash()).value.blockhash
        message = MessageV0.try_compile(self.alice.pubkey(), instructions, [], blockhash)
        return VersionedTransaction(message, [self.alice, *signers])

    async def send(self, instructions, *signers: Keypair):
        """Sends and confirms; the signature."""
        signature = (await self.client.send_transaction(await self.signed(instructions, *signers))).value
        status = (await self.client.confirm_transaction(signature)).value[0]
        self.assertIsNone(status.err)
        return signature
