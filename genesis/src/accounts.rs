//! The accounts of a genesis as they are gathered: each address once, each with the one who gave it.
//!
//! An imported account may come from a chain that has run. What would be wrong at slot 0 is put right on the way in
//! ([`Imported`]); everything else is taken as it is. What every chain begins with does not come from here: the engine adds
//! builtins, shipped programs and sysvars to what was not given.

use std::collections::BTreeMap;

use heddle_programs::LoaderV3State;
use heddle_types::{
    Account, Pubkey,
    ids::{address_lookup_table, bpf_loader_upgradeable, sysvar},
};
use heddle_vm::Clock;

use crate::GenesisError;

/// Sysvars that an engine makes for genesis and again for every block. Those of another chain's slot would be wrong.
const MADE_BY_ENGINE: [Pubkey; 5] =
    [sysvar::clock::ID, sysvar::rent::ID, sysvar::epoch_schedule::ID, sysvar::slot_hashes::ID, RECENT_BLOCKHASHES];
const RECENT_BLOCKHASHES: Pubkey = sysvar::recent_blockhashes::ID;

/// What became of an imported account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is in genesis as it was.
    Kept,
    /// It is program data that was deployed, or a lookup table that was extended, at a later slot, which now says 0:
    /// until that slot the program could not be called, and the addresses not be looked up.
    Moved,
    /// It is a sysvar that the engine makes itself, so it was left out. Of a clock the time is remembered
    /// ([`GenesisAccounts::clock_timestamp`]).
    LeftOut,
}

/// Accounts for a genesis, in ascending order of key.
#[derive(Debug, Default)]
pub struct GenesisAccounts {
    accounts: BTreeMap<Pubkey, Given>,
    lamports: u64,
    clock_timestamp: Option<i64>,
    moved_count: u64,
}

#[derive(Debug)]
struct Given {
    /// `None` for what was left out: its address counts as given.
    account: Option<Account>,
    origin: String,
}

impl GenesisAccounts {
    /// Adds an account that `origin` made for this genesis. O(log n).
    ///
    /// # Errors
    /// [`GenesisError::Repeated`], [`GenesisError::NoLamports`] or [`GenesisError::TotalLamports`].
    pub fn add(&mut self, address: Pubkey, account: Account, origin: impl Into<String>) -> Result<(), GenesisError> {
        let origin = origin.into();
        if !account.exists() {
            return Err(GenesisError::NoLamports { address, origin });
        }
        let Some(lamports) = self.lamports.checked_add(account.lamports) else {
            return Err(GenesisError::TotalLamports { address, origin });
        };
        self.insert(address, Some(account), origin)?;
        self.lamports = lamports;
        Ok(())
    }

    /// Adds a system account. O(log n).
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn fund(&mut self, address: Pubkey, lamports: u64, origin: impl Into<String>) -> Result<(), GenesisError> {
        self.add(address, Account::with_lamports(lamports), origin)
    }

    /// Adds an account that comes from some chain, as it may be at slot 0. O(log n); an account that is
    /// moved to slot 0 is copied if somebody else holds its data.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn import(
        &mut self,
        address: Pubkey,
        mut account: Account,
        origin: impl Into<String>,
    ) -> Result<Imported, GenesisError> {
        if MADE_BY_ENGINE.contains(&address) {
            self.insert(address, None, origin.into())?;
            if address == sysvar::clock::ID {
                self.clock_timestamp = Clock::from_bytes(&account.data).map(|clock| clock.unix_timestamp);
            }
            return Ok(Imported::LeftOut);
        }
        let is_moved = redeploy(&mut account) || extend_again(&mut account);
        self.add(address, account, origin)?;
        self.moved_count += u64::from(is_moved);
        Ok(if is_moved { Imported::Moved } else { Imported::Kept })
    }

    /// The time in Unix seconds of an imported clock.
    pub fn clock_timestamp(&self) -> Option<i64> {
        self.clock_timestamp
    }

    /// How many accounts were moved to slot 0 ([`Imported::Moved`]).
    pub fn moved_count(&self) -> u64 {
        self.moved_count
    }

    /// Programs of loader v3 whose program data is neither given nor shipped: they are there and cannot run. Pairs of the
    /// program's address and that of the missing account. O(n log n).
    pub fn programs_without_data(&self) -> Vec<(Pubkey, Pubkey)> {
        let programs = self.accounts.iter().filter_map(|(address, given)| {
            let account = given.account.as_ref()?;
            match loader_v3_state(account)? {
                LoaderV3State::Program { programdata } => Some((*address, programdata)),
                _ => None,
            }
        });
        let mut without: Vec<_> = programs.filter(|(_, data)| !self.accounts.contains_key(data)).collect();
        if !without.is_empty() {
            let shipped = heddle_programs::genesis_accounts();
            without.retain(|(_, data)| !shipped.iter().any(|(key, _)| key == data));
        }
        without
    }

    /// The accounts, in ascending order of key: what an engine's builder takes.
    pub fn into_accounts(self) -> impl Iterator<Item = (Pubkey, Account)> {
        self.accounts.into_iter().filter_map(|(address, given)| Some((address, given.account?)))
    }

    fn insert(&mut self, address: Pubkey, account: Option<Account>, origin: String) -> Result<(), GenesisError> {
        if let Some(given) = self.accounts.get(&address) {
            let first = given.origin.clone();
            return Err(GenesisError::Repeated { address, first, second: origin });
        }
        self.accounts.insert(address, Given { account, origin });
        Ok(())
    }
}

fn loader_v3_state(account: &Account) -> Option<LoaderV3State> {
    if account.owner != bpf_loader_upgradeable::ID {
        return None;
    }
    LoaderV3State::from_bytes(&account.data)
}

/// Moves the deployment of program data to slot 0; tells whether there was anything to move.
fn redeploy(account: &mut Account) -> bool {
    let Some(LoaderV3State::ProgramData { slot, authority }) = loader_v3_state(account) else { return false };
    if slot == 0 {
        return false;
    }
    let header = LoaderV3State::ProgramData { slot: 0, authority }.to_bytes();
    account.data.make_mut()[..header.len()].copy_from_slice(&header);
    true
}

/// Where a lookup table holds its last extension (crate `solana-address-lookup-table-interface`, bincode: state u32,
/// deactivation slot u64, last extended slot u64).
const LAST_EXTENDED: std::ops::Range<usize> = 12..20;
/// State of a lookup table that is in use.
const LOOKUP_TABLE: [u8; 4] = 1u32.to_le_bytes();

/// Moves the last extension of a lookup table to slot 0; tells whether there was anything to move.
fn extend_again(account: &mut Account) -> bool {
    let is_table = account.owner == address_lookup_table::ID && account.data.starts_with(&LOOKUP_TABLE);
    if !is_table || account.data.get(LAST_EXTENDED).is_none_or(|slot| slot == [0; 8]) {
        return false;
    }
    account.data.make_mut()[LAST_EXTENDED].fill(0);
    true
}

#[cfg(test)]
mod tests {
    use heddle_types::limits;

    use super::*;

    fn key(n: u8) -> Pubkey {
        Pubkey::new_from_array([n; 32])
    }

    #[test]
    fn an_address_is_given_once() {
        let mut accounts = GenesisAccounts::default();
        accounts.fund(key(1), 5, "--fund").expect("new");
        let error = accounts.import(key(1), Account::with_lamports(6), "a.json").expect_err("given already");
        let told = format!("account {} is given twice, by --fund and by a.json", key(1));
        assert_eq!(error.to_string(), told);
        let clock = Account::new(1, &Clock::default().to_bytes(), sysvar::ID);
        accounts.import(sysvar::clock::ID, clock.clone(), "a.json").expect("new");
        assert!(accounts.import(sysvar::clock::ID, clock, "b.json").is_err(), "even what is left out");
        assert_eq!(accounts.into_accounts().collect::<Vec<_>>(), [(key(1), Account::with_lamports(5))]);
    }

    #[test]
    fn balances_exist_and_fit() {
        let mut accounts = GenesisAccounts::default();
        assert!(matches!(accounts.fund(key(1), 0, "x"), Err(GenesisError::NoLamports { .. })));
        accounts.fund(key(1), u64::MAX, "x").expect("fits");
        assert!(matches!(accounts.fund(key(2), 1, "x"), Err(GenesisError::TotalLamports { .. })));
        assert_eq!(accounts.into_accounts().count(), 1);
    }

    #[test]
    fn sysvars_are_left_to_the_engine_but_for_the_time() {
        let mut accounts = GenesisAccounts::default();
        let clock = Clock { slot: 300, unix_timestamp: 1_700_000_000, ..Clock::default() };
        for id in MADE_BY_ENGINE {
            let account = Account::new(1, &clock.to_bytes(), sysvar::ID);
            assert_eq!(accounts.import(id, account, "x").expect("new"), Imported::LeftOut);
        }
        let history = Account::new(1, &[0; 8], sysvar::ID);
        let kept = accounts.import(sysvar::stake_history::ID, history, "x").expect("new");
        assert_eq!((kept, accounts.clock_timestamp()), (Imported::Kept, Some(1_700_000_000)));
        assert_eq!(accounts.into_accounts().count(), 1);
    }

    #[test]
    fn program_data_moves_to_slot_0() {
        for authority in [None, Some(key(9))] {
            let data = |slot| {
                let mut bytes = LoaderV3State::ProgramData { slot, authority }.to_bytes();
                bytes.resize(LoaderV3State::PROGRAM_DATA_HEADER_BYTES, 0);
                bytes.extend_from_slice(b"program");
                Account::new(limits::rent_exempt_minimum(bytes.len()), &bytes, bpf_loader_upgradeable::ID)
            };
            let mut accounts = GenesisAccounts::default();
            let shared = data(77);
            assert_eq!(accounts.import(key(1), shared.clone(), "x").expect("new"), Imported::Moved);
            assert_eq!(accounts.import(key(2), data(0), "x").expect("new"), Imported::Kept);
            let foreign = Account { owner: key(3), ..data(77) };
            assert_eq!(accounts.import(key(3), foreign.clone(), "x").expect("new"), Imported::Kept);
            assert_eq!((accounts.moved_count(), shared), (1, data(77)));
            let expected = [(key(1), data(0)), (key(2), data(0)), (key(3), foreign)];
            assert_eq!(accounts.into_accounts().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn lookup_tables_show_all_of_their_addresses_from_the_start() {
        let table = |state: u32, extended: u64| {
            let words = [&state.to_le_bytes()[..], &u64::MAX.to_le_bytes(), &extended.to_le_bytes(), &[20; 68]];
            Account::new(5, &words.concat(), address_lookup_table::ID)
        };
        let short = Account::new(5, &table(1, 9).data[..19], address_lookup_table::ID);
        let foreign = Account { owner: key(9), ..table(1, 9) };
        let cases = [(table(1, 9), table(1, 0)), (table(1, 0), table(1, 0)), (table(0, 9), table(0, 9))];
        for (account, expected) in cases.into_iter().chain([short, foreign].map(|account| (account.clone(), account))) {
            let mut accounts = GenesisAccounts::default();
            let is_moved = accounts.import(key(1), account.clone(), "x").expect("new") == Imported::Moved;
            assert_eq!(is_moved, account != expected);
            assert_eq!(accounts.into_accounts().collect::<Vec<_>>(), [(key(1), expected)]);
        }
    }

    #[test]
    fn a_program_alone_is_told() {
        let program = LoaderV3State::Program { programdata: key(2) }.to_bytes();
        let mut accounts = GenesisAccounts::default();
        accounts.import(key(1), Account::new(1, &program, bpf_loader_upgradeable::ID), "x").expect("new");
        let token_2022 = heddle_programs::ids::TOKEN_2022;
        let shipped = heddle_programs::genesis_accounts().into_iter().find(|(key, _)| *key == token_2022);
        accounts.import(token_2022, shipped.expect("shipped").1, "x").expect("new");
        assert_eq!(accounts.programs_without_data(), [(key(1), key(2))]);
        accounts.fund(key(2), 1, "x").expect("new");
        assert_eq!(accounts.programs_without_data(), []);
    }
}
