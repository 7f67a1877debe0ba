//! The central promise: for any block and any number of workers, receipts, accounts and hashes equal those of serial
//! execution in block order, with every program interpreted.

mod common;

use common::*;
use heddle_engine::{Block, Engine, Outcome, Parallelism, VerifiedTransaction};
use heddle_types::{BlockHeader, Hash, Pubkey, limits};
use heddle_vm::ExecutionMode;
use proptest::prelude::*;

const USERS: u8 = 8;
const NONCES: u8 = 3;
const WORKERS: [usize; 4] = [1, 2, 4, 16];
const BLOCKS: usize = 3;
const MINT: u8 = 200;
/// Any hash that is not the genesis blockhash: a nonce made from that could not be advanced in the first block.
const NONCE_SOURCE: Hash = Hash::new_from_array([9; 32]);

/// One transaction of a random block.
#[derive(Clone, Copy, Debug)]
enum Action {
    /// A transfer; the amount may be more than the sender has.
    Transfer { from: u8, to: u8, lamports: u64 },
    /// Everything to and from one account.
    Hot { from: u8, lamports: u64 },
    /// Two transfers in one transaction, of which the second may fail and undo the first.
    Pair { from: u8, to: u8, lamports: u64 },
    /// Leaves the sender or the new account below the rent-exempt minimum, or not.
    Fresh { from: u8, new: u8, lamports: u64 },
    /// Through p-token; may be more than the account holds.
    Token { from: u8, to: u8, amount: u64 },
    /// On a durable nonce; only the first user of a nonce value gets in.
    Nonce { nonce: u8, from: u8, lamports: u64 },
    /// The same bytes again.
    Duplicate { of: usize },
    /// A program that does not exist: fees only.
    NoProgram { from: u8 },
    /// Signed under a blockhash nobody knows: rejected.
    Stale { from: u8 },
}

fn action() -> impl Strategy<Value = Action> {
    let user = 0..USERS;
    let lamports = prop_oneof![8 => 1u64..100_000_000, 1 => Just(0), 2 => 1_000_000_000u64..20_000_000_000];
    prop_oneof![
        6 => (user.clone(), user.clone(), lamports.clone())
            .prop_map(|(from, to, lamports)| Action::Transfer { from, to, lamports }),
        3 => (user.clone(), lamports.clone()).prop_map(|(from, lamports)| Action::Hot { from, lamports }),
        2 => (user.clone(), user.clone(), lamports.clone())
            .prop_map(|(from, to, lamports)| Action::Pair { from, to, lamports }),
        2 => (user.clone(), 100..110u8, 0..2 * limits::rent_exempt_minimum(0))
            .prop_map(|(from, new, lamports)| Action::Fresh { from, new, lamports }),
        5 => (user.clone(), user.clone(), 0..3_000u64).prop_map(|(from, to, amount)| Action::Token { from, to, amount }),
        2 => (0..NONCES, user.clone(), lamports)
            .prop_map(|(nonce, from, lamports)| Action::Nonce { nonce, from, lamports }),
        2 => any::<usize>().prop_map(|of| Action::Duplicate { of }),
        1 => user.clone().prop_map(|from| Action::NoProgram { from }),
        1 => user.prop_map(|from| Action::Stale { from }),
    ]
}

fn blockhash() -> impl Strategy<Value = Blockhash> {
    prop_oneof![2 => Just(Blockhash::New), 1 => Just(Blockhash::Repeated)]
}

fn user(n: u8) -> Pubkey {
    address(&key(n + 1))
}

fn token_key(n: u8) -> Pubkey {
    plain(150 + n)
}

fn nonce_key(n: u8) -> Pubkey {
    plain(180 + n)
}

/// The engine under test, and two on the same chain: one that interprets what the others compile, and one that keeps no
/// account in memory which it does not need at the moment.
struct Engines {
    compiled: Engine,
    interpreted: Engine,
    forgetful: Engine,
}

fn engines() -> Engines {
    Engines {
        compiled: engine(ExecutionMode::Jit, usize::MAX),
        interpreted: engine(ExecutionMode::Interpreter, usize::MAX),
        forgetful: engine(ExecutionMode::Jit, 0),
    }
}

fn engine(mode: ExecutionMode, cache_bytes: usize) -> Engine {
    let mut builder = Engine::builder()
        .cache_bytes(cache_bytes)
        .runtime(heddle_programs::runtime_builder().execution_mode(mode).build())
        .workers(1)
        .workers_max(16)
        .record_details(true)
        .account(plain(MINT), mint(1 << 40))
        .fund(plain(120), 1_000_000_000);
    for n in 0..USERS {
        // User 0 is poor: its fees run out in the middle of a block.
        let lamports = if n == 0 { 40_000 } else { 5_000_000_000 };
        builder = builder.fund(user(n), lamports).account(token_key(n), token_account(plain(MINT), user(n), 2_000));
    }
    for n in 0..NONCES {
        builder = builder.account(nonce_key(n), nonce_account(user(n), &NONCE_SOURCE));
    }
    builder.build().expect("an engine")
}

/// Signs the actions of one block under `blockhash`; `salt` keeps equal actions of different positions apart.
fn sign(actions: &[Action], engine: &Engine, salt: u64) -> Vec<VerifiedTransaction> {
    let blockhash = engine.latest_blockhash();
    let mut signed: Vec<VerifiedTransaction> = Vec::new();
    for (position, action) in actions.iter().enumerate() {
        let unique = salt * 1000 + position as u64;
        signed.push(match *action {
            Action::Duplicate { of } if !signed.is_empty() => signed[of % signed.len()].clone(),
            Action::Duplicate { .. } => sign_one(Action::NoProgram { from: 1 }, engine, blockhash, unique),
            other => sign_one(other, engine, blockhash, unique),
        });
    }
    signed
}

fn sign_one(action: Action, engine: &Engine, blockhash: Hash, unique: u64) -> VerifiedTransaction {
    let hot = plain(120);
    let one = |from: u8, instructions: &[Instruction]| {
        // A transfer of a unique amount to oneself makes the message unique without changing anything.
        let mut instructions = instructions.to_vec();
        instructions.push(transfer(user(from), user(from), unique));
        verified(&instructions, &[&key(from + 1)], blockhash)
    };
    match action {
        Action::Transfer { from, to, lamports } => one(from, &[transfer(user(from), user(to), lamports)]),
        Action::Hot { from, lamports } => one(from, &[transfer(user(from), hot, lamports)]),
        Action::Pair { from, to, lamports } => one(
            from,
            &[transfer(user(from), user(to), lamports), transfer(user(from), hot, lamports.saturating_mul(40))],
        ),
        Action::Fresh { from, new, lamports } => one(from, &[transfer(user(from), plain(new), lamports)]),
        Action::Token { from, to, amount } => {
            one(from, &[token_transfer(token_key(from), token_key(to), user(from), amount)])
        }
        Action::NoProgram { from } => {
            let nothing = Instruction { program: plain(250), accounts: vec![], data: unique.to_le_bytes().to_vec() };
            verified(&[nothing], &[&key(from + 1)], blockhash)
        }
        Action::Stale { from } => {
            verified(&[transfer(user(from), hot, unique)], &[&key(from + 1)], Hash::new_from_array([77; 32]))
        }
        Action::Nonce { nonce, from, lamports } => {
            let account = engine.account(&nonce_key(nonce)).expect("readable").expect("a nonce account");
            let value = heddle_vm::NonceState::from_bytes(&account.data).and_then(|state| state.data);
            let value = value.expect("initialised").durable_nonce.0;
            let advance = advance_nonce(nonce_key(nonce), user(nonce));
            let pay = transfer(user(from), hot, lamports);
            let keys = [key(from + 1), key(nonce + 1)];
            verified(&[advance, pay], &[&keys[0], &keys[1]], value)
        }
        Action::Duplicate { .. } => unreachable!("resolved by the caller"),
    }
}

/// Whether a block adds a blockhash or goes on under its parent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blockhash {
    New,
    Repeated,
}

/// Executes one block in every way; all must agree. Commits it and returns its outcomes.
fn check_block(engines: &Engines, transactions: Vec<VerifiedTransaction>, blockhash: Blockhash) -> Vec<Outcome> {
    let engine = &engines.compiled;
    let mut block = engine.next_block(transactions);
    if blockhash == Blockhash::Repeated {
        block.blockhash = engine.latest_blockhash();
    }
    let before = engine.tip();
    let serial = engine.execute_block_with(block.clone(), Parallelism::Serial).expect("serial");
    let (header, outcomes, changes) = (*serial.header(), serial.outcomes().to_vec(), serial.changes().to_vec());
    drop(serial);
    assert_eq!(engine.tip(), before, "a dropped block leaves nothing behind");
    for workers in WORKERS {
        let parallel = engine.execute_block_with(block.clone(), Parallelism::Workers(workers)).expect("parallel");
        assert_eq!(parallel.outcomes(), outcomes, "outcomes with {workers} workers");
        assert_eq!(parallel.changes(), changes, "accounts with {workers} workers");
        assert_eq!(*parallel.header(), header, "hashes with {workers} workers");
    }
    let interpreted = engines.interpreted.execute_block_with(block.clone(), Parallelism::Serial).expect("interpreted");
    assert_eq!(interpreted.outcomes(), outcomes, "outcomes interpreted");
    assert_eq!(interpreted.changes(), changes, "accounts interpreted");
    assert_eq!(*interpreted.header(), header, "hashes interpreted");
    engines.interpreted.commit_block(interpreted).expect("commits");
    check_forgetful(&engines.forgetful, &block, &header, &outcomes);
    let executed = engine.execute_block(block).expect("executes");
    assert_eq!(*executed.header(), header);
    engine.commit_block(executed).expect("commits").outcomes
}

/// Executes one block on the engine that forgets accounts, while they are also being read ahead, and commits it.
fn check_forgetful(engine: &Engine, block: &Block, header: &BlockHeader, outcomes: &[Outcome]) {
    let executed = std::thread::scope(|scope| {
        scope.spawn(|| engine.prefetch(&block.transactions).expect("reads ahead"));
        engine.execute_block_with(block.clone(), Parallelism::Workers(4)).expect("forgetful")
    });
    assert_eq!(executed.outcomes(), outcomes, "outcomes with no cache");
    assert_eq!(executed.header(), header, "hashes with no cache");
    engine.commit_block(executed).expect("commits");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_block_on_any_number_of_workers(
        blocks in prop::collection::vec((prop::collection::vec(action(), 1..120), blockhash()), BLOCKS)
    ) {
        let engines = engines();
        for (salt, (actions, blockhash)) in blocks.iter().enumerate() {
            let transactions = sign(actions, &engines.compiled, salt as u64);
            check_block(&engines, transactions, *blockhash);
        }
    }
}

/// The generator must reach every kind of outcome, or the property above proves little.
#[test]
fn the_blocks_are_not_trivial() {
    let engines = engines();
    let engine = &engines.compiled;
    let actions = [
        Action::Transfer { from: 1, to: 2, lamports: 5 },
        Action::Transfer { from: 1, to: 2, lamports: 50_000_000_000 },
        Action::Token { from: 2, to: 3, amount: 1_999 },
        Action::Token { from: 2, to: 3, amount: 1_999 },
        Action::Nonce { nonce: 1, from: 3, lamports: 7 },
        Action::Nonce { nonce: 1, from: 4, lamports: 7 },
        Action::Nonce { nonce: 2, from: 4, lamports: 50_000_000_000 },
        Action::Duplicate { of: 0 },
        Action::NoProgram { from: 5 },
        Action::Stale { from: 5 },
        Action::Fresh { from: 1, new: 101, lamports: 1 },
    ];
    let outcomes = check_block(&engines, sign(&actions, engine, 1), Blockhash::New);
    let told: Vec<String> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Rejected(error) => format!("rejected {error:?}"),
            Outcome::Processed(receipt) if !receipt.executed => format!("fees only {:?}", receipt.status),
            Outcome::Processed(receipt) => format!("{:?}", receipt.status),
        })
        .collect();
    assert_eq!(
        told,
        [
            "Ok(())",
            "Err(InstructionError(0, Custom(1)))",
            "Ok(())",
            "Err(InstructionError(0, Custom(1)))",
            "Ok(())",
            "rejected BlockhashNotFound",
            "Err(InstructionError(1, Custom(1)))",
            "rejected AlreadyProcessed",
            "fees only Err(ProgramAccountNotFound)",
            "rejected BlockhashNotFound",
            "Err(InsufficientFundsForRent { account_index: 1 })",
        ]
    );
    let token = engine.account(&token_key(3)).unwrap().unwrap();
    assert_eq!(token_amount(&token), 3_999);
}
