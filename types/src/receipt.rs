//! What came of one transaction of a block.

use solana_pubkey::Pubkey;
use solana_transaction_error::TransactionError;

/// Result of a transaction that is in its block. Equal for every worker count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Success, or why the instructions did not take effect. The fee is charged either way.
    pub status: Result<(), TransactionError>,
    /// Whether instructions ran; `false` for a fees-only transaction (its accounts or programs failed to load).
    pub executed: bool,
    /// Base fee plus priority fee, in lamports.
    pub fee_lamports: u64,
    /// Compute units consumed by all instructions.
    pub compute_units: u64,
    /// Account data counted against the transaction's loaded-data limit.
    pub loaded_data_bytes: u32,
    /// Logs, return data, inner instructions, itemised compute units, balances and token balances, if asked for.
    pub details: Option<Box<ReceiptDetails>>,
}

/// The parts of a receipt that cost time to collect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptDetails {
    /// Log lines as Solana prints them.
    pub logs: Vec<String>,
    /// What the last program to set return data set.
    pub return_data: Option<ReturnData>,
    /// Instructions that programs invoked, in order.
    pub inner_instructions: Vec<InnerInstruction>,
    /// Compute units of each top-level instruction with all that it invoked; 0 for those that were not reached. Empty if
    /// none was run. They add up to [`Receipt::compute_units`].
    pub instruction_compute_units: Vec<u64>,
    /// Lamports of each of the transaction's accounts before its fee was taken, in the order of its keys.
    pub pre_balances: Vec<u64>,
    /// Lamports of each of the transaction's accounts after it.
    pub post_balances: Vec<u64>,
    /// Its token accounts before it, in the order of its keys, if a token program is among them.
    pub pre_token_balances: Vec<TokenBalance>,
    /// Its token accounts after it.
    pub post_token_balances: Vec<TokenBalance>,
}

/// What one token account holds. The decimals are the mint's: whoever shows an amount reads them there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBalance {
    /// Index of the token account in the transaction's keys.
    pub account_index: u8,
    /// Which token it is.
    pub mint: Pubkey,
    /// Who may spend it.
    pub owner: Pubkey,
    /// The token program that owns the account.
    pub program: Pubkey,
    /// In the token's smallest unit.
    pub amount: u64,
}

/// Return data of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnData {
    /// The program that set it.
    pub program: Pubkey,
    /// At most [`crate::limits::RETURN_DATA_BYTES_MAX`].
    pub data: Vec<u8>,
}

/// One instruction invoked by a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnerInstruction {
    /// Index of the top-level instruction it happened under.
    pub top_level_index: u8,
    /// 2 for an instruction invoked by the top-level one.
    pub stack_height: u8,
    /// Index of the program in the transaction's keys.
    pub program_index: u8,
    /// Indices into the transaction's keys.
    pub account_indices: Vec<u8>,
    /// Instruction data.
    pub data: Vec<u8>,
    /// Compute units of this instruction with all that it invoked.
    pub compute_units: u64,
}
