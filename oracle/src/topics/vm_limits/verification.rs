//! Programs that are not as they should be: each byte of the file's headers spoiled, and single instructions that the
//! verifier or the machine refuses.

use super::{VERSIONS, run, with_program};
use crate::{
    case::{Case, Expect},
    environment::Environment,
    program::{Version, assemble},
};
use Expect::Anything;

/// Stands where an instruction is put: `mov64 r0, 0x11223344`.
const PLACE: [u8; 8] = [0xb7, 0, 0, 0, 0x44, 0x33, 0x22, 0x11];

/// Bytes of an ELF header, and of an entry of the tables that follow.
const HEADER_BYTES: usize = 64;

pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for (version, label) in VERSIONS {
        cases.extend(headers(environment, version, label));
        cases.extend(instructions(environment, version, label));
        cases.extend(files(environment, version, label));
    }
    cases
}

fn small(version: Version) -> Vec<u8> {
    let text = ".globl entrypoint\nentrypoint:\n mov64 r0, 0x11223344\n lddw r1, words\n mov64 r2, 2\n call sol_log_\n \
                call inner\n exit\ninner:\n mov64 r0, 0\n exit\n.rodata\nwords: .ascii \"hi\"\n";
    assemble(version, text)
}

fn play(environment: &Environment, name: String, elf: Vec<u8>) -> Case {
    with_program(environment, &name, elf).legacy(Anything, &["payer"], &[run(vec![], [])])
}

/// Each byte of the header, and some of what follows, with its lowest or highest bit flipped.
fn headers(environment: &Environment, version: Version, label: &str) -> Vec<Case> {
    let elf = small(version);
    let step = if version == Version::V0 { 29 } else { 17 };
    let offsets = (0..HEADER_BYTES).chain((HEADER_BYTES..elf.len()).step_by(step));
    offsets
        .map(|offset| {
            let mut spoiled = elf.clone();
            spoiled[offset] ^= if offset % 2 == 0 { 1 } else { 0x80 };
            play(environment, format!("{label}_elf_{offset}"), spoiled)
        })
        .collect()
}

/// Versions, lengths.
fn files(environment: &Environment, version: Version, label: &str) -> Vec<Case> {
    let elf = small(version);
    let mut cases = Vec::new();
    for flags in 0..=5u8 {
        let mut changed = elf.clone();
        changed[48] = flags;
        cases.push(play(environment, format!("{label}_elf_flags_{flags}"), changed));
    }
    for length in [0, 1, 63, 64, 65, elf.len() / 2, elf.len() - 1] {
        cases.push(play(environment, format!("{label}_elf_of_{length}"), elf[..length].to_vec()));
    }
    cases.push(play(environment, format!("{label}_elf_and_more"), [elf, vec![0; 100]].concat()));
    cases
}

/// One instruction in place of the first.
fn instructions(environment: &Environment, version: Version, label: &str) -> Vec<Case> {
    let elf = small(version);
    let at = elf.windows(8).position(|window| window == PLACE).expect("the place is in the text");
    let word = |opcode: u8, registers: u8, offset: i16, immediate: i32| {
        let mut bytes = vec![opcode, registers];
        bytes.extend(offset.to_le_bytes());
        bytes.extend(immediate.to_le_bytes());
        bytes
    };
    let mut list: Vec<(String, Vec<u8>)> =
        (0..=255u8).map(|opcode| (format!("opcode_{opcode:02x}"), word(opcode, 0, 0, 1))).collect();
    list.extend([
        ("mov_to_r10".into(), word(0xb7, 10, 0, 0)),
        ("mov_to_r11".into(), word(0xb7, 11, 0, 0)),
        ("mov_from_r11".into(), word(0xbf, 0xb0, 0, 0)),
        ("add_to_r10".into(), word(0x07, 10, 0, -64)),
        ("div_by_0".into(), word(0x37, 0, 0, 0)),
        ("mod_by_0".into(), word(0x97, 0, 0, 0)),
        ("div32_by_0".into(), word(0x34, 0, 0, 0)),
        ("shift_by_63".into(), word(0x67, 0, 0, 63)),
        ("shift_by_64".into(), word(0x67, 0, 0, 64)),
        ("shift_by_minus_1".into(), word(0x67, 0, 0, -1)),
        ("shift32_by_31".into(), word(0x64, 0, 0, 31)),
        ("shift32_by_32".into(), word(0x64, 0, 0, 32)),
        ("swap_of_16".into(), word(0xdc, 0, 0, 16)),
        ("swap_of_17".into(), word(0xdc, 0, 0, 17)),
        ("jump_before_start".into(), word(0x05, 0, -2, 0)),
        ("jump_to_itself".into(), word(0x05, 0, -1, 0)),
        ("jump_into_lddw".into(), word(0x05, 0, 1, 0)),
        ("jump_over_lddw".into(), word(0x05, 0, 2, 0)),
        ("jump_behind_end".into(), word(0x05, 0, 100, 0)),
        ("lddw_without_second".into(), word(0x18, 0, 0, 1)),
        ("call_unknown".into(), word(0x85, 0x10, 0, 0x1234_5678)),
        ("call_unknown_0".into(), word(0x85, 0, 0, 0x1234_5678)),
        ("call_source_2".into(), word(0x85, 0x20, 0, 0)),
        ("call_relative_4".into(), word(0x85, 0x10, 0, 6)),
        ("call_minus_1".into(), word(0x85, 0x10, 0, -1)),
        ("callx_r0".into(), word(0x8d, 0, 0, 0)),
        ("callx_r1".into(), word(0x8d, 0, 0, 1)),
        ("callx_r10".into(), word(0x8d, 0, 0, 10)),
        ("callx_r11".into(), word(0x8d, 0, 0, 11)),
        ("callx_source_1".into(), word(0x8d, 0x10, 0, 0)),
        ("store_to_r10".into(), word(0x7b, 0x0a, -8, 0)),
        ("exit_with_offset".into(), word(0x95, 0, 1, 0)),
        ("exit_with_immediate".into(), word(0x95, 0, 0, 1)),
        ("exit_with_registers".into(), word(0x95, 0x11, 0, 0)),
    ]);
    list.into_iter()
        .map(|(name, bytes)| {
            let mut changed = elf.clone();
            changed[at..at + 8].copy_from_slice(&bytes);
            play(environment, format!("{label}_instruction_{name}"), changed)
        })
        .collect()
}
