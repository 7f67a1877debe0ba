//! The reference: Agave's own `solana-svm` batch processor, with the checks that its bank makes around it.
//!
//! ```text
//! wire ─parse─► sanitise ─► verify signatures ─► resolve lookup tables ─► locks ─► age ─► status cache ─► solana-svm ─► commit
//!                  └──────────────────────── rejected: nothing charged ─────────────────────┘                │
//!                                                                       fees-only, failed, succeeded ◄───────┘
//! ```
//!
//! Only the boxes outside `solana-svm` are written here, after `Bank::verify_transaction`, `Bank::check_transactions` and
//! `Bank::commit_transactions`. A new instance is one block with the case's blockhash as the only one in the queue; for
//! chains, [`Agave::begin_block`] and [`Agave::end_block`] do what the bank does between blocks.

use crate::environment::{Environment, LAMPORTS_PER_SIGNATURE};
use agave_precompiles::{get_precompile, is_precompile};
use agave_reserved_account_keys::ReservedAccountKeys;
use solana_account::{AccountSharedData, ReadableAccount, WritableAccount};
use solana_address::Address;
use solana_address_lookup_table_interface::{error::AddressLookupError, state::AddressLookupTable};
use solana_builtins::BUILTINS;
use solana_clock::{Clock, Slot};
use solana_fee::FeeFeatures;
use solana_fee_structure::FeeDetails;
use solana_hash::Hash;
use solana_message::{
    AddressLoader, inner_instruction::InnerInstructionsList, v0::LoadedAddresses, v0::MessageAddressTableLookup,
};
use solana_nonce::state::DurableNonce;
use solana_precompile_error::PrecompileError;
use solana_program_runtime::{
    execution_budget::{SVMTransactionExecutionAndFeeBudgetLimits, SVMTransactionExecutionBudget},
    loaded_programs::{BlockRelation, ForkGraph, ProgramRuntimeEnvironment, ProgramRuntimeEnvironments},
    program_cache_entry::ProgramCacheEntry,
};
use solana_runtime_transaction::{runtime_transaction::RuntimeTransaction, transaction_meta::TransactionMeta};
use solana_sdk_ids::{incinerator, system_program};
use solana_slot_hashes::SlotHashes;
use solana_svm::{
    account_loader::CheckedTransactionDetails,
    transaction_processing_result::ProcessedTransaction,
    transaction_processor::{
        ExecutionRecordingConfig, TransactionBatchProcessor, TransactionProcessingConfig,
        TransactionProcessingEnvironment,
    },
};
use solana_svm_callback::{InvokeContextCallback, TransactionProcessingCallback};
use solana_svm_transaction::svm_message::{SVMMessage, SVMStaticMessage};
use solana_transaction::{
    sanitized::{MessageHash, SanitizedTransaction},
    versioned::VersionedTransaction,
};
use solana_transaction_context::{
    MAX_ACCOUNTS_PER_INSTRUCTION, MAX_INSTRUCTION_TRACE_LENGTH, transaction::TransactionReturnData,
};
use solana_transaction_error::{AddressLoaderError, TransactionError};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, RwLock},
};

/// Locks that one transaction may take.
const ACCOUNT_LOCK_LIMIT: usize = 64;

/// Bytes of log kept per transaction.
const LOG_LIMIT_BYTES: usize = 10_000;

/// Age in blocks up to which a blockhash may be named.
const AGE_MAX: usize = 150;

type Transaction = RuntimeTransaction<SanitizedTransaction>;

/// What happened to one transaction.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub processed: bool,
    pub error: Option<TransactionError>,
    pub compute_units: u64,
    pub fee: u64,
    pub loaded_accounts_data_size: u32,
    pub logs: Vec<String>,
    pub return_data: Option<TransactionReturnData>,
    pub inner_instructions: InnerInstructionsList,
    /// The transaction's accounts in message order, lookups included where they could be resolved.
    pub keys: Vec<Address>,
}

/// What the end of a block did.
pub struct BlockEnd {
    /// Lamports that the collector got.
    pub collected: u64,
    /// Lamports of fees that nobody got.
    pub burned: u64,
    /// Accounts that the block wrote.
    pub written: BTreeSet<Address>,
}

/// State of one block under construction.
pub struct Agave<'a> {
    environment: &'a Environment,
    processor: TransactionBatchProcessor<SingleFork>,
    runtime: ProgramRuntimeEnvironment,
    reserved: ReservedAccountKeys,
    state: State<'a>,
    slot: Slot,
    /// The newest last; transactions of the block may name the last 151.
    blockhashes: Vec<Hash>,
    /// (blockhash, message hash) of the transactions in this block and those before.
    statuses: HashSet<(Hash, Hash)>,
    /// Fees of the open block.
    fees: FeeDetails,
    /// Accounts that the open block wrote.
    written: BTreeSet<Address>,
    _fork_graph: Arc<RwLock<SingleFork>>,
}

/// Accounts, and the callbacks through which the SVM sees them.
struct State<'a> {
    environment: &'a Environment,
    accounts: BTreeMap<Address, AccountSharedData>,
}

struct SingleFork;

impl ForkGraph for SingleFork {
    fn relationship(&self, a: Slot, b: Slot) -> BlockRelation {
        match a.cmp(&b) {
            std::cmp::Ordering::Less => BlockRelation::Ancestor,
            std::cmp::Ordering::Equal => BlockRelation::Equal,
            std::cmp::Ordering::Greater => BlockRelation::Descendant,
        }
    }
}

impl TransactionProcessingCallback for State<'_> {
    fn get_account_shared_data(&self, pubkey: &Address) -> Option<(AccountSharedData, Slot)> {
        self.accounts.get(pubkey).map(|account| (account.clone(), 0))
    }
}

impl InvokeContextCallback for State<'_> {
    fn is_precompile(&self, program_id: &Address) -> bool {
        is_precompile(program_id, |feature| self.environment.features.is_active(feature))
    }

    fn process_precompile(
        &self,
        program_id: &Address,
        data: &[u8],
        instruction_datas: Vec<&[u8]>,
    ) -> Result<(), PrecompileError> {
        let features = &self.environment.features;
        match get_precompile(program_id, |feature| features.is_active(feature)) {
            Some(precompile) => precompile.verify(data, &instruction_datas, features),
            None => Err(PrecompileError::InvalidPublicKey),
        }
    }
}

#[derive(Clone)]
struct TableLoader<'a> {
    state: &'a State<'a>,
    slot: Slot,
    slot_hashes: &'a SlotHashes,
}

impl AddressLoader for TableLoader<'_> {
    fn load_addresses(self, lookups: &[MessageAddressTableLookup]) -> Result<LoadedAddresses, AddressLoaderError> {
        let mut loaded = LoadedAddresses::default();
        for lookup in lookups {
            let account = self.state.accounts.get(&lookup.account_key);
            let account = account.ok_or(AddressLoaderError::LookupTableAccountNotFound)?;
            if *account.owner() != solana_sdk_ids::address_lookup_table::ID {
                return Err(AddressLoaderError::InvalidAccountOwner);
            }
            let table =
                AddressLookupTable::deserialize(account.data()).map_err(|_| AddressLoaderError::InvalidAccountData)?;
            let find = |indexes: &[u8]| table.lookup(self.slot, indexes, self.slot_hashes).map_err(into_loader_error);
            loaded.writable.extend(find(&lookup.writable_indexes)?);
            loaded.readonly.extend(find(&lookup.readonly_indexes)?);
        }
        Ok(loaded)
    }
}

fn into_loader_error(error: AddressLookupError) -> AddressLoaderError {
    match error {
        AddressLookupError::LookupTableAccountNotFound => AddressLoaderError::LookupTableAccountNotFound,
        AddressLookupError::InvalidAccountOwner => AddressLoaderError::InvalidAccountOwner,
        AddressLookupError::InvalidAccountData => AddressLoaderError::InvalidAccountData,
        AddressLookupError::InvalidLookupIndex => AddressLoaderError::InvalidLookupIndex,
    }
}

impl<'a> Agave<'a> {
    /// A block at the environment's slot over its accounts and `accounts`.
    pub fn new(environment: &'a Environment, accounts: &[(Address, AccountSharedData)]) -> Self {
        let mut state = State { environment, accounts: environment.accounts.clone() };
        state.accounts.extend(accounts.iter().cloned());

        let features = environment.features.runtime_features();
        let budget = SVMTransactionExecutionBudget::new_with_defaults(false);
        let runtime = solana_syscalls::create_program_runtime_environment(&features, &budget, false, false)
            .expect("the syscalls of an active feature set can be registered");
        let fork_graph = Arc::new(RwLock::new(SingleFork));
        let mut processor =
            TransactionBatchProcessor::new_uninitialized(environment.clock.slot, environment.clock.epoch);
        processor.set_program_runtime_environment(runtime.clone());
        processor.global_program_cache.write().expect("not poisoned").set_fork_graph(Arc::downgrade(&fork_graph));
        for builtin in BUILTINS {
            if builtin.enable_feature_id.is_none_or(|feature| environment.features.is_active(&feature)) {
                let entry = ProgramCacheEntry::new_builtin(0, builtin.name.len(), builtin.register_fn);
                processor.add_builtin(builtin.program_id, entry);
            }
        }
        processor.fill_missing_sysvar_cache_entries(&state);

        let mut reserved = ReservedAccountKeys::default();
        reserved.update_active_set(&environment.features);
        Self {
            environment,
            processor,
            runtime,
            reserved,
            state,
            slot: environment.clock.slot,
            blockhashes: vec![environment.blockhash],
            statuses: HashSet::new(),
            fees: FeeDetails::default(),
            written: BTreeSet::new(),
            _fork_graph: fork_graph,
        }
    }

    /// Opens the block at `clock.slot`, whose sysvars are `sysvars`, as `Bank::new_from_parent` does.
    pub fn begin_block(&mut self, clock: &Clock, sysvars: Vec<(Address, AccountSharedData)>) {
        self.slot = clock.slot;
        self.state.accounts.extend(sysvars);
        self.processor = self.processor.new_from(clock.slot, clock.epoch);
        self.processor.fill_missing_sysvar_cache_entries(&self.state);
        self.fees = FeeDetails::default();
        self.written.clear();
    }

    /// Ends the block as `Bank::freeze` does: pays the collector, burns what the incinerator got, adds the blockhash.
    pub fn end_block(&mut self, blockhash: Hash, collector: &Address) -> BlockEnd {
        let burned = self.fees.transaction_fee() / 2;
        let share = self.fees.prioritization_fee() + self.fees.transaction_fee() - burned;
        let is_paid = share > 0 && self.deposit(collector, share);
        if self.written.contains(&incinerator::ID) {
            self.state.accounts.remove(&incinerator::ID);
        }
        self.blockhashes.push(blockhash);
        BlockEnd {
            collected: if is_paid { share } else { 0 },
            burned: if is_paid { burned } else { burned + share },
            written: std::mem::take(&mut self.written),
        }
    }

    /// `Bank::deposit_fees` with SIMD-0232: false if the collector cannot have them.
    fn deposit(&mut self, collector: &Address, lamports: u64) -> bool {
        let mut account = self.state.accounts.get(collector).cloned().unwrap_or_default();
        let before = account.lamports();
        let is_exempt = |account: &AccountSharedData| {
            let is_relaxed = self.environment.features.snapshot().relax_post_exec_min_balance_check;
            self.environment.rent.is_exempt(account.lamports(), account.data().len()) || (is_relaxed && before > 0)
        };
        let is_fit = account.checked_add_lamports(lamports).is_ok()
            && *account.owner() == system_program::ID
            && !self.reserved.is_reserved(collector)
            && (*collector == incinerator::ID || is_exempt(&account));
        if is_fit {
            self.store(std::iter::once((*collector, account)));
        }
        is_fit
    }

    /// Every account there is, the environment's included.
    pub fn accounts(&self) -> &BTreeMap<Address, AccountSharedData> {
        &self.state.accounts
    }

    /// The blockhashes so far, the newest last.
    pub fn blockhashes(&self) -> &[Hash] {
        &self.blockhashes
    }

    fn last_blockhash(&self) -> Hash {
        *self.blockhashes.last().expect("a chain begins with a blockhash")
    }

    /// The account as it is now.
    pub fn account(&self, address: &Address) -> Option<&AccountSharedData> {
        self.state.accounts.get(address)
    }

    /// Runs one transaction and commits what it leaves.
    pub fn execute(&mut self, transaction: &VersionedTransaction) -> Outcome {
        let keys = transaction.message.static_account_keys().to_vec();
        let sanitized = match self.sanitize(transaction) {
            Ok(sanitized) => sanitized,
            Err(error) => return Outcome { error: Some(error), keys, ..Outcome::default() },
        };
        let keys: Vec<Address> = sanitized.account_keys().iter().copied().collect();
        match self.check(&sanitized) {
            Ok(details) => Outcome { keys, ..self.process(&sanitized, details) },
            Err(error) => Outcome { error: Some(error), keys, ..Outcome::default() },
        }
    }

    fn sanitize(&self, transaction: &VersionedTransaction) -> Result<Transaction, TransactionError> {
        let failure = TransactionError::SanitizeFailure;
        transaction.sanitize().map_err(|_| failure.clone())?;
        let instructions = transaction.message.instructions();
        if instructions.len() > MAX_INSTRUCTION_TRACE_LENGTH
            || instructions.iter().any(|instruction| instruction.accounts.len() > MAX_ACCOUNTS_PER_INSTRUCTION)
        {
            return Err(failure);
        }
        let message_hash = MessageHash::Precomputed(transaction.verify_and_hash_message()?);
        let slot_hashes = self.processor.sysvar_cache().get_slot_hashes();
        let slot_hashes = slot_hashes.map_err(|_| AddressLoaderError::SlotHashesSysvarNotFound)?;
        let loader = TableLoader { state: &self.state, slot: self.slot, slot_hashes: &slot_hashes };
        let sanitized = RuntimeTransaction::try_create(
            transaction.clone(),
            message_hash,
            None,
            loader,
            &self.reserved.active,
            true,
        )?;
        SanitizedTransaction::validate_account_locks(sanitized.message(), ACCOUNT_LOCK_LIMIT)?;
        Ok(sanitized)
    }

    /// Compute budget, then age, then status: the order of `Bank::check_transactions`.
    fn check(&self, transaction: &Transaction) -> Result<CheckedTransactionDetails, TransactionError> {
        let features = &self.environment.features;
        let config = transaction.transaction_configuration(features)?;
        let fee_details = solana_fee::calculate_fee_details(
            transaction,
            LAMPORTS_PER_SIGNATURE,
            config.priority_fee_lamports,
            FeeFeatures::from(features),
        );
        let limits = SVMTransactionExecutionAndFeeBudgetLimits {
            budget: SVMTransactionExecutionBudget {
                compute_unit_limit: u64::from(config.compute_unit_limit),
                heap_size: config.updated_heap_bytes,
                ..SVMTransactionExecutionBudget::new_with_defaults(false)
            },
            loaded_accounts_data_size_limit: config.loaded_accounts_data_size_limit,
            fee_details,
        };
        let nonce =
            match self.blockhashes.iter().rev().take(AGE_MAX + 1).any(|hash| hash == transaction.recent_blockhash()) {
                true => None,
                false => Some(self.check_nonce(transaction).ok_or(TransactionError::BlockhashNotFound)?),
            };
        if self.statuses.contains(&status_key(transaction)) {
            return Err(TransactionError::AlreadyProcessed);
        }
        Ok(CheckedTransactionDetails::new(nonce, limits))
    }

    /// The transaction's nonce account, if its age is given by one.
    fn check_nonce(&self, transaction: &Transaction) -> Option<Address> {
        let next = DurableNonce::from_blockhash(&self.last_blockhash());
        if transaction.recent_blockhash() == next.as_hash() {
            return None;
        }
        let address = transaction.get_durable_nonce()?;
        let account = self.state.accounts.get(address)?;
        solana_nonce_account::verify_nonce_account(account, transaction.recent_blockhash())?;
        Some(*address)
    }

    /// Runs `transactions` as one batch, as replay does with an entry: all are checked before the first one runs, and those
    /// that conflict run in order (SIMD-0083).
    pub fn execute_batch(&mut self, transactions: &[VersionedTransaction]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::default(); transactions.len()];
        let (mut places, mut batch, mut checks) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for (place, transaction) in transactions.iter().enumerate() {
            let checked = self.sanitize(transaction).and_then(|sanitized| {
                let details = self.check(&sanitized)?;
                // `Accounts::try_lock_accounts` refuses the second of two equal messages.
                let is_new = seen.insert(status_key(&sanitized));
                if is_new { Ok((sanitized, details)) } else { Err(TransactionError::AlreadyProcessed) }
            });
            match checked {
                Ok((sanitized, details)) => {
                    places.push(place);
                    batch.push(sanitized);
                    checks.push(Ok(details));
                }
                Err(error) => outcomes[place].error = Some(error),
            }
        }
        let results = self.run(&batch, checks);
        for ((place, transaction), result) in places.into_iter().zip(&batch).zip(results) {
            outcomes[place] = match result {
                Ok(processed) => self.commit(transaction, processed),
                Err(error) => Outcome { error: Some(error), ..Outcome::default() },
            };
        }
        outcomes
    }

    fn process(&mut self, transaction: &Transaction, details: CheckedTransactionDetails) -> Outcome {
        let mut results = self.run(std::slice::from_ref(transaction), vec![Ok(details)]);
        match results.pop().expect("one transaction, one result") {
            Ok(processed) => self.commit(transaction, processed),
            Err(error) => Outcome { error: Some(error), ..Outcome::default() },
        }
    }

    fn run(
        &self,
        transactions: &[Transaction],
        checks: Vec<Result<CheckedTransactionDetails, TransactionError>>,
    ) -> Vec<Result<ProcessedTransaction, TransactionError>> {
        let environment = TransactionProcessingEnvironment {
            blockhash: self.last_blockhash(),
            blockhash_lamports_per_signature: LAMPORTS_PER_SIGNATURE,
            alpenglow_migration_succeeded: false,
            epoch_total_stake: 0,
            feature_set: self.environment.features.runtime_features(),
            program_runtime_environments: ProgramRuntimeEnvironments::new(self.runtime.clone(), self.runtime.clone()),
            rent: self.environment.rent.clone(),
        };
        let config = TransactionProcessingConfig {
            log_messages_bytes_limit: Some(LOG_LIMIT_BYTES),
            recording_config: ExecutionRecordingConfig {
                enable_transaction_balance_recording: false,
                ..ExecutionRecordingConfig::new_single_setting(true)
            },
            ..TransactionProcessingConfig::default()
        };
        let processor = &self.processor;
        let output =
            processor.load_and_execute_sanitized_transactions(&self.state, transactions, checks, &environment, &config);
        output.processing_results
    }

    fn commit(&mut self, transaction: &Transaction, processed: ProcessedTransaction) -> Outcome {
        self.statuses.insert(status_key(transaction));
        self.fees.accumulate(&processed.fee_details());
        let mut outcome = Outcome {
            processed: true,
            error: processed.status().err(),
            compute_units: processed.executed_units(),
            fee: processed.fee_details().total_fee(),
            loaded_accounts_data_size: processed.loaded_accounts_data_size(),
            ..Outcome::default()
        };
        match processed {
            ProcessedTransaction::FeesOnly(fees_only) => {
                self.store(fees_only.rollback_accounts.iter().cloned());
            }
            ProcessedTransaction::Executed(executed) => {
                if executed.was_successful() {
                    let accounts = executed.loaded_transaction.accounts.into_iter().enumerate();
                    let touched = executed.loaded_transaction.touched_flags;
                    let written = accounts.filter(|(index, _)| transaction.is_writable(*index) && touched[*index]);
                    self.store(written.map(|(_, account)| account));
                    let mut cache = self.processor.global_program_cache.write().expect("not poisoned");
                    cache.merge(&self.runtime, self.slot, &executed.programs_modified_by_tx);
                } else {
                    self.store(executed.loaded_transaction.rollback_accounts.iter().cloned());
                }
                outcome.logs = executed.execution_details.log_messages.unwrap_or_default();
                outcome.return_data = executed.execution_details.return_data;
                outcome.inner_instructions = executed.execution_details.inner_instructions.unwrap_or_default();
            }
        }
        outcome
    }

    fn store(&mut self, accounts: impl Iterator<Item = (Address, AccountSharedData)>) {
        for (address, account) in accounts {
            self.written.insert(address);
            if account.lamports() == 0 {
                self.state.accounts.remove(&address);
            } else {
                self.state.accounts.insert(address, account);
            }
        }
    }
}

fn status_key(transaction: &Transaction) -> (Hash, Hash) {
    (*transaction.recent_blockhash(), *transaction.message_hash())
}
