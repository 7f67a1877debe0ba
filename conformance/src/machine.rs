//! Runs one instruction outside of any block: accounts, sysvars, gates and budget are given, and everything that comes of
//! it is returned. The machine is the product's; nothing here decides what an instruction does.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    sync::Arc,
};

use heddle_types::{Account, Gates, InstructionError, Pubkey, ids};
use heddle_vm::{BlockEnvironment, ComputeBudget, ExecutionMode, InvokeContext, Runtime, costs};
use parking_lot::Mutex;

pub use crate::programs::Visibility;
use crate::programs::{Called, CasePrograms, CompiledPrograms};

/// An account of the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionMeta {
    /// Its place among the case's accounts.
    pub index: usize,
    /// Whether it signed.
    pub is_signer: bool,
    /// Whether it may be written.
    pub is_writable: bool,
}

/// What the account of the called program is when the case names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsentProgram {
    /// As a genesis has it: native for a builtin, an executable of its loader for a program that is supplied.
    Genesis,
    /// No account.
    Nothing,
}

/// One instruction and everything that it may see.
#[derive(Clone, Debug)]
pub struct Case {
    /// The program.
    pub program_id: Pubkey,
    /// Accounts; of two with one address the first counts.
    pub accounts: Vec<(Pubkey, Account)>,
    /// Accounts of the instruction.
    pub instruction_accounts: Vec<InstructionMeta>,
    /// Data of the instruction.
    pub data: Vec<u8>,
    /// Compute units.
    pub compute_unit_limit: u64,
    /// Heap of a frame in bytes.
    pub heap_size_bytes: u32,
    /// Sysvars and blockhash.
    pub block: BlockEnvironment,
    /// Switchable rules.
    pub gates: Gates,
    /// Which deployments it sees.
    pub visibility: Visibility,
    /// The program's account, if the case has none.
    pub absent_program: AbsentProgram,
}

/// Everything that a run leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The instruction's result.
    pub result: Result<(), InstructionError>,
    /// Compute units consumed.
    pub compute_units: u64,
    /// The program's log.
    pub logs: Vec<String>,
    /// Return data, whoever set it last.
    pub return_data: Vec<u8>,
    /// The case's accounts, each address once: as they are after a success, as they were after a failure.
    pub accounts: BTreeMap<Pubkey, Account>,
    /// Whether it invoked anything.
    pub has_cpi: bool,
    /// The sBPF programs that ran.
    pub elfs: Vec<Arc<[u8]>>,
    /// Whether one of them came from outside the case, so that its compute units are another build's.
    pub has_foreign_elf: bool,
    /// The program's account was that of a builtin which is an sBPF program today.
    pub is_migrated: bool,
}

/// Why an instruction cannot be run at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrunnable {
    /// Instruction accounts beyond the list of accounts.
    #[error("instruction account {index} of {count}")]
    AccountIndex {
        /// Named.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// More accounts than an instruction can index.
    #[error("{0} accounts; a transaction holds 256")]
    TooManyAccounts(usize),
    /// More heap than the protocol has.
    #[error("a heap of {0} bytes; the protocol has at most 262144")]
    HeapSize(u32),
}

/// Runs cases; shared by all threads.
pub struct Harness {
    supplied: Arc<HashMap<Pubkey, Arc<[u8]>>>,
    shipped_loaders: HashMap<Pubkey, Pubkey>,
    environments: Mutex<Vec<Environment>>,
}

/// A runtime and what is compiled for it.
#[derive(Clone)]
struct Environment {
    gates: Gates,
    mode: ExecutionMode,
    runtime: Arc<Runtime>,
    compiled: Arc<CompiledPrograms>,
}

impl Harness {
    /// A harness that finds programs which cases do not hold among `supplied`, then among the shipped ones.
    pub fn new(supplied: impl IntoIterator<Item = (Pubkey, Vec<u8>)>) -> Self {
        let shipped = heddle_programs::shipped_programs();
        let shipped_loaders = shipped.iter().map(|program| (program.key, program.loader)).collect();
        let mut programs: HashMap<Pubkey, Arc<[u8]>> =
            shipped.into_iter().map(|program| (program.key, program.elf.into())).collect();
        programs.extend(supplied.into_iter().map(|(key, elf)| (key, elf.into())));
        Self { supplied: Arc::new(programs), shipped_loaders, environments: Mutex::default() }
    }

    /// Runs `case`.
    ///
    /// # Errors
    /// If no transaction could hold the instruction.
    pub fn run(&self, case: &Case, mode: ExecutionMode) -> Result<Run, Unrunnable> {
        if case.heap_size_bytes > costs::HEAP_SIZE_BYTES_MAX {
            return Err(Unrunnable::HeapSize(case.heap_size_bytes));
        }
        let environment = self.environment(case.gates, mode);
        let mut accounts = BTreeMap::new();
        for (key, account) in &case.accounts {
            if let Entry::Vacant(place) = accounts.entry(*key) {
                place.insert(account.clone());
            }
        }
        let programs = Arc::new(CasePrograms {
            accounts: accounts.clone().into_iter().collect(),
            supplied: Arc::clone(&self.supplied),
            visibility: case.visibility,
            runtime: Arc::clone(&environment.runtime),
            compiled: Arc::clone(&environment.compiled),
            called: Mutex::default(),
        });
        let block = Arc::new(case.block.clone());
        let mut context = InvokeContext::new(Arc::clone(&environment.runtime), block, programs.clone());
        let unit_limit = u32::try_from(case.compute_unit_limit).unwrap_or(u32::MAX);
        context.begin(ComputeBudget { compute_unit_limit: unit_limit, heap_size_bytes: case.heap_size_bytes }, true);
        let is_migrated = self.load(&mut context, case, &accounts)?;
        let result = context.execute_instructions().map_err(|(_, error)| error);
        let transaction = &context.transaction;
        if result.is_ok() {
            for (index, key) in transaction.keys().iter().enumerate() {
                let is_stub = is_migrated && *key == case.program_id;
                if let Some(account) = accounts.get_mut(key).filter(|_| !is_stub) {
                    *account = transaction.account_at(index).clone();
                }
            }
        }
        let has_cpi = transaction.trace().len() > transaction.top_level_count();
        let return_data = transaction.return_data().1.to_vec();
        let compute_units = context.consumed_units();
        let Called { elfs, any_foreign: has_foreign_elf } = std::mem::take(&mut *programs.called.lock());
        let logs = context.take_logs().unwrap_or_default();
        Ok(Run { result, compute_units, logs, return_data, accounts, has_cpi, elfs, has_foreign_elf, is_migrated })
    }

    /// Puts the accounts of the instruction and its program into the machine, as a message of this one instruction
    /// would: each address once, with the privileges of all its mentions, the program read-only unless loader v3 is
    /// there. Returns whether the program was a builtin once.
    fn load(
        &self,
        context: &mut InvokeContext,
        case: &Case,
        accounts: &BTreeMap<Pubkey, Account>,
    ) -> Result<bool, Unrunnable> {
        let mut flags: Vec<(Pubkey, bool, bool)> = Vec::new();
        let mut indices = Vec::new();
        for meta in &case.instruction_accounts {
            let named = case.accounts.get(meta.index);
            let (key, _) = named.ok_or(Unrunnable::AccountIndex { index: meta.index, count: case.accounts.len() })?;
            let index = position_of(&mut flags, key);
            flags[index].1 |= meta.is_signer;
            flags[index].2 |= meta.is_writable;
            indices.push(index);
        }
        let program_index = position_of(&mut flags, &case.program_id);
        flags[program_index].2 &= flags.iter().any(|(key, ..)| *key == ids::bpf_loader_upgradeable::ID);
        let count = flags.len();
        let indices: Result<Vec<u8>, _> = indices.into_iter().map(u8::try_from).collect();
        let indices = indices.map_err(|_| Unrunnable::TooManyAccounts(count))?;
        let runtime = Arc::clone(context.runtime());
        let mut is_migrated = false;
        for (key, ..) in &flags {
            let mut account = accounts.get(key).cloned().unwrap_or_default();
            if *key == case.program_id {
                if !accounts.contains_key(key) && case.absent_program == AbsentProgram::Genesis {
                    account = self.program_account(key, &runtime);
                }
                is_migrated = account.owner == ids::native_loader::ID && self.is_migrated(key, &runtime);
                if is_migrated {
                    account = self.program_account(key, &runtime);
                }
            }
            context.transaction.add_account(*key, account);
        }
        let access = |index: usize| (flags[index].1, flags[index].2);
        context.transaction.add_instruction(program_index as u16, &indices, &case.data, access);
        Ok(is_migrated)
    }

    /// Whether a builtin's account stands at the address of a program that is none any more.
    fn is_migrated(&self, key: &Pubkey, runtime: &Runtime) -> bool {
        self.supplied.contains_key(key) && runtime.builtin(key).is_none() && runtime.precompile(key).is_none()
    }

    /// The account of a builtin or of a supplied program.
    fn program_account(&self, key: &Pubkey, runtime: &Runtime) -> Account {
        let is_native = runtime.builtin(key).is_some() || runtime.precompile(key).is_some();
        let owner = match self.shipped_loaders.get(key) {
            _ if is_native => ids::native_loader::ID,
            Some(loader) => *loader,
            None if self.supplied.contains_key(key) => ids::bpf_loader_upgradeable::ID,
            None => return Account::default(),
        };
        Account { executable: true, ..Account::new(1, &[], owner) }
    }

    /// The runtime of these gates, made at its first use. There are as many as sets of gates in a suite.
    fn environment(&self, gates: Gates, mode: ExecutionMode) -> Environment {
        /// More sets of gates than this in one suite cost time.
        const ENVIRONMENTS_MAX: usize = 64;
        let mut environments = self.environments.lock();
        if let Some(known) = environments.iter().find(|known| known.gates == gates && known.mode == mode) {
            return known.clone();
        }
        if environments.len() >= ENVIRONMENTS_MAX {
            environments.clear();
        }
        let runtime = heddle_programs::runtime_builder_with(gates).execution_mode(mode).build();
        let environment = Environment { gates, mode, runtime, compiled: Arc::default() };
        environments.push(environment.clone());
        environment
    }
}

fn position_of(flags: &mut Vec<(Pubkey, bool, bool)>, key: &Pubkey) -> usize {
    let known = flags.iter().position(|(known, ..)| known == key);
    known.unwrap_or_else(|| {
        flags.push((*key, false, false));
        flags.len() - 1
    })
}
