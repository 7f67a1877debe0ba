//! What executes blocks, one at a time: plan, run, collect, hash; and what takes back a block that does not end.
//!
//! Everything of it stands behind one lock ([`Shared::executor`]), so that plan, schedule, workers and their machines exist
//! once. It does not know the store, but to open it again.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use heddle_scheduler::{Clock, Pool, RunStats, TransactionIndex};
use heddle_storage::StoreError;
use heddle_types::{Account, BlockHeader, Pubkey, ids};
use heddle_vm::BlockEnvironment;
use rayon::prelude::*;

use crate::{
    EngineError, Parallelism, VerifiedTransaction,
    account_table::{AccountChange, FirstWrite},
    block::{Block, ExecutedBlock, StageTimes},
    block_limits,
    chain::{BlockhashCount, Chain},
    cost::Cost,
    engine::Shared,
    execute::{BlockContext, Outcome, Worker},
    fees,
    overrides::OVERRIDE_COLLECTOR,
    planner::{Planner, check_order},
    programs::BlockPrograms,
    state_hash::block_hash,
    status_cache::{BlockClaims, BlockStatuses, StatusCache},
    term_cache::TermCache,
};

/// What executes blocks: one at a time.
pub(crate) struct Executor {
    pub(crate) pool: Pool,
    pub(crate) planner: Planner,
    pub(crate) statuses: StatusCache,
    pub(crate) claims: BlockClaims,
    pub(crate) terms: TermCache,
    /// One per thread of the pool.
    pub(crate) workers: Vec<Worker>,
    /// How many of them execute blocks unless the caller says otherwise.
    pub(crate) default_workers: usize,
}

impl Executor {
    /// Begins again from what the store holds: a chain that has had this many blockhashes.
    pub(crate) fn reopen(
        &mut self,
        shared: &Shared,
        chain: &mut Chain,
        blockhash_count: u64,
    ) -> Result<(), StoreError> {
        let tip = shared.store.tip()?.ok_or(StoreError::NotInitialized)?;
        shared.table.clear();
        // All of them: what an override wrote may say any deployment slot.
        shared.programs.forget_from(0);
        (*chain, self.statuses) = Chain::open(&*shared.store, tip, BlockhashCount::Known(blockhash_count))?;
        Ok(())
    }

    /// Executes a block; nothing is written to the store. On an error the engine is as before.
    pub(crate) fn execute(
        &mut self,
        shared: &Arc<Shared>,
        block: Block,
        parallelism: Parallelism,
    ) -> Result<ExecutedBlock, EngineError> {
        if block.collector == OVERRIDE_COLLECTOR {
            return Err(EngineError::OverrideCollector { slot: block.slot });
        }
        let began = shared.now();
        let environment = self.prepare(shared, &block, parallelism)?;
        let scheduled = shared.now();
        let environment = Arc::new(environment);
        let run = self.run(shared, &block, &environment, parallelism);
        let run = match run {
            Ok(run) => run,
            Err(error) => {
                self.take_back_open_writes(shared, &block);
                return Err(error);
            }
        };
        let executed = shared.now();
        let outcomes = self.take_outcomes(block.transactions.len());
        if let Err(error) = self.check_limits(shared, &block, &outcomes) {
            self.take_back_open_writes(shared, &block);
            return Err(error);
        }
        self.deposit_fees(shared, &block, &environment);
        Ok(self.close(shared, block, outcomes, run, [began, scheduled, executed]))
    }

    /// Closes the block that is written, and advances the chain. `times`: when it began, was planned and was written.
    pub(crate) fn close(
        &mut self,
        shared: &Arc<Shared>,
        block: Block,
        outcomes: Vec<Outcome>,
        run: RunStats,
        times: [Duration; 3],
    ) -> ExecutedBlock {
        self.burn_incinerated(shared);
        let changes = self.take_changes(shared);
        let [began, planned, written] = times;
        let collected = shared.now();
        let mut executed_block = self.finish(shared, block, outcomes, changes, run);
        executed_block.times = StageTimes {
            schedule: planned.saturating_sub(began),
            execute: written.saturating_sub(planned),
            collect: collected.saturating_sub(written),
            hash: shared.now().saturating_sub(collected),
        };
        executed_block
    }

    /// Plans the block and claims its messages, side by side if there are workers to do so.
    fn prepare(
        &mut self,
        shared: &Shared,
        block: &Block,
        parallelism: Parallelism,
    ) -> Result<BlockEnvironment, EngineError> {
        // Before anything is claimed: claims are given back by slot, which must not be one of an earlier block.
        check_order(shared, block)?;
        let is_parallel = self.has_choice(parallelism);
        let Self { planner, statuses, claims, .. } = self;
        let messages = || block.transactions.iter().map(VerifiedTransaction::message_hash);
        let mut plan = || planner.prepare(shared, block);
        let mut claim = || statuses.claim(messages(), block.slot, claims);
        let environment = if is_parallel {
            // The plan stays on this thread, whose caches then hold what a worker here needs.
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| claim());
                plan()
            })
        } else {
            claim();
            plan()
        };
        if environment.is_err() {
            self.statuses.give_back_all(messages(), block.slot);
        } else {
            self.prioritise(block, parallelism);
        }
        environment
    }

    fn has_choice(&self, parallelism: Parallelism) -> bool {
        matches!(parallelism, Parallelism::Workers(count) if count.min(self.workers.len()) > 1)
    }

    /// Starts what the rest of the block waits for first; a transaction weighs what it may spend.
    fn prioritise(&mut self, block: &Block, parallelism: Parallelism) {
        if self.has_choice(parallelism) && self.planner.schedule.starts().len() < self.planner.schedule.len() {
            self.planner.schedule.prioritise(|transaction| {
                let facts = block.transactions[transaction.0 as usize].facts();
                facts.limits.as_ref().map_or(1, |limits| u64::from(limits.compute_unit_limit) + 1)
            });
        }
    }

    /// Runs every transaction; outcomes stay with the workers.
    fn run(
        &mut self,
        shared: &Arc<Shared>,
        block: &Block,
        environment: &Arc<BlockEnvironment>,
        parallelism: Parallelism,
    ) -> Result<RunStats, EngineError> {
        self.write_sysvars(shared, environment)?;
        let programs = Arc::new(BlockPrograms::new(
            shared.table.clone(),
            shared.programs.clone(),
            shared.runtime.clone(),
            self.planner.plan.programs.clone(),
            (self.planner.serial, block.slot),
        ));
        for worker in &mut self.workers {
            worker.begin_block(environment.clone(), programs.clone());
        }
        let context = BlockContext {
            transactions: &block.transactions,
            plan: &self.planner.plan,
            table: &shared.table,
            claims: &self.claims,
            environment,
            serial: self.planner.serial,
            record_details: shared.record_details,
            compute_unit_limit: shared.limits.compute_units,
        };
        let execute = |worker: &mut Worker, transaction: TransactionIndex| {
            worker.execute(&context, transaction.0 as usize);
        };
        let now_ns = || shared.now().as_nanos() as u64;
        let clock: Option<Clock<'_>> = shared.clock.is_some().then_some(&now_ns);
        let workers = &mut self.workers;
        let schedule = &self.planner.schedule;
        match parallelism {
            // Of a chain no two transactions run at once: block order is as good as any, and a worker that finds nothing to
            // do costs the one that works.
            Parallelism::Workers(count) if !schedule.is_nearly_a_chain() => {
                let count = count.min(workers.len());
                Ok(self.pool.run_timed(schedule, &mut workers[..count], execute, clock)?)
            }
            Parallelism::Workers(_) | Parallelism::Serial => {
                let first = &mut workers[0];
                let count = block.transactions.len();
                Ok(heddle_scheduler::serial::run(count, |transaction| execute(first, transaction), clock)?)
            }
        }
    }

    /// Sysvar accounts change with the block, before its first transaction.
    pub(crate) fn write_sysvars(&mut self, shared: &Shared, environment: &BlockEnvironment) -> Result<(), EngineError> {
        let rent = &environment.sysvars.rent;
        for (id, data) in environment.sysvars.entries() {
            let index = shared.table.intern(id);
            shared.table.load(&[index], &*shared.store)?;
            let lamports = rent.minimum_balance(data.len());
            let is_current =
                shared.table.with(index, |account| account.lamports == lamports && *account.data == **data);
            if !is_current {
                let account = Account::new(lamports, data, ids::sysvar::ID);
                self.workers[0].first_writes.extend(shared.table.write(index, account, self.planner.serial));
            }
        }
        Ok(())
    }

    /// Collects what the workers did into an executed block and advances the chain.
    fn finish(
        &mut self,
        shared: &Arc<Shared>,
        block: Block,
        outcomes: Vec<Outcome>,
        changes: Vec<AccountChange>,
        run: RunStats,
    ) -> ExecutedBlock {
        let processed = || block.transactions.iter().zip(&outcomes).filter(|(_, outcome)| outcome.receipt().is_some());
        // Hashed without the chain lock: only holders of the executor's lock move the tip.
        let (parent, parent_lattice, blockhash_count) = {
            let chain = shared.chain.read();
            self.statuses.forget(chain.committed_blockhash_count);
            let blockhash_count = chain.tip.blockhashes.count_after(&block.blockhash);
            (chain.tip.header, chain.tip.lattice.clone(), blockhash_count)
        };
        let lattice =
            if shared.hashes_state { parent_lattice.after(&changes, &mut self.terms) } else { parent_lattice };
        let signature_count = processed().map(|(one, _)| one.transaction().signatures().len() as u64).sum();
        let header = BlockHeader {
            slot: block.slot,
            parent_slot: parent.slot,
            height: parent.height + 1,
            unix_timestamp: block.unix_timestamp,
            blockhash: block.blockhash,
            collector: block.collector,
            parent_hash: parent.block_hash,
            transaction_count: processed().count() as u64,
            signature_count,
            state_hash: lattice.state_hash(),
            block_hash: block_hash(&parent.block_hash, signature_count, &block.blockhash, &lattice),
        };
        for (position, outcome) in outcomes.iter().enumerate() {
            if outcome.receipt().is_none() {
                let message = block.transactions[position].message_hash();
                self.statuses.give_back(message, self.claims.standing(position), &self.claims);
            }
        }
        let message_hashes = processed().map(|(transaction, _)| *transaction.message_hash()).collect();
        let statuses_from_slot =
            self.statuses.push(BlockStatuses { slot: block.slot, blockhash_count, message_hashes });
        let loaded_addresses = self.loaded_addresses(shared, &block, &outcomes);
        let mut chain = shared.chain.write();
        let undo = chain.advance(header, lattice.clone(), &block);
        ExecutedBlock {
            header,
            outcomes,
            changes,
            sorted_changes: OnceLock::new(),
            lattice,
            transactions: block.transactions,
            loaded_addresses,
            statuses_from_slot,
            blockhash_count,
            times: StageTimes::default(),
            run,
            serial: self.planner.serial,
            undo: Some(undo),
            shared: shared.clone(),
        }
    }

    /// The keys that came through lookup tables: (position, keys) of each transaction in the block that uses some.
    fn loaded_addresses(&self, shared: &Shared, block: &Block, outcomes: &[Outcome]) -> Vec<(usize, Box<[Pubkey]>)> {
        let plan = &self.planner.plan;
        let given = block.transactions.iter().zip(outcomes).enumerate();
        given
            .filter(|(_, (one, outcome))| one.transaction().lookup_count() > 0 && outcome.receipt().is_some())
            .map(|(position, (one, _))| {
                let static_count = one.transaction().static_keys().len();
                let loaded = &plan.keys_of(plan.transaction(position))[static_count..];
                (position, loaded.iter().map(|&index| shared.table.slot(index).key()).collect())
            })
            .collect()
    }

    /// What the block changed; each worker's part is collected side by side.
    fn take_changes(&mut self, shared: &Shared) -> Vec<AccountChange> {
        let changes = |worker: &mut Worker| {
            let mut changes = Vec::with_capacity(worker.first_writes.len());
            changes.extend(worker.first_writes.drain(..).filter_map(|write| shared.table.close(write)));
            changes
        };
        let has_one_writer = self.workers.iter().filter(|worker| !worker.first_writes.is_empty()).count() <= 1;
        let mut parts: Vec<Vec<AccountChange>> = if has_one_writer {
            self.workers.iter_mut().map(changes).filter(|part| !part.is_empty()).collect()
        } else {
            self.workers.par_iter_mut().map(changes).collect()
        };
        let mut all = if parts.is_empty() { Vec::new() } else { parts.swap_remove(0) };
        parts.into_iter().for_each(|mut part| all.append(&mut part));
        all
    }

    /// Refuses a block that does more than a block may.
    fn check_limits(&mut self, shared: &Shared, block: &Block, outcomes: &[Outcome]) -> Result<(), EngineError> {
        let mut total = Cost::default();
        for worker in &mut self.workers {
            total.add(std::mem::take(&mut worker.cost));
        }
        let limits = &shared.limits.block;
        if !limits.may_be_exceeded(&total) {
            return Ok(());
        }
        let state = (&self.planner.plan, &*shared.table);
        let excess = block_limits::first_excess(limits, &block.transactions, outcomes, state, shared.runtime.gates());
        match excess {
            Some((position, limit)) => Err(EngineError::OverBlockLimit { slot: block.slot, position, limit }),
            None => Ok(()),
        }
    }

    fn take_outcomes(&mut self, count: usize) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; count];
        for worker in &mut self.workers {
            for (position, outcome) in worker.outcomes.drain(..) {
                outcomes[position as usize] = Some(outcome);
            }
        }
        outcomes.into_iter().map(|outcome| outcome.expect("the pool ran every transaction")).collect()
    }

    /// Fees go to the collector when the block ends, so no transaction sees them.
    fn deposit_fees(&mut self, shared: &Shared, block: &Block, environment: &BlockEnvironment) {
        let lamports: u64 = self.workers.iter_mut().map(|worker| std::mem::take(&mut worker.collected_lamports)).sum();
        let index = shared.table.intern(&block.collector);
        let mut account = shared.table.read(index);
        fees::deposit(&block.collector, &mut account, lamports, &environment.sysvars.rent);
        self.workers[0].first_writes.extend(shared.table.write(index, account, self.planner.serial));
    }

    /// What the block sent to the incinerator is gone when it ends (`Bank::run_incinerator`).
    fn burn_incinerated(&mut self, shared: &Shared) {
        let index = shared.table.intern(&ids::incinerator::ID);
        if shared.table.slot(index).is_written(self.planner.serial) {
            // It is among the changes already.
            shared.table.write(index, Account::default(), self.planner.serial);
        }
    }

    /// After a worker panicked: nothing of the block stays.
    pub(crate) fn take_back_open_writes(&mut self, shared: &Shared, block: &Block) {
        for worker in &mut self.workers {
            worker.first_writes.drain(..).for_each(|write: FirstWrite| shared.table.reset(write));
            worker.outcomes.clear();
            worker.machine_mut().abandon();
            worker.cost = Cost::default();
            worker.collected_lamports = 0;
        }
        let messages = block.transactions.iter().map(VerifiedTransaction::message_hash);
        self.statuses.give_back_all(messages, block.slot);
    }
}
