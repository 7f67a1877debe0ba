//! Verified and compiled programs, keyed by address and the slot they were deployed in, so that an upgraded program can
//! never be confused with its predecessor.

use std::{
    hash::RandomState,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dashmap::DashMap;
use heddle_jit::FramePointer;
use heddle_types::Pubkey;
use solana_sbpf::{
    elf::{ElfError, Executable, get_sbpf_version},
    error::EbpfError,
    program::SBPFVersion,
    verifier::RequisiteVerifier,
};

use crate::{Program, Runtime};

/// A program at rest.
pub enum ProgramEntry {
    /// Loaded, verified and, on x86-64, compiled.
    Executable(Box<Program>),
    /// The bytes do not load or do not verify: invoking it fails.
    Invalid,
}

impl ProgramEntry {
    /// Loads, verifies and compiles an ELF. Bytes that fail become [`ProgramEntry::Invalid`].
    pub fn load(elf: &[u8], runtime: &Runtime) -> Self {
        Self::try_load(elf, runtime).unwrap_or(Self::Invalid)
    }

    /// Verifies and compiles assembly text of the newest sBPF version.
    ///
    /// # Panics
    /// If the text is no valid program.
    #[cfg(test)]
    pub(crate) fn assemble(source: &str, runtime: &Runtime) -> Self {
        let executable = solana_sbpf::assembler::assemble(source, runtime.loader().clone()).expect("valid assembly");
        Self::Executable(Box::new(Program::new(executable, FramePointer::Standard).expect("a verifiable program")))
    }

    /// As [`Self::load`], and tells why bytes are refused.
    ///
    /// # Errors
    /// What the loader, the verifier or the compiler says.
    pub fn try_load(elf: &[u8], runtime: &Runtime) -> Result<Self, EbpfError> {
        let executable = Executable::load(elf, runtime.loader().clone()).map_err(EbpfError::ElfError)?;
        Ok(Self::Executable(Box::new(Program::new(executable, FramePointer::Standard)?)))
    }
}

/// Which sBPF versions a deployment accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployable {
    /// Every version that may run.
    AnyVersion,
    /// What the gate `disable_sbpf_v0_v1_v2_deployment` leaves.
    NewVersion,
}

/// Why bytes may not be deployed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeploymentError {
    /// They do not load.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// They do not verify.
    #[error(transparent)]
    Verifier(#[from] EbpfError),
}

/// Loads and verifies in the stricter environment of deployments, without keeping anything.
pub(crate) fn check_deployable(elf: &[u8], runtime: &Runtime, versions: Deployable) -> Result<(), DeploymentError> {
    let is_restricted = versions == Deployable::NewVersion && runtime.gates().disable_sbpf_v0_v1_v2_deployment;
    if is_restricted && is_old_version(elf) {
        return Err(ElfError::UnsupportedSBPFVersion.into());
    }
    let executable = Executable::load(elf, runtime.deployment_loader().clone())?;
    Ok(executable.verify::<RequisiteVerifier>()?)
}

/// Whether `elf` is of a version that the gate `disable_sbpf_v0_v1_v2_deployment` bars; `false` if it declares none.
pub fn is_old_version(elf: &[u8]) -> bool {
    get_sbpf_version(elf).is_ok_and(|version| version < SBPFVersion::V3)
}

/// Programs by (address, deployment slot), shared by all workers. At most [`ProgramCache::ENTRIES_MAX`]: beyond that an
/// arbitrary half is dropped, which costs time but never changes a result.
#[derive(Default)]
pub struct ProgramCache {
    entries: DashMap<(Pubkey, u64), Arc<ProgramEntry>, RandomState>,
    misses: AtomicU64,
}

impl ProgramCache {
    /// Named bound of the cache.
    pub const ENTRIES_MAX: usize = 4096;

    /// The program deployed at `key` in `deployment_slot`, loading it from `elf` if this is the first call.
    pub fn get_or_load(&self, key: &Pubkey, deployment_slot: u64, runtime: &Runtime, elf: &[u8]) -> Arc<ProgramEntry> {
        if let Some(entry) = self.entries.get(&(*key, deployment_slot)) {
            return entry.clone();
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        if self.entries.len() >= Self::ENTRIES_MAX {
            let mut index = 0usize;
            self.entries.retain(|_, _| {
                index += 1;
                index.is_multiple_of(2)
            });
        }
        let entry = Arc::new(ProgramEntry::load(elf, runtime));
        self.entries.entry((*key, deployment_slot)).or_insert(entry).clone()
    }

    /// Programs that are held. O(shards).
    pub fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// Forgets programs deployed in `slot` or later, because the blocks that deployed them were dropped.
    pub fn forget_from(&self, slot: u64) {
        self.entries.retain(|(_, deployment_slot), _| *deployment_slot < slot);
    }

    /// How many programs were loaded so far.
    pub fn miss_count(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }
}
