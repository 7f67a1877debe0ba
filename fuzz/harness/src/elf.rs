//! Bytes → program, in the environment that runs programs and in the stricter one that deploys them.

use std::sync::LazyLock;

use heddle_programs::{LoaderV3State, programdata_address, shipped_programs};
use heddle_types::{Account, Pubkey};
use heddle_vm::{ComputeBudget, is_old_version};
use solana_sdk_ids::{bpf_loader, bpf_loader_upgradeable, native_loader, system_program, sysvar};

use crate::{
    address,
    input::Input,
    machine::{self, Entry, Instruction, Programs, Scenario},
    vm::any_program,
};

/// Shipped programs that are changed are no longer than this: a run should load hundreds of them in a second.
const SHIPPED_BYTES_MAX: usize = 120_000;

/// Real programs, shortest first.
static SHIPPED: LazyLock<Vec<Box<[u8]>>> = LazyLock::new(|| {
    let mut elves: Vec<_> = shipped_programs().into_iter().map(|program| program.elf).collect();
    elves.retain(|elf| elf.len() <= SHIPPED_BYTES_MAX);
    elves.sort_unstable_by_key(|elf| elf.len());
    elves
});

/// No bytes panic or hang a loader; what can be deployed can be loaded; what loads runs the same compiled and interpreted.
pub fn elf(data: &[u8]) {
    let mut input = Input::new(data);
    let bytes = match input.byte() % 8 {
        0 | 1 => input.bytes(usize::MAX).to_vec(),
        2..=5 => {
            let edits = input.blob(120);
            let version = input.pick(&[0, 3, 1, 2]);
            let mut program = any_program(version, &mut input);
            program.rodata = edits.to_vec();
            program.entry = if edits.len() > 60 { usize::from(edits[0]) } else { 0 };
            edited(program.to_elf(), &mut Input::new(edits))
        }
        _ => {
            let shipped = &SHIPPED[input.below(SHIPPED.len())];
            edited(shipped.to_vec(), &mut input)
        }
    };
    if let Some(deployed) = deploy(&bytes) {
        assert!(machine::load(&deployed).is_some(), "what can be deployed can be loaded");
    }
    let entry = machine::load(&bytes);
    let Some(entry) = entry else { return };
    let key = [1u8; 32].into();
    Scenario {
        accounts: vec![
            account(1, Account { executable: true, ..Account::new(1, &[], bpf_loader::ID) }),
            Entry { is_writable: true, ..account(2, Account::new(1_000, &[1; 48], key)) },
        ],
        instructions: vec![Instruction { program: 0, accounts: vec![1], data: vec![1, 2, 3, 4] }],
        budget: ComputeBudget { compute_unit_limit: 20_000, ..ComputeBudget::default() },
        programs: Programs([(key, entry)].into()),
    }
    .run();
}

/// A read-only account of the `n`th address.
fn account(n: u8, account: Account) -> Entry {
    Entry { key: [n; 32].into(), account, is_signer: false, is_writable: false }
}

/// What loader v3 makes of the bytes if it takes them: as a new program, or as an older one that is extended, where new
/// ones of that version are barred.
fn deploy(elf: &[u8]) -> Option<Vec<u8>> {
    const RICH: u64 = 1 << 50;
    let [payer, program, authority, buffer] = [1, 2, 3, 4].map(|n: u8| Pubkey::from([n; 32]));
    let loaded = |key, state: LoaderV3State, rest: &[u8]| Entry {
        key,
        account: Account::new(RICH, &[&state.to_bytes(), rest].concat(), bpf_loader_upgradeable::ID),
        is_signer: false,
        is_writable: true,
    };
    let native =
        |key| Entry { key, ..account(0, Account { executable: true, ..Account::new(1, &[], native_loader::ID) }) };
    let sysvar = |key| Entry { key, ..account(0, Account::new(1, &[0; 40], sysvar::ID)) };
    let programdata = programdata_address(&program);
    let is_old = is_old_version(elf);
    let (programdata_before, program_state, data) = if is_old {
        let state = LoaderV3State::ProgramData { slot: 1, authority: Some(authority) };
        (
            loaded(programdata, state, elf),
            LoaderV3State::Program { programdata },
            [6u32, 10_240].map(u32::to_le_bytes).concat(),
        )
    } else {
        let size_bytes = (elf.len() as u64).to_le_bytes();
        let absent = Entry { key: programdata, is_writable: true, ..account(0, Account::default()) };
        (absent, LoaderV3State::Uninitialized, [&2u32.to_le_bytes()[..], &size_bytes].concat())
    };
    let signer = |n, is_writable| Entry { is_signer: true, is_writable, ..account(n, Account::with_lamports(RICH)) };
    let accounts = vec![
        signer(1, true),
        programdata_before,
        loaded(program, program_state, &[0; LoaderV3State::PROGRAM_BYTES - 4]),
        loaded(buffer, LoaderV3State::Buffer { authority: Some(authority) }, elf),
        sysvar(sysvar::rent::ID),
        sysvar(sysvar::clock::ID),
        native(system_program::ID),
        signer(3, false),
        native(bpf_loader_upgradeable::ID),
    ];
    assert_eq!(accounts[0].key, payer);
    let indices = if is_old { vec![1, 2, 6, 0] } else { (0..8).collect() };
    let scenario = Scenario {
        accounts,
        instructions: vec![Instruction { program: 8, accounts: indices, data }],
        budget: ComputeBudget::default(),
        programs: Programs::default(),
    };
    let outcome = scenario.run();
    let program_data = &outcome.accounts[1].data;
    outcome.result.is_ok().then(|| program_data[LoaderV3State::PROGRAM_DATA_HEADER_BYTES..].to_vec())
}

/// Overwrites a few fields, mostly in the tables at both ends, and may cut the file.
fn edited(mut bytes: Vec<u8>, input: &mut Input<'_>) -> Vec<u8> {
    for _ in 0..input.below(6) {
        let size_bytes = 1 << input.below(4);
        let table_bytes = bytes.len().min(1_024);
        let start = match input.byte() % 4 {
            0 => usize::from(input.byte()) & !1,
            1 => bytes.len() - table_bytes + ((usize::from(input.u16()) % table_bytes) & !3),
            _ => input.u32() as usize % bytes.len(),
        };
        let value = match input.byte() % 4 {
            0 => input.byte().into(),
            1 => u64::from(input.u16()),
            2 => bytes.len() as u64 + u64::from(input.byte()) - 128,
            _ => address::word(input),
        };
        if let Some(field) = bytes.get_mut(start..start + size_bytes) {
            field.copy_from_slice(&value.to_le_bytes()[..size_bytes]);
        }
    }
    if input.byte() == u8::MAX {
        bytes.truncate(input.u16().into());
    }
    bytes
}
