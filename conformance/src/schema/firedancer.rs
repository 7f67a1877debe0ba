//! Firedancer's `InstrFixture` (`org.solana.sealevel.v1`).
//!
//! Two generations of the format share their numbers and are read as one: that of crate
//! `mollusk-svm-fuzz-fixture-firedancer` 0.16 (account data at 3, features within the epoch context) and that of crate
//! `protosol` 18 (account data at 9 or its hash at 8, features at 10, return data as a hash).

use prost::Message;

pub use super::mollusk::FeatureSet;

/// One fixture file.
#[derive(Clone, PartialEq, Message)]
pub struct InstrFixture {
    /// Which harness it is for.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<FixtureMetadata>,
    /// What runs, and on what.
    #[prost(message, optional, tag = "2")]
    pub input: Option<InstrContext>,
    /// What came of it.
    #[prost(message, optional, tag = "3")]
    pub output: Option<InstrEffects>,
}

/// What every kind of fixture of this family begins with; the rest is left alone.
#[derive(Clone, PartialEq, Message)]
pub struct AnyFixture {
    /// Which harness it is for.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<FixtureMetadata>,
}

/// Which harness a fixture is for.
#[derive(Clone, PartialEq, Message)]
pub struct FixtureMetadata {
    /// Name of its entry point; `sol_compat_instr_execute_v1` for one instruction.
    #[prost(string, tag = "1")]
    pub fn_entrypoint: String,
}

/// What runs, and on what.
#[derive(Clone, PartialEq, Message)]
pub struct InstrContext {
    /// The program, 32 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub program_id: Vec<u8>,
    /// Accounts before: those of the instruction, sysvars, program data.
    #[prost(message, repeated, tag = "3")]
    pub accounts: Vec<AcctState>,
    /// The accounts of the instruction.
    #[prost(message, repeated, tag = "4")]
    pub instr_accounts: Vec<InstrAcct>,
    /// The instruction's data.
    #[prost(bytes = "vec", tag = "5")]
    pub data: Vec<u8>,
    /// Compute units before.
    #[prost(uint64, tag = "6")]
    pub cu_avail: u64,
    /// The block, in the older generation.
    #[prost(message, optional, tag = "8")]
    pub slot_context: Option<SlotContext>,
    /// The epoch, in the older generation.
    #[prost(message, optional, tag = "9")]
    pub epoch_context: Option<EpochContext>,
    /// Active feature gates, in the newer generation.
    #[prost(message, optional, tag = "10")]
    pub features: Option<FeatureSet>,
}

/// An account of the instruction. The flags lie the other way round than in Mollusk's format.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct InstrAcct {
    /// Its place among the accounts of the context.
    #[prost(uint32, tag = "1")]
    pub index: u32,
    /// Whether it may be written.
    #[prost(bool, tag = "2")]
    pub is_writable: bool,
    /// Whether it signed.
    #[prost(bool, tag = "3")]
    pub is_signer: bool,
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
    /// Data, in the older generation.
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
    /// An address derived with a seed, which stands in for `address`.
    #[prost(message, optional, tag = "7")]
    pub seed_addr: Option<SeedAddress>,
    /// XXH64 of the data, in the effects of the newer generation.
    #[prost(fixed64, optional, tag = "8")]
    pub data_hash: Option<u64>,
    /// Data, in the newer generation.
    #[prost(bytes = "vec", optional, tag = "9")]
    pub new_data: Option<Vec<u8>>,
}

/// An address derived with a seed.
#[derive(Clone, PartialEq, Message)]
pub struct SeedAddress {
    /// 32 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub base: Vec<u8>,
    /// At most 32 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub seed: Vec<u8>,
    /// 32 bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub owner: Vec<u8>,
}

/// The block.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct SlotContext {
    /// Slot.
    #[prost(fixed64, tag = "1")]
    pub slot: u64,
}

/// The epoch.
#[derive(Clone, PartialEq, Message)]
pub struct EpochContext {
    /// Active feature gates.
    #[prost(message, optional, tag = "1")]
    pub features: Option<FeatureSet>,
}

/// What came of it.
#[derive(Clone, PartialEq, Message)]
pub struct InstrEffects {
    /// 0, or one more than the index of the instruction error.
    #[prost(int32, tag = "1")]
    pub result: i32,
    /// The code of a custom error.
    #[prost(uint32, tag = "2")]
    pub custom_err: u32,
    /// Accounts that are no longer as before.
    #[prost(message, repeated, tag = "3")]
    pub modified_accounts: Vec<AcctState>,
    /// Compute units left.
    #[prost(uint64, tag = "4")]
    pub cu_avail: u64,
    /// Return data, in the older generation.
    #[prost(bytes = "vec", tag = "5")]
    pub return_data: Vec<u8>,
    /// XXH64 of the return data, in the newer generation; 0 for none.
    #[prost(fixed64, optional, tag = "6")]
    pub return_data_hash: Option<u64>,
}
