//! Sysvars: the block's facts that programs can read, in their fixed layouts.
//!
//! Layouts are those of the stable `solana-*` sysvar crates (bincode for account data, `repr(C)` for the syscalls);
//! both are written out here because there are six of them and none will change.

use std::sync::Arc;

use heddle_types::{Hash, Pubkey, limits};
use solana_sdk_ids::sysvar;

/// Time, as programs see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Current slot.
    pub slot: u64,
    /// Timestamp of the epoch's first slot, in Unix seconds.
    pub epoch_start_timestamp: i64,
    /// Current epoch.
    pub epoch: u64,
    /// Epoch whose leader schedule is known.
    pub leader_schedule_epoch: u64,
    /// Timestamp of this slot, in Unix seconds.
    pub unix_timestamp: i64,
}

impl Clock {
    /// Account data; the syscall writes the same bytes.
    pub fn to_bytes(&self) -> [u8; 40] {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&self.slot.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.epoch_start_timestamp.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.leader_schedule_epoch.to_le_bytes());
        bytes[32..].copy_from_slice(&self.unix_timestamp.to_le_bytes());
        bytes
    }

    /// Reads account data.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let word = |index: usize| Some(u64::from_le_bytes(bytes.get(index * 8..index * 8 + 8)?.try_into().ok()?));
        Some(Self {
            slot: word(0)?,
            epoch_start_timestamp: word(1)? as i64,
            epoch: word(2)?,
            leader_schedule_epoch: word(3)?,
            unix_timestamp: word(4)? as i64,
        })
    }
}

/// What an account must hold to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rent {
    /// Lamports per byte, data and overhead alike.
    pub lamports_per_byte: u64,
}

impl Default for Rent {
    fn default() -> Self {
        Self { lamports_per_byte: limits::RENT_LAMPORTS_PER_BYTE }
    }
}

impl Rent {
    /// Lamports that exempt an account of `size_bytes`.
    pub fn minimum_balance(&self, size_bytes: usize) -> u64 {
        (limits::RENT_ACCOUNT_OVERHEAD_BYTES + size_bytes as u64).saturating_mul(self.lamports_per_byte)
    }

    /// Account data: rate, exemption threshold (1.0 since SIMD-0194), burn percentage (50, meaningless).
    pub fn to_bytes(&self) -> [u8; 17] {
        let mut bytes = [0; 17];
        bytes[..8].copy_from_slice(&self.lamports_per_byte.to_le_bytes());
        bytes[8..16].copy_from_slice(&1.0f64.to_le_bytes());
        bytes[16] = 50;
        bytes
    }

    /// What the syscall writes: the account data padded to the alignment of `repr(C)`.
    pub fn to_c_bytes(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..17].copy_from_slice(&self.to_bytes());
        bytes
    }
}

/// How slots group into epochs. Heddle has no warm-up epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochSchedule {
    /// Slots of an epoch.
    pub slots_per_epoch: u64,
}

impl Default for EpochSchedule {
    fn default() -> Self {
        Self { slots_per_epoch: 432_000 }
    }
}

impl EpochSchedule {
    /// The epoch of `slot`.
    pub fn epoch(&self, slot: u64) -> u64 {
        slot / self.slots_per_epoch
    }

    /// Account data.
    pub fn to_bytes(&self) -> [u8; 33] {
        let mut bytes = [0; 33];
        bytes[..8].copy_from_slice(&self.slots_per_epoch.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.slots_per_epoch.to_le_bytes());
        bytes
    }

    /// What the syscall writes (`repr(C)`).
    pub fn to_c_bytes(&self) -> [u8; 40] {
        let mut bytes = [0; 40];
        bytes[..16].copy_from_slice(&self.to_bytes()[..16]);
        bytes
    }
}

/// Every sysvar of one block, as account data and, where the runtime itself reads one, decoded.
#[derive(Clone, Debug)]
pub struct SysvarCache {
    /// Decoded clock.
    pub clock: Clock,
    /// Decoded rent.
    pub rent: Rent,
    /// Decoded epoch schedule.
    pub epoch_schedule: EpochSchedule,
    entries: Vec<(Pubkey, Arc<[u8]>)>,
}

impl SysvarCache {
    /// A cache with clock, rent and epoch schedule; the others are added with [`Self::set`].
    pub fn new(clock: Clock, rent: Rent, epoch_schedule: EpochSchedule) -> Self {
        let mut cache = Self { clock, rent, epoch_schedule, entries: Vec::new() };
        cache.set(sysvar::clock::ID, &clock.to_bytes());
        cache.set(sysvar::rent::ID, &rent.to_bytes());
        cache.set(sysvar::epoch_schedule::ID, &epoch_schedule.to_bytes());
        cache.set(sysvar::last_restart_slot::ID, &0u64.to_le_bytes());
        cache.set(sysvar::epoch_rewards::ID, &[0; 81]);
        cache.set(sysvar::stake_history::ID, &0u64.to_le_bytes());
        cache.set(sysvar::slot_hashes::ID, &0u64.to_le_bytes());
        cache
    }

    /// Sets the account data of one sysvar; lists are padded with zeros to the size their accounts always have.
    pub fn set(&mut self, id: Pubkey, data: &[u8]) {
        let mut padded = data.to_vec();
        padded.resize(data.len().max(list_account_size(&id)), 0);
        let data: Arc<[u8]> = padded.into();
        self.decode(&id, &data);
        match self.entries.iter_mut().find(|(key, _)| *key == id) {
            Some((_, entry)) => *entry = data,
            None => self.entries.push((id, data)),
        }
    }

    /// Keeps the decoded forms equal to the data.
    fn decode(&mut self, id: &Pubkey, data: &[u8]) {
        let Some(first) = data.first_chunk().map(|word| u64::from_le_bytes(*word)) else { return };
        match *id {
            sysvar::clock::ID => self.clock = Clock::from_bytes(data).unwrap_or(self.clock),
            sysvar::rent::ID => self.rent.lamports_per_byte = first,
            sysvar::epoch_schedule::ID => self.epoch_schedule.slots_per_epoch = first,
            _ => {}
        }
    }

    /// Account data of the sysvar `id`.
    pub fn data(&self, id: &Pubkey) -> Option<&[u8]> {
        self.entries.iter().find(|(key, _)| key == id).map(|(_, data)| &**data)
    }

    /// As [`Self::data`], shared, for a caller that cannot keep the cache borrowed.
    pub(crate) fn shared_data(&self, id: &Pubkey) -> Option<Arc<[u8]>> {
        self.entries.iter().find(|(key, _)| key == id).map(|(_, data)| Arc::clone(data))
    }

    /// What the last-restart-slot syscall writes; `None` if the account data is too short.
    pub(crate) fn last_restart_slot_c_bytes(&self) -> Option<[u8; 8]> {
        self.data(&sysvar::last_restart_slot::ID)?.first_chunk().copied()
    }

    /// What the epoch-rewards syscall writes: the account data, whose fields lie as `repr(C, align(16))` puts them, and
    /// padding. `None` if the account data is too short or its flag is neither 0 nor 1.
    pub(crate) fn epoch_rewards_c_bytes(&self) -> Option<[u8; 96]> {
        let data: &[u8; EPOCH_REWARDS_BYTES] = self.data(&sysvar::epoch_rewards::ID)?.first_chunk()?;
        let mut bytes = [0; 96];
        bytes[..EPOCH_REWARDS_BYTES].copy_from_slice(data);
        (data[EPOCH_REWARDS_BYTES - 1] <= 1).then_some(bytes)
    }

    /// Every sysvar held.
    pub fn entries(&self) -> &[(Pubkey, Arc<[u8]>)] {
        &self.entries
    }
}

/// Account data of the epoch-rewards sysvar: block height, partitions, blockhash, points, rewards, distributed, active.
const EPOCH_REWARDS_BYTES: usize = 81;

/// Size of the accounts that hold lists: that of a full list (512 slot hashes, 512 stake entries, 150 blockhashes).
fn list_account_size(id: &Pubkey) -> usize {
    match *id {
        sysvar::slot_hashes::ID => 8 + 512 * 40,
        sysvar::stake_history::ID => 8 + 512 * 32,
        sysvar::recent_blockhashes::ID => 8 + 150 * 40,
        _ => 0,
    }
}

/// Account data of the slot-hashes sysvar: newest first, at most 512 entries.
pub(crate) const SLOT_HASHES_MAX: usize = 512;

/// Encodes the slot-hashes sysvar, newest first; more than 512 entries are cut off.
pub fn slot_hashes_to_bytes(entries: &[(u64, Hash)]) -> Vec<u8> {
    let entries = &entries[..entries.len().min(SLOT_HASHES_MAX)];
    let mut bytes = Vec::with_capacity(8 + entries.len() * 40);
    bytes.extend_from_slice(&(entries.len() as u64).to_le_bytes());
    for (slot, hash) in entries {
        bytes.extend_from_slice(&slot.to_le_bytes());
        bytes.extend_from_slice(hash.as_ref());
    }
    bytes
}
