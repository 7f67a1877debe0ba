//! System instructions that create, size, assign and fund accounts: each outcome and each refusal with its log line.

mod common;

use common::{Instruction, Meta, World, budget, key, r, s, w, ws};
use heddle_programs::runtime_builder_with;
use heddle_types::{Account, Gates, InstructionError, Pubkey, limits};
use solana_sdk_ids::system_program;

/// Balance that accounts begin with, unless a case says otherwise.
const FUNDS: u64 = 1_000_000;
const IN_USE: InstructionError = InstructionError::Custom(0);
const NEGATIVE: InstructionError = InstructionError::Custom(1);
const BAD_LENGTH: InstructionError = InstructionError::Custom(3);
const SEED_MISMATCH: InstructionError = InstructionError::Custom(5);

fn alice() -> Pubkey {
    key(0xa1)
}

fn bob() -> Pubkey {
    key(0xb0)
}

fn owner() -> Pubkey {
    key(0x99)
}

/// Derived from alice with "seed" for [`owner`].
fn derived() -> Pubkey {
    Pubkey::create_with_seed(&alice(), "seed", &owner()).unwrap()
}

/// One instruction of the system program on one state.
struct Case {
    name: &'static str,
    tag: u32,
    parts: Vec<Vec<u8>>,
    metas: Vec<Meta>,
    world: World,
}

/// Alice has funds; nobody else exists.
fn case(name: &'static str, tag: u32, parts: Vec<Vec<u8>>, metas: Vec<Meta>) -> Case {
    Case { name, tag, parts, metas, world: World::new().with(alice(), Account::with_lamports(FUNDS)) }
}

impl Case {
    fn with(mut self, key: Pubkey, account: Account) -> Self {
        self.world = self.world.with(key, account);
        self
    }

    fn run(&self) -> common::Outcome {
        let data = [&self.tag.to_le_bytes()[..], &self.parts.concat()].concat();
        let instruction = Instruction { program: system_program::ID, accounts: self.metas.clone(), data };
        self.world.run(&instruction)
    }

    /// It succeeds without a word and leaves these accounts.
    #[track_caller]
    fn leaves(self, expected: &[(Pubkey, Account)]) {
        let outcome = self.run();
        assert_eq!(outcome.result, Ok(()), "{}: {:?}", self.name, outcome.logs);
        assert!(outcome.messages().is_empty(), "{}: {:?}", self.name, outcome.logs);
        assert_eq!(outcome.compute_units, 150, "{}", self.name);
        for (key, account) in expected {
            assert_eq!(outcome.accounts[key], *account, "{}: {key}", self.name);
        }
    }

    /// It fails with this error and exactly these log lines.
    #[track_caller]
    fn fails(self, error: InstructionError, messages: &[String]) {
        let outcome = self.run();
        assert_eq!(outcome.error(), Some(error), "{}: {:?}", self.name, outcome.logs);
        assert_eq!(outcome.messages(), messages, "{}", self.name);
        assert_eq!(outcome.compute_units, 150, "{}", self.name);
    }
}

fn long(value: u64) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

fn bytes(key: Pubkey) -> Vec<u8> {
    key.to_bytes().to_vec()
}

fn text(seed: &str) -> Vec<u8> {
    [&(seed.len() as u64).to_le_bytes()[..], seed.as_bytes()].concat()
}

fn lamports(amount: u64) -> Account {
    Account::with_lamports(amount)
}

fn plain(key: Pubkey) -> String {
    format!("Address {{ address: {key}, base: None }}")
}

fn with_base(key: Pubkey, base: Pubkey) -> String {
    format!("Address {{ address: {key}, base: Some({base}) }}")
}

fn transfer(name: &'static str, amount: u64, metas: Vec<Meta>) -> Case {
    case(name, 2, vec![long(amount)], metas)
}

#[test]
fn transfer_moves_lamports() {
    let both = || vec![ws(alice()), w(bob())];
    transfer("some", 10, both()).leaves(&[(alice(), lamports(FUNDS - 10)), (bob(), lamports(10))]);
    transfer("all", FUNDS, both()).leaves(&[(alice(), lamports(0)), (bob(), lamports(FUNDS))]);
    transfer("none", 0, both()).leaves(&[(alice(), lamports(FUNDS)), (bob(), lamports(0))]);
    transfer("to oneself", 10, vec![ws(alice()), w(alice())]).leaves(&[(alice(), lamports(FUNDS))]);
    transfer("more accounts than it needs", 1, vec![ws(alice()), w(bob()), r(owner())]).leaves(&[]);
    let to = Account::new(1, b"data", owner());
    transfer("to any account", 9, both()).with(bob(), to.clone()).leaves(&[(bob(), Account { lamports: 10, ..to })]);
}

#[test]
fn transfer_refuses() {
    let both = || vec![ws(alice()), w(bob())];
    transfer("one account", 1, vec![ws(alice())]).fails(InstructionError::MissingAccount, &[]);
    transfer("no signature", 1, vec![w(alice()), w(bob())]).fails(
        InstructionError::MissingRequiredSignature,
        &[format!("Transfer: `from` account {} must sign", alice())],
    );
    transfer("from an account with data", 1, both())
        .with(alice(), Account::new(FUNDS, &[0], system_program::ID))
        .fails(InstructionError::InvalidArgument, &["Transfer: `from` must not carry data".into()]);
    transfer("too much", FUNDS + 1, both())
        .fails(NEGATIVE, &[format!("Transfer: insufficient lamports {FUNDS}, need {}", FUNDS + 1)]);
    transfer("too much to oneself", FUNDS + 1, vec![ws(alice()), w(alice())])
        .fails(NEGATIVE, &[format!("Transfer: insufficient lamports {FUNDS}, need {}", FUNDS + 1)]);
    transfer("from another program's account", 1, both())
        .with(alice(), Account::new(FUNDS, &[], owner()))
        .fails(InstructionError::ExternalAccountLamportSpend, &[]);
    transfer("from a read-only account", 1, vec![s(alice()), w(bob())])
        .fails(InstructionError::ReadonlyLamportChange, &[]);
    transfer("to a read-only account", 1, vec![ws(alice()), r(bob())])
        .fails(InstructionError::ReadonlyLamportChange, &[]);
    transfer("beyond u64", 1, both()).with(bob(), lamports(u64::MAX)).fails(InstructionError::ArithmeticOverflow, &[]);
}

#[test]
fn malformed_data() {
    for (name, tag, parts) in [
        ("unknown tag", 14, vec![]),
        ("transfer cut short", 2, vec![vec![0; 7]]),
        ("create cut short", 0, vec![long(1), long(2)]),
    ] {
        case(name, tag, parts, vec![]).fails(InstructionError::InvalidInstructionData, &[]);
    }
    let empty = Instruction { program: system_program::ID, accounts: vec![], data: vec![] };
    assert_eq!(World::new().run(&empty).error(), Some(InstructionError::InvalidInstructionData));
}

#[test]
fn compute_units_come_first() {
    let instruction = Instruction { program: system_program::ID, accounts: vec![], data: vec![] };
    let outcome = World::new().run_all(&[instruction], budget(149));
    assert_eq!(outcome.error(), Some(InstructionError::ComputationalBudgetExceeded));
    assert_eq!(outcome.compute_units, 149);
}

fn transfer_with_seed(name: &'static str, amount: u64, seed: &str, metas: Vec<Meta>) -> Case {
    case(name, 11, vec![long(amount), text(seed), bytes(owner())], metas).with(derived(), lamports(FUNDS))
}

#[test]
fn transfer_with_seed_moves_lamports() {
    let metas = vec![w(derived()), s(alice()), w(bob())];
    transfer_with_seed("some", 10, "seed", metas).leaves(&[
        (derived(), lamports(FUNDS - 10)),
        (alice(), lamports(FUNDS)),
        (bob(), lamports(10)),
    ]);
}

#[test]
fn transfer_with_seed_refuses() {
    let all = || vec![w(derived()), s(alice()), w(bob())];
    transfer_with_seed("two accounts", 1, "seed", vec![w(derived()), s(alice())])
        .fails(InstructionError::MissingAccount, &[]);
    transfer_with_seed("no signature of the base", 1, "seed", vec![ws(derived()), r(alice()), w(bob())]).fails(
        InstructionError::MissingRequiredSignature,
        &[format!("Transfer: 'from' account {} must sign", alice())],
    );
    let other = Pubkey::create_with_seed(&alice(), "other", &owner()).unwrap();
    transfer_with_seed("another seed", 1, "other", all()).fails(
        SEED_MISMATCH,
        &[format!("Transfer: 'from' address {} does not match derived address {other}", derived())],
    );
    transfer_with_seed("a seed too long", 1, &"x".repeat(33), all()).fails(InstructionError::Custom(0), &[]);
    transfer_with_seed("too much", FUNDS + 1, "seed", all())
        .fails(NEGATIVE, &[format!("Transfer: insufficient lamports {FUNDS}, need {}", FUNDS + 1)]);
}

fn create(name: &'static str, amount: u64, space: u64, metas: Vec<Meta>) -> Case {
    case(name, 0, vec![long(amount), long(space), bytes(owner())], metas)
}

#[test]
fn create_account() {
    let both = || vec![ws(alice()), ws(bob())];
    create("with data", 10, 5, both())
        .leaves(&[(alice(), lamports(FUNDS - 10)), (bob(), Account::new(10, &[0; 5], owner()))]);
    create("without lamports", 0, 5, both()).leaves(&[(bob(), Account::new(0, &[0; 5], owner()))]);
}

#[test]
fn create_account_refuses() {
    let both = || vec![ws(alice()), ws(bob())];
    let new = plain(bob());
    create("one account", 1, 1, vec![ws(alice())]).fails(InstructionError::MissingAccount, &[]);
    create("funded already", 1, 1, both())
        .with(bob(), lamports(1))
        .fails(IN_USE, &[format!("Create Account: account {new} already in use")]);
    create("the new account did not sign", 1, 1, vec![ws(alice()), w(bob())])
        .fails(InstructionError::MissingRequiredSignature, &[format!("Allocate: 'to' account {new} must sign")]);
    create("data without lamports", 1, 1, both())
        .with(bob(), Account::new(0, &[1], system_program::ID))
        .fails(IN_USE, &[format!("Allocate: account {new} already in use")]);
    create("another program's account without lamports", 1, 1, both())
        .with(bob(), Account::new(0, &[], owner()))
        .fails(IN_USE, &[format!("Allocate: account {new} already in use")]);
    let max = limits::ACCOUNT_DATA_BYTES_MAX as u64;
    create("too large", 1, max + 1, both())
        .fails(BAD_LENGTH, &[format!("Allocate: requested {}, max allowed {max}", max + 1)]);
    create("the new account is read-only", 1, 1, vec![ws(alice()), s(bob())])
        .fails(InstructionError::ReadonlyDataModified, &[]);
    create("the payer did not sign", 1, 1, vec![w(alice()), ws(bob())]).fails(
        InstructionError::MissingRequiredSignature,
        &[format!("Transfer: `from` account {} must sign", alice())],
    );
    create("the payer is poor", FUNDS + 1, 1, both())
        .fails(NEGATIVE, &[format!("Transfer: insufficient lamports {FUNDS}, need {}", FUNDS + 1)]);
    create("the payer is the new account", 1, 1, vec![ws(alice()), ws(alice())])
        .fails(IN_USE, &[format!("Create Account: account {} already in use", plain(alice()))]);
    create("the payer is new as well", 1, 1, vec![ws(bob()), ws(bob())])
        .fails(InstructionError::InvalidArgument, &["Transfer: `from` must not carry data".into()]);
}

fn create_with_seed(name: &'static str, seed: &str, owner: Pubkey, metas: Vec<Meta>) -> Case {
    case(name, 3, vec![bytes(alice()), text(seed), long(10), long(5), bytes(owner)], metas)
}

#[test]
fn create_account_with_seed() {
    let both = || vec![ws(alice()), w(derived())];
    create_with_seed("base pays", "seed", owner(), both())
        .leaves(&[(alice(), lamports(FUNDS - 10)), (derived(), Account::new(10, &[0; 5], owner()))]);
    create_with_seed("base signs beside the payer", "seed", owner(), vec![ws(bob()), w(derived()), s(alice())])
        .with(bob(), lamports(10))
        .leaves(&[(derived(), Account::new(10, &[0; 5], owner()))]);
    create_with_seed("base does not sign", "seed", owner(), vec![ws(bob()), w(derived()), r(alice())]).fails(
        InstructionError::MissingRequiredSignature,
        &[format!("Allocate: 'to' account {} must sign", with_base(derived(), alice()))],
    );
    let other = Pubkey::create_with_seed(&alice(), "other", &owner()).unwrap();
    create_with_seed("another seed", "other", owner(), both())
        .fails(SEED_MISMATCH, &[format!("Create: address {} does not match derived address {other}", derived())]);
    create_with_seed("a seed too long", &"x".repeat(33), owner(), both()).fails(InstructionError::Custom(0), &[]);
    create_with_seed("one account", &"x".repeat(33), owner(), vec![]).fails(InstructionError::MissingAccount, &[]);
    let mut marker = [7; 32];
    marker[11..].copy_from_slice(b"ProgramDerivedAddress");
    create_with_seed("owner looks derived", "seed", Pubkey::new_from_array(marker), both())
        .fails(InstructionError::Custom(2), &[]);
    create_with_seed("exists", "seed", owner(), both())
        .with(derived(), lamports(1))
        .fails(IN_USE, &[format!("Create Account: account {} already in use", with_base(derived(), alice()))]);
}

fn create_prefunded(name: &'static str, amount: u64, metas: Vec<Meta>) -> Case {
    case(name, 13, vec![long(amount), long(5), bytes(owner())], metas)
}

#[test]
fn create_account_allow_prefund() {
    let both = || vec![ws(bob()), ws(alice())];
    create_prefunded("on top", 10, both())
        .with(bob(), lamports(7))
        .leaves(&[(bob(), Account::new(17, &[0; 5], owner())), (alice(), lamports(FUNDS - 10))]);
    create_prefunded("nothing to add, nobody to pay", 0, vec![ws(bob())])
        .with(bob(), lamports(7))
        .leaves(&[(bob(), Account::new(7, &[0; 5], owner()))]);
    create_prefunded("payer missing", 1, vec![ws(bob())]).fails(InstructionError::MissingAccount, &[]);
    create_prefunded("no account", 0, vec![]).fails(InstructionError::MissingAccount, &[]);
    create_prefunded("no signature", 0, vec![w(bob())]).fails(
        InstructionError::MissingRequiredSignature,
        &[format!("Allocate: 'to' account {} must sign", plain(bob()))],
    );
    create_prefunded("has data", 0, both())
        .with(bob(), Account::new(7, &[0], system_program::ID))
        .fails(IN_USE, &[format!("Allocate: account {} already in use", plain(bob()))]);
    create_prefunded("payer did not sign", 1, vec![ws(bob()), w(alice())]).fails(
        InstructionError::MissingRequiredSignature,
        &[format!("Transfer: `from` account {} must sign", alice())],
    );
}

#[test]
fn prefunded_accounts_are_behind_a_gate() {
    let gates = Gates { create_account_allow_prefund: false, ..Gates::mainnet() };
    for (amount, metas) in [(10, vec![ws(bob()), ws(alice())]), (0, vec![])] {
        let mut case = create_prefunded("off", amount, metas);
        case.world.runtime = runtime_builder_with(gates).build();
        case.fails(InstructionError::InvalidInstructionData, &[]);
    }
}

#[test]
fn assign() {
    let to = |name, owner: Pubkey, metas| case(name, 1, vec![bytes(owner)], metas);
    to("to a program", owner(), vec![ws(alice())]).leaves(&[(alice(), Account::new(FUNDS, &[], owner()))]);
    to("to whom it belongs, unsigned", system_program::ID, vec![r(alice())]).leaves(&[]);
    to("no account", owner(), vec![]).fails(InstructionError::MissingAccount, &[]);
    to("no signature", owner(), vec![w(alice())])
        .fails(InstructionError::MissingRequiredSignature, &[format!("Assign: account {} must sign", plain(alice()))]);
    to("read-only", owner(), vec![s(alice())]).fails(InstructionError::ModifiedProgramId, &[]);
    to("another program's account", owner(), vec![ws(alice())])
        .with(alice(), Account::new(FUNDS, &[], bob()))
        .fails(InstructionError::ModifiedProgramId, &[]);
    to("data that is not zero", owner(), vec![ws(alice())])
        .with(alice(), Account::new(FUNDS, &[1], system_program::ID))
        .fails(InstructionError::ModifiedProgramId, &[]);
}

#[test]
fn assign_with_seed() {
    let to = |name, seed, metas| case(name, 10, vec![bytes(alice()), text(seed), bytes(owner())], metas);
    let funded = |case: Case| case.with(derived(), lamports(5));
    funded(to("derived", "seed", vec![w(derived()), s(alice())])).leaves(&[(derived(), Account::new(5, &[], owner()))]);
    funded(to("base does not sign", "seed", vec![w(derived()), r(alice())])).fails(
        InstructionError::MissingRequiredSignature,
        &[format!("Assign: account {} must sign", with_base(derived(), alice()))],
    );
    let other = Pubkey::create_with_seed(&alice(), "other", &owner()).unwrap();
    funded(to("another seed", "other", vec![w(derived()), s(alice())]))
        .fails(SEED_MISMATCH, &[format!("Create: address {} does not match derived address {other}", derived())]);
    to("no account", "seed", vec![]).fails(InstructionError::MissingAccount, &[]);
}

#[test]
fn allocate() {
    let sized = |name, space, metas| case(name, 8, vec![long(space)], metas);
    sized("some", 5, vec![ws(alice())]).leaves(&[(alice(), Account::new(FUNDS, &[0; 5], system_program::ID))]);
    sized("none", 0, vec![ws(alice())]).leaves(&[(alice(), lamports(FUNDS))]);
    let max = limits::ACCOUNT_DATA_BYTES_MAX as u64;
    sized("the largest", max, vec![ws(alice())]).leaves(&[]);
    sized("larger", max + 1, vec![ws(alice())])
        .fails(BAD_LENGTH, &[format!("Allocate: requested {}, max allowed {max}", max + 1)]);
    sized("no account", 1, vec![]).fails(InstructionError::MissingAccount, &[]);
    sized("no signature", 1, vec![w(alice())]).fails(
        InstructionError::MissingRequiredSignature,
        &[format!("Allocate: 'to' account {} must sign", plain(alice()))],
    );
    sized("another program's account", 1, vec![ws(alice())])
        .with(alice(), Account::new(FUNDS, &[], owner()))
        .fails(IN_USE, &[format!("Allocate: account {} already in use", plain(alice()))]);
    sized("sized already", 1, vec![ws(alice())])
        .with(alice(), Account::new(FUNDS, &[0], system_program::ID))
        .fails(IN_USE, &[format!("Allocate: account {} already in use", plain(alice()))]);
}

#[test]
fn allocate_with_seed() {
    let sized = |name, seed, metas| {
        case(name, 9, vec![bytes(alice()), text(seed), long(5), bytes(owner())], metas).with(derived(), lamports(8))
    };
    sized("derived", "seed", vec![w(derived()), s(alice())]).leaves(&[(derived(), Account::new(8, &[0; 5], owner()))]);
    sized("base does not sign", "seed", vec![w(derived()), r(alice())]).fails(
        InstructionError::MissingRequiredSignature,
        &[format!("Allocate: 'to' account {} must sign", with_base(derived(), alice()))],
    );
    sized("owned already", "seed", vec![w(derived()), s(alice())])
        .with(derived(), Account::new(8, &[], owner()))
        .fails(IN_USE, &[format!("Allocate: account {} already in use", with_base(derived(), alice()))]);
    sized("no account", "seed", vec![]).fails(InstructionError::MissingAccount, &[]);
}

#[test]
fn allocations_of_one_transaction_are_bounded() {
    let max = limits::ACCOUNT_DATA_BYTES_MAX as u64;
    let allocate = |byte| Instruction {
        program: system_program::ID,
        accounts: vec![ws(key(byte))],
        data: [&8u32.to_le_bytes()[..], &max.to_le_bytes()].concat(),
    };
    let outcome = World::new().run_all(&[allocate(1), allocate(2), allocate(3)], budget(1_000));
    assert_eq!(outcome.result, Err((2, InstructionError::MaxAccountsDataAllocationsExceeded)));
}
