//! What one machine holds of the things that all machines share: builtins, programs.
//!
//! Cloning an `Arc` that every worker clones for every transaction sends its reference count from core to core, which
//! costs more than many a program runs. So a machine clones it once; for each call it takes the clone out and puts it
//! back afterwards. Who calls it again in between finds nothing here and goes to the source.

use heddle_types::Pubkey;

/// See the [module](self). At most [`Held::COUNT_MAX`] things; the least recently used one goes first.
pub(crate) struct Held<T> {
    /// The most recently used last.
    entries: Vec<(Pubkey, T)>,
}

impl<T> Held<T> {
    const COUNT_MAX: usize = 16;

    pub(crate) fn new() -> Self {
        Self { entries: Vec::with_capacity(Self::COUNT_MAX) }
    }

    /// Takes out what is held under `key`.
    pub(crate) fn take(&mut self, key: &Pubkey) -> Option<T> {
        let position = self.entries.iter().rposition(|(held, _)| held == key)?;
        Some(self.entries.remove(position).1)
    }

    /// Puts it in, or back.
    pub(crate) fn put(&mut self, key: Pubkey, value: T) {
        if self.entries.iter().any(|(held, _)| *held == key) {
            return;
        }
        if self.entries.len() == Self::COUNT_MAX {
            self.entries.remove(0);
        }
        self.entries.push((key, value));
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let key = |n: usize| Pubkey::new_from_array([n as u8; 32]);
        let mut held = Held::new();
        for n in 0..Held::<usize>::COUNT_MAX {
            held.put(key(n), n);
        }
        let first = held.take(&key(0)).unwrap();
        assert_eq!((first, held.take(&key(0))), (0, None), "taken out until it is put back");
        held.put(key(0), first);
        held.put(key(0), 77);
        held.put(key(99), 99);
        assert_eq!((held.take(&key(0)), held.take(&key(1)), held.take(&key(99))), (Some(0), None, Some(99)));
    }
}
