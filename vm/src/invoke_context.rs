//! The machine of one worker: runs the instructions of one transaction after another.
//!
//! ```text
//!  begin → (load accounts, add instructions) → execute_instructions → read accounts, logs, units
//!                                                │
//!            push → builtin │ precompile │ sBPF ─┤   sBPF → syscall → CPI → push …
//!            pop  ←──────────────────────────────┘
//! ```

use std::{ptr::NonNull, sync::Arc};

use heddle_types::{Gates, Pubkey};
use solana_instruction_error::InstructionError;
use solana_sbpf::{memory_region::MemoryMapping, vm::ContextObject};
use solana_sdk_ids::{bpf_loader, bpf_loader_deprecated, bpf_loader_upgradeable, native_loader};

use crate::{
    BlockEnvironment, BorrowedAccount, Builtin, ComputeBudget, Deployable, Instruction, InstructionAccount,
    LogCollector, ProgramEntry, ProgramSource, Runtime, TransactionContext,
    budget::costs,
    cpi,
    execute::{Frame, VmError},
    held::Held,
    log_line,
    memory::FrameMemory,
    program_cache,
};

/// Executes transactions; reused, so that steady state allocates nothing.
pub struct InvokeContext {
    /// Accounts, trace and return data of the transaction.
    pub transaction: TransactionContext,
    runtime: Arc<Runtime>,
    block: Arc<BlockEnvironment>,
    programs: Arc<dyn ProgramSource>,
    budget: ComputeBudget,
    remaining_units: u64,
    /// Programs that this transaction deployed, changed or closed: nobody can invoke them before the next slot.
    changed_programs: Vec<Pubkey>,
    logs: Option<LogCollector>,
    /// sBPF frames by depth; the first `open_frames` are running. Boxed, because a running VM points into its frame.
    #[expect(clippy::vec_box, reason = "a frame must stay in place when the vector grows")]
    frames: Vec<Box<Frame>>,
    open_frames: usize,
    frame_serial: u64,
    held_builtins: Held<Arc<dyn Builtin>>,
    /// Programs that stay as they are for the rest of the block, with the loader that owns them.
    pub(crate) held_programs: Held<(Pubkey, Arc<ProgramEntry>)>,
}

impl InvokeContext {
    /// A machine for blocks of `block`, finding programs through `programs`.
    pub fn new(runtime: Arc<Runtime>, block: Arc<BlockEnvironment>, programs: Arc<dyn ProgramSource>) -> Self {
        Self {
            transaction: TransactionContext::default(),
            runtime,
            block,
            programs,
            budget: ComputeBudget::default(),
            remaining_units: 0,
            changed_programs: Vec::new(),
            logs: None,
            frames: Vec::new(),
            open_frames: 0,
            frame_serial: 0,
            held_builtins: Held::new(),
            held_programs: Held::new(),
        }
    }

    /// Moves the machine to another block.
    pub fn set_block(&mut self, block: Arc<BlockEnvironment>, programs: Arc<dyn ProgramSource>) {
        self.block = block;
        self.programs = programs;
        self.held_programs.clear();
    }

    /// Starts the next transaction: forgets the last one.
    pub fn begin(&mut self, budget: ComputeBudget, record_logs: bool) {
        self.transaction.clear();
        self.budget = budget;
        self.remaining_units = budget.compute_unit_limit.into();
        self.changed_programs.clear();
        self.logs = record_logs.then(LogCollector::default);
        debug_assert_eq!(self.open_frames, 0);
    }

    /// Closes what a panic left open, so that the machine can be used again.
    pub fn abandon(&mut self) {
        while self.open_frames > 0 {
            self.close_frame();
        }
        self.transaction.clear();
        self.logs = None;
    }

    /// Runs every top-level instruction in order, stopping at the first that fails.
    ///
    /// # Errors
    /// The index of the failing instruction and its error.
    pub fn execute_instructions(&mut self) -> Result<(), (u8, InstructionError)> {
        for index in 0..self.transaction.top_level_count() {
            self.execute_top_level(index).map_err(|error| (index as u8, error))?;
        }
        Ok(())
    }

    fn execute_top_level(&mut self, index: usize) -> Result<(), InstructionError> {
        let program = self.transaction.keys()[self.transaction.trace()[index].program_index as usize];
        if self.runtime.precompile(&program).is_some() {
            return self.execute_precompile(index, &program);
        }
        self.process_instruction(index)
    }

    fn execute_precompile(&mut self, index: usize, program: &Pubkey) -> Result<(), InstructionError> {
        self.push(index)?;
        let transaction = &self.transaction;
        let count = transaction.top_level_count();
        let data: Vec<&[u8]> = transaction.trace()[..count].iter().map(|one| transaction.data_of(one)).collect();
        let precompile = self.runtime.precompile(program).ok_or(InstructionError::UnsupportedProgramId)?;
        let result = precompile.verify(data[index], &data);
        result.and(self.transaction.pop())
    }

    /// Pushes the instruction at `trace_index`, runs its program and pops it.
    fn process_instruction(&mut self, trace_index: usize) -> Result<(), InstructionError> {
        if let Err(error) = self.check_reentrancy(trace_index) {
            return Err(self.transaction.refuse(trace_index, error));
        }
        self.push(trace_index)?;
        let units_before = self.remaining_units;
        let result = self.dispatch();
        self.transaction.set_compute_units(trace_index, units_before - self.remaining_units);
        result.and(self.transaction.pop())
    }

    /// Adds an instruction invoked by the current one to the trace and runs it.
    pub(crate) fn process_inner_instruction(
        &mut self,
        program_index: u16,
        accounts: &[InstructionAccount],
        data: &[u8],
    ) -> Result<(), InstructionError> {
        self.transaction.add_inner_instruction(program_index, accounts, data);
        self.process_instruction(self.transaction.trace().len() - 1)
    }

    fn push(&mut self, trace_index: usize) -> Result<(), InstructionError> {
        let height_max = costs::instruction_stack_height_max(self.gates());
        self.transaction.push(trace_index, height_max)
    }

    /// A program may call itself, but not be called again further down.
    fn check_reentrancy(&self, trace_index: usize) -> Result<(), InstructionError> {
        let transaction = &self.transaction;
        let program = &transaction.keys()[transaction.trace()[trace_index].program_index as usize];
        let is_on_stack = transaction.stack_programs().any(|key| key == program);
        let is_caller = transaction.stack_programs().next_back() == Some(program);
        if is_on_stack && !is_caller {
            return Err(InstructionError::ReentrancyNotAllowed);
        }
        Ok(())
    }

    /// Calls the program of the current instruction and logs what came of it.
    fn dispatch(&mut self) -> Result<(), InstructionError> {
        let program_index = self.transaction.current()?.program_index as usize;
        let program = self.transaction.keys()[program_index];
        let owner = self.transaction.account_at(program_index).owner;
        let is_native = owner == native_loader::ID;
        let builtin_key = if is_native {
            program
        } else if owner == bpf_loader::ID || owner == bpf_loader_upgradeable::ID || owner == bpf_loader_deprecated::ID {
            owner
        } else {
            return Err(InstructionError::UnsupportedProgramId);
        };
        let builtin = if is_native { Some(self.take_builtin(&builtin_key)?) } else { None };
        self.transaction.set_return_data(program, &[]);
        log_line!(self, "Program {} invoke [{}]", program, self.transaction.stack_height());
        let units_before = self.remaining_units;
        let result = match builtin {
            Some(builtin) => {
                let result = builtin.process(self).map_err(VmError::Instruction);
                self.held_builtins.put(builtin_key, builtin);
                result
            }
            None => self.execute_program(program_index),
        };
        let result = match result {
            Ok(()) => {
                log_line!(self, "Program {} success", program);
                Ok(())
            }
            Err(error) => {
                log_line!(self, "Program {} failed: {}", program, error);
                Err(error.into_instruction_error())
            }
        };
        if is_native && result.is_ok() && units_before == self.remaining_units {
            return Err(InstructionError::BuiltinProgramsMustConsumeComputeUnits);
        }
        result
    }

    fn take_builtin(&mut self, key: &Pubkey) -> Result<Arc<dyn Builtin>, InstructionError> {
        let held = self.held_builtins.take(key);
        held.or_else(|| self.runtime.builtin(key).cloned()).ok_or(InstructionError::UnsupportedProgramId)
    }

    // ---- what builtins and syscalls use ---------------------------------------------------------------------------

    /// The account at `index` of the current instruction.
    ///
    /// # Errors
    /// `NotEnoughAccountKeys`… as `MissingAccount` if the instruction has fewer accounts.
    pub fn account(&mut self, index: usize) -> Result<BorrowedAccount<'_>, InstructionError> {
        let account = *self
            .transaction
            .accounts_of(self.transaction.current()?)
            .get(index)
            .ok_or(InstructionError::MissingAccount)?;
        BorrowedAccount::new(&mut self.transaction, &self.block.sysvars.rent, account)
    }

    /// Number of accounts of the current instruction.
    pub fn account_count(&self) -> usize {
        self.transaction.current().map_or(0, |current| self.transaction.accounts_of(current).len())
    }

    /// Fails unless the current instruction has at least `count` accounts.
    ///
    /// # Errors
    /// `MissingAccount`.
    pub fn check_account_count(&self, count: usize) -> Result<(), InstructionError> {
        if self.account_count() < count { Err(InstructionError::MissingAccount) } else { Ok(()) }
    }

    /// Fails unless the account at `index` of the current instruction is the one at `key`: older instructions name sysvars
    /// among their accounts, of which only the address counts.
    ///
    /// # Errors
    /// `MissingAccount`, `InvalidArgument`.
    pub fn check_account_key(&self, index: usize, key: &Pubkey) -> Result<(), InstructionError> {
        if self.account_key(index)? == key { Ok(()) } else { Err(InstructionError::InvalidArgument) }
    }

    /// Address of the account at `index` of the current instruction.
    ///
    /// # Errors
    /// `MissingAccount`.
    pub fn account_key(&self, index: usize) -> Result<&Pubkey, InstructionError> {
        let account = self
            .transaction
            .accounts_of(self.transaction.current()?)
            .get(index)
            .ok_or(InstructionError::MissingAccount)?;
        Ok(&self.transaction.keys()[account.index_in_transaction as usize])
    }

    /// Whether `key` signed the current instruction.
    pub fn is_signer_key(&self, key: &Pubkey) -> bool {
        let Ok(current) = self.transaction.current() else { return false };
        let keys = self.transaction.keys();
        let mut accounts = self.transaction.accounts_of(current).iter();
        accounts.any(|account| account.is_signer && keys[account.index_in_transaction as usize] == *key)
    }

    /// Data of the current instruction.
    pub fn instruction_data(&self) -> &[u8] {
        self.transaction.current().map_or(&[], |current| self.transaction.data_of(current))
    }

    /// The program of the current instruction.
    ///
    /// # Errors
    /// `CallDepth` outside any instruction.
    pub fn program_key(&self) -> Result<&Pubkey, InstructionError> {
        Ok(&self.transaction.keys()[self.transaction.current()?.program_index as usize])
    }

    /// Invokes another program from a builtin, which signs for the addresses in `signers`.
    ///
    /// # Errors
    /// `MissingAccount` for an account or program that the current instruction lacks, `PrivilegeEscalation`, and whatever
    /// the callee fails with.
    pub fn invoke_signed(&mut self, instruction: &Instruction, signers: &[Pubkey]) -> Result<(), InstructionError> {
        cpi::invoke_native(self, instruction, signers)
    }

    /// Checks that `elf` may be deployed as the program at `key`, which nobody can invoke any more in this transaction.
    ///
    /// # Errors
    /// `InvalidAccountData`, with the reason in the log, for bytes that a new program may not have.
    pub fn deploy_program(&mut self, key: Pubkey, elf: &[u8], versions: Deployable) -> Result<(), InstructionError> {
        if let Err(error) = program_cache::check_deployable(elf, &self.runtime, versions) {
            log_line!(self, "{error}");
            return Err(InstructionError::InvalidAccountData);
        }
        self.changed_programs.push(key);
        Ok(())
    }

    /// Notes that the program at `key` is gone: nobody can invoke it any more in this transaction.
    pub fn close_program(&mut self, key: Pubkey) {
        self.changed_programs.push(key);
    }

    pub(crate) fn is_program_changed(&self, key: &Pubkey) -> bool {
        self.changed_programs.contains(key)
    }

    /// Facts of the block.
    pub fn block(&self) -> &BlockEnvironment {
        &self.block
    }

    /// Which switchable rules are on.
    pub fn gates(&self) -> &Gates {
        self.runtime.gates()
    }

    /// The runtime this machine belongs to.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    pub(crate) fn programs(&self) -> &Arc<dyn ProgramSource> {
        &self.programs
    }

    /// Limits of this transaction.
    pub fn budget(&self) -> &ComputeBudget {
        &self.budget
    }

    /// Spends compute units.
    ///
    /// # Errors
    /// `ComputationalBudgetExceeded`; nothing is left then.
    pub fn consume(&mut self, units: u64) -> Result<(), InstructionError> {
        let exceeded = self.remaining_units < units;
        self.remaining_units = self.remaining_units.saturating_sub(units);
        if exceeded { Err(InstructionError::ComputationalBudgetExceeded) } else { Ok(()) }
    }

    /// Compute units left.
    pub fn remaining_units(&self) -> u64 {
        self.remaining_units
    }

    /// Compute units spent by this transaction so far.
    pub fn consumed_units(&self) -> u64 {
        u64::from(self.budget.compute_unit_limit) - self.remaining_units
    }

    pub(crate) fn consume_all_units(&mut self) {
        self.remaining_units = 0;
    }

    /// Whether anybody listens to the log.
    pub fn is_logging(&self) -> bool {
        self.logs.is_some()
    }

    /// Adds a log line; use [`log_line!`](crate::log_line) to format only when somebody listens.
    pub fn log(&mut self, line: std::fmt::Arguments<'_>) {
        if let Some(logs) = &mut self.logs {
            logs.log(line);
        }
    }

    /// Takes the log of this transaction; `None` if it was not recorded.
    pub fn take_logs(&mut self) -> Option<Vec<String>> {
        self.logs.take().map(LogCollector::into_lines)
    }

    // ---- sBPF frames ----------------------------------------------------------------------------------------------

    /// Reserves the next frame; [`Self::close_frame`] gives it back.
    pub(crate) fn reserve_frame(&mut self) -> u64 {
        if self.open_frames == self.frames.len() {
            self.frames.push(Box::new(Frame::new()));
        }
        self.open_frames += 1;
        self.frame_serial += 1;
        self.frame_serial
    }

    pub(crate) fn close_frame(&mut self) {
        self.frame_mut().memory.close();
        self.open_frames -= 1;
    }

    pub(crate) fn frame(&self) -> &Frame {
        &self.frames[self.open_frames - 1]
    }

    pub(crate) fn frame_mut(&mut self) -> &mut Frame {
        &mut self.frames[self.open_frames - 1]
    }

    /// The frame and the transaction at once.
    pub(crate) fn frame_and_transaction(&mut self) -> (&mut Frame, &mut TransactionContext, &BlockEnvironment) {
        (&mut self.frames[self.open_frames - 1], &mut self.transaction, &self.block)
    }

    pub(crate) fn current_frame_memory(&mut self) -> &mut FrameMemory {
        &mut self.frame_mut().memory
    }

    pub(crate) fn current_frame_serial(&self) -> u64 {
        self.frame().memory.serial()
    }

    pub(crate) fn is_alignment_checked(&self) -> bool {
        !self.frame().is_loader_deprecated
    }
}

impl ContextObject for InvokeContext {
    fn consume(&mut self, amount: u64) {
        self.remaining_units = self.remaining_units.saturating_sub(amount);
    }

    fn get_remaining(&self) -> u64 {
        self.remaining_units
    }

    fn active_mapping_ptr(&mut self) -> NonNull<MemoryMapping> {
        NonNull::from(self.current_frame_memory().mapping_mut().expect("a VM is made after its frame is opened"))
    }
}
