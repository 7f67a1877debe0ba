//! An account's state as the runtime sees it. Cloning is cheap: the data is shared until somebody writes.

use std::{fmt, ops::Deref, sync::Arc};

use solana_pubkey::Pubkey;

/// One account: balance, data, owner and the executable mark.
///
/// There is no `rent_epoch`: mainnet collects no rent and programs see the constant `u64::MAX` (see
/// [`crate::limits::RENT_EPOCH_EXEMPT`]). An account with zero lamports does not exist, whatever else it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Balance in lamports.
    pub lamports: u64,
    /// Contents, at most [`crate::limits::ACCOUNT_DATA_BYTES_MAX`].
    pub data: AccountData,
    /// The only program that may change the data or debit the balance.
    pub owner: Pubkey,
    /// Whether the account holds (or points at) a program.
    pub executable: bool,
}

impl Account {
    /// A system-owned account without data.
    pub fn with_lamports(lamports: u64) -> Self {
        Self { lamports, ..Self::default() }
    }

    /// An account with these contents that is no program.
    pub fn new(lamports: u64, data: &[u8], owner: Pubkey) -> Self {
        Self { lamports, data: AccountData::from(data), owner, executable: false }
    }

    /// Whether the account is in the state at all: zero lamports mean absent.
    pub fn exists(&self) -> bool {
        self.lamports != 0
    }

    /// Hands what the account's term in the accounts lattice is the hash of to `put`, in parts (SIMD-0215): lamports, data,
    /// executable mark, owner, `key`. An absent account has no term, and `put` is not called.
    pub fn with_term_input(&self, key: &Pubkey, put: impl FnOnce(&[&[u8]])) {
        if self.exists() {
            put(&[
                &self.lamports.to_le_bytes(),
                &self.data,
                &[self.executable.into()],
                self.owner.as_ref(),
                key.as_ref(),
            ]);
        }
    }
}

/// Shared, copy-on-write account contents.
///
/// Empty data holds no allocation (and so no shared reference count that all workers would contend on).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AccountData(Option<Arc<[u8]>>);

impl AccountData {
    /// A zero-filled buffer of `size_bytes`.
    pub fn zeroed(size_bytes: usize) -> Self {
        if size_bytes == 0 { Self(None) } else { Self(Some(std::iter::repeat_n(0, size_bytes).collect())) }
    }

    /// Exclusive access to the bytes; copies them first if anyone else holds them.
    pub fn make_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            None => &mut [],
            Some(shared) => Arc::make_mut(shared),
        }
    }

    /// Replaces the contents; writes in place when nobody shares the buffer and the length is the same.
    pub fn set(&mut self, bytes: &[u8]) {
        if let Some(own) = self.0.as_mut().and_then(Arc::get_mut)
            && own.len() == bytes.len()
        {
            own.copy_from_slice(bytes);
            return;
        }
        *self = Self::from(bytes);
    }

    /// Changes the length; new bytes are zero.
    pub fn resize(&mut self, size_bytes: usize) {
        if size_bytes == self.len() {
            return;
        }
        let kept = size_bytes.min(self.len());
        let mut resized = Self::zeroed(size_bytes);
        resized.make_mut()[..kept].copy_from_slice(&self[..kept]);
        *self = resized;
    }

    /// Whether both are the same allocation: then they are equal without a comparison.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Deref for AccountData {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl AsRef<[u8]> for AccountData {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<&[u8]> for AccountData {
    fn from(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self(None) } else { Self(Some(Arc::from(bytes))) }
    }
}

impl From<Vec<u8>> for AccountData {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl fmt::Debug for AccountData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN_BYTES_MAX: usize = 32;
        write!(f, "[{} bytes: ", self.len())?;
        for byte in self.iter().take(SHOWN_BYTES_MAX) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(if self.len() > SHOWN_BYTES_MAX { "…]" } else { "]" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_never_reach_a_clone() {
        let original = AccountData::from(&[1u8, 2, 3][..]);
        let mut copy = original.clone();
        copy.make_mut()[0] = 9;
        assert_eq!(&*original, [1, 2, 3]);
        copy = original.clone();
        copy.set(&[4, 5, 6]);
        copy.resize(5);
        assert_eq!((&*original, &*copy), (&[1u8, 2, 3][..], &[4u8, 5, 6, 0, 0][..]));
    }

    #[test]
    fn set_in_place_keeps_the_allocation() {
        let mut data = AccountData::from(&[1u8, 2][..]);
        let before = data.as_ptr();
        data.set(&[3, 4]);
        assert_eq!((data.as_ptr(), &*data), (before, &[3u8, 4][..]));
        data.resize(0);
        assert!(data.ptr_eq(&AccountData::default()));
    }
}
