//! What defines a workload, and the bounds it must keep.
//!
//! The bounds carry two guarantees. Uniqueness: amounts cycle with a period longer than the transactions that can
//! live under one blockhash, so no two transactions are the same. Solvency: balances dwarf what a run of 100 million
//! transactions moves, because traffic is two-way on average and amounts are small.

use heddle_types::limits::{BLOCKHASH_AGE_BLOCKS_MAX, rent_exempt_minimum};
use thiserror::Error;

use crate::Workload;

/// Fewest accounts: a transfer has two ends.
pub const ACCOUNT_COUNT_MIN: u64 = 2;
/// Most accounts: 320 MB of public keys.
pub const ACCOUNT_COUNT_MAX: u64 = 10_000_000;
/// Most transactions in a block: about 25 MB of wire bytes, one second of signing.
pub const BLOCK_SIZE_MAX: u32 = 100_000;
/// Steepest skew; beyond it almost every draw is the same account.
pub const ZIPF_EXPONENT_MAX: f64 = 10.0;
/// Bound on all lamports of the accounts, and on all tokens, at genesis. Below 2^62, the amount of the transfers that
/// must fail: no account can ever hold that much. Far below `u64::MAX`, so no sum overflows.
pub const TOTAL_SUPPLY_MAX: u64 = 4_000_000_000_000_000_000;

/// Amounts run through `1..=AMOUNT_PERIOD` with the transaction's number: 0.017 SOL at most.
pub(crate) const AMOUNT_PERIOD: u64 = 1 << 24;
/// An amount from here on is more than anybody can own, so the transfer fails.
pub(crate) const UNAFFORDABLE_AMOUNT_MIN: u64 = 1 << 62;
/// What an account (and a token account) holds at genesis unless that exceeds [`TOTAL_SUPPLY_MAX`] in sum: fees of
/// 2 × 10¹¹ transactions.
const BALANCE_DEFAULT: u64 = 1_000_000_000_000_000;

const _: () = assert!(AMOUNT_PERIOD >= (BLOCKHASH_AGE_BLOCKS_MAX + 1) * BLOCK_SIZE_MAX as u64);
const _: () = assert!(TOTAL_SUPPLY_MAX < UNAFFORDABLE_AMOUNT_MIN);
const _: () = assert!(UNAFFORDABLE_AMOUNT_MIN.checked_add(AMOUNT_PERIOD).is_some());

/// Everything that determines a workload's bytes, but for the blockhashes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorkloadConfig {
    /// Determines every key and every choice.
    pub seed: u64,
    /// What the transactions do.
    pub workload: Workload,
    /// Accounts that take part, [`ACCOUNT_COUNT_MIN`] to [`ACCOUNT_COUNT_MAX`].
    pub accounts: u64,
    /// Transactions in each block but maybe the last, 1 to [`BLOCK_SIZE_MAX`].
    pub block_size: u32,
    /// Skew of the choice of accounts: the account of rank k is drawn with weight k^-S. 0 is uniform.
    pub zipf: f64,
    /// Genesis balance of each account; `None` takes a balance that outlasts 100 million transactions.
    pub lamports_per_account: Option<u64>,
}

impl Default for WorkloadConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            workload: Workload::Transfer,
            accounts: 100_000,
            block_size: 2_000,
            zipf: 0.0,
            lamports_per_account: None,
        }
    }
}

impl WorkloadConfig {
    /// The genesis balance of each account in lamports.
    pub fn genesis_lamports(&self) -> u64 {
        self.lamports_per_account.unwrap_or_else(|| self.genesis_tokens())
    }

    /// The genesis balance of each token account in base units.
    pub fn genesis_tokens(&self) -> u64 {
        BALANCE_DEFAULT.min(TOTAL_SUPPLY_MAX / self.accounts.max(1))
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// The first field that is out of bounds.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !(ACCOUNT_COUNT_MIN..=ACCOUNT_COUNT_MAX).contains(&self.accounts) {
            return Err(ConfigError::AccountCount { found: self.accounts });
        }
        if !(1..=BLOCK_SIZE_MAX).contains(&self.block_size) {
            return Err(ConfigError::BlockSize { found: self.block_size });
        }
        // Not `self.zipf > MAX`: that would let NaN through.
        if !(0.0..=ZIPF_EXPONENT_MAX).contains(&self.zipf) {
            return Err(ConfigError::Zipf { found: self.zipf });
        }
        let (min, max) = (rent_exempt_minimum(0), TOTAL_SUPPLY_MAX / self.accounts);
        let lamports = self.genesis_lamports();
        if !(min..=max).contains(&lamports) {
            return Err(ConfigError::Balance { found: lamports, min, max });
        }
        Ok(())
    }
}

/// A run of whole blocks (the last may be partial) of a workload. Block `k` holds transaction numbers from
/// `k × block_size` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRange {
    first_block: u64,
    transactions: u64,
    block_size: u32,
}

impl BlockRange {
    /// `transactions` transactions, from the start of block `first_block`.
    ///
    /// # Errors
    /// [`ConfigError::Range`] if the transaction numbers leave u64, [`ConfigError::BlockSize`] if the block size is
    /// out of bounds.
    pub fn new(config: &WorkloadConfig, first_block: u64, transactions: u64) -> Result<Self, ConfigError> {
        let block_size = config.block_size;
        if !(1..=BLOCK_SIZE_MAX).contains(&block_size) {
            return Err(ConfigError::BlockSize { found: block_size });
        }
        let end = first_block
            .checked_add(transactions.div_ceil(block_size.into()))
            .and_then(|end_block| end_block.checked_mul(block_size.into()));
        match end {
            Some(_) => Ok(Self { first_block, transactions, block_size }),
            None => Err(ConfigError::Range { first_block, transactions }),
        }
    }

    /// Transactions in each block but maybe the last.
    pub fn block_size(&self) -> u32 {
        self.block_size
    }

    /// Index of the first block.
    pub fn first_block(&self) -> u64 {
        self.first_block
    }

    /// Index after the last block's.
    pub fn end_block(&self) -> u64 {
        self.first_block + self.block_count()
    }

    /// Number of blocks.
    pub fn block_count(&self) -> u64 {
        self.transactions.div_ceil(self.block_size.into())
    }

    /// Number of transactions in all blocks.
    pub fn transactions(&self) -> u64 {
        self.transactions
    }

    /// Transactions in block `index`: zero outside the range.
    pub fn transactions_in(&self, index: u64) -> u32 {
        let Some(before) = index.checked_sub(self.first_block) else { return 0 };
        let left = self.transactions.saturating_sub(before.saturating_mul(self.block_size.into()));
        left.min(self.block_size.into()) as u32
    }
}

/// A configuration out of bounds.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
pub enum ConfigError {
    /// Too few or too many accounts.
    #[error("{found} accounts: must be {ACCOUNT_COUNT_MIN} to {ACCOUNT_COUNT_MAX}")]
    AccountCount {
        /// What was asked for.
        found: u64,
    },
    /// An empty or too large block.
    #[error("{found} transactions per block: must be 1 to {BLOCK_SIZE_MAX}")]
    BlockSize {
        /// What was asked for.
        found: u32,
    },
    /// A skew that is negative, too steep or no number.
    #[error("zipf exponent {found}: must be 0 to {ZIPF_EXPONENT_MAX}")]
    Zipf {
        /// What was asked for.
        found: f64,
    },
    /// A balance below rent exemption, or one whose sum over all accounts is too large.
    #[error("{found} lamports per account: must be {min} to {max}")]
    Balance {
        /// What was asked for.
        found: u64,
        /// Rent exemption of an account without data.
        min: u64,
        /// [`TOTAL_SUPPLY_MAX`] over the number of accounts.
        max: u64,
    },
    /// Transaction numbers beyond u64.
    #[error("{transactions} transactions from block {first_block} on: the transaction numbers leave 64 bits")]
    Range {
        /// First block asked for.
        first_block: u64,
        /// Transactions asked for.
        transactions: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut WorkloadConfig), expected: Result<(), &str>) {
        let mut config = WorkloadConfig::default();
        change(&mut config);
        assert_eq!(config.validate().map_err(|e| e.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn bounds_are_checked_and_named() {
        check(|_| {}, Ok(()));
        check(|c| c.accounts = 2, Ok(()));
        check(|c| c.accounts = ACCOUNT_COUNT_MAX, Ok(()));
        check(|c| c.accounts = 1, Err("1 accounts: must be 2 to 10000000"));
        check(|c| c.block_size = 0, Err("0 transactions per block: must be 1 to 100000"));
        check(|c| c.zipf = f64::NAN, Err("zipf exponent NaN: must be 0 to 10"));
        check(|c| c.zipf = -0.5, Err("zipf exponent -0.5: must be 0 to 10"));
        check(|c| c.lamports_per_account = Some(1), Err("1 lamports per account: must be 650240 to 40000000000000"));
        check(
            |c| c.lamports_per_account = Some(40_000_000_000_001),
            Err("40000000000001 lamports per account: must be 650240 to 40000000000000"),
        );
    }

    #[test]
    fn the_last_block_of_a_range_may_be_partial() {
        let config = WorkloadConfig { block_size: 10, ..Default::default() };
        let range = BlockRange::new(&config, 3, 25).unwrap();
        assert_eq!((range.block_count(), range.end_block()), (3, 6));
        assert_eq!([2, 3, 4, 5, 6].map(|k| range.transactions_in(k)), [0, 10, 10, 5, 0]);
        assert_eq!(BlockRange::new(&config, 3, 0).unwrap().block_count(), 0);
    }

    #[test]
    fn a_range_beyond_64_bits_is_refused() {
        let config = WorkloadConfig { block_size: 10, ..Default::default() };
        let error = Err(ConfigError::Range { first_block: u64::MAX, transactions: 1 });
        assert_eq!(BlockRange::new(&config, u64::MAX, 1), error);
        assert!(BlockRange::new(&config, u64::MAX / 10 - 1, 11).is_err());
        assert!(BlockRange::new(&config, u64::MAX / 10 - 1, 10).is_ok());
    }

    #[test]
    fn balances_outlast_a_hundred_million_fees_from_one_payer() {
        for accounts in [2, 1_000, 1_000_000, 4_000_000] {
            let config = WorkloadConfig { accounts, ..Default::default() };
            assert!(config.genesis_lamports() >= 2 * 100_000_000 * 5_000);
        }
    }
}
