//! sBPF programs for the tests, and the loader-v3 instructions that manage them.

use heddle_programs::{LoaderV3State, programdata_address};
use heddle_types::{Account, Pubkey, ids, limits};

use super::{Instruction, readonly, signer, signer_writable, writable};

/// A program that fails with `Custom(version)`, so that its version shows.
pub fn elf_of_version(version: u32) -> Vec<u8> {
    heddle_vm::assemble(&format!("mov64 r0, {version}\nexit")).expect("valid assembly")
}

fn with_header(state: LoaderV3State, header_bytes: usize, program: &[u8]) -> Account {
    let mut data = state.to_bytes();
    data.resize(header_bytes, 0);
    data.extend_from_slice(program);
    Account::new(limits::rent_exempt_minimum(data.len()), &data, ids::bpf_loader_upgradeable::ID)
}

/// A buffer that holds `program`.
pub fn buffer(authority: Pubkey, program: &[u8]) -> Account {
    let state = LoaderV3State::Buffer { authority: Some(authority) };
    with_header(state, LoaderV3State::BUFFER_HEADER_BYTES, program)
}

/// The two accounts of a program deployed at genesis.
pub fn deployed(key: Pubkey, authority: Pubkey, elf: &[u8]) -> [(Pubkey, Account); 2] {
    let programdata = programdata_address(&key);
    let mut program = with_header(LoaderV3State::Program { programdata }, LoaderV3State::PROGRAM_BYTES, &[]);
    program.executable = true;
    let state = LoaderV3State::ProgramData { slot: 0, authority: Some(authority) };
    let data = with_header(state, LoaderV3State::PROGRAM_DATA_HEADER_BYTES, elf);
    [(key, program), (programdata, data)]
}

/// An account that a program can be deployed to.
pub fn undeployed() -> Account {
    with_header(LoaderV3State::Uninitialized, LoaderV3State::PROGRAM_BYTES, &[])
}

fn loader(accounts: Vec<super::Meta>, data: Vec<u8>) -> Instruction {
    Instruction { program: ids::bpf_loader_upgradeable::ID, accounts, data }
}

pub fn deploy(payer: Pubkey, program: Pubkey, buffer: Pubkey, authority: Pubkey, max_data_bytes: u64) -> Instruction {
    let accounts = vec![
        signer_writable(payer),
        writable(programdata_address(&program)),
        writable(program),
        writable(buffer),
        readonly(ids::sysvar::rent::ID),
        readonly(ids::sysvar::clock::ID),
        readonly(ids::system_program::ID),
        signer(authority),
    ];
    loader(accounts, [&[2, 0, 0, 0][..], &max_data_bytes.to_le_bytes()].concat())
}

pub fn upgrade(program: Pubkey, buffer: Pubkey, spill: Pubkey, authority: Pubkey) -> Instruction {
    let accounts = vec![
        writable(programdata_address(&program)),
        writable(program),
        writable(buffer),
        writable(spill),
        readonly(ids::sysvar::rent::ID),
        readonly(ids::sysvar::clock::ID),
        signer(authority),
    ];
    loader(accounts, vec![3, 0, 0, 0])
}

pub fn extend(program: Pubkey, payer: Pubkey, additional_bytes: u32) -> Instruction {
    let accounts = vec![
        writable(programdata_address(&program)),
        writable(program),
        readonly(ids::system_program::ID),
        signer_writable(payer),
    ];
    loader(accounts, [&[6, 0, 0, 0][..], &additional_bytes.to_le_bytes()].concat())
}

pub fn close(program: Pubkey, recipient: Pubkey, authority: Pubkey) -> Instruction {
    let accounts =
        vec![writable(programdata_address(&program)), writable(recipient), signer(authority), writable(program)];
    loader(accounts, vec![5, 0, 0, 0])
}
