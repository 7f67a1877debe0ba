//! Random programs that mostly pass the verifier.

use std::sync::LazyLock;

use heddle_types::Account;
use heddle_vm::{
    ComputeBudget,
    solana_sbpf::{
        ebpf::{self, MM_HEAP_START, MM_INPUT_START, MM_STACK_START},
        program::{FunctionRegistry, SBPFVersion},
        verifier::{RequisiteVerifier, Verifier},
    },
};
use solana_sdk_ids::{bpf_loader, bpf_loader_deprecated, system_program};

use crate::{
    address,
    elf_writer::Program,
    guest::{Assembler, encode},
    input::Input,
    machine::{self, Entry, Instruction, Programs, SYSCALLS, Scenario},
};

/// Longest program that is made up here, before what an operation adds.
const INSTRUCTIONS_MAX: usize = 300;
/// An immediate that each kind of instruction takes: a shift, a divisor, a width in bits.
const IMMEDIATE_ACCEPTED: i32 = 16;
/// Opcode of an unconditional jump.
const JUMP: u8 = ebpf::JA;

/// Opcodes that the verifier accepts, by version: computation and memory, then jumps.
static OPCODES: LazyLock<[[Vec<u8>; 2]; 4]> = LazyLock::new(|| {
    let versions = [SBPFVersion::V0, SBPFVersion::V1, SBPFVersion::V2, SBPFVersion::V3];
    versions.map(|version| {
        let accepted = |opcode: &u8| {
            let words = [encode(*opcode, 1, 2, 0, IMMEDIATE_ACCEPTED), encode(ebpf::EXIT, 0, 0, 0, 0)];
            RequisiteVerifier::verify(&words.concat(), version, &FunctionRegistry::<usize>::default()).is_ok()
        };
        let is_jump = |opcode: &u8| opcode & 7 == ebpf::BPF_JMP64 || version == SBPFVersion::V3 && opcode & 7 == 6;
        let control = [ebpf::CALL_IMM, ebpf::CALL_REG, ebpf::EXIT];
        let (jumps, others) =
            (0..=u8::MAX).filter(accepted).filter(|opcode| !control.contains(opcode)).partition(is_jump);
        [others, jumps]
    })
});

/// A program, its accounts and its instruction data behave the same compiled and interpreted, within their units.
pub fn vm(data: &[u8]) {
    let mut input = Input::new(data);
    let version = input.pick(&[0, 3, 0, 3, 0, 3, 1, 2]);
    let budget = ComputeBudget {
        compute_unit_limit: input.pick(&[20_000, 50_000, 5_000, 300]) + u32::from(input.byte()),
        heap_size_bytes: input.pick(&[32, 32, 64, 256]) * 1024,
    };
    let loader = input.pick(&[bpf_loader::ID, bpf_loader::ID, bpf_loader::ID, bpf_loader_deprecated::ID]);
    let state = input.blob(100);
    let instruction_data = input.blob(64).to_vec();
    let program = any_program(version, &mut input);
    let Some(entry) = machine::load(&program.to_elf()) else { return };
    let key = [1u8; 32].into();
    let account = |n: u8, account: Account, is_signer, is_writable| Entry {
        key: [n; 32].into(),
        account,
        is_signer,
        is_writable,
    };
    Scenario {
        accounts: vec![
            account(1, Account { executable: true, ..Account::new(1, &[], loader) }, false, false),
            account(2, Account::new(1_000, state, key), false, true),
            account(3, Account::new(2_000, &[3; 40], key), true, false),
            account(4, Account::new(3_000, &[], system_program::ID), true, true),
        ],
        instructions: vec![Instruction { program: 0, accounts: vec![1, 2, 3, 1], data: instruction_data }],
        budget,
        programs: Programs([(key, entry)].into()),
    }
    .run();
}

/// Made-up instructions, an exit, and jumps brought into range.
pub(crate) fn any_program(version: u8, input: &mut Input<'_>) -> Program {
    let mut assembler = Assembler::new(version);
    // Where there is something to find, for the registers that computations leave alone.
    assembler.constant(6, MM_HEAP_START + 64);
    assembler.constant(7, MM_INPUT_START + 64);
    assembler.constant(8, MM_STACK_START + 4_096);
    assembler.constant(9, if version == 3 { 0 } else { ebpf::MM_BYTECODE_START });
    let mut branches = Vec::new();
    while !input.is_empty() && assembler.len() < INSTRUCTIONS_MAX {
        add_operation(&mut assembler, &mut branches, input);
    }
    assembler.exit();
    let mut program = assembler.finish();
    for (index, choice) in branches {
        aim(&mut program, index, choice);
    }
    program
}

fn add_operation(assembler: &mut Assembler, branches: &mut Vec<(usize, u16)>, input: &mut Input<'_>) {
    let [others, jumps] = &OPCODES[usize::from(assembler.version())];
    match input.byte() % 16 {
        0..=5 => {
            let (opcode, dst, src) = (input.pick(others), input.byte() % 10, input.byte() % 11);
            let offset = i16::from(input.byte() as i8);
            // Divisors and shifts have to be in range or the verifier refuses the program.
            let accepts_any = opcode & 8 != 0 || matches!(opcode & 0xf0, 0 | 0x10 | 0x20 | 0x40 | 0x50 | 0xa0 | 0xb0);
            let immediate = if accepts_any { immediate(input) } else { input.pick(&[16, 1, 31, 16]) };
            let immediate =
                if opcode == ebpf::LE || opcode == ebpf::BE { input.pick(&[16, 32, 64]) } else { immediate };
            assembler.put(opcode, dst, src, offset, immediate);
        }
        6 => assembler.constant(input.byte() % 10, address::word(input)),
        7 | 8 => {
            assembler.constant(3, address::address(input));
            let size = input.below(4);
            if input.flag() { assembler.load(size, 4, 3, 0) } else { assembler.store(size, 3, 4, 0) }
        }
        9 => {
            let (size, register) = (input.below(4), input.pick(&[6, 7, 8, 10, 9, 1]));
            let offset = if input.flag() { input.byte().into() } else { input.u16() as i16 };
            if input.flag() {
                assembler.load(size, 4, register, offset);
            } else {
                assembler.store(size, register, 0, offset);
            }
        }
        10 | 11 => {
            branches.push((assembler.len(), input.u16()));
            let opcode = if input.below(4) == 0 { JUMP } else { input.pick(jumps) };
            assembler.put(opcode, input.byte() % 10, input.byte() % 11, 0, immediate(input));
        }
        12 => {
            branches.push((assembler.len(), input.u16()));
            assembler.put(ebpf::CALL_IMM, 0, 1, 0, 0);
        }
        13 | 14 => {
            for register in 1..=5 {
                if input.flag() {
                    assembler.constant(register, address::word(input));
                }
            }
            let names = &*SYSCALLS;
            assembler.syscall(&names[input.below(names.len())]);
        }
        _ => add_odd_operation(assembler, input),
    }
}

/// What makes a program end, jump anywhere or be refused.
fn add_odd_operation(assembler: &mut Assembler, input: &mut Input<'_>) {
    match input.byte() % 4 {
        0 => assembler.exit(),
        1 | 2 => {
            let register = input.byte() % 10;
            let target = input.u16() as usize % (2 * assembler.len());
            let start = ebpf::MM_BYTECODE_START + if assembler.version() == 3 { 0 } else { 64 };
            assembler.constant(register, start + target as u64 * 8);
            assembler.put(ebpf::CALL_REG, register, register, 0, register.into());
        }
        _ => assembler.raw(input.u64().to_le_bytes()),
    }
}

fn immediate(input: &mut Input<'_>) -> i32 {
    match input.byte() % 8 {
        0 => input.pick(&[0, 1, -1, i32::MIN, i32::MAX]),
        1 => input.u32() as i32,
        _ => (input.byte() as i8).into(),
    }
}

/// Gives the jump or call at `index` a target within the program, and not within a wide instruction.
fn aim(program: &mut Program, index: usize, choice: u16) {
    let mut target = usize::from(choice) % program.text.len();
    // The last instruction is an exit, so there is one behind any half.
    if program.text[target][0] == 0 {
        target += 1;
    }
    let distance = target as i64 - index as i64 - 1;
    let word = &mut program.text[index];
    if word[0] == ebpf::CALL_IMM {
        // By name where it is all ones; that would be a call to itself.
        word[4..].copy_from_slice(&(distance as i32).to_le_bytes());
    } else {
        word[2..4].copy_from_slice(&(distance as i16).to_le_bytes());
    }
}
