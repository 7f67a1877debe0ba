//! What a transaction that is in a block costs the block: Agave's cost model, with what the execution really used.
//!
//! Figures and rules: crate `solana-cost-model` 4.2 (`block_cost_limits`, `cost_model`). What the bytes alone decide is
//! found once, when the transaction enters (see [`crate::static_facts`]); workers only add what the execution used.

use heddle_programs::ComputeBudgetLimits;
use heddle_types::{Gates, InstructionView, Pubkey, Receipt, SanitizedTransaction, ids, limits};

use crate::VerifiedTransaction;

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
    pub fn of(transaction: &VerifiedTransaction, receipt: &Receipt, gates: &Gates) -> Self {
        let fixed = &transaction.facts().cost;
        let pages = u64::from(receipt.loaded_data_bytes).div_ceil(LOADED_PAGE_BYTES);
        Self {
            compute_units: fixed.compute_units + receipt.compute_units + pages * LOADED_PAGE,
            allocated_bytes: fixed.allocated_bytes[usize::from(gates.create_account_allow_prefund)],
        }
    }

    /// The most that `transaction` can cost, given what it requests: what a packer sets aside for it.
    pub(crate) fn requested(transaction: &VerifiedTransaction, requested: &ComputeBudgetLimits, gates: &Gates) -> Self {
        let fixed = &transaction.facts().cost;
        let pages = u64::from(requested.loaded_data_bytes_max).div_ceil(LOADED_PAGE_BYTES);
        Self {
            compute_units: fixed.compute_units + u64::from(requested.compute_unit_limit) + pages * LOADED_PAGE,
            allocated_bytes: fixed.allocated_bytes[usize::from(gates.create_account_allow_prefund)],
        }
    }

    /// Adds another cost.
    pub(crate) fn add(&mut self, other: Self) {
        self.compute_units = self.compute_units.saturating_add(other.compute_units);
        self.allocated_bytes = self.allocated_bytes.saturating_add(other.allocated_bytes);
    }
}

/// The part of a cost that the transaction's bytes alone decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StaticCost {
    compute_units: u64,
    /// Without and with the gate `create_account_allow_prefund`.
    allocated_bytes: [u64; 2],
    /// Signatures that precompile instructions announce: each is charged like one of the transaction's own.
    pub(crate) precompile_signatures: u64,
}

impl StaticCost {
    /// `write_locks`: accounts that the transaction declares writable.
    pub(crate) fn of(
        transaction: &SanitizedTransaction,
        instructions: &[InstructionView<'_>],
        write_locks: u64,
    ) -> Self {
        let mut cost = Self {
            compute_units: transaction.signatures().len() as u64 * SIGNATURE + write_locks * WRITE_LOCK,
            ..Self::default()
        };
        let keys = transaction.static_keys();
        let (mut data_bytes, mut allocations) = (0, [Some(0u64); 2]);
        for instruction in instructions {
            data_bytes += instruction.data.len() as u64;
            let program = &keys[usize::from(instruction.program_index)];
            if *program == ids::system_program::ID {
                for (allocation, is_prefund_allowed) in allocations.iter_mut().zip([false, true]) {
                    let more = heddle_programs::allocated_bytes(instruction.data, is_prefund_allowed);
                    *allocation = allocation.and_then(|sum| Some(sum.saturating_add(more?)));
                }
            } else if let Some(signature) = precompile_signature(program) {
                // The first byte of its data is the number of its signatures.
                let count = instruction.data.first().copied().map_or(0, u64::from);
                cost.compute_units += count * signature;
                cost.precompile_signatures += count;
            }
        }
        cost.compute_units += data_bytes / INSTRUCTION_DATA_BYTES_PER_UNIT;
        // A transaction that must fail allocates nothing.
        let max = limits::TRANSACTION_DATA_GROWTH_BYTES_MAX as u64;
        cost.allocated_bytes = allocations.map(|allocation| allocation.unwrap_or(0).min(max));
        cost
    }
}

/// Cost of each signature that the precompile at `program` checks.
fn precompile_signature(program: &Pubkey) -> Option<u64> {
    match *program {
        ids::ed25519_program::ID => Some(ED25519_SIGNATURE),
        ids::secp256k1_program::ID => Some(SECP256K1_SIGNATURE),
        ids::secp256r1_program::ID => Some(SECP256R1_SIGNATURE),
        _ => None,
    }
}
