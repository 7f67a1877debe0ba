//! Guest programs for the tests of syscalls: assembled, run compiled and interpreted, and compared.

use std::sync::Arc;

use heddle_types::{Account, Gates, Hash, Pubkey};
use solana_instruction_error::InstructionError;
use solana_sbpf::ebpf::{MM_HEAP_START, MM_INPUT_START};
use solana_sdk_ids::{bpf_loader, bpf_loader_deprecated};

use crate::{
    BlockEnvironment, Clock, ComputeBudget, EpochStakes, ExecutionMode, InvokeContext, ProgramEntry, ProgramSource,
    Runtime,
};

/// Where a called syscall may write: heap that [`Outcome::output`] shows.
pub(crate) const OUTPUT: u64 = MM_HEAP_START + 16;
/// Where the payload of a call lies: in the input region, aligned to 16 bytes.
pub(crate) const PAYLOAD: u64 = MM_INPUT_START + 64;
/// Lowest address of the stack.
pub(crate) const STACK: u64 = solana_sbpf::ebpf::MM_STACK_START;
/// Address of the test program.
pub(crate) const PROGRAM: Pubkey = Pubkey::new_from_array([7; 32]);

/// Units of a call besides the syscall itself: its 15 instructions, and the return data that shows the heap.
const CALL_UNITS: u64 = 15 + 100 + 1024 / 250;

/// One run of a guest program.
pub(crate) struct Guest {
    source: String,
    data: Vec<u8>,
    owner: Pubkey,
    unit_limit: u32,
    is_logging: bool,
    /// Data of an instruction that runs the same program before, with the program's account twice.
    earlier: Option<Vec<u8>>,
    /// Whether the program's own account is an account of its instruction, which moves [`PAYLOAD`] away.
    sees_itself: bool,
    gates: Gates,
    epoch_stakes: Arc<EpochStakes>,
}

/// What came of it, the same compiled and interpreted.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) result: Result<(), InstructionError>,
    pub(crate) units: u64,
    pub(crate) return_data: Vec<u8>,
    pub(crate) logs: Vec<String>,
    /// Of every instruction of the trace.
    pub(crate) stack_heights: Vec<u8>,
}

impl Guest {
    /// A program that runs `source` with `data` as its instruction data.
    pub(crate) fn new(source: impl Into<String>, data: Vec<u8>) -> Self {
        Self {
            source: source.into(),
            data,
            owner: bpf_loader::ID,
            unit_limit: 1_400_000,
            is_logging: true,
            earlier: None,
            sees_itself: false,
            gates: Gates::mainnet(),
            epoch_stakes: Arc::default(),
        }
    }

    /// A program that calls `syscall` with `arguments` and shows what it returned and the start of the heap.
    pub(crate) fn calling(syscall: &str, arguments: [u64; 5], payload: &[u8]) -> Self {
        let source = format!(
            "mov64 r6, r2
            ldxdw r1, [r6+0]
            ldxdw r2, [r6+8]
            ldxdw r3, [r6+16]
            ldxdw r4, [r6+24]
            ldxdw r5, [r6+32]
            syscall {syscall}
            mov64 r7, 3
            lsh64 r7, 32
            stxdw [r7+0], r0
            mov64 r1, r7
            mov64 r2, 1024
            syscall sol_set_return_data
            mov64 r0, 0
            exit"
        );
        let mut data: Vec<u8> = arguments.iter().flat_map(|argument| argument.to_le_bytes()).collect();
        data.extend_from_slice(&[0; 8]);
        data.extend_from_slice(payload);
        Self::new(source, data)
    }

    pub(crate) fn deprecated_loader(mut self) -> Self {
        self.owner = bpf_loader_deprecated::ID;
        self
    }

    pub(crate) fn unit_limit(mut self, units: u32) -> Self {
        self.unit_limit = units;
        self
    }

    pub(crate) fn without_logs(mut self) -> Self {
        self.is_logging = false;
        self
    }

    pub(crate) fn after(mut self, earlier: &Self) -> Self {
        self.earlier = Some(earlier.data.clone());
        self
    }

    pub(crate) fn gates(mut self, gates: Gates) -> Self {
        self.gates = gates;
        self
    }

    pub(crate) fn epoch_stakes(mut self, stakes: EpochStakes) -> Self {
        self.epoch_stakes = Arc::new(stakes);
        self
    }

    pub(crate) fn seeing_itself(mut self) -> Self {
        self.sees_itself = true;
        self
    }

    /// Runs it both ways.
    pub(crate) fn run(&self) -> Outcome {
        let interpreted = self.run_as(ExecutionMode::Interpreter);
        assert_eq!(interpreted, self.run_as(ExecutionMode::Jit), "compiled and interpreted differ");
        interpreted
    }

    fn run_as(&self, mode: ExecutionMode) -> Outcome {
        let runtime = Runtime::builder(self.gates).execution_mode(mode).build();
        let program = Arc::new(ProgramEntry::assemble(&self.source, &runtime));
        let epoch_stakes = Arc::clone(&self.epoch_stakes);
        let block = Arc::new(BlockEnvironment { epoch_stakes, ..BlockEnvironment::new(clock(), Hash::default()) });
        let mut context = InvokeContext::new(runtime, block, Arc::new(OneProgram(program)));
        let budget = ComputeBudget { compute_unit_limit: self.unit_limit, ..ComputeBudget::default() };
        context.begin(budget, self.is_logging);
        let account = Account { executable: true, ..Account::new(1, &[], self.owner) };
        context.transaction.add_account(PROGRAM, account);
        if let Some(earlier) = &self.earlier {
            context.transaction.add_instruction(0, &[0, 0], earlier, |_| (true, false));
        }
        let accounts: &[u8] = if self.sees_itself { &[0] } else { &[] };
        context.transaction.add_instruction(0, accounts, &self.data, |_| (false, false));
        let result = context.execute_instructions().map_err(|(_, error)| error);
        Outcome {
            result,
            units: context.consumed_units(),
            return_data: context.transaction.return_data().1.to_vec(),
            logs: context.take_logs().unwrap_or_default(),
            stack_heights: context.transaction.trace().iter().map(|one| one.stack_height).collect(),
        }
    }
}

impl Outcome {
    /// What the called syscall returned.
    #[track_caller]
    pub(crate) fn returned(&self) -> u64 {
        assert_eq!(self.result, Ok(()), "{:#?}", self.logs);
        u64::from_le_bytes(self.return_data[..8].try_into().unwrap())
    }

    /// What lies at [`OUTPUT`] after the call.
    #[track_caller]
    pub(crate) fn output<const N: usize>(&self) -> [u8; N] {
        assert_eq!(self.result, Ok(()), "{:#?}", self.logs);
        self.return_data[16..16 + N].try_into().unwrap()
    }

    /// Units of the called syscall alone.
    #[track_caller]
    pub(crate) fn syscall_units(&self) -> u64 {
        assert_eq!(self.result, Ok(()), "{:#?}", self.logs);
        self.units - CALL_UNITS
    }

    /// Lines that the program logged itself.
    pub(crate) fn program_logs(&self) -> Vec<&str> {
        let inner = &self.logs[1..self.logs.len() - 3];
        inner.iter().map(String::as_str).collect()
    }

    /// Asserts that the program failed to complete, with this text.
    #[track_caller]
    pub(crate) fn assert_aborted(&self, text: &str) {
        self.assert_failed(InstructionError::ProgramFailedToComplete, text);
    }

    /// Asserts that the program failed with this error and text.
    #[track_caller]
    pub(crate) fn assert_failed(&self, error: InstructionError, text: &str) {
        assert_eq!(self.result, Err(error), "{:#?}", self.logs);
        let line = self.logs.last().unwrap();
        assert!(line.ends_with(&format!(" failed: {text}")), "{line}");
    }
}

/// Calls `syscall` and returns what came of it.
pub(crate) fn call(syscall: &str, arguments: [u64; 5], payload: &[u8]) -> Outcome {
    Guest::calling(syscall, arguments, payload).run()
}

/// Mainnet's gates but for what `change` does to them.
pub(crate) fn gates_with(change: impl FnOnce(&mut Gates)) -> Gates {
    let mut gates = Gates::mainnet();
    change(&mut gates);
    gates
}

/// The payload of a call whose slices are `parts`: (address, length) pairs at [`PAYLOAD`], then the bytes.
pub(crate) fn slices(parts: &[&[u8]]) -> Vec<u8> {
    let mut address = PAYLOAD + parts.len() as u64 * 16;
    let mut payload = Vec::new();
    for part in parts {
        payload.extend_from_slice(&address.to_le_bytes());
        payload.extend_from_slice(&(part.len() as u64).to_le_bytes());
        address += part.len() as u64;
    }
    payload.extend(parts.concat());
    payload
}

/// The clock of the test block.
pub(crate) fn clock() -> Clock {
    Clock { slot: 11, epoch_start_timestamp: -12, epoch: 13, leader_schedule_epoch: 14, unix_timestamp: 15 }
}

/// A source with one program at every address.
struct OneProgram(Arc<ProgramEntry>);

impl ProgramSource for OneProgram {
    fn program(&self, _key: &Pubkey, _account: &Account) -> Option<Arc<ProgramEntry>> {
        Some(Arc::clone(&self.0))
    }

    fn was_program(&self, _key: &Pubkey) -> bool {
        true
    }
}
