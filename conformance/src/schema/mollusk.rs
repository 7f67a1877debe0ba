//! Mollusk's `InstrFixture` (`org.mollusk.svm`): field numbers of crate `mollusk-svm-fuzz-fixture` 0.16, `proto/*.proto`.
//! Older versions of the format use the same numbers and fewer fields.

use prost::Message;

/// One fixture file.
#[derive(Clone, PartialEq, Message)]
pub struct InstrFixture {
    /// What runs, and on what.
    #[prost(message, optional, tag = "1")]
    pub input: Option<InstrContext>,
    /// What came of it.
    #[prost(message, optional, tag = "2")]
    pub output: Option<InstrEffects>,
}

/// What runs, and on what.
#[derive(Clone, PartialEq, Message)]
pub struct InstrContext {
    /// Limits and costs.
    #[prost(message, optional, tag = "1")]
    pub compute_budget: Option<ComputeBudget>,
    /// Active feature gates.
    #[prost(message, optional, tag = "2")]
    pub feature_set: Option<FeatureSet>,
    /// The sysvars of the block.
    #[prost(message, optional, tag = "3")]
    pub sysvars: Option<SysvarContext>,
    /// The program, 32 bytes.
    #[prost(bytes = "vec", tag = "4")]
    pub program_id: Vec<u8>,
    /// The accounts of the instruction.
    #[prost(message, repeated, tag = "5")]
    pub instr_accounts: Vec<InstrAcct>,
    /// The instruction's data.
    #[prost(bytes = "vec", tag = "6")]
    pub data: Vec<u8>,
    /// Accounts before.
    #[prost(message, repeated, tag = "7")]
    pub accounts: Vec<AcctState>,
}

/// The gates: the first eight bytes of each address, little-endian.
#[derive(Clone, PartialEq, Message)]
pub struct FeatureSet {
    /// One number per active gate.
    #[prost(fixed64, repeated, tag = "1")]
    pub features: Vec<u64>,
}

/// An account of the instruction.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct InstrAcct {
    /// Its place among the accounts of the context.
    #[prost(uint32, tag = "1")]
    pub index: u32,
    /// Whether it signed.
    #[prost(bool, tag = "2")]
    pub is_signer: bool,
    /// Whether it may be written.
    #[prost(bool, tag = "3")]
    pub is_writable: bool,
}

/// An account and its address.
#[derive(Clone, PartialEq, Message)]
pub struct AcctState {
    /// 32 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub address: Vec<u8>,
    /// Balance.
    #[prost(uint64, tag = "2")]
    pub lamports: u64,
    /// Data.
    #[prost(bytes = "vec", tag = "3")]
    pub data: Vec<u8>,
    /// Whether it is a program.
    #[prost(bool, tag = "4")]
    pub executable: bool,
    /// No rule reads it.
    #[prost(uint64, tag = "5")]
    pub rent_epoch: u64,
    /// 32 bytes.
    #[prost(bytes = "vec", tag = "6")]
    pub owner: Vec<u8>,
}

/// What came of it.
#[derive(Clone, PartialEq, Message)]
pub struct InstrEffects {
    /// Compute units.
    #[prost(uint64, tag = "1")]
    pub compute_units_consumed: u64,
    /// In microseconds; nothing to compare.
    #[prost(uint64, tag = "2")]
    pub execution_time: u64,
    /// 0, the program's return value for an error that a program can return, else all ones.
    #[prost(uint64, tag = "3")]
    pub program_result: u64,
    /// Return data.
    #[prost(bytes = "vec", tag = "4")]
    pub return_data: Vec<u8>,
    /// Accounts afterwards; as before if the instruction failed.
    #[prost(message, repeated, tag = "5")]
    pub resulting_accounts: Vec<AcctState>,
}

/// The limits and costs that programs can tell apart. The costs of single syscalls (tags 2, 7 to 28, 31 to 62) are those
/// of the protocol and are not read.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct ComputeBudget {
    /// Compute units.
    #[prost(uint64, tag = "1")]
    pub compute_unit_limit: u64,
    /// Cost of a cross-program invocation.
    #[prost(uint64, tag = "4")]
    pub invoke_units: u64,
    /// Height of the instruction stack.
    #[prost(uint64, tag = "5")]
    pub max_instruction_stack_depth: u64,
    /// Heap of a frame in bytes.
    #[prost(uint32, tag = "29")]
    pub heap_size: u32,
}

/// The sysvars of the block.
#[derive(Clone, PartialEq, Message)]
pub struct SysvarContext {
    /// Time.
    #[prost(message, optional, tag = "1")]
    pub clock: Option<Clock>,
    /// Distribution of rewards.
    #[prost(message, optional, tag = "2")]
    pub epoch_rewards: Option<EpochRewards>,
    /// Slots and epochs.
    #[prost(message, optional, tag = "3")]
    pub epoch_schedule: Option<EpochSchedule>,
    /// Rent.
    #[prost(message, optional, tag = "4")]
    pub rent: Option<Rent>,
    /// Hashes of recent slots.
    #[prost(message, optional, tag = "5")]
    pub slot_hashes: Option<SlotHashes>,
    /// Stake by epoch.
    #[prost(message, optional, tag = "6")]
    pub stake_history: Option<StakeHistory>,
    /// Recent blockhashes.
    #[prost(message, optional, tag = "7")]
    pub recent_blockhashes: Option<RecentBlockhashes>,
}

/// The clock.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Clock {
    /// Current slot.
    #[prost(uint64, tag = "1")]
    pub slot: u64,
    /// Unix seconds.
    #[prost(int64, tag = "2")]
    pub epoch_start_timestamp: i64,
    /// Current epoch.
    #[prost(uint64, tag = "3")]
    pub epoch: u64,
    /// Epoch whose leaders are known.
    #[prost(uint64, tag = "4")]
    pub leader_schedule_epoch: u64,
    /// Unix seconds.
    #[prost(int64, tag = "5")]
    pub unix_timestamp: i64,
}

/// Epoch rewards.
#[derive(Clone, PartialEq, Message)]
pub struct EpochRewards {
    /// Block height at which distribution starts.
    #[prost(uint64, tag = "1")]
    pub distribution_starting_block_height: u64,
    /// Blocks it takes.
    #[prost(uint64, tag = "2")]
    pub num_partitions: u64,
    /// 32 bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub parent_blockhash: Vec<u8>,
    /// A little-endian `u128`.
    #[prost(bytes = "vec", tag = "4")]
    pub total_points: Vec<u8>,
    /// Lamports.
    #[prost(uint64, tag = "5")]
    pub total_rewards: u64,
    /// Lamports.
    #[prost(uint64, tag = "6")]
    pub distributed_rewards: u64,
    /// Whether distribution is going on.
    #[prost(bool, tag = "7")]
    pub active: bool,
}

/// The epoch schedule.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct EpochSchedule {
    /// Slots of an epoch.
    #[prost(uint64, tag = "1")]
    pub slots_per_epoch: u64,
    /// Slots between leader schedule and epoch.
    #[prost(uint64, tag = "2")]
    pub leader_schedule_slot_offset: u64,
    /// Whether the first epochs are short.
    #[prost(bool, tag = "3")]
    pub warmup: bool,
    /// First epoch of full length.
    #[prost(uint64, tag = "4")]
    pub first_normal_epoch: u64,
    /// First slot of that epoch.
    #[prost(uint64, tag = "5")]
    pub first_normal_slot: u64,
}

/// Rent, in the terms that it had before SIMD-0194.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Rent {
    /// Lamports per byte.
    #[prost(uint64, tag = "1")]
    pub lamports_per_byte_year: u64,
    /// What the rate is multiplied by.
    #[prost(double, tag = "2")]
    pub exemption_threshold: f64,
    /// No rule reads it.
    #[prost(uint32, tag = "3")]
    pub burn_percent: u32,
}

/// Slot hashes.
#[derive(Clone, PartialEq, Message)]
pub struct SlotHashes {
    /// Newest first.
    #[prost(message, repeated, tag = "1")]
    pub slot_hashes: Vec<SlotHashEntry>,
}

/// One of them.
#[derive(Clone, PartialEq, Message)]
pub struct SlotHashEntry {
    /// Slot.
    #[prost(uint64, tag = "1")]
    pub slot: u64,
    /// 32 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub hash: Vec<u8>,
}

/// The stake history.
#[derive(Clone, PartialEq, Message)]
pub struct StakeHistory {
    /// Newest first.
    #[prost(message, repeated, tag = "1")]
    pub stake_history: Vec<StakeHistoryEntry>,
}

/// One epoch of it, in lamports.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct StakeHistoryEntry {
    /// Epoch.
    #[prost(uint64, tag = "1")]
    pub epoch: u64,
    /// Effective stake.
    #[prost(uint64, tag = "2")]
    pub effective: u64,
    /// Stake that warms up.
    #[prost(uint64, tag = "3")]
    pub activating: u64,
    /// Stake that cools down.
    #[prost(uint64, tag = "4")]
    pub deactivating: u64,
}

/// Recent blockhashes.
#[derive(Clone, PartialEq, Message)]
pub struct RecentBlockhashes {
    /// Newest first.
    #[prost(message, repeated, tag = "1")]
    pub entries: Vec<RecentBlockhashEntry>,
}

/// One of them.
#[derive(Clone, PartialEq, Message)]
pub struct RecentBlockhashEntry {
    /// 32 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub blockhash: Vec<u8>,
    /// The fee that goes with it.
    #[prost(uint64, tag = "2")]
    pub lamports_per_signature: u64,
}
