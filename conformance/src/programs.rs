//! The programs that one case can call: those in its accounts, else those supplied, else those that Heddle ships.

use std::{collections::HashMap, sync::Arc};

use heddle_programs::LoaderV3State;
use heddle_types::{Account, Pubkey, ids};
use heddle_vm::{ProgramEntry, ProgramSource, Runtime};
use parking_lot::Mutex;

/// Programs compiled for one runtime, by the hash of their bytes. At most [`CompiledPrograms::ENTRIES_MAX`]: then it
/// starts over, which costs time.
#[derive(Default)]
pub(crate) struct CompiledPrograms(Mutex<HashMap<[u8; 32], Arc<ProgramEntry>>>);

impl CompiledPrograms {
    const ENTRIES_MAX: usize = 256;

    fn get_or_load(&self, elf: &[u8], runtime: &Runtime) -> Arc<ProgramEntry> {
        let hash = *blake3::hash(elf).as_bytes();
        if let Some(entry) = self.0.lock().get(&hash) {
            return Arc::clone(entry);
        }
        let entry = Arc::new(ProgramEntry::load(elf, runtime));
        let mut entries = self.0.lock();
        if entries.len() >= Self::ENTRIES_MAX {
            entries.clear();
        }
        entries.insert(hash, Arc::clone(&entry));
        entry
    }
}

/// When a program that was deployed in the case's own slot can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// From the next slot on, as in a block; programs of the older loaders count as deployed in slot 0.
    NextSlot {
        /// The case's slot.
        slot: u64,
    },
    /// At once: Mollusk's cache holds programs that no slot deployed.
    Always,
}

/// What one case can call.
pub(crate) struct CasePrograms {
    pub(crate) accounts: HashMap<Pubkey, Account>,
    pub(crate) supplied: Arc<HashMap<Pubkey, Arc<[u8]>>>,
    pub(crate) visibility: Visibility,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) compiled: Arc<CompiledPrograms>,
    pub(crate) called: Mutex<Called>,
}

/// What was called.
#[derive(Default)]
pub(crate) struct Called {
    /// ELFs, once each.
    pub(crate) elfs: Vec<Arc<[u8]>>,
    /// Whether one of them is not from the case's accounts.
    pub(crate) any_foreign: bool,
}

impl CasePrograms {
    /// The ELF in the case's accounts: (deployment slot, bytes).
    fn own_elf(&self, account: &Account) -> Option<(u64, Arc<[u8]>)> {
        if account.owner != ids::bpf_loader_upgradeable::ID {
            return account.data.starts_with(ELF_MAGIC).then(|| (0, account.data[..].into()));
        }
        let Some(LoaderV3State::Program { programdata }) = LoaderV3State::from_bytes(&account.data) else {
            return None;
        };
        let data = &self.accounts.get(&programdata)?.data;
        let Some(LoaderV3State::ProgramData { slot, .. }) = LoaderV3State::from_bytes(data) else { return None };
        Some((slot, data.get(LoaderV3State::PROGRAM_DATA_HEADER_BYTES..)?.into()))
    }

    fn is_visible(&self, deployment_slot: u64) -> bool {
        // Agave 4.2: a program is hidden in exactly the slot that deployed it.
        !matches!(self.visibility, Visibility::NextSlot { slot } if slot == deployment_slot)
    }

    fn load(&self, elf: Arc<[u8]>, is_foreign: bool) -> Arc<ProgramEntry> {
        let entry = self.compiled.get_or_load(&elf, &self.runtime);
        let mut called = self.called.lock();
        called.any_foreign |= is_foreign;
        if !called.elfs.contains(&elf) {
            called.elfs.push(elf);
        }
        entry
    }
}

/// What every ELF begins with.
pub(crate) const ELF_MAGIC: &[u8] = b"\x7fELF";

impl ProgramSource for CasePrograms {
    fn program(&self, key: &Pubkey, account: &Account) -> Option<Arc<ProgramEntry>> {
        if let Some((deployment_slot, elf)) = self.own_elf(account) {
            return self.is_visible(deployment_slot).then(|| self.load(elf, false));
        }
        self.supplied.get(key).map(|elf| self.load(Arc::clone(elf), true))
    }

    fn was_program(&self, key: &Pubkey) -> bool {
        const LOADERS: [Pubkey; 3] =
            [ids::bpf_loader::ID, ids::bpf_loader_upgradeable::ID, ids::bpf_loader_deprecated::ID];
        self.supplied.contains_key(key)
            || self.accounts.get(key).is_some_and(|account| LOADERS.contains(&account.owner))
    }
}
