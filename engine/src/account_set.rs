//! A set of a transaction's accounts, by position among its keys.

/// One bit for each of up to 256 accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccountSet([u64; 4]);

impl AccountSet {
    pub(crate) fn insert(&mut self, position: usize) {
        self.0[position / 64] |= 1 << (position % 64);
    }

    pub(crate) fn remove(&mut self, position: usize) {
        self.0[position / 64] &= !(1 << (position % 64));
    }

    pub(crate) fn contains(&self, position: usize) -> bool {
        self.0[position / 64] >> (position % 64) & 1 == 1
    }

    /// Those that are not in `other`.
    pub(crate) fn without(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    /// Those that are in it, in order.
    pub(crate) fn positions(self) -> impl Iterator<Item = usize> {
        let Self(mut words) = self;
        let mut first = 0;
        std::iter::from_fn(move || {
            while words[first] == 0 {
                first += 1;
                if first == words.len() {
                    first = 0;
                    return None;
                }
            }
            let bit = words[first].trailing_zeros() as usize;
            words[first] &= words[first] - 1;
            Some(first * 64 + bit)
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut set = AccountSet::default();
        for position in [0, 63, 64, 255, 3] {
            set.insert(position);
        }
        let mut other = AccountSet::default();
        other.insert(63);
        set.remove(3);
        let held = |set: &AccountSet| (0..256).filter(|&position| set.contains(position)).collect::<Vec<_>>();
        assert_eq!((held(&set), set.len()), (vec![0, 63, 64, 255], 4));
        assert_eq!(held(&set.without(&other)), [0, 64, 255]);
        assert_eq!(set.positions().collect::<Vec<_>>(), held(&set));
        let mut ended = other.positions();
        assert_eq!((ended.next(), ended.next(), ended.next()), (Some(63), None, None));
    }
}
