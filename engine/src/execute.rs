//! One transaction on one worker: admission, fee payer, loading, execution, post-checks, write-back.
//!
//! ```text
//!  admitted? ──no──▶ rejected (nothing happened)
//!     │ yes: fee taken, rollback copies held
//!  loaded? ────no──▶ fees-only (fee and nonce written)
//!     │ yes
//!  executed and checked? ──no──▶ failed (fee and nonce written)
//!     │ yes
//!  succeeded (every writable account written)
//! ```
//!
//! Rules: crate `solana-svm` 4.2 (`transaction_processor`, `account_loader`). A worker touches only the accounts that its
//! transaction locks.

use std::sync::Arc;

use heddle_programs::ComputeBudgetLimits;
use heddle_types::{Account, AccountIndex, Pubkey, Receipt, SanitizedTransaction, TransactionError, ids};
use heddle_vm::{
    BlockEnvironment, ComputeBudget, DurableNonce, InvokeContext, NonceData, NonceState, NonceVersion, ProgramSource,
};

use crate::{
    VerifiedTransaction,
    account_set::AccountSet,
    account_table::{AccountTable, FirstWrite},
    cost::Cost,
    details, direct,
    direct::SystemProgram,
    fees::{self, Fee, RentObservation},
    instructions_sysvar,
    plan::{BlockPlan, PlannedTransaction},
    programs,
    readonly_cache::ReadonlyCache,
    slot::{BlockSerial, Slot},
    static_facts,
    status_cache::{BlockClaims, Standing},
};

/// Bytes that each existing account counts for beyond its data (SIMD-0186).
const ACCOUNT_BASE_BYTES: u64 = 64;
/// Bytes that each lookup table counts for (SIMD-0186).
const LOOKUP_TABLE_BASE_BYTES: u64 = 8248;

/// What came of one transaction given to a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the block.
    Processed(Receipt),
    /// It is not in the block and left no trace.
    Rejected(TransactionError),
}

impl Outcome {
    /// The receipt, if the transaction is in the block.
    pub fn receipt(&self) -> Option<&Receipt> {
        match self {
            Self::Processed(receipt) => Some(receipt),
            Self::Rejected(_) => None,
        }
    }
}

/// What all workers of a block share.
pub(crate) struct BlockContext<'a> {
    pub(crate) transactions: &'a [VerifiedTransaction],
    pub(crate) plan: &'a BlockPlan,
    pub(crate) table: &'a AccountTable,
    pub(crate) claims: &'a BlockClaims,
    pub(crate) environment: &'a BlockEnvironment,
    pub(crate) serial: BlockSerial,
    pub(crate) record_details: bool,
    /// In place of what transactions ask for.
    pub(crate) compute_unit_limit: Option<u32>,
}

/// One worker: its machine, and what it did in the open block.
pub(crate) struct Worker {
    machine: InvokeContext,
    /// The writable accounts of the running transaction as they were before it, by position.
    observations: Vec<(usize, RentObservation)>,
    readonly: ReadonlyCache,
    system_program: SystemProgram,
    /// Outcomes by position in the block.
    pub(crate) outcomes: Vec<(u32, Outcome)>,
    /// Accounts that this worker wrote first.
    pub(crate) first_writes: Vec<FirstWrite>,
    /// What the transactions it processed cost the block.
    pub(crate) cost: Cost,
    /// Fees of the transactions it processed.
    pub(crate) collected_lamports: u64,
}

/// A transaction that will be in the block: what is kept of it if it fails.
struct Admitted {
    limits: ComputeBudgetLimits,
    fee: Fee,
    payer: Account,
    /// Position among the keys and the advanced account, if it runs on a durable nonce.
    nonce: Option<(usize, Account)>,
}

/// Where the results of a transaction go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Into the account table.
    Commit,
    /// Nowhere: a simulation.
    Discard,
}

impl Worker {
    pub(crate) fn new(machine: InvokeContext) -> Self {
        Self {
            machine,
            observations: Vec::new(),
            readonly: ReadonlyCache::new(),
            system_program: SystemProgram::default(),
            outcomes: Vec::new(),
            first_writes: Vec::new(),
            cost: Cost::default(),
            collected_lamports: 0,
        }
    }

    pub(crate) fn machine_mut(&mut self) -> &mut InvokeContext {
        &mut self.machine
    }

    /// Moves the worker to another block.
    pub(crate) fn begin_block(&mut self, environment: Arc<BlockEnvironment>, programs: Arc<dyn ProgramSource>) {
        self.machine.set_block(environment, programs);
        self.readonly.clear();
        self.system_program = SystemProgram::of(self.machine.runtime());
    }

    /// Executes the transaction at `position` of the block and keeps its outcome.
    pub(crate) fn execute(&mut self, block: &BlockContext<'_>, position: usize) {
        let outcome = self.process(block, position, Effect::Commit);
        self.outcomes.push((position as u32, outcome));
    }

    /// Executes the transaction at `position`.
    pub(crate) fn process(&mut self, block: &BlockContext<'_>, position: usize, effect: Effect) -> Outcome {
        let planned = block.plan.transaction(position);
        if let Some(error) = &planned.rejected {
            return Outcome::Rejected(error.clone());
        }
        let transaction = &block.transactions[position];
        let standing = block.claims.standing(position);
        let admitted = match admit(block, planned, transaction, standing) {
            Ok(admitted) => admitted,
            Err(error) => return Outcome::Rejected(error),
        };
        let receipt = match self.transfer_directly(block, planned, transaction, &admitted, effect) {
            Some(receipt) => receipt,
            None => self.process_admitted(block, planned, transaction, &admitted, effect),
        };
        if effect == Effect::Commit {
            block.claims.note_executed(standing);
            self.collected_lamports = self.collected_lamports.saturating_add(admitted.fee.collected());
            self.cost.add(Cost::of(transaction, &receipt, self.machine.gates()));
        }
        Outcome::Processed(receipt)
    }

    /// Executes a transaction that is one plain transfer, if nothing about it can go wrong.
    fn transfer_directly(
        &mut self,
        block: &BlockContext<'_>,
        planned: &PlannedTransaction,
        transaction: &VerifiedTransaction,
        admitted: &Admitted,
        effect: Effect,
    ) -> Option<Receipt> {
        let lamports = transaction.facts().transfer?;
        if block.record_details || effect != Effect::Commit || admitted.nonce.is_some() {
            return None;
        }
        let &[from_index, to_index, program_index] = block.plan.keys_of(planned) else { return None };
        let (compute_units, program_bytes) = self.system_program.look(block.table.slot(program_index))?;
        let to_slot = block.table.slot(to_index);
        if compute_units > u64::from(admitted.limits.compute_unit_limit) {
            return None;
        }
        let (from, mut to) = (&admitted.payer, to_slot.read());
        let mut loaded_bytes = LoadedBytes { count: 0, max: admitted.limits.loaded_data_bytes_max.into() };
        loaded_bytes.add(2 * ACCOUNT_BASE_BYTES + program_bytes).ok()?;
        count_loaded(block, block.plan.keys_of(planned), to_slot, &to, &mut loaded_bytes).ok()?;
        let rent = &block.environment.sysvars.rent;
        let (from_lamports, to_lamports) = direct::transfer(from, &to, lamports, &planned.writable, rent)?;
        let mut from = from.clone();
        (from.lamports, to.lamports) = (from_lamports, to_lamports);
        self.first_writes.extend(block.table.write(from_index, from, block.serial));
        self.first_writes.extend(block.table.write(to_index, to, block.serial));
        Some(Receipt {
            status: Ok(()),
            executed: true,
            fee_lamports: admitted.fee.total(),
            compute_units,
            loaded_data_bytes: loaded_bytes.count as u32,
            details: None,
        })
    }

    fn process_admitted(
        &mut self,
        block: &BlockContext<'_>,
        planned: &PlannedTransaction,
        transaction: &VerifiedTransaction,
        admitted: &Admitted,
        effect: Effect,
    ) -> Receipt {
        let (transaction, facts) = (transaction.transaction(), transaction.facts());
        let limits = &admitted.limits;
        let budget =
            ComputeBudget { compute_unit_limit: limits.compute_unit_limit, heap_size_bytes: limits.heap_size_bytes };
        self.machine.begin(budget, block.record_details);
        let mut loaded_bytes = LoadedBytes { count: 0, max: limits.loaded_data_bytes_max.into() };
        let mut receipt = Receipt {
            status: Ok(()),
            executed: false,
            fee_lamports: admitted.fee.total(),
            compute_units: 0,
            loaded_data_bytes: 0,
            details: None,
        };
        let mut details = block
            .record_details
            .then(|| Box::new(details::before(block, planned, facts.invoked, admitted.payer.lamports)));
        let loaded = self.load(block, planned, transaction, facts.invoked, admitted, &mut loaded_bytes);
        receipt.loaded_data_bytes = loaded_bytes.count.min(loaded_bytes.max) as u32;
        if let Err(error) = loaded {
            receipt.status = Err(error);
        } else {
            receipt.executed = true;
            receipt.status = self.run(block, planned, transaction);
            receipt.compute_units = self.machine.consumed_units();
            if let Some(details) = &mut details {
                details::add_execution(details, &mut self.machine, facts.invoked, receipt.status.is_ok());
            }
        }
        receipt.details = details;
        if effect == Effect::Commit {
            match receipt.status {
                Ok(()) => self.write_accounts(block, planned),
                Err(_) => self.write_rollback(block, planned, admitted),
            }
            self.return_readonly(block, planned);
        }
        receipt
    }

    /// Copies the transaction's accounts into the machine.
    fn load(
        &mut self,
        block: &BlockContext<'_>,
        planned: &PlannedTransaction,
        transaction: &SanitizedTransaction,
        invoked: AccountSet,
        admitted: &Admitted,
        loaded_bytes: &mut LoadedBytes,
    ) -> Result<(), TransactionError> {
        loaded_bytes.add(transaction.lookup_count() as u64 * LOOKUP_TABLE_BASE_BYTES)?;
        let keys = block.plan.keys_of(planned);
        let mut instructions_sysvar_position = None;
        for (position, &index) in keys.iter().enumerate() {
            let slot = block.table.slot(index);
            let key = slot.key();
            if key == ids::sysvar::instructions::ID {
                instructions_sysvar_position = Some(position);
                self.machine.transaction.add_account(key, Account::default());
                continue;
            }
            let account = if position == 0 {
                // The payer counts as it was, even if the fee took its last lamport. It has no program data behind it.
                loaded_bytes.add(ACCOUNT_BASE_BYTES + admitted.payer.data.len() as u64)?;
                admitted.payer.clone()
            } else {
                let account =
                    if slot.is_write_planned(block.serial) { slot.read() } else { self.readonly.lend(index, slot) };
                count_loaded(block, keys, slot, &account, loaded_bytes)?;
                account
            };
            self.machine.transaction.add_account(key, account);
        }
        check_programs(&self.machine, transaction, invoked)?;
        if let Some(position) = instructions_sysvar_position {
            let account = instructions_sysvar::account(transaction, self.machine.transaction.keys(), &planned.writable)
                .ok_or(TransactionError::MaxLoadedAccountsDataSizeExceeded)?;
            self.machine.transaction.set_account(position, account);
        }
        Ok(())
    }

    /// Runs the instructions and checks what must hold afterwards.
    fn run(
        &mut self,
        block: &BlockContext<'_>,
        planned: &PlannedTransaction,
        transaction: &SanitizedTransaction,
    ) -> Result<(), TransactionError> {
        for instruction in transaction.instructions() {
            self.machine.transaction.add_instruction(
                instruction.program_index.into(),
                instruction.account_indices,
                instruction.data,
                |index| (transaction.is_signer(index), planned.writable.contains(index)),
            );
        }
        let context = &self.machine.transaction;
        self.observations.clear();
        self.observations
            .extend(planned.writable.positions().map(|index| (index, RentObservation::new(context.account_at(index)))));
        let lamports_before = lamports_sum(&self.machine);
        self.machine
            .execute_instructions()
            .map_err(|(index, error)| TransactionError::InstructionError(index, error))?;
        self.check_rent(block)?;
        if lamports_sum(&self.machine) != lamports_before {
            return Err(TransactionError::UnbalancedTransaction);
        }
        Ok(())
    }

    fn check_rent(&self, block: &BlockContext<'_>) -> Result<(), TransactionError> {
        let rent = &block.environment.sysvars.rent;
        let context = &self.machine.transaction;
        for (index, before) in &self.observations {
            let is_checked = context.keys()[*index] != ids::incinerator::ID;
            if is_checked && !before.allows(context.account_at(*index), rent) {
                return Err(TransactionError::InsufficientFundsForRent { account_index: *index as u8 });
            }
        }
        Ok(())
    }

    /// Gives back the copies of accounts that nobody writes.
    fn return_readonly(&mut self, block: &BlockContext<'_>, planned: &PlannedTransaction) {
        let context = &mut self.machine.transaction;
        let keys = &block.plan.keys_of(planned)[..context.account_count()];
        for (position, &index) in keys.iter().enumerate().skip(1) {
            if !planned.writable.contains(position) && !context.is_touched(position) {
                self.readonly.give_back(index, context.take_account(position));
            }
        }
    }

    /// Everything that a successful transaction may have changed goes into the table.
    fn write_accounts(&mut self, block: &BlockContext<'_>, planned: &PlannedTransaction) {
        for (position, &index) in block.plan.keys_of(planned).iter().enumerate() {
            let context = &mut self.machine.transaction;
            // The payer was debited outside the machine.
            if position != 0 && !context.is_touched(position) {
                continue;
            }
            assert!(
                planned.writable.contains(position),
                "a read-only account was changed: {}",
                context.keys()[position]
            );
            self.first_writes.extend(block.table.write(index, context.take_account(position), block.serial));
        }
    }

    /// A failed transaction still pays and still advances its nonce.
    fn write_rollback(&mut self, block: &BlockContext<'_>, planned: &PlannedTransaction, admitted: &Admitted) {
        let keys = block.plan.keys_of(planned);
        let mut payer = admitted.payer.clone();
        if let Some((position, nonce)) = &admitted.nonce {
            if *position == 0 {
                payer.data = nonce.data.clone();
            } else {
                self.first_writes.extend(block.table.write(keys[*position], nonce.clone(), block.serial));
            }
        }
        self.first_writes.extend(block.table.write(keys[0], payer, block.serial));
    }

    /// The working copies after [`Self::process`], for simulation: (key, account) of every writable account.
    pub(crate) fn working_copies(&self) -> impl Iterator<Item = (Pubkey, &Account)> {
        let context = &self.machine.transaction;
        context.keys().iter().copied().zip((0..context.account_count()).map(|index| context.account_at(index)))
    }
}

// ---- admission ----------------------------------------------------------------------------------------------------

/// Decides whether the transaction can be in the block, and takes its fee (from a copy).
fn admit(
    block: &BlockContext<'_>,
    planned: &PlannedTransaction,
    transaction: &VerifiedTransaction,
    standing: Standing,
) -> Result<Admitted, TransactionError> {
    let keys = block.plan.keys_of(planned);
    let (message, facts) = (transaction.transaction(), transaction.facts());
    let mut limits = facts.limits.clone()?;
    limits.compute_unit_limit = block.compute_unit_limit.unwrap_or(limits.compute_unit_limit);
    let nonce = if planned.is_recent {
        None
    } else {
        Some(advance_nonce(block, planned, message, keys).ok_or(TransactionError::BlockhashNotFound)?)
    };
    if block.claims.is_executed(standing) {
        return Err(TransactionError::AlreadyProcessed);
    }
    let fee = Fee {
        base: fees::base_fee(message.signatures().len() as u64 + facts.cost.precompile_signatures),
        priority: limits.priority_fee_lamports,
    };
    let mut payer = block.table.read(keys[0]);
    fees::charge(&mut payer, fee.total(), &block.environment.sysvars.rent)?;
    Ok(Admitted { limits, fee, payer, nonce })
}

/// The nonce account of a durable-nonce transaction, advanced; `None` if the transaction is none or its nonce is stale.
fn advance_nonce(
    block: &BlockContext<'_>,
    planned: &PlannedTransaction,
    transaction: &SanitizedTransaction,
    keys: &[AccountIndex],
) -> Option<(usize, Account)> {
    let static_keys = transaction.static_keys();
    let position = static_facts::advanced_nonce(transaction).filter(|&position| planned.writable.contains(position))?;
    let first = transaction.instructions().next()?;
    let mut account = block.table.read(keys[position]);
    if account.owner != ids::system_program::ID {
        return None;
    }
    let state = NonceState::from_bytes(&account.data)?;
    let data = *state.verify_recent(transaction.recent_blockhash())?;
    let next = DurableNonce::from_blockhash(&block.environment.blockhash);
    let is_signed = first.account_indices.iter().any(|&index| {
        transaction.is_signer(index.into()) && static_keys.get(usize::from(index)) == Some(&data.authority)
    });
    if data.durable_nonce == next || !is_signed {
        return None;
    }
    let advanced = NonceState {
        version: NonceVersion::Current,
        data: Some(NonceData {
            durable_nonce: next,
            lamports_per_signature: block.environment.lamports_per_signature,
            ..data
        }),
    };
    assert!(advanced.write_to(account.data.make_mut()), "an initialised nonce account has room for its state");
    Some((position, account))
}

// ---- loading ------------------------------------------------------------------------------------------------------

/// Counts account data against the transaction's limit.
struct LoadedBytes {
    count: u64,
    max: u64,
}

impl LoadedBytes {
    fn add(&mut self, bytes: u64) -> Result<(), TransactionError> {
        self.count = self.count.saturating_add(bytes);
        if self.count > self.max { Err(TransactionError::MaxLoadedAccountsDataSizeExceeded) } else { Ok(()) }
    }
}

/// Counts an account, and the program data behind it unless the transaction names that account itself.
fn count_loaded(
    block: &BlockContext<'_>,
    keys: &[AccountIndex],
    slot: &Slot,
    account: &Account,
    loaded_bytes: &mut LoadedBytes,
) -> Result<(), TransactionError> {
    if !account.exists() {
        return Ok(());
    }
    loaded_bytes.add(ACCOUNT_BASE_BYTES + account.data.len() as u64)?;
    if programs::program_data_address(account).is_none() {
        return Ok(());
    }
    let Some(&data_index) = block.plan.programs.get(&slot.key()) else { return Ok(()) };
    if keys.contains(&data_index) {
        return Ok(());
    }
    let data_bytes = block.table.with(data_index, |data| data.exists().then_some(data.data.len() as u64));
    data_bytes.map_or(Ok(()), |data_bytes| loaded_bytes.add(ACCOUNT_BASE_BYTES + data_bytes))
}

/// Every invoked program must exist and belong to a loader.
fn check_programs(
    machine: &InvokeContext,
    transaction: &SanitizedTransaction,
    invoked: AccountSet,
) -> Result<(), TransactionError> {
    const LOADERS: [Pubkey; 5] = [
        ids::native_loader::ID,
        ids::bpf_loader_upgradeable::ID,
        ids::bpf_loader::ID,
        ids::bpf_loader_deprecated::ID,
        ids::loader_v4::ID,
    ];
    let check = |position: usize| {
        let program = machine.transaction.account_at(position);
        if !program.exists() {
            return Err(TransactionError::ProgramAccountNotFound);
        }
        if LOADERS.contains(&program.owner) { Ok(()) } else { Err(TransactionError::InvalidProgramForExecution) }
    };
    if invoked.positions().all(|position| check(position).is_ok()) {
        return Ok(());
    }
    // The first instruction that is at fault names the error.
    transaction.instructions().try_for_each(|instruction| check(instruction.program_index.into()))
}

fn lamports_sum(machine: &InvokeContext) -> u128 {
    let context = &machine.transaction;
    (0..context.account_count()).map(|index| u128::from(context.account_at(index).lamports)).sum()
}

/// Machines for `count` workers.
pub(crate) fn make_workers(count: usize, make: impl Fn() -> InvokeContext) -> Vec<Worker> {
    (0..count).map(|_| Worker::new(make())).collect()
}
