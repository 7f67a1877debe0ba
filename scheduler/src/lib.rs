//! *Order*: which transactions of a block must wait for which, and the workers that run the others side by side.
//!
//! - [`ConflictGraph`]: the pure state machine; start reading there.
//! - [`Schedule`]: its frozen form for a block that is known up front.
//! - [`Pool`]: persistent workers that run a schedule; [`serial`]: the reference they must agree with.
//! - [`makespan`]: the same dispatch in virtual time, on any number of workers.
//! - [`BlockStats`]: waves, critical path, who blocked whom.
//! - [`WaitingPool`]: a bounded pool of transactions, and the choice of the next block from it.
//!
//! Knows lock sets and nothing else of a transaction: no accounts' contents, no pubkeys, no programs.
#![doc = include_str!("../README.md")]

mod countdown;
mod dispatch;
mod graph;
mod idle;
#[cfg(all(test, shuttle))]
mod interleavings;
pub mod makespan;
mod pool;
mod priority;
mod schedule;
pub mod serial;
mod stats;
mod sync;
mod worker;

pub use graph::{ConflictGraph, LIVE_TRANSACTIONS_MAX, TransactionIndex, TransactionState};
pub use idle::WORKERS_MAX;
pub use pool::{Pool, PoolError, RunStats};
pub use priority::{
    Candidate, GreedyChoice, PackLimit, PackLimits, PackReport, Packed, PoolBounds, Refusal, WaitingPool,
};
pub use schedule::Schedule;
pub use stats::{AccountHeat, BlockStats, PathStep};
pub use worker::{Clock, WorkerStats};
