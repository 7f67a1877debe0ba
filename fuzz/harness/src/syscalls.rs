//! Every syscall with arguments at the edges of what it may touch.

use heddle_types::Account;
use heddle_vm::{
    ComputeBudget,
    solana_sbpf::ebpf::{MM_HEAP_START, MM_INPUT_START},
};
use solana_sdk_ids::{bpf_loader, bpf_loader_deprecated, system_program, sysvar};

use crate::{
    address,
    guest::Assembler,
    input::Input,
    machine::{self, Entry, Instruction, Programs, SYSCALLS, Scenario, block},
};

/// Calls in one program.
const CALLS_MAX: usize = 4;
/// Where the payload is copied to: a heap that begins with something.
const PAYLOAD_BYTES_MAX: usize = 2_048;

/// Curves, operations, byte orders.
const ATTRIBUTES: [u64; 12] = [0, 1, 2, 3, 4, 5, 6, 0x80, 0x81, 0x82, 0x84, 0x85];

/// Whether the first two arguments say what to do, and the rest what with.
fn is_attributed(name: &[u8]) -> bool {
    [&b"sol_curve"[..], b"sol_alt_bn128", b"sol_poseidon"].iter().any(|prefix| name.starts_with(prefix))
}

/// A few syscalls with any arguments, on memory that holds any bytes: no panic, and the same compiled and interpreted.
pub fn syscalls(data: &[u8]) {
    let mut input = Input::new(data);
    let mut assembler = Assembler::new(input.pick(&[3, 0]));
    let loader = input.pick(&[bpf_loader::ID, bpf_loader::ID, bpf_loader::ID, bpf_loader_deprecated::ID]);
    let heap_size_bytes = input.pick(&[32, 256, 33]) * 1024;
    let compute_unit_limit = input.pick(&[1_400_000, 200_000, 30_000, 1_000]);
    let names = &*SYSCALLS;

    // r2 is where the instruction data lies.
    assembler.constant(1, MM_HEAP_START);
    assembler.constant(3, PAYLOAD_BYTES_MAX as u64);
    assembler.syscall(b"sol_memcpy_");
    for _ in 0..=input.below(CALLS_MAX) {
        let name = &names[input.below(names.len())];
        let mut arguments = std::array::from_fn(|_| argument(&mut input));
        if is_attributed(name) && input.byte() < 224 {
            // Most values there are refused before anything else is looked at.
            arguments[..2].copy_from_slice(&[input.pick(&ATTRIBUTES), input.pick(&ATTRIBUTES)]);
        }
        assembler.call_and_log(name, arguments);
    }
    // What lies at the heap's start is part of the outcome.
    assembler.call_and_log(b"sol_set_return_data", [MM_HEAP_START, 1_024, 0, 0, 0]);
    let mut payload = input.bytes(PAYLOAD_BYTES_MAX).to_vec();
    point_into_payload(&mut payload);
    payload.resize(PAYLOAD_BYTES_MAX, 0);
    let elf = assembler.finish_returning(0).to_elf();
    let entry = machine::load(&elf).expect("a program without errors");

    let key = [1u8; 32].into();
    let account = |n: u8, account: Account, is_writable| Entry {
        key: [n; 32].into(),
        account,
        is_signer: is_writable,
        is_writable,
    };
    let clock = block().sysvars.data(&sysvar::clock::ID).unwrap_or_default();
    let clock = Entry { key: sysvar::clock::ID, ..account(0, Account::new(1, clock, sysvar::ID), false) };
    Scenario {
        accounts: vec![
            account(1, Account { executable: true, ..Account::new(1, &[], loader) }, false),
            account(2, Account::new(1_000, &[2; 100], key), true),
            account(3, Account::new(2_000, &[3; 40], system_program::ID), false),
            clock,
        ],
        instructions: vec![
            Instruction { program: 0, accounts: vec![1], data: vec![0; PAYLOAD_BYTES_MAX] },
            Instruction { program: 0, accounts: vec![1, 2, 3, 1], data: payload },
        ],
        budget: ComputeBudget { compute_unit_limit, heap_size_bytes },
        programs: Programs([(key, entry)].into()),
    }
    .run();
}

/// An address in the payload's copy more often than not, since most syscalls look at something.
fn argument(input: &mut Input<'_>) -> u64 {
    match input.byte() % 8 {
        0 | 1 => MM_HEAP_START + u64::from(input.byte()) * 8,
        2 => MM_HEAP_START + u64::from(input.u16()) % PAYLOAD_BYTES_MAX as u64,
        3 | 4 => (input.byte() % 80).into(),
        5 => address::length(input),
        6 => address::address(input),
        _ => MM_INPUT_START + u64::from(input.u16()) % 0x6000,
    }
}

/// Words of the payload that look like small offsets become addresses in its copy: arrays of slices need them.
fn point_into_payload(payload: &mut [u8]) {
    for word in payload.as_chunks_mut::<8>().0 {
        if word[7] == 0xff {
            let offset = u64::from(u16::from_le_bytes([word[0], word[1]])) % PAYLOAD_BYTES_MAX as u64;
            *word = (MM_HEAP_START + offset).to_le_bytes();
        } else if word[7] == 0xfe {
            *word = u64::from(word[0]).to_le_bytes();
        }
    }
}
