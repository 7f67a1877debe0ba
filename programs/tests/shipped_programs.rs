//! The programs that Heddle ships: each loads, and some run.

mod common;

use common::{Instruction, World, key, s, w};
use heddle_programs::{LoaderV3State, genesis_accounts, ids, programdata_address, runtime, shipped_programs};
use heddle_types::{Account, InstructionError, Pubkey, limits};
use heddle_vm::ProgramEntry;
use solana_sdk_ids::{bpf_loader, bpf_loader_upgradeable, native_loader};

#[test]
fn every_program_loads() {
    let runtime = runtime();
    for program in shipped_programs() {
        assert!(program.elf.starts_with(b"\x7fELF"), "{}", program.name);
        let entry = ProgramEntry::load(&program.elf, &runtime);
        assert!(matches!(entry, ProgramEntry::Executable(_)), "{}", program.name);
    }
}

#[test]
fn genesis_holds_them_where_their_loader_looks() {
    let accounts = genesis_accounts();
    let find = |key: &Pubkey| &accounts.iter().find(|(candidate, _)| candidate == key).expect("it is there").1;
    for program in shipped_programs() {
        let account = find(&program.key);
        assert!(account.executable && account.owner == program.loader, "{}", program.name);
        if program.loader == bpf_loader::ID {
            assert_eq!(*account.data, *program.elf, "{}", program.name);
            continue;
        }
        assert_eq!(program.loader, bpf_loader_upgradeable::ID);
        let programdata = programdata_address(&program.key);
        assert_eq!(LoaderV3State::from_bytes(&account.data), Some(LoaderV3State::Program { programdata }));
        let data = find(&programdata);
        assert!(!data.executable);
        let expected = LoaderV3State::ProgramData { slot: 0, authority: Some(Pubkey::default()) };
        assert_eq!(LoaderV3State::from_bytes(&data.data), Some(expected));
        assert_eq!(data.data[LoaderV3State::PROGRAM_DATA_HEADER_BYTES..], *program.elf, "{}", program.name);
    }
}

#[test]
fn genesis_holds_every_native_program() {
    let accounts = genesis_accounts();
    for key in runtime().native_programs() {
        let (_, account) = accounts.iter().find(|(candidate, _)| candidate == key).expect("it is there");
        assert!(account.executable && account.owner == native_loader::ID && account.lamports == 1, "{key}");
    }
}

/// A token account: mint, owner, amount, initialised.
fn token_account(owner: Pubkey, amount: u64) -> Account {
    let mut data = [0; 165];
    data[..32].copy_from_slice(key(0x3d).as_ref());
    data[32..64].copy_from_slice(owner.as_ref());
    data[64..72].copy_from_slice(&amount.to_le_bytes());
    data[108] = 1;
    Account::new(limits::rent_exempt_minimum(data.len()), &data, ids::TOKEN)
}

fn token_transfer(amount: u64) -> Instruction {
    Instruction {
        program: ids::TOKEN,
        accounts: vec![w(key(1)), w(key(2)), s(key(0xa1))],
        data: [&[3][..], &amount.to_le_bytes()].concat(),
    }
}

fn token_world() -> World {
    World::new()
        .with_programs(&["token"])
        .with(key(1), token_account(key(0xa1), 100))
        .with(key(2), token_account(key(0xb0), 5))
        .with(key(0xa1), Account::with_lamports(1))
}

#[test]
fn token_transfer_costs_76_units() {
    let outcome = token_world().run(&token_transfer(30));
    assert_eq!(outcome.result, Ok(()), "{:?}", outcome.logs);
    assert_eq!(outcome.compute_units, 76);
    assert_eq!(outcome.accounts[&key(1)], token_account(key(0xa1), 70));
    assert_eq!(outcome.accounts[&key(2)], token_account(key(0xb0), 35));
    let expected = [
        format!("Program {} invoke [1]", ids::TOKEN),
        format!("Program {} consumed 76 of 1400000 compute units", ids::TOKEN),
        format!("Program {} success", ids::TOKEN),
    ];
    assert_eq!(outcome.logs, expected);
}

#[test]
fn token_transfer_refuses() {
    let outcome = token_world().run(&token_transfer(101));
    assert_eq!(outcome.error(), Some(InstructionError::Custom(1)), "insufficient funds: {:?}", outcome.logs);
}

#[test]
fn memo_logs_what_it_is_given() {
    for (name, program) in [("memo-1", ids::MEMO_1), ("memo-3", ids::MEMO_3), ("memo-4", ids::MEMO_4)] {
        let memo = Instruction { program, accounts: vec![], data: b"hello".to_vec() };
        let outcome = World::new().with_programs(&[name]).run(&memo);
        assert_eq!(outcome.result, Ok(()), "{name}: {:?}", outcome.logs);
        let is_logged = outcome.messages().iter().any(|line| line.contains("hello"));
        assert_eq!(is_logged, name != "memo-1", "{name}: {:?}", outcome.logs);
    }
}
