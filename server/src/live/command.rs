//! What a developer may ask of a running chain beside transactions.

use crossbeam::channel::Sender;
use heddle_engine::EngineError;
use heddle_types::{Account, BlockHeader, Pubkey};

use super::OpenError;

/// Where to move the clock; never back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Travel {
    /// The next block is at this slot.
    Slot(u64),
    /// The next block is the first of this epoch.
    Epoch(u64),
    /// The next block shows this time, in Unix seconds.
    UnixTimestamp(i64),
}

/// Why a command was not obeyed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Time goes on only.
    #[error("the clock does not go back: it is at {now}, {to} was asked for")]
    Backwards {
        /// Slot, epoch or Unix seconds.
        now: i128,
        /// What was asked for.
        to: i128,
    },
    /// The engine refuses.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A new chain cannot be begun.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

/// Each is answered with the newest block afterwards.
pub(crate) enum Command {
    SetAccounts {
        accounts: Vec<(Pubkey, Option<Account>)>,
        answer: CommandAnswer,
    },
    Travel {
        to: Travel,
        answer: CommandAnswer,
    },
    SetPaused {
        is_paused: bool,
        answer: CommandAnswer,
    },
    /// A block that adds a blockhash, before the clock would make one.
    NewBlockhash {
        answer: CommandAnswer,
    },
    Settle {
        answer: CommandAnswer,
    },
    Revert {
        slot: u64,
        answer: CommandAnswer,
    },
    Reset {
        answer: CommandAnswer,
    },
    Stop,
}

pub(crate) type CommandAnswer = Sender<Result<BlockHeader, CommandError>>;
