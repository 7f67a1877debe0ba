//! Writes legacy transactions with one instruction and one signer in wire form. Knows no program.
//!
//! Layout (every length here is below 128, so a compact-u16 is one byte):
//!
//! ```text
//! 1   signature count = 1          3   header: signers, readonly signers, readonly non-signers
//! 64  signature                    1   key count, 32 × keys (signers first, writable before readonly)
//!                                  32  recent blockhash
//!                                  1   instruction count = 1
//!                                  1   program index
//!                                  1   account count, 1 × indices
//!                                  1   data length, data
//! ```

use heddle_types::{Hash, Pubkey};

/// The signature count byte before the signature.
pub(crate) const SIGNATURE_OFFSET: usize = 1;
/// Where the signed message begins.
pub(crate) const MESSAGE_OFFSET: usize = SIGNATURE_OFFSET + 64;

/// Largest length that a compact-u16 holds in one byte.
const COMPACT_LENGTH_MAX: usize = 127;

/// A message of one instruction, signed by the first key alone. The program is the only readonly key and the last.
pub(crate) struct Message<'a> {
    /// Fee payer first, program last.
    pub account_keys: &'a [Pubkey],
    /// Bounds the transaction's life.
    pub recent_blockhash: Hash,
    /// Indices into `account_keys`, in the order in which the program wants them.
    pub instruction_accounts: &'a [u8],
    /// For the program.
    pub instruction_data: &'a [u8],
}

impl Message<'_> {
    /// Appends the transaction with an all-zero signature.
    pub(crate) fn write_unsigned(&self, out: &mut Vec<u8>) {
        let program_index = self.account_keys.len().checked_sub(1).expect("a message names a program");
        out.extend_from_slice(&[1]);
        out.extend_from_slice(&[0; MESSAGE_OFFSET - SIGNATURE_OFFSET]);
        out.extend_from_slice(&[1, 0, 1]);
        out.push(compact_length(self.account_keys.len()));
        for key in self.account_keys {
            out.extend_from_slice(key.as_ref());
        }
        out.extend_from_slice(self.recent_blockhash.as_ref());
        out.extend_from_slice(&[1, compact_length(program_index)]);
        out.push(compact_length(self.instruction_accounts.len()));
        out.extend_from_slice(self.instruction_accounts);
        out.push(compact_length(self.instruction_data.len()));
        out.extend_from_slice(self.instruction_data);
    }
}

fn compact_length(length: usize) -> u8 {
    assert!(length <= COMPACT_LENGTH_MAX);
    length as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_documented_one() {
        let keys = [Pubkey::from([1; 32]), Pubkey::from([2; 32]), Pubkey::from([3; 32])];
        let message = Message {
            account_keys: &keys,
            recent_blockhash: Hash::new_from_array([9; 32]),
            instruction_accounts: &[0, 1],
            instruction_data: &[7, 8],
        };
        let mut wire = Vec::new();
        message.write_unsigned(&mut wire);
        let expected = [
            &[1][..],
            &[0; 64],
            &[1, 0, 1],
            &[3],
            &[1; 32],
            &[2; 32],
            &[3; 32],
            &[9; 32],
            &[1, 2],
            &[2, 0, 1],
            &[2, 7, 8],
        ];
        assert_eq!(wire, expected.concat());
    }
}
