//! What a new chain begins with: the arguments' accounts and programs, the mint, the faucet, the node's own account.

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use heddle_engine::Builder;
use heddle_genesis::GenesisAccounts;
use heddle_programs::ids::{NATIVE_MINT, NATIVE_MINT_DECIMALS, TOKEN};
use heddle_types::{Account, Hash, Pubkey};
use heddle_vm::EpochSchedule;

use super::NodeArguments;
use crate::{failure::Failure, keypair};

const LAMPORTS_PER_SOL: f64 = 1e9;
/// What `solana-test-validator` gives its mint, its faucet and itself, in SOL.
const MINT_SOL: f64 = 500_000_000.0;
const FAUCET_SOL: f64 = 1_000_000.0;
const IDENTITY_SOL: f64 = 500.0;

/// The first state of a chain.
#[derive(Clone)]
pub(super) struct FirstState {
    accounts: Vec<(Pubkey, Account)>,
    epoch_schedule: Option<EpochSchedule>,
    unix_timestamp: i64,
    blockhash: Hash,
    mint: Option<Pubkey>,
}

impl FirstState {
    /// Reads every file that the arguments name.
    pub(super) fn of(arguments: &NodeArguments, identity: &Pubkey, faucet: &Pubkey) -> Result<Self, Failure> {
        let mut accounts = GenesisAccounts::default();
        arguments.accounts.add_to(&mut accounts)?;
        for (program, data) in accounts.programs_without_data() {
            eprintln!("heddle: note: program {program} cannot run, because its account {data} is not given");
        }
        let mint = match arguments.chain.mint {
            Some(mint) => Some(mint),
            None => default_mint()?,
        };
        let mut accounts: Vec<(Pubkey, Account)> = accounts.into_accounts().collect();
        let faucet_sol = if arguments.has_faucet() { arguments.chain.faucet_sol.unwrap_or(FAUCET_SOL) } else { 0.0 };
        if !accounts.iter().any(|(given, _)| *given == NATIVE_MINT) {
            accounts.push((NATIVE_MINT, native_mint()));
        }
        let own = [(mint, MINT_SOL), (Some(*faucet), faucet_sol), (Some(*identity), IDENTITY_SOL)];
        for (key, sol) in own {
            let Some(key) = key.filter(|_| sol > 0.0) else { continue };
            if !accounts.iter().any(|(given, _)| *given == key) {
                accounts.push((key, Account::with_lamports((sol * LAMPORTS_PER_SOL) as u64)));
            }
        }
        let epoch_schedule = arguments.chain.slots_per_epoch.map(|slots_per_epoch| EpochSchedule {
            slots_per_epoch,
            leader_schedule_slot_offset: slots_per_epoch,
            ..EpochSchedule::default()
        });
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            accounts,
            epoch_schedule,
            unix_timestamp: since_epoch.as_secs() as i64,
            blockhash: Hash::new_from_array(rand::random()),
            mint,
        })
    }

    /// Who got the mint's lamports.
    pub(super) fn mint(&self) -> Option<Pubkey> {
        self.mint
    }

    /// Gives it to a builder whose store is empty.
    pub(super) fn add_to(self, builder: Builder) -> Builder {
        let builder =
            builder.accounts(self.accounts).genesis_timestamp(self.unix_timestamp).genesis_blockhash(self.blockhash);
        match self.epoch_schedule {
            Some(schedule) => builder.epoch_schedule(schedule),
            None => builder,
        }
    }
}

/// A mint without authorities and supply: authority (tag and key, 36 bytes), supply, decimals, initialised, freeze authority.
fn native_mint() -> Account {
    const SIZE_BYTES: usize = 82;
    let mut data = [0; SIZE_BYTES];
    data[44] = NATIVE_MINT_DECIMALS;
    data[45] = 1;
    // What Solana's development clusters give it.
    Account::new(LAMPORTS_PER_SOL as u64, &data, TOKEN)
}

/// The key that Solana's tools use unless told otherwise, if it is there.
fn default_mint() -> Result<Option<Pubkey>, Failure> {
    let Some(home) = std::env::var_os("HOME") else { return Ok(None) };
    let path = PathBuf::from(home).join(Path::new(".config/solana/id.json"));
    if !path.is_file() {
        return Ok(None);
    }
    Ok(Some(keypair::address(&keypair::read(&path)?)))
}
