//! What a transaction that is in a block costs the block: Agave's cost model, with what the execution really used.
//!
//! Figures and rules: crate `solana-cost-model` 4.2 (`block_cost_limits`, `cost_model`).

use heddle_types::{Gates, Pubkey, Receipt, SanitizedTransaction, ids, limits};

const SIGNATURE: u64 = 720;
const SECP256K1_SIGNATURE: u64 = 6_690;
const ED25519_SIGNATURE: u64 = 2_400;
const SECP256R1_SIGNATURE: u64 = 4_800;
/// Each account that the transaction declares writable.
const WRITE_LOCK: u64 = 300;
const INSTRUCTION_DATA_BYTES_PER_UNIT: u64 = 4;
const LOADED_PAGE_BYTES: u64 = 32 * 1024;
const LOADED_PAGE: u64 = 8;

/// Cost of one transaction, or of many together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Signatures, write locks, instruction data, execution and loaded data, in compute units.
    pub compute_units: u64,
    /// Account data that system instructions at top level ask for.
    pub allocated_bytes: u64,
}

impl Cost {
    /// Cost of `transaction`, which came out as `receipt`.
    pub fn of(transaction: &SanitizedTransaction, receipt: &Receipt, gates: &Gates) -> Self {
        let write_locks = (0..transaction.total_key_count()).filter(|&key| transaction.is_writable_declared(key));
        let mut compute_units = transaction.signatures().len() as u64 * SIGNATURE
            + write_locks.count() as u64 * WRITE_LOCK
            + receipt.compute_units
            + u64::from(receipt.loaded_data_bytes).div_ceil(LOADED_PAGE_BYTES) * LOADED_PAGE;
        let keys = transaction.static_keys();
        let (mut data_bytes, mut allocation) = (0, Some(0u64));
        for instruction in transaction.instructions() {
            data_bytes += instruction.data.len() as u64;
            let program = &keys[usize::from(instruction.program_index)];
            if *program == ids::system_program::ID {
                let more = heddle_programs::allocated_bytes(instruction.data, gates);
                allocation = allocation.and_then(|sum| Some(sum.saturating_add(more?)));
            } else {
                compute_units += precompile_cost(program, instruction.data);
            }
        }
        let allocated_bytes = allocation.unwrap_or(0).min(limits::TRANSACTION_DATA_GROWTH_BYTES_MAX as u64);
        Self { compute_units: compute_units + data_bytes / INSTRUCTION_DATA_BYTES_PER_UNIT, allocated_bytes }
    }

    /// Adds another cost.
    pub(crate) fn add(&mut self, other: Self) {
        self.compute_units = self.compute_units.saturating_add(other.compute_units);
        self.allocated_bytes = self.allocated_bytes.saturating_add(other.allocated_bytes);
    }
}

/// The first byte of a precompile's data is the number of its signatures.
fn precompile_cost(program: &Pubkey, data: &[u8]) -> u64 {
    let signature = match *program {
        ids::ed25519_program::ID => ED25519_SIGNATURE,
        ids::secp256k1_program::ID => SECP256K1_SIGNATURE,
        ids::secp256r1_program::ID => SECP256R1_SIGNATURE,
        _ => return 0,
    };
    data.first().map_or(0, |&count| u64::from(count) * signature)
}
