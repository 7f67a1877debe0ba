//! Finding the program behind an account: loader states, deployment slots, the program cache.
//!
//! A loader-v3 program keeps its ELF in another account, which transactions need not name. The block plan finds that
//! account for every program any transaction names and adds it to the lock set as a read, so that it can be looked at
//! during execution. A program that became one within this very block is not in the plan; it is not visible before the
//! next slot, whatever the order of execution.

use std::{collections::HashMap, sync::Arc};

use ahash::RandomState;
use heddle_types::{Account, AccountIndex, Pubkey, ids};
use heddle_vm::{ProgramCache, ProgramEntry, ProgramSource, Runtime};

use crate::account_table::AccountTable;

const STATE_PROGRAM: u32 = 2;
const STATE_PROGRAM_DATA: u32 = 3;
/// Bytes of a program-data account before the ELF: tag, slot, authority.
const PROGRAM_DATA_META_BYTES: usize = 45;

/// The program-data address of a loader-v3 program account.
pub(crate) fn program_data_address(account: &Account) -> Option<Pubkey> {
    if account.owner != ids::bpf_loader_upgradeable::ID || tag(&account.data)? != STATE_PROGRAM {
        return None;
    }
    Some(Pubkey::new_from_array(account.data.get(4..36)?.try_into().ok()?))
}

fn tag(data: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(data.get(..4)?.try_into().ok()?))
}

/// (deployment slot, ELF) of a program-data account.
fn program_data(account: &Account) -> Option<(u64, &[u8])> {
    if account.owner != ids::bpf_loader_upgradeable::ID || tag(&account.data)? != STATE_PROGRAM_DATA {
        return None;
    }
    let slot = u64::from_le_bytes(account.data.get(4..12)?.try_into().ok()?);
    Some((slot, account.data.get(PROGRAM_DATA_META_BYTES..)?))
}

/// Loader-v3 programs named by a block: program address → index of its program-data account.
pub(crate) type PlannedPrograms = HashMap<Pubkey, AccountIndex, RandomState>;

/// The programs that one block can invoke.
pub(crate) struct BlockPrograms {
    table: Arc<AccountTable>,
    cache: Arc<ProgramCache>,
    runtime: Arc<Runtime>,
    planned: PlannedPrograms,
    slot: u64,
}

impl BlockPrograms {
    pub(crate) fn new(
        table: Arc<AccountTable>,
        cache: Arc<ProgramCache>,
        runtime: Arc<Runtime>,
        planned: PlannedPrograms,
        slot: u64,
    ) -> Self {
        Self { table, cache, runtime, planned, slot }
    }

    fn upgradeable(&self, key: &Pubkey) -> Option<Arc<ProgramEntry>> {
        let Some(&data_index) = self.planned.get(key) else {
            return Some(Arc::new(ProgramEntry::NotYetVisible));
        };
        self.table.with(data_index, |account| {
            let (deployment_slot, elf) = program_data(account)?;
            if deployment_slot >= self.slot {
                return Some(Arc::new(ProgramEntry::NotYetVisible));
            }
            Some(self.cache.get_or_load(key, deployment_slot, &self.runtime, elf))
        })
    }
}

impl ProgramSource for BlockPrograms {
    fn program(&self, key: &Pubkey, account: &Account) -> Option<Arc<ProgramEntry>> {
        if account.owner == ids::bpf_loader_upgradeable::ID {
            program_data_address(account)?;
            return self.upgradeable(key);
        }
        // Programs of the older loaders live in their own account and never change again.
        account.executable.then(|| self.cache.get_or_load(key, 0, &self.runtime, &account.data))
    }
}
