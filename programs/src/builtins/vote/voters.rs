//! Who may vote for an account, by epoch: an entry holds until the next one.

use heddle_types::Pubkey;

/// Entries in ascending order of epoch, each epoch once. An initialised account has at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AuthorizedVoters(Vec<(u64, Pubkey)>);

impl AuthorizedVoters {
    pub(super) fn new(epoch: u64, voter: Pubkey) -> Self {
        Self(vec![(epoch, voter)])
    }

    /// From stored entries, in whatever order: of several for one epoch the last counts.
    pub(super) fn from_stored(mut entries: Vec<(u64, Pubkey)>) -> Self {
        if !entries.is_sorted_by(|(a, _), (b, _)| a < b) {
            entries.reverse();
            entries.sort_by_key(|(epoch, _)| *epoch);
            entries.dedup_by_key(|(epoch, _)| *epoch);
        }
        Self(entries)
    }

    pub(super) fn entries(&self) -> &[(u64, Pubkey)] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, epoch: u64) -> bool {
        self.position(epoch).is_ok()
    }

    fn position(&self, epoch: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&epoch, |(epoch, _)| *epoch)
    }

    pub(super) fn insert(&mut self, epoch: u64, voter: Pubkey) {
        match self.position(epoch) {
            Ok(index) => self.0[index].1 = voter,
            Err(index) => self.0.insert(index, (epoch, voter)),
        }
    }

    /// The voter of `epoch`, which gets an entry of its own; entries more than one epoch older go (SIMD-0185). `None` if
    /// every entry is of a later epoch.
    pub(super) fn advance(&mut self, epoch: u64) -> Option<Pubkey> {
        let voter = match self.position(epoch) {
            Ok(index) => self.0[index].1,
            Err(index) => {
                let voter = self.0[index.checked_sub(1)?].1;
                self.0.insert(index, (epoch, voter));
                voter
            }
        };
        self.0.retain(|(kept, _)| *kept >= epoch.saturating_sub(1));
        Some(voter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Pubkey {
        Pubkey::new_from_array([byte; 32])
    }

    #[test]
    fn an_entry_holds_until_the_next() {
        let mut voters = AuthorizedVoters::new(3, key(1));
        voters.insert(6, key(2));
        assert_eq!(voters.clone().advance(2), None);
        assert_eq!(voters.advance(5), Some(key(1)));
        assert_eq!(voters.entries(), [(5, key(1)), (6, key(2))]);
        assert_eq!(voters.advance(6), Some(key(2)));
        assert_eq!(voters.entries(), [(5, key(1)), (6, key(2))]);
        assert_eq!(voters.advance(9), Some(key(2)));
        assert_eq!(voters.entries(), [(9, key(2))]);
    }

    #[test]
    fn stored_entries_are_put_in_order() {
        let stored = vec![(4, key(1)), (2, key(2)), (4, key(3)), (2, key(4))];
        assert_eq!(AuthorizedVoters::from_stored(stored).entries(), [(2, key(4)), (4, key(3))]);
    }
}
