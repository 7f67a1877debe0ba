//! Small programs: good ones and each way of being a bad one.

use super::{instruction, r};
use crate::{
    case::{account, address},
    program::{self, Version},
};
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::bpf_loader;

fn assemble(version: Version, text: &str) -> Vec<u8> {
    program::assemble(version, &format!(".globl entrypoint\nentrypoint:\n{text}\n"))
}

/// A program that succeeds, and can be told from [`succeeds_louder`].
pub fn succeeds() -> Vec<u8> {
    assemble(Version::V0, "mov64 r0, 0\nexit")
}

/// Succeeds and logs, with a syscall.
pub fn succeeds_louder() -> Vec<u8> {
    assemble(
        Version::V0,
        "mov64 r1, 1\nmov64 r2, 2\nmov64 r3, 3\nmov64 r4, 4\nmov64 r5, 5\ncall sol_log_64_\nmov64 r0, 0\nexit",
    )
}

/// Succeeds, in sBPF v3.
pub fn succeeds_v3() -> Vec<u8> {
    assemble(Version::V3, "mov64 r0, 0\nexit")
}

/// Each ELF that cannot be deployed, with a name.
pub fn bad() -> Vec<(&'static str, Vec<u8>)> {
    let good = succeeds();
    let mut other_machine = good.clone();
    other_machine[18] = 0x3e; // e_machine: x86-64
    let mut other_class = good.clone();
    other_class[4] = 1; // 32 bits
    vec![
        ("no_elf", b"a program that is no ELF, and long enough to be looked at: 64 bytes at least".to_vec()),
        ("one_byte", vec![0x7f]),
        ("zeros", vec![0; 500]),
        ("cut_off", good[..good.len() / 2].to_vec()),
        ("header_only", good[..64].to_vec()),
        ("other_machine", other_machine),
        ("other_class", other_class),
        ("unknown_version", version(9)),
        ("unknown_opcode", patched([0xff, 3, 0, 0, 0x44, 0x33, 0x22, 0x11])),
        ("unknown_register", patched([0xb7, 0x0c, 0, 0, 0x44, 0x33, 0x22, 0x11])),
        ("writes_frame_pointer", patched([0xb7, 0x0a, 0, 0, 0x44, 0x33, 0x22, 0x11])),
        ("division_by_zero", patched([0x37, 3, 0, 0, 0, 0, 0, 0])),
        ("jumps_out", patched([0x05, 0, 0x70, 0x17, 0, 0, 0, 0])),
        ("half_of_lddw", patched([0x18, 3, 0, 0, 0x44, 0x33, 0x22, 0x11])),
        ("unresolved_symbol", renamed("sol_log_64_", "sol_nothing")),
        ("alloc_free", assemble(Version::V0, "call sol_alloc_free_\nmov64 r0, 0\nexit")),
        ("sha512_is_off", renamed("sol_sha256", "sol_sha512")),
    ]
}

/// A v0 program whose header claims another version.
pub fn version(version: u8) -> Vec<u8> {
    let mut elf = succeeds();
    elf[48] = version; // e_flags
    elf
}

/// A program that calls `syscall`, renamed in its table of symbols.
fn renamed(syscall: &str, name: &str) -> Vec<u8> {
    assert_eq!(syscall.len(), name.len(), "the table keeps its size");
    let mut elf = assemble(Version::V0, &format!("call {syscall}\nmov64 r0, 0\nexit"));
    let start = elf.windows(name.len()).position(|window| window == syscall.as_bytes()).expect("the symbol");
    elf[start..start + name.len()].copy_from_slice(name.as_bytes());
    elf
}

/// A program with `instruction` in its middle.
fn patched(instruction: [u8; 8]) -> Vec<u8> {
    const MARK: [u8; 8] = [0xb7, 3, 0, 0, 0x44, 0x33, 0x22, 0x11];
    let mut elf = assemble(Version::V0, "mov64 r3, 0x11223344\nmov64 r0, 0\nexit");
    let start = elf.windows(8).position(|window| window == MARK).expect("the marked instruction");
    elf[start..start + 8].copy_from_slice(&instruction);
    elf
}

/// A program of loader v2 that passes its instruction on: account 0 is the program to call, the others are the call's
/// accounts with their flags, the data is the call's.
pub fn forwarder() -> Account {
    let text = "
        ldxdw r9, [r1+0]
        mov64 r6, r1
        add64 r6, 8
        lddw r7, 0x300001000
        lddw r8, 0x300000100
    next:
        jeq r9, 0, call
        mov64 r2, r6
        add64 r2, 8
        stxdw [r7+0], r2
        stxdw [r8+0], r2
        add64 r2, 32
        stxdw [r7+32], r2
        add64 r2, 32
        stxdw [r7+8], r2
        ldxdw r3, [r6+80]
        stxdw [r7+16], r3
        add64 r2, 16
        stxdw [r7+24], r2
        ldxb r4, [r6+1]
        stxb [r7+48], r4
        stxb [r8+9], r4
        ldxb r4, [r6+2]
        stxb [r7+49], r4
        stxb [r8+8], r4
        ldxb r4, [r6+3]
        stxb [r7+50], r4
        add64 r6, r3
        add64 r6, 10335
        and64 r6, -8
        add64 r6, 8
        add64 r7, 56
        add64 r8, 16
        sub64 r9, 1
        ja next
    call:
        lddw r1, 0x300000000
        lddw r2, 0x400000010
        stxdw [r1+0], r2
        lddw r2, 0x300000110
        stxdw [r1+8], r2
        lddw r5, 0x400000000
        ldxdw r3, [r5+0]
        mov64 r2, r3
        sub64 r2, 1
        stxdw [r1+16], r2
        mov64 r2, r6
        add64 r2, 8
        stxdw [r1+24], r2
        ldxdw r2, [r6+0]
        stxdw [r1+32], r2
        lddw r2, 0x300001000
        mov64 r4, 0
        mov64 r5, 0
        call sol_invoke_signed_c
        exit";
    Account { executable: true, ..account(10_000_000, assemble(Version::V0, text), bpf_loader::ID) }
}

/// A program of loader v2 that logs the clock.
pub fn logs_clock() -> Account {
    let text = "
        lddw r1, 0x300000000
        call sol_get_clock_sysvar
        lddw r6, 0x300000000
        ldxdw r1, [r6+0]
        ldxdw r2, [r6+8]
        ldxdw r3, [r6+16]
        ldxdw r4, [r6+24]
        ldxdw r5, [r6+32]
        call sol_log_64_
        mov64 r0, 0
        exit";
    Account { executable: true, ..account(10_000_000, assemble(Version::V0, text), bpf_loader::ID) }
}

/// `call` by way of the program at "forwarder".
pub fn forwarded(call: Instruction) -> Instruction {
    let accounts: Vec<AccountMeta> = std::iter::once(r(call.program_id)).chain(call.accounts).collect();
    instruction(address("forwarder"), accounts, call.data)
}
