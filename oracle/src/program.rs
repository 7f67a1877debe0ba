//! On-chain programs of our own: assembly text to ELF, and ELF to the accounts that a loader wants.

use crate::case::account;
use sbpf_assembler::{Assembler, AssemblerOption};
use solana_account::Account;
use solana_address::Address;
use solana_sdk_ids::{bpf_loader, bpf_loader_deprecated, bpf_loader_upgradeable};

pub use sbpf_assembler::SbpfArch as Version;

/// Balance of every program account: exempt from rent whatever its size here.
const PROGRAM_LAMPORTS: u64 = 1_000_000_000;

/// Tag of a loader-v3 `Program` account, then the address of its programdata.
const UPGRADEABLE_PROGRAM: [u8; 4] = [2, 0, 0, 0];

/// Tag of a loader-v3 `ProgramData` account, then its slot (0) and no authority: 45 bytes with the unused key.
const UPGRADEABLE_PROGRAM_DATA: [u8; 4] = [3, 0, 0, 0];

const UPGRADEABLE_HEADER_BYTES: usize = 45;

/// Assembles `text`, which defines `entrypoint`.
///
/// # Panics
/// When the text is not assembly: a bug of the scenario.
pub fn assemble(version: Version, text: &str) -> Vec<u8> {
    let options = AssemblerOption::default().with_arch(version);
    Assembler::new(options).assemble(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

/// A program of loader v2: its account is the ELF.
pub fn loaded_by_v2(elf: Vec<u8>) -> Account {
    executable(bpf_loader::ID, elf)
}

/// A program of loader v1, which serialises its input without alignment.
pub fn loaded_by_v1(elf: Vec<u8>) -> Account {
    executable(bpf_loader_deprecated::ID, elf)
}

/// A program of loader v3 without an authority: the program account and its programdata, with the latter's address.
pub fn loaded_by_v3(program: &Address, elf: &[u8]) -> [(Address, Account); 2] {
    let (programdata, _) = Address::find_program_address(&[program.as_ref()], &bpf_loader_upgradeable::ID);
    let pointer = [UPGRADEABLE_PROGRAM.as_slice(), programdata.as_ref()].concat();
    let mut data = UPGRADEABLE_PROGRAM_DATA.to_vec();
    data.resize(UPGRADEABLE_HEADER_BYTES, 0);
    data.extend(elf);
    [
        (programdata, account(PROGRAM_LAMPORTS, data, bpf_loader_upgradeable::ID)),
        (*program, executable(bpf_loader_upgradeable::ID, pointer)),
    ]
}

fn executable(loader: Address, data: Vec<u8>) -> Account {
    Account { executable: true, ..account(PROGRAM_LAMPORTS, data, loader) }
}
