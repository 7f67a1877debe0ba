//! Runs one transaction's instructions compiled, compiled again on the same machine, and interpreted, and checks that all
//! three agree and keep the runtime's promises. No engine: no fees, no locks, no rent check.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use heddle_types::{Account, Hash, InstructionError, Pubkey, limits};
use heddle_vm::{
    BlockEnvironment, Clock, ComputeBudget, ExecutionMode, InvokeContext, ProgramEntry, ProgramSource, Runtime,
    slot_hashes_to_bytes,
};
use solana_sdk_ids::sysvar;

/// The blockhash of the block.
pub(crate) const BLOCKHASH: Hash = Hash::new_from_array([0xb1; 32]);
const SLOT: u64 = 1_000;
/// `heddle_vm` truncates the log beyond.
const LOG_BYTES_MAX: usize = 10_000;
const RETURN_DATA_BYTES_MAX: usize = 1_024;

/// Mainnet's machine, compiled and interpreted.
static RUNTIMES: LazyLock<[Arc<Runtime>; 2]> = LazyLock::new(|| {
    [ExecutionMode::Jit, ExecutionMode::Interpreter]
        .map(|mode| heddle_programs::runtime_builder().execution_mode(mode).build())
});

static BLOCK: LazyLock<Arc<BlockEnvironment>> = LazyLock::new(|| {
    let clock = Clock { slot: SLOT, unix_timestamp: 1_700_000_000, ..Clock::default() };
    let mut block = BlockEnvironment::new(clock, BLOCKHASH);
    let hashes: Vec<_> = (0..SLOT).rev().take(512).map(|slot| (slot, Hash::new_from_array([slot as u8; 32]))).collect();
    block.sysvars.set(sysvar::slot_hashes::ID, &slot_hashes_to_bytes(&hashes));
    let mut recent = 1u64.to_le_bytes().to_vec();
    recent.extend(BLOCKHASH.as_ref());
    recent.extend(limits::LAMPORTS_PER_SIGNATURE.to_le_bytes());
    block.sysvars.set(sysvar::recent_blockhashes::ID, &recent);
    Arc::new(block)
});

/// Names of the syscalls that a program can call, but for `abort`.
pub(crate) static SYSCALLS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut assembler = crate::guest::Assembler::new(0);
    assembler.exit();
    let entry = load(&assembler.finish().to_elf()).expect("a program that exits");
    let ProgramEntry::Executable(program) = &*entry else { unreachable!("`load` gives executables") };
    let registry = program.executable().get_loader().get_function_registry();
    let mut names: Vec<_> = registry.iter().map(|(_, (name, _))| name.to_vec()).collect();
    // It looks at nothing, and nothing comes after it.
    names.retain(|name| name != b"abort");
    names.sort_unstable();
    names
});

pub(crate) fn runtime() -> &'static Arc<Runtime> {
    &RUNTIMES[0]
}

pub(crate) fn block() -> &'static Arc<BlockEnvironment> {
    &BLOCK
}

/// Loads and compiles; `None` if the bytes are no program.
pub(crate) fn load(elf: &[u8]) -> Option<Arc<ProgramEntry>> {
    let entry = ProgramEntry::load(elf, runtime());
    matches!(entry, ProgramEntry::Executable(_)).then(|| Arc::new(entry))
}

/// An instruction by indices.
#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    pub(crate) program: u16,
    pub(crate) accounts: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

/// One account of the transaction.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Pubkey,
    pub(crate) account: Account,
    pub(crate) is_signer: bool,
    pub(crate) is_writable: bool,
}

/// A transaction to run, with keys that do not repeat.
pub(crate) struct Scenario {
    pub(crate) accounts: Vec<Entry>,
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) budget: ComputeBudget,
    pub(crate) programs: Programs,
}

/// Loaded programs by address.
#[derive(Clone, Default)]
pub(crate) struct Programs(pub(crate) HashMap<Pubkey, Arc<ProgramEntry>>);

impl ProgramSource for Programs {
    fn program(&self, key: &Pubkey, _account: &Account) -> Option<Arc<ProgramEntry>> {
        self.0.get(key).cloned()
    }

    fn was_program(&self, key: &Pubkey) -> bool {
        self.0.contains_key(key)
    }
}

/// Everything that a run leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) result: Result<(), (u8, InstructionError)>,
    pub(crate) units: u64,
    pub(crate) logs: Vec<String>,
    pub(crate) return_data: (Pubkey, Vec<u8>),
    pub(crate) accounts: Vec<Account>,
    touched: Vec<bool>,
    trace: String,
}

impl Scenario {
    /// Runs it all ways and gives what came of it.
    ///
    /// # Panics
    /// If the ways differ or a promise is broken.
    pub(crate) fn run(&self) -> Outcome {
        let [compiled, interpreted] = &*RUNTIMES;
        let mut machine = self.machine(compiled);
        let outcome = self.run_on(&mut machine);
        assert_eq!(self.run_on(&mut machine), outcome, "the second run on one machine differs from the first");
        assert_eq!(self.run_on(&mut self.machine(interpreted)), outcome, "interpreted and compiled differ");
        self.check(&outcome);
        if std::env::var_os("HEDDLE_FUZZ_SHOW").is_some() {
            eprintln!("{:?}, {} units, {:#?}", outcome.result, outcome.units, outcome.logs);
        }
        outcome
    }

    fn machine(&self, runtime: &Arc<Runtime>) -> InvokeContext {
        InvokeContext::new(runtime.clone(), BLOCK.clone(), Arc::new(self.programs.clone()))
    }

    fn run_on(&self, context: &mut InvokeContext) -> Outcome {
        context.begin(self.budget, true);
        for entry in &self.accounts {
            context.transaction.add_account(entry.key, entry.account.clone());
        }
        for one in &self.instructions {
            let access = |index: usize| (self.accounts[index].is_signer, self.accounts[index].is_writable);
            context.transaction.add_instruction(one.program, &one.accounts, &one.data, access);
        }
        let result = context.execute_instructions();
        let transaction = &context.transaction;
        let (program, data) = transaction.return_data();
        let indices = 0..self.accounts.len();
        Outcome {
            result,
            units: context.consumed_units(),
            return_data: (*program, data.to_vec()),
            accounts: indices.clone().map(|index| transaction.account_at(index).clone()).collect(),
            touched: indices.map(|index| transaction.is_touched(index)).collect(),
            trace: format!("{:?}", transaction.trace()),
            logs: context.take_logs().unwrap_or_default(),
        }
    }

    /// What holds of any transaction.
    fn check(&self, outcome: &Outcome) {
        assert!(outcome.units <= self.budget.compute_unit_limit.into());
        assert!(outcome.return_data.1.len() <= RETURN_DATA_BYTES_MAX);
        let log_bytes: usize = outcome.logs.iter().map(String::len).sum();
        assert!(log_bytes <= LOG_BYTES_MAX + "Log truncated".len(), "{log_bytes} bytes of logs");
        if outcome.result.is_err() {
            return;
        }
        let sum = |accounts: &mut dyn Iterator<Item = &Account>| -> u128 {
            accounts.map(|account| u128::from(account.lamports)).sum()
        };
        let before = sum(&mut self.accounts.iter().map(|entry| &entry.account));
        assert_eq!(sum(&mut outcome.accounts.iter()), before, "lamports are not conserved");
        for ((entry, after), touched) in self.accounts.iter().zip(&outcome.accounts).zip(&outcome.touched) {
            assert!(after.data.len() <= limits::ACCOUNT_DATA_BYTES_MAX);
            let is_free = *touched && entry.is_writable || entry.key == sysvar::instructions::ID;
            assert!(is_free || *after == entry.account, "{} changed, although untouched or read-only", entry.key);
        }
    }
}
