//! Every method by name.

mod accounts;
mod blocks;
mod chain;
mod cluster;
mod contention;
mod development;
mod economics;
mod performance;
mod simulate;
mod submit;
mod tokens;
mod transactions;

use serde_json::{Value, json};

use super::{Context, Params, RpcError};

pub use accounts::{AccountConfig, AccountFilter, encode_account};
pub use blocks::{show_block, show_block_naming};

type Method = fn(&Context, &Params) -> Result<Value, RpcError>;

/// In the order of their names.
const METHODS: &[(&str, Method)] = &[
    ("getAccountInfo", accounts::account_info),
    ("getBalance", accounts::balance),
    ("getBlock", blocks::block),
    ("getBlockCommitment", cluster::block_commitment),
    ("getBlockHeight", chain::block_height),
    ("getBlockProduction", cluster::block_production),
    ("getBlockTime", blocks::block_time),
    ("getBlocks", blocks::blocks),
    ("getBlocksWithLimit", blocks::blocks_with_limit),
    ("getClusterNodes", cluster::cluster_nodes),
    ("getEpochInfo", chain::epoch_info),
    ("getEpochSchedule", chain::epoch_schedule),
    ("getFeeForMessage", chain::fee_for_message),
    ("getFirstAvailableBlock", blocks::first_available_block),
    ("getGenesisHash", chain::genesis_hash),
    ("getHealth", chain::health),
    ("getHighestSnapshotSlot", cluster::highest_snapshot_slot),
    ("getIdentity", cluster::identity),
    ("getInflationGovernor", economics::inflation_governor),
    ("getInflationRate", economics::inflation_rate),
    ("getInflationReward", economics::inflation_reward),
    ("getLargestAccounts", economics::largest_accounts),
    ("getLatestBlockhash", chain::latest_blockhash),
    ("getLeaderSchedule", cluster::leader_schedule),
    ("getMaxRetransmitSlot", cluster::max_slot),
    ("getMaxShredInsertSlot", cluster::max_slot),
    ("getMinimumBalanceForRentExemption", chain::minimum_balance),
    ("getMultipleAccounts", accounts::multiple_accounts),
    ("getProgramAccounts", accounts::program_accounts),
    ("getRecentPerformanceSamples", performance::recent_samples),
    ("getRecentPrioritizationFees", performance::prioritization_fees),
    ("getSignatureStatuses", transactions::signature_statuses),
    ("getSignaturesForAddress", transactions::signatures_for_address),
    ("getSlot", chain::slot),
    ("getSlotLeader", cluster::slot_leader),
    ("getSlotLeaders", cluster::slot_leaders),
    ("getStakeMinimumDelegation", economics::stake_minimum_delegation),
    ("getSupply", economics::supply),
    ("getTokenAccountBalance", tokens::account_balance),
    ("getTokenAccountsByDelegate", tokens::accounts_by_delegate),
    ("getTokenAccountsByOwner", tokens::accounts_by_owner),
    ("getTokenLargestAccounts", tokens::largest_accounts),
    ("getTokenSupply", tokens::supply),
    ("getTransaction", transactions::transaction),
    ("getTransactionCount", chain::transaction_count),
    ("getVersion", chain::version),
    ("getVoteAccounts", cluster::vote_accounts),
    ("heddle_contention", contention::contention),
    ("heddle_pauseClock", development::pause_clock),
    ("heddle_profileTransaction", development::profile_transaction),
    ("heddle_reset", development::reset),
    ("heddle_resumeClock", development::resume_clock),
    ("heddle_revert", development::revert),
    ("heddle_setAccount", development::set_account),
    ("heddle_snapshot", development::snapshot),
    ("heddle_stats", performance::stats),
    ("heddle_timeTravel", development::time_travel),
    ("isBlockhashValid", chain::is_blockhash_valid),
    ("minimumLedgerSlot", blocks::minimum_ledger_slot),
    ("requestAirdrop", submit::request_airdrop),
    ("sendTransaction", submit::send_transaction),
    ("simulateTransaction", simulate::simulate_transaction),
];

/// Calls the method of this name.
///
/// # Errors
/// What the method says; -32601 if there is none.
pub fn call(context: &Context, name: &str, params: &Params) -> Result<Value, RpcError> {
    let index = METHODS.binary_search_by_key(&name, |(name, _)| name).map_err(|_| RpcError::method_not_found())?;
    METHODS[index].1(context, params)
}

/// The known name that equals `name`: metrics must not grow with what clients make up.
pub fn known_name(name: &str) -> Option<&'static str> {
    let index = METHODS.binary_search_by_key(&name, |(name, _)| name).ok()?;
    Some(METHODS[index].0)
}

/// A result with the slot that it is of.
fn with_context(slot: u64, value: Value) -> Value {
    json!({ "context": { "slot": slot, "apiVersion": API_VERSION }, "value": value })
}

/// The version of Solana's interface that answers follow.
pub const API_VERSION: &str = "4.2.2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(METHODS.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(known_name("getSlot"), Some("getSlot"));
        assert_eq!(known_name("getslot"), None);
    }
}
