//! Arguments of every command that begins a chain: accounts and programs from files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use heddle_genesis::{GenesisAccounts, GenesisError, ProgramLoader, read_account};
use heddle_types::Pubkey;

use crate::{arguments::parse_address, failure::Failure, keypair};

/// What a first state holds beside what every chain has. Pairs and triples come as flat lists.
#[derive(Debug, Args)]
pub(crate) struct GenesisArguments {
    /// Account file, as `solana account --output json` writes it, for ADDR; `-` takes the address in the file
    #[arg(long, num_args = 2, value_names = ["ADDR|-", "FILE"])]
    pub(crate) account: Vec<String>,
    /// Directory whose .json files are account files
    #[arg(long, value_name = "DIR")]
    pub(crate) account_dir: Vec<PathBuf>,
    /// Program of loader v2, which nobody can upgrade
    #[arg(long, num_args = 2, value_names = ["ADDR", "SO"])]
    pub(crate) bpf_program: Vec<String>,
    /// Program of loader v3, and who may upgrade it
    #[arg(long, num_args = 3, value_names = ["ADDR", "SO", "AUTH|none"])]
    pub(crate) upgradeable_program: Vec<String>,
}

impl GenesisArguments {
    /// Whether anything is named.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { account, account_dir, bpf_program, upgradeable_program } = self;
        account.is_empty() && account_dir.is_empty() && bpf_program.is_empty() && upgradeable_program.is_empty()
    }

    /// Reads everything that is named.
    pub(crate) fn add_to(&self, accounts: &mut GenesisAccounts) -> Result<(), Failure> {
        for pair in self.account.chunks_exact(2) {
            let chosen = if pair[0] == "-" { None } else { Some(address("--account", &pair[0])?) };
            import(Path::new(&pair[1]), chosen, accounts)?;
        }
        for pair in self.bpf_program.chunks_exact(2) {
            let address = address("--bpf-program", &pair[0])?;
            accounts.add_program(address, Path::new(&pair[1]), ProgramLoader::V2, "--bpf-program")?;
        }
        const UPGRADEABLE: &str = "--upgradeable-program";
        for triple in self.upgradeable_program.chunks_exact(3) {
            let authority = if triple[2] == "none" { None } else { Some(address(UPGRADEABLE, &triple[2])?) };
            let loader = ProgramLoader::V3 { authority };
            accounts.add_program(address(UPGRADEABLE, &triple[0])?, Path::new(&triple[1]), loader, UPGRADEABLE)?;
        }
        for directory in &self.account_dir {
            import_directory(directory, accounts)?;
        }
        Ok(())
    }
}

/// An address in base58, or that of a keypair file.
pub(crate) fn address(argument: &str, text: &str) -> Result<Pubkey, Failure> {
    match parse_address(text) {
        Ok(address) => Ok(address),
        Err(_) if Path::new(text).is_file() => Ok(keypair::address(&keypair::read(Path::new(text))?)),
        Err(problem) => Err(Failure::Usage(format!("{argument}: {problem}"))),
    }
}

/// Imports an account file, to the address in it unless another is chosen.
fn import(path: &Path, chosen: Option<Pubkey>, accounts: &mut GenesisAccounts) -> Result<(), GenesisError> {
    let file = read_account(path)?;
    let address = chosen.map_or_else(|| file.address(path), Ok)?;
    accounts.import(address, file.account, path.display().to_string())?;
    Ok(())
}

/// Imports every `.json` file of a directory, in the order of their names, so that errors do not depend on the disk.
fn import_directory(directory: &Path, accounts: &mut GenesisAccounts) -> Result<(), GenesisError> {
    let failed = |source| GenesisError::Read { path: directory.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    paths.iter().try_for_each(|path| import(path, None, accounts))
}
