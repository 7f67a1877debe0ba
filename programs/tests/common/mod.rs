//! Runs single instructions on hand-made accounts, without an engine: no fees, no locks, no rent check. Where programs
//! are loaded, it runs them compiled and interpreted and requires the same of both.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use heddle_programs::{runtime, runtime_builder_with, shipped_programs};
use heddle_types::{Account, Hash, InstructionError, Pubkey};
use heddle_vm::{
    BlockEnvironment, Clock, ComputeBudget, ExecutionMode, InvokeContext, ProgramEntry, ProgramSource, Runtime,
    assemble, costs,
};
use solana_sdk_ids::{bpf_loader, native_loader, sysvar};

/// The blockhash of the block that instructions run in.
pub const BLOCKHASH: Hash = Hash::new_from_array([0xb1; 32]);

/// A key that is easy to tell from others.
pub fn key(byte: u8) -> Pubkey {
    Pubkey::new_from_array([byte; 32])
}

/// An account of an instruction.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    pub key: Pubkey,
    pub is_signer: bool,
    pub is_writable: bool,
}

/// Writable, signs.
pub fn ws(key: Pubkey) -> Meta {
    Meta { key, is_signer: true, is_writable: true }
}

/// Writable.
pub fn w(key: Pubkey) -> Meta {
    Meta { key, is_signer: false, is_writable: true }
}

/// Signs.
pub fn s(key: Pubkey) -> Meta {
    Meta { key, is_signer: true, is_writable: false }
}

/// Read only.
pub fn r(key: Pubkey) -> Meta {
    Meta { key, is_signer: false, is_writable: false }
}

/// An instruction to run.
#[derive(Clone, Debug)]
pub struct Instruction {
    pub program: Pubkey,
    pub accounts: Vec<Meta>,
    pub data: Vec<u8>,
}

/// What came of a run.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub result: Result<(), (u8, InstructionError)>,
    /// Every line.
    pub logs: Vec<String>,
    pub compute_units: u64,
    pub accounts: HashMap<Pubkey, Account>,
    pub return_data: Vec<u8>,
}

impl Outcome {
    /// Log lines without those that the machine writes around each program.
    pub fn messages(&self) -> Vec<&str> {
        let is_frame = |line: &str| {
            let mut words = line.split(' ');
            words.next() == Some("Program")
                && words.next().is_some_and(|word| word.parse::<Pubkey>().is_ok())
                && words.next().is_some_and(|word| ["invoke", "success", "failed:", "consumed"].contains(&word))
        };
        self.logs.iter().map(String::as_str).filter(|line| !is_frame(line)).collect()
    }

    /// The error of a single instruction.
    pub fn error(&self) -> Option<InstructionError> {
        self.result.clone().err().map(|(_, error)| error)
    }
}

/// Accounts and the block.
#[derive(Clone)]
pub struct World {
    pub accounts: BTreeMap<Pubkey, Account>,
    pub block: BlockEnvironment,
    pub runtime: Arc<Runtime>,
    pub programs: Arc<Programs>,
}

/// Programs that were loaded by name.
#[derive(Default)]
pub struct Programs(HashMap<Pubkey, Arc<ProgramEntry>>);

impl ProgramSource for Programs {
    fn program(&self, key: &Pubkey, _account: &Account) -> Option<Arc<ProgramEntry>> {
        self.0.get(key).cloned()
    }

    fn was_program(&self, _key: &Pubkey) -> bool {
        true
    }
}

impl World {
    /// A world with native programs, without shipped ones.
    pub fn new() -> Self {
        let clock = Clock { slot: 1_000, unix_timestamp: 1_700_000_000, ..Clock::default() };
        let mut block = BlockEnvironment::new(clock, BLOCKHASH);
        block.sysvars.set(sysvar::recent_blockhashes::ID, &recent_blockhashes(&[BLOCKHASH]));
        let runtime = runtime();
        let native = Account { executable: true, ..Account::new(1, b"name", native_loader::ID) };
        let accounts = runtime.native_programs().map(|key| (*key, native.clone())).collect();
        Self { accounts, block, runtime, programs: Arc::default() }
    }

    /// Adds an account.
    pub fn with(mut self, key: Pubkey, account: Account) -> Self {
        self.accounts.insert(key, account);
        self
    }

    /// Loads the shipped programs of these names.
    pub fn with_programs(mut self, names: &[&str]) -> Self {
        let mut programs = Programs::default();
        for shipped in shipped_programs().into_iter().filter(|program| names.contains(&program.name)) {
            programs.0.insert(shipped.key, Arc::new(ProgramEntry::load(&shipped.elf, &self.runtime)));
            let account = Account { executable: true, ..Account::new(1, &[], shipped.loader) };
            self.accounts.insert(shipped.key, account);
        }
        self.programs = Arc::new(programs);
        self
    }

    /// Loads one program from assembly text, and none besides.
    pub fn with_assembled(mut self, key: Pubkey, source: &str) -> Self {
        let elf = assemble(source).expect("valid assembly");
        let entry = Arc::new(ProgramEntry::load(&elf, &self.runtime));
        self.programs = Arc::new(Programs(HashMap::from([(key, entry)])));
        self.with(key, Account { executable: true, ..Account::new(1, &[], bpf_loader::ID) })
    }

    /// Runs one instruction.
    pub fn run(&self, instruction: &Instruction) -> Outcome {
        self.run_all(std::slice::from_ref(instruction), ComputeBudget::default())
    }

    /// Runs instructions as one transaction: flags of one key are shared by all of them.
    pub fn run_all(&self, instructions: &[Instruction], budget: ComputeBudget) -> Outcome {
        let runtime = &self.runtime;
        let outcome = self.run_on(runtime, instructions, budget);
        if !self.programs.0.is_empty() {
            let interpreter = runtime_builder_with(*runtime.gates()).execution_mode(ExecutionMode::Interpreter).build();
            let interpreted = self.run_on(&interpreter, instructions, budget);
            assert_eq!(interpreted, outcome, "interpreted and compiled differ");
        }
        outcome
    }

    fn run_on(&self, runtime: &Arc<Runtime>, instructions: &[Instruction], budget: ComputeBudget) -> Outcome {
        let mut flags: BTreeMap<Pubkey, (bool, bool)> = BTreeMap::new();
        for instruction in instructions {
            flags.entry(instruction.program).or_default();
            for meta in &instruction.accounts {
                let entry = flags.entry(meta.key).or_default();
                *entry = (entry.0 | meta.is_signer, entry.1 | meta.is_writable);
            }
        }
        let keys: Vec<Pubkey> = flags.keys().copied().collect();
        let flags: Vec<(bool, bool)> = flags.into_values().collect();
        let index_of = |key: &Pubkey| keys.iter().position(|candidate| candidate == key).expect("it was collected");

        let mut context = InvokeContext::new(runtime.clone(), Arc::new(self.block.clone()), self.programs.clone());
        context.begin(budget, true);
        for key in &keys {
            context.transaction.add_account(*key, self.accounts.get(key).cloned().unwrap_or_default());
        }
        for instruction in instructions {
            let indices: Vec<u8> = instruction.accounts.iter().map(|meta| index_of(&meta.key) as u8).collect();
            let program = index_of(&instruction.program) as u16;
            context.transaction.add_instruction(program, &indices, &instruction.data, |index| flags[index]);
        }
        let result = context.execute_instructions();
        let accounts =
            keys.iter().enumerate().map(|(index, key)| (*key, context.transaction.account_at(index).clone()));
        Outcome {
            result,
            accounts: accounts.collect(),
            compute_units: context.consumed_units(),
            return_data: context.transaction.return_data().1.to_vec(),
            logs: context.take_logs().unwrap_or_default(),
        }
    }
}

/// The largest budget there is.
pub fn budget(compute_unit_limit: u32) -> ComputeBudget {
    ComputeBudget { compute_unit_limit, heap_size_bytes: costs::HEAP_SIZE_BYTES_MIN }
}

/// Account data of the recent-blockhashes sysvar.
pub fn recent_blockhashes(hashes: &[Hash]) -> Vec<u8> {
    let mut bytes = (hashes.len() as u64).to_le_bytes().to_vec();
    for hash in hashes {
        bytes.extend_from_slice(hash.as_ref());
        bytes.extend_from_slice(&5_000u64.to_le_bytes());
    }
    bytes
}
