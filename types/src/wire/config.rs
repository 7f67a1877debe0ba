//! The resource limits that a v1 message carries itself (SIMD-0385).

use super::{
    cursor::Cursor,
    error::{self, WireError, WireErrorReason, WireField},
};

/// What a v1 transaction asks for. `None`: not given, which v1 reads as zero, or as the smallest heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionConfig {
    /// Priority fee in lamports: absolute, not per compute unit.
    pub priority_fee_lamports: Option<u64>,
    /// Compute unit limit.
    pub compute_unit_limit: Option<u32>,
    /// Limit for the data of all loaded accounts, in bytes.
    pub loaded_accounts_data_size_limit: Option<u32>,
    /// Heap size in bytes: a multiple of 1024 from 32 to 256 KiB.
    pub heap_size: Option<u32>,
}

/// Two bits, as each stands for four bytes.
const PRIORITY_FEE: u32 = 0b11;
const COMPUTE_UNIT_LIMIT: u32 = 1 << 2;
const LOADED_ACCOUNTS_DATA_SIZE_LIMIT: u32 = 1 << 3;
const HEAP_SIZE: u32 = 1 << 4;
const KNOWN: u32 = PRIORITY_FEE | COMPUTE_UNIT_LIMIT | LOADED_ACCOUNTS_DATA_SIZE_LIMIT | HEAP_SIZE;

/// Smallest heap of a program.
const HEAP_SIZE_BYTES_MIN: u32 = 32 * 1024;
/// Largest heap of a program.
const HEAP_SIZE_BYTES_MAX: u32 = 256 * 1024;
const HEAP_SIZE_STEP_BYTES: u32 = 1024;

/// Where the config values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConfigLayout {
    /// All its bits are known.
    mask: u8,
    offset: u16,
}

/// Refuses masks whose values nobody could read: unknown bits, half of a priority fee.
pub(super) fn check_mask(mask: u32, offset: usize) -> Result<(), WireError> {
    let reason = if mask & !KNOWN != 0 {
        WireErrorReason::UnknownConfigBits { mask }
    } else if mask & PRIORITY_FEE != 0 && mask & PRIORITY_FEE != PRIORITY_FEE {
        WireErrorReason::HalfPriorityFee { mask }
    } else {
        return Ok(());
    };
    Err(error::refuse(WireField::ConfigMask, offset, reason))
}

/// Reads the values that a checked `mask` announces.
pub(super) fn scan(cursor: &mut Cursor<'_>, mask: u32) -> Result<ConfigLayout, WireError> {
    let offset = cursor.offset();
    let values = cursor.take(mask.count_ones() as usize * size_of::<u32>(), WireField::ConfigValues)?;
    if let Some(size) = read_values(values, mask).heap_size {
        check_heap_size(size, offset + values.len() - size_of::<u32>())?;
    }
    Ok(ConfigLayout { mask: mask as u8, offset: offset as u16 })
}

fn check_heap_size(size: u32, offset: usize) -> Result<(), WireError> {
    if (HEAP_SIZE_BYTES_MIN..=HEAP_SIZE_BYTES_MAX).contains(&size) && size.is_multiple_of(HEAP_SIZE_STEP_BYTES) {
        return Ok(());
    }
    let reason = WireErrorReason::InvalidHeapSize { size, min: HEAP_SIZE_BYTES_MIN, max: HEAP_SIZE_BYTES_MAX };
    Err(error::refuse(WireField::HeapSize, offset, reason))
}

impl ConfigLayout {
    /// The values in `bytes`, the transaction this was read from.
    pub(super) fn read(self, bytes: &[u8]) -> TransactionConfig {
        let values = bytes.get(usize::from(self.offset)..).unwrap_or_default();
        read_values(values, u32::from(self.mask))
    }
}

/// The values come in the order of their bits, little-endian.
fn read_values(values: &[u8], mask: u32) -> TransactionConfig {
    let mut words = values.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
    let mut word_if = |bit: u32| if mask & bit == 0 { None } else { words.next() };
    let fee_low = word_if(PRIORITY_FEE);
    let fee_high = word_if(PRIORITY_FEE);
    TransactionConfig {
        priority_fee_lamports: fee_low.zip(fee_high).map(|(low, high)| u64::from(high) << 32 | u64::from(low)),
        compute_unit_limit: word_if(COMPUTE_UNIT_LIMIT),
        loaded_accounts_data_size_limit: word_if(LOADED_ACCOUNTS_DATA_SIZE_LIMIT),
        heap_size: word_if(HEAP_SIZE),
    }
}
