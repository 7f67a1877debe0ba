//! The accounts lattice of a whole state, computed from its accounts one by one.
//!
//! What a term is of is said by [`Account::with_term_input`]; what the sum is for, the engine knows.

use heddle_hashing::{LANE_COUNT, LatticeSum};
use heddle_types::{Account, Pubkey};

use crate::LATTICE_BYTES;

const _: () = assert!(LATTICE_BYTES == 2 * LANE_COUNT, "what is summed is what is stored");

/// The sum of the accounts so far.
#[derive(Default)]
pub(crate) struct AccountsSum(LatticeSum<'static>);

impl AccountsSum {
    pub(crate) fn add(&mut self, key: &Pubkey, account: &Account) {
        account.with_term_input(key, |parts| self.0.add(parts));
    }

    /// The lattice, as it is stored: little-endian lanes.
    pub(crate) fn into_lattice(self) -> Box<[u8; LATTICE_BYTES]> {
        let mut lattice = Box::new([0; LATTICE_BYTES]);
        for (bytes, lane) in lattice.as_chunks_mut().0.iter_mut().zip(self.0.into_lanes().iter()) {
            *bytes = lane.to_le_bytes();
        }
        lattice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_the_terms() {
        let mut expected = [0u16; LANE_COUNT];
        let mut sum = AccountsSum::default();
        for (number, data_bytes) in (1u8..).zip([0, 165, 952, 5000]) {
            let (key, owner) = (Pubkey::new_from_array([number; 32]), Pubkey::new_from_array([9; 32]));
            let account = Account { executable: true, ..Account::new(number.into(), &vec![3; data_bytes], owner) };
            sum.add(&key, &account);
            let input = [&u64::from(number).to_le_bytes(), &vec![3; data_bytes][..], &[1], &[9; 32], key.as_ref()];
            let mut term = [0; LATTICE_BYTES];
            blake3::Hasher::new().update(&input.concat()).finalize_xof().fill(&mut term);
            for (lane, bytes) in expected.iter_mut().zip(term.as_chunks().0) {
                *lane = lane.wrapping_add(u16::from_le_bytes(*bytes));
            }
        }
        sum.add(&Pubkey::default(), &Account::default());
        assert_eq!(sum.into_lattice()[..], expected.map(u16::to_le_bytes).concat());
    }
}
