//! Seeded random sequences: a validator that votes by the rules of towers, now and then spoiled, while others change the
//! account's settings.

use super::{SLOT, Topic, VOTER, as_v1_14_11, as_v3, fresh, slot_vote, slot_voting, vote, voting, withdrawing};
use crate::{
    case::{Case, Expect, address, r, rs, w},
    environment::slot_hash,
    topics::fees::limit,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_sdk_ids::sysvar;
use solana_vote_interface::{
    instruction::{CommissionKind, VoteInstruction},
    state::{Lockout, TowerSync, VoteAuthorize, VoteStateVersions},
};
use std::collections::VecDeque;

const SEQUENCES: u64 = 16;
const TRANSACTIONS_PER_SEQUENCE: u32 = 14;

pub(super) fn cases(topic: &Topic) -> Vec<Case> {
    (0..SEQUENCES).map(|seed| sequence(topic, seed)).collect()
}

/// A validator's tower, by the rules that it votes by.
#[derive(Clone)]
struct Validator {
    random: ChaCha8Rng,
    votes: VecDeque<Lockout>,
    root: Option<u64>,
    /// The slot voted for last.
    slot: u64,
}

impl Validator {
    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    /// Votes for a slot a little later; false when there is none left.
    fn vote(&mut self) -> bool {
        let step = if self.chance(10) { self.random.random_range(5..40) } else { self.random.random_range(1..4) };
        let slot = self.slot + step;
        if slot >= SLOT {
            return false;
        }
        self.slot = slot;
        while self.votes.back().is_some_and(|vote| !vote.is_locked_out_at_slot(slot)) {
            self.votes.pop_back();
        }
        if self.votes.len() == 31 {
            self.root = self.votes.pop_front().map(|vote| vote.slot());
        }
        self.votes.push_back(Lockout::new(slot));
        let height = self.votes.len();
        for (depth, vote) in self.votes.iter_mut().enumerate() {
            if height > depth + vote.confirmation_count() as usize {
                vote.increase_confirmation_count(1);
            }
        }
        true
    }

    fn tower(&mut self) -> TowerSync {
        TowerSync {
            lockouts: self.votes.clone(),
            root: self.root,
            hash: Hash::new_from_array(slot_hash(self.slot)),
            timestamp: self.chance(50).then(|| 1_700_000_000 + (self.slot + 1_000 - SLOT) as i64),
            block_id: Hash::default(),
        }
    }

    /// Changes one thing of a tower that the compact form can still hold.
    fn spoil(&mut self, tower: &mut TowerSync) {
        let index = self.random.random_range(0..tower.lockouts.len());
        let (slot, count) = (tower.lockouts[index].slot(), tower.lockouts[index].confirmation_count());
        let mut set = |slot, count| tower.lockouts[index] = Lockout::new_with_confirmation_count(slot, count);
        match self.random.random_range(0..8) {
            0 => set(slot, count + 1),
            1 => set(slot, count.saturating_sub(1)),
            2 => set(slot + 1, count),
            3 => set(slot - 1, count),
            4 => drop(tower.lockouts.remove(index)),
            5 => tower.root = tower.root.map_or(Some(slot), |root| Some(root + 1)),
            6 => tower.hash = Hash::default(),
            _ => tower.root = None,
        }
    }

    fn carried(&mut self, tower: TowerSync) -> Instruction {
        let update = super::update(tower.clone());
        let data = match self.random.random_range(0..10) {
            0 => VoteInstruction::UpdateVoteState(update),
            1 if bincode::serialize(&VoteInstruction::CompactUpdateVoteState(update.clone())).is_ok() => {
                VoteInstruction::CompactUpdateVoteState(update)
            }
            _ if bincode::serialize(&VoteInstruction::TowerSync(tower.clone())).is_ok() => {
                VoteInstruction::TowerSync(tower)
            }
            _ => VoteInstruction::UpdateVoteState(update),
        };
        vote(&data, voting())
    }

    /// Something that the withdrawer does.
    fn setting(&mut self) -> Instruction {
        match self.random.random_range(0..5) {
            0 => vote(&VoteInstruction::UpdateCommission(self.random.random()), withdrawing()),
            1 => {
                let kind =
                    if self.chance(70) { CommissionKind::InflationRewards } else { CommissionKind::BlockRevenue };
                let commission_bps = self.random.random();
                vote(&VoteInstruction::UpdateCommissionBps { commission_bps, kind }, withdrawing())
            }
            2 => {
                let lamports = self.random.random_range(0..500_000_000);
                let metas = vec![w(address("vote")), w(address("payer")), rs(address("withdrawer"))];
                vote(&VoteInstruction::Withdraw(lamports), metas)
            }
            3 => {
                let metas = vec![w(address("vote")), r(sysvar::clock::ID), rs(address("withdrawer"))];
                vote(&VoteInstruction::Authorize(address("voter"), VoteAuthorize::Voter), metas)
            }
            _ => vote(&VoteInstruction::UpdateValidatorIdentity, withdrawing()),
        }
    }
}

pub(super) fn sequence(topic: &Topic, seed: u64) -> Case {
    let name = format!("sequence {seed}");
    let mut case = match seed % 4 {
        0 => topic.stored(&name, &as_v3(&fresh()), super::SPACE),
        1 => topic.stored(&name, &as_v1_14_11(&fresh()), super::SPACE_V1_14_11),
        _ => topic.stored(&name, &VoteStateVersions::new_v4(fresh()), super::SPACE),
    };
    let random = ChaCha8Rng::seed_from_u64(0x766f_7465 + seed);
    let start = SLOT - [520, 300, 120, 60][(seed / 4 % 4) as usize];
    let mut validator = Validator { random, votes: VecDeque::new(), root: None, slot: start };
    for number in 0..TRANSACTIONS_PER_SEQUENCE {
        // A limit of its own keeps every transaction apart from the others.
        let unique = limit(200_000 + number);
        if validator.chance(15) {
            case = case.legacy(Expect::Anything, &super::WITHDRAWER, &[unique, validator.setting()]);
            continue;
        }
        let before = validator.clone();
        for _ in 0..validator.random.random_range(1..6) {
            validator.vote();
        }
        if validator.votes.is_empty() {
            continue;
        }
        if validator.chance(8) {
            let age = SLOT - validator.slot;
            let one = vote(&VoteInstruction::Vote(slot_vote(&[age])), slot_voting());
            case = case.legacy(Expect::Anything, &VOTER, &[unique, one]);
            continue;
        }
        let mut tower = validator.tower();
        let is_spoiled = validator.chance(40);
        if is_spoiled {
            validator.spoil(&mut tower);
            (validator.votes, validator.root, validator.slot) = (before.votes, before.root, before.slot);
        }
        let one = validator.carried(tower);
        case = case.legacy(Expect::Anything, &VOTER, &[unique, one]);
    }
    case
}
