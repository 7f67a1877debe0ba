//! One instruction being put into words: its type, the accounts by their roles, then its arguments.

use heddle_types::Pubkey;
use serde_json::{Map, Value, json};

/// `{"type", "info"}` on the way.
pub(super) struct Call<'a> {
    kind: &'static str,
    accounts: &'a [Pubkey],
    info: Map<String, Value>,
}

impl<'a> Call<'a> {
    /// The first accounts get the names of `roles`; `None` if there are fewer accounts than roles.
    pub(super) fn new(kind: &'static str, accounts: &'a [Pubkey], roles: &[&str]) -> Option<Self> {
        if accounts.len() < roles.len() {
            return None;
        }
        let info = roles.iter().zip(accounts).map(|(role, key)| ((*role).to_owned(), shown(key))).collect();
        Some(Self { kind, accounts, info })
    }

    /// `None` if there are fewer accounts than `count`.
    pub(super) fn at_least(self, count: usize) -> Option<Self> {
        (self.accounts.len() >= count).then_some(self)
    }

    /// An argument.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.info.insert(name.to_owned(), value.into());
        self
    }

    /// An argument that is a key.
    pub(super) fn with_key(self, name: &str, key: Pubkey) -> Self {
        self.with(name, shown(&key))
    }

    /// A key that may be missing: null then.
    pub(super) fn with_key_or_null(self, name: &str, key: Option<Pubkey>) -> Self {
        self.with(name, key.as_ref().map(shown))
    }

    /// A key that may be missing: left out then.
    pub(super) fn with_key_if_any(self, name: &str, key: Option<Pubkey>) -> Self {
        match key {
            Some(key) => self.with_key(name, key),
            None => self,
        }
    }

    /// The account at `index`, left out if there are not so many.
    pub(super) fn with_account_if_any(self, name: &str, index: usize) -> Self {
        let key = self.accounts.get(index).copied();
        self.with_key_if_any(name, key)
    }

    /// The account at `index`, null if there are not so many.
    pub(super) fn with_account_or_null(self, name: &str, index: usize) -> Self {
        let key = self.accounts.get(index).copied();
        self.with_key_or_null(name, key)
    }

    /// The accounts of `range` as a list.
    pub(super) fn with_accounts(self, name: &str, accounts: &[Pubkey]) -> Self {
        let keys = accounts.iter().map(shown).collect::<Vec<_>>();
        self.with(name, keys)
    }

    /// Who signs: the account at `index`, or, if others follow, these for the multisig there.
    pub(super) fn signed(self, index: usize, signer: &str, multisig: &str) -> Option<Self> {
        let accounts = self.accounts;
        self.signed_by(accounts.get(index..)?, signer, multisig)
    }

    /// As [`Self::signed`], with the signer or multisig as the first of `accounts`.
    pub(super) fn signed_by(self, accounts: &[Pubkey], signer: &str, multisig: &str) -> Option<Self> {
        let (first, others) = accounts.split_first()?;
        Some(if others.is_empty() {
            self.with_key(signer, *first)
        } else {
            self.with_key(multisig, *first).with_accounts("signers", others)
        })
    }

    /// `{"type", "info"}`; without `info` if there is nothing to tell.
    pub(super) fn done(self) -> Value {
        if self.info.is_empty() {
            json!({ "type": self.kind })
        } else {
            json!({ "type": self.kind, "info": self.info })
        }
    }
}

/// A key as JSON.
fn shown(key: &Pubkey) -> Value {
    Value::String(key.to_string())
}
