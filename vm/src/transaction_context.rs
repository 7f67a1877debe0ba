//! Working copies of one transaction's accounts, its instruction trace and its return data.
//!
//! All vectors are pooled: [`TransactionContext::clear`] keeps their capacity. Instructions keep ranges into two shared
//! vectors (accounts, data), so the trace of a transaction costs no allocation per instruction.
//!
//! ```text
//!  clear → load accounts → add top-level instructions → push ⇄ pop per instruction → read accounts back
//! ```

use std::ops::Range;

use heddle_types::{Account, Pubkey, limits};
use solana_instruction_error::InstructionError;

use crate::budget::costs;

/// One account of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionAccount {
    /// Index among the transaction's accounts.
    pub index_in_transaction: u16,
    /// Index within this instruction of the first mention of the same account (its own index if it is the first).
    pub first_mention: u16,
    /// Whether it signed, as far as this instruction is concerned.
    pub is_signer: bool,
    /// Whether this instruction may write it.
    pub is_writable: bool,
}

/// One instruction of the trace.
#[derive(Clone, Debug, Default)]
pub struct TransactionInstruction {
    /// Index of the program among the transaction's accounts.
    pub program_index: u16,
    /// 1 at top level.
    pub stack_height: u8,
    /// Index of the top-level instruction it belongs to.
    pub top_level_index: u16,
    /// Compute units consumed by it and by all that it invoked; 0 if it was not reached.
    pub compute_units: u64,
    accounts: Range<u32>,
    data: Range<u32>,
}

/// Accounts, trace and return data of the transaction being executed.
#[derive(Debug, Default)]
pub struct TransactionContext {
    keys: Vec<Pubkey>,
    accounts: Vec<Account>,
    touched: Vec<bool>,
    trace: Vec<TransactionInstruction>,
    /// Instructions that were actually pushed.
    called_count: usize,
    top_level_count: usize,
    stack: Vec<u16>,
    instruction_accounts: Vec<InstructionAccount>,
    instruction_data: Vec<u8>,
    pub(crate) lamports_delta: i128,
    pub(crate) data_growth_bytes: i64,
    pub(crate) return_program: Pubkey,
    pub(crate) return_data: Vec<u8>,
}

impl TransactionContext {
    /// Forgets the transaction, keeping all capacity.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.accounts.clear();
        self.touched.clear();
        self.trace.clear();
        self.called_count = 0;
        self.top_level_count = 0;
        self.stack.clear();
        self.instruction_accounts.clear();
        self.instruction_data.clear();
        self.lamports_delta = 0;
        self.data_growth_bytes = 0;
        self.return_program = Pubkey::default();
        self.return_data.clear();
    }

    /// Adds the next account, in the order of the transaction's keys.
    pub fn add_account(&mut self, key: Pubkey, account: Account) {
        self.keys.push(key);
        self.accounts.push(account);
        self.touched.push(false);
    }

    /// Adds the next top-level instruction. `access(i)` tells (is_signer, is_writable) of transaction account `i`.
    pub fn add_instruction(
        &mut self,
        program_index: u16,
        account_indices: &[u8],
        data: &[u8],
        access: impl Fn(usize) -> (bool, bool),
    ) {
        let accounts_start = self.instruction_accounts.len();
        for (position, &index) in account_indices.iter().enumerate() {
            let (is_signer, is_writable) = access(index as usize);
            let first_mention = account_indices[..position].iter().position(|&other| other == index);
            self.instruction_accounts.push(InstructionAccount {
                index_in_transaction: index.into(),
                first_mention: first_mention.unwrap_or(position) as u16,
                is_signer,
                is_writable,
            });
        }
        let top_level_index = self.top_level_count as u16;
        self.push_trace(program_index, accounts_start, data, top_level_index);
        self.top_level_count += 1;
    }

    fn push_trace(&mut self, program_index: u16, accounts_start: usize, data: &[u8], top_level_index: u16) {
        let data_start = self.instruction_data.len();
        self.instruction_data.extend_from_slice(data);
        self.trace.push(TransactionInstruction {
            program_index,
            stack_height: 1,
            top_level_index,
            compute_units: 0,
            accounts: accounts_start as u32..self.instruction_accounts.len() as u32,
            data: data_start as u32..self.instruction_data.len() as u32,
        });
    }

    /// Adds an instruction invoked by the current one (it becomes the current one with [`Self::push`]).
    pub(crate) fn add_inner_instruction(&mut self, program_index: u16, accounts: &[InstructionAccount], data: &[u8]) {
        let accounts_start = self.instruction_accounts.len();
        self.instruction_accounts.extend_from_slice(accounts);
        let top_level_index = self.current().map_or(0, |current| current.top_level_index);
        self.push_trace(program_index, accounts_start, data, top_level_index);
    }

    /// Makes the instruction at `trace_index` the current one, on a stack of at most `height_max`.
    pub(crate) fn push(&mut self, trace_index: usize, height_max: usize) -> Result<(), InstructionError> {
        if !self.stack.is_empty() && self.lamports_delta != 0 {
            return Err(self.refuse(trace_index, InstructionError::UnbalancedInstruction));
        }
        if self.called_count >= costs::INSTRUCTION_TRACE_LENGTH_MAX {
            return Err(self.refuse(trace_index, InstructionError::MaxInstructionTraceLengthExceeded));
        }
        self.called_count += 1;
        self.trace[trace_index].stack_height = self.stack.len() as u8 + 1;
        if self.stack.len() >= height_max {
            return Err(InstructionError::CallDepth);
        }
        self.stack.push(trace_index as u16);
        self.write_current_instruction_index()
    }

    /// Takes an invoked instruction that cannot begin back out of the trace; passes `error` on. One that is too deep does
    /// not come here: it stays.
    pub(crate) fn refuse(&mut self, trace_index: usize, error: InstructionError) -> InstructionError {
        if trace_index >= self.top_level_count {
            self.trace.truncate(trace_index);
        }
        error
    }

    pub(crate) fn set_compute_units(&mut self, trace_index: usize, units: u64) {
        self.trace[trace_index].compute_units = units;
    }

    /// The instructions sysvar holds the index of the current top-level instruction in its last two bytes.
    fn write_current_instruction_index(&mut self) -> Result<(), InstructionError> {
        let Some(index) = self.index_of_key(&solana_sdk_ids::sysvar::instructions::ID) else {
            return Ok(());
        };
        let current = self.current()?.top_level_index;
        let account = &mut self.accounts[index];
        if account.owner != solana_sdk_ids::sysvar::ID {
            return Err(InstructionError::InvalidAccountOwner);
        }
        let data = account.data.make_mut();
        let start = data.len().checked_sub(2).ok_or(InstructionError::AccountDataTooSmall)?;
        data[start..].copy_from_slice(&current.to_le_bytes());
        Ok(())
    }

    /// Leaves the current instruction.
    pub(crate) fn pop(&mut self) -> Result<(), InstructionError> {
        self.stack.pop().ok_or(InstructionError::CallDepth)?;
        if self.lamports_delta != 0 {
            return Err(InstructionError::UnbalancedInstruction);
        }
        Ok(())
    }

    /// The instruction being executed.
    ///
    /// # Errors
    /// [`InstructionError::CallDepth`] outside any instruction.
    pub fn current(&self) -> Result<&TransactionInstruction, InstructionError> {
        let index = *self.stack.last().ok_or(InstructionError::CallDepth)?;
        Ok(&self.trace[index as usize])
    }

    /// The whole trace: first the top-level instructions, then every CPI in the order of invocation.
    pub fn trace(&self) -> &[TransactionInstruction] {
        &self.trace
    }

    /// Number of top-level instructions.
    pub fn top_level_count(&self) -> usize {
        self.top_level_count
    }

    /// Height of the instruction stack: 1 while a top-level instruction runs.
    pub fn stack_height(&self) -> usize {
        self.stack.len()
    }

    /// Program keys on the stack, outermost first.
    pub fn stack_programs(&self) -> impl DoubleEndedIterator<Item = &Pubkey> {
        self.stack.iter().map(|&index| &self.keys[self.trace[index as usize].program_index as usize])
    }

    /// Accounts of `instruction`.
    pub fn accounts_of(&self, instruction: &TransactionInstruction) -> &[InstructionAccount] {
        &self.instruction_accounts[instruction.accounts.start as usize..instruction.accounts.end as usize]
    }

    /// Data of `instruction`.
    pub fn data_of(&self, instruction: &TransactionInstruction) -> &[u8] {
        &self.instruction_data[instruction.data.start as usize..instruction.data.end as usize]
    }

    /// Number of accounts of the transaction.
    pub fn account_count(&self) -> usize {
        self.keys.len()
    }

    /// Keys in the order of the transaction.
    pub fn keys(&self) -> &[Pubkey] {
        &self.keys
    }

    /// Where `key` is among the transaction's accounts.
    pub fn index_of_key(&self, key: &Pubkey) -> Option<usize> {
        self.keys.iter().position(|candidate| candidate == key)
    }

    /// The working copy at `index`.
    pub fn account_at(&self, index: usize) -> &Account {
        &self.accounts[index]
    }

    /// The working copy at `index`, for the engine's own changes (fees); marks it touched.
    pub fn account_at_mut(&mut self, index: usize) -> &mut Account {
        self.touched[index] = true;
        &mut self.accounts[index]
    }

    /// Replaces the working copy at `index` before execution, without marking it touched.
    pub fn set_account(&mut self, index: usize, account: Account) {
        self.accounts[index] = account;
    }

    /// Gives up the working copy at `index`, leaving an absent account.
    pub fn take_account(&mut self, index: usize) -> Account {
        std::mem::take(&mut self.accounts[index])
    }

    /// Whether anything may have changed the account.
    pub fn is_touched(&self, index: usize) -> bool {
        self.touched[index]
    }

    /// What the last program to set return data set; the data may be empty.
    pub fn return_data(&self) -> (&Pubkey, &[u8]) {
        (&self.return_program, &self.return_data)
    }

    /// Sets the return data.
    pub fn set_return_data(&mut self, program: Pubkey, data: &[u8]) {
        self.return_program = program;
        self.return_data.clear();
        self.return_data.extend_from_slice(data);
    }

    pub(crate) fn check_resize(&self, from_bytes: usize, to_bytes: usize) -> Result<(), InstructionError> {
        if to_bytes > limits::ACCOUNT_DATA_BYTES_MAX {
            return Err(InstructionError::InvalidRealloc);
        }
        let growth = to_bytes as i64 - from_bytes as i64;
        if self.data_growth_bytes.saturating_add(growth) > limits::TRANSACTION_DATA_GROWTH_BYTES_MAX {
            return Err(InstructionError::MaxAccountsDataAllocationsExceeded);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEIGHT_MAX: usize = costs::INSTRUCTION_STACK_HEIGHT_MAX;

    /// One instruction that runs.
    fn running() -> TransactionContext {
        let mut transaction = TransactionContext::default();
        transaction.add_account(Pubkey::new_unique(), Account::with_lamports(1));
        transaction.add_instruction(0, &[], &[], |_| (false, false));
        transaction.push(0, HEIGHT_MAX).unwrap();
        transaction
    }

    fn invoke(transaction: &mut TransactionContext) -> Result<(), InstructionError> {
        transaction.add_inner_instruction(0, &[], &[]);
        transaction.push(transaction.trace().len() - 1, HEIGHT_MAX)
    }

    /// What began stays in the trace, and so does what was too deep; what was refused before does not.
    #[test]
    fn the_trace_holds_what_began_or_was_too_deep() {
        let mut transaction = running();
        transaction.lamports_delta = 1;
        assert_eq!(invoke(&mut transaction), Err(InstructionError::UnbalancedInstruction));
        assert_eq!(transaction.trace().len(), 1);
        transaction.lamports_delta = 0;
        for height in 2..=HEIGHT_MAX {
            assert_eq!(invoke(&mut transaction), Ok(()));
            assert_eq!(usize::from(transaction.current().unwrap().stack_height), height);
        }
        assert_eq!(invoke(&mut transaction), Err(InstructionError::CallDepth));
        assert_eq!(usize::from(transaction.trace()[HEIGHT_MAX].stack_height), HEIGHT_MAX + 1);
    }

    #[test]
    fn the_trace_is_bounded() {
        let mut transaction = running();
        for _ in 1..costs::INSTRUCTION_TRACE_LENGTH_MAX {
            assert_eq!(invoke(&mut transaction), Ok(()));
            transaction.pop().unwrap();
        }
        assert_eq!(invoke(&mut transaction), Err(InstructionError::MaxInstructionTraceLengthExceeded));
        assert_eq!(transaction.trace().len(), costs::INSTRUCTION_TRACE_LENGTH_MAX);
    }
}
