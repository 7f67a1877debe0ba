//! The thread that makes blocks durable, in their order, while the next ones are executed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender};
use heddle_engine::{EngineError, ExecutedBlock};

use super::{LiveChain, Notice, OpenBlock, Shared, Stage};

/// How often a store that syncs later is asked how far it is.
const SYNC_POLL: Duration = Duration::from_millis(20);

/// What the producer hands over.
pub(crate) enum Job {
    Commit {
        chain: Arc<LiveChain>,
        executed: Box<ExecutedBlock>,
        open: Arc<OpenBlock>,
    },
    /// Answered once everything before it is durable, or cannot become so.
    Settle {
        chain: Arc<LiveChain>,
        done: Sender<Result<(), EngineError>>,
    },
}

/// Until the producer is gone.
pub(crate) fn run(shared: &Shared, jobs: &Receiver<Job>) {
    let mut last_chain: Option<Arc<LiveChain>> = None;
    loop {
        match jobs.recv_timeout(SYNC_POLL) {
            Ok(Job::Commit { chain, executed, open }) => {
                commit(shared, &chain, *executed, &open);
                last_chain = Some(chain);
            }
            Ok(Job::Settle { chain, done }) => {
                let result = settle(shared, &chain);
                let _nobody_waits = done.send(result);
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(chain) = &last_chain {
                    tell_durable(shared, chain);
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Some(error) = last_chain.and_then(|chain| settle(shared, &chain).err()) {
        tracing::error!(%error, "the newest blocks may not be durable");
    }
}

fn commit(shared: &Shared, chain: &LiveChain, executed: ExecutedBlock, open: &Arc<OpenBlock>) {
    let began = Instant::now();
    match chain.engine().commit_block(executed) {
        Ok(_) => {
            shared.stats.add_stage(Stage::Commit, began.elapsed());
            chain.note_committed(open);
            tell_durable(shared, chain);
        }
        Err(error) => {
            shared.halt(&error);
            chain.forget_open();
        }
    }
}

/// Makes what is committed durable at once.
fn settle(shared: &Shared, chain: &LiveChain) -> Result<(), EngineError> {
    chain.store().sync()?;
    tell_durable(shared, chain);
    Ok(())
}

fn tell_durable(shared: &Shared, chain: &LiveChain) {
    match chain.engine().durable_slot() {
        Ok(slot) => {
            for block in chain.note_durable(slot) {
                tracing::trace!(slot = block.header.slot, "a block is durable");
                shared.stats.note_committed(&block);
                shared.notices.tell(&Notice::Confirmed(block));
            }
        }
        Err(error) => shared.halt(&error),
    }
}
