//! One instruction on the machine of a worker, without a block, fees or locks around it.

use std::{collections::HashMap, env, fs, path::PathBuf, sync::Arc};

use heddle_programs::shipped_programs;
use heddle_types::{Account, Hash, InstructionError, Pubkey, ids};
use heddle_vm::{
    BlockEnvironment, Clock, ComputeBudget, ExecutionMode, InvokeContext, ProgramEntry, ProgramSource, assemble,
};

/// A program that does nothing.
pub const NO_OP: Pubkey = Pubkey::new_from_array([0x70; 32]);
/// A program that calls its first account with its own data and its other accounts.
pub const FORWARD: Pubkey = Pubkey::new_from_array([0xf0; 32]);
/// Its ELF in hexadecimal; `programs/tests/zk_elgamal_proof.rs` has the text.
const FORWARD_HEX: &str = include_str!("../../oracle/forward.hex");
/// Where SPL Token 3.5.0 is put, for it is not shipped: p-token has its address.
pub const SPL_TOKEN_3_5_0: Pubkey = Pubkey::new_from_array([0x35; 32]);
/// Names the file of its ELF.
pub const SPL_TOKEN_VARIABLE: &str = "HEDDLE_SPL_TOKEN_ELF";

/// An account of the transaction.
#[derive(Clone)]
pub struct Entry {
    key: Pubkey,
    account: Account,
    is_signer: bool,
    is_writable: bool,
}

impl Entry {
    /// An account that signs.
    pub fn signer(key: Pubkey, account: Account) -> Self {
        Self { key, account, is_signer: true, is_writable: true }
    }

    /// An account that may be written.
    pub fn writable(key: Pubkey, account: Account) -> Self {
        Self { key, account, is_signer: false, is_writable: true }
    }

    /// A builtin or an sBPF program, under its loader.
    pub fn program(key: Pubkey, loader: Pubkey) -> Self {
        let account = Account { executable: true, ..Account::new(1, &[], loader) };
        Self { key, account, is_signer: false, is_writable: false }
    }
}

/// An instruction whose program is the last of its accounts' list, ready to run any number of times.
pub struct OneInstruction {
    machine: InvokeContext,
    entries: Vec<Entry>,
    /// Accounts of the instruction, by index into the entries.
    indices: Vec<u8>,
    data: Vec<u8>,
}

impl OneInstruction {
    /// Calls the last of `entries` with those at `indices` and `data`. `programs` are the sBPF programs there are.
    pub fn new(
        mode: ExecutionMode,
        programs: &[(Pubkey, Vec<u8>)],
        entries: Vec<Entry>,
        call: (&[u8], Vec<u8>),
    ) -> Self {
        let runtime = heddle_programs::runtime_builder().execution_mode(mode).build();
        let load = |(key, elf): &(Pubkey, Vec<u8>)| (*key, Arc::new(ProgramEntry::load(elf, &runtime)));
        let programs = Arc::new(Programs(programs.iter().map(load).collect()));
        let block = Arc::new(BlockEnvironment::new(Clock::default(), Hash::new_from_array([7; 32])));
        let machine = InvokeContext::new(runtime, block, programs);
        let (indices, data) = call;
        Self { machine, entries, indices: indices.to_vec(), data }
    }

    /// Puts the accounts into the machine and runs the instruction, from the same state every time.
    ///
    /// # Errors
    /// The instruction's.
    pub fn run(&mut self) -> Result<(), InstructionError> {
        self.machine.begin(ComputeBudget::default(), false);
        let transaction = &mut self.machine.transaction;
        for entry in &self.entries {
            transaction.add_account(entry.key, entry.account.clone());
        }
        let access = |index: usize| (self.entries[index].is_signer, self.entries[index].is_writable);
        transaction.add_instruction(self.entries.len() as u16 - 1, &self.indices, &self.data, access);
        self.machine.execute_instructions().map_err(|(_, error)| error)
    }

    /// Compute units of the last run.
    pub fn compute_units(&self) -> u64 {
        self.machine.consumed_units()
    }
}

struct Programs(HashMap<Pubkey, Arc<ProgramEntry>>);

impl ProgramSource for Programs {
    fn program(&self, key: &Pubkey, _account: &Account) -> Option<Arc<ProgramEntry>> {
        self.0.get(key).cloned()
    }

    fn is_settled(&self, _key: &Pubkey, _account: &Account) -> bool {
        true
    }

    fn was_program(&self, key: &Pubkey) -> bool {
        self.0.contains_key(key)
    }
}

/// The no-op, the forwarder and p-token.
pub fn programs() -> Vec<(Pubkey, Vec<u8>)> {
    let no_op = assemble("mov64 r0, 0\nexit").expect("valid assembly");
    let shipped = shipped_programs().into_iter().filter(|program| program.key == heddle_programs::ids::TOKEN);
    let p_token = shipped.map(|program| (program.key, program.elf.into_vec()));
    [(NO_OP, no_op), (FORWARD, from_hex(FORWARD_HEX))].into_iter().chain(p_token).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// Entries of a token transfer as the token program at `token` wants them: source, destination, owner.
pub fn token_entries(token: Pubkey) -> Vec<Entry> {
    let [mint, owner] = [1, 2].map(|n| Pubkey::new_from_array([n; 32]));
    let held = || {
        let data = heddle_loadgen::token_layout::token_account_data(&mint, &owner, 1_000_000);
        Account::new(heddle_types::limits::rent_exempt_minimum(data.len()), &data, token)
    };
    vec![
        Entry::writable(Pubkey::new_from_array([3; 32]), held()),
        Entry::writable(Pubkey::new_from_array([4; 32]), held()),
        Entry::signer(owner, Account::with_lamports(1_000_000_000)),
    ]
}

/// The system program's entry.
pub fn system_program() -> Entry {
    Entry::program(ids::system_program::ID, ids::native_loader::ID)
}

/// The ELF of SPL Token 3.5.0: the file that [`SPL_TOKEN_VARIABLE`] names, else the one in the sources of `litesvm` that
/// the oracle's build leaves in cargo's registry.
///
/// # Errors
/// What to do to have it.
pub fn spl_token_elf() -> Result<Vec<u8>, String> {
    let path = env::var_os(SPL_TOKEN_VARIABLE).map(PathBuf::from).or_else(spl_token_in_registry).ok_or_else(|| {
        format!(
            "no ELF of spl_token 3.5.0: set {SPL_TOKEN_VARIABLE} to its path, or run \
             `cargo fetch --manifest-path oracle/Cargo.toml`"
        )
    })?;
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

fn spl_token_in_registry() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))?;
    let registries = fs::read_dir(home.join("registry/src")).ok()?;
    let crates = registries.flatten().filter_map(|registry| fs::read_dir(registry.path()).ok()).flatten().flatten();
    let sources = crates.filter(|source| source.file_name().to_string_lossy().starts_with("litesvm-0."));
    sources.map(|source| source.path().join("src/programs/elf/spl_token-3.5.0.so")).find(|path| path.exists())
}
