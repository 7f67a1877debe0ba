//! Instruction data that is none, is cut short, goes on, or is longer than is decoded.

use super::{SLOT, Topic, VOTER, base, bls_key, fresh, hash, slot, slot_vote, tower, update, voting};
use crate::case::{Case, Expect, address, instruction, r, rs, w};
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_message::v1::TransactionConfig;
use solana_sdk_ids::{system_program, vote as vote_program};
use solana_vote_interface::{
    instruction::{CommissionKind, VoteInstruction},
    state::{
        Lockout, TowerSync, VoteAuthorize, VoteAuthorizeCheckedWithSeedArgs, VoteAuthorizeWithSeedArgs, VoteInit,
        VoteInitV2,
    },
};

pub(super) fn cases(topic: &Topic) -> Vec<Case> {
    let mut cases = bytes(topic);
    cases.extend(cut(topic));
    cases.extend(varints(topic));
    cases.extend(limits(topic));
    cases
}

fn raw(data: &[u8]) -> Instruction {
    instruction(vote_program::ID, voting(), data)
}

fn tagged(tag: u32, rest: &[&[u8]]) -> Instruction {
    raw(&[&tag.to_le_bytes(), rest.concat().as_slice()].concat())
}

fn bytes(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| topic.case(&format!("malformed_{name}"));
    let key = [7; 32];
    vec![
        case("empty").fails(&VOTER, &[raw(&[])]),
        case("three_bytes").fails(&VOTER, &[raw(&[14, 0, 0])]),
        case("unknown_tag").fails(&VOTER, &[tagged(20, &[&[0; 100]])]),
        case("huge_tag").fails(&VOTER, &[tagged(u32::MAX, &[&[0; 100]])]),
        case("authority_kind").fails(&VOTER, &[tagged(1, &[&key, &3u32.to_le_bytes()])]),
        case("commission_kind").fails(&VOTER, &[tagged(17, &[&2u32.to_le_bytes()])]),
        case("commission_bps_kind").fails(&VOTER, &[tagged(18, &[&[1, 1], &9u32.to_le_bytes()])]),
        case("vote_count").fails(&VOTER, &[tagged(2, &[&u64::MAX.to_le_bytes()])]),
        case("lockout_count").fails(&VOTER, &[tagged(8, &[&(1u64 << 60).to_le_bytes(), &[0; 60]])]),
        case("time_flag").fails(&VOTER, &[tagged(2, &[&0u64.to_le_bytes(), &key, &[2]])]),
        case("seed_not_utf8")
            .fails(&VOTER, &[tagged(10, &[&0u32.to_le_bytes(), &key, &2u64.to_le_bytes(), &[0xff, 0xfe], &key])]),
        case("seed_length").fails(&VOTER, &[tagged(10, &[&0u32.to_le_bytes(), &key, &u64::MAX.to_le_bytes(), &key])]),
        case("owner_before_data")
            .fails(&VOTER, &[instruction(vote_program::ID, vec![w(address("payer")), rs(address("voter"))], [9])]),
        case("read_only_and_empty")
            .fails(&VOTER, &[instruction(vote_program::ID, vec![r(address("vote")), rs(address("voter"))], [])]),
    ]
}

/// One of each kind.
fn every_kind() -> Vec<(&'static str, VoteInstruction)> {
    let tower = || tower(&[(10, 4), (9, 3), (8, 2), (7, 1)], Some(20));
    let proof = Hash::new_from_array([3; 32]);
    let authority = VoteAuthorize::VoterWithBLS(bls_key("a"));
    let timed = TowerSync { timestamp: Some(1), ..tower() };
    vec![
        ("initialize", VoteInstruction::InitializeAccount(VoteInit::default())),
        ("authorize", VoteInstruction::Authorize(address("new"), authority)),
        ("vote", VoteInstruction::Vote(slot_vote(&[3]))),
        ("withdraw", VoteInstruction::Withdraw(1)),
        ("commission", VoteInstruction::UpdateCommission(1)),
        ("vote_switch", VoteInstruction::VoteSwitch(slot_vote(&[3]), proof)),
        ("authorize_checked", VoteInstruction::AuthorizeChecked(authority)),
        ("update", VoteInstruction::UpdateVoteState(update(timed.clone()))),
        ("update_switch", VoteInstruction::UpdateVoteStateSwitch(update(tower()), proof)),
        (
            "authorize_seed",
            VoteInstruction::AuthorizeWithSeed(VoteAuthorizeWithSeedArgs {
                authorization_type: VoteAuthorize::Voter,
                current_authority_derived_key_owner: system_program::ID,
                current_authority_derived_key_seed: "seed".to_owned(),
                new_authority: address("new"),
            }),
        ),
        (
            "authorize_checked_seed",
            VoteInstruction::AuthorizeCheckedWithSeed(VoteAuthorizeCheckedWithSeedArgs {
                authorization_type: VoteAuthorize::Voter,
                current_authority_derived_key_owner: system_program::ID,
                current_authority_derived_key_seed: "seed".to_owned(),
            }),
        ),
        ("compact", VoteInstruction::CompactUpdateVoteState(update(timed.clone()))),
        ("compact_switch", VoteInstruction::CompactUpdateVoteStateSwitch(update(tower()), proof)),
        ("tower_sync", VoteInstruction::TowerSync(timed)),
        ("tower_sync_switch", VoteInstruction::TowerSyncSwitch(tower(), proof)),
        ("initialize_v2", VoteInstruction::InitializeAccountV2(VoteInitV2::default())),
        ("collector", VoteInstruction::UpdateCommissionCollector(CommissionKind::BlockRevenue)),
        (
            "basis_points",
            VoteInstruction::UpdateCommissionBps { commission_bps: 1, kind: CommissionKind::InflationRewards },
        ),
        ("deposit", VoteInstruction::DepositDelegatorRewards { deposit: 1 }),
    ]
}

/// Each kind without its last byte, and with bytes after it.
fn cut(topic: &Topic) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, data) in every_kind() {
        let data = bincode::serialize(&data).expect("a vote instruction has a binary form");
        let longer = [data.as_slice(), &[0xff; 9]].concat();
        cases.push(topic.case(&format!("cut_{name}")).fails(&VOTER, &[raw(&data[..data.len() - 1])]).legacy(
            Expect::Anything,
            &VOTER,
            &[raw(&longer)],
        ));
    }
    cases
}

/// Compact towers whose variable-size integers are written in other ways.
fn varints(topic: &Topic) -> Vec<Case> {
    let root = slot(20).to_le_bytes();
    let none = u64::MAX.to_le_bytes();
    let end = [hash(1).to_bytes().as_slice(), &[0], &[9; 32]].concat();
    let case = |name: &str, expect: Expect, root: &[u8], votes: &[u8]| {
        topic.with(&format!("varint_{name}"), fresh()).legacy(expect, &VOTER, &[tagged(14, &[root, votes, &end])])
    };
    let (ok, fails) = (Expect::Success, Expect::Failure);
    vec![
        case("plain", ok, &root, &[1, 19, 1]),
        case("count_padded", fails, &root, &[0x81, 0, 19, 1]),
        case("count_three_bytes", fails, &root, &[0x81, 0x80, 0, 19, 1]),
        case("count_overflows", fails, &root, &[0x81, 0x80, 4, 19, 1]),
        case("count_four_bytes", fails, &root, &[0x81, 0x80, 0x80, 0, 19, 1]),
        case("count_is_more", fails, &root, &[0xff, 1, 19, 1]),
        case("distance_padded", fails, &root, &[1, 0x93, 0, 1]),
        case("distance_zero", fails, &root, &[1, 0, 1]),
        case("distance_ten_bytes", fails, &root, &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1]),
        case("distance_cut_bits", fails, &root, &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 3, 1]),
        case(
            "distance_eleven_bytes",
            fails,
            &root,
            &[1, 0x93, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 1],
        ),
        case("sum_overflows", fails, &root, &[2, 19, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1]),
        case("no_root", ok, &none, &[&[1], varint(SLOT - 1).as_slice(), &[1]].concat()),
    ]
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// 1,232 bytes are decoded, although a v1 transaction has room for more.
fn limits(topic: &Topic) -> Vec<Case> {
    let config = || TransactionConfig {
        compute_unit_limit: Some(10_000),
        loaded_accounts_data_size_limit: Some(1 << 20),
        ..Default::default()
    };
    let votes = |count: u64| {
        let lockouts: Vec<_> =
            (1..=count).rev().map(|age| Lockout::new_with_confirmation_count(slot(age), age as u32)).collect();
        TowerSync { lockouts: lockouts.into(), ..tower(&[(1, 1)], None) }
    };
    let update = |count| VoteInstruction::UpdateVoteState(update(votes(count)));
    let case = |name: &str, data: &VoteInstruction, tail: usize| {
        let mut data = bincode::serialize(data).expect("a vote instruction has a binary form");
        data.resize(data.len() + tail, 0);
        let one = instruction(vote_program::ID, voting(), data);
        topic.with(&format!("limit_{name}"), base()).v1(Expect::Failure, &VOTER, config(), &[one])
    };
    vec![
        // 4 + 8 + 98 * 12 + 1 + 32 + 1 bytes are 1,222, with one lockout more 1,234.
        case("98_lockouts", &update(98), 0),
        case("99_lockouts", &update(99), 0),
        case("tail_beyond", &update(31), 2_000),
    ]
}
