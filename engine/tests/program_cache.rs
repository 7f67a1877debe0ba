//! Programs that change: what is deployed, upgraded, extended or closed in a slot is visible from the next one, at any
//! worker count, and a block that is dropped leaves nothing behind, least of all a compiled program.

mod common;

use common::{program::*, *};
use heddle_engine::{Block, Engine, ExecutedBlock, Outcome, Parallelism, VerifiedTransaction};
use heddle_storage::MemoryStore;
use heddle_types::{Account, InstructionError, Pubkey, TransactionError};
use heddle_vm::ExecutionMode;
use std::sync::Arc;

const PROGRAM: u8 = 100;
/// Buffers hold versions 2 and 3 of the program.
const BUFFERS: [u8; 2] = [102, 103];
const BAD_BUFFER: u8 = 104;
/// Holds no program yet.
const FRESH: u8 = 105;
const SPILL: u8 = 110;
const PAYERS: u8 = 24;
const AUTHORITY: u8 = 50;
const MODES: [Parallelism; 4] =
    [Parallelism::Serial, Parallelism::Workers(1), Parallelism::Workers(2), Parallelism::Workers(4)];

/// What shows which version of the program ran.
type Status = Result<(), TransactionError>;

fn version(number: u32) -> Status {
    Err(TransactionError::InstructionError(0, InstructionError::Custom(number)))
}

fn not_deployed(instruction: u8) -> Status {
    Err(TransactionError::InstructionError(instruction, InstructionError::UnsupportedProgramId))
}

fn authority() -> Pubkey {
    address(&key(AUTHORITY))
}

fn genesis() -> Vec<(Pubkey, Account)> {
    let mut accounts = Vec::from(deployed(plain(PROGRAM), authority(), &elf_of_version(1)));
    for (index, buffer_key) in BUFFERS.into_iter().enumerate() {
        accounts.push((plain(buffer_key), buffer(authority(), &elf_of_version(2 + index as u32))));
    }
    accounts.push((plain(BAD_BUFFER), buffer(authority(), b"\x7fELF, but not one")));
    accounts.push((plain(FRESH), undeployed()));
    accounts.push((plain(SPILL), Account::with_lamports(1_000_000_000)));
    let payers = (1..=PAYERS).chain([AUTHORITY]);
    accounts.extend(payers.map(|n| (address(&key(n)), Account::with_lamports(100_000_000_000))));
    accounts
}

struct Chain {
    engine: Engine,
    mode: Parallelism,
}

impl Chain {
    fn new(mode: Parallelism) -> Self {
        // The serial reference interprets what the others compile.
        let execution = if mode == Parallelism::Serial { ExecutionMode::Interpreter } else { ExecutionMode::Jit };
        let engine = Engine::builder()
            .runtime(heddle_programs::runtime_builder().execution_mode(execution).build())
            .workers(1)
            .workers_max(4)
            .record_details(true)
            .accounts(genesis())
            .build()
            .expect("engine");
        Self { engine, mode }
    }

    /// One transaction for each list of instructions, each with a payer of its own: only the program ties them together.
    fn next_block(&self, transactions: &[Vec<Instruction>]) -> Block {
        let recent = self.engine.latest_blockhash();
        let sign = |(index, instructions): (usize, &Vec<Instruction>)| -> VerifiedTransaction {
            let (payer, authority) = (key(1 + index as u8), key(AUTHORITY));
            let has_authority = instructions
                .iter()
                .flat_map(|instruction| &instruction.accounts)
                .any(|meta| meta.is_signer && meta.key == address(&authority));
            let signers = if has_authority { vec![&payer, &authority] } else { vec![&payer] };
            verified(instructions, &signers, recent)
        };
        self.engine.next_block(transactions.iter().enumerate().map(sign).collect())
    }

    fn execute(&self, transactions: &[Vec<Instruction>]) -> ExecutedBlock {
        self.engine.execute_block_with(self.next_block(transactions), self.mode).expect("a block")
    }

    /// Executes and commits.
    fn run(&self, transactions: &[Vec<Instruction>]) -> Vec<Status> {
        let executed = self.execute(transactions);
        let statuses = statuses(&executed);
        self.engine.commit_block(executed).expect("commits");
        statuses
    }
}

fn statuses(executed: &ExecutedBlock) -> Vec<Status> {
    let status = |outcome: &Outcome| outcome.receipt().expect("it is in the block").status.clone();
    executed.outcomes().iter().map(status).collect()
}

fn invoke() -> Vec<Instruction> {
    call(PROGRAM)
}

fn call(program: u8) -> Vec<Instruction> {
    vec![Instruction { program: plain(program), accounts: vec![], data: vec![] }]
}

fn upgrade_from(buffer: u8) -> Vec<Instruction> {
    vec![upgrade(plain(PROGRAM), plain(buffer), plain(SPILL), authority())]
}

fn deploy_fresh(payer: u8) -> Instruction {
    deploy(address(&key(payer)), plain(FRESH), plain(BUFFERS[0]), authority(), 2_000)
}

/// Runs `scenario` in every mode: outcomes and hashes must agree.
fn in_every_mode(scenario: impl Fn(&Chain)) {
    let mut hashes = Vec::new();
    for mode in MODES {
        let chain = Chain::new(mode);
        scenario(&chain);
        hashes.push(chain.engine.tip().block_hash);
    }
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{hashes:?}");
}

#[test]
fn a_deployed_program_is_visible_in_the_next_slot() {
    in_every_mode(|chain| {
        let block = [call(FRESH), vec![deploy_fresh(2)], call(FRESH), call(FRESH)];
        assert_eq!(chain.run(&block), [not_deployed(0), Ok(()), not_deployed(0), not_deployed(0)]);
        assert_eq!(chain.run(&[call(FRESH), call(FRESH)]), [version(2), version(2)]);
    });
}

#[test]
fn a_program_deployed_in_this_block_counts_with_its_data() {
    in_every_mode(|chain| {
        let executed = chain.execute(&[call(FRESH), vec![deploy_fresh(2)], call(FRESH)]);
        let sizes: Vec<u32> =
            executed.outcomes().iter().map(|outcome| outcome.receipt().expect("processed").loaded_data_bytes).collect();
        assert_eq!(sizes[2] - sizes[0], 64 + 45 + 2_000);
        chain.engine.commit_block(executed).expect("commits");
    });
}

#[test]
fn a_program_cannot_be_used_in_the_transaction_that_deploys_it() {
    in_every_mode(|chain| {
        let both = vec![deploy_fresh(1), call(FRESH).remove(0)];
        assert_eq!(chain.run(&[both]), [not_deployed(1)]);
        // The deployment was undone with its transaction.
        assert_eq!(chain.run(&[vec![deploy_fresh(1)]]), [Ok(())]);
        assert_eq!(chain.run(&[call(FRESH)]), [version(2)]);
    });
}

#[test]
fn an_upgrade_is_visible_in_the_next_slot() {
    in_every_mode(|chain| {
        let block = [invoke(), invoke(), upgrade_from(BUFFERS[0]), invoke(), invoke()];
        assert_eq!(chain.run(&block), [version(1), version(1), Ok(()), not_deployed(0), not_deployed(0)]);
        assert_eq!(chain.run(&[invoke(), upgrade_from(BUFFERS[1])]), [version(2), Ok(())]);
        assert_eq!(chain.run(&[invoke(), invoke()]), [version(3), version(3)]);
    });
}

#[test]
fn an_upgrade_and_a_call_in_one_transaction() {
    in_every_mode(|chain| {
        let both = [upgrade_from(BUFFERS[0]), invoke()].concat();
        assert_eq!(chain.run(&[both, invoke()]), [not_deployed(1), version(1)]);
    });
}

#[test]
fn a_failed_upgrade_changes_nothing() {
    in_every_mode(|chain| {
        let refused = Err(TransactionError::InstructionError(0, InstructionError::InvalidAccountData));
        assert_eq!(chain.run(&[upgrade_from(BAD_BUFFER), invoke()]), [refused, version(1)]);
        assert_eq!(chain.run(&[invoke()]), [version(1)]);
    });
}

#[test]
fn two_upgrades_in_one_slot() {
    in_every_mode(|chain| {
        let refused = Err(TransactionError::InstructionError(0, InstructionError::InvalidArgument));
        assert_eq!(chain.run(&[upgrade_from(BUFFERS[0]), upgrade_from(BUFFERS[1])]), [Ok(()), refused]);
        assert_eq!(chain.run(&[invoke()]), [version(2)]);
    });
}

#[test]
fn an_extended_program_rests_for_a_slot() {
    in_every_mode(|chain| {
        let extension = vec![extend(plain(PROGRAM), address(&key(2)), 10_240)];
        assert_eq!(chain.run(&[invoke(), extension, invoke()]), [version(1), Ok(()), not_deployed(0)]);
        assert_eq!(chain.run(&[invoke()]), [version(1)]);
        let data = chain.engine.account(&heddle_programs::programdata_address(&plain(PROGRAM)));
        let data = data.expect("readable").expect("exists");
        assert_eq!(data.data.len(), 45 + elf_of_version(1).len() + 10_240);
    });
}

#[test]
fn a_closed_program_is_gone_at_once_and_for_good() {
    in_every_mode(|chain| {
        let closing = vec![close(plain(PROGRAM), plain(SPILL), authority())];
        assert_eq!(chain.run(&[invoke(), closing, invoke()]), [version(1), Ok(()), not_deployed(0)]);
        assert_eq!(chain.run(&[invoke()]), [not_deployed(0)]);
        let again = deploy(address(&key(1)), plain(PROGRAM), plain(BUFFERS[0]), authority(), 2_000);
        let refused = Err(TransactionError::InstructionError(0, InstructionError::AccountAlreadyInitialized));
        assert_eq!(chain.run(&[vec![again]]), [refused]);
    });
}

#[test]
fn a_closed_program_cannot_be_used_in_the_same_transaction() {
    in_every_mode(|chain| {
        let both = vec![close(plain(PROGRAM), plain(SPILL), authority()), invoke().remove(0)];
        assert_eq!(chain.run(&[both, invoke()]), [not_deployed(1), version(1)]);
    });
}

#[test]
fn a_dropped_block_leaves_no_program_behind() {
    in_every_mode(|chain| {
        let upgraded = chain.execute(&[upgrade_from(BUFFERS[0])]);
        let used = chain.execute(&[invoke(), invoke()]);
        assert_eq!(statuses(&used), [version(2), version(2)]);
        drop(used);
        drop(upgraded);
        // Same slot, another version: what was compiled for the dropped block must not run.
        assert_eq!(chain.run(&[invoke(), upgrade_from(BUFFERS[1])]), [version(1), Ok(())]);
        assert_eq!(chain.run(&[invoke(), invoke()]), [version(3), version(3)]);
    });
}

#[test]
fn a_dropped_deployment_never_happened() {
    in_every_mode(|chain| {
        let deployed = chain.execute(&[vec![deploy_fresh(1)]]);
        let used = chain.execute(&[call(FRESH)]);
        assert_eq!(statuses(&used), [version(2)]);
        drop(used);
        drop(deployed);
        assert_eq!(chain.run(&[call(FRESH)]), [not_deployed(0)]);
        assert_eq!(chain.run(&[vec![deploy_fresh(1)]]), [Ok(())]);
        assert_eq!(chain.run(&[call(FRESH)]), [version(2)]);
    });
}

#[test]
fn an_upgraded_program_survives_a_restart() {
    let store = Arc::new(MemoryStore::new());
    let open = || {
        let builder = Engine::builder().workers_max(4).accounts(genesis()).shared_store(store.clone());
        Chain { engine: builder.build().expect("engine"), mode: Parallelism::Workers(2) }
    };
    let chain = open();
    assert_eq!(chain.run(&[invoke(), upgrade_from(BUFFERS[0])]), [version(1), Ok(())]);
    drop(chain);
    let chain = open();
    assert_eq!(chain.run(&[invoke(), upgrade_from(BUFFERS[1])]), [version(2), Ok(())]);
    drop(chain);
    assert_eq!(open().run(&[invoke()]), [version(3)]);
}
