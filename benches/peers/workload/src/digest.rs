//! One hash over the accounts that a run touched: equal in two peers only if they end in the same state.

/// Collects accounts in any order.
#[derive(Clone, Debug, Default)]
pub struct StateDigest {
    accounts: Vec<([u8; 32], blake3::Hash)>,
}

impl StateDigest {
    /// Adds an account. One that does not exist is one without lamports.
    pub fn add(&mut self, key: &[u8; 32], lamports: u64, owner: &[u8; 32], data: &[u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(key).update(&lamports.to_le_bytes()).update(owner).update(data);
        self.accounts.push((*key, hasher.finalize()));
    }

    /// BLAKE3 over the accounts' hashes in ascending order of key, in hexadecimal.
    pub fn finish(mut self) -> String {
        self.accounts.sort_unstable_by_key(|(key, _)| *key);
        let mut hasher = blake3::Hasher::new();
        for (_, hash) in &self.accounts {
            hasher.update(hash.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(accounts: &[(u8, u64, &[u8])]) -> String {
        let mut digest = StateDigest::default();
        for (key, lamports, data) in accounts {
            digest.add(&[*key; 32], *lamports, &[9; 32], data);
        }
        digest.finish()
    }

    #[test]
    fn order_does_not_matter_and_every_field_does() {
        let one = digest(&[(1, 5, b"a"), (2, 6, b"b")]);
        assert_eq!(one, digest(&[(2, 6, b"b"), (1, 5, b"a")]));
        assert_ne!(one, digest(&[(1, 6, b"a"), (2, 6, b"b")]));
        assert_ne!(one, digest(&[(1, 5, b"a"), (2, 6, b"c")]));
        assert_ne!(one, digest(&[(3, 5, b"a"), (2, 6, b"b")]));
        assert_ne!(one, digest(&[(1, 5, b"a")]));
    }
}
