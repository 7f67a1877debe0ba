//! Associated token accounts, over both token programs: create, create idempotent, recover nested.

use super::{
    fees::{limit, program},
    system::transfer,
    token::{ACCOUNT_SPACE, Holding, Token, mint_data},
};
use crate::{
    case::{Case, Expect, SOL, account, address, instruction, r, rs, system_account, w, ws},
    environment::Environment,
};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::system_program;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for (prefix, name) in [("token", "spl_token"), ("token_2022", "spl_token_2022")] {
        let associated = Associated { prefix, token: Token { environment, program: program(name) } };
        cases.extend(associated.create());
        cases.extend(associated.create_existing());
        cases.extend(associated.create_malformed());
        cases.extend(associated.recover_nested());
    }
    cases
}

/// The address of the account that `wallet` holds `mint` in.
pub fn associated(wallet: &Address, token_program: &Address, mint: &Address) -> Address {
    let seeds = [wallet.as_ref(), token_program.as_ref(), mint.as_ref()];
    Address::find_program_address(&seeds, &program("spl_associated_token_account")).0
}

/// Create (empty data or 0) or create idempotent (1), paid by `payer`.
pub fn create_associated(token_program: Address, wallet: &str, mint: &str, data: &[u8]) -> Instruction {
    let (wallet, mint) = (address(wallet), address(mint));
    let target = associated(&wallet, &token_program, &mint);
    let accounts = vec![ws(address("payer")), w(target), r(wallet), r(mint), r(system_program::ID), r(token_program)];
    instruction(program("spl_associated_token_account"), accounts, data)
}

struct Associated<'a> {
    prefix: &'static str,
    token: Token<'a>,
}

impl Associated<'_> {
    fn case(&self, name: &str) -> Case {
        let mint = mint_data(Some(address("authority")), 1_050, 6, Some(address("freezer")));
        Case::new(self.token.environment, format!("{}_{name}", self.prefix))
            .lamports("wallet", SOL)
            .account(address("mint"), self.token.owned(mint.clone()))
            .account(address("other mint"), self.token.owned(mint))
            .account(address("source"), self.token.owned(Holding::new("mint", "owner", 1_000).to_data()))
    }

    fn target(&self) -> Address {
        associated(&address("wallet"), &self.token.program, &address("mint"))
    }

    fn make(&self, data: &[u8]) -> Instruction {
        create_associated(self.token.program, "wallet", "mint", data)
    }

    /// [`Self::make`] with one account replaced.
    fn with_account(&self, index: usize, meta: AccountMeta) -> Instruction {
        let mut instruction = self.make(&[0]);
        instruction.accounts[index] = meta;
        instruction
    }

    fn create(&self) -> Vec<Case> {
        let one = ["payer"];
        let exempt = self.token.environment.exempt(ACCOUNT_SPACE);
        let target = self.target();
        let prefunded = |name: &str, lamports: u64| self.case(name).account(target, system_account(lamports));
        let mint_to = self.token.ix(
            vec![w(address("mint")), w(target), rs(address("authority"))],
            [vec![7], 500u64.to_le_bytes().to_vec()].concat(),
        );
        let minimum = self.token.environment.exempt(0);
        vec![
            self.case("create").ok(&one, &[self.make(&[0])]),
            self.case("create_empty_data").ok(&one, &[self.make(&[])]),
            self.case("create_idempotent").ok(&one, &[self.make(&[1])]),
            self.case("create_for_missing_wallet")
                .ok(&one, &[create_associated(self.token.program, "nobody", "mint", &[0])]),
            self.case("create_two")
                .ok(&one, &[self.make(&[0]), create_associated(self.token.program, "wallet", "other mint", &[1])]),
            self.case("create_and_mint").ok(&["payer", "authority"], &[self.make(&[0]), mint_to]),
            self.case("create_funder_is_wallet")
                .ok(&one, &[create_associated(self.token.program, "payer", "mint", &[0])]),
            prefunded("create_prefunded", minimum).ok(&one, &[self.make(&[0])]),
            prefunded("create_prefunded_idempotent", minimum).ok(&one, &[self.make(&[1])]),
            prefunded("create_prefunded_fully", exempt * 2).ok(&one, &[self.make(&[0])]),
            self.case("create_funded_before").ok(&one, &[system_transfer_to(target, minimum), self.make(&[1])]),
            self.case("create_too_poor").lamports("payer", 1_000_000).fails(&one, &[self.make(&[0])]),
            self.case("create_left_below_minimum").lamports("payer", 5_000_000).legacy(
                Expect::Anything,
                &one,
                &[self.make(&[0])],
            ),
            self.case("create_compute_exhausted").fails(&one, &[limit(3_000), self.make(&[0])]),
            self.case("create_compute_exhausted_late").legacy(
                Expect::Anything,
                &one,
                &[limit(13_000), self.make(&[0])],
            ),
            self.case("create_then_fails").fails(&one, &[self.make(&[0]), transfer("payer", "wallet", 50 * SOL)]),
        ]
    }

    fn create_existing(&self) -> Vec<Case> {
        let one = ["payer"];
        let target = self.target();
        let held = |holding: &Holding| self.token.owned(holding.to_data());
        let own = Holding::new("mint", "wallet", 7);
        let other_owner = Holding::new("mint", "stranger", 7);
        let other_mint = Holding::new("other mint", "wallet", 7);
        let with = |name: &str, holding: &Holding| self.case(name).account(target, held(holding));
        vec![
            self.case("create_twice").ok(&one, &[self.make(&[0])]).fails(&one, &[self.make(&[0]), limit(90_000)]),
            self.case("create_idempotent_twice")
                .ok(&one, &[self.make(&[1])])
                .ok(&one, &[self.make(&[1]), limit(90_000)]),
            with("existing_create", &own).fails(&one, &[self.make(&[0])]),
            with("existing_idempotent", &own).ok(&one, &[self.make(&[1])]),
            with("existing_other_owner_idempotent", &other_owner).fails(&one, &[self.make(&[1])]),
            with("existing_other_mint_idempotent", &other_mint).fails(&one, &[self.make(&[1])]),
            self.case("existing_uninitialized_idempotent")
                .account(target, self.token.owned(vec![0; ACCOUNT_SPACE]))
                .fails(&one, &[self.make(&[1])]),
            self.case("existing_foreign_idempotent")
                .account(target, account(SOL, vec![1; 9], address("program")))
                .fails(&one, &[self.make(&[1])]),
            self.case("existing_foreign_create")
                .account(target, account(SOL, vec![1; 9], address("program")))
                .fails(&one, &[self.make(&[0])]),
        ]
    }

    fn create_malformed(&self) -> Vec<Case> {
        let one = ["payer"];
        let other_program = match self.prefix {
            "token" => program("spl_token_2022"),
            _ => program("spl_token"),
        };
        let crossed = create_associated(other_program, "wallet", "mint", &[0]);
        let few = Instruction { accounts: self.make(&[0]).accounts[..5].to_vec(), ..self.make(&[0]) };
        let extra = Instruction {
            accounts: [self.make(&[0]).accounts, vec![r(solana_sdk_ids::sysvar::rent::ID)]].concat(),
            ..self.make(&[0])
        };
        vec![
            self.case("wrong_address").fails(&one, &[self.with_account(1, w(address("elsewhere")))]),
            self.case("wrong_address_is_source").fails(&one, &[self.with_account(1, w(address("source")))]),
            self.case("wrong_mint").fails(&one, &[self.with_account(3, r(address("other mint")))]),
            self.case("mint_missing").fails(&one, &[create_associated(self.token.program, "wallet", "no mint", &[0])]),
            self.case("mint_is_account")
                .fails(&one, &[create_associated(self.token.program, "wallet", "source", &[0])]),
            self.case("mint_system_owned")
                .fails(&one, &[create_associated(self.token.program, "wallet", "wallet", &[0])]),
            self.case("other_token_program").fails(&one, &[crossed]),
            self.case("wrong_system_program").fails(&one, &[self.with_account(4, r(address("program")))]),
            self.case("funder_not_signer").fails(&one, &[self.with_account(0, w(address("wallet")))]),
            self.case("funder_readonly").fails(&["payer", "wallet"], &[self.with_account(0, rs(address("wallet")))]),
            self.case("target_readonly").fails(&one, &[self.with_account(1, r(self.target()))]),
            self.case("too_few_accounts").fails(&one, &[few]),
            self.case("extra_account").ok(&one, &[extra]),
            self.case("unknown_instruction").fails(&one, &[self.make(&[3])]),
            self.case("trailing_data").legacy(Expect::Anything, &one, &[self.make(&[0, 1])]),
        ]
    }

    fn recover_nested(&self) -> Vec<Case> {
        let token = self.token.program;
        let (wallet, mint, nested_mint) = (address("wallet"), address("mint"), address("other mint"));
        let owner_account = associated(&wallet, &token, &mint);
        let nested = associated(&owner_account, &token, &nested_mint);
        let destination = associated(&wallet, &token, &nested_mint);
        let accounts =
            move || vec![w(nested), r(nested_mint), w(destination), r(owner_account), r(mint), ws(wallet), r(token)];
        let recover = |accounts| instruction(program("spl_associated_token_account"), accounts, [2]);
        let replaced = |index: usize, meta: AccountMeta| {
            let mut accounts = accounts();
            accounts[index] = meta;
            recover(accounts)
        };
        let hold = |mint: &str, owner: Address, amount: u64| {
            self.token.owned(Holding { owner, ..Holding::new(mint, "wallet", amount) }.to_data())
        };
        let case = |name: &str| {
            self.case(name)
                .account(owner_account, hold("mint", wallet, 3))
                .account(nested, hold("other mint", owner_account, 44))
                .account(destination, hold("other mint", wallet, 2))
        };
        let both = ["payer", "wallet"];
        vec![
            case("recover_nested").ok(&both, &[recover(accounts())]),
            case("recover_nested_empty")
                .account(nested, hold("other mint", owner_account, 0))
                .ok(&both, &[recover(accounts())]),
            case("recover_nested_twice")
                .ok(&both, &[recover(accounts())])
                .fails(&both, &[recover(accounts()), limit(100_000)]),
            case("recover_nested_not_signed").fails(&["payer"], &[replaced(5, w(wallet))]),
            case("recover_nested_other_wallet").fails(&["payer", "stranger"], &[replaced(5, ws(address("stranger")))]),
            case("recover_nested_wrong_destination").fails(&both, &[replaced(2, w(address("source")))]),
            case("recover_nested_wrong_nested").fails(&both, &[replaced(0, w(destination))]),
            case("recover_nested_wrong_mint").fails(&both, &[replaced(1, r(mint))]),
            case("recover_nested_owner_changed")
                .account(owner_account, hold("mint", address("stranger"), 3))
                .fails(&both, &[recover(accounts())]),
            case("recover_nested_not_nested")
                .account(nested, hold("other mint", wallet, 44))
                .fails(&both, &[recover(accounts())]),
            case("recover_nested_missing").account(nested, system_account(SOL)).fails(&both, &[recover(accounts())]),
            case("recover_nested_few_accounts").fails(&both, &[recover(accounts()[..6].to_vec())]),
        ]
    }
}

fn system_transfer_to(to: Address, lamports: u64) -> Instruction {
    let data = solana_system_interface::instruction::SystemInstruction::Transfer { lamports };
    super::system::system(&data, vec![ws(address("payer")), w(to)])
}
