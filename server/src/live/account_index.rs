//! Which accounts a program owns, and which token accounts belong to an owner, a mint or a delegate.
//!
//! In memory; made from the store when somebody first asks, and kept up with each commit from then on. It says who may be
//! meant: readers look at the accounts themselves.
//!
//! ```text
//!  absent ──ensure──▶ building (scan; commits wait in a list) ──▶ ready
//!    ▲──────────────────────────── forget ────────────────────────┘
//! ```

use ahash::RandomState;
use hashbrown::{HashMap, HashSet};
use heddle_parse::TokenAccount;
use heddle_storage::{Store, StoreError};
use heddle_types::{Account, Pubkey};
use parking_lot::{Mutex, RwLock};

/// What somebody is to a token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRole {
    /// May spend it.
    Owner,
    /// Its token.
    Mint,
    /// May spend some of it.
    Delegate,
}

impl TokenRole {
    const ALL: [Self; 3] = [Self::Owner, Self::Mint, Self::Delegate];

    /// Who has the role; `None` if it is no token account, or nobody has.
    pub(crate) fn of(self, account: &Account) -> Option<Pubkey> {
        if !heddle_parse::is_token_program(&account.owner) {
            return None;
        }
        let token = TokenAccount::read(&account.data)?;
        match self {
            Self::Owner => Some(token.owner),
            Self::Mint => Some(token.mint),
            Self::Delegate => token.delegate,
        }
    }
}

type KeySet = HashSet<Pubkey, RandomState>;
type Changes = HashMap<Pubkey, Option<Account>, RandomState>;

#[derive(Default)]
pub(crate) struct AccountIndex {
    state: RwLock<State>,
    /// Held by whoever scans the store.
    building: Mutex<()>,
}

#[derive(Default)]
enum State {
    #[default]
    Absent,
    Building(Vec<Changes>),
    Ready(Box<Maps>),
}

#[derive(Default)]
struct Maps {
    by_owner: HashMap<Pubkey, KeySet, RandomState>,
    by_role: [HashMap<Pubkey, KeySet, RandomState>; 3],
    /// Under what each account is found.
    entries: HashMap<Pubkey, Entry, RandomState>,
}

struct Entry {
    owner: Pubkey,
    roles: Option<Box<[Option<Pubkey>; 3]>>,
}

impl Entry {
    fn of(account: &Account) -> Self {
        let roles = TokenRole::ALL.map(|role| role.of(account));
        Self { owner: account.owner, roles: roles[0].is_some().then(|| Box::new(roles)) }
    }
}

impl Maps {
    fn set(&mut self, key: Pubkey, account: Option<&Account>) {
        if let Some(before) = self.entries.remove(&key) {
            self.remove(&key, &before);
        }
        if let Some(account) = account {
            self.insert(key, Entry::of(account));
        }
    }

    fn insert(&mut self, key: Pubkey, entry: Entry) {
        self.by_owner.entry(entry.owner).or_default().insert(key);
        if let Some(roles) = &entry.roles {
            for (map, who) in self.by_role.iter_mut().zip(roles.iter()) {
                who.map(|who| map.entry(who).or_default().insert(key));
            }
        }
        self.entries.insert(key, entry);
    }

    fn remove(&mut self, key: &Pubkey, entry: &Entry) {
        remove_from(&mut self.by_owner, &entry.owner, key);
        if let Some(roles) = &entry.roles {
            for (map, who) in self.by_role.iter_mut().zip(roles.iter()) {
                if let Some(who) = who {
                    remove_from(map, who, key);
                }
            }
        }
    }
}

fn remove_from(map: &mut HashMap<Pubkey, KeySet, RandomState>, of: &Pubkey, key: &Pubkey) {
    if let Some(set) = map.get_mut(of) {
        set.remove(key);
        if set.is_empty() {
            map.remove(of);
        }
    }
}

impl AccountIndex {
    /// Scans the store, unless that is done.
    pub(crate) fn ensure(&self, store: &dyn Store) -> Result<(), StoreError> {
        if matches!(*self.state.read(), State::Ready(_)) {
            return Ok(());
        }
        let _only_one = self.building.lock();
        if matches!(*self.state.read(), State::Ready(_)) {
            return Ok(());
        }
        *self.state.write() = State::Building(Vec::new());
        let mut maps = Maps::default();
        let scanned = store.for_each_account(&mut |key, account| maps.set(*key, Some(&account)));
        let mut state = self.state.write();
        if let Err(error) = scanned {
            *state = State::Absent;
            return Err(error);
        }
        match std::mem::take(&mut *state) {
            // The scan saw some of these or none: the last word on an account is the same.
            State::Building(later) => {
                later.iter().flatten().for_each(|(key, account)| maps.set(*key, account.as_ref()));
            }
            // Somebody took blocks back meanwhile: what was scanned is of no use.
            State::Absent | State::Ready(_) => return Ok(()),
        }
        *state = State::Ready(Box::new(maps));
        Ok(())
    }

    /// The store has a block that changed these accounts.
    pub(crate) fn note(&self, changes: &Changes) {
        match &mut *self.state.write() {
            State::Absent => {}
            State::Building(later) => later.push(changes.clone()),
            State::Ready(maps) => changes.iter().for_each(|(key, account)| maps.set(*key, account.as_ref())),
        }
    }

    /// Begins again with nothing: the store went back.
    pub(crate) fn forget(&self) {
        *self.state.write() = State::Absent;
    }

    pub(crate) fn owned_by(&self, program: &Pubkey) -> Vec<Pubkey> {
        self.keys(|maps| maps.by_owner.get(program))
    }

    pub(crate) fn token_accounts(&self, role: TokenRole, who: &Pubkey) -> Vec<Pubkey> {
        self.keys(|maps| maps.by_role[role as usize].get(who))
    }

    fn keys(&self, of: impl Fn(&Maps) -> Option<&KeySet>) -> Vec<Pubkey> {
        match &*self.state.read() {
            State::Ready(maps) => of(maps).into_iter().flatten().copied().collect(),
            State::Absent | State::Building(_) => Vec::new(),
        }
    }
}
