//! The four instructions that name another voter or withdrawer, with BLS keys and without.

use super::{BLS, Topic, VOTER, WITHDRAWER, as_v1_14_11, as_v3, base, bls_key, fresh, vote};
use crate::{
    case::{Case, Expect, address, r, rs, w},
    topics::fees::limit,
};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::{system_program, sysvar};
use solana_vote_interface::{
    authorized_voters::AuthorizedVoters,
    instruction::VoteInstruction,
    state::{
        VoteAuthorize, VoteAuthorizeCheckedWithSeedArgs, VoteAuthorizeWithSeedArgs, VoteStateV4, VoterWithBLSArgs,
    },
};

pub(super) fn cases(topic: &Topic) -> Vec<Case> {
    let mut cases = plain(topic);
    cases.extend(epochs(topic));
    cases.extend(checked(topic));
    cases.extend(seeds(topic));
    cases.extend(bls(topic));
    cases
}

fn metas(signer: &str) -> Vec<AccountMeta> {
    vec![w(address("vote")), r(sysvar::clock::ID), rs(address(signer))]
}

fn authorize(what: VoteAuthorize, signer: &str) -> Instruction {
    vote(&VoteInstruction::Authorize(address("new"), what), metas(signer))
}

fn plain(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| topic.case(&format!("authorize_{name}"));
    let (voter, withdrawer) = (VoteAuthorize::Voter, VoteAuthorize::Withdrawer);
    let data = VoteInstruction::Authorize(address("new"), voter);
    let stranger = ["payer", "stranger"];
    vec![
        case("voter_by_withdrawer").ok(&WITHDRAWER, &[authorize(voter, "withdrawer")]),
        case("voter_by_voter").ok(&VOTER, &[authorize(voter, "voter")]),
        case("voter_by_stranger").fails(&stranger, &[authorize(voter, "stranger")]),
        case("voter_by_nobody").fails(&["payer"], &[vote(&data, vec![w(address("vote")), r(sysvar::clock::ID)])]),
        case("voter_twice")
            .ok(&WITHDRAWER, &[authorize(voter, "withdrawer")])
            .fails(&WITHDRAWER, &[limit(300_000), authorize(voter, "withdrawer")]),
        case("withdrawer_by_withdrawer")
            .ok(&WITHDRAWER, &[authorize(withdrawer, "withdrawer")])
            .fails(&WITHDRAWER, &[limit(300_000), authorize(withdrawer, "withdrawer")]),
        case("withdrawer_by_voter").fails(&VOTER, &[authorize(withdrawer, "voter")]),
        case("both").ok(&WITHDRAWER, &[authorize(voter, "withdrawer"), authorize(withdrawer, "withdrawer")]),
        case("no_clock").fails(&WITHDRAWER, &[vote(&data, vec![w(address("vote")), rs(address("withdrawer"))])]),
        case("another_sysvar").fails(
            &WITHDRAWER,
            &[vote(&data, vec![w(address("vote")), r(sysvar::rent::ID), rs(address("withdrawer"))])],
        ),
        case("one_account").fails(&["payer"], &[vote(&data, vec![w(address("vote"))])]),
        case("read_only").fails(
            &WITHDRAWER,
            &[vote(&data, vec![r(address("vote")), r(sysvar::clock::ID), rs(address("withdrawer"))])],
        ),
        topic.stored("authorize_v3", &as_v3(&base()), super::SPACE).ok(&VOTER, &[authorize(voter, "voter")]),
        topic
            .stored("authorize_v1_14_11", &as_v1_14_11(&base()), super::SPACE_V1_14_11)
            .ok(&WITHDRAWER, &[authorize(withdrawer, "withdrawer")]),
    ]
}

fn epochs(topic: &Topic) -> Vec<Case> {
    let with = |name: &str, entries: &[(u64, &str)]| {
        let mut authorized_voters = AuthorizedVoters::default();
        for (epoch, voter) in entries {
            authorized_voters.insert(*epoch, address(voter));
        }
        topic.with(&format!("authorize_epochs_{name}"), VoteStateV4 { authorized_voters, ..fresh() })
    };
    let by = |signer: &str| authorize(VoteAuthorize::Voter, signer);
    vec![
        with("old", &[(1, "voter")]).ok(&VOTER, &[by("voter")]),
        with("old_by_withdrawer", &[(1, "voter")]).ok(&WITHDRAWER, &[by("withdrawer")]),
        with("last_and_this", &[(3, "a"), (4, "b"), (5, "voter"), (6, "c")]).ok(&VOTER, &[by("voter")]),
        with("taken", &[(5, "voter"), (7, "a")]).fails(&WITHDRAWER, &[by("withdrawer")]),
        with("later_is_set", &[(5, "voter"), (8, "a")]).ok(&WITHDRAWER, &[by("withdrawer")]),
        with("only_future", &[(6, "voter")]).fails(&WITHDRAWER, &[by("withdrawer")]),
        with("none", &[]).fails(&WITHDRAWER, &[by("withdrawer")]),
        with("withdrawer_without_voters", &[]).ok(&WITHDRAWER, &[authorize(VoteAuthorize::Withdrawer, "withdrawer")]),
        with("last_slot", &[(5, "voter")]).slot(6 * 432_000 - 1).ok(&VOTER, &[by("voter")]),
        with("another_epoch", &[(5, "voter"), (7, "a")]).slot(9 * 432_000).ok(&["payer", "a"], &[by("a")]),
    ]
}

fn checked(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| topic.case(&format!("authorize_checked_{name}"));
    let with = |what: VoteAuthorize, accounts| vote(&VoteInstruction::AuthorizeChecked(what), accounts);
    let metas = |signer: &str| [metas(signer), vec![rs(address("new"))]].concat();
    let (voter, withdrawer) = (VoteAuthorize::Voter, VoteAuthorize::Withdrawer);
    vec![
        case("voter").ok(&["payer", "voter", "new"], &[with(voter, metas("voter"))]),
        case("withdrawer").ok(&["payer", "withdrawer", "new"], &[with(withdrawer, metas("withdrawer"))]),
        case("by_new").fails(&["payer", "new"], &[with(voter, metas("new"))]),
        case("new_not_signing").fails(
            &WITHDRAWER,
            &[with(voter, [super::authorize::metas("withdrawer"), vec![r(address("new"))]].concat())],
        ),
        case("three_accounts").fails(&WITHDRAWER, &[with(voter, super::authorize::metas("withdrawer"))]),
        case("no_clock").fails(
            &["payer", "withdrawer", "new"],
            &[with(
                voter,
                vec![w(address("vote")), r(sysvar::rent::ID), rs(address("withdrawer")), rs(address("new"))],
            )],
        ),
    ]
}

const SEED: &str = "vote authority";

fn derived(seed: &str, owner: &Address) -> Address {
    Address::create_with_seed(&address("base"), seed, owner).expect("a valid seed")
}

fn seeded(what: VoteAuthorize, owner: Address, seed: &str) -> VoteInstruction {
    VoteInstruction::AuthorizeWithSeed(VoteAuthorizeWithSeedArgs {
        authorization_type: what,
        current_authority_derived_key_owner: owner,
        current_authority_derived_key_seed: seed.to_owned(),
        new_authority: address("new"),
    })
}

fn seeded_checked(what: VoteAuthorize, owner: Address, seed: &str) -> VoteInstruction {
    VoteInstruction::AuthorizeCheckedWithSeed(VoteAuthorizeCheckedWithSeedArgs {
        authorization_type: what,
        current_authority_derived_key_owner: owner,
        current_authority_derived_key_seed: seed.to_owned(),
    })
}

fn seeds(topic: &Topic) -> Vec<Case> {
    let owner = system_program::ID;
    let state = VoteStateV4 {
        authorized_withdrawer: derived(SEED, &owner),
        authorized_voters: AuthorizedVoters::new(5, derived("voter", &owner)),
        ..base()
    };
    let case = |name: &str| topic.with(&format!("authorize_seed_{name}"), state.clone());
    let (voter, withdrawer) = (VoteAuthorize::Voter, VoteAuthorize::Withdrawer);
    let base = ["payer", "base"];
    let with = |data| vote(&data, metas("base"));
    let checked_metas = || [metas("base"), vec![rs(address("new"))]].concat();
    let both = ["payer", "base", "new"];
    let mut marker = [5; 32];
    marker[11..].copy_from_slice(b"ProgramDerivedAddress");
    let long = "s".repeat(33);
    let unsigned = || vec![w(address("vote")), r(sysvar::clock::ID), r(address("base"))];
    vec![
        case("voter").ok(&base, &[with(seeded(voter, owner, "voter"))]),
        case("voter_by_withdrawer").ok(&base, &[with(seeded(voter, owner, SEED))]),
        case("withdrawer").ok(&base, &[with(seeded(withdrawer, owner, SEED))]),
        case("withdrawer_by_voter").fails(&base, &[with(seeded(withdrawer, owner, "voter"))]),
        case("other_seed").fails(&base, &[with(seeded(voter, owner, "other"))]),
        case("other_owner").fails(&base, &[with(seeded(voter, address("owner"), "voter"))]),
        case("seed_too_long").fails(&base, &[with(seeded(voter, owner, &long))]),
        case("seed_of_32").fails(&base, &[with(seeded(voter, owner, &long[1..]))]),
        case("owner_is_marker").fails(&base, &[with(seeded(voter, Address::new_from_array(marker), "voter"))]),
        case("base_not_signing").fails(&["payer"], &[vote(&seeded(voter, owner, "voter"), unsigned())]),
        case("base_not_signing_seed_too_long").fails(&["payer"], &[vote(&seeded(voter, owner, &long), unsigned())]),
        case("two_accounts").fails(&["payer"], &[vote(&seeded(voter, owner, "voter"), unsigned()[..2].to_vec())]),
        case("no_clock").fails(
            &base,
            &[vote(&seeded(voter, owner, "voter"), vec![w(address("vote")), r(sysvar::rent::ID), rs(address("base"))])],
        ),
        topic
            .case("authorize_seed_of_plain_authority")
            .fails(&["payer", "withdrawer"], &[vote(&seeded(voter, owner, "voter"), metas("withdrawer"))]),
        case("checked_voter").ok(&both, &[vote(&seeded_checked(voter, owner, "voter"), checked_metas())]),
        case("checked_withdrawer").ok(&both, &[vote(&seeded_checked(withdrawer, owner, SEED), checked_metas())]),
        case("checked_other_seed").fails(&both, &[vote(&seeded_checked(voter, owner, "x"), checked_metas())]),
        case("checked_new_not_signing").fails(
            &base,
            &[vote(&seeded_checked(voter, owner, "voter"), [metas("base"), vec![r(address("new"))]].concat())],
        ),
        case("checked_three_accounts").fails(&base, &[vote(&seeded_checked(voter, owner, "voter"), metas("base"))]),
    ]
}

fn bls(topic: &Topic) -> Vec<Case> {
    let keyed = || VoteStateV4 { bls_pubkey_compressed: Some(bls_key("old").bls_pubkey), ..base() };
    let case = |name: &str| topic.with(&format!("authorize_bls_{name}"), keyed());
    let new = |name: &str| topic.case(&format!("authorize_bls_{name}"));
    let with = |key: VoterWithBLSArgs, signer: &str| authorize(VoteAuthorize::VoterWithBLS(key), signer);
    let proof_of_other =
        VoterWithBLSArgs { bls_proof_of_possession: bls_key("b").bls_proof_of_possession, ..bls_key("a") };
    let mut broken = bls_key("a");
    broken.bls_proof_of_possession[5] ^= 1;
    let mut infinite = VoterWithBLSArgs::default();
    (infinite.bls_pubkey[0], infinite.bls_proof_of_possession[0]) = (0xc0, 0xc0);
    let ours = VoteAuthorize::VoterWithBLS(bls_key("a"));
    let off = [(BLS, false)];
    vec![
        new("first").ok(&VOTER, &[with(bls_key("a"), "voter")]),
        case("next").ok(&WITHDRAWER, &[with(bls_key("a"), "withdrawer")]),
        case("voter_alone").fails(&VOTER, &[authorize(VoteAuthorize::Voter, "voter")]),
        case("voter_alone_by_stranger").fails(&["payer", "x"], &[authorize(VoteAuthorize::Voter, "x")]),
        case("withdrawer").ok(&WITHDRAWER, &[authorize(VoteAuthorize::Withdrawer, "withdrawer")]),
        case("by_stranger").fails(&["payer", "x"], &[with(bls_key("a"), "x")]),
        case("proof_of_other").fails(&VOTER, &[with(proof_of_other, "voter")]),
        case("proof_broken").fails(&VOTER, &[with(broken, "voter")]),
        case("zeros").fails(&VOTER, &[with(VoterWithBLSArgs::default(), "voter")]),
        case("infinity").fails(&VOTER, &[with(infinite, "voter")]),
        case("out_of_units").fails(&VOTER, &[limit(30_000), with(bls_key("a"), "voter")]),
        case("units_just_enough").ok(&VOTER, &[limit(2_100 + 34_500 + 150), with(bls_key("a"), "voter")]),
        case("twice").fails(&VOTER, &[with(bls_key("a"), "voter"), with(bls_key("b"), "voter")]),
        case("checked").ok(
            &["payer", "voter", "new"],
            &[vote(&VoteInstruction::AuthorizeChecked(ours), [metas("voter"), vec![rs(address("new"))]].concat())],
        ),
        topic
            .with(
                "authorize_bls_seed",
                VoteStateV4 { authorized_withdrawer: derived(SEED, &system_program::ID), ..keyed() },
            )
            .ok(&["payer", "base"], &[vote(&seeded(ours, system_program::ID, SEED), metas("base"))])
            .legacy(
                Expect::Failure,
                &["payer", "base", "new"],
                &[vote(
                    &seeded_checked(ours, system_program::ID, SEED),
                    [metas("base"), vec![rs(address("new"))]].concat(),
                )],
            ),
        case("gate_off_voter").gates(&off).ok(&VOTER, &[authorize(VoteAuthorize::Voter, "voter")]),
        case("gate_off_key").gates(&off).fails(&VOTER, &[with(bls_key("a"), "voter")]),
        topic.stored("authorize_bls_v3", &as_v3(&base()), super::SPACE).ok(&VOTER, &[with(bls_key("a"), "voter")]),
    ]
}
