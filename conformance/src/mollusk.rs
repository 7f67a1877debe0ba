//! Mollusk's fixtures: from the messages to a case and what it expects.
//!
//! What Mollusk itself does (crate `mollusk-svm` 0.16) decides what is read how: sysvars come from the accounts first and
//! from the fixture's own list second, blockhash and fee of the block are the default hash and 5000 lamports, a failed
//! instruction leaves the accounts as they were.

use heddle_types::{Account, Hash, Pubkey, ids::sysvar};
use heddle_vm::{BlockEnvironment, Clock, EpochSchedule, Rent, SysvarCache, costs};
use prost::Message;

use crate::{
    compare::{Expectation, ExpectedAccount, ExpectedData, Options, judge},
    errors,
    features::{self, Departure},
    machine::{AbsentProgram, Case, Harness, InstructionMeta, Visibility},
    report::{CaseReport, Verdict},
    schema::mollusk as schema,
    suite::{Format, SuiteFile},
    sysvar_accounts,
};

/// Runs Mollusk's fixtures.
pub struct Mollusk {
    harness: Harness,
    options: Options,
}

/// Why a message is no fixture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FixtureError {
    /// A message that every fixture has is absent.
    #[error("no {0}")]
    Missing(&'static str),
    /// A field of fixed length has another.
    #[error("{field} has {actual} bytes, not {expected}")]
    Length {
        /// Which.
        field: &'static str,
        /// How many it must have.
        expected: usize,
        /// How many it has.
        actual: usize,
    },
}

impl Mollusk {
    /// Runs fixtures on `harness`.
    pub fn new(harness: Harness, options: Options) -> Self {
        Self { harness, options }
    }

    fn judge(&self, fixture: &schema::InstrFixture) -> Result<Verdict, FixtureError> {
        let input = fixture.input.as_ref().ok_or(FixtureError::Missing("input"))?;
        let output = fixture.output.as_ref().ok_or(FixtureError::Missing("output"))?;
        let (case, departures) = case(input)?;
        let expected = expectation(output)?;
        let result = |run: &crate::machine::Run| errors::mollusk_name(errors::mollusk_program_result(&run.result));
        Ok(judge(&self.harness, &case, &departures, &expected, self.options, result))
    }
}

impl Format for Mollusk {
    fn foreign(&self, file: &SuiteFile) -> Option<String> {
        let is_json = file.extension() == "json" && file.bytes.first() == Some(&b'{');
        is_json.then(|| "a fixture as JSON; its .fix form is read".into())
    }

    fn run(&self, file: &SuiteFile) -> Vec<CaseReport> {
        let verdict = match schema::InstrFixture::decode(file.bytes.as_slice()) {
            Ok(fixture) => self.judge(&fixture).unwrap_or_else(|error| undecoded(&error)),
            Err(error) => undecoded(&error),
        };
        vec![file.case(verdict)]
    }
}

/// A file that is no fixture of the format.
pub(crate) fn undecoded(error: &dyn std::error::Error) -> Verdict {
    Verdict::failed("decode", "a fixture of the format", error)
}

/// The case that `input` describes, and what of it we cannot follow.
///
/// # Errors
/// If it is incomplete.
pub fn case(input: &schema::InstrContext) -> Result<(Case, Vec<Departure>), FixtureError> {
    let active = input.feature_set.as_ref().map_or(&[][..], |set| &set.features);
    let (mut gates, mut departures) = features::gates(active);
    let budget = input.compute_budget.unwrap_or_else(|| default_budget(&gates));
    match budget.max_instruction_stack_depth {
        5 => gates.raise_cpi_nesting_limit_to_8 = false,
        9 => gates.raise_cpi_nesting_limit_to_8 = true,
        other => departures.push(Departure::stack_height(other)),
    }
    if budget.invoke_units != costs::INVOKE {
        departures.push(Departure::invoke_units(budget.invoke_units, costs::INVOKE));
    }
    let accounts: Result<Vec<_>, _> = input.accounts.iter().map(account).collect();
    let accounts = accounts?;
    let case = Case {
        program_id: pubkey("program id", &input.program_id)?,
        block: block(input.sysvars.as_ref(), &accounts)?,
        accounts,
        instruction_accounts: input.instr_accounts.iter().map(meta).collect(),
        data: input.data.clone(),
        compute_unit_limit: budget.compute_unit_limit,
        heap_size_bytes: budget.heap_size,
        gates,
        visibility: Visibility::Always,
        absent_program: AbsentProgram::Genesis,
    };
    Ok((case, departures))
}

fn default_budget(gates: &heddle_types::Gates) -> schema::ComputeBudget {
    schema::ComputeBudget {
        compute_unit_limit: costs::COMPUTE_UNIT_LIMIT_MAX.into(),
        invoke_units: costs::INVOKE,
        max_instruction_stack_depth: if gates.raise_cpi_nesting_limit_to_8 { 9 } else { 5 },
        heap_size: costs::HEAP_SIZE_BYTES_MIN,
    }
}

fn meta(account: &schema::InstrAcct) -> InstructionMeta {
    InstructionMeta { index: account.index as usize, is_signer: account.is_signer, is_writable: account.is_writable }
}

/// An address and what we keep of its state.
fn account(message: &schema::AcctState) -> Result<(Pubkey, Account), FixtureError> {
    let owner = pubkey("owner", &message.owner)?;
    let (lamports, executable) = (message.lamports, message.executable);
    let account = Account { lamports, data: message.data.as_slice().into(), owner, executable };
    Ok((pubkey("address", &message.address)?, account))
}

/// What `output` expects.
///
/// # Errors
/// If it is incomplete.
pub fn expectation(output: &schema::InstrEffects) -> Result<Expectation, FixtureError> {
    let accounts = output.resulting_accounts.iter().map(|message| {
        Ok(ExpectedAccount {
            key: pubkey("address", &message.address)?,
            lamports: message.lamports,
            data: ExpectedData::Bytes(message.data.clone()),
            owner: pubkey("owner", &message.owner)?,
            executable: message.executable,
        })
    });
    Ok(Expectation {
        result: errors::mollusk_name(output.program_result),
        compute_units: output.compute_units_consumed,
        return_data: ExpectedData::Bytes(output.return_data.clone()),
        accounts: accounts.collect::<Result<_, _>>()?,
    })
}

fn block(
    sysvars: Option<&schema::SysvarContext>,
    accounts: &[(Pubkey, Account)],
) -> Result<BlockEnvironment, FixtureError> {
    let none = schema::SysvarContext::default();
    let mut cache = sysvar_cache(sysvars.unwrap_or(&none))?;
    sysvar_accounts::fill(&mut cache, accounts, |_| true);
    let mut block = BlockEnvironment::new(cache.clock, Hash::default());
    block.sysvars = cache;
    Ok(block)
}

/// The fixture's sysvars as account data. What is absent has the defaults of the SDK's types.
fn sysvar_cache(message: &schema::SysvarContext) -> Result<SysvarCache, FixtureError> {
    let mut cache = SysvarCache::empty();
    cache.set_account_data(sysvar::clock::ID, &clock(message.clock.unwrap_or_default()).to_bytes());
    cache.set_account_data(sysvar::rent::ID, &message.rent.map_or_else(default_rent, rent).to_bytes());
    let schedule = message.epoch_schedule.map_or_else(|| EpochSchedule::with_warmup(432_000), epoch_schedule);
    cache.set_account_data(sysvar::epoch_schedule::ID, &schedule.to_bytes());
    cache.set_account_data(sysvar::epoch_rewards::ID, &epoch_rewards(message.epoch_rewards.as_ref())?);
    cache.set_account_data(sysvar::last_restart_slot::ID, &0u64.to_le_bytes());
    let slot_hashes = message.slot_hashes.as_ref().map_or(&[][..], |list| &list.slot_hashes);
    let slot_hashes = slot_hashes
        .iter()
        .map(|entry| Ok([&entry.slot.to_le_bytes()[..], &bytes::<32>("slot hash", &entry.hash)?].concat()));
    cache.set_account_data(sysvar::slot_hashes::ID, &list(slot_hashes)?);
    let history = message.stake_history.as_ref().map_or(&[][..], |list| &list.stake_history);
    let history = history.iter().map(|entry| {
        Ok([entry.epoch, entry.effective, entry.activating, entry.deactivating].map(u64::to_le_bytes).concat())
    });
    cache.set_account_data(sysvar::stake_history::ID, &list(history)?);
    let recent = message.recent_blockhashes.as_ref().map_or(&[][..], |list| &list.entries);
    let recent = recent.iter().map(|entry| {
        Ok([&bytes::<32>("blockhash", &entry.blockhash)?[..], &entry.lamports_per_signature.to_le_bytes()].concat())
    });
    cache.set_account_data(sysvar::recent_blockhashes::ID, &list(recent)?);
    Ok(cache)
}

/// A list in bincode: the count, then the entries.
fn list(entries: impl ExactSizeIterator<Item = Result<Vec<u8>, FixtureError>>) -> Result<Vec<u8>, FixtureError> {
    let mut bytes = (entries.len() as u64).to_le_bytes().to_vec();
    for entry in entries {
        bytes.extend(entry?);
    }
    Ok(bytes)
}

fn clock(message: schema::Clock) -> Clock {
    Clock {
        slot: message.slot,
        epoch_start_timestamp: message.epoch_start_timestamp,
        epoch: message.epoch,
        leader_schedule_epoch: message.leader_schedule_epoch,
        unix_timestamp: message.unix_timestamp,
    }
}

/// Default of crate `solana-rent` 4.
pub(crate) fn default_rent() -> Rent {
    Rent { lamports_per_byte: 6960, ..Rent::default() }
}

fn rent(message: schema::Rent) -> Rent {
    Rent {
        lamports_per_byte: message.lamports_per_byte_year,
        exemption_threshold: message.exemption_threshold.to_le_bytes(),
        burn_percent: message.burn_percent as u8,
    }
}

fn epoch_schedule(message: schema::EpochSchedule) -> EpochSchedule {
    EpochSchedule {
        slots_per_epoch: message.slots_per_epoch,
        leader_schedule_slot_offset: message.leader_schedule_slot_offset,
        warmup: message.warmup,
        first_normal_epoch: message.first_normal_epoch,
        first_normal_slot: message.first_normal_slot,
    }
}

fn epoch_rewards(message: Option<&schema::EpochRewards>) -> Result<Vec<u8>, FixtureError> {
    const SIZE_BYTES: usize = 81;
    let Some(message) = message else { return Ok(vec![0; SIZE_BYTES]) };
    let mut bytes_of = message.distribution_starting_block_height.to_le_bytes().to_vec();
    bytes_of.extend(message.num_partitions.to_le_bytes());
    bytes_of.extend(bytes::<32>("parent blockhash", &message.parent_blockhash)?);
    bytes_of.extend(bytes::<16>("total points", &message.total_points)?);
    bytes_of.extend(message.total_rewards.to_le_bytes());
    bytes_of.extend(message.distributed_rewards.to_le_bytes());
    bytes_of.push(message.active.into());
    Ok(bytes_of)
}

/// An address of 32 bytes.
pub(crate) fn pubkey(field: &'static str, given: &[u8]) -> Result<Pubkey, FixtureError> {
    bytes(field, given).map(Pubkey::new_from_array)
}

fn bytes<const SIZE_BYTES: usize>(field: &'static str, given: &[u8]) -> Result<[u8; SIZE_BYTES], FixtureError> {
    given.try_into().map_err(|_| FixtureError::Length { field, expected: SIZE_BYTES, actual: given.len() })
}
