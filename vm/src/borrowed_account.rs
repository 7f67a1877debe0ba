//! An account seen by the current instruction: the only way a program changes one, and the rules of who may.
//!
//! Rules (crate `solana-transaction-context` 4.2): only the owner debits, writes data, resizes or reassigns; nothing
//! changes a read-only account; an account is given away only with all-zero data.

use heddle_types::{Account, AccountData, Pubkey};
use solana_instruction_error::InstructionError;

use crate::{InstructionAccount, Rent, TransactionContext};

/// Access to one account of the current instruction.
pub struct BorrowedAccount<'a> {
    context: &'a mut TransactionContext,
    rent: &'a Rent,
    account: InstructionAccount,
    program: Pubkey,
}

impl<'a> BorrowedAccount<'a> {
    pub(crate) fn new(
        context: &'a mut TransactionContext,
        rent: &'a Rent,
        account: InstructionAccount,
    ) -> Result<Self, InstructionError> {
        let program = context.keys()[context.current()?.program_index as usize];
        Ok(Self { context, rent, account, program })
    }

    fn get(&self) -> &Account {
        self.context.account_at(self.index_in_transaction())
    }

    fn touch(&mut self) -> &mut Account {
        self.context.account_at_mut(self.account.index_in_transaction as usize)
    }

    /// Index among the transaction's accounts.
    pub fn index_in_transaction(&self) -> usize {
        self.account.index_in_transaction as usize
    }

    /// Address.
    pub fn key(&self) -> &Pubkey {
        &self.context.keys()[self.index_in_transaction()]
    }

    /// Balance in lamports.
    pub fn lamports(&self) -> u64 {
        self.get().lamports
    }

    /// Contents.
    pub fn data(&self) -> &[u8] {
        &self.get().data
    }

    /// Contents, shared: they stay as they are now whatever happens to the account.
    pub fn shared_data(&self) -> AccountData {
        self.get().data.clone()
    }

    /// Owner.
    pub fn owner(&self) -> &Pubkey {
        &self.get().owner
    }

    /// Executable mark.
    pub fn is_executable(&self) -> bool {
        self.get().executable
    }

    /// Whether it signed this instruction.
    pub fn is_signer(&self) -> bool {
        self.account.is_signer
    }

    /// Whether this instruction may write it.
    pub fn is_writable(&self) -> bool {
        self.account.is_writable
    }

    /// Whether the program of this instruction owns it.
    pub fn is_owned_by_current_program(&self) -> bool {
        *self.owner() == self.program
    }

    /// Whether the balance exempts it from rent at a size of `size_bytes`.
    pub fn is_rent_exempt_at(&self, size_bytes: usize) -> bool {
        self.lamports() >= self.rent.minimum_balance(size_bytes)
    }

    /// Sets the balance.
    ///
    /// # Errors
    /// `ExternalAccountLamportSpend` if another program's account is debited; `ReadonlyLamportChange`.
    pub fn set_lamports(&mut self, lamports: u64) -> Result<(), InstructionError> {
        let before = self.lamports();
        if !self.is_owned_by_current_program() && lamports < before {
            return Err(InstructionError::ExternalAccountLamportSpend);
        }
        if !self.is_writable() {
            return Err(InstructionError::ReadonlyLamportChange);
        }
        if lamports != before {
            self.context.lamports_delta += i128::from(lamports) - i128::from(before);
            self.touch().lamports = lamports;
        }
        Ok(())
    }

    /// Adds to the balance.
    ///
    /// # Errors
    /// `ArithmeticOverflow`, and as [`Self::set_lamports`].
    pub fn checked_add_lamports(&mut self, lamports: u64) -> Result<(), InstructionError> {
        self.set_lamports(self.lamports().checked_add(lamports).ok_or(InstructionError::ArithmeticOverflow)?)
    }

    /// Takes from the balance.
    ///
    /// # Errors
    /// `ArithmeticOverflow`, and as [`Self::set_lamports`].
    pub fn checked_sub_lamports(&mut self, lamports: u64) -> Result<(), InstructionError> {
        self.set_lamports(self.lamports().checked_sub(lamports).ok_or(InstructionError::ArithmeticOverflow)?)
    }

    /// Gives the account to another program.
    ///
    /// # Errors
    /// `ModifiedProgramId` unless the current program owns it, may write it, and its data is all zero.
    pub fn set_owner(&mut self, owner: &Pubkey) -> Result<(), InstructionError> {
        let allowed =
            self.is_owned_by_current_program() && self.is_writable() && self.data().iter().all(|&byte| byte == 0);
        if !allowed {
            return Err(InstructionError::ModifiedProgramId);
        }
        if self.owner() != owner {
            self.touch().owner = *owner;
        }
        Ok(())
    }

    /// Whether the current program may change the data.
    ///
    /// # Errors
    /// `ReadonlyDataModified`, `ExternalAccountDataModified`.
    pub fn can_data_be_changed(&self) -> Result<(), InstructionError> {
        if !self.is_writable() {
            return Err(InstructionError::ReadonlyDataModified);
        }
        if !self.is_owned_by_current_program() {
            return Err(InstructionError::ExternalAccountDataModified);
        }
        Ok(())
    }

    /// Whether the current program may resize the data to `size_bytes`.
    ///
    /// # Errors
    /// `InvalidRealloc` over the account limit, `MaxAccountsDataAllocationsExceeded` over the transaction's, and as
    /// [`Self::can_data_be_changed`].
    pub fn can_data_be_resized(&self, size_bytes: usize) -> Result<(), InstructionError> {
        self.context.check_resize(self.data().len(), size_bytes)?;
        self.can_data_be_changed()
    }

    /// The data, to write in place.
    ///
    /// # Errors
    /// As [`Self::can_data_be_changed`].
    pub fn data_mut(&mut self) -> Result<&mut [u8], InstructionError> {
        self.can_data_be_changed()?;
        Ok(self.touch().data.make_mut())
    }

    /// Replaces data and size.
    ///
    /// # Errors
    /// As [`Self::can_data_be_resized`].
    pub fn set_data(&mut self, bytes: &[u8]) -> Result<(), InstructionError> {
        self.can_data_be_resized(bytes.len())?;
        if self.data() != bytes {
            self.context.data_growth_bytes += bytes.len() as i64 - self.data().len() as i64;
            self.touch().data.set(bytes);
        }
        Ok(())
    }

    /// Resizes the data; new bytes are zero.
    ///
    /// # Errors
    /// As [`Self::can_data_be_resized`].
    pub fn set_data_length(&mut self, size_bytes: usize) -> Result<(), InstructionError> {
        self.can_data_be_resized(size_bytes)?;
        if self.data().len() != size_bytes {
            self.context.data_growth_bytes += size_bytes as i64 - self.data().len() as i64;
            self.touch().data.resize(size_bytes);
        }
        Ok(())
    }

    /// Sets the executable mark.
    ///
    /// # Errors
    /// `ExecutableAccountNotRentExempt`, or `ExecutableModified` unless owned and writable.
    pub fn set_executable(&mut self, executable: bool) -> Result<(), InstructionError> {
        if !self.is_rent_exempt_at(self.data().len()) {
            return Err(InstructionError::ExecutableAccountNotRentExempt);
        }
        if !self.is_owned_by_current_program() || !self.is_writable() {
            return Err(InstructionError::ExecutableModified);
        }
        if self.is_executable() != executable {
            self.touch().executable = executable;
        }
        Ok(())
    }
}
