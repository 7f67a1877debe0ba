//! Protocol limits: Solana mainnet as of 2026-10-15. Each is a named constant with its source.

/// Largest legacy or v0 transaction on the wire (`PACKET_DATA_SIZE`: IPv6 MTU less headers).
pub const TRANSACTION_SIZE_BYTES_MAX: usize = 1232;
/// Largest v1 transaction on the wire (SIMD-0385).
pub const TRANSACTION_V1_SIZE_BYTES_MAX: usize = 4096;
/// Account keys that a legacy or v0 transaction can index (u8).
pub const TRANSACTION_ACCOUNT_COUNT_MAX: usize = 256;
/// Account keys in a v1 transaction (SIMD-0385).
pub const TRANSACTION_V1_ACCOUNT_COUNT_MAX: usize = 64;
/// Signatures of a v1 transaction (SIMD-0385).
pub const TRANSACTION_V1_SIGNATURE_COUNT_MAX: usize = 12;
/// Top-level instructions of a transaction (SIMD-0160).
pub const INSTRUCTION_COUNT_MAX: usize = 64;
/// Accounts of one instruction (SIMD-0406).
pub const INSTRUCTION_ACCOUNT_COUNT_MAX: usize = 255;
/// Locks of one transaction.
pub const ACCOUNT_LOCK_COUNT_MAX: usize = 64;
/// Locks of one transaction once gate `increase_tx_account_lock_limit` is on.
pub const ACCOUNT_LOCK_COUNT_MAX_INCREASED: usize = 128;
/// Largest account data: 10 MiB.
pub const ACCOUNT_DATA_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Growth of all account data within one transaction: 20 MiB.
pub const TRANSACTION_DATA_GROWTH_BYTES_MAX: i64 = 20 * 1024 * 1024;
/// Growth of one account within one instruction: 10 KiB.
pub const INSTRUCTION_DATA_GROWTH_BYTES_MAX: usize = 10 * 1024;
/// The rent epoch that programs see; rent is not collected.
pub const RENT_EPOCH_EXEMPT: u64 = u64::MAX;
/// Blockhashes kept by the queue.
pub const BLOCKHASH_QUEUE_LENGTH: usize = 300;
/// A transaction's blockhash may be at most this old: so many newer ones. Each block brings one in Solana; here a block may
/// go on under its parent's.
pub const BLOCKHASH_AGE_BLOCKS_MAX: u64 = 150;
/// Blockhashes for whose blocks statuses are kept.
pub const STATUS_CACHE_BLOCKS: u64 = 300;
/// Base fee per signature in lamports.
pub const LAMPORTS_PER_SIGNATURE: u64 = 5000;
/// Rent-exempt lamports per byte (SIMD-0437, second step).
pub const RENT_LAMPORTS_PER_BYTE: u64 = 5080;
/// Bytes that each account is charged beyond its data.
pub const RENT_ACCOUNT_OVERHEAD_BYTES: u64 = 128;
/// Return data of one instruction.
pub const RETURN_DATA_BYTES_MAX: usize = 1024;
/// Bytes of log messages kept per transaction.
pub const LOG_BYTES_MAX: usize = 10_000;
/// Compute units one block may consume.
pub const BLOCK_COMPUTE_UNITS_MAX: u64 = 50_000_000;
/// Compute units that write-lock one account within a block.
pub const BLOCK_ACCOUNT_COMPUTE_UNITS_MAX: u64 = 20_000_000;
/// New account data within a block: 50 MB.
pub const BLOCK_DATA_GROWTH_BYTES_MAX: u64 = 50_000_000;

/// Lamports that make an account of `data_size_bytes` rent-exempt.
pub const fn rent_exempt_minimum(data_size_bytes: usize) -> u64 {
    (RENT_ACCOUNT_OVERHEAD_BYTES + data_size_bytes as u64) * RENT_LAMPORTS_PER_BYTE
}
