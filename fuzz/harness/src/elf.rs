//! Bytes → program.

use std::sync::LazyLock;

use heddle_programs::shipped_programs;
use heddle_types::Account;
use heddle_vm::ComputeBudget;
use solana_sdk_ids::bpf_loader;

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

/// No bytes panic or hang the loader; what loads runs the same compiled and interpreted.
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
    let Some(entry) = machine::load(&bytes) else { return };
    let key = [1u8; 32].into();
    let account = |n: u8, account, is_writable| Entry { key: [n; 32].into(), account, is_signer: false, is_writable };
    Scenario {
        accounts: vec![
            account(1, Account { executable: true, ..Account::new(1, &[], bpf_loader::ID) }, false),
            account(2, Account::new(1_000, &[1; 48], key), true),
        ],
        instructions: vec![Instruction { program: 0, accounts: vec![1], data: vec![1, 2, 3, 4] }],
        budget: ComputeBudget { compute_unit_limit: 20_000, ..ComputeBudget::default() },
        programs: Programs([(key, entry)].into()),
    }
    .run();
}

/// Overwrites a few fields, mostly in the tables at both ends, and may cut the file.
fn edited(mut bytes: Vec<u8>, input: &mut Input<'_>) -> Vec<u8> {
    for _ in 0..input.below(6) {
        let size_bytes = 1 << input.below(4);
        let table_bytes = bytes.len().min(1_024);
        let start = match input.byte() % 4 {
            0 => usize::from(input.byte()) % 256 & !1,
            1 => bytes.len() - table_bytes + (usize::from(input.u16()) % table_bytes & !3),
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
