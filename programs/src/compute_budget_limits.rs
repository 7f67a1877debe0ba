//! What a transaction may spend: its compute-budget instructions (legacy, v0) or its configuration (v1) as limits.
//!
//! Pure, and decided before execution: a transaction whose budget instructions are malformed is not in any block. Rules:
//! crate `solana-compute-budget-instruction` 4.2.2 and, for v1, `solana-runtime-transaction` 4.2.2.

use heddle_types::{InstructionError, Pubkey, TransactionConfig, TransactionError};
use heddle_vm::{ComputeBudget, costs};
use solana_sdk_ids::{
    bpf_loader, bpf_loader_deprecated, bpf_loader_upgradeable, compute_budget, ed25519_program, loader_v4,
    secp256k1_program, system_program,
};

/// Largest, and default, limit for the data of all accounts a transaction loads: 64 MiB.
pub const LOADED_DATA_BYTES_MAX: u32 = 64 * 1024 * 1024;
/// Heaps come in multiples of this.
const HEAP_SIZE_BYTES_STEP: u32 = 1024;
const MICRO_LAMPORTS_PER_LAMPORT: u128 = 1_000_000;

/// Programs whose instructions add [`costs::BUILTIN_INSTRUCTION_COMPUTE_UNITS_DEFAULT`] to the default limit. The list is
/// consensus and differs from the builtins there are: loader v4 is on it; vote (SIMD-0387), secp256r1 and
/// zk-elgamal-proof are not.
const CHEAP_BY_DEFAULT: [Pubkey; 7] = [
    system_program::ID,
    bpf_loader_upgradeable::ID,
    bpf_loader_deprecated::ID,
    bpf_loader::ID,
    loader_v4::ID,
    secp256k1_program::ID,
    ed25519_program::ID,
];

/// Limits of one transaction, and what it bids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputeBudgetLimits {
    /// Compute units that its instructions may consume together.
    pub compute_unit_limit: u32,
    /// Heap of each sBPF frame in bytes.
    pub heap_size_bytes: u32,
    /// Most account data that it may load, in bytes.
    pub loaded_data_bytes_max: u32,
    /// Bid per compute unit. For v1, which states its fee in lamports, what that comes to.
    pub compute_unit_price_micro_lamports: u64,
    /// Priority fee in lamports: ceil(price × limit / 10^6), or what v1 states.
    pub priority_fee_lamports: u64,
}

impl ComputeBudgetLimits {
    /// The part that execution needs.
    pub fn budget(&self) -> ComputeBudget {
        ComputeBudget { compute_unit_limit: self.compute_unit_limit, heap_size_bytes: self.heap_size_bytes }
    }
}

/// Limits of a legacy or v0 transaction from its top-level instructions: (program, instruction data) in order.
///
/// # Errors
/// `DuplicateInstruction(index)` for the second request of a kind; `InstructionError(index, InvalidInstructionData)` for
/// a malformed request or heap size; `InvalidLoadedAccountsDataSizeLimit` if that limit is set to zero.
pub fn compute_budget_limits<'a>(
    instructions: impl Iterator<Item = (&'a Pubkey, &'a [u8])>,
) -> Result<ComputeBudgetLimits, TransactionError> {
    let mut requests = Requests::default();
    let mut default_units = 0u32;
    for (index, (program, data)) in instructions.enumerate() {
        let units = if *program == compute_budget::ID {
            requests.read(index as u8, data)?;
            costs::BUILTIN_INSTRUCTION_COMPUTE_UNITS_DEFAULT
        } else if CHEAP_BY_DEFAULT.contains(program) {
            costs::BUILTIN_INSTRUCTION_COMPUTE_UNITS_DEFAULT
        } else {
            costs::INSTRUCTION_COMPUTE_UNITS_DEFAULT
        };
        default_units = default_units.saturating_add(units);
    }
    requests.into_limits(default_units)
}

/// Limits of a v1 transaction: what its configuration leaves unset is zero, but for the heap.
///
/// # Errors
/// `SanitizeFailure` for an invalid heap size (the wire parser refuses it too).
pub fn compute_budget_limits_v1(config: &TransactionConfig) -> Result<ComputeBudgetLimits, TransactionError> {
    let heap_size_bytes = config.heap_size.unwrap_or(costs::HEAP_SIZE_BYTES_MIN);
    if !is_valid_heap_size(heap_size_bytes) {
        return Err(TransactionError::SanitizeFailure);
    }
    let compute_unit_limit = config.compute_unit_limit.unwrap_or(0).min(costs::COMPUTE_UNIT_LIMIT_MAX);
    let priority_fee_lamports = config.priority_fee_lamports.unwrap_or(0);
    Ok(ComputeBudgetLimits {
        compute_unit_limit,
        heap_size_bytes,
        loaded_data_bytes_max: config.loaded_accounts_data_size_limit.unwrap_or(0).min(LOADED_DATA_BYTES_MAX),
        compute_unit_price_micro_lamports: effective_price(priority_fee_lamports, compute_unit_limit),
        priority_fee_lamports,
    })
}

/// What compute-budget instructions asked for so far.
#[derive(Default)]
struct Requests {
    /// With the instruction that an invalid size is blamed on.
    heap_size_bytes: Option<(u8, u32)>,
    compute_unit_limit: Option<u32>,
    compute_unit_price: Option<u64>,
    loaded_data_bytes_max: Option<u32>,
}

impl Requests {
    /// Reads one compute-budget instruction. Borsh: tag u8, then the value; bytes after it are ignored.
    fn read(&mut self, index: u8, data: &[u8]) -> Result<(), TransactionError> {
        let malformed = TransactionError::InstructionError(index, InstructionError::InvalidInstructionData);
        let word = || data.get(1..5).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        let long = || data.get(1..9).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
        let is_first = match data.first() {
            Some(1) => self.heap_size_bytes.replace((index, word().ok_or(malformed)?)).is_none(),
            Some(2) => self.compute_unit_limit.replace(word().ok_or(malformed)?).is_none(),
            Some(3) => self.compute_unit_price.replace(long().ok_or(malformed)?).is_none(),
            Some(4) => self.loaded_data_bytes_max.replace(word().ok_or(malformed)?).is_none(),
            _ => return Err(malformed),
        };
        if is_first { Ok(()) } else { Err(TransactionError::DuplicateInstruction(index)) }
    }

    fn into_limits(self, default_units: u32) -> Result<ComputeBudgetLimits, TransactionError> {
        let heap_size_bytes = match self.heap_size_bytes {
            None => costs::HEAP_SIZE_BYTES_MIN,
            Some((_, size)) if is_valid_heap_size(size) => size,
            Some((index, _)) => {
                return Err(TransactionError::InstructionError(index, InstructionError::InvalidInstructionData));
            }
        };
        let compute_unit_limit = self.compute_unit_limit.unwrap_or(default_units).min(costs::COMPUTE_UNIT_LIMIT_MAX);
        let loaded_data_bytes_max = self.loaded_data_bytes_max.unwrap_or(LOADED_DATA_BYTES_MAX);
        if loaded_data_bytes_max == 0 {
            return Err(TransactionError::InvalidLoadedAccountsDataSizeLimit);
        }
        let price = self.compute_unit_price.unwrap_or(0);
        Ok(ComputeBudgetLimits {
            compute_unit_limit,
            heap_size_bytes,
            loaded_data_bytes_max: loaded_data_bytes_max.min(LOADED_DATA_BYTES_MAX),
            compute_unit_price_micro_lamports: price,
            priority_fee_lamports: priority_fee(price, compute_unit_limit),
        })
    }
}

fn is_valid_heap_size(size_bytes: u32) -> bool {
    (costs::HEAP_SIZE_BYTES_MIN..=costs::HEAP_SIZE_BYTES_MAX).contains(&size_bytes)
        && size_bytes.is_multiple_of(HEAP_SIZE_BYTES_STEP)
}

/// Rounded up, at most `u64::MAX`.
fn priority_fee(price_micro_lamports: u64, compute_unit_limit: u32) -> u64 {
    let micro_lamports = u128::from(price_micro_lamports) * u128::from(compute_unit_limit);
    micro_lamports.div_ceil(MICRO_LAMPORTS_PER_LAMPORT).try_into().unwrap_or(u64::MAX)
}

/// Rounded down; zero where it cannot be said.
fn effective_price(fee_lamports: u64, compute_unit_limit: u32) -> u64 {
    let micro_lamports = u128::from(fee_lamports) * MICRO_LAMPORTS_PER_LAMPORT;
    micro_lamports.checked_div(compute_unit_limit.into()).and_then(|price| price.try_into().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use solana_sdk_ids::{secp256r1_program, vote, zk_elgamal_proof_program};

    use super::*;

    const TOKEN: Pubkey = Pubkey::new_from_array([9; 32]);

    fn request(tag: u8, value: &[u8]) -> Vec<u8> {
        [&[tag], value].concat()
    }

    fn heap(size_bytes: u32) -> Vec<u8> {
        request(1, &size_bytes.to_le_bytes())
    }

    fn limit(units: u32) -> Vec<u8> {
        request(2, &units.to_le_bytes())
    }

    fn price(micro_lamports: u64) -> Vec<u8> {
        request(3, &micro_lamports.to_le_bytes())
    }

    fn loaded(size_bytes: u32) -> Vec<u8> {
        request(4, &size_bytes.to_le_bytes())
    }

    /// Limits of a transaction with one token instruction and these budget instructions after it.
    fn limits_of(requests: &[Vec<u8>]) -> Result<ComputeBudgetLimits, TransactionError> {
        let token = [(&TOKEN, &[][..])];
        compute_budget_limits(token.into_iter().chain(requests.iter().map(|data| (&compute_budget::ID, &data[..]))))
    }

    fn malformed(index: u8) -> TransactionError {
        TransactionError::InstructionError(index, InstructionError::InvalidInstructionData)
    }

    #[test]
    fn defaults_by_program() {
        let cheap = costs::BUILTIN_INSTRUCTION_COMPUTE_UNITS_DEFAULT;
        let dear = costs::INSTRUCTION_COMPUTE_UNITS_DEFAULT;
        let expected = [
            (system_program::ID, cheap),
            (ed25519_program::ID, cheap),
            (secp256k1_program::ID, cheap),
            (loader_v4::ID, cheap),
            (bpf_loader::ID, cheap),
            (bpf_loader_deprecated::ID, cheap),
            (bpf_loader_upgradeable::ID, cheap),
            (secp256r1_program::ID, dear),
            (vote::ID, dear),
            (zk_elgamal_proof_program::ID, dear),
            (TOKEN, dear),
        ];
        for (program, units) in expected {
            let limits = compute_budget_limits([(&program, &[][..])].into_iter()).unwrap();
            assert_eq!(limits.compute_unit_limit, units, "{program}");
        }
        let all = compute_budget_limits(expected.iter().map(|(program, _)| (program, &[][..]))).unwrap();
        assert_eq!(all.compute_unit_limit, 7 * cheap + 4 * dear);
        let none = compute_budget_limits(std::iter::empty()).unwrap();
        assert_eq!((none.compute_unit_limit, none.heap_size_bytes), (0, 32 * 1024));
        assert_eq!((none.loaded_data_bytes_max, none.priority_fee_lamports), (LOADED_DATA_BYTES_MAX, 0));
    }

    #[test]
    fn default_is_capped_and_counts_budget_instructions() {
        let many = [(&TOKEN, &[][..]); 8];
        assert_eq!(compute_budget_limits(many.into_iter()).unwrap().compute_unit_limit, 1_400_000);
        assert_eq!(limits_of(&[price(0)]).unwrap().compute_unit_limit, 203_000);
    }

    #[test]
    fn requests_are_honoured_and_capped() {
        let limits =
            limits_of(&[heap(64 * 1024), limit(300_000), price(7), loaded(1)]).expect("one request of each kind");
        let expected = ComputeBudgetLimits {
            compute_unit_limit: 300_000,
            heap_size_bytes: 64 * 1024,
            loaded_data_bytes_max: 1,
            compute_unit_price_micro_lamports: 7,
            priority_fee_lamports: 3,
        };
        assert_eq!(limits, expected);
        let capped = limits_of(&[limit(u32::MAX), loaded(u32::MAX), price(u64::MAX)]).unwrap();
        assert_eq!(capped.compute_unit_limit, 1_400_000);
        assert_eq!(capped.loaded_data_bytes_max, LOADED_DATA_BYTES_MAX);
        assert_eq!(capped.priority_fee_lamports, u64::MAX);
        assert_eq!(limits_of(&[limit(0)]).unwrap().compute_unit_limit, 0);
    }

    #[test]
    fn refuses() {
        for kind in [heap(32 * 1024), limit(1), price(1), loaded(1)] {
            let mut with_tail = kind.clone();
            with_tail.push(0);
            assert!(limits_of(&[with_tail]).is_ok(), "bytes after the value are ignored");
            let short = kind[..kind.len() - 1].to_vec();
            assert_eq!(limits_of(&[short]), Err(malformed(1)));
            let twice = [kind.clone(), limit(1), kind];
            let index = if twice[0][0] == 2 { 2 } else { 3 };
            assert_eq!(limits_of(&twice), Err(TransactionError::DuplicateInstruction(index)));
        }
        for data in [vec![], vec![0; 9], vec![5; 9]] {
            assert_eq!(limits_of(&[data]), Err(malformed(1)));
        }
        for size in [0, 32 * 1024 - 1024, 32 * 1024 + 1, 256 * 1024 + 1024] {
            assert_eq!(limits_of(&[price(1), heap(size)]), Err(malformed(2)), "{size}");
        }
        assert_eq!(limits_of(&[loaded(0)]), Err(TransactionError::InvalidLoadedAccountsDataSizeLimit));
        assert_eq!(limits_of(&[loaded(0), heap(0)]), Err(malformed(2)), "the heap is looked at first");
    }

    #[test]
    fn priority_fee_rounds_up() {
        let cases = [(999_999, 1, 1), (1_000_000, 1, 1), (1_000_001, 1, 2), (200, 100_000, 20), (0, 1_400_000, 0)];
        for (micro_lamports, units, fee) in cases {
            assert_eq!(priority_fee(micro_lamports, units), fee);
        }
    }

    #[test]
    fn v1_unset_is_zero() {
        let unset = compute_budget_limits_v1(&TransactionConfig::default()).unwrap();
        let expected = ComputeBudgetLimits {
            compute_unit_limit: 0,
            heap_size_bytes: 32 * 1024,
            loaded_data_bytes_max: 0,
            compute_unit_price_micro_lamports: 0,
            priority_fee_lamports: 0,
        };
        assert_eq!(unset, expected);
        let config = TransactionConfig {
            priority_fee_lamports: Some(3),
            compute_unit_limit: Some(2_000_000),
            loaded_accounts_data_size_limit: Some(u32::MAX),
            heap_size: Some(33 * 1024),
        };
        let expected = ComputeBudgetLimits {
            compute_unit_limit: 1_400_000,
            heap_size_bytes: 33 * 1024,
            loaded_data_bytes_max: LOADED_DATA_BYTES_MAX,
            compute_unit_price_micro_lamports: 2,
            priority_fee_lamports: 3,
        };
        assert_eq!(compute_budget_limits_v1(&config), Ok(expected));
        let bad = TransactionConfig { heap_size: Some(1), ..config };
        assert_eq!(compute_budget_limits_v1(&bad), Err(TransactionError::SanitizeFailure));
    }
}
