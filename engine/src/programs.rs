//! Finding the program behind an account: loader states, deployment slots, the program cache.
//!
//! A loader-v3 program keeps its ELF in another account, which transactions need not name. The block plan finds that
//! account for every program any transaction names and adds it to the lock set as a read, so that it can be looked at
//! during execution. So it does for every program that a transaction of the block deploys (loaders refuse deployment by
//! CPI, so top-level instructions tell). What is deployed, upgraded, extended or closed within the block is not visible
//! before the next slot, whatever the order of execution.

use std::{collections::HashMap, sync::Arc};

use ahash::RandomState;
use heddle_programs::LoaderV3State;
use heddle_types::{Account, AccountIndex, Pubkey, SanitizedTransaction, ids};
use heddle_vm::{ProgramCache, ProgramEntry, ProgramSource, Runtime};

use crate::{account_table::AccountTable, slot::BlockSerial};

/// The program-data address of a loader-v3 program account.
pub(crate) fn program_data_address(account: &Account) -> Option<Pubkey> {
    match loader_v3_state(account)? {
        LoaderV3State::Program { programdata } => Some(programdata),
        _ => None,
    }
}

/// (deployment slot, ELF) of a program-data account.
fn program_data(account: &Account) -> Option<(u64, &[u8])> {
    match loader_v3_state(account)? {
        LoaderV3State::ProgramData { slot, .. } => {
            Some((slot, account.data.get(LoaderV3State::PROGRAM_DATA_HEADER_BYTES..)?))
        }
        _ => None,
    }
}

fn loader_v3_state(account: &Account) -> Option<LoaderV3State> {
    if account.owner != ids::bpf_loader_upgradeable::ID {
        return None;
    }
    LoaderV3State::from_bytes(&account.data)
}

/// The programs that `transaction` deploys by a top-level instruction: (program, where its program data will be).
pub(crate) fn deployments(transaction: &SanitizedTransaction) -> impl Iterator<Item = (Pubkey, Pubkey)> + '_ {
    /// Tag of `DeployWithMaxDataLen`; account 2 is the program.
    const DEPLOY: [u8; 4] = 2u32.to_le_bytes();
    let keys = transaction.static_keys();
    let deployments = transaction.instructions().filter(|instruction| {
        keys[usize::from(instruction.program_index)] == ids::bpf_loader_upgradeable::ID
            && instruction.data.starts_with(&DEPLOY)
    });
    deployments.filter_map(|instruction| {
        let program = keys.get(usize::from(*instruction.account_indices.get(2)?))?;
        Some((*program, heddle_programs::programdata_address(program)))
    })
}

/// Loader-v3 programs named by a block: program address → index of its program-data account.
pub(crate) type PlannedPrograms = HashMap<Pubkey, AccountIndex, RandomState>;

/// The programs that one block can invoke.
pub(crate) struct BlockPrograms {
    table: Arc<AccountTable>,
    cache: Arc<ProgramCache>,
    runtime: Arc<Runtime>,
    planned: PlannedPrograms,
    serial: BlockSerial,
    slot: u64,
}

const BPF_LOADERS: [Pubkey; 3] = [ids::bpf_loader::ID, ids::bpf_loader_upgradeable::ID, ids::bpf_loader_deprecated::ID];

impl BlockPrograms {
    pub(crate) fn new(
        table: Arc<AccountTable>,
        cache: Arc<ProgramCache>,
        runtime: Arc<Runtime>,
        planned: PlannedPrograms,
        (serial, slot): (BlockSerial, u64),
    ) -> Self {
        Self { table, cache, runtime, planned, serial, slot }
    }

    fn upgradeable(&self, key: &Pubkey) -> Option<Arc<ProgramEntry>> {
        let data_index = *self.planned.get(key)?;
        self.table.with(data_index, |account| {
            let (deployment_slot, elf) = program_data(account)?;
            let is_visible = deployment_slot < self.slot;
            is_visible.then(|| self.cache.get_or_load(key, deployment_slot, &self.runtime, elf))
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
        Some(self.cache.get_or_load(key, 0, &self.runtime, &account.data))
    }

    fn is_settled(&self, key: &Pubkey, account: &Account) -> bool {
        // Whoever changes a program of the upgradeable loader writes its account or its program data.
        let is_written = |index: AccountIndex| self.table.slot(index).is_write_planned(self.serial);
        account.owner != ids::bpf_loader_upgradeable::ID
            || (self.table.find(key).is_some_and(|index| !is_written(index))
                && self.planned.get(key).is_some_and(|index| !is_written(*index)))
    }

    fn was_program(&self, key: &Pubkey) -> bool {
        let index = self.table.find(key);
        index.is_some_and(|index| self.table.with(index, |account| BPF_LOADERS.contains(&account.owner)))
    }
}
