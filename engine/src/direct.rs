//! Transactions that are one plain transfer, executed without a machine.
//!
//! Most transactions that are no votes move lamports from their payer to one other account and do nothing else. The
//! machine would copy three accounts, push an instruction, find the system program and run it; what comes of it is two
//! balances. So if nothing can go wrong, the balances are changed here. If anything could (no balance, no units, rent,
//! an account with data, a program in its place), the machine decides: only it knows the errors and their order.
//!
//! `engine/tests/direct_transfers.rs` compares both ways.

use heddle_types::{Account, InstructionView, SanitizedTransaction, ids};
use heddle_vm::{Rent, Runtime};

use crate::{account_set::AccountSet, fees::RentObservation, slot::Slot};

/// Positions in a plain transfer.
const FROM: usize = 0;
const TO: usize = 1;
const PROGRAM: usize = 2;
const KEY_COUNT: usize = 3;

/// Lamports that `transaction` moves if it is one plain transfer from its payer to the next account.
pub(crate) fn transfer_of(transaction: &SanitizedTransaction, instructions: &[InstructionView<'_>]) -> Option<u64> {
    const TRANSFER_TAG: [u8; 4] = 2u32.to_le_bytes();
    let is_plain = transaction.total_key_count() == KEY_COUNT
        && transaction.static_keys().len() == KEY_COUNT
        && transaction.static_keys()[PROGRAM] == ids::system_program::ID
        && transaction.static_keys()[TO] != ids::incinerator::ID;
    let [instruction] = instructions else { return None };
    let is_transfer = is_plain
        && usize::from(instruction.program_index) == PROGRAM
        && instruction.account_indices == [FROM as u8, TO as u8]
        && instruction.data.get(..4) == Some(&TRANSFER_TAG);
    let lamports = instruction.data.get(4..).filter(|_| is_transfer)?.try_into().ok()?;
    // A transfer of nothing touches nothing.
    Some(u64::from_le_bytes(lamports)).filter(|&lamports| lamports > 0)
}

/// What one worker knows of the system program in the open block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemProgram {
    /// Compute units of a transfer, if transfers follow the rules that are written here.
    transfer_units: Option<u64>,
    /// Bytes of its account, once it was looked at and found to be what it should.
    data_bytes: Option<u64>,
}

impl SystemProgram {
    /// What `runtime` has as its system program; its account is not known yet.
    pub(crate) fn of(runtime: &Runtime) -> Self {
        let builtin = runtime.builtin(&ids::system_program::ID);
        Self { transfer_units: builtin.and_then(|builtin| builtin.plain_transfer_units()), data_bytes: None }
    }

    /// Compute units of a transfer and bytes of the program's account, which is in `slot`; `None` if transfers are not to
    /// be done here.
    pub(crate) fn look(&mut self, slot: &Slot) -> Option<(u64, u64)> {
        let units = self.transfer_units?;
        if self.data_bytes.is_none() {
            let account = slot.read();
            let is_program = account.exists() && account.owner == ids::native_loader::ID;
            self.data_bytes = is_program.then_some(account.data.len() as u64);
        }
        Some((units, self.data_bytes?))
    }
}

/// The two accounts after `lamports` went from one to the other; `None` if the machine has to decide.
pub(crate) fn transfer(
    from: &Account,
    to: &Account,
    lamports: u64,
    writable: &AccountSet,
    rent: &Rent,
) -> Option<(u64, u64)> {
    let may_be_written = writable.contains(FROM) && writable.contains(TO) && !writable.contains(PROGRAM);
    let is_plain = from.data.is_empty() && from.owner == ids::system_program::ID;
    if !may_be_written || !is_plain {
        return None;
    }
    let (from_after, to_after) = (from.lamports.checked_sub(lamports)?, to.lamports.checked_add(lamports)?);
    let is_allowed = |account: &Account, after: u64| RentObservation::new(account).allows_balance(after, rent);
    (is_allowed(from, from_after) && is_allowed(to, to_after)).then_some((from_after, to_after))
}
