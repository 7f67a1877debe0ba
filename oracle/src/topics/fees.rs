//! What happens around execution: payers, signatures, fees, compute budget, loading, sanitising, age, lookup tables, v1.

use super::system::{NONCE_SPACE, durable_nonce, nonce_account, transfer};
use crate::{
    case::{Case, Expect, SOL, account, address, instruction, key, r, rs, system_account, w, ws},
    environment::{Environment, PROGRAM_NAMES, SLOT},
};
use solana_account::Account;
use solana_address::Address;
use solana_address_lookup_table_interface::state::{AddressLookupTable, LookupTableMeta};
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_message::{
    AddressLookupTableAccount, Message, MessageHeader, VersionedMessage,
    compiled_instruction::CompiledInstruction,
    v0::{self, MessageAddressTableLookup},
    v1::TransactionConfig,
};
use solana_sdk_ids::{
    address_lookup_table, bpf_loader, bpf_loader_upgradeable, compute_budget, ed25519_program, native_loader,
    system_program, sysvar,
};
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = payers(environment);
    cases.extend(signatures(environment));
    cases.extend(priority(environment));
    cases.extend(budget_errors(environment));
    cases.extend(budget_limits(environment));
    cases.extend(loaded_data(environment));
    cases.extend(programs(environment));
    cases.extend(sanitize(environment));
    cases.extend(age_and_status(environment));
    cases.extend(lookup_tables(environment));
    cases.extend(lookup_failures(environment));
    cases.extend(version_1(environment));
    cases
}

/// `RequestHeapFrame`.
pub fn heap(bytes: u32) -> Instruction {
    instruction(compute_budget::ID, vec![], [&[1], bytes.to_le_bytes().as_slice()].concat())
}

/// `SetComputeUnitLimit`.
pub fn limit(units: u32) -> Instruction {
    instruction(compute_budget::ID, vec![], [&[2], units.to_le_bytes().as_slice()].concat())
}

/// `SetComputeUnitPrice`.
pub fn price(micro_lamports: u64) -> Instruction {
    instruction(compute_budget::ID, vec![], [&[3], micro_lamports.to_le_bytes().as_slice()].concat())
}

/// `SetLoadedAccountsDataSizeLimit`.
pub fn loaded(bytes: u32) -> Instruction {
    instruction(compute_budget::ID, vec![], [&[4], bytes.to_le_bytes().as_slice()].concat())
}

/// A memo without signers, of the program called `name`.
pub fn memo(name: &str, text: &str) -> Instruction {
    instruction(program(name), vec![], text)
}

/// The address of an environment program.
pub fn program(name: &str) -> Address {
    let found = PROGRAM_NAMES.iter().find(|(other, _)| *other == name);
    found.expect("the name of an environment program").1
}

fn payers(environment: &Environment) -> Vec<Case> {
    let minimum = environment.exempt(0);
    let exempt_nonce = environment.exempt(NONCE_SPACE);
    let pay = || [transfer("alice", "bob", 5)];
    let signers = ["payer", "alice"];
    let case = |name: &str, payer: Account| {
        let case = Case::bare(environment, name).lamports("alice", SOL).lamports("bob", SOL);
        case.account(address("payer"), payer)
    };
    let lamports = system_account;
    let old = durable_nonce("old blockhash");
    let nonce = |extra: u64| nonce_account(environment, "alice", old, extra);
    let blank_nonce = |lamports: u64| account(lamports, [vec![1, 0, 0, 0], vec![0; 76]].concat(), system_program::ID);
    vec![
        Case::bare(environment, "payer_missing").lamports("alice", SOL).lamports("bob", SOL).rejected(&signers, &pay()),
        case("payer_too_poor", lamports(9_999)).rejected(&signers, &pay()),
        case("payer_spends_all", lamports(10_000))
            .ok(&signers, &pay())
            .rejected(&signers, &[transfer("alice", "bob", 6)]),
        case("payer_spends_all_and_fails", lamports(10_000)).fails(&signers, &[transfer("alice", "bob", 2 * SOL)]),
        case("payer_left_below_minimum", lamports(minimum + 9_999)).rejected(&signers, &pay()),
        case("payer_left_at_minimum", lamports(minimum + 10_000)).ok(&signers, &pay()),
        case("payer_below_minimum_before", lamports(50_000)).rejected(&signers, &pay()),
        case("payer_below_minimum_spends_all_in_three", lamports(30_000)).rejected(&signers, &pay()),
        case("payer_refilled", lamports(10_000)).ok(&signers, &[transfer("alice", "payer", minimum)]),
        case("payer_refilled_too_little", lamports(10_000)).fails(&signers, &[transfer("alice", "payer", minimum - 1)]),
        case("payer_foreign", account(SOL, vec![], bpf_loader::ID)).rejected(&signers, &pay()),
        case("payer_with_data", account(SOL, vec![0; 4], system_program::ID)).rejected(&signers, &pay()),
        case("payer_with_80_zeros", account(SOL, vec![0; 80], system_program::ID)).rejected(&signers, &pay()),
        case("payer_nonce", nonce(10_000)).ok(&signers, &pay()),
        case("payer_nonce_fails", nonce(10_000)).fails(&signers, &[transfer("alice", "bob", 2 * SOL)]),
        case("payer_nonce_below_minimum", nonce(9_999)).rejected(&signers, &pay()),
        case("payer_nonce_uninitialized", blank_nonce(exempt_nonce + 10_000)).legacy(
            Expect::Anything,
            &signers,
            &pay(),
        ),
    ]
}

fn signatures(environment: &Environment) -> Vec<Case> {
    let names: Vec<String> = (0..8).map(|index| format!("signer {index}")).collect();
    let all: Vec<&str> = ["payer"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let many = names.iter().map(|name| rs(address(name))).collect();
    let many = instruction(program("spl_memo_3"), many, "nine");
    let case = |name: &str| Case::new(environment, name).lamports("alice", SOL).lamports("bob", SOL);
    let signed = |signers: &[&str]| {
        let case = case("unused").legacy(Expect::Anything, signers, &[transfer("alice", "bob", 5)]);
        case.transactions.into_iter().next().expect("one transaction").0
    };
    let broken = |edit: fn(&mut VersionedTransaction)| {
        let mut transaction = signed(&["payer", "alice"]);
        edit(&mut transaction);
        transaction
    };
    let reject = Expect::Rejection;
    vec![
        case("signatures_two").ok(&["payer", "alice"], &[transfer("alice", "bob", 5)]),
        case("signatures_nine").ok(&all, &[many]),
        case("signature_of_other_key").transaction(
            reject,
            broken(|tx| {
                tx.signatures[1] = key("bob").sign_message(&tx.message.serialize());
            }),
        ),
        case("signatures_swapped").transaction(reject, broken(|tx| tx.signatures.swap(0, 1))),
        case("signature_zero").transaction(reject, broken(|tx| tx.signatures[0] = Default::default())),
        case("signature_of_other_message").transaction(
            reject,
            broken(|tx| {
                if let VersionedMessage::Legacy(message) = &mut tx.message {
                    message.instructions[0].data[4] ^= 1;
                }
            }),
        ),
        case("signatures_too_few").transaction(
            reject,
            broken(|tx| {
                tx.signatures.pop();
            }),
        ),
        case("signatures_too_many").transaction(reject, broken(|tx| tx.signatures.push(tx.signatures[0]))),
    ]
}

fn priority(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name).lamports("bob", SOL);
    let pay = |instructions: &[Instruction]| [instructions, &[transfer("payer", "bob", 5)]].concat();
    let one = ["payer"];
    vec![
        case("price_rounds_up").ok(&one, &pay(&[limit(1_000), price(1)])),
        case("price_exact").ok(&one, &pay(&[limit(1_000), price(1_000)])),
        case("price_just_above").ok(&one, &pay(&[limit(1_000), price(1_001)])),
        case("price_zero").ok(&one, &pay(&[limit(1_000), price(0)])),
        case("price_after_transfer").ok(&one, &[transfer("payer", "bob", 5), price(7_777), limit(12_345)]),
        case("price_default_limit_builtins").ok(&one, &pay(&[price(1_000_000)])),
        case("price_default_limit_program")
            .ok(&one, &[price(1_000_000), memo("spl_memo_4", "hello"), transfer("payer", "bob", 5)]),
        case("price_limit_capped").ok(&one, &pay(&[limit(u32::MAX), price(1_000_000)])),
        case("price_largest").rejected(&one, &pay(&[limit(1_400_000), price(u64::MAX)])),
        case("price_largest_limit_one").rejected(&one, &pay(&[limit(1), price(u64::MAX)])),
        case("price_limit_zero").fails(&one, &pay(&[limit(0), price(u64::MAX)])),
        case("price_charged_on_failure")
            .fails(&one, &[limit(100_000), price(10_000_000), transfer("payer", "bob", 20 * SOL)]),
        case("price_takes_the_amount")
            .fails(&one, &[limit(1_000_000), price(1_000_000), transfer("payer", "bob", 10 * SOL - 1_000_000)]),
        case("price_just_too_poor").lamports("payer", 5_999).rejected(&one, &pay(&[limit(1_000), price(1_000_000)])),
        case("price_just_rich_enough")
            .lamports("payer", 11_000)
            .lamports("alice", SOL)
            .ok(&["payer", "alice"], &[limit(1_000), price(1_000_000), transfer("alice", "payer", SOL)]),
    ]
}

fn budget_errors(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name).lamports("bob", SOL);
    let pay = |instructions: &[Instruction]| [instructions, &[transfer("payer", "bob", 5)]].concat();
    let raw = |data: &[u8]| instruction(compute_budget::ID, vec![], data);
    let one = ["payer"];
    vec![
        case("duplicate_limit").rejected(&one, &pay(&[limit(1_000), limit(1_000)])),
        case("duplicate_price").rejected(&one, &pay(&[price(1), limit(1_000), price(1)])),
        case("duplicate_heap").rejected(&one, &pay(&[heap(32 * 1024), heap(32 * 1024)])),
        case("duplicate_loaded").rejected(&one, &pay(&[loaded(100), loaded(100)])),
        case("duplicate_before_bad_heap").rejected(&one, &pay(&[heap(1), limit(1), limit(2)])),
        case("heap_too_small").rejected(&one, &pay(&[heap(31 * 1024)])),
        case("heap_not_a_multiple").rejected(&one, &pay(&[heap(32 * 1024 + 1)])),
        case("heap_too_large").rejected(&one, &pay(&[heap(257 * 1024)])),
        case("heap_zero").rejected(&one, &pay(&[heap(0)])),
        case("heap_smallest").ok(&one, &pay(&[heap(32 * 1024)])),
        case("heap_largest").ok(&one, &pay(&[heap(256 * 1024)])),
        case("heap_cost")
            .ok(&one, &[heap(256 * 1024), memo("spl_memo_4", "hello")])
            .ok(&one, &[heap(33 * 1024), memo("spl_memo_4", "hello")]),
        case("heap_cost_none").ok(&one, &[memo("spl_memo_4", "hello")]),
        case("budget_empty").rejected(&one, &pay(&[raw(&[])])),
        case("budget_unused_tag").rejected(&one, &pay(&[raw(&[0, 1, 2, 3, 4])])),
        case("budget_unknown_tag").rejected(&one, &pay(&[raw(&[5, 0, 0, 0, 0])])),
        case("budget_truncated").rejected(&one, &pay(&[raw(&[2, 0, 0, 0])])),
        case("budget_trailing").ok(&one, &pay(&[raw(&[2, 0, 10, 0, 0, 9, 9, 9])])),
        case("budget_with_accounts")
            .ok(&one, &pay(&[Instruction { accounts: vec![r(address("bob"))], ..limit(1_000) }])),
        case("budget_only").ok(&one, &[limit(150)]),
        case("loaded_zero").rejected(&one, &pay(&[loaded(0)])),
    ]
}

fn budget_limits(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name).lamports("bob", SOL);
    let one = ["payer"];
    let pay = || transfer("payer", "bob", 5);
    vec![
        case("limit_zero").fails(&one, &[limit(0), pay()]),
        case("limit_one_short").fails(&one, &[limit(299), pay()]),
        case("limit_exact").ok(&one, &[limit(300), pay()]),
        case("limit_short_for_budget_instruction").fails(&one, &[limit(149), pay()]),
        case("limit_second_transfer_short").fails(&one, &[limit(449), pay(), pay()]),
        case("limit_program_exhausted").fails(&one, &[limit(200), memo("spl_memo_3", "hello")]),
        case("limit_program_exhausted_then_more").fails(&one, &[limit(1_000), memo("spl_memo_3", "hello"), pay()]),
        case("limit_default_builtins").ok(&one, &[pay(), pay(), pay()]),
        case("limit_default_program").ok(&one, &[memo("spl_memo_3", "hello"), pay()]),
    ]
}

fn loaded_data(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name).lamports("bob", SOL);
    let one = ["payer"];
    let pay = || transfer("payer", "bob", 5);
    // Four accounts at 64 bytes each, and the two builtins' names.
    let exact = 4 * 64 + "solana_system_program".len() as u32 + "compute_budget_program".len() as u32;
    // Payer, memo 4, compute budget; memo's programdata counts once although no instruction names it.
    let with_programdata = 4 * 64 + 22 + 36 + 45 + 2_304;
    vec![
        case("loaded_exact").ok(&one, &[loaded(exact), pay()]),
        case("loaded_one_short").fails(&one, &[loaded(exact - 1), pay()]),
        case("loaded_payer_only").fails(&one, &[loaded(1), pay()]),
        case("loaded_new_account").ok(&one, &[loaded(exact - 64), transfer("payer", "new", SOL)]),
        case("loaded_programdata").ok(&one, &[loaded(with_programdata), memo("spl_memo_4", "hi")]),
        case("loaded_programdata_one_short").fails(&one, &[loaded(with_programdata - 1), memo("spl_memo_4", "hi")]),
        case("loaded_short_and_priced").fails(&one, &[loaded(50), price(1_000_000), limit(1_000), pay()]),
        case("loaded_short_twice").fails(&one, &[loaded(50), pay()]).again(Expect::Rejection),
        case("loaded_more_than_64_mib").ok(&one, &[loaded(u32::MAX), pay()]),
        case("loaded_data_counts")
            .account(address("big"), account(SOL, vec![1; 1_000], system_program::ID))
            .ok(
                &one,
                &[
                    loaded(exact + 1_064),
                    Instruction { accounts: vec![ws(address("payer")), w(address("bob")), r(address("big"))], ..pay() },
                ],
            )
            .fails(
                &one,
                &[
                    loaded(exact + 1_063),
                    Instruction { accounts: vec![ws(address("payer")), w(address("bob")), r(address("big"))], ..pay() },
                ],
            ),
        case("loaded_instructions_sysvar_is_free").ok(
            &one,
            &[
                loaded(exact),
                Instruction {
                    accounts: vec![ws(address("payer")), w(address("bob")), r(sysvar::instructions::ID)],
                    ..pay()
                },
            ],
        ),
    ]
}

fn programs(environment: &Environment) -> Vec<Case> {
    let other = address("program");
    let call = |id: Address| [transfer("payer", "bob", 5), instruction(id, vec![], vec![1, 2, 3])];
    let case = |name: &str| Case::new(environment, name).lamports("bob", SOL);
    let with = |name: &str, account: Account| case(name).account(other, account).fails(&["payer"], &call(other));
    let executable = |mut account: Account| {
        account.executable = true;
        account
    };
    let token = program("spl_token");
    let programdata = Address::find_program_address(&[token.as_ref()], &bpf_loader_upgradeable::ID).0;
    let pointing = [2u32.to_le_bytes().as_slice(), &address("nowhere").to_bytes()].concat();
    let buffer = [1u32.to_le_bytes().as_slice(), &[0], &[5; 100]].concat();
    vec![
        case("program_missing").fails(&["payer"], &call(other)),
        case("program_missing_alone").fails(&["payer"], &call(other)[1..]).again(Expect::Rejection),
        with("program_system_owned", system_account(SOL)),
        with("program_foreign_owned", account(SOL, vec![1; 9], address("owner"))),
        with("program_sysvar_owned", account(SOL, vec![1; 9], sysvar::ID)),
        with("program_loader_2_not_executable", account(SOL, vec![1; 90], bpf_loader::ID)),
        with("program_loader_2_garbage", executable(account(SOL, vec![1; 90], bpf_loader::ID))),
        with("program_loader_2_empty", executable(account(SOL, vec![], bpf_loader::ID))),
        with("program_loader_3_garbage", executable(account(SOL, vec![9; 36], bpf_loader_upgradeable::ID))),
        with("program_loader_3_uninitialized", account(SOL, vec![0; 36], bpf_loader_upgradeable::ID)),
        with("program_loader_3_buffer", account(SOL, buffer, bpf_loader_upgradeable::ID)),
        with("program_loader_3_without_programdata", executable(account(SOL, pointing, bpf_loader_upgradeable::ID))),
        case("program_native_loader").fails(&["payer"], &call(native_loader::ID)),
        case("program_loader_2").fails(&["payer"], &call(bpf_loader::ID)),
        case("program_loader_3").fails(&["payer"], &call(bpf_loader_upgradeable::ID)),
        case("program_sysvar").fails(&["payer"], &call(sysvar::clock::ID)),
        case("program_instructions_sysvar").fails(&["payer"], &call(sysvar::instructions::ID)),
        case("program_programdata").fails(&["payer"], &call(programdata)),
        case("program_as_writable_account").legacy(
            Expect::Anything,
            &["payer"],
            &[instruction(program("spl_memo_3"), vec![w(program("spl_memo_3"))], "memo")],
        ),
    ]
}

fn compiled(program_id_index: u8, accounts: &[u8], data: &[u8]) -> CompiledInstruction {
    CompiledInstruction { program_id_index, accounts: accounts.to_vec(), data: data.to_vec() }
}

fn sanitize(environment: &Environment) -> Vec<Case> {
    let transfer_data = [2u32.to_le_bytes().as_slice(), &5u64.to_le_bytes()].concat();
    let keys = || vec![address("payer"), address("alice"), address("bob"), system_program::ID];
    let header = |required: u8, readonly_signed: u8, readonly_unsigned: u8| MessageHeader {
        num_required_signatures: required,
        num_readonly_signed_accounts: readonly_signed,
        num_readonly_unsigned_accounts: readonly_unsigned,
    };
    let case = |name: &str| Case::new(environment, name).lamports("alice", SOL).lamports("bob", SOL);
    let build = |name: &str, expect, header, account_keys, instructions| {
        let message = Message { header, account_keys, recent_blockhash: environment.blockhash, instructions };
        let signers: &[&str] = match message.header.num_required_signatures {
            0 => &[],
            1 => &["payer"],
            _ => &["payer", "alice"],
        };
        case(name).message(expect, signers, VersionedMessage::Legacy(message))
    };
    let good = || vec![compiled(3, &[1, 2], &transfer_data)];
    let reject = Expect::Rejection;
    let many = |count: usize| vec![compiled(3, &[], &[0, 0]); count];
    let precompile = || vec![address("payer"), address("alice"), address("bob"), ed25519_program::ID];
    let wide = |count: usize| vec![compiled(3, &vec![2; count], &[0, 0])];
    vec![
        build("message_by_hand", Expect::Success, header(2, 0, 1), keys(), good()),
        build("message_no_instructions", Expect::Success, header(1, 0, 1), keys(), vec![]),
        build("message_unused_keys", Expect::Success, header(2, 1, 1), keys(), vec![]),
        build("duplicate_key", reject, header(2, 0, 1), vec![keys()[0], keys()[1], keys()[1], keys()[3]], good()),
        build("duplicate_payer", reject, header(1, 0, 1), vec![keys()[0], keys()[0], keys()[3]], vec![]),
        build(
            "program_index_out_of_range",
            reject,
            header(2, 0, 1),
            keys(),
            vec![compiled(4, &[1, 2], &transfer_data)],
        ),
        build("program_index_payer", reject, header(2, 0, 1), keys(), vec![compiled(0, &[1, 2], &transfer_data)]),
        build(
            "account_index_out_of_range",
            reject,
            header(2, 0, 1),
            keys(),
            vec![compiled(3, &[1, 4], &transfer_data)],
        ),
        build("account_index_255", reject, header(2, 0, 1), keys(), vec![compiled(3, &[1, 255], &transfer_data)]),
        build("header_no_signers", reject, header(0, 0, 1), keys(), vec![]),
        build("header_payer_readonly", reject, header(1, 1, 1), keys(), vec![]),
        build("header_all_signers_readonly", reject, header(2, 2, 1), keys(), vec![]),
        build("header_too_many_readonly", reject, header(2, 0, 3), keys(), good()),
        build("instructions_64", Expect::Success, header(1, 0, 1), precompile(), many(64)),
        build("instructions_65", reject, header(1, 0, 1), precompile(), many(65)),
        build("instruction_accounts_255", Expect::Success, header(1, 0, 1), precompile(), wide(255)),
        build("instruction_accounts_256", reject, header(1, 0, 1), precompile(), wide(256)),
        build(
            "system_instruction_accounts_255",
            Expect::Success,
            header(2, 0, 1),
            keys(),
            vec![compiled(3, &[vec![1, 2], vec![1; 253]].concat(), &transfer_data)],
        ),
        build("transfer_readonly_by_header", Expect::Failure, header(2, 0, 2), keys(), good()),
        build("writable_system_program", Expect::Success, header(2, 0, 0), keys(), good()),
    ]
}

fn age_and_status(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name).lamports("alice", SOL).lamports("bob", SOL);
    let pay = |lamports| [transfer("payer", "bob", lamports)];
    let reject = Expect::Rejection;
    let unknown = Hash::new_from_array([7; 32]);
    let one = ["payer"];
    vec![
        case("blockhash_unknown").legacy_at(reject, unknown, &one, &pay(5)),
        case("blockhash_zero").legacy_at(reject, Hash::default(), &one, &pay(5)),
        case("blockhash_unknown_and_bad_budget").legacy_at(reject, unknown, &one, &[limit(1), limit(1)]),
        case("twice").ok(&one, &pay(5)).again(reject),
        case("twice_failed").fails(&one, &pay(50 * SOL)).again(reject),
        case("twice_fees_only").fails(&one, &[instruction(address("none"), vec![], vec![])]).again(reject),
        case("twice_rejected_is_no_status")
            .lamports("payer", 0)
            .rejected(&one, &pay(5))
            .again(reject)
            .ok(&["alice"], &[transfer("alice", "payer", SOL / 2)])
            .ok(&one, &pay(5)),
        case("similar_not_twice").ok(&one, &pay(5)).ok(&one, &pay(6)).ok(&one, &pay(7)).rejected(&one, &pay(5)),
    ]
}

fn table_account(meta: LookupTableMeta, addresses: &[Address]) -> Account {
    let table = AddressLookupTable { meta, addresses: addresses.into() };
    account(SOL, table.serialize_for_tests().expect("a table has a binary form"), address_lookup_table::ID)
}

/// An active table at the address called `name`, in both forms.
pub fn table(name: &str, addresses: Vec<Address>) -> (AddressLookupTableAccount, Account) {
    let account = table_account(LookupTableMeta::new(address("authority")), &addresses);
    (AddressLookupTableAccount { key: address(name), addresses }, account)
}

fn lookup_tables(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name).lamports("alice", SOL).lamports("bob", SOL);
    let unsigned = |from: &str, to: &str| transfer(from, to, 5);
    let one = ["payer"];
    let many: Vec<Address> = (0..63).map(|index| address(&format!("looked up {index}"))).collect();
    let (first, first_account) = table("table", vec![address("other"), address("bob"), address("alice")]);
    let (second, second_account) = table("table 2", vec![sysvar::clock::ID, address("alice")]);
    let (wide, wide_account) = table("wide", many.clone());
    let both = [first.clone(), second.clone()];
    let with_tables =
        |name: &str| case(name).account(first.key, first_account.clone()).account(second.key, second_account.clone());
    let over = |count: usize| Instruction {
        accounts: [
            vec![ws(address("payer")), w(address("bob"))],
            many.iter().take(count).map(|address| r(*address)).collect::<Vec<_>>(),
        ]
        .concat(),
        ..unsigned("payer", "bob")
    };
    let clock_writable = Instruction {
        accounts: vec![ws(address("payer")), w(address("bob")), w(sysvar::clock::ID), r(address("alice"))],
        ..unsigned("payer", "bob")
    };
    vec![
        case("v0_without_table").v0(Expect::Success, &one, &[], &[unsigned("payer", "bob")]),
        with_tables("v0_table").v0(Expect::Success, &one, &[first.clone()], &[unsigned("payer", "bob")]),
        with_tables("v0_two_tables").v0(Expect::Success, &one, &both, &[clock_writable]),
        with_tables("v0_table_fails").v0(Expect::Failure, &one, &both, &[transfer("payer", "bob", 50 * SOL)]),
        with_tables("v0_table_size_counts")
            // Payer, bob, system program, compute budget, one table.
            .v0(Expect::Success, &one, &[first.clone()], &[loaded(8_248 + 299), unsigned("payer", "bob")])
            .v0(Expect::Failure, &one, &[first.clone()], &[loaded(8_248 + 298), unsigned("payer", "bob")]),
        with_tables("v0_twice")
            .v0(Expect::Success, &one, &[first.clone()], &[unsigned("payer", "bob")])
            .again(Expect::Rejection),
        case("v0_64_accounts").account(wide.key, wide_account.clone()).v0(
            Expect::Success,
            &one,
            &[wide.clone()],
            &[over(61)],
        ),
        case("v0_65_accounts").account(wide.key, wide_account).v0(Expect::Rejection, &one, &[wide], &[over(62)]),
    ]
}

fn lookup_failures(environment: &Environment) -> Vec<Case> {
    let one = ["payer"];
    let (first, good) = table("table", vec![address("other"), address("bob")]);
    let pay = [transfer("payer", "bob", 5)];
    let case = |name: &str| Case::new(environment, name).lamports("bob", SOL);
    let with = |name: &str, expect, account: Account| {
        case(name).account(first.key, account).v0(expect, &one, &[first.clone()], &pay)
    };
    let meta = |deactivation_slot: u64, last_extended_slot: u64, start: u8| LookupTableMeta {
        deactivation_slot,
        last_extended_slot,
        last_extended_slot_start_index: start,
        ..LookupTableMeta::new(address("authority"))
    };
    let table_with = |meta: LookupTableMeta| table_account(meta, &first.addresses);
    let by_hand = |name: &str, lookups: Vec<MessageAddressTableLookup>, instruction: CompiledInstruction| {
        let message = v0::Message {
            header: MessageHeader {
                num_required_signatures: 1,
                num_readonly_signed_accounts: 0,
                num_readonly_unsigned_accounts: 1,
            },
            account_keys: vec![address("payer"), system_program::ID],
            recent_blockhash: environment.blockhash,
            instructions: vec![instruction],
            address_table_lookups: lookups,
        };
        let case = case(name).account(first.key, good.clone());
        case.message(Expect::Rejection, &one, VersionedMessage::V0(message))
    };
    let lookup = |writable: &[u8], readonly: &[u8]| MessageAddressTableLookup {
        account_key: first.key,
        writable_indexes: writable.to_vec(),
        readonly_indexes: readonly.to_vec(),
    };
    let data = [2u32.to_le_bytes().as_slice(), &5u64.to_le_bytes()].concat();
    let to = |index: u8| compiled(1, &[0, index], &data);
    let foreign = Account { owner: address("owner"), ..good.clone() };
    let reject = Expect::Rejection;
    vec![
        case("table_missing").v0(reject, &one, &[first.clone()], &pay),
        with("table_foreign", reject, foreign),
        with("table_empty", reject, account(SOL, vec![], address_lookup_table::ID)),
        with("table_uninitialized", reject, account(SOL, vec![0; 120], address_lookup_table::ID)),
        with(
            "table_unaligned",
            reject,
            account(SOL, good.data[..good.data.len() - 1].to_vec(), address_lookup_table::ID),
        ),
        with(
            "table_too_short",
            reject,
            table_account(LookupTableMeta::new(address("authority")), &first.addresses[..1]),
        ),
        with("table_deactivated_long_ago", reject, table_with(meta(SLOT - 600, 0, 0))),
        with("table_deactivated_512_ago", Expect::Anything, table_with(meta(SLOT - 512, 0, 0))),
        with("table_deactivated_513_ago", Expect::Anything, table_with(meta(SLOT - 513, 0, 0))),
        with("table_deactivating", Expect::Success, table_with(meta(SLOT, 0, 0))),
        with("table_extended_now", reject, table_with(meta(u64::MAX, SLOT, 1))),
        with("table_extended_now_beyond", Expect::Success, table_with(meta(u64::MAX, SLOT, 2))),
        with("table_extended_before", Expect::Success, table_with(meta(u64::MAX, SLOT - 1, 0))),
        by_hand("table_index_out_of_range", vec![lookup(&[2], &[])], to(2)),
        by_hand("table_lookup_empty", vec![lookup(&[], &[])], to(0)),
        by_hand("table_same_index_twice", vec![lookup(&[1, 1], &[])], to(2)),
        by_hand("table_index_writable_and_readonly", vec![lookup(&[1], &[1])], to(2)),
        by_hand("table_account_index_out_of_range", vec![lookup(&[1], &[])], to(3)),
        by_hand("table_program_from_lookup", vec![lookup(&[1], &[0])], compiled(3, &[0, 2], &data)),
        case("table_static_key_again")
            .account(first.key, table_account(LookupTableMeta::new(address("authority")), &[address("payer")]))
            .message(
                reject,
                &one,
                VersionedMessage::V0(v0::Message {
                    header: MessageHeader {
                        num_required_signatures: 1,
                        num_readonly_signed_accounts: 0,
                        num_readonly_unsigned_accounts: 1,
                    },
                    account_keys: vec![address("payer"), system_program::ID],
                    recent_blockhash: environment.blockhash,
                    instructions: vec![to(2)],
                    address_table_lookups: vec![lookup(&[0], &[])],
                }),
            ),
    ]
}

fn version_1(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, name).lamports("alice", SOL).lamports("bob", SOL);
    let pay = [transfer("alice", "bob", 5)];
    let both = ["payer", "alice"];
    let full = || TransactionConfig {
        priority_fee: None,
        compute_unit_limit: Some(1_000),
        loaded_accounts_data_size_limit: Some(1_000),
        heap_size: None,
    };
    let none = TransactionConfig::default;
    let exact = 4 * 64 - 64 + 64 + 21;
    let names: Vec<String> = (0..11).map(|index| format!("signer {index}")).collect();
    let twelve: Vec<&str> = ["payer"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let crowd = instruction(program("spl_memo_3"), names.iter().map(|name| rs(address(name))).collect(), "twelve");
    let roomy = || TransactionConfig {
        compute_unit_limit: Some(1_400_000),
        loaded_accounts_data_size_limit: Some(u32::MAX),
        ..none()
    };
    let long: String = "long ".repeat(700);
    let old = durable_nonce("old blockhash");
    let (ok, fail, reject) = (Expect::Success, Expect::Failure, Expect::Rejection);
    vec![
        case("v1").v1(ok, &both, full(), &pay),
        case("v1_twice").v1(ok, &both, full(), &pay).again(reject),
        case("v1_no_config").v1(fail, &both, none(), &pay),
        case("v1_no_compute_limit").v1(fail, &both, TransactionConfig { compute_unit_limit: None, ..full() }, &pay),
        case("v1_no_loaded_limit").v1(
            fail,
            &both,
            TransactionConfig { loaded_accounts_data_size_limit: None, ..full() },
            &pay,
        ),
        case("v1_loaded_exact").v1(
            ok,
            &both,
            TransactionConfig { loaded_accounts_data_size_limit: Some(exact), ..full() },
            &pay,
        ),
        case("v1_loaded_one_short").v1(
            fail,
            &both,
            TransactionConfig { loaded_accounts_data_size_limit: Some(exact - 1), ..full() },
            &pay,
        ),
        case("v1_compute_one_short").v1(
            fail,
            &both,
            TransactionConfig { compute_unit_limit: Some(149), ..full() },
            &pay,
        ),
        case("v1_compute_over_cap").v1(
            ok,
            &both,
            TransactionConfig { compute_unit_limit: Some(u32::MAX), ..full() },
            &pay,
        ),
        case("v1_priority_fee").v1(ok, &both, TransactionConfig { priority_fee: Some(12_345), ..full() }, &pay),
        case("v1_priority_fee_too_high").v1(
            reject,
            &both,
            TransactionConfig { priority_fee: Some(10 * SOL), ..full() },
            &pay,
        ),
        case("v1_priority_fee_on_failure").v1(
            fail,
            &both,
            TransactionConfig { priority_fee: Some(777), ..full() },
            &[transfer("alice", "bob", 2 * SOL)],
        ),
        case("v1_heap").v1(ok, &both, TransactionConfig { heap_size: Some(64 * 1024), ..full() }, &pay),
        case("v1_heap_too_small").v1(reject, &both, TransactionConfig { heap_size: Some(1024), ..full() }, &pay),
        case("v1_heap_too_large").v1(reject, &both, TransactionConfig { heap_size: Some(257 * 1024), ..full() }, &pay),
        case("v1_heap_not_a_multiple").v1(
            reject,
            &both,
            TransactionConfig { heap_size: Some(32 * 1024 + 8), ..full() },
            &pay,
        ),
        case("v1_budget_instructions_do_nothing").v1(
            ok,
            &both,
            full(),
            &[limit(1), price(1_000_000), limit(1), pay[0].clone()],
        ),
        case("v1_budget_instruction_garbage").v1(
            ok,
            &both,
            full(),
            &[instruction(compute_budget::ID, vec![], vec![99]), pay[0].clone()],
        ),
        case("v1_twelve_signatures").v1(ok, &twelve, roomy(), &[crowd]),
        case("v1_long").v1(ok, &["payer"], roomy(), &[memo("spl_memo_4", &long)]),
        case("v1_unknown_program").v1(fail, &["payer"], full(), &[instruction(address("none"), vec![], vec![])]),
        case("v1_payer_missing").v1(reject, &["ghost", "alice"], full(), &pay),
        case("v1_durable_nonce_needs_its_blockhash")
            .account(address("nonce"), nonce_account(environment, "alice", old, 0))
            .v1(ok, &both, roomy(), &[super::system::advance("nonce", "alice"), pay[0].clone()]),
    ]
}
