//! A worker's own copies of accounts that nobody writes in the open block: the system program, a mint, a token program.
//!
//! All workers read the same few of them for every transaction. Reading one in the account table takes its lock and
//! counts a reference to its data, and both would send a cache line from core to core. So a worker reads it there once in
//! a block; from then on the copy goes into the machine and comes back.

use heddle_types::{Account, AccountIndex};

use crate::slot::Slot;

/// Places for copies; a power of two. An account has one place that it can be in.
const PLACE_COUNT: usize = 64;

/// See the [module](self).
pub(crate) struct ReadonlyCache {
    places: Box<[Place]>,
}

#[derive(Clone, Default)]
struct Place {
    index: AccountIndex,
    state: State,
    account: Account,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Empty,
    Held,
    /// In the machine.
    Lent,
}

impl ReadonlyCache {
    pub(crate) fn new() -> Self {
        Self { places: vec![Place::default(); PLACE_COUNT].into() }
    }

    /// Forgets every copy, because another block begins.
    pub(crate) fn clear(&mut self) {
        self.places.fill_with(Place::default);
    }

    /// The account at `index`, in `slot`, which nobody writes in this block.
    pub(crate) fn lend(&mut self, index: AccountIndex, slot: &Slot) -> Account {
        let place = &mut self.places[index.0 as usize % PLACE_COUNT];
        match place.state {
            State::Held if place.index == index => {
                place.state = State::Lent;
                std::mem::take(&mut place.account)
            }
            State::Lent => slot.read(),
            State::Held | State::Empty => {
                *place = Place { index, state: State::Lent, account: Account::default() };
                slot.read()
            }
        }
    }

    /// Takes the account at `index` back, unchanged.
    pub(crate) fn give_back(&mut self, index: AccountIndex, account: Account) {
        let place = &mut self.places[index.0 as usize % PLACE_COUNT];
        if place.index == index && place.state == State::Lent {
            *place = Place { index, state: State::Held, account };
        }
    }
}

#[cfg(test)]
mod tests {
    use heddle_types::Pubkey;

    use super::*;
    use crate::account_table::AccountTable;

    #[test]
    fn a_copy_is_lent_and_comes_back_until_the_block_ends() {
        let table = AccountTable::new(usize::MAX);
        let indices: Vec<AccountIndex> = (0..=PLACE_COUNT as u8)
            .map(|n| {
                let index = table.intern(&Pubkey::new_from_array([n; 32]));
                table.put(index, Account::with_lamports(u64::from(n) + 1));
                index
            })
            .collect();
        let (first, same_place) = (indices[0], indices[PLACE_COUNT]);
        let mut cache = ReadonlyCache::new();
        for _ in 0..2 {
            let account = cache.lend(first, table.slot(first));
            assert_eq!(account.lamports, 1);
            // The place is taken.
            let other = cache.lend(same_place, table.slot(same_place));
            assert_eq!(other.lamports, 65);
            cache.give_back(same_place, other);
            cache.give_back(first, account);
        }
        table.put(first, Account::with_lamports(7));
        assert_eq!(cache.lend(first, table.slot(first)).lamports, 1, "the worker's own copy");
        cache.clear();
        assert_eq!(cache.lend(first, table.slot(first)).lamports, 7);
    }
}
