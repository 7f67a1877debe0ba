//! A chain that runs by itself: blocks are made by a clock or as soon as something waits, committed beside the next, and
//! told to whoever listens.
//!
//! ```text
//!  submit ──▶ intake ──▶ producer thread ──────▶ committer thread ──▶ store
//!  command ─────────────▶   │ processed             │ confirmed
//!                           ▼                       ▼
//!                      LiveChain (what requests read) and notices (what subscribers hear)
//! ```
//!
//! Knows no JSON and nothing asynchronous. A block is *processed* once it is executed, and *confirmed* and *finalized* once it
//! is durable: there is no vote to wait for.

mod account_index;
mod block_cache;
mod chain;
mod clock;
mod command;
mod committer;
mod epoch;
mod notice;
mod open_block;
mod producer;
mod recent_statuses;
mod stage;
mod stats;
mod view;

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam::channel::{self, Receiver, Sender, TrySendError};
use heddle_engine::{BuildError, Engine, EngineError, PackLimits, PoolBounds, SubmitError, VerifiedTransaction};
use heddle_storage::StoreError;
use heddle_types::{Account, BlockHeader, Pubkey};
use parking_lot::RwLock;

pub use account_index::TokenRole;
pub use chain::{LiveChain, SignatureStatus};
pub use clock::{BlockClock, ClockFacts, ClockMode};
pub use command::{CommandError, Travel};
pub use epoch::{first_slot, slots_in_epoch};
pub use notice::{Notice, NoticeReceiver};
pub use open_block::{BlockTransaction, OpenBlock, SignatureBytes};
pub use stage::Stage;
pub use stats::{BlockFacts, Latency, LatencySummary, RecentFacts, SecondFacts, Stats, TransactionFacts};
pub use view::{Commitment, View};

use command::Command;

/// Blocks that may wait for their commit while the next one is executed.
const UNCOMMITTED_BLOCKS_MAX: usize = 2;
/// How long a blockhash is the newest, whoever asks for another.
pub const BLOCKHASH_TIME_MIN: Duration = Duration::from_millis(40);
/// Commands that may wait.
const COMMANDS_MAX: usize = 64;

/// Makes the engine of a node: the chain that is there, or a new one in its place.
pub trait OpenEngine: Send + Sync + 'static {
    /// Opens the chain, or begins it.
    ///
    /// # Errors
    /// [`OpenError`].
    fn open(&self) -> Result<Engine, OpenError>;

    /// Begins a new chain with the same first state; the old one may still be read by requests that are under way.
    ///
    /// # Errors
    /// [`OpenError`]: the old chain is still there.
    fn begin_anew(&self) -> Result<Engine, OpenError>;

    /// Whether the blocks of `engine` can outlive the process.
    fn is_durable(&self) -> bool;
}

/// Why a chain cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The engine refuses what it is given.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The database.
    #[error("cannot open the database: {0}")]
    Store(#[from] StoreError),
    /// A file of the ledger directory.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Threads.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// How a chain runs.
#[derive(Clone, Copy, Debug)]
pub struct LiveOptions {
    /// When blocks are made.
    pub mode: ClockMode,
    /// Time between two slots.
    pub slot_time: Duration,
    /// How much may wait.
    pub bounds: PoolBounds,
    /// What a block may hold, as far as the engine's own limits are not narrower.
    pub limits: PackLimits,
    /// Transactions on their way to the pool.
    pub intake_max: usize,
    /// The first block is at this slot, if the chain is not there yet.
    pub warp_slot: Option<u64>,
}

impl Default for LiveOptions {
    /// A block every 400 ms.
    fn default() -> Self {
        Self {
            mode: ClockMode::Slots,
            slot_time: Duration::from_millis(400),
            bounds: PoolBounds::default(),
            limits: PackLimits::default(),
            intake_max: 16_384,
            warp_slot: None,
        }
    }
}

/// A transaction on its way to the pool.
struct Arrival {
    transaction: VerifiedTransaction,
    at: Instant,
    answer: Answer,
}

/// Who hears whether it was taken; called once, on the producer's thread.
type Answer = Box<dyn FnOnce(Result<(), SubmitError>) + Send>;

/// Why a transaction did not even get to the pool.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// As many as may are on their way to the pool.
    #[error("the node's queue is full: {waiting} transactions are on their way to the pool")]
    Full {
        /// How many.
        waiting: usize,
    },
    /// The node is stopping.
    #[error("the node takes no more transactions: it is stopping")]
    Stopping,
}

/// A running chain. Dropping it stops the threads after the open block is committed.
pub struct Live {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What all parts share.
pub(crate) struct Shared {
    chain: RwLock<Arc<LiveChain>>,
    commands: Sender<Command>,
    arrivals: Sender<Arrival>,
    pub(crate) clock: BlockClock,
    pub(crate) stats: Stats,
    notices: notice::Notices,
    opener: Arc<dyn OpenEngine>,
    options: LiveOptions,
    is_stopped: AtomicBool,
    /// Why no more blocks are made, if something went wrong.
    halted: RwLock<Option<String>>,
}

impl Live {
    /// Opens the chain and starts making blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn start(opener: Arc<dyn OpenEngine>, options: LiveOptions) -> Result<Self, OpenError> {
        let engine = opener.open()?;
        let stats = Stats::new(engine.workers());
        let (commands, commands_in) = channel::bounded(COMMANDS_MAX);
        let (arrivals, arrivals_in) = channel::bounded(options.intake_max);
        let shared = Arc::new(Shared {
            chain: RwLock::new(Arc::new(LiveChain::new(engine)?)),
            commands,
            arrivals,
            clock: BlockClock::new(options.mode, options.slot_time),
            stats,
            notices: notice::Notices::default(),
            opener,
            options,
            is_stopped: AtomicBool::new(false),
            halted: RwLock::new(None),
        });
        let (jobs, jobs_in) = channel::bounded(UNCOMMITTED_BLOCKS_MAX);
        let committer = spawn("committer", {
            let shared = shared.clone();
            move || committer::run(&shared, &jobs_in)
        })?;
        let producer = spawn("producer", {
            let shared = shared.clone();
            move || {
                let run = AssertUnwindSafe(|| producer::run(shared.clone(), &arrivals_in, &commands_in, jobs));
                // A chain without a producer must not look as if it only had nothing to do.
                if panic::catch_unwind(run).is_err() {
                    shared.halt(&EngineError::Poisoned { cause: "the thread that makes blocks panicked".to_owned() });
                }
            }
        })?;
        Ok(Self { shared, threads: vec![producer, committer] })
    }

    /// A handle for requests.
    pub fn handle(&self) -> LiveHandle {
        LiveHandle { shared: self.shared.clone() }
    }

    /// Stops: what waits is not executed any more, what is executed is committed.
    pub fn stop(mut self) {
        self.stop_threads();
    }

    fn stop_threads(&mut self) {
        // A full queue of commands empties: the producer is alive as long as we have not joined it.
        let _ = self.shared.commands.send(Command::Stop);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the chain panicked");
            }
        }
        self.shared.is_stopped.store(true, Ordering::Relaxed);
        self.shared.notices.close();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop_threads();
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(OpenError::Thread)
}

/// What requests do with a running chain. Cheap to clone.
#[derive(Clone)]
pub struct LiveHandle {
    shared: Arc<Shared>,
}

impl LiveHandle {
    /// The chain as it is now; a reset puts another in its place.
    pub fn chain(&self) -> Arc<LiveChain> {
        self.shared.chain()
    }

    /// Hands a transaction to the pool; `answer` hears whether it was taken. Does not wait.
    ///
    /// # Errors
    /// [`IntakeError`]; then `answer` is not called.
    pub fn submit(
        &self,
        transaction: VerifiedTransaction,
        answer: impl FnOnce(Result<(), SubmitError>) + Send + 'static,
    ) -> Result<(), IntakeError> {
        let arrival = Arrival { transaction, at: Instant::now(), answer: Box::new(answer) };
        self.shared.stats.note_received();
        self.shared.arrivals.try_send(arrival).map_err(|error| {
            self.shared.stats.note_refused();
            match error {
                TrySendError::Full(_) => IntakeError::Full { waiting: self.shared.options.intake_max },
                TrySendError::Disconnected(_) => IntakeError::Stopping,
            }
        })
    }

    /// Transactions on their way to the pool.
    pub fn intake_len(&self) -> usize {
        self.shared.arrivals.len()
    }

    /// What was counted and measured.
    pub fn stats(&self) -> &Stats {
        &self.shared.stats
    }

    /// How the chain runs.
    pub fn options(&self) -> &LiveOptions {
        &self.shared.options
    }

    /// The clock that makes blocks.
    pub fn clock(&self) -> ClockFacts {
        self.shared.clock.facts()
    }

    /// Whether blocks outlive the process.
    pub fn is_durable(&self) -> bool {
        self.shared.opener.is_durable()
    }

    /// Why no more blocks are made; `None` as long as they are.
    pub fn halted(&self) -> Option<String> {
        self.shared.halted.read().clone()
    }

    /// Whether the chain has stopped, for good.
    pub fn is_stopped(&self) -> bool {
        self.shared.is_stopped.load(Ordering::Relaxed)
    }

    /// Notices of blocks from now on. A receiver that does not keep up is cut off ([`NoticeReceiver`]).
    pub fn listen(&self, capacity: usize) -> NoticeReceiver {
        self.shared.notices.listen(capacity)
    }

    /// Writes accounts (`None` removes one) in a block of their own; returns its header once it is durable.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn set_accounts(&self, accounts: Vec<(Pubkey, Option<Account>)>) -> Result<BlockHeader, CommandError> {
        self.ask(|answer| Command::SetAccounts { accounts, answer })
    }

    /// Moves the clock on; returns the header of the block that shows the new time.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn travel(&self, to: Travel) -> Result<BlockHeader, CommandError> {
        self.ask(|answer| Command::Travel { to, answer })
    }

    /// Stops time, or lets it go on: while it is stopped, blocks are only made of what waits.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn set_paused(&self, is_paused: bool) -> Result<BlockHeader, CommandError> {
        self.ask(|answer| Command::SetPaused { is_paused, answer })
    }

    /// Makes a block that adds a blockhash now, where the clock would do so later; none if the newest is younger than
    /// [`BLOCKHASH_TIME_MIN`], so that nobody can make blockhashes old in no time.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn add_blockhash(&self) -> Result<BlockHeader, CommandError> {
        self.ask(|answer| Command::NewBlockhash { answer })
    }

    /// Makes sure that everything executed is durable; returns the newest block.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn settle(&self) -> Result<BlockHeader, CommandError> {
        self.ask(|answer| Command::Settle { answer })
    }

    /// Takes back every block after `slot`.
    ///
    /// # Errors
    /// [`CommandError::Engine`] if the store cannot go back so far.
    pub fn revert_to(&self, slot: u64) -> Result<BlockHeader, CommandError> {
        self.ask(|answer| Command::Revert { slot, answer })
    }

    /// Begins a new chain with the first state of this one.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn reset(&self) -> Result<BlockHeader, CommandError> {
        self.ask(|answer| Command::Reset { answer })
    }

    fn ask(
        &self,
        command: impl FnOnce(Sender<Result<BlockHeader, CommandError>>) -> Command,
    ) -> Result<BlockHeader, CommandError> {
        let (answer, answered): (_, Receiver<_>) = channel::bounded(1);
        self.shared.commands.send(command(answer)).map_err(|_| CommandError::Stopping)?;
        answered.recv().map_err(|_| CommandError::Stopping)?
    }
}

impl Shared {
    pub(crate) fn chain(&self) -> Arc<LiveChain> {
        self.chain.read().clone()
    }

    /// Notes that no more blocks can be made; the first cause stays.
    fn halt(&self, error: &EngineError) {
        let mut halted = self.halted.write();
        if halted.is_none() {
            tracing::error!(%error, "no more blocks are made");
            *halted = Some(error.to_string());
        }
    }
}
