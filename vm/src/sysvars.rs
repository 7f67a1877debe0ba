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
        Some(Self {
            slot: word(bytes, 0)?,
            epoch_start_timestamp: word(bytes, 8)? as i64,
            epoch: word(bytes, 16)?,
            leader_schedule_epoch: word(bytes, 24)?,
            unix_timestamp: word(bytes, 32)? as i64,
        })
    }
}

/// What an account must hold to stay, as crate `solana-rent` 4.3 reckons it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rent {
    /// Lamports per byte, data and overhead alike; per year as long as the threshold was one of two years.
    pub lamports_per_byte: u64,
    /// What the rate is multiplied by, an `f64` in little-endian bytes: 1.0 since SIMD-0194, 2.0 before.
    pub exemption_threshold: [u8; 8],
    /// Once the share of collected rent that was burned; no rule reads it.
    pub burn_percent: u8,
}

impl Default for Rent {
    fn default() -> Self {
        Self {
            lamports_per_byte: limits::RENT_LAMPORTS_PER_BYTE,
            exemption_threshold: Self::THRESHOLD_ONE,
            burn_percent: 50,
        }
    }
}

impl Rent {
    /// Size of the account data in bytes.
    pub const SIZE_BYTES: usize = 17;
    const THRESHOLD_ONE: [u8; 8] = 1.0f64.to_le_bytes();
    const THRESHOLD_TWO: [u8; 8] = 2.0f64.to_le_bytes();

    /// Lamports that exempt an account of `size_bytes`. The two thresholds that ever were are whole numbers and need no
    /// floating point; what does not fit saturates.
    pub fn minimum_balance(&self, size_bytes: usize) -> u64 {
        let bytes = limits::RENT_ACCOUNT_OVERHEAD_BYTES.saturating_add(size_bytes as u64);
        match self.exemption_threshold {
            Self::THRESHOLD_ONE => bytes.saturating_mul(self.lamports_per_byte),
            Self::THRESHOLD_TWO => bytes.saturating_mul(2).saturating_mul(self.lamports_per_byte),
            threshold => (bytes.saturating_mul(self.lamports_per_byte) as f64 * f64::from_le_bytes(threshold)) as u64,
        }
    }

    /// Account data: rate, exemption threshold, burn percentage.
    pub fn to_bytes(&self) -> [u8; Self::SIZE_BYTES] {
        let mut bytes = [0; Self::SIZE_BYTES];
        bytes[..8].copy_from_slice(&self.lamports_per_byte.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.exemption_threshold);
        bytes[16] = self.burn_percent;
        bytes
    }

    /// Reads account data.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::SIZE_BYTES] = bytes.first_chunk()?;
        Some(Self {
            lamports_per_byte: word(bytes, 0)?,
            exemption_threshold: word(bytes, 8)?.to_le_bytes(),
            burn_percent: bytes[16],
        })
    }

    /// What the syscall writes: the account data padded to the alignment of `repr(C)`.
    pub fn to_c_bytes(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..Self::SIZE_BYTES].copy_from_slice(&self.to_bytes());
        bytes
    }
}

/// How slots group into epochs, as crate `solana-epoch-schedule` 3 has it: epochs of one length, after a warm-up of
/// epochs that double from 32 slots on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochSchedule {
    /// Slots of an epoch.
    pub slots_per_epoch: u64,
    /// How many slots ahead of an epoch its leaders are known.
    pub leader_schedule_slot_offset: u64,
    /// Whether the first epochs are short.
    pub warmup: bool,
    /// The first epoch of full length.
    pub first_normal_epoch: u64,
    /// The first slot of that epoch.
    pub first_normal_slot: u64,
}

impl Default for EpochSchedule {
    /// Mainnet's: no warm-up, epochs of 432,000 slots.
    fn default() -> Self {
        Self {
            slots_per_epoch: 432_000,
            leader_schedule_slot_offset: 432_000,
            warmup: false,
            first_normal_epoch: 0,
            first_normal_slot: 0,
        }
    }
}

impl EpochSchedule {
    /// Size of the account data in bytes.
    pub const SIZE_BYTES: usize = 33;
    /// Slots of the first epoch of a warm-up.
    const SLOTS_PER_EPOCH_MIN: u64 = 32;

    /// A schedule that warms up to epochs of `slots_per_epoch`.
    pub fn with_warmup(slots_per_epoch: u64) -> Self {
        let full = slots_per_epoch.max(Self::SLOTS_PER_EPOCH_MIN).next_power_of_two();
        Self {
            slots_per_epoch,
            leader_schedule_slot_offset: slots_per_epoch,
            warmup: true,
            first_normal_epoch: u64::from(full.trailing_zeros() - Self::SLOTS_PER_EPOCH_MIN.trailing_zeros()),
            first_normal_slot: full - Self::SLOTS_PER_EPOCH_MIN,
        }
    }

    /// The epoch of `slot`.
    pub fn epoch(&self, slot: u64) -> u64 {
        if slot < self.first_normal_slot {
            // Epoch e of a warm-up has 32·2^e slots and begins at slot 32·(2^e − 1).
            return u64::from((slot / Self::SLOTS_PER_EPOCH_MIN + 1).ilog2());
        }
        let epochs = (slot - self.first_normal_slot).checked_div(self.slots_per_epoch).unwrap_or(0);
        self.first_normal_epoch.saturating_add(epochs)
    }

    /// The newest epoch whose leaders are known at `slot`, as crate `solana-epoch-schedule` 3 reckons it: during the
    /// warm-up the next one.
    pub fn leader_schedule_epoch(&self, slot: u64) -> u64 {
        if slot < self.first_normal_slot {
            return self.epoch(slot).saturating_add(1);
        }
        let ahead = (slot - self.first_normal_slot).saturating_add(self.leader_schedule_slot_offset);
        self.first_normal_epoch.saturating_add(ahead.checked_div(self.slots_per_epoch).unwrap_or(0))
    }

    /// Account data.
    pub fn to_bytes(&self) -> [u8; Self::SIZE_BYTES] {
        let mut bytes = [0; Self::SIZE_BYTES];
        bytes[..8].copy_from_slice(&self.slots_per_epoch.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.leader_schedule_slot_offset.to_le_bytes());
        bytes[16] = self.warmup.into();
        bytes[17..25].copy_from_slice(&self.first_normal_epoch.to_le_bytes());
        bytes[25..].copy_from_slice(&self.first_normal_slot.to_le_bytes());
        bytes
    }

    /// Reads account data.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::SIZE_BYTES] = bytes.first_chunk()?;
        Some(Self {
            slots_per_epoch: word(bytes, 0)?,
            leader_schedule_slot_offset: word(bytes, 8)?,
            warmup: match bytes[16] {
                0 => false,
                1 => true,
                _ => return None,
            },
            first_normal_epoch: word(bytes, 17)?,
            first_normal_slot: word(bytes, 25)?,
        })
    }

    /// What the syscall writes (`repr(C)`): the flag takes a word.
    pub fn to_c_bytes(&self) -> [u8; 40] {
        let mut bytes = [0; 40];
        let data = self.to_bytes();
        bytes[..17].copy_from_slice(&data[..17]);
        bytes[24..].copy_from_slice(&data[17..]);
        bytes
    }
}

/// The little-endian `u64` at `offset`.
fn word(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
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

    /// A cache that holds nothing: programs find no sysvar, the runtime the defaults. For environments whose sysvars are
    /// all given, with [`Self::set_account_data`].
    pub fn empty() -> Self {
        Self {
            clock: Clock::default(),
            rent: Rent::default(),
            epoch_schedule: EpochSchedule::default(),
            entries: Vec::new(),
        }
    }

    /// Sets the account data of one sysvar; lists are padded with zeros to the size their accounts always have.
    pub fn set(&mut self, id: Pubkey, data: &[u8]) {
        let mut padded = data.to_vec();
        padded.resize(data.len().max(list_account_size(&id)), 0);
        self.set_account_data(id, &padded);
    }

    /// Sets the account data of one sysvar as it is, and what is decoded from it; data too short to be decoded leaves
    /// that as it was.
    pub fn set_account_data(&mut self, id: Pubkey, data: &[u8]) {
        let data: Arc<[u8]> = data.into();
        self.decode(&id, &data);
        match self.entries.iter_mut().find(|(key, _)| *key == id) {
            Some((_, entry)) => *entry = data,
            None => self.entries.push((id, data)),
        }
    }

    /// Keeps the decoded forms equal to the data.
    fn decode(&mut self, id: &Pubkey, data: &[u8]) {
        match *id {
            sysvar::clock::ID => self.clock = Clock::from_bytes(data).unwrap_or(self.clock),
            sysvar::rent::ID => self.rent = Rent::from_bytes(data).unwrap_or(self.rent),
            sysvar::epoch_schedule::ID => {
                self.epoch_schedule = EpochSchedule::from_bytes(data).unwrap_or(self.epoch_schedule);
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rent_honours_its_threshold() {
        let today = Rent::default();
        assert_eq!(today.minimum_balance(0), 128 * 5080);
        let yearly = Rent { lamports_per_byte: 3480, exemption_threshold: 2.0f64.to_le_bytes(), burn_percent: 50 };
        assert_eq!(yearly.minimum_balance(165), 2_039_280);
        let odd = Rent { exemption_threshold: 1.5f64.to_le_bytes(), ..yearly };
        assert_eq!(odd.minimum_balance(72), 1_044_000);
        let dear = Rent { lamports_per_byte: u64::MAX, ..yearly };
        assert_eq!(dear.minimum_balance(0), u64::MAX);
    }

    #[test]
    fn account_data_round_trips() {
        let rent = Rent { lamports_per_byte: 3480, exemption_threshold: 2.0f64.to_le_bytes(), burn_percent: 7 };
        assert_eq!(Rent::from_bytes(&rent.to_bytes()), Some(rent));
        assert_eq!(Rent::from_bytes(&rent.to_bytes()[..16]), None);
        let schedule = EpochSchedule::with_warmup(8192);
        assert_eq!(EpochSchedule::from_bytes(&schedule.to_bytes()), Some(schedule));
        let mut odd_flag = schedule.to_bytes();
        odd_flag[16] = 2;
        assert_eq!(EpochSchedule::from_bytes(&odd_flag), None);
        assert_eq!(schedule.to_c_bytes()[24..32], schedule.first_normal_epoch.to_le_bytes());
    }

    /// Figures: crate `solana-epoch-schedule` 3.
    #[test]
    fn warm_up_doubles_epochs() {
        let schedule = EpochSchedule::with_warmup(432_000);
        assert_eq!((schedule.first_normal_epoch, schedule.first_normal_slot), (14, 524_256));
        let epochs = [0, 31, 32, 95, 96, 524_255, 524_256, 524_256 + 432_000].map(|slot| schedule.epoch(slot));
        assert_eq!(epochs, [0, 0, 1, 1, 2, 13, 14, 15]);
        assert_eq!(EpochSchedule::default().epoch(431_999), 0);
        let none = EpochSchedule { slots_per_epoch: 0, ..EpochSchedule::default() };
        assert_eq!((none.epoch(9), none.leader_schedule_epoch(9)), (0, 0));
    }

    #[test]
    fn leaders_are_known_ahead() {
        let mainnet = EpochSchedule::default();
        assert_eq!([0, 431_999, 432_000].map(|slot| mainnet.leader_schedule_epoch(slot)), [1, 1, 2]);
        let warm = EpochSchedule::with_warmup(8192);
        assert_eq!([0, 31, 32, 8159, 8160].map(|slot| warm.leader_schedule_epoch(slot)), [1, 1, 2, 8, 9]);
        let late = EpochSchedule { slots_per_epoch: 100, leader_schedule_slot_offset: 30, ..mainnet };
        assert_eq!([69, 70, 169, 170].map(|slot| late.leader_schedule_epoch(slot)), [0, 1, 1, 2]);
    }

    #[test]
    fn decoded_forms_follow_account_data() {
        let mut cache = SysvarCache::empty();
        assert!(cache.entries().is_empty() && cache.data(&sysvar::clock::ID).is_none());
        let clock = Clock { slot: 9, ..Clock::default() };
        cache.set_account_data(sysvar::clock::ID, &clock.to_bytes());
        cache.set_account_data(sysvar::clock::ID, &[1, 2, 3]);
        assert_eq!((cache.clock, cache.data(&sysvar::clock::ID)), (clock, Some(&[1, 2, 3][..])));
        cache.set_account_data(sysvar::slot_hashes::ID, &[0; 8]);
        assert_eq!(cache.data(&sysvar::slot_hashes::ID).map(<[u8]>::len), Some(8));
        cache.set(sysvar::slot_hashes::ID, &[0; 8]);
        assert_eq!(cache.data(&sysvar::slot_hashes::ID).map(<[u8]>::len), Some(8 + 512 * 40));
    }
}
