//! From the ELF of a program to the accounts that hold it, deployed at slot 0.
//!
//! The bytes must be such as the engine can run: a broken program shows when the chain is made, not when somebody calls
//! it.

use std::path::Path;

use heddle_programs::{LoaderV3State, programdata_address};
use heddle_types::{
    Account, Pubkey,
    ids::{bpf_loader, bpf_loader_upgradeable},
    limits::{ACCOUNT_DATA_BYTES_MAX, rent_exempt_minimum},
};
use heddle_vm::ProgramEntry;

use crate::{GenesisError, accounts::GenesisAccounts, read::read_bounded};

/// Longest ELF: it shares its account with the header of loader v3.
const ELF_BYTES_MAX: u64 = (ACCOUNT_DATA_BYTES_MAX - LoaderV3State::PROGRAM_DATA_HEADER_BYTES) as u64;

/// Who owns a program and may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramLoader {
    /// `bpf_loader`: one account holds the bytes, which never change.
    V2,
    /// `bpf_loader_upgradeable`: a program account, and program data.
    V3 {
        /// Who may upgrade; nobody if absent.
        authority: Option<Pubkey>,
    },
}

/// Reads an ELF.
///
/// # Errors
/// [`GenesisError::Read`] or [`GenesisError::FileTooLong`].
pub fn read_elf(path: &Path) -> Result<Vec<u8>, GenesisError> {
    read_bounded(path, ELF_BYTES_MAX)
}

/// The accounts of the program with the bytes `elf` at `address`: one for loader v2, two for loader v3. `path` is for
/// errors. Compiles the program, which takes milliseconds.
///
/// # Errors
/// [`GenesisError::Elf`]: the engine could not run it.
pub fn program_accounts(
    address: Pubkey,
    elf: &[u8],
    loader: ProgramLoader,
    path: &Path,
) -> Result<Vec<(Pubkey, Account)>, GenesisError> {
    if elf.len() as u64 > ELF_BYTES_MAX {
        return Err(GenesisError::FileTooLong { path: path.to_owned(), size_bytes_max: ELF_BYTES_MAX });
    }
    ProgramEntry::try_load(elf, &heddle_programs::runtime()).map_err(|error| GenesisError::Elf {
        address,
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let accounts = match loader {
        ProgramLoader::V2 => vec![(address, Account { executable: true, ..exempt(elf.to_vec(), bpf_loader::ID) })],
        ProgramLoader::V3 { authority } => {
            let programdata = programdata_address(&address);
            let program = with_header(LoaderV3State::Program { programdata }, LoaderV3State::PROGRAM_BYTES, &[]);
            let state = LoaderV3State::ProgramData { slot: 0, authority };
            let data = with_header(state, LoaderV3State::PROGRAM_DATA_HEADER_BYTES, elf);
            vec![(address, Account { executable: true, ..program }), (programdata, data)]
        }
    };
    Ok(accounts)
}

impl GenesisAccounts {
    /// Reads the ELF at `path` and adds the accounts of that program.
    ///
    /// # Errors
    /// As [`read_elf`], [`program_accounts`] and [`Self::add`].
    pub fn add_program(
        &mut self,
        address: Pubkey,
        path: &Path,
        loader: ProgramLoader,
        origin: &str,
    ) -> Result<(), GenesisError> {
        let accounts = program_accounts(address, &read_elf(path)?, loader, path)?;
        accounts.into_iter().try_for_each(|(address, account)| self.add(address, account, origin))
    }
}

/// A state of loader v3, padded to `header_bytes`, and what follows it.
fn with_header(state: LoaderV3State, header_bytes: usize, elf: &[u8]) -> Account {
    let mut data = Vec::with_capacity(header_bytes + elf.len());
    data.extend(state.to_bytes());
    data.resize(header_bytes, 0);
    data.extend_from_slice(elf);
    exempt(data, bpf_loader_upgradeable::ID)
}

fn exempt(data: Vec<u8>, owner: Pubkey) -> Account {
    Account { lamports: rent_exempt_minimum(data.len()), data: data.into(), owner, executable: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Pubkey {
        Pubkey::new_from_array([n; 32])
    }

    #[test]
    fn shipped_programs_come_out_as_they_are_shipped() {
        let shipped = heddle_programs::genesis_accounts();
        let find = |key: &Pubkey| &shipped.iter().find(|(known, _)| known == key).expect("shipped").1;
        let mut loaders = [0; 2];
        for program in heddle_programs::shipped_programs() {
            let is_v3 = program.loader == bpf_loader_upgradeable::ID;
            let authority = programdata_authority(is_v3.then(|| find(&programdata_address(&program.key))));
            let loader = if is_v3 { ProgramLoader::V3 { authority } } else { ProgramLoader::V2 };
            loaders[usize::from(is_v3)] += 1;
            for (key, account) in
                program_accounts(program.key, &program.elf, loader, Path::new(program.name)).expect("it runs")
            {
                assert_eq!(account, *find(&key), "{} at {key}", program.name);
            }
        }
        assert!(loaders.iter().all(|count| *count > 0), "programs of both loaders: {loaders:?}");
    }

    fn programdata_authority(account: Option<&Account>) -> Option<Pubkey> {
        match LoaderV3State::from_bytes(&account?.data)? {
            LoaderV3State::ProgramData { authority, .. } => authority,
            _ => None,
        }
    }

    #[test]
    fn the_authority_is_in_the_header() {
        let elf = heddle_vm::assemble("mov64 r0, 0\nexit").expect("valid assembly");
        let loader = ProgramLoader::V3 { authority: Some(key(5)) };
        let accounts = program_accounts(key(1), &elf, loader, Path::new("p.so")).expect("it runs");
        let [(program_key, program), (data_key, data)] = &accounts[..] else { panic!("two accounts") };
        assert_eq!((*program_key, program.executable), (key(1), true));
        assert_eq!(LoaderV3State::from_bytes(&program.data), Some(LoaderV3State::Program { programdata: *data_key }));
        let state = LoaderV3State::ProgramData { slot: 0, authority: Some(key(5)) };
        assert_eq!((LoaderV3State::from_bytes(&data.data), data.executable), (Some(state), false));
        assert_eq!(&data.data[LoaderV3State::PROGRAM_DATA_HEADER_BYTES..], elf);
    }

    #[test]
    fn broken_programs_are_refused_by_name() {
        let elf = heddle_vm::assemble("mov64 r0, 0\nexit").expect("valid assembly");
        for bytes in [&b""[..], b"\x7fELF", &elf[..elf.len() / 2]] {
            let error = program_accounts(key(1), bytes, ProgramLoader::V2, Path::new("broken.so"));
            let told = error.expect_err("no program").to_string();
            assert!(told.starts_with(&format!("program {}: broken.so cannot run: ", key(1))), "{told}");
        }
    }
}
