"""Tokens with the `spl.token` that comes with solana-py, for both token programs."""

import unittest

from case import SOL, NodeCase
from solana.rpc.models import TokenAccountOpts
from solders.keypair import Keypair
from solders.system_program import CreateAccountParams, create_account
from spl.token.constants import MINT_LEN, TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID
from spl.token.instructions import (
    create_associated_token_account,
    get_associated_token_address,
    initialize_mint2,
    mint_to,
    transfer_checked,
)
from spl.token.models import InitializeMint2Params, MintToParams, TransferCheckedParams

DECIMALS = 6


class Tokens(NodeCase):
    async def check(self, program) -> None:
        payer, mint, friend = self.alice.pubkey(), Keypair(), Keypair().pubkey()
        rent = (await self.client.get_minimum_balance_for_rent_exemption(MINT_LEN)).value
        create = create_account(CreateAccountParams(
            from_pubkey=payer, to_pubkey=mint.pubkey(), lamports=rent, space=MINT_LEN, owner=program))
        initialize = initialize_mint2(InitializeMint2Params(
            decimals=DECIMALS, program_id=program, mint=mint.pubkey(), mint_authority=payer))
        await self.send([create, initialize], mint)

        source = get_associated_token_address(payer, mint.pubkey(), program)
        target = get_associated_token_address(friend, mint.pubkey(), program)
        owners = (payer, friend)
        await self.send([create_associated_token_account(payer, owner, mint.pubkey(), program) for owner in owners])
        await self.send([mint_to(MintToParams(
            program_id=program, mint=mint.pubkey(), dest=source, mint_authority=payer, amount=5_000_000))])
        await self.send([transfer_checked(TransferCheckedParams(
            program_id=program, source=source, mint=mint.pubkey(), dest=target, owner=payer, amount=1_500_000,
            decimals=DECIMALS))])

        self.assertEqual((await self.client.get_token_account_balance(target)).value.ui_amount_string, "1.5")
        self.assertEqual((await self.client.get_token_supply(mint.pubkey())).value.amount, "5000000")
        largest = (await self.client.get_token_largest_accounts(mint.pubkey())).value
        self.assertEqual([one.address for one in largest], [source, target])
        options = TokenAccountOpts(mint=mint.pubkey())
        held = (await self.client.get_token_accounts_by_owner(friend, options)).value
        self.assertEqual([one.pubkey for one in held], [target])
        parsed = (await self.client.get_token_accounts_by_owner_json_parsed(friend, options)).value
        self.assertEqual(parsed[0].account.data.parsed["info"]["tokenAmount"]["amount"], "1500000")
        self.assertGreater((await self.client.get_balance(source)).value, SOL // 1000)

    async def test_token_program(self) -> None:
        await self.check(TOKEN_PROGRAM_ID)

    async def test_token_2022(self) -> None:
        await self.check(TOKEN_2022_PROGRAM_ID)


if __name__ == "__main__":
    unittest.main()
