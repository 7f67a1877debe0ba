//! The thread that makes blocks: takes transactions into the pool, executes what is best when a block is due, and obeys
//! commands between blocks.

use std::{sync::Arc, time::Instant};

use crossbeam::channel::{self, Receiver, Sender};
use heddle_engine::{Block, BlockProducer, EngineError, ProducerConfig, SubmitError};
use heddle_types::{BlockHeader, Hash, Pubkey};

use super::{
    Arrival, BLOCKHASH_TIME_MIN, LiveChain, Notice, OpenBlock, Shared,
    command::{Command, CommandAnswer, CommandError, Travel},
    committer::Job,
    epoch::first_slot,
    stats::Arrivals,
};

/// Transactions taken into the pool before somebody looks whether a block is due.
const ARRIVALS_AT_ONCE: usize = 256;

struct Producer<'a> {
    shared: Arc<Shared>,
    chain: Arc<LiveChain>,
    pool: BlockProducer,
    arrivals: &'a Receiver<Arrival>,
    jobs: Sender<Job>,
    /// When those that wait came.
    came: Arrivals,
    /// Where the next block goes, if not into the next slot.
    next_slot: Option<u64>,
    /// When the newest blockhash was added.
    blockhash_at: Instant,
}

/// Why the thread woke.
enum Wake {
    Tick,
    Arrival(Box<Arrival>),
    Command(Command),
}

/// Until it is told to stop.
pub(crate) fn run(shared: Arc<Shared>, arrivals: &Receiver<Arrival>, commands: &Receiver<Command>, jobs: Sender<Job>) {
    let chain = shared.chain();
    let pool = new_pool(&shared, &chain);
    let warp = shared.options.warp_slot.filter(|slot| *slot > chain.engine().tip().slot);
    let mut producer = Producer {
        shared,
        chain,
        pool,
        arrivals,
        jobs,
        came: Arrivals::default(),
        next_slot: warp,
        blockhash_at: Instant::now(),
    };
    if warp.is_some() {
        producer.make_block(true);
    }
    loop {
        match producer.wait(commands) {
            Wake::Tick => {
                producer.shared.clock.tick();
                producer.take_waiting();
                producer.make_block(true);
            }
            Wake::Arrival(arrival) => producer.take(*arrival),
            Wake::Command(Command::Stop) => break,
            Wake::Command(command) => producer.obey(command),
        }
        if producer.shared.clock.is_eager() && producer.pool.waiting_count() > 0 {
            producer.make_block(false);
        }
    }
}

fn new_pool(shared: &Shared, chain: &LiveChain) -> BlockProducer {
    BlockProducer::new(chain.engine(), ProducerConfig { bounds: shared.options.bounds, limits: shared.options.limits })
}

impl Producer<'_> {
    /// Waits for what comes first. A tick that is due goes before arrivals, which would otherwise keep it waiting.
    fn wait(&self, commands: &Receiver<Command>) -> Wake {
        let tick = match self.shared.clock.next_tick() {
            Some(at) if at <= Instant::now() => return commands.try_recv().map_or(Wake::Tick, Wake::Command),
            Some(at) => channel::at(at),
            None => channel::never(),
        };
        channel::select! {
            recv(tick) -> _ => Wake::Tick,
            recv(commands) -> command => Wake::Command(command.unwrap_or(Command::Stop)),
            recv(self.arrivals) -> arrival => arrival.map_or(Wake::Command(Command::Stop), |one| Wake::Arrival(Box::new(one))),
        }
    }

    /// Takes a transaction, and those that wait behind it, into the pool.
    fn take(&mut self, first: Arrival) {
        self.take_one(first);
        self.take_waiting();
    }

    /// Takes what has come meanwhile: a chain whose blocks are always late would not look at it otherwise.
    fn take_waiting(&mut self) {
        for arrival in self.arrivals.try_iter().take(ARRIVALS_AT_ONCE) {
            self.take_one(arrival);
        }
        self.shared.stats.set_waiting(self.pool.waiting_count());
    }

    fn take_one(&mut self, Arrival { transaction, at, answer }: Arrival) {
        let id = *transaction.message_hash();
        let result = self.submit(transaction);
        if result.is_ok() {
            self.came.insert(id, at);
        }
        self.shared.stats.note_submitted(&result);
        answer(result);
    }

    fn submit(&mut self, transaction: heddle_engine::VerifiedTransaction) -> Result<(), SubmitError> {
        if let Some(cause) = self.shared.halted.read().clone() {
            return Err(EngineError::Poisoned { cause }.into());
        }
        let displaced = self.pool.submit(transaction)?;
        for one in displaced {
            self.came.remove(one.message_hash());
            self.shared.stats.note_dropped(1);
        }
        Ok(())
    }

    /// Makes the next block of what waits; `adds_blockhash`: as each slot of the clock does.
    fn make_block(&mut self, adds_blockhash: bool) {
        if self.shared.halted.read().is_some() {
            return;
        }
        let produced = self.pool.produce();
        for one in &produced.expired {
            self.came.remove(one.message_hash());
        }
        self.shared.stats.note_dropped(produced.expired.len() as u64);
        if adds_blockhash {
            self.blockhash_at = Instant::now();
        }
        let block = self.place(produced.block, adds_blockhash);
        let count = block.transactions.len() as u64;
        if let Err(error) = self.execute(block) {
            self.shared.stats.note_dropped(count);
            self.shared.halt(&error);
        }
        self.shared.stats.set_waiting(self.pool.waiting_count());
    }

    /// Gives a block its place in time, and the blockhash it adds.
    fn place(&mut self, block: Block, adds_blockhash: bool) -> Block {
        let parent = self.chain.engine().tip();
        Block {
            slot: self.next_slot.take().unwrap_or(0).max(parent.slot + 1),
            unix_timestamp: self.shared.clock.unix_timestamp().max(parent.unix_timestamp),
            blockhash: if adds_blockhash { new_blockhash() } else { parent.blockhash },
            ..block
        }
    }

    fn execute(&mut self, block: Block) -> Result<(), EngineError> {
        let began = Instant::now();
        let executed = self.chain.engine().execute_block(block)?;
        self.hand_over(executed, began);
        Ok(())
    }

    /// Tells of an executed block and hands it to the committer, waiting if that is behind.
    fn hand_over(&mut self, executed: heddle_engine::ExecutedBlock, began: Instant) {
        let engine = self.chain.engine();
        let open = Arc::new(OpenBlock::new(&executed, engine.blockhash_count(), self.chain.transaction_count()));
        self.shared.stats.note_executed(&executed, &open, began, &mut self.came);
        let transactions = open.transactions.len();
        tracing::debug!(slot = open.header.slot, transactions, took = ?began.elapsed(), "made a block");
        self.chain.add_processed(open.clone());
        self.shared.notices.tell(&Notice::Processed(open.clone()));
        let job = Job::Commit { chain: self.chain.clone(), executed: Box::new(executed), open };
        if self.jobs.send(job).is_err() {
            self.shared.halt(&EngineError::Poisoned { cause: "the committer is gone".to_owned() });
        }
    }

    fn obey(&mut self, command: Command) {
        let answered = |answer: CommandAnswer, result: Result<BlockHeader, CommandError>| {
            match &result {
                Ok(header) => tracing::info!(slot = header.slot, "obeyed a developer's command"),
                Err(error) => tracing::info!(%error, "refused a developer's command"),
            }
            let _nobody_waits = answer.send(result);
        };
        match command {
            Command::SetAccounts { accounts, answer } => answered(answer, self.set_accounts(accounts)),
            Command::Travel { to, answer } => answered(answer, self.travel(to)),
            Command::SetPaused { is_paused, answer } => {
                self.shared.clock.set_paused(is_paused);
                answered(answer, Ok(self.chain.engine().tip()));
            }
            Command::NewBlockhash { answer } => {
                if self.blockhash_at.elapsed() >= BLOCKHASH_TIME_MIN {
                    self.make_block(true);
                }
                answered(answer, Ok(self.chain.engine().tip()));
            }
            Command::Settle { answer } => answered(answer, self.settle()),
            Command::Revert { slot, answer } => answered(answer, self.revert(slot)),
            Command::Reset { answer } => answered(answer, self.reset()),
            Command::Stop => {}
        }
    }

    fn set_accounts(
        &mut self,
        accounts: Vec<(Pubkey, Option<heddle_types::Account>)>,
    ) -> Result<BlockHeader, CommandError> {
        let block = self.chain.engine().next_block(Vec::new());
        let block = self.place(block, false);
        let began = Instant::now();
        let executed = self.chain.engine().override_accounts(block, accounts)?;
        self.hand_over(executed, began);
        self.settle()
    }

    fn travel(&mut self, to: Travel) -> Result<BlockHeader, CommandError> {
        let tip = self.chain.engine().tip();
        let check = |now: i128, to: i128| if to > now { Ok(()) } else { Err(CommandError::Backwards { now, to }) };
        match to {
            Travel::Slot(slot) => {
                check(tip.slot.into(), slot.into())?;
                self.next_slot = Some(slot);
            }
            Travel::Epoch(epoch) => {
                let schedule = self.chain.engine().epoch_schedule();
                check(schedule.epoch(tip.slot).into(), epoch.into())?;
                self.next_slot = Some(first_slot(&schedule, epoch));
            }
            Travel::UnixTimestamp(unix_timestamp) => {
                check(tip.unix_timestamp.into(), unix_timestamp.into())?;
                self.shared.clock.set_unix_timestamp(unix_timestamp);
            }
        }
        self.make_block(true);
        self.settle()
    }

    /// Waits until everything executed is durable.
    fn settle(&mut self) -> Result<BlockHeader, CommandError> {
        let (done, is_done) = channel::bounded(1);
        let job = Job::Settle { chain: self.chain.clone(), done };
        self.jobs.send(job).map_err(|_| CommandError::Stopping)?;
        is_done.recv().map_err(|_| CommandError::Stopping)??;
        if let Some(cause) = self.shared.halted.read().clone() {
            return Err(EngineError::Poisoned { cause }.into());
        }
        Ok(self.chain.engine().tip())
    }

    fn revert(&mut self, slot: u64) -> Result<BlockHeader, CommandError> {
        self.settle()?;
        self.chain.engine().revert_to(slot)?;
        self.begin_again();
        self.chain.note_taken_back().map_err(EngineError::from)?;
        Ok(self.tell_taken_back())
    }

    fn reset(&mut self) -> Result<BlockHeader, CommandError> {
        self.settle()?;
        let engine = self.shared.opener.begin_anew()?;
        self.chain = Arc::new(LiveChain::new(engine).map_err(EngineError::from)?);
        *self.shared.chain.write() = self.chain.clone();
        self.begin_again();
        Ok(self.tell_taken_back())
    }

    /// What waits was meant for another past: it is dropped.
    fn begin_again(&mut self) {
        self.shared.stats.note_dropped(self.pool.waiting_count() as u64);
        self.pool = new_pool(&self.shared, &self.chain);
        self.came = Arrivals::default();
        self.next_slot = None;
        self.shared.stats.set_waiting(0);
    }

    fn tell_taken_back(&self) -> BlockHeader {
        let tip = self.chain.engine().tip();
        self.shared.stats.forget_blocks_after(tip.slot);
        self.shared.notices.tell(&Notice::TakenBack(tip));
        tip
    }
}

/// Random, so that what was signed for blocks that were taken back is valid in none of those that follow.
fn new_blockhash() -> Hash {
    Hash::new_from_array(rand::random())
}
