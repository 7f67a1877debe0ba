//! The vote program: every instruction in success and each way to fail, on accounts of each version, under mainnet's gates
//! and under others; and random sequences of towers.
//!
//! The vote account is `vote`; who acts for it is `node`, `voter` and `withdrawer`. Slots are given as ages: slots before
//! the environment's.

mod authorize;
mod chaos;
mod generated;
mod initialize;
mod lamports;
mod malformed;
mod settings;
mod slot_votes;
mod states;
mod towers;

use crate::{
    case::{Case, SOL, account, address, instruction, r, rs, w},
    environment::{Environment, SLOT, slot_hash},
};
use solana_account::Account;
use solana_address::Address;
use solana_bls_signatures::keypair::Keypair as BlsKeypair;
use solana_hash::Hash;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::{sysvar, vote as vote_program};
use solana_vote_interface::{
    authorized_voters::AuthorizedVoters,
    instruction::VoteInstruction,
    state::{
        BlockTimestamp, LandedVote, Lockout, TowerSync, Vote, VoteState1_14_11, VoteStateUpdate, VoteStateV3,
        VoteStateV4, VoteStateVersions, VoterWithBLSArgs,
    },
};

/// Bytes of a vote account since version 3, and of one of version 1.14.11.
const SPACE: usize = 3762;
const SPACE_V1_14_11: usize = 3731;

/// Who pays and votes.
const VOTER: [&str; 2] = ["payer", "voter"];
/// Who pays and withdraws.
const WITHDRAWER: [&str; 2] = ["payer", "withdrawer"];

const CUSTOM_COLLECTOR: Address = agave_feature_set::custom_commission_collector::ID;
const BASIS_POINTS: Address = agave_feature_set::commission_rate_in_basis_points::ID;
const DELAY: Address = agave_feature_set::delay_commission_updates::ID;
const BLS: Address = agave_feature_set::bls_pubkey_management_in_vote_account::ID;
const REVENUE_SHARING: Address = agave_feature_set::block_revenue_sharing::ID;
const INITIALIZE_V2: Address = agave_feature_set::vote_account_initialize_v2::ID;
const DEPRECATE_LEGACY: Address = agave_feature_set::deprecate_legacy_vote_ixs::ID;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let topic = Topic { environment };
    let mut cases = towers::cases(&topic);
    cases.extend(states::cases(&topic));
    cases.extend(slot_votes::cases(&topic));
    cases.extend(initialize::cases(&topic));
    cases.extend(authorize::cases(&topic));
    cases.extend(settings::cases(&topic));
    cases.extend(lamports::cases(&topic));
    cases.extend(malformed::cases(&topic));
    cases.extend(generated::cases(&topic));
    cases.extend(chaos::cases(&topic));
    cases
}

/// The random sequence of `seed`; the topic has the first few.
pub fn sequence(environment: &Environment, seed: u64) -> Case {
    generated::sequence(&Topic { environment }, seed)
}

/// The random instructions of `seed`; the topic has the first few.
pub fn chaos(environment: &Environment, seed: u64) -> Case {
    chaos::sequence(&Topic { environment }, seed)
}

/// Makes cases.
struct Topic<'a> {
    environment: &'a Environment,
}

impl Topic<'_> {
    /// A case without a vote account.
    fn bare(&self, name: &str) -> Case {
        Case::new(self.environment, name)
    }

    /// A case with [`base`] as its vote account.
    fn case(&self, name: &str) -> Case {
        self.with(name, base())
    }

    /// A case with a vote account of version 4.
    fn with(&self, name: &str, state: VoteStateV4) -> Case {
        self.stored(name, &VoteStateVersions::new_v4(state), SPACE)
    }

    /// A case with a vote account of any version and size, exempt from rent and 1 SOL.
    fn stored(&self, name: &str, state: &VoteStateVersions, space: usize) -> Case {
        let data = bincode::serialize(state).expect("a vote state has a binary form");
        self.raw(name, data, space)
    }

    /// A case with any bytes as its vote account.
    fn raw(&self, name: &str, mut data: Vec<u8>, space: usize) -> Case {
        data.resize(space, 0);
        let lamports = self.environment.exempt(space) + SOL;
        self.bare(name).account(address("vote"), vote_account(lamports, data))
    }
}

fn vote_account(lamports: u64, data: Vec<u8>) -> Account {
    account(lamports, data, vote_program::ID)
}

/// The slot `age` slots ago.
fn slot(age: u64) -> u64 {
    SLOT - age
}

/// The hash of the slot `age` slots ago.
fn hash(age: u64) -> Hash {
    Hash::new_from_array(slot_hash(slot(age)))
}

fn landed(age: u64, confirmation_count: u32, latency: u8) -> LandedVote {
    LandedVote { latency, lockout: Lockout::new_with_confirmation_count(slot(age), confirmation_count) }
}

/// A vote account that never voted.
fn fresh() -> VoteStateV4 {
    VoteStateV4 {
        node_pubkey: address("node"),
        authorized_withdrawer: address("withdrawer"),
        inflation_rewards_collector: address("vote"),
        block_revenue_collector: address("node"),
        inflation_rewards_commission_bps: 550,
        block_revenue_commission_bps: 10_000,
        authorized_voters: AuthorizedVoters::new(5, address("voter")),
        ..VoteStateV4::default()
    }
}

/// A vote account with three votes, a root, and credits of two epochs.
fn base() -> VoteStateV4 {
    VoteStateV4 {
        votes: [landed(10, 3, 1), landed(9, 2, 5), landed(8, 1, 0)].into(),
        root_slot: Some(slot(20)),
        epoch_credits: vec![(4, 1_000, 800), (5, 1_200, 1_000)],
        last_timestamp: BlockTimestamp { slot: slot(8), timestamp: 1_700_000_100 },
        ..fresh()
    }
}

/// The same as version 3 holds it.
fn as_v3(state: &VoteStateV4) -> VoteStateVersions {
    VoteStateVersions::new_v3(VoteStateV3 {
        node_pubkey: state.node_pubkey,
        authorized_withdrawer: state.authorized_withdrawer,
        commission: 7,
        votes: state.votes.clone(),
        root_slot: state.root_slot,
        authorized_voters: state.authorized_voters.clone(),
        epoch_credits: state.epoch_credits.clone(),
        last_timestamp: state.last_timestamp.clone(),
        ..VoteStateV3::default()
    })
}

/// The same as version 1.14.11 holds it.
fn as_v1_14_11(state: &VoteStateV4) -> VoteStateVersions {
    VoteStateVersions::V1_14_11(Box::new(VoteState1_14_11 {
        node_pubkey: state.node_pubkey,
        authorized_withdrawer: state.authorized_withdrawer,
        commission: 100,
        votes: state.votes.iter().map(|vote| vote.lockout).collect(),
        root_slot: state.root_slot,
        authorized_voters: state.authorized_voters.clone(),
        epoch_credits: state.epoch_credits.clone(),
        last_timestamp: state.last_timestamp.clone(),
        ..VoteState1_14_11::default()
    }))
}

/// A vote instruction with accounts of one's choice.
fn vote(data: &VoteInstruction, accounts: Vec<AccountMeta>) -> Instruction {
    let data = bincode::serialize(data).expect("a vote instruction has a binary form");
    instruction(vote_program::ID, accounts, data)
}

fn lockouts(votes: &[(u64, u32)]) -> Vec<Lockout> {
    votes.iter().map(|(age, count)| Lockout::new_with_confirmation_count(slot(*age), *count)).collect()
}

/// A tower of (age, confirmations), oldest first, on a root of some age.
fn tower(votes: &[(u64, u32)], root_age: Option<u64>) -> TowerSync {
    let last_age = votes.last().map_or(1, |(age, _)| *age);
    TowerSync {
        lockouts: lockouts(votes).into(),
        root: root_age.map(slot),
        hash: hash(last_age),
        timestamp: None,
        block_id: Hash::new_from_array([9; 32]),
    }
}

/// The tower as the older instructions carry it.
fn update(tower: TowerSync) -> VoteStateUpdate {
    VoteStateUpdate { lockouts: tower.lockouts, root: tower.root, hash: tower.hash, timestamp: tower.timestamp }
}

/// The vote account and its voter.
fn voting() -> Vec<AccountMeta> {
    vec![w(address("vote")), rs(address("voter"))]
}

/// The vote account and its withdrawer.
fn withdrawing() -> Vec<AccountMeta> {
    vec![w(address("vote")), rs(address("withdrawer"))]
}

fn sync(tower: TowerSync) -> Instruction {
    vote(&VoteInstruction::TowerSync(tower), voting())
}

/// An uncompressed update: holds what a compact one cannot.
fn long_update(tower: TowerSync) -> Instruction {
    vote(&VoteInstruction::UpdateVoteState(update(tower)), voting())
}

/// Votes for slots of these ages with the hash of the last.
fn slot_vote(ages: &[u64]) -> Vote {
    Vote::new(ages.iter().map(|age| slot(*age)).collect(), hash(ages.last().copied().unwrap_or(1)))
}

/// Accounts of `Vote`.
fn slot_voting() -> Vec<AccountMeta> {
    vec![w(address("vote")), r(sysvar::slot_hashes::ID), r(sysvar::clock::ID), rs(address("voter"))]
}

/// A slot-hashes sysvar of these slots, newest first.
fn history(environment: &Environment, slots: &[u64]) -> Account {
    let mut data = (slots.len() as u64).to_le_bytes().to_vec();
    for slot in slots {
        data.extend(slot.to_le_bytes());
        data.extend(slot_hash(*slot));
    }
    data.resize(20_488, 0);
    account(environment.exempt(20_488), data, sysvar::ID)
}

/// The BLS key of a name, with the proof that it is for the vote account.
fn bls_key(name: &str) -> VoterWithBLSArgs {
    let keypair = BlsKeypair::derive(format!("heddle oracle BLS key: {name}, of 32 bytes at least").as_bytes())
        .expect("enough key material");
    let message = [b"ALPENGLOW".as_slice(), address("vote").as_ref()].concat();
    VoterWithBLSArgs {
        bls_pubkey: keypair.public.to_bytes_compressed(),
        bls_proof_of_possession: keypair.proof_of_possession(Some(&message)).to_bytes_compressed(),
    }
}
