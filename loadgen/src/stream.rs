//! Signs blocks ahead of their use, on threads of its own, and hands them out in order.
//!
//! ```text
//!  worker 0: blocks 0, T, 2T …   ──lane 0──┐
//!  worker 1: blocks 1, T+1 …     ──lane 1──┼─ next(): lane (k mod T) ─► block k
//!  worker T-1 …                  ──lane …──┘
//!
//!  waiting ──next()──► delivered ──next()──► … ──after the last block──► ended
//!     └──── worker panicked: next() carries the panic on ────► ended
//! ```
//!
//! A lane is a bounded queue, so memory is bounded whatever the range, and blocks never have to be sorted. The result
//! does not depend on the number of threads.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use crossbeam::channel::{self, Receiver};
use heddle_types::Hash;
use rustix::time::{ClockId, clock_gettime};

use crate::{BlockRange, Generator, SignedBlock};

/// Signed transactions that may wait for the consumer, all lanes together (but each lane holds at least one block, and
/// each worker one more in hand): about 32 MB of wire bytes.
pub const TRANSACTIONS_AHEAD_MAX: usize = 1 << 17;
/// Most signing threads.
pub const SIGNING_THREADS_MAX: usize = 64;

/// Signed blocks in order, made by background threads. Dropping it stops them.
pub struct TransactionStream {
    range: BlockRange,
    /// Index of the block that `next` delivers.
    next_block: u64,
    lanes: Vec<Receiver<SignedBlock>>,
    workers: Vec<JoinHandle<()>>,
    signing_nanos: Arc<AtomicU64>,
}

impl TransactionStream {
    /// Starts `threads` signing threads (1 to [`SIGNING_THREADS_MAX`]; other values are clamped) for the blocks of
    /// `range`. `blockhash_for` is asked once per block, with its index, on the thread that signs it.
    ///
    /// # Panics
    /// If `range` was made for another block size, or the system cannot start a thread.
    pub fn spawn<F>(generator: &Arc<Generator>, range: BlockRange, threads: usize, blockhash_for: F) -> Self
    where
        F: Fn(u64) -> Hash + Send + Sync + 'static,
    {
        assert_eq!(range.block_size(), generator.config().block_size, "the range is of another configuration");
        let threads = threads.clamp(1, SIGNING_THREADS_MAX);
        let lane_blocks = (TRANSACTIONS_AHEAD_MAX / threads / generator.config().block_size as usize).max(1);
        let blockhash_for = Arc::new(blockhash_for);
        let mut stream = Self {
            range,
            next_block: range.first_block(),
            lanes: Vec::with_capacity(threads),
            workers: Vec::with_capacity(threads),
            signing_nanos: Arc::default(),
        };
        for lane in 0..threads as u64 {
            let (sender, receiver) = channel::bounded(lane_blocks);
            let (generator, nanos) = (Arc::clone(generator), Arc::clone(&stream.signing_nanos));
            let blockhash_for = Arc::clone(&blockhash_for);
            let work = move || {
                for index in (range.first_block().saturating_add(lane)..range.end_block()).step_by(threads) {
                    let block = timed(&nanos, || generator.sign_block(&range, index, blockhash_for(index)));
                    if sender.send(block).is_err() {
                        return; // The stream was dropped.
                    }
                }
            };
            let name = format!("heddle-sign-{lane}");
            stream.lanes.push(receiver);
            stream
                .workers
                .push(std::thread::Builder::new().name(name).spawn(work).expect("the system can start a thread"));
        }
        stream
    }

    /// Which blocks the stream delivers.
    pub fn range(&self) -> &BlockRange {
        &self.range
    }

    /// Blocks that are signed and wait to be taken (a moment's value).
    pub fn ready_blocks(&self) -> usize {
        self.lanes.iter().map(Receiver::len).sum()
    }

    /// CPU seconds spent so far on making and signing transactions, all threads together. It is no part of what a
    /// run of the engine takes; it grows with transactions and the cost of a signature only.
    pub fn signing_cpu_seconds(&self) -> f64 {
        self.signing_nanos.load(Ordering::Relaxed) as f64 / 1e9
    }

    /// Joins the workers; carries on the first panic among them.
    fn fail(&mut self) -> ! {
        self.lanes.clear();
        self.next_block = self.range.end_block();
        for worker in self.workers.drain(..) {
            if let Err(panic) = worker.join() {
                resume_unwind(panic);
            }
        }
        unreachable!("a worker leaves early only by a panic or when the stream is dropped");
    }
}

impl Iterator for TransactionStream {
    type Item = SignedBlock;

    /// Waits for the next block; `None` after the last.
    ///
    /// # Panics
    /// With a worker's panic (such as one of the caller's `blockhash_for`).
    fn next(&mut self) -> Option<SignedBlock> {
        if self.next_block == self.range.end_block() {
            return None;
        }
        let lane = (self.next_block - self.range.first_block()) % self.lanes.len() as u64;
        let Ok(block) = self.lanes[lane as usize].recv() else { self.fail() };
        assert_eq!(block.index(), self.next_block, "lanes deliver in order");
        self.next_block += 1;
        Some(block)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.range.end_block() - self.next_block) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for TransactionStream {}

impl Drop for TransactionStream {
    fn drop(&mut self) {
        self.lanes.clear();
        for worker in self.workers.drain(..) {
            // A panic that nobody asked `next` about has been printed by the panic hook.
            let _ = worker.join();
        }
    }
}

/// Runs `work` and adds the CPU time it took on this thread.
fn timed<R>(nanos: &AtomicU64, work: impl FnOnce() -> R) -> R {
    let before = thread_cpu_nanos();
    let result = work();
    nanos.fetch_add(thread_cpu_nanos().saturating_sub(before), Ordering::Relaxed);
    result
}

/// CPU time of the calling thread.
pub(crate) fn thread_cpu_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
