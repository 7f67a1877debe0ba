//! Seeded random instructions of every kind on random vote accounts: towers, authorities and accounts that nobody would
//! make, under gates drawn at random. Most fail; each must fail for the same reason.

use super::{
    BASIS_POINTS, BLS, CUSTOM_COLLECTOR, DELAY, DEPRECATE_LEGACY, INITIALIZE_V2, REVENUE_SHARING, SLOT, SPACE,
    SPACE_V1_14_11, Topic, as_v1_14_11, as_v3, bls_key, fresh, vote,
};
use crate::{
    case::{Case, Expect, SOL, address},
    environment::slot_hash,
    topics::fees::limit,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::AccountMeta;
use solana_sdk_ids::{system_program, sysvar};
use solana_vote_interface::{
    authorized_voters::AuthorizedVoters,
    instruction::{CommissionKind, VoteInstruction},
    state::{
        BlockTimestamp, LandedVote, Lockout, TowerSync, Vote, VoteAuthorize, VoteAuthorizeCheckedWithSeedArgs,
        VoteAuthorizeWithSeedArgs, VoteInit, VoteInitV2, VoteStateV4, VoteStateVersions,
    },
};

const SEQUENCES: u64 = 16;
const TRANSACTIONS_PER_SEQUENCE: u32 = 8;

/// Who may be named and may sign.
const NAMES: [&str; 6] = ["vote", "node", "voter", "withdrawer", "collector", "payer"];
const SYSVARS: [Address; 3] = [sysvar::clock::ID, sysvar::slot_hashes::ID, sysvar::rent::ID];

pub(super) fn cases(topic: &Topic) -> Vec<Case> {
    (0..SEQUENCES).map(|seed| sequence(topic, seed)).collect()
}

struct Chaos(ChaCha8Rng);

pub(super) fn sequence(topic: &Topic, seed: u64) -> Case {
    let mut chaos = Chaos(ChaCha8Rng::seed_from_u64(0x6368_616f_7300 + seed));
    let state = chaos.state();
    let (state, space) = match chaos.below(6) {
        0 => (as_v3(&state), SPACE),
        1 => (as_v1_14_11(&state), SPACE_V1_14_11),
        2 => (VoteStateVersions::Uninitialized, SPACE),
        _ => (VoteStateVersions::new_v4(state), SPACE),
    };
    let mut data = bincode::serialize(&state).expect("a vote state has a binary form");
    if chaos.chance(15) {
        let index = chaos.below(data.len() as u64) as usize;
        data[index] = chaos.0.random();
    }
    let mut case = topic.raw(&format!("chaos {seed}"), data, space).lamports("collector", SOL);
    if seed % 4 == 3 {
        case = case.gates(&chaos.gates());
    }
    for number in 0..TRANSACTIONS_PER_SEQUENCE {
        let (data, metas) = chaos.instruction();
        let metas = chaos.spoil(metas);
        let mut signers = vec!["payer"];
        let signing = metas.iter().filter(|meta| meta.is_signer);
        let names = signing.filter_map(|meta| NAMES.iter().find(|name| address(name) == meta.pubkey));
        signers.extend(names.copied());
        signers.sort_unstable_by_key(|name| (*name != "payer", *name));
        signers.dedup();
        case = case.legacy(Expect::Anything, &signers, &[limit(150_000 + number), vote(&data, metas)]);
    }
    case
}

impl Chaos {
    fn below(&mut self, end: u64) -> u64 {
        self.0.random_range(0..end)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn name(&mut self) -> Address {
        address(NAMES[self.below(NAMES.len() as u64) as usize])
    }

    fn gates(&mut self) -> Vec<(Address, bool)> {
        let all = [BASIS_POINTS, BLS, CUSTOM_COLLECTOR, DELAY, DEPRECATE_LEGACY, INITIALIZE_V2, REVENUE_SHARING];
        all.into_iter().map(|gate| (gate, gate != DEPRECATE_LEGACY && self.chance(80))).collect()
    }

    /// Slots and confirmations of a tower, well formed more often than not.
    fn lockouts(&mut self) -> Vec<Lockout> {
        let height = if self.chance(5) { self.below(40) } else { self.below(8) + 1 };
        let mut slot = SLOT - if self.chance(20) { 600 } else { 1 + self.below(100) } - height;
        let is_proper = self.chance(85);
        let mut lockouts = Vec::new();
        for depth in 0..height {
            let proper = (height - depth) as u32 + self.below(2) as u32 * u32::from(depth == 0);
            let count = if is_proper { proper } else { self.below(34) as u32 };
            lockouts.push(Lockout::new_with_confirmation_count(slot, count));
            slot += if self.chance(3) { 0 } else { 1 + self.below(4) };
        }
        lockouts
    }

    fn state(&mut self) -> VoteStateV4 {
        let votes = self.lockouts().into_iter().map(|lockout| LandedVote { latency: self.below(30) as u8, lockout });
        let votes: Vec<LandedVote> = votes.collect();
        let root_slot = votes.first().filter(|_| self.chance(70)).map(|vote| vote.slot() - self.below(9));
        let mut authorized_voters = AuthorizedVoters::default();
        for _ in 0..self.below(4) + 1 {
            authorized_voters.insert(2 + self.below(5), self.name());
        }
        if self.chance(80) {
            authorized_voters.insert(4, address("voter"));
        }
        let credits = (0..self.below(70)).map(|index| (index / 10, index * 9 + self.below(9), index * 9));
        VoteStateV4 {
            votes: votes.into(),
            root_slot,
            authorized_voters,
            epoch_credits: credits.collect(),
            last_timestamp: BlockTimestamp { slot: SLOT - self.below(90), timestamp: 1_700_000_000 },
            bls_pubkey_compressed: self.chance(20).then(|| bls_key("old").bls_pubkey),
            pending_delegator_rewards: if self.chance(20) { self.below(SOL) } else { 0 },
            ..fresh()
        }
    }

    fn tower(&mut self) -> TowerSync {
        let lockouts = self.lockouts();
        let first = lockouts.first().map_or(SLOT, |vote| vote.slot());
        let last = lockouts.last().map_or(SLOT, |vote| vote.slot());
        TowerSync {
            root: self.chance(60).then(|| first - self.below(20)),
            lockouts: lockouts.into(),
            hash: Hash::new_from_array(slot_hash(if self.chance(3) { last - 1 } else { last })),
            timestamp: self.chance(30).then(|| 1_700_000_000 + self.below(99) as i64),
            block_id: Hash::default(),
        }
    }

    fn authority(&mut self) -> VoteAuthorize {
        match self.below(3) {
            0 => VoteAuthorize::Voter,
            1 => VoteAuthorize::Withdrawer,
            _ => VoteAuthorize::VoterWithBLS(bls_key("a")),
        }
    }

    fn kind(&mut self) -> CommissionKind {
        if self.chance(50) { CommissionKind::InflationRewards } else { CommissionKind::BlockRevenue }
    }

    /// An instruction and the accounts that it should have.
    fn instruction(&mut self) -> (VoteInstruction, Vec<AccountMeta>) {
        let [account, voter, withdrawer, payer, collector] =
            ["vote", "voter", "withdrawer", "payer", "collector"].map(address);
        let (w, r, s) = (
            |key| AccountMeta::new(key, false),
            |key| AccountMeta::new_readonly(key, false),
            |key| AccountMeta::new_readonly(key, true),
        );
        let [clock, hashes, rent] = SYSVARS;
        match self.below(20) {
            0..6 => self.tower_instruction(),
            6 | 7 => {
                let tower = self.tower();
                let slots: Vec<u64> = tower.lockouts.iter().map(Lockout::slot).collect();
                let votes = Vote { slots, hash: tower.hash, timestamp: tower.timestamp };
                (VoteInstruction::Vote(votes), vec![w(account), r(hashes), r(clock), s(voter)])
            }
            8 => (VoteInstruction::Authorize(self.name(), self.authority()), vec![w(account), r(clock), s(withdrawer)]),
            9 => {
                let metas = vec![w(account), r(clock), s(voter), s(self.name())];
                (VoteInstruction::AuthorizeChecked(self.authority()), metas)
            }
            10 => {
                let args = VoteAuthorizeWithSeedArgs {
                    authorization_type: self.authority(),
                    current_authority_derived_key_owner: system_program::ID,
                    current_authority_derived_key_seed: "s".repeat(self.below(40) as usize),
                    new_authority: self.name(),
                };
                (VoteInstruction::AuthorizeWithSeed(args), vec![w(account), r(clock), s(withdrawer)])
            }
            11 => {
                let args = VoteAuthorizeCheckedWithSeedArgs {
                    authorization_type: self.authority(),
                    current_authority_derived_key_owner: self.name(),
                    current_authority_derived_key_seed: "s".repeat(self.below(40) as usize),
                };
                (VoteInstruction::AuthorizeCheckedWithSeed(args), vec![w(account), r(clock), s(withdrawer), s(voter)])
            }
            12 => (VoteInstruction::UpdateValidatorIdentity, vec![w(account), s(self.name()), s(withdrawer)]),
            13 => (VoteInstruction::UpdateCommission(self.0.random()), vec![w(account), s(withdrawer)]),
            14 => {
                let (commission_bps, kind) = (self.0.random(), self.kind());
                (VoteInstruction::UpdateCommissionBps { commission_bps, kind }, vec![w(account), s(withdrawer)])
            }
            15 => {
                let metas = vec![w(account), w(self.name()), s(withdrawer)];
                (VoteInstruction::UpdateCommissionCollector(self.kind()), metas)
            }
            16 => {
                let lamports = self.below(2 * SOL);
                (VoteInstruction::Withdraw(lamports), vec![w(account), w(self.name()), s(withdrawer)])
            }
            17 => {
                let metas = vec![w(account), AccountMeta::new(payer, true), r(system_program::ID)];
                (VoteInstruction::DepositDelegatorRewards { deposit: self.below(SOL) }, metas)
            }
            18 => {
                let (node, commission) = (self.name(), self.0.random());
                let new = VoteInit {
                    node_pubkey: node,
                    authorized_voter: voter,
                    authorized_withdrawer: withdrawer,
                    commission,
                };
                (VoteInstruction::InitializeAccount(new), vec![w(account), r(rent), r(clock), s(node)])
            }
            _ => {
                let (node, key) = (self.name(), bls_key("a"));
                let new = VoteInitV2 {
                    node_pubkey: node,
                    authorized_voter: voter,
                    authorized_voter_bls_pubkey: key.bls_pubkey,
                    authorized_voter_bls_proof_of_possession: key.bls_proof_of_possession,
                    authorized_withdrawer: withdrawer,
                    inflation_rewards_commission_bps: self.0.random(),
                    block_revenue_commission_bps: self.0.random(),
                };
                (VoteInstruction::InitializeAccountV2(new), vec![w(account), s(node), w(collector), w(self.name())])
            }
        }
    }

    fn tower_instruction(&mut self) -> (VoteInstruction, Vec<AccountMeta>) {
        let tower = self.tower();
        let update = super::update(tower.clone());
        let compact = VoteInstruction::TowerSync(tower);
        let is_compact = self.chance(70) && bincode::serialize(&compact).is_ok();
        let data = if is_compact { compact } else { VoteInstruction::UpdateVoteState(update) };
        (data, super::voting())
    }

    /// Now and then one account is gone, another one, or has another flag.
    fn spoil(&mut self, mut metas: Vec<AccountMeta>) -> Vec<AccountMeta> {
        if !self.chance(20) {
            return metas;
        }
        let index = self.below(metas.len() as u64) as usize;
        match self.below(6) {
            0 => drop(metas.remove(index)),
            1 => metas[index].is_writable ^= true,
            2 => metas[index].is_signer &= self.chance(50),
            3 => metas[index].pubkey = self.name(),
            4 => metas[index] = AccountMeta::new_readonly(SYSVARS[self.below(3) as usize], false),
            _ => metas.swap(0, index),
        }
        metas
    }
}
