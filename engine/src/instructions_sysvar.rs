//! The instructions sysvar: the transaction's own instructions, laid out for programs that inspect them.
//!
//! Layout (crate `solana-instructions-sysvar`): count u16; an offset u16 per instruction; per instruction the account
//! count u16, per account a flag byte (1 signer, 2 writable) and the key, the program id, the data length u16 and the
//! data; last the index u16 of the current instruction.

use heddle_types::{Account, Pubkey, SanitizedTransaction, ids};

use crate::account_set::AccountSet;

/// Builds the sysvar's account for `transaction`; `None` if an offset or length does not fit into 16 bits.
pub(crate) fn account(transaction: &SanitizedTransaction, keys: &[Pubkey], writable: &AccountSet) -> Option<Account> {
    let count = u16::try_from(transaction.instruction_count()).ok()?;
    let mut data = count.to_le_bytes().to_vec();
    data.resize(2 + 2 * usize::from(count), 0);
    for (position, instruction) in transaction.instructions().enumerate() {
        let offset = u16::try_from(data.len()).ok()?;
        data[2 + 2 * position..4 + 2 * position].copy_from_slice(&offset.to_le_bytes());
        data.extend_from_slice(&u16::try_from(instruction.account_indices.len()).ok()?.to_le_bytes());
        for &index in instruction.account_indices {
            let index = usize::from(index);
            let flags = u8::from(transaction.is_signer(index)) | u8::from(writable.contains(index)) << 1;
            data.push(flags);
            data.extend_from_slice(keys[index].as_ref());
        }
        data.extend_from_slice(keys[usize::from(instruction.program_index)].as_ref());
        data.extend_from_slice(&u16::try_from(instruction.data.len()).ok()?.to_le_bytes());
        data.extend_from_slice(instruction.data);
    }
    data.extend_from_slice(&0u16.to_le_bytes());
    Some(Account { data: data.into(), owner: ids::sysvar::ID, ..Account::default() })
}
