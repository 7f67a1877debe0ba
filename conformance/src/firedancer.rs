//! Firedancer's instruction fixtures: from the messages to a case and what it expects.
//!
//! What the harness that recorded them does (solfuzz-agave, `src/instr.rs`) decides what is read how: sysvars are accounts
//! with lamports; the blockhash is the last of the recent ones; only the instruction's own accounts are in the
//! transaction, and programs are found among all; precompiles report no custom code. Fixtures of other harnesses
//! (blocks, transactions, VM, ELF) lie in the same folders and are skipped.

use heddle_types::{Account, Hash, Pubkey, ids, ids::sysvar};
use heddle_vm::{BlockEnvironment, Clock, EpochSchedule, SysvarCache, costs};
use prost::Message;

use crate::{
    compare::{Expectation, ExpectedAccount, ExpectedData, Options, judge},
    errors,
    features::{self, Departure},
    machine::{AbsentProgram, Case, Harness, InstructionMeta, Run, Visibility},
    mollusk::{FixtureError, default_rent, pubkey, undecoded},
    report::{CaseReport, Verdict},
    schema::firedancer as schema,
    suite::{Format, SuiteFile},
    sysvar_accounts,
};

/// The entry point that instruction fixtures name.
pub const ENTRY_POINT: &str = "sol_compat_instr_execute_v1";

/// Runs Firedancer's instruction fixtures.
pub struct Firedancer {
    harness: Harness,
    options: Options,
}

impl Firedancer {
    /// Runs fixtures on `harness`.
    pub fn new(harness: Harness, options: Options) -> Self {
        Self { harness, options }
    }

    fn judge(&self, fixture: &schema::InstrFixture) -> Result<Verdict, FixtureError> {
        let input = fixture.input.as_ref().ok_or(FixtureError::Missing("input"))?;
        let output = fixture.output.as_ref().ok_or(FixtureError::Missing("output"))?;
        let (case, departures) = case(input)?;
        let expected = expectation(input, output)?;
        let has_custom_code = ![ids::ed25519_program::ID, ids::secp256k1_program::ID, ids::secp256r1_program::ID]
            .contains(&case.program_id);
        let result = |run: &Run| {
            let code = if has_custom_code { errors::custom_code(&run.result) } else { 0 };
            result_text(errors::firedancer_number(&run.result), code)
        };
        Ok(judge(&self.harness, &case, &departures, &expected, self.options, result))
    }
}

impl Format for Firedancer {
    fn foreign(&self, file: &SuiteFile) -> Option<String> {
        let metadata = schema::AnyFixture::decode(file.bytes.as_slice()).ok()?.metadata?;
        let is_other = !metadata.fn_entrypoint.is_empty() && metadata.fn_entrypoint != ENTRY_POINT;
        is_other.then(|| format!("for the harness {}", metadata.fn_entrypoint))
    }

    fn run(&self, file: &SuiteFile) -> Vec<CaseReport> {
        let verdict = match schema::InstrFixture::decode(file.bytes.as_slice()) {
            Ok(fixture) => self.judge(&fixture).unwrap_or_else(|error| undecoded(&error)),
            Err(error) => undecoded(&error),
        };
        vec![file.case(verdict)]
    }
}

fn result_text(number: i32, custom_code: u32) -> String {
    let name = errors::firedancer_name(number);
    if custom_code == 0 { name } else { format!("{name}, custom code {custom_code:#x}") }
}

/// The case that `input` describes, and what of it we cannot follow.
///
/// # Errors
/// If it is incomplete.
pub fn case(input: &schema::InstrContext) -> Result<(Case, Vec<Departure>), FixtureError> {
    let older = input.epoch_context.as_ref().and_then(|epoch| epoch.features.as_ref());
    let active = input.features.as_ref().or(older).map_or(&[][..], |set| &set.features);
    let (gates, departures) = features::gates(active);
    let accounts: Result<Vec<_>, _> = input.accounts.iter().map(account).collect();
    let accounts = accounts?;
    let block = block(&accounts, input.slot_context.map_or(0, |context| context.slot));
    let case = Case {
        program_id: pubkey("program id", &input.program_id)?,
        visibility: Visibility::NextSlot { slot: block.sysvars.clock.slot },
        block,
        accounts,
        instruction_accounts: input.instr_accounts.iter().map(meta).collect(),
        data: input.data.clone(),
        compute_unit_limit: input.cu_avail,
        heap_size_bytes: costs::HEAP_SIZE_BYTES_MIN,
        gates,
        absent_program: AbsentProgram::Nothing,
    };
    Ok((case, departures))
}

fn meta(account: &schema::InstrAcct) -> InstructionMeta {
    InstructionMeta { index: account.index as usize, is_signer: account.is_signer, is_writable: account.is_writable }
}

fn address(message: &schema::AcctState) -> Result<Pubkey, FixtureError> {
    let Some(derived) = &message.seed_addr else { return pubkey("address", &message.address) };
    let (base, owner) = (pubkey("seed base", &derived.base)?, pubkey("seed owner", &derived.owner)?);
    let seed = String::from_utf8_lossy(&derived.seed);
    Pubkey::create_with_seed(&base, &seed, &owner).or_else(|_| pubkey("address", &message.address))
}

fn account(message: &schema::AcctState) -> Result<(Pubkey, Account), FixtureError> {
    let data = message.new_data.as_deref().unwrap_or(&message.data);
    let owner = pubkey("owner", &message.owner)?;
    let (lamports, executable) = (message.lamports, message.executable);
    Ok((address(message)?, Account { lamports, data: data.into(), owner, executable }))
}

/// Sysvars from their accounts. Older fixtures leave some out; the older harness put these in their place.
fn block(accounts: &[(Pubkey, Account)], slot: u64) -> BlockEnvironment {
    /// Clock of a fixture that tells none.
    const SLOT_DEFAULT: u64 = 10;
    const LAST_RESTART_SLOT_DEFAULT: u64 = 5000;
    let clock = Clock { slot: if slot == 0 { SLOT_DEFAULT } else { slot }, ..Clock::default() };
    let mut cache = SysvarCache::empty();
    cache.set_account_data(sysvar::clock::ID, &clock.to_bytes());
    cache.set_account_data(sysvar::rent::ID, &default_rent().to_bytes());
    cache.set_account_data(sysvar::epoch_schedule::ID, &EpochSchedule::with_warmup(432_000).to_bytes());
    cache.set_account_data(sysvar::last_restart_slot::ID, &LAST_RESTART_SLOT_DEFAULT.to_le_bytes());
    sysvar_accounts::fill(&mut cache, accounts, |account| account.lamports > 0);
    let newest = cache.data(&sysvar::recent_blockhashes::ID).and_then(last_blockhash);
    let (blockhash, lamports_per_signature) = newest.unwrap_or_default();
    let mut block = BlockEnvironment::new(cache.clock, blockhash);
    block.lamports_per_signature = lamports_per_signature;
    block.sysvars = cache;
    block
}

/// The last entry of the recent-blockhashes sysvar: hash and fee.
fn last_blockhash(data: &[u8]) -> Option<(Hash, u64)> {
    const ENTRY_BYTES: usize = 40;
    let count = u64::from_le_bytes(*data.first_chunk()?);
    let last = usize::try_from(count.checked_sub(1)?).ok()?;
    let entry: &[u8; ENTRY_BYTES] = data.get(8..)?.as_chunks().0.get(last)?;
    let (hash, fee) = entry.split_first_chunk::<32>()?;
    Some((Hash::new_from_array(*hash), u64::from_le_bytes(*fee.first_chunk()?)))
}

/// What `output` expects of `input`.
///
/// # Errors
/// If it is incomplete.
pub fn expectation(input: &schema::InstrContext, output: &schema::InstrEffects) -> Result<Expectation, FixtureError> {
    let accounts = output.modified_accounts.iter().map(|message| {
        Ok(ExpectedAccount {
            key: address(message)?,
            lamports: message.lamports,
            data: expected_data(message),
            owner: pubkey("owner", &message.owner)?,
            executable: message.executable,
        })
    });
    let return_data = match output.return_data_hash {
        Some(hash) => ExpectedData::Hash(hash),
        None => ExpectedData::Bytes(output.return_data.clone()),
    };
    Ok(Expectation {
        result: result_text(output.result, output.custom_err),
        compute_units: input.cu_avail.saturating_sub(output.cu_avail),
        return_data,
        accounts: accounts.collect::<Result<_, _>>()?,
    })
}

fn expected_data(message: &schema::AcctState) -> ExpectedData {
    match (message.data_hash, &message.new_data) {
        (Some(hash), _) => ExpectedData::Hash(hash),
        (None, Some(data)) => ExpectedData::Bytes(data.clone()),
        (None, None) => ExpectedData::Bytes(message.data.clone()),
    }
}
