//! Account locks: what a transaction declares it will touch, in the dense form the scheduler works on.

/// A pubkey's dense number, given out by the engine's account table; the scheduler never sees a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountIndex(pub u32);

/// Declared access to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Shared with other readers.
    Readonly,
    /// Exclusive.
    Writable,
}

/// One entry of a lock set. Within a set every index occurs once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountLock {
    /// Which account.
    pub account: AccountIndex,
    /// How it is locked.
    pub access: Access,
}

impl AccountLock {
    /// A shared lock.
    pub fn readonly(account: u32) -> Self {
        Self { account: AccountIndex(account), access: Access::Readonly }
    }

    /// An exclusive lock.
    pub fn writable(account: u32) -> Self {
        Self { account: AccountIndex(account), access: Access::Writable }
    }

    /// Whether the lock is exclusive.
    pub fn is_writable(self) -> bool {
        self.access == Access::Writable
    }
}
