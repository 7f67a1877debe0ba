//! Every system instruction, in success and in each way to fail, nonces and durable-nonce transactions included.

use crate::{
    case::{Case, Expect, SOL, account, address, instruction, key, r, rs, system_account, w, ws},
    environment::Environment,
};
use solana_account::Account;
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::{AccountMeta, Instruction};
use solana_nonce::state::DurableNonce;
use solana_sdk_ids::{bpf_loader, incinerator, system_program, sysvar};
use solana_signer::Signer;
use solana_system_interface::{MAX_PERMITTED_DATA_LENGTH, instruction::SystemInstruction};

/// Bytes of a nonce account.
pub const NONCE_SPACE: usize = 80;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = transfers(environment);
    cases.extend(transfer_rent(environment));
    cases.extend(malformed(environment));
    cases.extend(create_account(environment));
    cases.extend(create_with_seed(environment));
    cases.extend(allocate_assign(environment));
    cases.extend(transfer_with_seed(environment));
    cases.extend(prefund(environment));
    cases.extend(nonce_initialize(environment));
    cases.extend(nonce_advance_authorize(environment));
    cases.extend(nonce_withdraw_upgrade(environment));
    cases.extend(durable(environment));
    cases.extend(durable_rejected(environment));
    cases
}

/// A system instruction with accounts of one's choice.
pub fn system(instruction_data: &SystemInstruction, accounts: Vec<AccountMeta>) -> Instruction {
    let data = bincode::serialize(instruction_data).expect("a system instruction has a binary form");
    instruction(system_program::ID, accounts, data)
}

/// Transfer between named accounts.
pub fn transfer(from: &str, to: &str, lamports: u64) -> Instruction {
    system(&SystemInstruction::Transfer { lamports }, vec![ws(address(from)), w(address(to))])
}

/// Create account, both sides named.
pub fn create(from: &str, to: &str, lamports: u64, space: u64, owner: Address) -> Instruction {
    let data = SystemInstruction::CreateAccount { lamports, space, owner };
    system(&data, vec![ws(address(from)), ws(address(to))])
}

/// Advance the nonce of a named account.
pub fn advance(nonce: &str, authority: &str) -> Instruction {
    let accounts = vec![w(address(nonce)), r(sysvar::recent_blockhashes::ID), rs(address(authority))];
    system(&SystemInstruction::AdvanceNonceAccount, accounts)
}

/// The nonce that the blockhash called `name` would have made.
pub fn durable_nonce(name: &str) -> Hash {
    *DurableNonce::from_blockhash(&Hash::new_from_array(address(name).to_bytes())).as_hash()
}

/// An initialized nonce account of the current version.
pub fn nonce_account(environment: &Environment, authority: &str, nonce: Hash, extra_lamports: u64) -> Account {
    let lamports = environment.exempt(NONCE_SPACE) + extra_lamports;
    account(lamports, nonce_data(1, 1, &address(authority), nonce), system_program::ID)
}

fn nonce_data(version: u32, state: u32, authority: &Address, nonce: Hash) -> Vec<u8> {
    let mut data = [version.to_le_bytes(), state.to_le_bytes()].concat();
    if state == 1 {
        data.extend(authority.to_bytes());
        data.extend(nonce.to_bytes());
        data.extend(5_000u64.to_le_bytes());
    }
    data.resize(NONCE_SPACE, 0);
    data
}

fn transfers(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name).lamports("alice", 5 * SOL).lamports("bob", SOL);
    vec![
        case("transfer").ok(&["payer", "alice"], &[transfer("alice", "bob", 1_234_567)]),
        case("transfer_from_payer").ok(&["payer"], &[transfer("payer", "bob", SOL)]),
        case("transfer_to_self").ok(&["payer"], &[transfer("payer", "payer", SOL)]),
        case("transfer_to_self_more_than_balance").fails(&["payer"], &[transfer("payer", "payer", 11 * SOL)]),
        case("transfer_zero").ok(&["payer"], &[transfer("payer", "bob", 0)]),
        case("transfer_zero_to_new").ok(&["payer"], &[transfer("payer", "new", 0)]),
        case("transfer_to_new").ok(&["payer"], &[transfer("payer", "new", SOL)]),
        case("transfer_chain").ok(
            &["payer", "alice", "bob"],
            &[transfer("alice", "bob", SOL), transfer("bob", "new", 2 * SOL), transfer("payer", "alice", 7)],
        ),
        case("transfer_more_than_balance").fails(&["payer", "alice"], &[transfer("alice", "bob", 5 * SOL + 1)]),
        case("transfer_max").fails(&["payer", "alice"], &[transfer("alice", "bob", u64::MAX)]),
        case("transfer_second_fails_rolls_back")
            .fails(&["payer", "alice"], &[transfer("alice", "bob", SOL), transfer("alice", "bob", 5 * SOL)]),
        case("transfer_from_missing_account").fails(&["payer", "new"], &[transfer("new", "bob", 1)]),
        case("transfer_from_not_signer").fails(
            &["payer"],
            &[system(&SystemInstruction::Transfer { lamports: 1 }, vec![w(address("alice")), w(address("bob"))])],
        ),
        case("transfer_from_readonly").fails(
            &["payer", "alice"],
            &[system(&SystemInstruction::Transfer { lamports: 1 }, vec![rs(address("alice")), w(address("bob"))])],
        ),
        case("transfer_to_readonly").fails(
            &["payer", "alice"],
            &[system(&SystemInstruction::Transfer { lamports: 1 }, vec![ws(address("alice")), r(address("bob"))])],
        ),
        case("transfer_zero_between_readonly").fails(
            &["payer", "alice"],
            &[system(&SystemInstruction::Transfer { lamports: 0 }, vec![rs(address("alice")), r(address("bob"))])],
        ),
        case("transfer_from_with_data")
            .account(address("data"), account(SOL, vec![1; 8], system_program::ID))
            .fails(&["payer", "data"], &[transfer("data", "bob", 1)]),
        case("transfer_from_other_owner")
            .account(address("foreign"), account(SOL, Vec::new(), bpf_loader::ID))
            .fails(&["payer", "foreign"], &[transfer("foreign", "bob", 1)]),
        case("transfer_to_other_owner")
            .account(address("foreign"), account(SOL, vec![3; 5], bpf_loader::ID))
            .ok(&["payer"], &[transfer("payer", "foreign", 1)]),
        case("transfer_overflow")
            .account(address("rich"), system_account(u64::MAX - 10))
            .fails(&["payer"], &[transfer("payer", "rich", 11)]),
        case("transfer_to_incinerator").ok(
            &["payer"],
            &[system(&SystemInstruction::Transfer { lamports: 5 }, vec![ws(address("payer")), w(incinerator::ID)])],
        ),
        case("transfer_to_sysvar").fails(
            &["payer"],
            &[system(&SystemInstruction::Transfer { lamports: 5 }, vec![ws(address("payer")), w(sysvar::clock::ID)])],
        ),
        case("transfer_to_system_program").fails(
            &["payer"],
            &[system(&SystemInstruction::Transfer { lamports: 5 }, vec![ws(address("payer")), w(system_program::ID)])],
        ),
    ]
}

fn transfer_rent(environment: &Environment) -> Vec<Case> {
    let minimum = environment.exempt(0);
    let case = |name: &str| Case::new(environment, name).lamports("alice", 5 * SOL).lamports("poor", 1_000);
    vec![
        case("rent_new_at_minimum").ok(&["payer"], &[transfer("payer", "new", minimum)]),
        case("rent_new_below_minimum").fails(&["payer"], &[transfer("payer", "new", minimum - 1)]),
        case("rent_new_one_lamport").fails(&["payer"], &[transfer("payer", "new", 1)]),
        case("rent_poor_credited")
            .ok(&["payer"], &[transfer("payer", "poor", 1)])
            .ok(&["payer"], &[transfer("payer", "poor", minimum - 1_000)]),
        case("rent_poor_debited").fails(&["payer", "poor"], &[transfer("poor", "alice", 1)]),
        case("rent_poor_emptied").ok(&["payer", "poor"], &[transfer("poor", "alice", 1_000)]),
        case("rent_poor_untouched").ok(&["payer", "poor"], &[transfer("poor", "alice", 0)]),
        case("rent_poor_out_and_back")
            .ok(&["payer", "poor"], &[transfer("poor", "alice", 500), transfer("payer", "poor", 500)]),
        case("rent_poor_resized")
            .fails(&["payer", "poor"], &[system(&SystemInstruction::Allocate { space: 1 }, vec![ws(address("poor"))])]),
        case("rent_poor_assigned").legacy(
            Expect::Anything,
            &["payer", "poor"],
            &[system(&SystemInstruction::Assign { owner: address("program") }, vec![ws(address("poor"))])],
        ),
        case("rent_sender_left_below_minimum")
            .fails(&["payer", "alice"], &[transfer("alice", "poor", 5 * SOL - minimum + 1)])
            .fails(&["payer", "alice"], &[transfer("alice", "payer", 5 * SOL - minimum + 1)])
            .ok(&["payer", "alice"], &[transfer("alice", "payer", 5 * SOL - minimum)]),
        case("rent_sender_emptied").ok(&["payer", "alice"], &[transfer("alice", "payer", 5 * SOL)]),
        case("rent_payer_drained_exactly")
            .ok(&["payer"], &[transfer("payer", "alice", 10 * SOL - 5_000)])
            .rejected(&["payer"], &[transfer("payer", "alice", 0)]),
        case("rent_payer_drained_too_far").fails(&["payer"], &[transfer("payer", "alice", 10 * SOL - 4_999)]),
        case("rent_payer_left_below_minimum")
            .fails(&["payer"], &[transfer("payer", "alice", 10 * SOL - 5_000 - minimum + 1)]),
        case("rent_payer_left_at_minimum").ok(&["payer"], &[transfer("payer", "alice", 10 * SOL - 5_000 - minimum)]),
    ]
}

fn malformed(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name).lamports("alice", 5 * SOL);
    let accounts = || vec![ws(address("payer")), w(address("alice"))];
    let raw = |data: Vec<u8>| instruction(system_program::ID, accounts(), data);
    let transfer_data = [2u32.to_le_bytes().as_slice(), &5u64.to_le_bytes()].concat();
    let long_seed = [3u32.to_le_bytes().as_slice(), &[0; 32], &u64::MAX.to_le_bytes()].concat();
    let mut cases = vec![
        case("malformed_empty").fails(&["payer"], &[raw(Vec::new())]),
        case("malformed_three_bytes").fails(&["payer"], &[raw(vec![2, 0, 0])]),
        case("malformed_unknown_tag").fails(&["payer"], &[raw(vec![14, 0, 0, 0])]),
        case("malformed_huge_tag").fails(&["payer"], &[raw(vec![255; 4])]),
        case("malformed_truncated").fails(&["payer"], &[raw(transfer_data[..11].to_vec())]),
        case("malformed_trailing").ok(&["payer"], &[raw([transfer_data.as_slice(), &[9; 20]].concat())]),
        case("malformed_seed_length").fails(&["payer"], &[raw(long_seed)]),
        case("malformed_seed_utf8").fails(
            &["payer"],
            &[raw([
                3u32.to_le_bytes().as_slice(),
                &[0; 32],
                &2u64.to_le_bytes(),
                &[0xff, 0xfe],
                &[0; 8],
                &[0; 8],
                &[0; 32],
            ]
            .concat())],
        ),
    ];
    let owner = address("program");
    let base = address("payer");
    let seed = || "seed".to_owned();
    let short: Vec<(&str, SystemInstruction, usize)> = vec![
        ("create", SystemInstruction::CreateAccount { lamports: 1, space: 0, owner }, 1),
        ("assign", SystemInstruction::Assign { owner }, 0),
        ("transfer", SystemInstruction::Transfer { lamports: 1 }, 1),
        (
            "create_with_seed",
            SystemInstruction::CreateAccountWithSeed { base, seed: seed(), lamports: 1, space: 0, owner },
            1,
        ),
        ("advance", SystemInstruction::AdvanceNonceAccount, 0),
        ("advance_without_sysvar", SystemInstruction::AdvanceNonceAccount, 1),
        ("withdraw", SystemInstruction::WithdrawNonceAccount(1), 1),
        ("initialize", SystemInstruction::InitializeNonceAccount(owner), 0),
        ("authorize", SystemInstruction::AuthorizeNonceAccount(owner), 0),
        ("allocate", SystemInstruction::Allocate { space: 1 }, 0),
        ("allocate_with_seed", SystemInstruction::AllocateWithSeed { base, seed: seed(), space: 1, owner }, 0),
        ("assign_with_seed", SystemInstruction::AssignWithSeed { base, seed: seed(), owner }, 0),
        (
            "transfer_with_seed",
            SystemInstruction::TransferWithSeed { lamports: 1, from_seed: seed(), from_owner: owner },
            2,
        ),
        ("upgrade", SystemInstruction::UpgradeNonceAccount, 0),
        ("prefund", SystemInstruction::CreateAccountAllowPrefund { lamports: 0, space: 0, owner }, 0),
        ("prefund_with_lamports", SystemInstruction::CreateAccountAllowPrefund { lamports: 1, space: 0, owner }, 1),
    ];
    for (name, data, count) in short {
        let accounts = accounts().into_iter().chain(accounts()).take(count).collect();
        cases.push(case(&format!("too_few_accounts_{name}")).fails(&["payer"], &[system(&data, accounts)]));
    }
    cases
}

fn create_account(environment: &Environment) -> Vec<Case> {
    let exempt = |space: u64| environment.exempt(space as usize);
    let program = address("program");
    let huge = MAX_PERMITTED_DATA_LENGTH;
    let case = |name: &str| Case::new(environment, name).lamports("alice", SOL);
    let rich = |name: &str| Case::new(environment, name).lamports("payer", 1_000 * SOL);
    let with = |from: AccountMeta, to: AccountMeta| {
        let data = SystemInstruction::CreateAccount { lamports: SOL, space: 10, owner: program };
        system(&data, vec![from, to])
    };
    vec![
        case("create").ok(&["payer", "new"], &[create("payer", "new", exempt(165), 165, program)]),
        case("create_empty").ok(&["payer", "new"], &[create("payer", "new", exempt(0), 0, program)]),
        case("create_system_owned").ok(&["payer", "new"], &[create("payer", "new", exempt(9), 9, system_program::ID)]),
        case("create_zero_lamports").ok(&["payer", "new"], &[create("payer", "new", 0, 0, program)]),
        case("create_zero_lamports_with_space")
            .ok(&["payer", "new"], &[create("payer", "new", 0, 100, program)])
            .ok(&["payer"], &[transfer("payer", "new", SOL)]),
        case("create_below_rent").fails(&["payer", "new"], &[create("payer", "new", exempt(165) - 1, 165, program)]),
        case("create_not_enough").fails(&["payer", "new"], &[create("payer", "new", 11 * SOL, 0, program)]),
        case("create_in_use").fails(&["payer", "alice"], &[create("payer", "alice", SOL, 0, program)]),
        case("create_twice")
            .ok(&["payer", "new"], &[create("payer", "new", SOL, 4, program)])
            .fails(&["payer", "new"], &[create("payer", "new", SOL, 5, program)]),
        case("create_twice_in_one").fails(
            &["payer", "new"],
            &[create("payer", "new", SOL, 4, program), create("payer", "new", SOL, 4, program)],
        ),
        case("create_zero_lamports_twice_in_one").fails(
            &["payer", "new"],
            &[create("payer", "new", 0, 4, program), create("payer", "new", SOL, 4, program)],
        ),
        case("create_itself").fails(&["payer"], &[create("payer", "payer", SOL, 4, program)]),
        case("create_to_not_signer").fails(&["payer"], &[with(ws(address("payer")), w(address("new")))]),
        case("create_from_not_signer").fails(&["payer", "new"], &[with(w(address("alice")), ws(address("new")))]),
        case("create_from_readonly")
            .fails(&["payer", "alice", "new"], &[with(rs(address("alice")), ws(address("new")))]),
        case("create_to_readonly").fails(&["payer", "new"], &[with(ws(address("payer")), rs(address("new")))]),
        case("create_from_with_data")
            .account(address("data"), account(5 * SOL, vec![1; 8], system_program::ID))
            .fails(&["payer", "data", "new"], &[create("data", "new", SOL, 4, program)]),
        rich("create_largest").ok(&["payer", "new"], &[create("payer", "new", exempt(huge), huge, program)]),
        rich("create_too_large").fails(&["payer", "new"], &[create("payer", "new", 900 * SOL, huge + 1, program)]),
        rich("create_two_largest").ok(
            &["payer", "new", "new2"],
            &[
                create("payer", "new", exempt(huge), huge, program),
                create("payer", "new2", exempt(huge), huge, program),
            ],
        ),
        rich("create_over_20_mib").fails(
            &["payer", "new", "new2", "new3"],
            &[
                create("payer", "new", exempt(huge), huge, program),
                create("payer", "new2", exempt(huge), huge, program),
                create("payer", "new3", exempt(1), 1, program),
            ],
        ),
    ]
}

fn create_with_seed(environment: &Environment) -> Vec<Case> {
    let program = address("program");
    let base = address("base");
    let derive = |base: &Address, seed: &str| Address::create_with_seed(base, seed, &program);
    let seeded = derive(&base, "seed").expect("a short seed");
    let own = derive(&address("payer"), "seed").expect("a short seed");
    let build = |base: Address, seed: &str, owner: Address, to: Address, extra: Vec<AccountMeta>| {
        let data =
            SystemInstruction::CreateAccountWithSeed { base, seed: seed.to_owned(), lamports: SOL, space: 33, owner };
        system(&data, [vec![ws(address("payer")), w(to)], extra].concat())
    };
    let case = |name: &str| Case::new(environment, name);
    let mut marked = [7; 32];
    marked[11..].copy_from_slice(b"ProgramDerivedAddress");
    let long = "a".repeat(32);
    let longest = derive(&base, &long).expect("the longest seed");
    vec![
        case("create_with_seed").ok(&["payer", "base"], &[build(base, "seed", program, seeded, vec![rs(base)])]),
        case("create_with_seed_base_pays").ok(&["payer"], &[build(address("payer"), "seed", program, own, vec![])]),
        case("create_with_seed_longest")
            .ok(&["payer", "base"], &[build(base, &long, program, longest, vec![rs(base)])]),
        case("create_with_seed_too_long")
            .fails(&["payer", "base"], &[build(base, &"a".repeat(33), program, longest, vec![rs(base)])]),
        case("create_with_seed_other_address")
            .fails(&["payer", "base"], &[build(base, "other", program, seeded, vec![rs(base)])]),
        case("create_with_seed_other_owner")
            .fails(&["payer", "base"], &[build(base, "seed", bpf_loader::ID, seeded, vec![rs(base)])]),
        case("create_with_seed_base_not_signer")
            .fails(&["payer"], &[build(base, "seed", program, seeded, vec![r(base)])]),
        case("create_with_seed_base_absent").fails(&["payer"], &[build(base, "seed", program, seeded, vec![])]),
        case("create_with_seed_in_use")
            .account(seeded, system_account(SOL))
            .fails(&["payer", "base"], &[build(base, "seed", program, seeded, vec![rs(base)])]),
        case("create_with_seed_marked_owner")
            .fails(&["payer", "base"], &[build(base, "seed", Address::new_from_array(marked), seeded, vec![rs(base)])]),
    ]
}

fn allocate_assign(environment: &Environment) -> Vec<Case> {
    let program = address("program");
    let alice = address("alice");
    let base = address("base");
    let seeded = Address::create_with_seed(&base, "seed", &program).expect("a short seed");
    let allocate = |space: u64, to: AccountMeta| system(&SystemInstruction::Allocate { space }, vec![to]);
    let assign = |owner: Address, to: AccountMeta| system(&SystemInstruction::Assign { owner }, vec![to]);
    let allocate_seed = |seed: &str, space: u64, base_meta: AccountMeta| {
        let data = SystemInstruction::AllocateWithSeed { base, seed: seed.to_owned(), space, owner: program };
        system(&data, vec![w(seeded), base_meta])
    };
    let assign_seed = |seed: &str, base_meta: AccountMeta| {
        let data = SystemInstruction::AssignWithSeed { base, seed: seed.to_owned(), owner: program };
        system(&data, vec![w(seeded), base_meta])
    };
    let case = |name: &str| {
        Case::new(environment, name)
            .lamports("alice", SOL)
            .account(seeded, system_account(SOL))
            .account(address("data"), account(SOL, vec![1, 2, 3], system_program::ID))
            .account(address("foreign"), account(SOL, Vec::new(), program))
    };
    vec![
        case("allocate").ok(&["payer", "alice"], &[allocate(100, ws(alice))]),
        case("allocate_zero").ok(&["payer", "alice"], &[allocate(0, ws(alice))]),
        case("allocate_twice").fails(&["payer", "alice"], &[allocate(1, ws(alice)), allocate(2, ws(alice))]),
        case("allocate_missing_account").ok(&["payer", "new"], &[allocate(10, ws(address("new")))]),
        case("allocate_below_rent").fails(&["payer", "alice"], &[allocate(1_000_000, ws(alice))]),
        case("allocate_has_data").fails(&["payer", "data"], &[allocate(1, ws(address("data")))]),
        case("allocate_foreign").fails(&["payer", "foreign"], &[allocate(1, ws(address("foreign")))]),
        case("allocate_not_signer").fails(&["payer"], &[allocate(1, w(alice))]),
        case("allocate_readonly").fails(&["payer", "alice"], &[allocate(1, rs(alice))]),
        case("allocate_too_large").fails(&["payer", "alice"], &[allocate(MAX_PERMITTED_DATA_LENGTH + 1, ws(alice))]),
        case("allocate_payer")
            .ok(&["payer"], &[allocate(8, ws(address("payer")))])
            .rejected(&["payer"], &[allocate(0, ws(address("payer")))]),
        case("assign").ok(&["payer", "alice"], &[assign(program, ws(alice))]),
        case("assign_missing_account").ok(&["payer", "new"], &[assign(program, ws(address("new")))]),
        case("assign_same_owner_not_signer").ok(&["payer"], &[assign(system_program::ID, w(alice))]),
        case("assign_same_foreign_owner").ok(&["payer"], &[assign(program, r(address("foreign")))]),
        case("assign_not_signer").fails(&["payer"], &[assign(program, w(alice))]),
        case("assign_readonly").fails(&["payer", "alice"], &[assign(program, rs(alice))]),
        case("assign_foreign").fails(&["payer", "foreign"], &[assign(bpf_loader::ID, ws(address("foreign")))]),
        case("assign_with_data").fails(&["payer", "data"], &[assign(program, ws(address("data")))]),
        case("assign_payer")
            .ok(&["payer"], &[assign(program, ws(address("payer")))])
            .rejected(&["payer"], &[transfer("payer", "alice", 0)]),
        case("allocate_and_assign").ok(&["payer", "alice"], &[allocate(20, ws(alice)), assign(program, ws(alice))]),
        case("assign_and_allocate").fails(&["payer", "alice"], &[assign(program, ws(alice)), allocate(20, ws(alice))]),
        case("allocate_with_seed").ok(&["payer", "base"], &[allocate_seed("seed", 12, rs(base))]),
        case("allocate_with_seed_other").fails(&["payer", "base"], &[allocate_seed("other", 12, rs(base))]),
        case("allocate_with_seed_not_signer").fails(&["payer"], &[allocate_seed("seed", 12, r(base))]),
        case("allocate_with_seed_too_large")
            .fails(&["payer", "base"], &[allocate_seed("seed", MAX_PERMITTED_DATA_LENGTH + 1, rs(base))]),
        case("assign_with_seed").ok(&["payer", "base"], &[assign_seed("seed", rs(base))]),
        case("assign_with_seed_other").fails(&["payer", "base"], &[assign_seed("other", rs(base))]),
        case("assign_with_seed_not_signer").fails(&["payer"], &[assign_seed("seed", r(base))]),
    ]
}

fn transfer_with_seed(environment: &Environment) -> Vec<Case> {
    let base = address("base");
    let owner = system_program::ID;
    let seeded = Address::create_with_seed(&base, "seed", &owner).expect("a short seed");
    let build = |seed: &str, lamports: u64, base_meta: AccountMeta| {
        let data = SystemInstruction::TransferWithSeed { lamports, from_seed: seed.to_owned(), from_owner: owner };
        system(&data, vec![w(seeded), base_meta, w(address("bob"))])
    };
    let case = |name: &str| Case::new(environment, name).lamports("bob", SOL).account(seeded, system_account(3 * SOL));
    vec![
        case("transfer_with_seed").ok(&["payer", "base"], &[build("seed", SOL, rs(base))]),
        case("transfer_with_seed_all").ok(&["payer", "base"], &[build("seed", 3 * SOL, rs(base))]),
        case("transfer_with_seed_too_much").fails(&["payer", "base"], &[build("seed", 3 * SOL + 1, rs(base))]),
        case("transfer_with_seed_other").fails(&["payer", "base"], &[build("other", SOL, rs(base))]),
        case("transfer_with_seed_not_signer").fails(&["payer"], &[build("seed", SOL, r(base))]),
        case("transfer_with_seed_too_long").fails(&["payer", "base"], &[build(&"x".repeat(33), SOL, rs(base))]),
        case("transfer_with_seed_with_data")
            .account(seeded, account(3 * SOL, vec![0; 3], owner))
            .fails(&["payer", "base"], &[build("seed", SOL, rs(base))]),
    ]
}

fn prefund(environment: &Environment) -> Vec<Case> {
    let program = address("program");
    let new = address("new");
    let build = |lamports: u64, space: u64, accounts: Vec<AccountMeta>| {
        system(&SystemInstruction::CreateAccountAllowPrefund { lamports, space, owner: program }, accounts)
    };
    let from = || ws(address("payer"));
    let case = |name: &str| Case::new(environment, name).lamports("alice", SOL);
    let funded = |name: &str| case(name).account(new, system_account(environment.exempt(0)));
    vec![
        case("prefund_new").ok(&["payer", "new"], &[build(SOL, 50, vec![ws(new), from()])]),
        funded("prefund_funded").ok(&["payer", "new"], &[build(SOL, 50, vec![ws(new), from()])]),
        funded("prefund_funded_without_lamports").ok(&["payer", "new"], &[build(0, 0, vec![ws(new)])]),
        funded("prefund_funded_below_rent").fails(&["payer", "new"], &[build(0, 50, vec![ws(new)])]),
        funded("prefund_funded_tops_up")
            .ok(&["payer", "new"], &[build(environment.exempt(50) - environment.exempt(0), 50, vec![ws(new), from()])]),
        case("prefund_new_without_lamports").ok(&["payer", "new"], &[build(0, 50, vec![ws(new)])]),
        case("prefund_not_signer").fails(&["payer"], &[build(SOL, 50, vec![w(new), from()])]),
        case("prefund_from_not_signer")
            .fails(&["payer", "new"], &[build(SOL / 2, 50, vec![ws(new), w(address("alice"))])]),
        case("prefund_not_enough").fails(&["payer", "new"], &[build(11 * SOL, 50, vec![ws(new), from()])]),
        case("prefund_too_large")
            .fails(&["payer", "new"], &[build(SOL, MAX_PERMITTED_DATA_LENGTH + 1, vec![ws(new), from()])]),
        case("prefund_has_data")
            .account(new, account(SOL, vec![1], system_program::ID))
            .fails(&["payer", "new"], &[build(SOL, 50, vec![ws(new), from()])]),
        case("prefund_foreign")
            .account(new, account(SOL, vec![], program))
            .fails(&["payer", "new"], &[build(SOL, 50, vec![ws(new), from()])]),
        case("prefund_itself").fails(&["payer"], &[build(SOL, 50, vec![from(), from()])]),
    ]
}

fn initialize(nonce: AccountMeta, authority: Address) -> Instruction {
    let accounts = vec![nonce, r(sysvar::recent_blockhashes::ID), r(sysvar::rent::ID)];
    system(&SystemInstruction::InitializeNonceAccount(authority), accounts)
}

fn nonce_initialize(environment: &Environment) -> Vec<Case> {
    let nonce = address("nonce");
    let alice = address("alice");
    let exempt = environment.exempt(NONCE_SPACE);
    let space = NONCE_SPACE as u64;
    let blank = |lamports: u64, space: usize| account(lamports, vec![0; space], system_program::ID);
    let case = |name: &str| Case::new(environment, name).lamports("alice", SOL);
    let swapped = system(
        &SystemInstruction::InitializeNonceAccount(alice),
        vec![w(nonce), r(sysvar::rent::ID), r(sysvar::recent_blockhashes::ID)],
    );
    vec![
        case("nonce_create").ok(
            &["payer", "nonce"],
            &[create("payer", "nonce", exempt, space, system_program::ID), initialize(w(nonce), alice)],
        ),
        case("nonce_initialize").account(nonce, blank(SOL, NONCE_SPACE)).ok(&["payer"], &[initialize(w(nonce), alice)]),
        case("nonce_initialize_twice")
            .account(nonce, blank(SOL, NONCE_SPACE))
            .ok(&["payer"], &[initialize(w(nonce), alice)])
            .fails(&["payer"], &[initialize(w(nonce), nonce)]),
        case("nonce_initialize_below_rent")
            .account(nonce, blank(exempt - 1, NONCE_SPACE))
            .fails(&["payer"], &[initialize(w(nonce), alice)]),
        case("nonce_initialize_small")
            .account(nonce, blank(SOL, NONCE_SPACE - 1))
            .fails(&["payer"], &[initialize(w(nonce), alice)]),
        case("nonce_initialize_large")
            .account(nonce, blank(SOL, NONCE_SPACE + 1))
            .ok(&["payer"], &[initialize(w(nonce), alice)]),
        case("nonce_initialize_no_data")
            .account(nonce, blank(SOL, 0))
            .fails(&["payer"], &[initialize(w(nonce), alice)]),
        case("nonce_initialize_foreign")
            .account(nonce, account(SOL, vec![0; NONCE_SPACE], address("program")))
            .fails(&["payer"], &[initialize(w(nonce), alice)]),
        case("nonce_initialize_readonly")
            .account(nonce, blank(SOL, NONCE_SPACE))
            .fails(&["payer"], &[initialize(r(nonce), alice)]),
        case("nonce_initialize_swapped_sysvars").account(nonce, blank(SOL, NONCE_SPACE)).fails(&["payer"], &[swapped]),
        case("nonce_initialize_garbage")
            .account(nonce, account(SOL, vec![7; NONCE_SPACE], system_program::ID))
            .fails(&["payer"], &[initialize(w(nonce), alice)]),
    ]
}

fn nonce_advance_authorize(environment: &Environment) -> Vec<Case> {
    let nonce = address("nonce");
    let old = durable_nonce("old blockhash");
    let current = *DurableNonce::from_blockhash(&environment.blockhash).as_hash();
    let case = |name: &str| {
        Case::new(environment, name)
            .lamports("alice", SOL)
            .lamports("bob", SOL)
            .account(nonce, nonce_account(environment, "alice", old, 0))
    };
    let blank = account(SOL, nonce_data(1, 0, &nonce, old), system_program::ID);
    let authorize = |authority: AccountMeta, to: &str, meta: AccountMeta| {
        system(&SystemInstruction::AuthorizeNonceAccount(address(to)), vec![meta, authority])
    };
    let by = |accounts: Vec<AccountMeta>| system(&SystemInstruction::AdvanceNonceAccount, accounts);
    let recent = || r(sysvar::recent_blockhashes::ID);
    vec![
        case("nonce_advance").ok(&["payer", "alice"], &[advance("nonce", "alice")]),
        case("nonce_advance_twice").fails(&["payer", "alice"], &[advance("nonce", "alice"), advance("nonce", "alice")]),
        case("nonce_advance_current")
            .account(nonce, nonce_account(environment, "alice", current, 0))
            .fails(&["payer", "alice"], &[advance("nonce", "alice")]),
        case("nonce_advance_other_signer").fails(&["payer", "bob"], &[advance("nonce", "bob")]),
        case("nonce_advance_not_signed").fails(&["payer"], &[by(vec![w(nonce), recent(), r(address("alice"))])]),
        case("nonce_advance_readonly")
            .fails(&["payer", "alice"], &[by(vec![r(nonce), recent(), rs(address("alice"))])]),
        case("nonce_advance_wrong_sysvar")
            .fails(&["payer", "alice"], &[by(vec![w(nonce), r(sysvar::rent::ID), rs(address("alice"))])]),
        case("nonce_advance_uninitialized")
            .account(nonce, blank.clone())
            .fails(&["payer", "alice"], &[advance("nonce", "alice")]),
        case("nonce_advance_legacy_version")
            .account(nonce, account(SOL, nonce_data(0, 1, &address("alice"), old), system_program::ID))
            .ok(&["payer", "alice"], &[advance("nonce", "alice")]),
        case("nonce_advance_no_nonce").fails(&["payer", "alice"], &[advance("bob", "alice")]),
        case("nonce_authorize")
            .ok(&["payer", "alice"], &[authorize(rs(address("alice")), "bob", w(nonce))])
            .fails(&["payer", "alice"], &[advance("nonce", "alice")])
            .ok(&["payer", "bob"], &[advance("nonce", "bob")]),
        case("nonce_authorize_other_signer")
            .fails(&["payer", "bob"], &[authorize(rs(address("bob")), "bob", w(nonce))]),
        case("nonce_authorize_not_signed").fails(&["payer"], &[authorize(r(address("alice")), "bob", w(nonce))]),
        case("nonce_authorize_readonly")
            .fails(&["payer", "alice"], &[authorize(rs(address("alice")), "bob", r(nonce))]),
        case("nonce_authorize_uninitialized")
            .account(nonce, blank)
            .fails(&["payer", "alice"], &[authorize(rs(address("alice")), "bob", w(nonce))]),
    ]
}

fn nonce_withdraw_upgrade(environment: &Environment) -> Vec<Case> {
    let nonce = address("nonce");
    let old = durable_nonce("old blockhash");
    let current = *DurableNonce::from_blockhash(&environment.blockhash).as_hash();
    let exempt = environment.exempt(NONCE_SPACE);
    let accounts = |authority: AccountMeta| {
        let sysvars = [r(sysvar::recent_blockhashes::ID), r(sysvar::rent::ID)];
        [vec![w(nonce), w(address("bob"))], sysvars.to_vec(), vec![authority]].concat()
    };
    let withdraw = |lamports: u64, authority: AccountMeta| {
        system(&SystemInstruction::WithdrawNonceAccount(lamports), accounts(authority))
    };
    let alice = || rs(address("alice"));
    let case = |name: &str| {
        Case::new(environment, name)
            .lamports("alice", SOL)
            .lamports("bob", SOL)
            .account(nonce, nonce_account(environment, "alice", old, 100_000))
    };
    let blank = || account(exempt + 100, nonce_data(1, 0, &nonce, old), system_program::ID);
    let upgrade = |meta: AccountMeta| system(&SystemInstruction::UpgradeNonceAccount, vec![meta]);
    let legacy = |state: u32| account(SOL, nonce_data(0, state, &address("alice"), old), system_program::ID);
    vec![
        case("nonce_withdraw").ok(&["payer", "alice"], &[withdraw(100_000, alice())]),
        case("nonce_withdraw_below_rent").fails(&["payer", "alice"], &[withdraw(100_001, alice())]),
        case("nonce_withdraw_too_much").fails(&["payer", "alice"], &[withdraw(exempt + 100_001, alice())]),
        case("nonce_withdraw_zero").ok(&["payer", "alice"], &[withdraw(0, alice())]),
        case("nonce_withdraw_all").ok(&["payer", "alice"], &[withdraw(exempt + 100_000, alice())]),
        case("nonce_withdraw_all_not_expired")
            .account(nonce, nonce_account(environment, "alice", current, 100_000))
            .fails(&["payer", "alice"], &[withdraw(exempt + 100_000, alice())]),
        case("nonce_withdraw_all_and_refill")
            .ok(&["payer", "alice"], &[withdraw(exempt + 100_000, alice()), transfer("payer", "nonce", SOL)]),
        case("nonce_withdraw_other_signer").fails(&["payer", "bob"], &[withdraw(1, rs(address("bob")))]),
        case("nonce_withdraw_not_signed").fails(&["payer"], &[withdraw(1, r(address("alice")))]),
        case("nonce_withdraw_uninitialized")
            .account(nonce, blank())
            .ok(&["payer", "nonce"], &[withdraw(exempt + 100, rs(nonce))]),
        case("nonce_withdraw_uninitialized_part")
            .account(nonce, blank())
            .fails(&["payer", "nonce"], &[withdraw(101, rs(nonce))]),
        case("nonce_withdraw_uninitialized_not_signed")
            .account(nonce, blank())
            .fails(&["payer", "alice"], &[withdraw(1, alice())]),
        case("nonce_upgrade").account(nonce, legacy(1)).ok(&["payer"], &[upgrade(w(nonce))]),
        case("nonce_upgrade_uninitialized").account(nonce, legacy(0)).fails(&["payer"], &[upgrade(w(nonce))]),
        case("nonce_upgrade_current").fails(&["payer"], &[upgrade(w(nonce))]),
        case("nonce_upgrade_readonly").account(nonce, legacy(1)).fails(&["payer"], &[upgrade(r(nonce))]),
        case("nonce_upgrade_foreign")
            .account(nonce, account(SOL, vec![0; NONCE_SPACE], address("program")))
            .fails(&["payer"], &[upgrade(w(nonce))]),
        case("nonce_upgrade_no_nonce").fails(&["payer"], &[upgrade(w(address("bob")))]),
    ]
}

fn durable(environment: &Environment) -> Vec<Case> {
    let nonce = address("nonce");
    let old = durable_nonce("old blockhash");
    let unknown = instruction(address("no program"), vec![], vec![]);
    let case = |name: &str| {
        Case::new(environment, name)
            .lamports("alice", SOL)
            .lamports("bob", SOL)
            .account(nonce, nonce_account(environment, "alice", old, 0))
    };
    let signers = ["payer", "alice"];
    let first = || advance("nonce", "alice");
    let own = |name: &str, extra: u64| {
        case(name).account(nonce, nonce_account(environment, "nonce", old, extra)) //
    };
    let own_advance = || {
        let accounts = vec![ws(nonce), r(sysvar::recent_blockhashes::ID), rs(nonce)];
        system(&SystemInstruction::AdvanceNonceAccount, accounts)
    };
    let withdraw_all = system(
        &SystemInstruction::WithdrawNonceAccount(environment.exempt(NONCE_SPACE)),
        vec![w(nonce), w(address("bob")), r(sysvar::recent_blockhashes::ID), r(sysvar::rent::ID), rs(address("alice"))],
    );
    let authorize =
        system(&SystemInstruction::AuthorizeNonceAccount(address("bob")), vec![w(nonce), rs(address("alice"))]);
    let mut trailing = first();
    trailing.data.extend([1, 2, 3]);
    vec![
        case("durable").legacy_at(Expect::Success, old, &signers, &[first(), transfer("payer", "bob", 5)]),
        case("durable_alone").legacy_at(Expect::Success, old, &signers, &[first()]),
        case("durable_twice").legacy_at(Expect::Success, old, &signers, &[first()]).again(Expect::Rejection),
        case("durable_failing_advances")
            .legacy_at(Expect::Failure, old, &signers, &[first(), transfer("payer", "bob", 50 * SOL)])
            .again(Expect::Rejection),
        case("durable_failing_first_instruction").legacy_at(
            Expect::Failure,
            old,
            &signers,
            &[first(), first(), transfer("payer", "bob", 5)],
        ),
        case("durable_unknown_program_advances").legacy_at(Expect::Failure, old, &signers, &[first(), unknown]),
        case("durable_below_rent_advances").legacy_at(
            Expect::Failure,
            old,
            &signers,
            &[first(), transfer("payer", "new", 1)],
        ),
        case("durable_closing_fails").legacy_at(Expect::Failure, old, &signers, &[first(), withdraw_all]),
        case("durable_authorize").legacy_at(Expect::Success, old, &signers, &[first(), authorize]),
        case("durable_credited").legacy_at(Expect::Success, old, &signers, &[first(), transfer("alice", "nonce", 9)]),
        case("durable_trailing_data").legacy_at(Expect::Success, old, &signers, &[trailing]),
        case("durable_larger_account")
            .account(nonce, {
                let mut account = nonce_account(environment, "alice", old, SOL);
                account.data.resize(100, 0);
                account
            })
            .legacy_at(Expect::Anything, old, &signers, &[first(), transfer("payer", "bob", 50 * SOL)]),
        own("durable_nonce_pays", 10_000).legacy_at(
            Expect::Success,
            old,
            &["nonce", "alice"],
            &[own_advance(), transfer("alice", "bob", 1)],
        ),
        own("durable_nonce_pays_and_fails", 10_000).legacy_at(
            Expect::Failure,
            old,
            &["nonce", "alice"],
            &[own_advance(), transfer("alice", "bob", 2 * SOL)],
        ),
        own("durable_nonce_too_poor_to_pay", 9_999).legacy_at(
            Expect::Rejection,
            old,
            &["nonce", "alice"],
            &[own_advance(), transfer("alice", "bob", 1)],
        ),
        case("recent_blockhash_with_advance").ok(&signers, &[first(), transfer("payer", "bob", 5)]),
        case("recent_blockhash_with_advance_fails").fails(&signers, &[first(), transfer("payer", "bob", 50 * SOL)]),
    ]
}

fn durable_rejected(environment: &Environment) -> Vec<Case> {
    let nonce = address("nonce");
    let old = durable_nonce("old blockhash");
    let stale = durable_nonce("older blockhash");
    let current = *DurableNonce::from_blockhash(&environment.blockhash).as_hash();
    let case = |name: &str| {
        Case::new(environment, name)
            .lamports("alice", SOL)
            .lamports("bob", SOL)
            .account(nonce, nonce_account(environment, "alice", old, 0))
    };
    let signers = ["payer", "alice"];
    let first = || advance("nonce", "alice");
    let pay = || transfer("payer", "bob", 5);
    let by = |accounts: Vec<AccountMeta>| system(&SystemInstruction::AdvanceNonceAccount, accounts);
    let recent = || r(sysvar::recent_blockhashes::ID);
    let reject = Expect::Rejection;
    vec![
        case("durable_stale").legacy_at(reject, stale, &signers, &[first(), pay()]),
        case("durable_current").account(nonce, nonce_account(environment, "alice", current, 0)).legacy_at(
            reject,
            current,
            &signers,
            &[first(), pay()],
        ),
        case("durable_not_first").legacy_at(reject, old, &signers, &[pay(), first()]),
        case("durable_no_advance").legacy_at(reject, old, &["payer"], &[pay()]),
        case("durable_authority_not_signing").legacy_at(
            reject,
            old,
            &["payer"],
            &[by(vec![w(nonce), recent(), r(address("alice"))]), pay()],
        ),
        case("durable_authority_signs_elsewhere").legacy_at(
            reject,
            old,
            &signers,
            &[by(vec![w(nonce), recent()]), transfer("alice", "bob", 5)],
        ),
        case("durable_other_signer").legacy_at(reject, old, &["payer", "bob"], &[advance("nonce", "bob"), pay()]),
        case("durable_readonly_nonce").legacy_at(
            reject,
            old,
            &signers,
            &[by(vec![r(nonce), recent(), rs(address("alice"))]), pay()],
        ),
        case("durable_without_sysvar").legacy_at(
            Expect::Failure,
            old,
            &signers,
            &[by(vec![w(nonce), rs(address("alice"))]), pay()],
        ),
        case("durable_missing_account").legacy_at(reject, old, &signers, &[advance("new", "alice"), pay()]),
        case("durable_foreign_account")
            .account(nonce, {
                let mut account = nonce_account(environment, "alice", old, 0);
                account.owner = address("program");
                account
            })
            .legacy_at(reject, old, &signers, &[first(), pay()]),
        case("durable_legacy_version")
            .account(nonce, account(SOL, nonce_data(0, 1, &address("alice"), old), system_program::ID))
            .legacy_at(reject, old, &signers, &[first(), pay()]),
        case("durable_uninitialized")
            .account(nonce, account(SOL, nonce_data(1, 0, &nonce, old), system_program::ID))
            .legacy_at(reject, old, &signers, &[first(), pay()]),
        case("durable_payer_too_poor").lamports("payer", 9_999).legacy_at(reject, old, &signers, &[first(), pay()]),
        case("durable_payer_missing").legacy_at(reject, old, &["ghost", "alice"], &[first()]),
        case("durable_after_authorize")
            .ok(
                &signers,
                &[system(
                    &SystemInstruction::AuthorizeNonceAccount(address("bob")),
                    vec![w(nonce), rs(key("alice").pubkey())],
                )],
            )
            .legacy_at(reject, old, &signers, &[first(), pay()]),
    ]
}
