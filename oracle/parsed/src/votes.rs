//! The vote program.

use rand_chacha::ChaCha8Rng;
use solana_hash::Hash;
use solana_pubkey::Pubkey;
use solana_vote_interface::{
    instruction::{CommissionKind, VoteInstruction},
    state::{
        Lockout, TowerSync, Vote, VoteAuthorize, VoteAuthorizeCheckedWithSeedArgs, VoteAuthorizeWithSeedArgs, VoteInit,
        VoteInitV2, VoteStateUpdate, VoterWithBLSArgs,
    },
};

use crate::{Case, shape};

pub fn cases(random: &mut ChaCha8Rng) -> Vec<Case> {
    let instructions = [authorities(random), towers(random), commissions(random)].concat();
    instructions
        .into_iter()
        .map(|(account_count, call)| Case {
            program: solana_sdk_ids::vote::ID,
            data: bincode::serialize(&call).unwrap(),
            account_count,
            is_variant: false,
        })
        .collect()
}

fn key(random: &mut ChaCha8Rng) -> Pubkey {
    Pubkey::try_from(shape::bytes(random, 32).as_slice()).unwrap()
}

fn hash(random: &mut ChaCha8Rng) -> Hash {
    Hash::new_from_array(shape::bytes(random, 32).try_into().unwrap())
}

fn authorities(random: &mut ChaCha8Rng) -> Vec<(usize, VoteInstruction)> {
    use VoteInstruction as V;
    let bls = VoteAuthorize::VoterWithBLS(VoterWithBLSArgs {
        bls_pubkey: shape::bytes(random, 48).try_into().unwrap(),
        bls_proof_of_possession: shape::bytes(random, 96).try_into().unwrap(),
    });
    let mut calls = Vec::new();
    for kind in [VoteAuthorize::Voter, VoteAuthorize::Withdrawer, bls] {
        calls.push((3, V::Authorize(key(random), kind)));
        calls.push((4, V::AuthorizeChecked(kind)));
        calls.push((
            3,
            V::AuthorizeWithSeed(VoteAuthorizeWithSeedArgs {
                authorization_type: kind,
                current_authority_derived_key_owner: key(random),
                current_authority_derived_key_seed: "seed".to_owned(),
                new_authority: key(random),
            }),
        ));
        calls.push((
            4,
            V::AuthorizeCheckedWithSeed(VoteAuthorizeCheckedWithSeedArgs {
                authorization_type: kind,
                current_authority_derived_key_owner: key(random),
                current_authority_derived_key_seed: String::new(),
            }),
        ));
    }
    calls
}

fn towers(random: &mut ChaCha8Rng) -> Vec<(usize, VoteInstruction)> {
    use VoteInstruction as V;
    let mut calls = Vec::new();
    for (root, timestamp) in [(Some(300_000_000), Some(1_700_000_000)), (None, None)] {
        let vote = Vote { slots: vec![1, 2, 3_000_000_000], hash: hash(random), timestamp };
        let first = root.unwrap_or_default();
        let lockouts = [1, 2, 300, 100_000].map(|distance| Lockout::new_with_confirmation_count(first + distance, 31));
        let update = VoteStateUpdate { lockouts: lockouts.into(), root, hash: hash(random), timestamp };
        let sync = TowerSync { lockouts: lockouts.into(), root, hash: hash(random), timestamp, block_id: hash(random) };
        calls.push((4, V::Vote(vote.clone())));
        calls.push((4, V::VoteSwitch(vote, hash(random))));
        calls.push((2, V::UpdateVoteState(update.clone())));
        calls.push((2, V::UpdateVoteStateSwitch(update.clone(), hash(random))));
        calls.push((2, V::CompactUpdateVoteState(update.clone())));
        calls.push((2, V::CompactUpdateVoteStateSwitch(update, hash(random))));
        calls.push((2, V::TowerSync(sync.clone())));
        calls.push((2, V::TowerSyncSwitch(sync, hash(random))));
    }
    calls.push((2, V::TowerSync(TowerSync { hash: hash(random), ..TowerSync::default() })));
    calls
}

fn commissions(random: &mut ChaCha8Rng) -> Vec<(usize, VoteInstruction)> {
    use VoteInstruction as V;
    let init = VoteInit {
        node_pubkey: key(random),
        authorized_voter: key(random),
        authorized_withdrawer: key(random),
        commission: 7,
    };
    let init_v2 = VoteInitV2 {
        node_pubkey: key(random),
        authorized_voter: key(random),
        authorized_voter_bls_pubkey: shape::bytes(random, 48).try_into().unwrap(),
        authorized_voter_bls_proof_of_possession: shape::bytes(random, 96).try_into().unwrap(),
        authorized_withdrawer: key(random),
        inflation_rewards_commission_bps: 10_000,
        block_revenue_commission_bps: 1,
    };
    vec![
        (4, V::InitializeAccount(init)),
        (4, V::InitializeAccountV2(init_v2)),
        (3, V::Withdraw(5)),
        (3, V::UpdateValidatorIdentity),
        (2, V::UpdateCommission(100)),
        (3, V::UpdateCommissionCollector(CommissionKind::InflationRewards)),
        (3, V::UpdateCommissionCollector(CommissionKind::BlockRevenue)),
        (2, V::UpdateCommissionBps { commission_bps: 10_000, kind: CommissionKind::BlockRevenue }),
        (2, V::UpdateCommissionBps { commission_bps: 0, kind: CommissionKind::InflationRewards }),
        (2, V::DepositDelegatorRewards { deposit: u64::MAX }),
    ]
}
