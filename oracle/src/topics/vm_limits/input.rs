//! The serialised input, whole, under each loader: accounts with every mix of flags and lengths, duplicates, data.

use crate::{
    case::{Case, Expect, SOL, account, address, instruction, r, rs, w, ws},
    environment::{Environment, MACHINE, MACHINE_LOADER_V1, MACHINE_LOADER_V3, MACHINE_SBPF_V3},
    machine::{
        Argument::{Here, Value},
        HEAP, INPUT, Image, call, exit, give, script, store,
    },
    topics::calls::with_all_units,
};
use solana_account::ReadableAccount;
use solana_instruction::AccountMeta;
use solana_sdk_ids::{system_program, sysvar};

/// Where the hash of the input goes.
const HASH: u64 = HEAP + 0x4000;

pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for machine in [MACHINE, MACHINE_SBPF_V3, MACHINE_LOADER_V1, MACHINE_LOADER_V3] {
        for (name, metas) in lists() {
            cases.push(hashed(environment, machine, name, &metas));
        }
    }
    cases
}

fn lists() -> Vec<(&'static str, Vec<AccountMeta>)> {
    let (payer, odd, even) = (address("payer"), address("of 13"), address("of 16"));
    vec![
        ("none", vec![]),
        ("one", vec![ws(payer)]),
        ("flags", vec![ws(payer), rs(payer), w(odd), r(even)]),
        ("odd_lengths", vec![w(odd), w(even), r(address("of 1")), r(address("of 0"))]),
        ("duplicates", vec![w(odd), r(odd), w(even), w(odd), r(even), ws(payer), r(payer)]),
        ("missing", vec![r(address("missing")), w(address("missing too"))]),
        ("programs", vec![r(system_program::ID), r(address(MACHINE_LOADER_V3))]),
        ("sysvars", vec![r(sysvar::rent::ID), r(sysvar::clock::ID)]),
        ("instructions", vec![r(sysvar::instructions::ID)]),
    ]
}

fn case(environment: &Environment, name: String) -> Case {
    [0usize, 1, 13, 16].into_iter().fold(Case::bare(environment, name).lamports("payer", SOL), |case, length| {
        let data = (1..=length as u8).collect();
        case.account(address(&format!("of {length}")), account(SOL + length as u64, data, address("library")))
    })
}

/// A program that gives the hash of its whole input, and its first bytes' sum, as return data.
fn hashed(environment: &Environment, machine: &str, name: &str, metas: &[AccountMeta]) -> Case {
    let case = case(environment, format!("{machine}: input_{name}"));
    let space = |meta: &AccountMeta| {
        let own = case.accounts.iter().find(|(address, _)| *address == meta.pubkey);
        let account = own.map(|(_, account)| account).or_else(|| environment.accounts.get(&meta.pubkey));
        account.map_or(0, |account| account.data().len() as u64)
    };
    let aligned = machine != MACHINE_LOADER_V1;
    let mut accounts_bytes = 8;
    for (index, meta) in metas.iter().enumerate() {
        let length = space(meta);
        accounts_bytes += match (metas[..index].iter().any(|other| other.pubkey == meta.pubkey), aligned) {
            (true, true) => 8,
            (true, false) => 1,
            (false, true) => 88 + (length + 10_240).next_multiple_of(8) + 8,
            (false, false) => 3 + 32 + 8 + 8 + length + 32 + 1 + 8,
        };
    }
    let data_bytes = 7 * 48;
    let steps = |length: u64| {
        vec![
            store(3, Value(HEAP), Value(INPUT)),
            store(3, Value(HEAP + 8), Value(length)),
            call("sol_sha256", &[Value(HEAP), Value(1), Value(HASH)]).logged(),
            give(HASH, 32),
            call("sol_log_64_", &[Here(0)]),
            call("sol_log_pubkey", &[Value(HASH)]),
            exit(Value(0)),
        ]
    };
    let whole = accounts_bytes + 8 + data_bytes + 32;
    let mut played = Case::bare(environment, case.name.clone());
    played.accounts.clone_from(&case.accounts);
    // The instructions sysvar's data is the transaction's own; its length is not for this case to know.
    let lengths: &[u64] = if name == "instructions" { &[accounts_bytes] } else { &[whole, whole + 1, accounts_bytes] };
    for length in lengths {
        let expect = if *length > whole { Expect::Anything } else { Expect::Success };
        let data = script(&steps(*length), &Image::new(HEAP).bytes);
        assert_eq!(data.len() as u64, data_bytes);
        let run = instruction(address(machine), metas.to_vec(), data);
        played = played.legacy(expect, &["payer"], &with_all_units(run));
    }
    played
}
