//! The serial reference: block order, one thread, no graph. What it computes is right by definition, and the pool with
//! one worker is nothing else.

use crate::graph::TransactionIndex;
use crate::pool::{PoolError, RunStats};
use crate::worker::{Clock, WorkerStats, panic_message};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Executes transactions 0 to `count` − 1 in that order on the calling thread. `clock` is for
/// [`WorkerStats::busy_ns`].
///
/// # Errors
/// [`PoolError::WorkerPanicked`] if `execute` panicked; no later transaction has then run.
pub fn run(
    count: usize,
    mut execute: impl FnMut(TransactionIndex),
    clock: Option<Clock<'_>>,
) -> Result<RunStats, PoolError> {
    let now_ns = || clock.map_or(0, |now_ns| now_ns());
    let mut current = TransactionIndex(0);
    let began = now_ns();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for index in 0..count as u32 {
            current = TransactionIndex(index);
            execute(current);
        }
    }));
    match outcome {
        Ok(()) => {
            let busy_ns = now_ns().saturating_sub(began);
            let stats = WorkerStats { executed_count: count as u64, busy_ns, ..WorkerStats::default() };
            Ok(RunStats { workers: vec![stats] })
        }
        Err(payload) => {
            Err(PoolError::WorkerPanicked { transaction: current, message: panic_message(payload.as_ref()) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_runs_in_block_order() {
        let mut order = Vec::new();
        let stats = run(3, |tx| order.push(tx.0), None).unwrap();
        assert_eq!(order, [0, 1, 2]);
        assert_eq!(stats.executed_count(), 3);
    }

    #[test]
    fn a_panic_names_its_transaction_and_ends_the_run() {
        let mut executed = 0;
        let outcome = run(
            9,
            |tx| {
                assert!(tx.0 < 4, "the fifth is bad");
                executed += 1;
            },
            None,
        );
        let Err(PoolError::WorkerPanicked { transaction, message }) = outcome else { panic!("it ended well") };
        assert_eq!((transaction.0, message.as_str(), executed), (4, "the fifth is bad", 4));
    }
}
