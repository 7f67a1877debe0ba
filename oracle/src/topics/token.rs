//! SPL Token (p-token): every instruction, in success and in its ways to fail. The shared part runs on Token-2022 too.

use super::fees::{limit, program};
use crate::{
    case::{Case, Expect, SOL, account, address, instruction, r, rs, system_account, w, ws},
    environment::Environment,
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::{system_program, sysvar};

/// Bytes of a mint.
pub const MINT_SPACE: usize = 82;
/// Bytes of a token account.
pub const ACCOUNT_SPACE: usize = 165;
const MULTISIG_SPACE: usize = 355;
const DECIMALS: u8 = 6;
const NATIVE_MINT: Address = Address::from_str_const("So11111111111111111111111111111111111111112");

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let token = Token { environment, program: program("spl_token") };
    let mut cases = token.shared_cases();
    cases.extend(token.native());
    cases.extend(token.batch());
    cases.extend(token.excess_lamports());
    cases
}

/// One of the token programs, with builders for its accounts and instructions.
#[derive(Clone, Copy)]
pub struct Token<'a> {
    pub environment: &'a Environment,
    pub program: Address,
}

/// State bytes of a token account.
#[derive(Clone)]
pub struct Holding {
    pub mint: Address,
    pub owner: Address,
    pub amount: u64,
    pub delegate: Option<(Address, u64)>,
    /// 0 uninitialized, 1 initialized, 2 frozen.
    pub state: u8,
    pub native_reserve: Option<u64>,
    pub close_authority: Option<Address>,
}

impl Holding {
    /// `amount` of the mint called `mint`, held by the owner called `owner`.
    pub fn new(mint: &str, owner: &str, amount: u64) -> Self {
        Self {
            mint: address(mint),
            owner: address(owner),
            amount,
            delegate: None,
            state: 1,
            native_reserve: None,
            close_authority: None,
        }
    }

    /// The account's 165 bytes.
    pub fn to_data(&self) -> Vec<u8> {
        let delegate = self.delegate.map(|(delegate, _)| delegate);
        let mut data = [self.mint.to_bytes(), self.owner.to_bytes()].concat();
        data.extend(self.amount.to_le_bytes());
        data.extend(coption(delegate));
        data.push(self.state);
        data.extend(u32::from(self.native_reserve.is_some()).to_le_bytes());
        data.extend(self.native_reserve.unwrap_or(0).to_le_bytes());
        data.extend(self.delegate.map_or(0, |(_, amount)| amount).to_le_bytes());
        data.extend(coption(self.close_authority));
        data
    }
}

/// A mint's 82 bytes.
pub fn mint_data(authority: Option<Address>, supply: u64, decimals: u8, freezer: Option<Address>) -> Vec<u8> {
    [coption(authority), supply.to_le_bytes().to_vec(), vec![decimals, 1], coption(freezer)].concat()
}

fn coption(value: Option<Address>) -> Vec<u8> {
    [u32::from(value.is_some()).to_le_bytes().to_vec(), value.unwrap_or_default().to_bytes().to_vec()].concat()
}

fn option(value: Option<Address>) -> Vec<u8> {
    value.map_or(vec![0], |value| [vec![1], value.to_bytes().to_vec()].concat())
}

fn amount(tag: u8, amount: u64) -> Vec<u8> {
    [vec![tag], amount.to_le_bytes().to_vec()].concat()
}

fn checked(tag: u8, units: u64, decimals: u8) -> Vec<u8> {
    [amount(tag, units), vec![decimals]].concat()
}

impl<'a> Token<'a> {
    /// An instruction of this program.
    pub fn ix(&self, accounts: Vec<AccountMeta>, data: impl Into<Vec<u8>>) -> Instruction {
        instruction(self.program, accounts, data)
    }

    /// A rent-exempt account of this program.
    pub fn owned(&self, data: Vec<u8>) -> Account {
        account(self.environment.exempt(data.len()), data, self.program)
    }

    /// Transfer between named accounts.
    pub fn transfer(&self, from: &str, to: &str, authority: &str, units: u64) -> Instruction {
        self.ix(vec![w(address(from)), w(address(to)), rs(address(authority))], amount(3, units))
    }

    /// TransferChecked between named accounts.
    pub fn transfer_checked(&self, from: &str, to: &str, authority: &str, units: u64, decimals: u8) -> Instruction {
        let accounts = vec![w(address(from)), r(address("mint")), w(address(to)), rs(address(authority))];
        self.ix(accounts, checked(12, units, decimals))
    }

    /// MintTo a named account.
    pub fn mint_to(&self, mint: &str, to: &str, authority: &str, units: u64) -> Instruction {
        self.ix(vec![w(address(mint)), w(address(to)), rs(address(authority))], amount(7, units))
    }

    /// Burn from a named account.
    pub fn burn(&self, from: &str, mint: &str, authority: &str, units: u64) -> Instruction {
        self.ix(vec![w(address(from)), w(address(mint)), rs(address(authority))], amount(8, units))
    }

    /// Approve a named delegate.
    pub fn approve(&self, from: &str, delegate: &str, owner: &str, units: u64) -> Instruction {
        self.ix(vec![w(address(from)), r(address(delegate)), rs(address(owner))], amount(4, units))
    }

    /// Revoke.
    pub fn revoke(&self, from: &str, owner: &str) -> Instruction {
        self.ix(vec![w(address(from)), rs(address(owner))], [5])
    }

    /// SetAuthority; 0 mint, 1 freeze, 2 owner, 3 close.
    pub fn set_authority(&self, of: &str, by: &str, kind: u8, to: Option<Address>) -> Instruction {
        self.ix(vec![w(address(of)), rs(address(by))], [vec![6, kind], option(to)].concat())
    }

    /// CloseAccount.
    pub fn close(&self, of: &str, to: &str, authority: &str) -> Instruction {
        self.ix(vec![w(address(of)), w(address(to)), rs(address(authority))], [9])
    }

    /// FreezeAccount (10) or ThawAccount (11).
    pub fn freeze(&self, tag: u8, of: &str, mint: &str, authority: &str) -> Instruction {
        self.ix(vec![w(address(of)), r(address(mint)), rs(address(authority))], [tag])
    }

    /// InitializeMint2.
    pub fn initialize_mint(&self, mint: &str, authority: &str, freezer: Option<&str>) -> Instruction {
        let data = [vec![20, DECIMALS], address(authority).to_bytes().to_vec(), option(freezer.map(address))];
        self.ix(vec![w(address(mint))], data.concat())
    }

    /// InitializeAccount3.
    pub fn initialize_account(&self, of: &str, mint: &str, owner: &str) -> Instruction {
        let data = [vec![18], address(owner).to_bytes().to_vec()].concat();
        self.ix(vec![w(address(of)), r(address(mint))], data)
    }

    /// SyncNative.
    pub fn sync_native(&self, of: &str) -> Instruction {
        self.ix(vec![w(address(of))], [17])
    }

    /// Creates an account of this program, paid by `payer`.
    pub fn create(&self, name: &str, space: usize) -> Instruction {
        super::system::create("payer", name, self.environment.exempt(space), space as u64, self.program)
    }

    /// Mint, source (owner: 1,000 units), destination (other owner: 50), and a stranger, all ready.
    pub fn case(&self, name: &str) -> Case {
        let mint = mint_data(Some(address("authority")), 1_050, DECIMALS, Some(address("freezer")));
        Case::new(self.environment, name)
            .account(address("mint"), self.owned(mint.clone()))
            .account(address("other mint"), self.owned(mint))
            .account(address("source"), self.owned(Holding::new("mint", "owner", 1_000).to_data()))
            .account(address("destination"), self.owned(Holding::new("mint", "other owner", 50).to_data()))
            .account(address("foreign"), self.owned(Holding::new("other mint", "owner", 70).to_data()))
    }

    fn with(&self, name: &str, holding: &Holding) -> Case {
        self.case(name).account(address("source"), self.owned(holding.to_data()))
    }

    /// The cases that both token programs run.
    pub fn shared_cases(&self) -> Vec<Case> {
        let mut cases = self.initialize_mints();
        cases.extend(self.initialize_accounts());
        cases.extend(self.transfers());
        cases.extend(self.checked_transfers());
        cases.extend(self.delegates());
        cases.extend(self.minting());
        cases.extend(self.burning());
        cases.extend(self.authorities());
        cases.extend(self.closing());
        cases.extend(self.freezing());
        cases.extend(self.multisigs());
        cases.extend(self.amounts());
        cases.extend(self.malformed());
        cases
    }

    fn initialize_mints(&self) -> Vec<Case> {
        let case = |name: &str| Case::new(self.environment, name);
        let blank = |name: &str, space: usize| case(name).account(address("mint"), self.owned(vec![0; space]));
        let old = |rent: Address| {
            let data = [vec![0, 9], address("authority").to_bytes().to_vec(), vec![0]].concat();
            self.ix(vec![w(address("mint")), r(rent)], data)
        };
        let both = ["payer", "mint"];
        let mint = || self.initialize_mint("mint", "authority", Some("freezer"));
        vec![
            case("create_mint").ok(&both, &[self.create("mint", MINT_SPACE), mint()]),
            case("create_mint_no_freezer")
                .ok(&both, &[self.create("mint", MINT_SPACE), self.initialize_mint("mint", "authority", None)]),
            blank("initialize_mint_old", MINT_SPACE).ok(&["payer"], &[old(sysvar::rent::ID)]),
            blank("initialize_mint_old_wrong_rent", MINT_SPACE).fails(&["payer"], &[old(sysvar::clock::ID)]),
            blank("initialize_mint_twice", MINT_SPACE)
                .ok(&["payer"], &[mint()])
                .fails(&["payer"], &[self.initialize_mint("mint", "authority", None)]),
            blank("initialize_mint_small", MINT_SPACE - 1).fails(&["payer"], &[mint()]),
            blank("initialize_mint_large", MINT_SPACE + 1).fails(&["payer"], &[mint()]),
            case("initialize_mint_poor")
                .account(address("mint"), account(1_000, vec![0; MINT_SPACE], self.program))
                .fails(&["payer"], &[mint()]),
            case("initialize_mint_foreign")
                .account(address("mint"), account(SOL, vec![0; MINT_SPACE], address("program")))
                .fails(&["payer"], &[mint()]),
            case("initialize_mint_missing").fails(&["payer"], &[mint()]),
            blank("initialize_mint_readonly", MINT_SPACE)
                .fails(&["payer"], &[Instruction { accounts: vec![r(address("mint"))], ..mint() }]),
            blank("initialize_mint_no_accounts", MINT_SPACE)
                .fails(&["payer"], &[Instruction { accounts: vec![], ..mint() }]),
        ]
    }

    fn initialize_accounts(&self) -> Vec<Case> {
        let blank = |name: &str, space: usize| {
            self.case(name).account(address("new"), self.owned(vec![0; space])) //
        };
        let new = || w(address("new"));
        let rent = || r(sysvar::rent::ID);
        let owner = address("owner");
        let first = self.ix(vec![new(), r(address("mint")), r(owner), rent()], [1]);
        let second = self.ix(vec![new(), r(address("mint")), rent()], [vec![16], owner.to_bytes().to_vec()].concat());
        let third = || self.initialize_account("new", "mint", "owner");
        let immutable = || self.ix(vec![new()], [22]);
        let size = |mint: &str| self.ix(vec![r(address(mint))], [21]);
        vec![
            self.case("create_account").ok(&["payer", "new"], &[self.create("new", ACCOUNT_SPACE), third()]),
            blank("initialize_account", ACCOUNT_SPACE).ok(&["payer"], &[first.clone()]),
            blank("initialize_account2", ACCOUNT_SPACE).ok(&["payer"], &[second]),
            blank("initialize_account3", ACCOUNT_SPACE).ok(&["payer"], &[third()]),
            blank("initialize_account_twice", ACCOUNT_SPACE)
                .ok(&["payer"], &[third()])
                .fails(&["payer"], &[third(), limit(50_000)]),
            blank("initialize_account_small", ACCOUNT_SPACE - 1).fails(&["payer"], &[third()]),
            blank("initialize_account_large", ACCOUNT_SPACE + 1).legacy(Expect::Anything, &["payer"], &[third()]),
            blank("initialize_account_no_mint", ACCOUNT_SPACE)
                .fails(&["payer"], &[self.initialize_account("new", "payer", "owner")]),
            blank("initialize_account_mint_is_account", ACCOUNT_SPACE)
                .fails(&["payer"], &[self.initialize_account("new", "source", "owner")]),
            blank("initialize_account_blank_mint", ACCOUNT_SPACE)
                .account(address("blank"), self.owned(vec![0; MINT_SPACE]))
                .fails(&["payer"], &[self.initialize_account("new", "blank", "owner")]),
            self.case("initialize_account_poor")
                .account(address("new"), account(9_000, vec![0; ACCOUNT_SPACE], self.program))
                .fails(&["payer"], &[third()]),
            self.case("initialize_account_foreign")
                .account(address("new"), account(SOL, vec![0; ACCOUNT_SPACE], address("program")))
                .fails(&["payer"], &[third()]),
            blank("initialize_account_without_rent", ACCOUNT_SPACE)
                .fails(&["payer"], &[Instruction { accounts: first.accounts[..3].to_vec(), ..first }]),
            blank("initialize_immutable_owner", ACCOUNT_SPACE).legacy(
                Expect::Anything,
                &["payer"],
                &[immutable(), third()],
            ),
            blank("initialize_immutable_owner_after", ACCOUNT_SPACE).fails(&["payer"], &[third(), immutable()]),
            self.case("account_size").ok(&["payer"], &[size("mint")]),
            self.case("account_size_no_mint").fails(&["payer"], &[size("source")]),
            self.case("account_size_foreign").fails(&["payer"], &[size("payer")]),
        ]
    }

    fn transfers(&self) -> Vec<Case> {
        let both = ["payer", "owner"];
        let pay = |units| self.transfer("source", "destination", "owner", units);
        let holding = || Holding::new("mint", "owner", 1_000);
        let not_signed =
            self.ix(vec![w(address("source")), w(address("destination")), r(address("owner"))], amount(3, 5));
        let readonly =
            self.ix(vec![r(address("source")), w(address("destination")), rs(address("owner"))], amount(3, 5));
        let readonly_to =
            self.ix(vec![w(address("source")), r(address("destination")), rs(address("owner"))], amount(3, 5));
        let frozen_to = Holding { state: 2, ..Holding::new("mint", "other owner", 50) };
        vec![
            self.case("transfer").ok(&both, &[pay(100)]),
            self.case("transfer_all").ok(&both, &[pay(1_000)]),
            self.case("transfer_zero").ok(&both, &[pay(0)]),
            self.case("transfer_self").ok(&both, &[self.transfer("source", "source", "owner", 10)]),
            self.case("transfer_self_too_much").fails(&both, &[self.transfer("source", "source", "owner", 1_001)]),
            self.case("transfer_too_much").fails(&both, &[pay(1_001)]),
            self.case("transfer_many").ok(&both, &[pay(1), pay(2), pay(3), pay(4)]),
            self.case("transfer_then_fail").fails(&both, &[pay(600), pay(600)]),
            self.case("transfer_other_mint").fails(&both, &[self.transfer("source", "foreign", "owner", 5)]),
            self.case("transfer_stranger")
                .fails(&["payer", "stranger"], &[self.transfer("source", "destination", "stranger", 5)]),
            self.case("transfer_not_signed").fails(&["payer"], &[not_signed]),
            self.case("transfer_readonly_source").fails(&both, &[readonly]),
            self.case("transfer_readonly_destination").fails(&both, &[readonly_to]),
            self.case("transfer_to_missing").fails(&both, &[self.transfer("source", "nowhere", "owner", 5)]),
            self.case("transfer_to_system_account").fails(&both, &[self.transfer("source", "payer", "owner", 5)]),
            self.case("transfer_to_mint").fails(&both, &[self.transfer("source", "mint", "owner", 5)]),
            self.case("transfer_from_blank")
                .account(address("blank"), self.owned(vec![0; ACCOUNT_SPACE]))
                .fails(&both, &[self.transfer("blank", "destination", "owner", 0)]),
            self.case("transfer_to_blank")
                .account(address("blank"), self.owned(vec![0; ACCOUNT_SPACE]))
                .fails(&both, &[self.transfer("source", "blank", "owner", 5)]),
            self.case("transfer_from_foreign_program")
                .account(address("source"), account(SOL, holding().to_data(), address("program")))
                .fails(&both, &[pay(5)]),
            self.with("transfer_from_frozen", &Holding { state: 2, ..holding() }).fails(&both, &[pay(5)]),
            self.case("transfer_to_frozen")
                .account(address("destination"), self.owned(frozen_to.to_data()))
                .fails(&both, &[pay(5)]),
            self.with("transfer_bad_state", &Holding { state: 3, ..holding() }).fails(&both, &[pay(5)]),
            self.case("transfer_overflow")
                .account(address("destination"), self.owned(Holding::new("mint", "other owner", u64::MAX).to_data()))
                .legacy(Expect::Anything, &both, &[pay(5)]),
            self.case("transfer_owner_pays_fee")
                .lamports("owner", SOL)
                .ok(&["owner"], &[self.transfer("source", "destination", "owner", 5)]),
            self.case("transfer_compute_exhausted").fails(&both, &[limit(200), pay(5)]),
            self.case("transfer_too_few_accounts")
                .fails(&["payer"], &[self.ix(vec![w(address("source")), w(address("destination"))], amount(3, 5))]),
        ]
    }

    fn checked_transfers(&self) -> Vec<Case> {
        let both = ["payer", "owner"];
        let pay = |units, decimals| self.transfer_checked("source", "destination", "owner", units, decimals);
        let through = |mint: &str| {
            self.ix(
                vec![w(address("source")), r(address(mint)), w(address("destination")), rs(address("owner"))],
                checked(12, 5, DECIMALS),
            )
        };
        vec![
            self.case("transfer_checked").ok(&both, &[pay(100, DECIMALS)]),
            self.case("transfer_checked_decimals").fails(&both, &[pay(100, DECIMALS + 1)]),
            self.case("transfer_checked_too_much").fails(&both, &[pay(1_001, DECIMALS)]),
            self.case("transfer_checked_other_mint").fails(&both, &[through("other mint")]),
            self.case("transfer_checked_no_mint").fails(&both, &[through("payer")]),
            self.case("transfer_checked_self")
                .ok(&both, &[self.transfer_checked("source", "source", "owner", 100, DECIMALS)]),
            self.case("transfer_checked_self_decimals")
                .fails(&both, &[self.transfer_checked("source", "source", "owner", 100, 0)]),
        ]
    }

    fn delegates(&self) -> Vec<Case> {
        let both = ["payer", "owner"];
        let by = ["payer", "delegate"];
        let delegated =
            || Holding { delegate: Some((address("delegate"), 100)), ..Holding::new("mint", "owner", 1_000) };
        let pay = |units| self.transfer("source", "destination", "delegate", units);
        let approve_checked = |decimals| {
            let accounts = vec![w(address("source")), r(address("mint")), r(address("delegate")), rs(address("owner"))];
            self.ix(accounts, checked(13, 60, decimals))
        };
        vec![
            self.case("approve").ok(&both, &[self.approve("source", "delegate", "owner", 60)]),
            self.case("approve_more_than_balance").ok(&both, &[self.approve("source", "delegate", "owner", u64::MAX)]),
            self.case("approve_stranger")
                .fails(&["payer", "stranger"], &[self.approve("source", "delegate", "stranger", 60)]),
            self.with("approve_by_delegate", &delegated())
                .fails(&by, &[self.approve("source", "delegate", "delegate", 60)]),
            self.with("approve_replaces", &delegated()).ok(&both, &[self.approve("source", "stranger", "owner", 1)]),
            self.with("approve_frozen", &Holding { state: 2, ..delegated() })
                .fails(&both, &[self.approve("source", "delegate", "owner", 60)]),
            self.case("approve_checked").ok(&both, &[approve_checked(DECIMALS)]),
            self.case("approve_checked_decimals").fails(&both, &[approve_checked(0)]),
            self.with("delegate_transfers", &delegated()).ok(&by, &[pay(40)]).ok(&by, &[pay(60)]).fails(&by, &[pay(1)]),
            self.with("delegate_transfers_too_much", &delegated()).fails(&by, &[pay(101)]),
            self.with("delegate_transfers_self", &delegated())
                .ok(&by, &[self.transfer("source", "source", "delegate", 10)]),
            self.with("delegate_burns", &delegated()).ok(&by, &[self.burn("source", "mint", "delegate", 30)]),
            self.with("delegate_burns_all", &delegated()).ok(&by, &[self.burn("source", "mint", "delegate", 100)]),
            self.with("delegate_burns_too_much", &delegated())
                .fails(&by, &[self.burn("source", "mint", "delegate", 101)]),
            self.with("delegate_closes", &Holding { amount: 0, ..delegated() })
                .fails(&by, &[self.close("source", "payer", "delegate")]),
            self.with("revoke", &delegated()).ok(&both, &[self.revoke("source", "owner")]).fails(&by, &[pay(1)]),
            self.with("revoke_by_delegate", &delegated()).legacy(
                Expect::Anything,
                &by,
                &[self.revoke("source", "delegate")],
            ),
            self.case("revoke_nothing").ok(&both, &[self.revoke("source", "owner")]),
            self.with("revoke_frozen", &Holding { state: 2, ..delegated() })
                .fails(&both, &[self.revoke("source", "owner")]),
        ]
    }

    fn minting(&self) -> Vec<Case> {
        let by = ["payer", "authority"];
        let mint = |units| self.mint_to("mint", "destination", "authority", units);
        let checked_to = |decimals| {
            let accounts = vec![w(address("mint")), w(address("destination")), rs(address("authority"))];
            self.ix(accounts, checked(14, 60, decimals))
        };
        let fixed = mint_data(None, 1_050, DECIMALS, None);
        vec![
            self.case("mint_to").ok(&by, &[mint(500)]),
            self.case("mint_to_zero").ok(&by, &[mint(0)]),
            self.case("mint_to_overflow").fails(&by, &[mint(u64::MAX)]),
            self.case("mint_to_most").ok(&by, &[mint(u64::MAX - 1_050)]),
            self.case("mint_to_stranger")
                .fails(&["payer", "stranger"], &[self.mint_to("mint", "source", "stranger", 1)]),
            self.case("mint_to_other_mint").fails(&by, &[self.mint_to("mint", "foreign", "authority", 1)]),
            self.case("mint_to_fixed_supply").account(address("mint"), self.owned(fixed)).fails(&by, &[mint(1)]),
            self.case("mint_to_frozen")
                .account(
                    address("destination"),
                    self.owned(Holding { state: 2, ..Holding::new("mint", "other owner", 50) }.to_data()),
                )
                .fails(&by, &[mint(1)]),
            self.case("mint_to_readonly_mint").fails(
                &by,
                &[self.ix(vec![r(address("mint")), w(address("destination")), rs(address("authority"))], amount(7, 1))],
            ),
            self.case("mint_to_not_signed").fails(
                &["payer"],
                &[self.ix(vec![w(address("mint")), w(address("destination")), r(address("authority"))], amount(7, 1))],
            ),
            self.case("mint_to_checked").ok(&by, &[checked_to(DECIMALS)]),
            self.case("mint_to_checked_decimals").fails(&by, &[checked_to(2)]),
        ]
    }

    fn burning(&self) -> Vec<Case> {
        let both = ["payer", "owner"];
        let burn_checked = |decimals| {
            let accounts = vec![w(address("source")), w(address("mint")), rs(address("owner"))];
            self.ix(accounts, checked(15, 60, decimals))
        };
        let frozen = Holding { state: 2, ..Holding::new("mint", "owner", 1_000) };
        vec![
            self.case("burn").ok(&both, &[self.burn("source", "mint", "owner", 400)]),
            self.case("burn_all").ok(&both, &[self.burn("source", "mint", "owner", 1_000)]),
            self.case("burn_too_much").fails(&both, &[self.burn("source", "mint", "owner", 1_001)]),
            self.case("burn_stranger").fails(&["payer", "stranger"], &[self.burn("source", "mint", "stranger", 1)]),
            self.case("burn_other_mint").fails(&both, &[self.burn("source", "other mint", "owner", 1)]),
            self.with("burn_frozen", &frozen).fails(&both, &[self.burn("source", "mint", "owner", 1)]),
            self.case("burn_checked").ok(&both, &[burn_checked(DECIMALS)]),
            self.case("burn_checked_decimals").fails(&both, &[burn_checked(DECIMALS - 1)]),
        ]
    }

    fn authorities(&self) -> Vec<Case> {
        let both = ["payer", "owner"];
        let by = ["payer", "authority"];
        let freezer = ["payer", "freezer"];
        let to = || Some(address("stranger"));
        let set = |of: &str, by: &str, kind, to| self.set_authority(of, by, kind, to);
        let closable = || Holding { close_authority: Some(address("closer")), ..Holding::new("mint", "owner", 1_000) };
        let delegated = Holding { delegate: Some((address("delegate"), 9)), ..closable() };
        vec![
            self.case("set_mint_authority")
                .ok(&by, &[set("mint", "authority", 0, to())])
                .fails(&by, &[self.mint_to("mint", "source", "authority", 1)])
                .ok(&["payer", "stranger"], &[self.mint_to("mint", "source", "stranger", 1)]),
            self.case("set_mint_authority_none")
                .ok(&by, &[set("mint", "authority", 0, None)])
                .fails(&by, &[set("mint", "authority", 0, to())]),
            self.case("set_mint_authority_stranger").fails(&["payer", "stranger"], &[set("mint", "stranger", 0, to())]),
            self.case("set_freeze_authority").ok(&freezer, &[set("mint", "freezer", 1, to())]),
            self.case("set_freeze_authority_none")
                .ok(&freezer, &[set("mint", "freezer", 1, None)])
                .fails(&freezer, &[set("mint", "freezer", 1, to())]),
            self.case("set_freeze_authority_by_mint_authority").fails(&by, &[set("mint", "authority", 1, to())]),
            self.case("set_owner_of_mint").fails(&by, &[set("mint", "authority", 2, to())]),
            self.with("set_owner", &delegated)
                .ok(&both, &[set("source", "owner", 2, to())])
                .fails(&both, &[self.transfer("source", "destination", "owner", 1)])
                .ok(&["payer", "stranger"], &[self.transfer("source", "destination", "stranger", 1)]),
            self.case("set_owner_none").fails(&both, &[set("source", "owner", 2, None)]),
            self.case("set_owner_stranger").fails(&["payer", "stranger"], &[set("source", "stranger", 2, to())]),
            self.case("set_close_authority").ok(&both, &[set("source", "owner", 3, to())]),
            self.with("set_close_authority_by_closer", &closable())
                .ok(&["payer", "closer"], &[set("source", "closer", 3, None)]),
            self.with("set_close_authority_by_owner", &closable()).fails(&both, &[set("source", "owner", 3, None)]),
            self.with("set_owner_frozen", &Holding { state: 2, ..closable() })
                .fails(&both, &[set("source", "owner", 2, to())]),
            self.case("set_mint_kind_of_account").fails(&both, &[set("source", "owner", 0, to())]),
            self.case("set_unknown_kind").fails(&both, &[set("source", "owner", 99, to())]),
        ]
    }

    fn closing(&self) -> Vec<Case> {
        let both = ["payer", "owner"];
        let empty = || Holding::new("mint", "owner", 0);
        let closable = || Holding { close_authority: Some(address("closer")), ..empty() };
        let close = |to: &str, by: &str| self.close("source", to, by);
        vec![
            self.with("close", &empty()).ok(&both, &[close("payer", "owner")]),
            self.with("close_to_new_account", &empty()).ok(&both, &[close("new", "owner")]),
            self.case("close_with_balance").fails(&both, &[close("payer", "owner")]),
            self.with("close_into_itself", &empty()).fails(&both, &[close("source", "owner")]),
            self.with("close_stranger", &empty()).fails(&["payer", "stranger"], &[close("payer", "stranger")]),
            self.with("close_by_closer", &closable()).ok(&["payer", "closer"], &[close("payer", "closer")]),
            self.with("close_by_owner_with_closer", &closable()).fails(&both, &[close("payer", "owner")]),
            self.with("close_frozen", &Holding { state: 2, ..empty() }).ok(&both, &[close("payer", "owner")]),
            self.with("close_and_create_again", &empty())
                .ok(&["payer", "owner", "source"], &[close("payer", "owner"), self.create("source", ACCOUNT_SPACE)]),
            self.with("close_and_transfer_to", &empty())
                .fails(&both, &[close("payer", "owner"), self.transfer("foreign", "source", "owner", 0)]),
            self.with("close_and_refund", &empty())
                .ok(&both, &[close("payer", "owner"), super::system::transfer("payer", "source", SOL)]),
            self.case("burn_and_close")
                .ok(&both, &[self.burn("source", "mint", "owner", 1_000), close("payer", "owner")]),
            self.case("close_mint").fails(&["payer", "authority"], &[self.close("mint", "payer", "authority")]),
        ]
    }

    fn freezing(&self) -> Vec<Case> {
        let by = ["payer", "freezer"];
        let frozen = || Holding { state: 2, ..Holding::new("mint", "owner", 1_000) };
        let freeze = |tag| self.freeze(tag, "source", "mint", "freezer");
        let unfreezable = mint_data(Some(address("authority")), 1_050, DECIMALS, None);
        vec![
            self.case("freeze").ok(&by, &[freeze(10)]),
            self.case("freeze_thaw")
                .ok(&by, &[freeze(10)])
                .fails(&by, &[freeze(10), limit(9_999)])
                .ok(&by, &[freeze(11)]),
            self.with("thaw", &frozen()).ok(&by, &[freeze(11)]),
            self.case("thaw_not_frozen").fails(&by, &[freeze(11)]),
            self.case("freeze_stranger")
                .fails(&["payer", "stranger"], &[self.freeze(10, "source", "mint", "stranger")]),
            self.case("freeze_other_mint").fails(&by, &[self.freeze(10, "source", "other mint", "freezer")]),
            self.case("freeze_no_freezer").account(address("mint"), self.owned(unfreezable)).fails(&by, &[freeze(10)]),
        ]
    }

    fn multisigs(&self) -> Vec<Case> {
        let data = |m: u8, n: u8, names: &[&str]| {
            let mut data = vec![m, n, 1];
            data.extend(names.iter().flat_map(|name| address(name).to_bytes()));
            data.resize(MULTISIG_SPACE, 0);
            data
        };
        let names = ["one", "two", "three"];
        let case = |name: &str| {
            self.case(name)
                .account(address("multisig"), self.owned(data(2, 3, &names)))
                .account(address("source"), self.owned(Holding::new("mint", "multisig", 1_000).to_data()))
        };
        let pay = |signers: Vec<AccountMeta>| {
            let accounts = vec![w(address("source")), w(address("destination")), r(address("multisig"))];
            self.ix([accounts, signers].concat(), amount(3, 5))
        };
        let signed = |name: &str| rs(address(name));
        let initialize = |tag: u8, m: u8, signers: &[&str]| {
            let rent = if tag == 2 { vec![r(sysvar::rent::ID)] } else { vec![] };
            let signers = signers.iter().map(|name| r(address(name))).collect();
            self.ix([vec![w(address("new"))], rent, signers].concat(), [tag, m])
        };
        let blank = |name: &str, space: usize| self.case(name).account(address("new"), self.owned(vec![0; space]));
        vec![
            blank("initialize_multisig", MULTISIG_SPACE).ok(&["payer"], &[initialize(2, 2, &names)]),
            blank("initialize_multisig2", MULTISIG_SPACE).ok(&["payer"], &[initialize(19, 3, &names)]),
            blank("initialize_multisig_zero", MULTISIG_SPACE).fails(&["payer"], &[initialize(19, 0, &names)]),
            blank("initialize_multisig_too_many", MULTISIG_SPACE).legacy(
                Expect::Anything,
                &["payer"],
                &[initialize(19, 4, &names)],
            ),
            blank("initialize_multisig_no_signers", MULTISIG_SPACE).fails(&["payer"], &[initialize(19, 1, &[])]),
            blank("initialize_multisig_small", MULTISIG_SPACE - 1).fails(&["payer"], &[initialize(19, 1, &names)]),
            case("initialize_multisig_twice").fails(
                &["payer"],
                &[Instruction {
                    accounts: vec![w(address("multisig")), r(address("one"))],
                    ..initialize(19, 1, &["one"])
                }],
            ),
            case("multisig_two_of_three").ok(&["payer", "one", "three"], &[pay(vec![signed("one"), signed("three")])]),
            case("multisig_three")
                .ok(&["payer", "one", "two", "three"], &[pay(vec![signed("one"), signed("two"), signed("three")])]),
            case("multisig_one").fails(&["payer", "one"], &[pay(vec![signed("one")])]),
            case("multisig_same_twice").fails(&["payer", "one"], &[pay(vec![signed("one"), signed("one")])]),
            case("multisig_one_not_signed").fails(&["payer", "one"], &[pay(vec![signed("one"), r(address("two"))])]),
            case("multisig_stranger")
                .fails(&["payer", "one", "stranger"], &[pay(vec![signed("one"), signed("stranger")])]),
            case("multisig_none").fails(&["payer"], &[pay(vec![])]),
            case("multisig_mints")
                .account(address("mint"), self.owned(mint_data(Some(address("multisig")), 1_050, DECIMALS, None)))
                .ok(
                    &["payer", "two", "three"],
                    &[self.ix(
                        vec![
                            w(address("mint")),
                            w(address("source")),
                            r(address("multisig")),
                            signed("two"),
                            signed("three"),
                        ],
                        amount(7, 77),
                    )],
                ),
        ]
    }

    fn amounts(&self) -> Vec<Case> {
        let ui = |units| self.ix(vec![r(address("mint"))], amount(23, units));
        let parse = |text: &str| self.ix(vec![r(address("mint"))], [vec![24], text.as_bytes().to_vec()].concat());
        let case = |name: &str| self.case(name);
        let one = ["payer"];
        vec![
            case("amount_to_ui").ok(&one, &[ui(1_234_567)]).ok(&one, &[ui(0)]).ok(&one, &[ui(u64::MAX)]),
            case("amount_to_ui_no_decimals")
                .account(address("mint"), self.owned(mint_data(None, 0, 0, None)))
                .ok(&one, &[ui(42)]),
            case("ui_to_amount").ok(&one, &[parse("1.5")]).ok(&one, &[parse("0.000001")]).ok(&one, &[parse(".5")]),
            case("ui_to_amount_integer").ok(&one, &[parse("12345")]),
            case("ui_to_amount_too_fine").fails(&one, &[parse("0.0000001")]),
            case("ui_to_amount_no_number").fails(&one, &[parse("one")]),
            case("ui_to_amount_empty").fails(&one, &[parse("")]),
            case("ui_to_amount_dot").fails(&one, &[parse(".")]),
            case("ui_to_amount_two_dots").fails(&one, &[parse("1.2.3")]),
            case("ui_to_amount_too_large").fails(&one, &[parse("99999999999999999999")]),
            case("amount_to_ui_no_mint").fails(&one, &[Instruction { accounts: vec![r(address("source"))], ..ui(1) }]),
        ]
    }

    fn malformed(&self) -> Vec<Case> {
        let raw =
            |data: &[u8]| self.ix(vec![w(address("source")), w(address("destination")), rs(address("owner"))], data);
        let both = ["payer", "owner"];
        let mut cases = vec![
            self.case("malformed_empty").fails(&both, &[raw(&[])]),
            self.case("malformed_unknown").fails(&both, &[raw(&[200])]),
            self.case("malformed_transfer_short").fails(&both, &[raw(&[3, 1, 2])]),
            self.case("malformed_transfer_long").legacy(
                Expect::Anything,
                &both,
                &[raw(&[3, 1, 0, 0, 0, 0, 0, 0, 0, 9])],
            ),
        ];
        for tag in 0..25 {
            let name = format!("malformed_bare_tag_{tag}");
            cases.push(self.case(&name).legacy(Expect::Anything, &both, &[raw(&[tag])]));
            let name = format!("malformed_no_accounts_{tag}");
            let data = [vec![tag], vec![1; 40]].concat();
            cases.push(self.case(&name).legacy(Expect::Anything, &["payer"], &[self.ix(vec![], data)]));
        }
        cases
    }

    fn native(&self) -> Vec<Case> {
        let exempt = self.environment.exempt(ACCOUNT_SPACE);
        let holding = |units: u64| Holding {
            mint: NATIVE_MINT,
            native_reserve: Some(exempt),
            ..Holding::new("mint", "owner", units)
        };
        let wrapped = |units: u64, extra: u64| account(exempt + units + extra, holding(units).to_data(), self.program);
        let case = |name: &str, units: u64, extra: u64| {
            self.case(name)
                .account(NATIVE_MINT, self.owned(mint_data(None, 0, 9, None)))
                .account(address("source"), wrapped(units, extra))
                .account(address("destination"), wrapped(0, 0))
        };
        let both = ["payer", "owner"];
        let unwrap = |data: Vec<u8>| {
            self.ix(vec![w(address("source")), w(address("payer")), rs(address("owner"))], [vec![45], data].concat())
        };
        let some = |units: u64| unwrap([vec![1], units.to_le_bytes().to_vec()].concat());
        let initialize =
            self.ix(vec![w(address("new")), r(NATIVE_MINT)], [vec![18], address("owner").to_bytes().to_vec()].concat());
        vec![
            case("native_create", 0, 0).ok(
                &["payer", "new"],
                &[
                    super::system::create("payer", "new", exempt + 12_345, ACCOUNT_SPACE as u64, self.program),
                    initialize,
                ],
            ),
            case("native_sync", 500, 250).ok(&["payer"], &[self.sync_native("source")]),
            case("native_sync_nothing", 500, 0).ok(&["payer"], &[self.sync_native("source")]),
            self.case("native_sync_not_native").fails(&["payer"], &[self.sync_native("source")]),
            case("native_transfer", 500, 0).ok(&both, &[self.transfer("source", "destination", "owner", 200)]),
            case("native_transfer_self", 500, 0).ok(&both, &[self.transfer("source", "source", "owner", 200)]),
            case("native_transfer_too_much", 500, 9)
                .fails(&both, &[self.transfer("source", "destination", "owner", 501)]),
            case("native_close", 500, 9).ok(&both, &[self.close("source", "payer", "owner")]),
            case("native_burn", 500, 0).fails(
                &both,
                &[self.ix(vec![w(address("source")), w(NATIVE_MINT), rs(address("owner"))], amount(8, 1))],
            ),
            case("native_fund_and_sync", 0, 0)
                .ok(&["payer"], &[super::system::transfer("payer", "source", 999), self.sync_native("source")]),
            case("native_unwrap", 500, 0).ok(&both, &[some(200)]),
            case("native_unwrap_all", 500, 0).ok(&both, &[unwrap(vec![0])]),
            case("native_unwrap_too_much", 500, 0).fails(&both, &[some(501)]),
            self.case("native_unwrap_not_native").fails(&both, &[some(1)]),
            case("native_set_owner", 500, 0)
                .ok(&both, &[self.set_authority("source", "owner", 2, Some(address("stranger")))]),
        ]
    }

    fn batch(&self) -> Vec<Case> {
        let both = ["payer", "owner"];
        let build = |instructions: &[Instruction]| {
            let mut data = vec![255];
            for inner in instructions {
                data.extend([inner.accounts.len() as u8, inner.data.len() as u8]);
                data.extend(&inner.data);
            }
            self.ix(instructions.iter().flat_map(|inner| inner.accounts.clone()).collect(), data)
        };
        let pay = |units| self.transfer("source", "destination", "owner", units);
        let broken = |data: &[u8]| Instruction { data: data.to_vec(), ..build(&[pay(5)]) };
        vec![
            self.case("batch_one").ok(&both, &[build(&[pay(5)])]),
            self.case("batch_two").ok(&both, &[build(&[pay(5), pay(6)])]),
            self.case("batch_mixed").ok(
                &["payer", "owner", "authority"],
                &[build(&[pay(5), self.mint_to("mint", "source", "authority", 7), self.revoke("source", "owner")])],
            ),
            self.case("batch_second_fails").fails(&both, &[build(&[pay(600), pay(600)])]),
            self.case("batch_empty").legacy(Expect::Anything, &["payer"], &[build(&[])]).legacy(
                Expect::Anything,
                &both,
                &[broken(&[255])],
            ),
            self.case("batch_in_batch").fails(&both, &[build(&[build(&[pay(5)])])]),
            self.case("batch_truncated").fails(&both, &[broken(&[255, 3, 9, 3, 1])]),
            self.case("batch_too_many_accounts").fails(&both, &[broken(&[255, 9, 9, 3, 1, 0, 0, 0, 0, 0, 0, 0])]),
            self.case("batch_not_signed").fails(
                &["payer"],
                &[build(&[Instruction {
                    accounts: vec![w(address("source")), w(address("destination")), r(address("owner"))],
                    ..pay(5)
                }])],
            ),
        ]
    }

    fn excess_lamports(&self) -> Vec<Case> {
        let withdraw =
            |from: &str, by: &str| self.ix(vec![w(address(from)), w(address("payer")), rs(address(by))], [38]);
        let rich = |data: Vec<u8>| account(SOL, data, self.program);
        let mint = || mint_data(Some(address("authority")), 1_050, DECIMALS, None);
        let fixed = || mint_data(None, 1_050, DECIMALS, None);
        vec![
            self.case("withdraw_excess_account")
                .account(address("source"), rich(Holding::new("mint", "owner", 1).to_data()))
                .ok(&["payer", "owner"], &[withdraw("source", "owner")]),
            self.case("withdraw_excess_nothing").ok(&["payer", "owner"], &[withdraw("source", "owner")]),
            self.case("withdraw_excess_stranger")
                .account(address("source"), rich(Holding::new("mint", "owner", 1).to_data()))
                .fails(&["payer", "stranger"], &[withdraw("source", "stranger")]),
            self.case("withdraw_excess_mint")
                .account(address("mint"), rich(mint()))
                .ok(&["payer", "authority"], &[withdraw("mint", "authority")]),
            self.case("withdraw_excess_fixed_mint")
                .account(address("mint"), rich(fixed()))
                .legacy(
                    Expect::Anything,
                    &["payer", "mint"],
                    &[Instruction {
                        accounts: vec![ws(address("mint")), w(address("payer")), rs(address("mint"))],
                        ..withdraw("mint", "mint")
                    }],
                )
                .fails(&["payer", "authority"], &[withdraw("mint", "authority")]),
            self.case("withdraw_excess_system_account")
                .account(address("source"), system_account(SOL))
                .fails(&["payer", "owner"], &[withdraw("source", "owner")]),
            self.case("withdraw_excess_foreign")
                .account(address("source"), account(SOL, vec![0; ACCOUNT_SPACE], system_program::ID))
                .fails(&["payer", "owner"], &[withdraw("source", "owner")]),
        ]
    }
}
