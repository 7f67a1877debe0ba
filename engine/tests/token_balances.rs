//! Token balances in the details of receipts: before and after, of transactions that succeed, fail or only pay, of both
//! token programs; in simulations; and as a database gives them back.

mod common;

use common::*;
use heddle_engine::{Block, Builder, Engine, Outcome, Parallelism};
use heddle_programs::ids::{ASSOCIATED_TOKEN_ACCOUNT, TOKEN_2022};
use heddle_storage::{LedgerOptions, RocksOptions, RocksStore, Store};
use heddle_types::{
    Account, Hash, InstructionError, Pubkey, Receipt, ReceiptDetails, TokenBalance, TransactionError, TransactionPlace,
    ids, limits,
};

const SOL: u64 = 1_000_000_000;
const MINT: Pubkey = Pubkey::new_from_array([150; 32]);
const SOURCE: Pubkey = Pubkey::new_from_array([151; 32]);
const DESTINATION: Pubkey = Pubkey::new_from_array([152; 32]);
const NATIVE_MINT: Pubkey = Pubkey::from_str_const("So11111111111111111111111111111111111111112");
/// Bytes of a token account or padded mint, then the byte that tells what it is, then the extensions.
const EXTENSIONS_OFFSET: usize = 166;

/// Who pays and owns `SOURCE`.
fn owner() -> Pubkey {
    address(&key(1))
}

/// Who owns `DESTINATION`.
fn other() -> Pubkey {
    address(&key(2))
}

/// A chain where `SOURCE` holds 1,000 units of `MINT`, and `DESTINATION` 5.
fn chain() -> Builder {
    chain_of(mint(1_005), token_account(MINT, owner(), 1_000), token_account(MINT, other(), 5))
}

fn chain_of(mint: Account, source: Account, destination: Account) -> Builder {
    Engine::builder()
        .record_details(true)
        .fund(owner(), 10 * SOL)
        .fund(other(), 10 * SOL)
        .account(MINT, mint)
        .account(SOURCE, source)
        .account(DESTINATION, destination)
}

/// Executes the instructions, which `owner` signs and pays for, in a block of their own.
fn run(engine: &Engine, instructions: &[Instruction]) -> Receipt {
    engine.execute(&wire(instructions, &[&key(1)], engine.latest_blockhash())).expect("it is in the block")
}

fn details(receipt: &Receipt) -> &ReceiptDetails {
    receipt.details.as_ref().expect("they were asked for")
}

/// (account, owner, amount) before and after, by the keys of a transaction of `instructions`.
fn holdings(receipt: &Receipt, instructions: &[Instruction]) -> [Vec<(Pubkey, Pubkey, u64)>; 2] {
    let transaction = verified(instructions, &[&key(1)], Hash::default());
    let keys: Vec<Pubkey> = transaction.transaction().static_keys().to_vec();
    let holding = |one: &TokenBalance| (keys[usize::from(one.account_index)], one.owner, one.amount);
    let details = details(receipt);
    [&details.pre_token_balances, &details.post_token_balances].map(|list| list.iter().map(holding).collect())
}

/// Executes the instructions, and wants these amounts in `accounts` before and after, and no others.
fn check(engine: &Engine, instructions: &[Instruction], before: &[(Pubkey, u64)], after: &[(Pubkey, u64)]) -> Receipt {
    let receipt = run(engine, instructions);
    let sorted = |mut list: Vec<(Pubkey, u64)>| {
        list.sort();
        list
    };
    let found = holdings(&receipt, instructions)
        .map(|list| sorted(list.into_iter().map(|(account, _, amount)| (account, amount)).collect()));
    let expected = [before, after].map(|list| sorted(list.to_vec()));
    assert_eq!(found, expected, "{:?}", receipt.status);
    receipt
}

fn instruction(program: Pubkey, accounts: &[Meta], data: &[u8]) -> Instruction {
    Instruction { program, accounts: accounts.to_vec(), data: data.to_vec() }
}

fn close(program: Pubkey, account: Pubkey) -> Instruction {
    instruction(program, &[writable(account), writable(owner()), signer(owner())], &[9])
}

fn transfer_checked(program: Pubkey, amount: u64) -> Instruction {
    let data = [&[12], &amount.to_le_bytes()[..], &[6]].concat();
    instruction(program, &[writable(SOURCE), readonly(MINT), writable(DESTINATION), signer(owner())], &data)
}

/// An account of Token-2022 with the contents of `plain` and one extension.
fn extended(plain: &Account, kind: u8, extension: u16, contents: &[u8]) -> Account {
    let mut data = plain.data.to_vec();
    data.resize(EXTENSIONS_OFFSET - 1, 0);
    data.push(kind);
    data.extend_from_slice(&extension.to_le_bytes());
    data.extend_from_slice(&(contents.len() as u16).to_le_bytes());
    data.extend_from_slice(contents);
    Account::new(limits::rent_exempt_minimum(data.len()), &data, TOKEN_2022)
}

#[test]
fn a_transfer_of_the_token_program() {
    let engine = chain().build().expect("an engine");
    let transfer = token_transfer(SOURCE, DESTINATION, owner(), 30);
    let receipt =
        check(&engine, &[transfer], &[(SOURCE, 1_000), (DESTINATION, 5)], &[(SOURCE, 970), (DESTINATION, 35)]);
    assert_eq!(receipt.status, Ok(()));
    let details = details(&receipt);
    let balance =
        |account_index, owner, amount| TokenBalance { account_index, mint: MINT, owner, program: TOKEN, amount };
    assert_eq!(details.pre_token_balances, [balance(1, owner(), 1_000), balance(2, other(), 5)]);
    assert_eq!(details.post_token_balances, [balance(1, owner(), 970), balance(2, other(), 35)]);
    assert_eq!(details.pre_balances.len(), 4, "payer, two accounts, program");
}

#[test]
fn transfers_of_token_2022() {
    let [mint, source, destination] =
        [mint(1_005), token_account(MINT, owner(), 1_000), token_account(MINT, other(), 5)];
    let before = [(SOURCE, 1_000), (DESTINATION, 5)];
    let pay = |amount| [transfer_checked(TOKEN_2022, amount)];
    let plain = [&mint, &source, &destination].map(|account| Account { owner: TOKEN_2022, ..account.clone() });
    let [plain_mint, plain_source, plain_destination] = plain;
    let engine = chain_of(plain_mint, plain_source, plain_destination).build().expect("an engine");
    let receipt = check(&engine, &pay(100), &before, &[(SOURCE, 900), (DESTINATION, 105)]);
    assert!(details(&receipt).pre_token_balances.iter().all(|one| one.program == TOKEN_2022 && one.mint == MINT));

    // Authorities: none. Withheld: nothing. Twice: from epoch 0 on 150 basis points, at most 80 units.
    let rate = [&0u64.to_le_bytes()[..], &80u64.to_le_bytes(), &150u16.to_le_bytes()].concat();
    let taxed_mint = extended(&mint, 1, 1, &[&[0; 72], &rate[..], &rate].concat());
    let [taxed_source, taxed_destination] = [source, destination].map(|account| extended(&account, 2, 2, &[0; 8]));
    let engine = chain_of(taxed_mint, taxed_source, taxed_destination).build().expect("an engine");
    let receipt = check(&engine, &pay(1_000), &before, &[(SOURCE, 0), (DESTINATION, 990)]);
    assert_eq!(receipt.status, Ok(()), "15 units are withheld");
}

#[test]
fn an_account_of_a_mint_that_is_closed_has_no_balance_after() {
    let closable = extended(&mint(0), 1, 3, owner().as_ref());
    let empty = |owner| Account { owner: TOKEN_2022, ..token_account(MINT, owner, 0) };
    let engine = chain_of(closable, empty(owner()), empty(other())).build().expect("an engine");
    let instructions = [transfer_checked(TOKEN_2022, 0), close(TOKEN_2022, MINT)];
    let receipt = check(&engine, &instructions, &[(SOURCE, 0), (DESTINATION, 0)], &[]);
    assert_eq!(receipt.status, Ok(()));
    assert!(engine.account(&SOURCE).expect("readable").is_some(), "only the mint is gone");
}

#[test]
fn an_account_that_is_created_has_no_balance_before() {
    let engine = chain().build().expect("an engine");
    let seeds = [other().to_bytes(), TOKEN.to_bytes(), MINT.to_bytes()];
    let associated = Pubkey::find_program_address(&[&seeds[0], &seeds[1], &seeds[2]], &ASSOCIATED_TOKEN_ACCOUNT).0;
    let accounts = [
        signer_writable(owner()),
        writable(associated),
        readonly(other()),
        readonly(MINT),
        readonly(ids::system_program::ID),
        readonly(TOKEN),
    ];
    let create = instruction(ASSOCIATED_TOKEN_ACCOUNT, &accounts, &[0]);
    let receipt = check(&engine, std::slice::from_ref(&create), &[], &[(associated, 0)]);
    assert_eq!(receipt.status, Ok(()));
    assert_eq!(holdings(&receipt, &[create])[1], [(associated, other(), 0)]);
    check(
        &engine,
        &[token_transfer(SOURCE, associated, owner(), 7)],
        &[(SOURCE, 1_000), (associated, 0)],
        &[(SOURCE, 993), (associated, 7)],
    );
}

#[test]
fn an_account_that_is_closed_has_no_balance_after() {
    let engine = chain().build().expect("an engine");
    let instructions = [token_transfer(SOURCE, DESTINATION, owner(), 1_000), close(TOKEN, SOURCE)];
    let receipt = check(&engine, &instructions, &[(SOURCE, 1_000), (DESTINATION, 5)], &[(DESTINATION, 1_005)]);
    assert_eq!(receipt.status, Ok(()));
    assert_eq!(engine.account(&SOURCE).expect("readable"), None);
}

#[test]
fn what_failed_or_only_paid_leaves_balances_as_they_were() {
    let engine = chain().build().expect("an engine");
    let pay = |amount| token_transfer(SOURCE, DESTINATION, owner(), amount);
    let both = [(SOURCE, 1_000), (DESTINATION, 5)];
    let receipt = check(&engine, &[pay(10), pay(2_000)], &both, &both);
    assert_eq!(receipt.status, Err(TransactionError::InstructionError(1, InstructionError::Custom(1))));
    assert!(receipt.executed);
    let receipt = check(&engine, &[pay(10), instruction(plain(250), &[], &[])], &both, &both);
    assert_eq!(receipt.status, Err(TransactionError::ProgramAccountNotFound));
    assert!(!receipt.executed);
    let details = details(&receipt);
    assert_eq!(details.post_balances[0], details.pre_balances[0] - receipt.fee_lamports);
}

#[test]
fn wrapped_lamports() {
    let rent = limits::rent_exempt_minimum(165);
    let mut wrapped = token_account(NATIVE_MINT, owner(), 40);
    wrapped.lamports = rent + 40;
    wrapped.data.make_mut()[109] = 1;
    wrapped.data.make_mut()[113..121].copy_from_slice(&rent.to_le_bytes());
    let engine = chain_of(mint(5), wrapped, token_account(MINT, other(), 5))
        .account(NATIVE_MINT, mint(0))
        .build()
        .expect("an engine");
    let sync = instruction(TOKEN, &[writable(SOURCE)], &[17]);
    check(&engine, &[transfer(owner(), SOURCE, 60), sync], &[(SOURCE, 40)], &[(SOURCE, 100)]);
    let receipt = check(&engine, &[close(TOKEN, SOURCE)], &[(SOURCE, 100)], &[]);
    assert_eq!(receipt.status, Ok(()), "a wrapping account may be closed with a balance");
}

#[test]
fn without_a_token_program_or_details_there_are_none() {
    let engine = chain().build().expect("an engine");
    let receipt = check(&engine, &[transfer(owner(), SOURCE, 60)], &[], &[]);
    assert_eq!(receipt.status, Ok(()), "the token account is written, but no token program is named");
    let engine = chain().record_details(false).build().expect("an engine");
    assert_eq!(run(&engine, &[token_transfer(SOURCE, DESTINATION, owner(), 30)]).details, None);
}

#[test]
fn within_a_block_each_sees_what_the_one_before_left() {
    let amounts = |parallelism| {
        let engine = chain().workers(4).build().expect("an engine");
        let pay = |amount| {
            let transfer = token_transfer(SOURCE, DESTINATION, owner(), amount);
            verified(&[transfer], &[&key(1)], engine.latest_blockhash())
        };
        let block: Block = engine.next_block((1..=20).map(pay).collect());
        let executed = engine.execute_block_with(block, parallelism).expect("a block");
        let of = |outcome: &Outcome| {
            let details = details(outcome.receipt().expect("it is in the block")).clone();
            [details.pre_token_balances, details.post_token_balances].map(|list| [list[0].amount, list[1].amount])
        };
        executed.outcomes().iter().map(of).collect::<Vec<_>>()
    };
    let serial = amounts(Parallelism::Serial);
    assert!(serial.windows(2).all(|pair| pair[0][1] == pair[1][0]));
    assert_eq!(serial[19], [[1_000 - 190, 5 + 190], [1_000 - 210, 5 + 210]]);
    assert_eq!(amounts(Parallelism::Workers(4)), serial);
}

#[test]
fn simulations_tell_them_too() {
    let engine = chain().record_details(false).build().expect("an engine");
    let simulate = |amount, blockhash| {
        let transfer = token_transfer(SOURCE, DESTINATION, owner(), amount);
        engine.simulate(&verified(&[transfer], &[&key(1)], blockhash)).expect("readable")
    };
    let amounts = |list: &[TokenBalance]| list.iter().map(|one| one.amount).collect::<Vec<u64>>();
    for (amount, after) in [(30, [970, 35]), (2_000, [1_000, 5])] {
        let simulation = simulate(amount, engine.latest_blockhash());
        let details = details(simulation.outcome.receipt().expect("not rejected"));
        assert_eq!(amounts(&details.pre_token_balances), [1_000, 5]);
        assert_eq!(amounts(&details.post_token_balances), after);
        assert_eq!(simulation.token_balances, details.post_token_balances);
    }
    let rejected = simulate(30, Hash::default());
    assert_eq!(rejected.outcome, Outcome::Rejected(TransactionError::BlockhashNotFound));
    assert_eq!(amounts(&rejected.token_balances), [1_000, 5], "as they are");
}

#[test]
fn a_database_gives_them_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = RocksOptions { ledger: Some(LedgerOptions::EVERYTHING), ..RocksOptions::default() };
    let store = RocksStore::open_with(directory.path(), options).expect("opens");
    let engine = chain().store(store).build().expect("an engine");
    let receipt = run(&engine, &[token_transfer(SOURCE, DESTINATION, owner(), 30)]);
    let place = TransactionPlace { slot: engine.tip().slot, position: 0 };
    drop(engine);
    let store = RocksStore::open_read_only(directory.path()).expect("opens");
    let kept = store.transaction(place).expect("readable").expect("kept");
    assert_eq!(kept.receipt, receipt);
    assert_eq!(details(&kept.receipt).post_token_balances.len(), 2);
}
