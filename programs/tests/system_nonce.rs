//! Durable nonce instructions: each outcome and each refusal with its log line.

mod common;

use common::{BLOCKHASH, Instruction, Meta, World, key, r, recent_blockhashes, s, w, ws};
use heddle_types::{Account, Hash, InstructionError, Pubkey, limits};
use heddle_vm::{BlockEnvironment, DurableNonce, NonceData, NonceState, NonceVersion};
use solana_sdk_ids::{system_program, sysvar};

const NO_RECENT: InstructionError = InstructionError::Custom(6);
const NOT_EXPIRED: InstructionError = InstructionError::Custom(7);
const RENT: u64 = limits::rent_exempt_minimum(NonceState::SIZE_BYTES);

fn nonce() -> Pubkey {
    key(0x0c)
}

fn authority() -> Pubkey {
    key(0xaa)
}

fn other() -> Pubkey {
    key(0xbb)
}

fn recent() -> Meta {
    r(sysvar::recent_blockhashes::ID)
}

fn rent() -> Meta {
    r(sysvar::rent::ID)
}

fn data(blockhash: Hash) -> NonceData {
    NonceData {
        authority: authority(),
        durable_nonce: DurableNonce::from_blockhash(&blockhash),
        lamports_per_signature: 5_000,
    }
}

/// A nonce account with `lamports` whose 80 bytes hold this state.
fn account(lamports: u64, version: NonceVersion, data: Option<NonceData>) -> Account {
    let mut bytes = [0; NonceState::SIZE_BYTES];
    assert!(NonceState { version, data }.write_to(&mut bytes));
    Account::new(lamports, &bytes, system_program::ID)
}

fn fresh() -> Account {
    Account::new(RENT, &[0; NonceState::SIZE_BYTES], system_program::ID)
}

/// Stored in an earlier block.
fn old() -> Account {
    account(RENT, NonceVersion::Current, Some(data(Hash::default())))
}

/// Stored in this block.
fn current() -> Account {
    account(RENT, NonceVersion::Current, Some(data(BLOCKHASH)))
}

fn instruction(tag: u32, part: &[u8], metas: Vec<Meta>) -> Instruction {
    let data = [&tag.to_le_bytes()[..], part].concat();
    Instruction { program: system_program::ID, accounts: metas, data }
}

fn advance(metas: Vec<Meta>) -> Instruction {
    instruction(4, &[], metas)
}

fn withdraw(lamports: u64, metas: Vec<Meta>) -> Instruction {
    instruction(5, &lamports.to_le_bytes(), metas)
}

fn initialize(metas: Vec<Meta>) -> Instruction {
    instruction(6, authority().as_ref(), metas)
}

fn authorize(metas: Vec<Meta>) -> Instruction {
    instruction(7, other().as_ref(), metas)
}

fn upgrade(metas: Vec<Meta>) -> Instruction {
    instruction(12, &[], metas)
}

#[track_caller]
fn succeeds(before: Account, instruction: Instruction, expected: &Account) {
    let outcome = World::new().with(nonce(), before).run(&instruction);
    assert_eq!(outcome.result, Ok(()), "{:?}", outcome.logs);
    assert!(outcome.messages().is_empty(), "{:?}", outcome.logs);
    assert_eq!(outcome.accounts[&nonce()], *expected);
}

#[track_caller]
fn fails(before: Account, instruction: Instruction, error: InstructionError, message: &str) {
    fails_in(World::new(), before, instruction, error, message);
}

/// `message` is the only line; empty: no line.
#[track_caller]
fn fails_in(world: World, before: Account, instruction: Instruction, error: InstructionError, message: &str) {
    let outcome = world.with(nonce(), before).run(&instruction);
    assert_eq!(outcome.error(), Some(error), "{:?}", outcome.logs);
    assert_eq!(outcome.messages().join("\n"), message);
    assert_eq!(outcome.compute_units, 150);
}

/// A block whose recent-blockhashes sysvar lists nothing.
fn without_blockhashes() -> World {
    let mut world = World::new();
    world.block.sysvars.set(sysvar::recent_blockhashes::ID, &recent_blockhashes(&[]));
    world
}

/// A block without that sysvar.
fn without_sysvar() -> World {
    let mut world = World::new();
    world.block = BlockEnvironment::new(world.block.sysvars.clock, BLOCKHASH);
    world
}

#[test]
fn initialize_stores_the_blockhash() {
    let all = || vec![w(nonce()), recent(), rent()];
    succeeds(fresh(), initialize(all()), &current());
    let larger = Account::new(2 * RENT, &[0; 100], system_program::ID);
    let mut expected = Account::new(2 * RENT, &[0; 100], system_program::ID);
    expected.data.make_mut()[..80].copy_from_slice(&current().data);
    succeeds(larger, initialize(all()), &expected);
    let legacy = account(RENT, NonceVersion::Legacy, None);
    succeeds(legacy, initialize(all()), &current());
}

#[test]
fn initialize_refuses() {
    let all = || vec![w(nonce()), recent(), rent()];
    let invalid = InstructionError::InvalidArgument;
    fails(fresh(), initialize(vec![]), InstructionError::MissingAccount, "");
    fails(fresh(), initialize(vec![w(nonce())]), InstructionError::MissingAccount, "");
    fails(fresh(), initialize(vec![w(nonce()), rent(), recent()]), invalid.clone(), "");
    fails(fresh(), initialize(vec![w(nonce()), recent()]), InstructionError::MissingAccount, "");
    fails(fresh(), initialize(vec![w(nonce()), recent(), recent()]), invalid.clone(), "");
    fails_in(without_sysvar(), fresh(), initialize(all()), InstructionError::UnsupportedSysvar, "");
    let empty = "Initialize nonce account: recent blockhash list is empty";
    fails_in(without_blockhashes(), fresh(), initialize(vec![w(nonce()), recent()]), NO_RECENT, empty);
    let readonly = format!("Initialize nonce account: Account {} must be writeable", nonce());
    fails(fresh(), initialize(vec![r(nonce()), recent(), rent()]), invalid, &readonly);
    let state = format!("Initialize nonce account: Account {} state is invalid", nonce());
    fails(old(), initialize(all()), InstructionError::InvalidAccountData, &state);
    let poor = Account { lamports: RENT - 1, ..fresh() };
    let funds = format!("Initialize nonce account: insufficient lamports {}, need {RENT}", RENT - 1);
    fails(poor, initialize(all()), InstructionError::InsufficientFunds, &funds);
    let no_state = Account::new(RENT, &[2; 80], system_program::ID);
    fails(no_state, initialize(all()), InstructionError::InvalidAccountData, "");
    let tiny = Account::new(RENT, &[0; 79], system_program::ID);
    fails(tiny, initialize(all()), InstructionError::AccountDataTooSmall, "");
    let foreign = Account { owner: other(), ..fresh() };
    fails(foreign, initialize(all()), InstructionError::ExternalAccountDataModified, "");
}

#[test]
fn advance_moves_to_this_block() {
    let all = || vec![w(nonce()), recent(), s(authority())];
    succeeds(old(), advance(all()), &current());
    let legacy = account(RENT, NonceVersion::Legacy, Some(data(Hash::default())));
    succeeds(legacy, advance(all()), &current());
    let own = NonceData { authority: nonce(), ..data(Hash::default()) };
    let expected = NonceData { authority: nonce(), ..data(BLOCKHASH) };
    succeeds(
        account(RENT, NonceVersion::Current, Some(own)),
        advance(vec![ws(nonce()), recent()]),
        &account(RENT, NonceVersion::Current, Some(expected)),
    );
}

#[test]
fn advance_refuses() {
    let all = || vec![w(nonce()), recent(), s(authority())];
    fails(old(), advance(vec![]), InstructionError::MissingAccount, "");
    fails(old(), advance(vec![w(nonce())]), InstructionError::MissingAccount, "");
    fails(old(), advance(vec![w(nonce()), rent()]), InstructionError::InvalidArgument, "");
    fails_in(without_sysvar(), old(), advance(all()), InstructionError::UnsupportedSysvar, "");
    fails_in(
        without_blockhashes(),
        old(),
        advance(all()),
        NO_RECENT,
        "Advance nonce account: recent blockhash list is empty",
    );
    let readonly = format!("Advance nonce account: Account {} must be writeable", nonce());
    fails(old(), advance(vec![r(nonce()), recent()]), InstructionError::InvalidArgument, &readonly);
    let state = format!("Advance nonce account: Account {} state is invalid", nonce());
    fails(fresh(), advance(all()), InstructionError::InvalidAccountData, &state);
    let signer = format!("Advance nonce account: Account {} must be a signer", authority());
    let unsigned = vec![w(nonce()), recent(), r(authority())];
    fails(old(), advance(unsigned), InstructionError::MissingRequiredSignature, &signer);
    let twice = "Advance nonce account: nonce can only advance once per slot";
    fails(current(), advance(all()), NOT_EXPIRED, twice);
    let foreign = Account { owner: other(), ..old() };
    fails(foreign, advance(all()), InstructionError::ExternalAccountDataModified, "");
}

#[test]
fn withdraw_moves_lamports() {
    let run = |before: Account, amount, signer: Meta| {
        let metas = vec![w(nonce()), w(other()), recent(), rent(), signer];
        let outcome = World::new().with(nonce(), before).run(&withdraw(amount, metas));
        assert_eq!(outcome.result, Ok(()), "{:?}", outcome.logs);
        assert_eq!(outcome.accounts[&other()].lamports, amount);
        outcome.accounts[&nonce()].clone()
    };
    let rich = Account { lamports: RENT + 10, ..current() };
    assert_eq!(run(rich, 10, s(authority())), current(), "the surplus, in any block");
    let mut closed = old().data;
    closed.make_mut()[..8].copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
    let expected = Account { lamports: 0, data: closed, ..old() };
    assert_eq!(run(old(), RENT, s(authority())), expected, "everything: uninitialised, bytes beyond it stay");
    let rest = Account { lamports: RENT - 1, ..fresh() };
    assert_eq!(run(fresh(), 1, s(nonce())), rest, "any amount while uninitialised");
}

#[test]
fn withdraw_refuses() {
    let all = || vec![w(nonce()), w(other()), recent(), rent(), s(authority())];
    let unsigned = || vec![w(nonce()), w(other()), recent(), rent(), r(authority())];
    let missing = InstructionError::MissingAccount;
    let invalid = InstructionError::InvalidArgument;
    fails(old(), withdraw(1, vec![w(nonce())]), missing.clone(), "");
    fails(old(), withdraw(1, vec![w(nonce()), w(other())]), missing.clone(), "");
    fails(old(), withdraw(1, vec![w(nonce()), w(other()), rent(), recent()]), invalid.clone(), "");
    fails(old(), withdraw(1, vec![w(nonce()), w(other()), recent()]), missing, "");
    fails(old(), withdraw(1, vec![w(nonce()), w(other()), recent(), recent()]), invalid.clone(), "");
    fails_in(without_sysvar(), old(), withdraw(1, all()), InstructionError::UnsupportedSysvar, "");
    let readonly = format!("Withdraw nonce account: Account {} must be writeable", nonce());
    fails(old(), withdraw(1, vec![r(nonce()), w(other()), recent(), rent()]), invalid, &readonly);

    let funds = |have: u64, need: u64| format!("Withdraw nonce account: insufficient lamports {have}, need {need}");
    let no_funds = InstructionError::InsufficientFunds;
    fails(fresh(), withdraw(RENT + 1, all()), no_funds.clone(), &funds(RENT, RENT + 1));
    fails(old(), withdraw(1, all()), no_funds.clone(), &funds(RENT, RENT + 1));
    fails(old(), withdraw(u64::MAX, all()), no_funds, "");

    let signer = |key: Pubkey| format!("Withdraw nonce account: Account {key} must sign");
    let no_signature = InstructionError::MissingRequiredSignature;
    fails(fresh(), withdraw(1, all()), no_signature.clone(), &signer(nonce()));
    fails(old(), withdraw(RENT, unsigned()), no_signature.clone(), &signer(authority()));
    let rich = Account { lamports: RENT + 10, ..old() };
    fails(rich, withdraw(10, unsigned()), no_signature, &signer(authority()));

    let twice = "Withdraw nonce account: nonce can only advance once per slot";
    fails(current(), withdraw(RENT, unsigned()), NOT_EXPIRED, twice);
}

#[test]
fn withdraw_works_with_an_empty_blockhash_list() {
    let metas = vec![w(nonce()), w(other()), recent(), rent(), s(authority())];
    let outcome = without_blockhashes().with(nonce(), old()).run(&withdraw(RENT, metas));
    assert_eq!(outcome.result, Ok(()));
}

#[test]
fn authorize_changes_the_authority() {
    for version in [NonceVersion::Current, NonceVersion::Legacy] {
        let before = account(RENT, version, Some(data(BLOCKHASH)));
        let after = NonceData { authority: other(), ..data(BLOCKHASH) };
        succeeds(before, authorize(vec![w(nonce()), s(authority())]), &account(RENT, version, Some(after)));
    }
}

#[test]
fn authorize_refuses() {
    fails(old(), authorize(vec![]), InstructionError::MissingAccount, "");
    let readonly = format!("Authorize nonce account: Account {} must be writeable", nonce());
    fails(old(), authorize(vec![r(nonce())]), InstructionError::InvalidArgument, &readonly);
    let state = format!("Authorize nonce account: Account {} state is invalid", nonce());
    fails(fresh(), authorize(vec![w(nonce())]), InstructionError::InvalidAccountData, &state);
    let signer = format!("Authorize nonce account: Account {} must sign", authority());
    fails(old(), authorize(vec![w(nonce())]), InstructionError::MissingRequiredSignature, &signer);
}

#[test]
fn upgrade_leaves_the_domain_of_blockhashes() {
    let legacy = NonceData { durable_nonce: DurableNonce(BLOCKHASH), ..data(BLOCKHASH) };
    succeeds(account(RENT, NonceVersion::Legacy, Some(legacy)), upgrade(vec![w(nonce())]), &current());
}

#[test]
fn upgrade_refuses() {
    let legacy = account(RENT, NonceVersion::Legacy, Some(data(BLOCKHASH)));
    let invalid = InstructionError::InvalidArgument;
    fails(legacy.clone(), upgrade(vec![]), InstructionError::MissingAccount, "");
    fails(legacy.clone(), upgrade(vec![r(nonce())]), invalid.clone(), "");
    let foreign = Account { owner: other(), ..legacy };
    fails(foreign, upgrade(vec![r(nonce())]), InstructionError::InvalidAccountOwner, "");
    fails(current(), upgrade(vec![w(nonce())]), invalid.clone(), "");
    fails(account(RENT, NonceVersion::Legacy, None), upgrade(vec![w(nonce())]), invalid, "");
    let garbage = Account::new(RENT, &[9; 80], system_program::ID);
    fails(garbage, upgrade(vec![w(nonce())]), InstructionError::InvalidAccountData, "");
}
