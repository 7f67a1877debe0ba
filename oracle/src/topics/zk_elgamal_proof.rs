//! The zk-elgamal-proof program: each kind of proof, valid and corrupted, from instruction data and from an account, and
//! the context states that keep what was proved.
//!
//! The proofs are bytes in `zk_proofs.txt`; `examples/zk_proofs.rs` made them.

use super::{fees::limit, system::create};
use crate::{
    case::{Case, Expect, SOL, account, address, instruction, r, rs, system_account, w, ws},
    environment::Environment,
};
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_message::v1::TransactionConfig;
use solana_sdk_ids::{bpf_loader, system_program, zk_elgamal_proof_program::ID};

const PROOFS: &str = include_str!("../../zk_proofs.txt");

/// A program that calls its first account with its own instruction data and the accounts after it; its text is in
/// `programs/tests/zk_elgamal_proof.rs`.
const FORWARD: &str = include_str!("../../forward.hex");

/// Authority and kind, before the statement of a context state.
const HEADER_SPACE: usize = 33;

/// Instruction data beyond this goes into v1 transactions, which have room.
const LEGACY_DATA_BYTES_MAX: usize = 850;

/// Size of the points and scalars that proofs and statements are made of.
const UNIT_BYTES: usize = 32;

/// (proof, its instruction's tag, bytes of its statement, compute units).
const KINDS: &[(&str, u8, usize, u32)] = &[
    ("zero_ciphertext", 1, 96, 6_000),
    ("ciphertext_ciphertext_equality", 2, 192, 8_000),
    ("ciphertext_commitment_equality", 3, 128, 6_400),
    ("pubkey_validity", 4, 32, 2_600),
    ("percentage_with_cap_below", 5, 104, 6_500),
    ("percentage_with_cap_at", 5, 104, 6_500),
    ("range_u64_one", 6, 264, 111_000),
    ("range_u64_eight", 6, 264, 111_000),
    ("range_u64_mixed", 6, 264, 111_000),
    ("range_u128_two", 7, 264, 200_000),
    ("range_u128_eight", 7, 264, 200_000),
    ("range_u256_four", 8, 264, 368_000),
    ("range_u256_eight", 8, 264, 368_000),
    ("grouped_2", 9, 160, 6_400),
    ("batched_grouped_2", 10, 256, 13_000),
    ("grouped_3", 11, 224, 8_100),
    ("batched_grouped_3", 12, 352, 16_400),
];

/// Proofs whose kind has another proof in [`KINDS`].
const SECOND: &[&str] =
    &["percentage_with_cap_at", "range_u64_one", "range_u64_mixed", "range_u128_eight", "range_u256_eight"];

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, tag, statement_space, units) in KINDS {
        let kind = Kind { environment, name, tag, statement_space, units, proof: proof(name) };
        cases.extend(kind.in_data());
        // Further proofs of a kind only show that they hold.
        if !SECOND.contains(&name) {
            cases.extend(kind.in_account());
            cases.extend(kind.states());
            cases.extend(kind.corrupted());
        }
    }
    cases.extend(range_statements(environment));
    cases.extend(malformed(environment));
    cases.extend(state_accounts(environment));
    cases.extend(close(environment));
    cases.extend(close_refused(environment));
    cases.extend(lifecycles(environment));
    cases.extend(called(environment));
    cases
}

/// The bytes of a named proof: statement, then what proves it.
pub fn proof(name: &str) -> Vec<u8> {
    let line = PROOFS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    from_hex(line.unwrap_or_else(|| panic!("no proof is named {name}")))
}

/// Bytes of hexadecimal digits, on any number of lines.
fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Verify `proof`, a tag's instruction.
fn verify(tag: u8, proof: &[u8], accounts: Vec<AccountMeta>) -> Instruction {
    instruction(ID, accounts, [&[tag], proof].concat())
}

/// Verify what lies at `offset` in the first of `accounts`.
fn verify_in_account(tag: u8, offset: u32, accounts: Vec<AccountMeta>) -> Instruction {
    instruction(ID, accounts, [&[tag], offset.to_le_bytes().as_slice()].concat())
}

fn send(case: Case, expect: Expect, instruction: Instruction) -> Case {
    if instruction.data.len() <= LEGACY_DATA_BYTES_MAX {
        return case.legacy(expect, &["payer"], &[limit(400_000), instruction]);
    }
    let config = TransactionConfig {
        compute_unit_limit: Some(400_000),
        loaded_accounts_data_size_limit: Some(1 << 20),
        ..TransactionConfig::default()
    };
    case.v1(expect, &["payer"], config, &[instruction])
}

fn owned(data: Vec<u8>) -> Account {
    account(SOL, data, ID)
}

/// A context state: `authority`, the mark of its kind, zeros for a statement.
fn state(authority: &str, mark: u8, statement_space: usize) -> Account {
    let mut data = address(authority).to_bytes().to_vec();
    data.push(mark);
    data.resize(HEADER_SPACE + statement_space, 0);
    owned(data)
}

fn state_metas() -> Vec<AccountMeta> {
    vec![w(address("state")), r(address("authority"))]
}

/// A way to spoil a unit, and its name.
type Change = (&'static str, fn(&mut [u8]));

/// One proof and what its instruction is known to want.
struct Kind<'a> {
    environment: &'a Environment,
    name: &'static str,
    tag: u8,
    statement_space: usize,
    units: u32,
    proof: Vec<u8>,
}

impl Kind<'_> {
    fn case(&self, name: &str) -> Case {
        Case::new(self.environment, format!("{}_{name}", self.name))
    }

    fn verify(&self) -> Instruction {
        verify(self.tag, &self.proof, vec![])
    }

    /// A case whose account `proofs` holds `before` bytes, the proof, `after` bytes.
    fn with_proof_account(&self, name: &str, before: usize, after: usize) -> Case {
        let data = [vec![0xaa; before], self.proof.clone(), vec![0xbb; after]].concat();
        self.case(name).account(address("proofs"), account(SOL, data, address("program")))
    }

    fn at(&self, offset: usize) -> Instruction {
        verify_in_account(self.tag, offset as u32, vec![r(address("proofs"))])
    }

    fn in_data(&self) -> Vec<Case> {
        let fails = Expect::Failure;
        let short = verify(self.tag, &self.proof[..self.proof.len() - 1], vec![]);
        let long = verify(self.tag, &[self.proof.as_slice(), &[0]].concat(), vec![]);
        vec![
            send(self.case("valid"), Expect::Success, self.verify()),
            send(self.case("one_account"), Expect::Success, verify(self.tag, &self.proof, vec![w(address("state"))])),
            send(self.case("byte_missing"), fails, short),
            send(self.case("byte_more"), fails, long),
            send(self.case("no_proof"), fails, verify(self.tag, &[], vec![])),
            send(self.case("reference_without_account"), fails, verify_in_account(self.tag, 0, vec![])),
        ]
    }

    fn in_account(&self) -> Vec<Case> {
        let (ok, fails) = (Expect::Success, Expect::Failure);
        let size = self.proof.len();
        let exactly = |name: &str| self.with_proof_account(name, 0, 0);
        // The limit's own instruction costs 150.
        let limited = |units: u32| [limit(units), self.at(0)];
        vec![
            send(exactly("account"), ok, self.at(0)),
            send(self.with_proof_account("account_offset", 7, 3), ok, self.at(7)),
            send(self.with_proof_account("account_offset_off_by_one", 7, 3), fails, self.at(8)),
            send(exactly("account_beyond_end"), fails, self.at(1)),
            send(exactly("account_at_end"), fails, self.at(size)),
            send(exactly("account_offset_max"), fails, self.at(u32::MAX as usize)),
            send(self.case("account_missing"), fails, self.at(0)),
            exactly("account_units_exact").ok(&["payer"], &limited(self.units + 150)),
            exactly("account_units_one_short").fails(&["payer"], &limited(self.units + 149)),
        ]
    }

    fn states(&self) -> Vec<Case> {
        let (ok, fails) = (Expect::Success, Expect::Failure);
        let empty = |space: usize| owned(vec![0; HEADER_SPACE + space]);
        let with_state = |name: &str, space: usize| self.case(name).account(address("state"), empty(space));
        let record = || verify(self.tag, &self.proof, state_metas());
        let from_account = verify_in_account(self.tag, 2, [vec![r(address("proofs"))], state_metas()].concat());
        vec![
            send(send(with_state("state", self.statement_space), ok, record()), fails, self.corrupt_record()),
            send(with_state("state_twice", self.statement_space), ok, record()).again(Expect::Rejection),
            send(with_state("state_too_small", self.statement_space - 1), fails, record()),
            send(with_state("state_too_large", self.statement_space + 1), fails, record()),
            send(
                self.with_proof_account("state_from_account", 2, 0)
                    .account(address("state"), empty(self.statement_space)),
                ok,
                from_account,
            ),
        ]
    }

    /// Records a proof that does not hold; whether the state is free is looked at only later.
    fn corrupt_record(&self) -> Instruction {
        let mut proof = self.proof.clone();
        *proof.last_mut().expect("a proof has bytes") ^= 0x01;
        verify(self.tag, &proof, state_metas())
    }

    /// Each unit flipped in its lowest bit; for the short proofs also each unit all ones and all zeros.
    fn corrupted(&self) -> Vec<Case> {
        let is_long = self.proof.len() > LEGACY_DATA_BYTES_MAX;
        let mut changes: Vec<Change> = vec![("flipped", |unit| unit[0] ^= 1)];
        if !is_long {
            changes.push(("ones", |unit| unit.fill(0xff)));
            changes.push(("zeros", |unit| unit.fill(0)));
        }
        let starts: Vec<usize> = (0..self.proof.len()).step_by(UNIT_BYTES).collect();
        changes
            .into_iter()
            .map(|(name, change)| {
                starts.iter().fold(self.case(name), |case, &start| {
                    let mut proof = self.proof.clone();
                    let end = proof.len().min(start + UNIT_BYTES);
                    change(&mut proof[start..end]);
                    send(case, Expect::Anything, verify(self.tag, &proof, vec![]))
                })
            })
            .collect()
    }
}

/// Statements of range proofs that are no list of commitments with lengths of the right sum.
fn range_statements(environment: &Environment) -> Vec<Case> {
    const LENGTHS: usize = 8 * UNIT_BYTES;
    let with = |name: &str, proof_name: &str, tag: u8, change: fn(&mut [u8])| {
        let mut proof = proof(proof_name);
        change(&mut proof);
        send(Case::new(environment, format!("range_{name}")), Expect::Failure, verify(tag, &proof, vec![]))
    };
    vec![
        with("length_zero", "range_u64_mixed", 6, |proof| proof[LENGTHS] = 0),
        with("length_65", "range_u64_one", 6, |proof| proof[LENGTHS] = 65),
        with("length_128", "range_u128_two", 7, |proof| proof[LENGTHS..LENGTHS + 2].copy_from_slice(&[128, 0])),
        with("sum_below", "range_u64_mixed", 6, |proof| proof[LENGTHS] = 31),
        with("sum_above", "range_u64_mixed", 6, |proof| proof[LENGTHS] = 33),
        with("lengths_swapped", "range_u64_mixed", 6, |proof| proof.swap(LENGTHS, LENGTHS + 1)),
        with("length_beyond_commitments", "range_u64_mixed", 6, |proof| proof[LENGTHS + 7] = 1),
        with("commitment_after_gap", "range_u64_mixed", 6, |proof| proof.copy_within(..UNIT_BYTES, 6 * UNIT_BYTES)),
        with("commitment_removed", "range_u64_eight", 6, |proof| {
            proof[7 * UNIT_BYTES..8 * UNIT_BYTES].fill(0);
            proof[LENGTHS + 7] = 0;
        }),
        with("no_commitments", "range_u64_one", 6, |proof| proof[..UNIT_BYTES].fill(0)),
        with("commitments_swapped", "range_u128_two", 7, |proof| proof[..2 * UNIT_BYTES].rotate_left(UNIT_BYTES)),
    ]
}

fn malformed(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name);
    let one = ["payer"];
    let data = |bytes: &[u8]| instruction(ID, vec![r(address("proofs"))], bytes);
    let named = |tag: u8, name: &str| verify(tag, &proof(name), vec![]);
    vec![
        case("empty").fails(&one, &[data(&[])]),
        case("tag_13").fails(&one, &[data(&[13])]),
        case("tag_255").fails(&one, &[data(&[255, 0, 0, 0, 0])]),
        case("tag_13_compute_exhausted").fails(&one, &[limit(150), data(&[13])]),
        case("four_bytes").account(address("proofs"), owned(vec![0; 200])).fails(&one, &[data(&[4, 0, 0, 0])]),
        case("six_bytes").account(address("proofs"), owned(vec![0; 200])).fails(&one, &[data(&[4, 0, 0, 0, 0, 0])]),
        case("zeros_in_account").account(address("proofs"), owned(vec![0; 200])).fails(&one, &[data(&[4, 0, 0, 0, 0])]),
        case("other_kind_of_the_same_size").fails(&one, &[named(7, "range_u64_one")]),
        case("zero_ciphertext_as_pubkey").fails(&one, &[named(4, "zero_ciphertext")]),
        case("batched_as_grouped").fails(&one, &[named(9, "batched_grouped_2")]),
        case("range_units_exhausted").fails(&one, &[limit(100_000), named(6, "pubkey_validity")]),
        case("several_proofs").ok(
            &one,
            &[named(1, "zero_ciphertext"), named(4, "pubkey_validity"), named(3, "ciphertext_commitment_equality")],
        ),
        case("second_proof_fails").fails(&one, &[named(4, "pubkey_validity"), data(&[4, 1, 2, 3])]),
    ]
}

/// Ways in which the two accounts of a context state can be wrong, with the smallest proof.
fn state_accounts(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("state_{name}"));
    let key = address("state");
    let free = || owned(vec![0; HEADER_SPACE + 32]);
    let record = |accounts| verify(4, &proof("pubkey_validity"), accounts);
    let one = ["payer"];
    let marked = |mark: u8| state("authority", mark, 32);
    let mut with_authority = vec![0; HEADER_SPACE + 32];
    with_authority[..32].fill(7);
    with_authority[33..].fill(9);
    vec![
        case("foreign_owner")
            .account(key, account(SOL, vec![0; 65], address("program")))
            .fails(&one, &[record(state_metas())]),
        case("system_owned")
            .account(key, account(SOL, vec![0; 65], system_program::ID))
            .fails(&one, &[record(state_metas())]),
        case("missing").fails(&one, &[record(state_metas())]),
        case("without_data").account(key, owned(vec![])).fails(&one, &[record(state_metas())]),
        case("shorter_than_its_header").account(key, owned(vec![0; 32])).fails(&one, &[record(state_metas())]),
        case("only_a_header").account(key, owned(vec![0; 33])).fails(&one, &[record(state_metas())]),
        case("initialised_as_the_same").account(key, marked(4)).fails(&one, &[record(state_metas())]),
        case("initialised_as_another").account(key, marked(12)).fails(&one, &[record(state_metas())]),
        case("initialised_as_unknown").account(key, marked(255)).fails(&one, &[record(state_metas())]),
        case("initialised_and_too_small").account(key, state("authority", 4, 31)).fails(&one, &[record(state_metas())]),
        case("free_but_not_zero").account(key, owned(with_authority)).ok(&one, &[record(state_metas())]),
        case("readonly").account(key, free()).fails(&one, &[record(vec![r(key), r(address("authority"))])]),
        case("readonly_and_initialised")
            .account(key, marked(4))
            .fails(&one, &[record(vec![r(key), r(address("authority"))])]),
        case("signed").account(key, free()).ok(&["payer", "state"], &[record(vec![ws(key), r(address("authority"))])]),
        case("its_own_authority").account(key, free()).ok(&one, &[record(vec![w(key), w(key)])]),
        case("authority_is_payer").account(key, free()).ok(&one, &[record(vec![w(key), rs(address("payer"))])]),
        case("authority_is_program").account(key, free()).ok(&one, &[record(vec![w(key), r(ID)])]),
        case("third_account")
            .account(key, free())
            .ok(&one, &[record(vec![w(key), r(address("authority")), w(address("more"))])]),
        case("is_the_proof_account")
            .account(key, owned(vec![0; 65]))
            .fails(&one, &[verify_in_account(4, 0, vec![w(key), w(key), r(address("authority"))])]),
        case("reference_with_two_accounts")
            .account(address("proofs"), account(SOL, proof("pubkey_validity"), address("program")))
            .ok(&one, &[verify_in_account(4, 0, vec![r(address("proofs")), w(address("missing state"))])]),
        case("poor").account(key, Account { lamports: 1, ..free() }).ok(&one, &[record(state_metas())]),
    ]
}

fn closing(metas: Vec<AccountMeta>) -> Instruction {
    instruction(ID, metas, [0])
}

fn close_metas() -> Vec<AccountMeta> {
    vec![w(address("state")), w(address("destination")), rs(address("authority"))]
}

fn close(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| {
        Case::new(environment, format!("close_{name}")).account(address("state"), state("authority", 4, 32))
    };
    let both = ["payer", "authority"];
    let to = |destination: AccountMeta| vec![w(address("state")), destination, rs(address("authority"))];
    vec![
        case("to_new_account").ok(&both, &[closing(close_metas())]),
        case("to_existing_account").lamports("destination", 5 * SOL).ok(&both, &[closing(close_metas())]),
        case("to_authority").ok(&both, &[closing(to(ws(address("authority"))))]),
        case("to_payer").ok(&both, &[closing(to(w(address("payer"))))]),
        case("to_another_state")
            .account(address("destination"), state("authority", 1, 96))
            .ok(&both, &[closing(close_metas())]),
        case("unknown_mark").account(address("state"), state("authority", 255, 0)).ok(&both, &[closing(close_metas())]),
        case("only_a_header").account(address("state"), state("authority", 4, 0)).ok(&both, &[closing(close_metas())]),
        case("extra_data").ok(&both, &[instruction(ID, close_metas(), [0, 1, 2, 3])]),
        case("five_bytes").ok(&both, &[instruction(ID, close_metas(), [0, 0, 0, 0, 0])]),
        case("extra_account").ok(&both, &[closing([close_metas(), vec![r(address("more"))]].concat())]),
        case("units_exact").ok(&both, &[limit(3_450), closing(close_metas())]),
        case("units_one_short").fails(&both, &[limit(3_449), closing(close_metas())]),
        case("state_signs").ok(
            &["payer", "state", "authority"],
            &[closing(vec![ws(address("state")), w(address("destination")), rs(address("authority"))])],
        ),
        case("to_new_account_below_minimum")
            .account(address("state"), Account { lamports: 1_000, ..state("authority", 4, 32) })
            .legacy(Expect::Anything, &both, &[closing(close_metas())]),
    ]
}

fn close_refused(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| {
        Case::new(environment, format!("close_{name}"))
            .account(address("state"), state("authority", 4, 32))
            .lamports("destination", SOL)
    };
    let (one, both) = (["payer"], ["payer", "authority"]);
    let with = |index: usize, meta: AccountMeta| {
        let mut metas = close_metas();
        metas[index] = meta;
        closing(metas)
    };
    let other = |name: &str, account: Account| case(name).account(address("state"), account);
    vec![
        case("authority_not_signer").fails(&one, &[with(2, r(address("authority")))]),
        case("wrong_authority").fails(&["payer", "stranger"], &[with(2, rs(address("stranger")))]),
        case("two_accounts").fails(&one, &[closing(close_metas()[..2].to_vec())]),
        case("one_account").fails(&one, &[closing(close_metas()[..1].to_vec())]),
        case("no_accounts").fails(&one, &[closing(vec![])]),
        case("to_itself").fails(&both, &[with(1, w(address("state")))]),
        case("to_itself_not_signed")
            .fails(&one, &[closing(vec![w(address("state")), w(address("state")), r(address("authority"))])]),
        case("state_readonly").fails(&both, &[with(0, r(address("state")))]),
        case("destination_readonly").fails(&both, &[with(1, r(address("destination")))]),
        case("destination_is_a_program").fails(&both, &[with(1, w(ID))]),
        other("uninitialised", state("authority", 0, 32)).fails(&both, &[closing(close_metas())]),
        other("uninitialised_wrong_authority", state("stranger", 0, 32)).fails(&both, &[closing(close_metas())]),
        other("short", owned(vec![4; 32])).fails(&both, &[closing(close_metas())]),
        other("empty", owned(vec![])).fails(&both, &[closing(close_metas())]),
        other("foreign_owner", account(SOL, vec![4; 65], address("program"))).fails(&both, &[closing(close_metas())]),
        other("missing", system_account(0)).fails(&both, &[closing(close_metas())]),
        case("twice_at_once").fails(&both, &[closing(close_metas()), closing(close_metas()), limit(50_000)]),
    ]
}

/// Context states from creation to the end.
fn lifecycles(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("life_{name}"));
    let space = HEADER_SPACE as u64 + 32;
    let make = || create("payer", "state", environment.exempt(space as usize), space, ID);
    let record = || verify(4, &proof("pubkey_validity"), state_metas());
    let signers = ["payer", "state"];
    let all = ["payer", "state", "authority"];
    let both = ["payer", "authority"];
    vec![
        case("create_and_record").ok(&signers, &[make(), record()]).ok(&both, &[closing(close_metas())]),
        case("create_record_close").ok(&all, &[make(), record(), closing(close_metas())]),
        case("close_and_create_again")
            .account(address("state"), state("authority", 1, 96))
            .ok(&all, &[closing(close_metas()), make(), record()]),
        case("close_and_record_again")
            .account(address("state"), state("authority", 4, 32))
            .fails(&both, &[closing(close_metas()), record()]),
        case("record_twice").ok(&signers, &[make(), record()]).fails(&["payer"], &[record(), limit(50_000)]),
        case("record_twice_at_once").fails(&signers, &[make(), record(), record()]),
        case("close_twice")
            .ok(&signers, &[make(), record()])
            .ok(&both, &[closing(close_metas())])
            .fails(&both, &[closing(close_metas()), limit(50_000)]),
        case("create_without_rent").fails(&signers, &[create("payer", "state", 1_000, space, ID), record()]),
    ]
}

/// Called by a program.
fn called(environment: &Environment) -> Vec<Case> {
    let forward = from_hex(FORWARD);
    let caller = Account { executable: true, ..account(environment.exempt(forward.len()), forward, bpf_loader::ID) };
    let case = |name: &str| Case::new(environment, format!("called_{name}")).account(address("caller"), caller.clone());
    let through =
        |inner: Instruction| instruction(address("caller"), [vec![r(ID)], inner.accounts].concat(), inner.data);
    let (one, both) = (["payer"], ["payer", "authority"]);
    let small = proof("pubkey_validity");
    let free = || owned(vec![0; HEADER_SPACE + 32]);
    let mut forged = small.clone();
    forged[95] ^= 1;
    vec![
        case("valid").ok(&one, &[through(verify(4, &small, vec![]))]),
        case("forged").fails(&one, &[through(verify(4, &forged, vec![]))]),
        case("too_long").fails(&one, &[through(verify(4, &[small.as_slice(), &[0]].concat(), vec![]))]),
        case("tag_13").fails(&one, &[through(instruction(ID, vec![], [13]))]),
        case("empty").fails(&one, &[through(instruction(ID, vec![], []))]),
        case("units_exhausted").fails(&one, &[limit(3_700), through(verify(4, &small, vec![]))]),
        case("proof_in_account")
            .account(address("proofs"), account(SOL, proof("range_u256_four"), address("program")))
            .ok(&one, &[limit(500_000), through(verify_in_account(8, 0, vec![r(address("proofs"))]))]),
        case("record").account(address("state"), free()).ok(&one, &[through(verify(4, &small, state_metas()))]),
        case("record_readonly")
            .account(address("state"), free())
            .fails(&one, &[through(verify(4, &small, vec![r(address("state")), r(address("authority"))]))]),
        case("record_initialised")
            .account(address("state"), state("authority", 1, 32))
            .fails(&one, &[through(verify(4, &small, state_metas()))]),
        case("close")
            .account(address("state"), state("authority", 4, 32))
            .ok(&both, &[through(closing(close_metas()))]),
        case("close_not_signed").account(address("state"), state("authority", 4, 32)).fails(
            &one,
            &[through(closing(vec![w(address("state")), w(address("destination")), r(address("authority"))]))],
        ),
        case("record_and_close")
            .account(address("state"), free())
            .ok(&both, &[through(verify(4, &small, state_metas())), through(closing(close_metas()))]),
    ]
}
