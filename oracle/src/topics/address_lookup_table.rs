//! The address-lookup-table program: create, freeze, extend, deactivate, close, each error of each, and tables used after.

use super::fees::{limit, program};
use crate::{
    case::{Case, Expect, SOL, account, address, instruction, r, rs, system_account, w, ws},
    environment::{Environment, SLOT},
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::{address_lookup_table::ID, bpf_loader, system_program};

/// Bytes before a table's addresses.
const META_SPACE: usize = 56;

/// Addresses that a table may hold.
const ADDRESSES_MAX: usize = 256;

/// A table that is not deactivated.
const NEVER: u64 = u64::MAX;

/// The slot that new tables name.
const RECENT: u64 = SLOT - 1;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = create(environment);
    cases.extend(create_refused(environment));
    cases.extend(extend(environment));
    cases.extend(extend_refused(environment));
    cases.extend(freeze(environment));
    cases.extend(deactivate(environment));
    cases.extend(close(environment));
    cases.extend(malformed(environment));
    cases.extend(lifecycles(environment));
    cases
}

/// A table's account before it is created.
fn derive(authority: &str, slot: u64) -> (Address, u8) {
    Address::find_program_address(&[address(authority).as_ref(), &slot.to_le_bytes()], &ID)
}

/// The contents of a table.
#[derive(Clone, Copy)]
struct Table {
    authority: Option<&'static str>,
    deactivated: u64,
    extended: u64,
    start: u8,
    count: usize,
}

const TABLE: Table =
    Table { authority: Some("authority"), deactivated: NEVER, extended: SLOT - 10, start: 0, count: 3 };

impl Table {
    fn to_data(self) -> Vec<u8> {
        let mut data = 1u32.to_le_bytes().to_vec();
        data.extend(self.deactivated.to_le_bytes());
        data.extend(self.extended.to_le_bytes());
        data.push(self.start);
        data.push(u8::from(self.authority.is_some()));
        data.extend(self.authority.map(|name| address(name).to_bytes()).unwrap_or_default());
        data.resize(META_SPACE, 0);
        for index in 0..self.count {
            data.extend([index as u8; 32]);
        }
        data
    }

    fn to_account(self, environment: &Environment) -> Account {
        let data = self.to_data();
        account(environment.exempt(data.len()), data, ID)
    }
}

fn create_data(slot: u64, bump: u8) -> Vec<u8> {
    [0u32.to_le_bytes().as_slice(), &slot.to_le_bytes(), &[bump]].concat()
}

/// Create the table that `authority` derives with `slot`, paid by `payer`.
fn create_at(authority: AccountMeta, slot: u64) -> Instruction {
    let (table, bump) = Address::find_program_address(&[authority.pubkey.as_ref(), &slot.to_le_bytes()], &ID);
    let accounts = vec![w(table), authority, ws(address("payer")), r(system_program::ID)];
    instruction(ID, accounts, create_data(slot, bump))
}

fn create_table(slot: u64) -> Instruction {
    create_at(r(address("authority")), slot)
}

fn extend_data(addresses: &[Address]) -> Vec<u8> {
    let mut data = 2u32.to_le_bytes().to_vec();
    data.extend((addresses.len() as u64).to_le_bytes());
    data.extend(addresses.iter().flat_map(|address| address.to_bytes()));
    data
}

fn addresses(count: usize) -> Vec<Address> {
    (0..count).map(|index| address(&format!("entry {index}"))).collect()
}

fn extend_by(table: Address, count: usize) -> Instruction {
    let accounts = vec![w(table), rs(address("authority")), ws(address("payer")), r(system_program::ID)];
    instruction(ID, accounts, extend_data(&addresses(count)))
}

/// Freeze (1) or deactivate (3).
fn simple(tag: u32, table: Address) -> Instruction {
    instruction(ID, vec![w(table), rs(address("authority"))], tag.to_le_bytes())
}

fn close_to(table: Address, recipient: AccountMeta) -> Instruction {
    instruction(ID, vec![w(table), rs(address("authority")), recipient], 4u32.to_le_bytes())
}

/// `instruction` with one account replaced.
fn with_account(mut instruction: Instruction, index: usize, meta: AccountMeta) -> Instruction {
    instruction.accounts[index] = meta;
    instruction
}

fn first_accounts(mut instruction: Instruction, count: usize) -> Instruction {
    instruction.accounts.truncate(count);
    instruction
}

fn create(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("create_{name}"));
    let one = ["payer"];
    let (table, _) = derive("authority", RECENT);
    let prefunded = |name: &str, lamports: u64| case(name).account(table, system_account(lamports));
    let exempt = environment.exempt(META_SPACE);
    vec![
        case("table").ok(&one, &[create_table(RECENT)]),
        case("signed_by_authority").ok(&["payer", "authority"], &[create_at(rs(address("authority")), RECENT)]),
        case("for_payer").ok(&one, &[create_at(ws(address("payer")), RECENT)]),
        case("oldest_slot").ok(&one, &[create_table(SLOT - 512)]),
        case("middle_slot").ok(&one, &[create_table(SLOT - 200)]),
        case("prefunded")
            .lamports("authority", SOL)
            .account(table, system_account(1))
            .ok(&one, &[create_table(RECENT)]),
        prefunded("prefunded_exactly", exempt).ok(&one, &[create_table(RECENT)]),
        prefunded("prefunded_more", exempt + SOL).ok(&one, &[create_table(RECENT)]),
        case("again").ok(&one, &[create_table(RECENT)]).ok(&one, &[create_table(RECENT), limit(100_000)]),
        case("two_of_one_authority").ok(&one, &[create_table(RECENT), create_table(SLOT - 2)]),
        case("existing").account(table, TABLE.to_account(environment)).ok(&one, &[create_table(RECENT)]),
        case("existing_of_another")
            .account(table, Table { authority: Some("stranger"), ..TABLE }.to_account(environment))
            .ok(&one, &[create_table(RECENT)]),
        case("trailing_data").legacy(
            Expect::Anything,
            &one,
            &[Instruction { data: [create_table(RECENT).data, vec![7]].concat(), ..create_table(RECENT) }],
        ),
        case("extra_account").ok(
            &one,
            &[Instruction {
                accounts: [create_table(RECENT).accounts, vec![r(address("more"))]].concat(),
                ..create_table(RECENT)
            }],
        ),
        case("compute_exhausted").fails(&one, &[limit(5_000), create_table(RECENT)]),
    ]
}

fn create_refused(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("create_{name}"));
    let one = ["payer"];
    let (table, bump) = derive("authority", RECENT);
    let with = |index: usize, meta: AccountMeta| with_account(create_table(RECENT), index, meta);
    let data = |bytes: Vec<u8>| Instruction { data: bytes, ..create_table(RECENT) };
    vec![
        case("current_slot").fails(&one, &[create_table(SLOT)]),
        case("future_slot").fails(&one, &[create_table(SLOT + 1)]),
        case("slot_too_old").fails(&one, &[create_table(SLOT - 513)]),
        case("slot_zero").fails(&one, &[create_table(0)]),
        case("slot_max").fails(&one, &[create_table(u64::MAX)]),
        case("wrong_bump").fails(&one, &[data(create_data(RECENT, bump.wrapping_sub(1)))]),
        case("bump_255").legacy(Expect::Anything, &one, &[data(create_data(RECENT, 255))]),
        case("bump_0").legacy(Expect::Anything, &one, &[data(create_data(RECENT, 0))]),
        case("other_slot_than_derived").fails(&one, &[data(create_data(SLOT - 2, bump))]),
        case("other_address").fails(&one, &[with(0, w(address("elsewhere")))]),
        case("other_authority").fails(&one, &[with(1, r(address("stranger")))]),
        case("table_readonly").fails(&one, &[with(0, r(table))]),
        case("payer_not_signer").lamports("poor", SOL).fails(&one, &[with(2, w(address("poor")))]),
        case("payer_readonly").lamports("rich", SOL).fails(&["payer", "rich"], &[with(2, rs(address("rich")))]),
        case("payer_too_poor").lamports("poor", 1_000_000).legacy(
            Expect::Anything,
            &["payer", "poor"],
            &[with(2, ws(address("poor")))],
        ),
        case("payer_left_without").lamports("poor", environment.exempt(META_SPACE)).legacy(
            Expect::Anything,
            &["payer", "poor"],
            &[with(2, ws(address("poor")))],
        ),
        case("wrong_system_program").fails(&one, &[with(3, r(address("program")))]),
        case("three_accounts").fails(&one, &[first_accounts(create_table(RECENT), 3)]),
        case("two_accounts").fails(&one, &[first_accounts(create_table(RECENT), 2)]),
        case("no_accounts").fails(&one, &[first_accounts(create_table(RECENT), 0)]),
        case("address_has_data")
            .account(table, account(SOL, vec![1; 4], system_program::ID))
            .fails(&one, &[create_table(RECENT)]),
        case("address_foreign")
            .account(table, account(SOL, vec![], address("program")))
            .fails(&one, &[create_table(RECENT)]),
        case("address_foreign_with_data")
            .account(table, account(SOL, vec![0; 56], address("program")))
            .fails(&one, &[create_table(RECENT)]),
        case("data_short").fails(&one, &[data(create_data(RECENT, bump)[..12].to_vec())]),
    ]
}

fn extend(environment: &Environment) -> Vec<Case> {
    let key = address("table");
    let case = |name: &str, table: Table| {
        Case::new(environment, format!("extend_{name}")).account(key, table.to_account(environment))
    };
    let signers = ["payer", "authority"];
    let without_payer = |count: usize| first_accounts(extend_by(key, count), 2);
    let rich = |name: &str| {
        let table = Account { lamports: SOL, ..TABLE.to_account(environment) };
        case(name, TABLE).account(key, table)
    };
    vec![
        case("by_one", TABLE).ok(&signers, &[extend_by(key, 1)]),
        case("by_many", TABLE).ok(&signers, &[extend_by(key, 20)]),
        case("empty_table", Table { count: 0, extended: 0, ..TABLE }).ok(&signers, &[extend_by(key, 2)]),
        case("in_the_same_slot", Table { extended: SLOT, start: 1, ..TABLE }).ok(&signers, &[extend_by(key, 2)]),
        case("extended_in_the_future", Table { extended: SLOT + 5, start: 1, ..TABLE })
            .ok(&signers, &[extend_by(key, 2)]),
        case("twice", TABLE).ok(&signers, &[extend_by(key, 1), extend_by(key, 2)]),
        case("with_what_it_holds", TABLE).ok(
            &signers,
            &[instruction(ID, extend_by(key, 1).accounts, extend_data(&[Address::new_from_array([1; 32])]))],
        ),
        case("to_the_maximum", Table { count: ADDRESSES_MAX - 1, ..TABLE }).ok(&signers, &[extend_by(key, 1)]),
        rich("prefunded_without_payer").ok(&signers, &[without_payer(2)]),
        rich("prefunded_with_payer").ok(&signers, &[extend_by(key, 2)]),
        case("payer_is_authority", TABLE).lamports("authority", SOL).ok(
            &signers,
            &[with_account(with_account(extend_by(key, 2), 2, ws(address("authority"))), 1, rs(address("authority")))],
        ),
        case("compute_exhausted", TABLE).fails(&signers, &[limit(2_000), extend_by(key, 2)]),
    ]
}

fn extend_refused(environment: &Environment) -> Vec<Case> {
    let key = address("table");
    let case = |name: &str, table: Table| {
        Case::new(environment, format!("extend_{name}")).account(key, table.to_account(environment))
    };
    let signers = ["payer", "authority"];
    let with = |index: usize, meta: AccountMeta| with_account(extend_by(key, 2), index, meta);
    let data = |bytes: &[u8]| Instruction { data: bytes.to_vec(), ..extend_by(key, 2) };
    let length = |count: u64| [2u32.to_le_bytes().as_slice(), &count.to_le_bytes(), &[5; 64]].concat();
    vec![
        case("by_nothing", TABLE).fails(&signers, &[extend_by(key, 0)]),
        case("beyond_the_maximum", Table { count: ADDRESSES_MAX - 1, ..TABLE }).fails(&signers, &[extend_by(key, 2)]),
        case("a_full_table", Table { count: ADDRESSES_MAX, ..TABLE }).fails(&signers, &[extend_by(key, 1)]),
        case("a_frozen_table", Table { authority: None, ..TABLE }).fails(&signers, &[extend_by(key, 1)]),
        case("another_authoritys", Table { authority: Some("stranger"), ..TABLE })
            .fails(&signers, &[extend_by(key, 1)]),
        case("a_deactivated_table", Table { deactivated: SLOT - 3, ..TABLE }).fails(&signers, &[extend_by(key, 1)]),
        case("without_signature", TABLE).fails(&["payer"], &[with(1, r(address("authority")))]),
        case("without_payer", TABLE).fails(&signers, &[first_accounts(extend_by(key, 2), 2)]),
        case("without_system_program", TABLE).fails(&signers, &[first_accounts(extend_by(key, 2), 3)]),
        case("wrong_system_program", TABLE).fails(&signers, &[with(3, r(address("program")))]),
        case("one_account", TABLE).fails(&["payer"], &[first_accounts(extend_by(key, 2), 1)]),
        case("payer_not_signer", TABLE).lamports("rich", SOL).fails(&signers, &[with(2, w(address("rich")))]),
        case("payer_poor", TABLE).lamports("poor", 100_000).legacy(
            Expect::Anything,
            &["payer", "authority", "poor"],
            &[with(2, ws(address("poor")))],
        ),
        case("table_readonly", TABLE).fails(&signers, &[with(0, r(key))]),
        case("foreign", TABLE)
            .account(key, account(SOL, TABLE.to_data(), address("program")))
            .fails(&signers, &[extend_by(key, 1)]),
        case("missing", TABLE).account(key, system_account(0)).fails(&signers, &[extend_by(key, 1)]),
        case("uninitialised", TABLE)
            .account(key, account(SOL, vec![0; META_SPACE], ID))
            .fails(&signers, &[extend_by(key, 1)]),
        case("unknown_state", TABLE)
            .account(key, account(SOL, vec![2; META_SPACE], ID))
            .fails(&signers, &[extend_by(key, 1)]),
        case("short", TABLE)
            .account(key, account(SOL, TABLE.to_data()[..30].to_vec(), ID))
            .fails(&signers, &[extend_by(key, 1)]),
        case("length_too_large", TABLE).fails(&signers, &[data(&length(3))]),
        case("length_too_small", TABLE).legacy(Expect::Anything, &signers, &[data(&length(1))]),
        case("length_max", TABLE).fails(&signers, &[data(&length(u64::MAX))]),
        case("no_length", TABLE).fails(&signers, &[data(&2u32.to_le_bytes())]),
    ]
}

fn freeze(environment: &Environment) -> Vec<Case> {
    authority_cases(environment, "freeze", 1, &[("empty", Table { count: 0, ..TABLE }, Expect::Failure)])
}

fn deactivate(environment: &Environment) -> Vec<Case> {
    authority_cases(environment, "deactivate", 3, &[("empty", Table { count: 0, ..TABLE }, Expect::Success)])
}

/// What freeze and deactivate have in common, and `more` tables.
fn authority_cases(environment: &Environment, verb: &str, tag: u32, more: &[(&str, Table, Expect)]) -> Vec<Case> {
    let key = address("table");
    let case = |name: &str, table: Table| {
        Case::new(environment, format!("{verb}_{name}")).account(key, table.to_account(environment))
    };
    let signers = ["payer", "authority"];
    let with = |index: usize, meta: AccountMeta| with_account(simple(tag, key), index, meta);
    let mut cases = vec![
        case("table", TABLE).ok(&signers, &[simple(tag, key)]),
        case("twice", TABLE).fails(&signers, &[simple(tag, key), simple(tag, key)]),
        case("extended_now", Table { extended: SLOT, start: 2, ..TABLE }).ok(&signers, &[simple(tag, key)]),
        case("frozen", Table { authority: None, ..TABLE }).fails(&signers, &[simple(tag, key)]),
        case("deactivated", Table { deactivated: SLOT - 3, ..TABLE }).fails(&signers, &[simple(tag, key)]),
        case("deactivated_now", Table { deactivated: SLOT, ..TABLE }).fails(&signers, &[simple(tag, key)]),
        case("another_authoritys", Table { authority: Some("stranger"), ..TABLE }).fails(&signers, &[simple(tag, key)]),
        case("without_signature", TABLE).fails(&["payer"], &[with(1, r(address("authority")))]),
        case("readonly", TABLE).fails(&signers, &[with(0, r(key))]),
        case("one_account", TABLE).fails(&["payer"], &[first_accounts(simple(tag, key), 1)]),
        case("no_accounts", TABLE).fails(&["payer"], &[first_accounts(simple(tag, key), 0)]),
        case("foreign", TABLE)
            .account(key, account(SOL, TABLE.to_data(), bpf_loader::ID))
            .fails(&signers, &[simple(tag, key)]),
        case("missing", TABLE).account(key, system_account(0)).fails(&signers, &[simple(tag, key)]),
        case("uninitialised", TABLE)
            .account(key, account(SOL, vec![0; META_SPACE], ID))
            .fails(&signers, &[simple(tag, key)]),
    ];
    cases.extend(
        more.iter().map(|(name, table, expect)| case(name, *table).legacy(*expect, &signers, &[simple(tag, key)])),
    );
    cases
}

fn close(environment: &Environment) -> Vec<Case> {
    let key = address("table");
    let case = |name: &str, table: Table| {
        Case::new(environment, format!("close_{name}"))
            .account(key, table.to_account(environment))
            .lamports("recipient", SOL)
    };
    let signers = ["payer", "authority"];
    let old = Table { deactivated: SLOT - 513, ..TABLE };
    let plain = || close_to(key, w(address("recipient")));
    let with = |index: usize, meta: AccountMeta| with_account(plain(), index, meta);
    vec![
        case("table", old).ok(&signers, &[plain()]),
        case("deactivated_long_ago", Table { deactivated: 0, ..TABLE }).ok(&signers, &[plain()]),
        case("full_table", Table { count: ADDRESSES_MAX, ..old }).ok(&signers, &[plain()]),
        case("to_new_account", old).ok(&signers, &[close_to(key, w(address("new")))]),
        case("to_payer", old).ok(&signers, &[close_to(key, w(address("payer")))]),
        case("to_authority", old).ok(&signers, &[close_to(key, ws(address("authority")))]),
        case("to_itself", old).fails(&signers, &[close_to(key, w(key))]),
        case("recipient_readonly", old).fails(&signers, &[close_to(key, r(address("recipient")))]),
        case("readonly", old).fails(&signers, &[with(0, r(key))]),
        case("active", TABLE).fails(&signers, &[plain()]),
        case("deactivated_now", Table { deactivated: SLOT, ..TABLE }).fails(&signers, &[plain()]),
        case("deactivated_1_ago", Table { deactivated: SLOT - 1, ..TABLE }).fails(&signers, &[plain()]),
        case("deactivated_2_ago", Table { deactivated: SLOT - 2, ..TABLE }).fails(&signers, &[plain()]),
        case("deactivated_512_ago", Table { deactivated: SLOT - 512, ..TABLE }).fails(&signers, &[plain()]),
        case("deactivated_in_the_future", Table { deactivated: SLOT + 1, ..TABLE }).legacy(
            Expect::Anything,
            &signers,
            &[plain()],
        ),
        case("frozen", Table { authority: None, ..old }).fails(&signers, &[plain()]),
        case("another_authoritys", Table { authority: Some("stranger"), ..old }).fails(&signers, &[plain()]),
        case("without_signature", old).fails(&["payer"], &[with(1, r(address("authority")))]),
        case("two_accounts", old).fails(&signers, &[first_accounts(plain(), 2)]),
        case("no_accounts", old).fails(&["payer"], &[first_accounts(plain(), 0)]),
        case("foreign", old).account(key, account(SOL, old.to_data(), address("program"))).fails(&signers, &[plain()]),
        case("missing", old).account(key, system_account(0)).fails(&signers, &[plain()]),
        case("uninitialised", old).account(key, account(SOL, vec![0; META_SPACE], ID)).fails(&signers, &[plain()]),
        case("twice", old).ok(&signers, &[plain()]).fails(&signers, &[plain(), limit(90_000)]),
    ]
}

fn malformed(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name);
    let send = |data: &[u8]| instruction(ID, vec![w(address("table"))], data);
    let one = ["payer"];
    vec![
        case("empty").fails(&one, &[send(&[])]),
        case("tag_short").fails(&one, &[send(&[1, 0, 0])]),
        case("tag_5").fails(&one, &[send(&5u32.to_le_bytes())]),
        case("tag_max").fails(&one, &[send(&u32::MAX.to_le_bytes())]),
        case("compute_exhausted_at_once").fails(&one, &[limit(100), send(&[])]),
        case("other_program_named").legacy(
            Expect::Anything,
            &one,
            &[instruction(program("config"), vec![w(address("table"))], 1u32.to_le_bytes())],
        ),
    ]
}

/// Several instructions on one table.
fn lifecycles(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("life_{name}"));
    let (one, both) = (["payer"], ["payer", "authority"]);
    let (table, _) = derive("authority", RECENT);
    vec![
        case("create_extend").ok(&both, &[create_table(RECENT), extend_by(table, 3)]),
        case("create_extend_freeze")
            .ok(&both, &[create_table(RECENT), extend_by(table, 3), simple(1, table)])
            .fails(&both, &[extend_by(table, 1)]),
        case("create_deactivate_close")
            .ok(&both, &[create_table(RECENT), simple(3, table)])
            .fails(&both, &[close_to(table, w(address("payer")))]),
        case("create_then_extend_apart")
            .ok(&one, &[create_table(RECENT)])
            .ok(&both, &[extend_by(table, 10)])
            .ok(&both, &[extend_by(table, 5)]),
        case("extend_deactivated_now").fails(&both, &[create_table(RECENT), simple(3, table), extend_by(table, 1)]),
        case("close_and_create_again")
            .account(table, Table { deactivated: 5, ..TABLE }.to_account(environment))
            .legacy(
                Expect::Anything,
                &both,
                &[close_to(table, w(address("payer"))), create_table(RECENT), extend_by(table, 1)],
            ),
    ]
}
