//! A model of Agave's greedy scheduler (anza-xyz/agave, `core/src/banking_stage/transaction_scheduler/`,
//! `greedy_scheduler.rs` and `thread_aware_account_locks.rs`), for comparison.
//!
//! As there: one thread schedules. A pass takes transactions in order of priority, here block order. An account belongs
//! to the thread that writes it, or to those that read it, until the scheduler has received the batch back; a
//! transaction whose accounts belong to one thread may queue behind them there, one whose accounts belong to several
//! must wait. Of the threads allowed, the one with the fewest units in flight gets it. A batch goes out when it is full,
//! when a transaction conflicts with what is being collected, and at the end of the pass; threads with enough units in
//! flight get nothing more. What could not be scheduled is scanned again in the next pass.
//!
//! One thing differs: the original may let a later transaction overtake one it skipped. Replaying a block may not, so
//! accounts of a skipped transaction are closed to later ones for the rest of the pass.

use super::{Block, Outcome, Overheads};
use heddle_types::AccountLock;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// The settings of the greedy scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greedy {
    /// A batch of so many transactions is sent.
    pub batch_max: usize,
    /// Units in flight at which threads get nothing more, divided among them; in the block's weights.
    pub target_units: u64,
    /// Transactions looked at per pass.
    pub scan_max: usize,
}

/// To which threads an account belongs, and by how many transactions in flight.
#[derive(Clone, Default)]
struct Holders {
    writer: Option<(usize, usize)>,
    readers: HashMap<usize, usize>,
}

#[derive(Default)]
struct Batch {
    transactions: Vec<usize>,
    units: u64,
}

/// Accounts in use, and whether written.
#[derive(Default)]
struct AccountSet(HashMap<u32, bool>);

struct Simulation<'a> {
    block: &'a Block,
    settings: Greedy,
    overheads: Overheads,
    holders: HashMap<u32, Holders>,
    batches: Vec<Batch>,
    /// Accounts in the batches that are being collected.
    collected: AccountSet,
    in_flight_units: Vec<u64>,
    in_flight_count: Vec<usize>,
    thread_free_ns: Vec<u64>,
    /// Batches on their way back: when the scheduler has them, the thread, what they hold.
    returns: BinaryHeap<Reverse<(u64, usize, Vec<usize>)>>,
    makespan_ns: u64,
}

impl Greedy {
    /// Agave's settings: batches of 64, a quarter of a block of 60 million compute units, passes of 100,000.
    pub const AGAVE: Self = Self { batch_max: 64, target_units: 15_000_000, scan_max: 100_000 };

    pub(super) fn run(self, block: &Block, threads: usize, overheads: Overheads) -> Outcome {
        let mut simulation = Simulation {
            block,
            settings: self,
            overheads,
            holders: HashMap::new(),
            batches: (0..threads).map(|_| Batch::default()).collect(),
            collected: AccountSet::default(),
            in_flight_units: vec![0; threads],
            in_flight_count: vec![0; threads],
            thread_free_ns: vec![0; threads],
            returns: BinaryHeap::new(),
            makespan_ns: 0,
        };
        simulation.run();
        Outcome { makespan_ns: simulation.makespan_ns, ..Outcome::default() }
    }
}

impl Simulation<'_> {
    fn run(&mut self) {
        let mut waiting = (0..self.block.costs_ns.len()).collect::<Vec<_>>();
        let mut now_ns = 0;
        while !waiting.is_empty() {
            (waiting, now_ns) = self.pass(waiting, now_ns);
            if let Some(Reverse((returned_ns, ..))) = self.returns.peek() {
                now_ns = now_ns.max(*returned_ns);
            }
            while let Some(Reverse((returned_ns, ..))) = self.returns.peek()
                && *returned_ns <= now_ns
            {
                self.receive();
            }
        }
    }

    /// One pass over the waiting transactions; returns those that still wait, and the time at its end.
    fn pass(&mut self, waiting: Vec<usize>, mut now_ns: u64) -> (Vec<usize>, u64) {
        let mut skipped = AccountSet::default();
        let mut left = Vec::new();
        for (position, &tx) in waiting.iter().enumerate() {
            if position == self.settings.scan_max || !(0..self.batches.len()).any(|thread| self.has_room(thread)) {
                left.extend_from_slice(&waiting[position..]);
                break;
            }
            now_ns += self.overheads.scheduler_ns;
            let locks = &self.block.lock_sets[tx];
            if self.collected.conflicts(locks) {
                self.send(now_ns);
            }
            let thread = if skipped.conflicts(locks) { None } else { self.choose(locks) };
            match thread {
                Some(thread) => self.collect(thread, tx, now_ns),
                None => {
                    skipped.add(locks);
                    left.push(tx);
                }
            }
        }
        self.send(now_ns);
        (left, now_ns)
    }

    fn has_room(&self, thread: usize) -> bool {
        let target = self.settings.target_units / self.batches.len() as u64;
        self.in_flight_units[thread] + self.batches[thread].units < target.max(1)
    }

    /// The least loaded of the threads that may have a transaction with these locks.
    fn choose(&self, locks: &[AccountLock]) -> Option<usize> {
        let mut owner = None;
        for lock in locks {
            let Some(holders) = self.holders.get(&lock.account.0) else { continue };
            let writer = holders.writer.map(|(writer, _)| writer);
            let readers = holders.readers.keys().copied().filter(|_| lock.is_writable());
            for thread in readers.chain(writer) {
                if *owner.get_or_insert(thread) != thread {
                    return None;
                }
            }
        }
        let load = |thread: &usize| {
            let batch = &self.batches[*thread];
            let units = batch.units + self.in_flight_units[*thread];
            (units, batch.transactions.len() + self.in_flight_count[*thread], *thread)
        };
        let threads = owner.map_or(0..self.batches.len(), |owner| owner..owner + 1);
        threads.filter(|thread| self.has_room(*thread)).min_by_key(load)
    }

    fn collect(&mut self, thread: usize, tx: usize, now_ns: u64) {
        let locks = &self.block.lock_sets[tx];
        for lock in locks {
            let holders = self.holders.entry(lock.account.0).or_default();
            if lock.is_writable() {
                holders.writer.get_or_insert((thread, 0)).1 += 1;
            } else {
                *holders.readers.entry(thread).or_default() += 1;
            }
        }
        self.collected.add(locks);
        let batch = &mut self.batches[thread];
        batch.transactions.push(tx);
        batch.units += self.block.weights[tx];
        if batch.transactions.len() >= self.settings.batch_max {
            self.send(now_ns);
        }
    }

    /// Sends every batch; a thread works through its batches in the order in which they come.
    fn send(&mut self, now_ns: u64) {
        self.collected.0.clear();
        for thread in 0..self.batches.len() {
            let batch = std::mem::take(&mut self.batches[thread]);
            if batch.transactions.is_empty() {
                continue;
            }
            let cost_ns = |tx: &usize| self.block.costs_ns[*tx] + self.overheads.dispatch_ns;
            let begin_ns = self.thread_free_ns[thread].max(now_ns + self.overheads.hop_ns);
            let end_ns = begin_ns + batch.transactions.iter().map(cost_ns).sum::<u64>();
            self.thread_free_ns[thread] = end_ns;
            self.makespan_ns = self.makespan_ns.max(end_ns);
            self.in_flight_units[thread] += batch.units;
            self.in_flight_count[thread] += batch.transactions.len();
            self.returns.push(Reverse((end_ns + self.overheads.hop_ns, thread, batch.transactions)));
        }
    }

    /// Takes a batch back: its accounts are free again.
    fn receive(&mut self) {
        let Some(Reverse((_, thread, transactions))) = self.returns.pop() else { return };
        for tx in transactions {
            self.in_flight_units[thread] -= self.block.weights[tx];
            self.in_flight_count[thread] -= 1;
            for lock in &self.block.lock_sets[tx] {
                let holders = self.holders.get_mut(&lock.account.0).expect("a held account");
                holders.release(thread, lock.is_writable());
                if holders.writer.is_none() && holders.readers.is_empty() {
                    self.holders.remove(&lock.account.0);
                }
            }
        }
    }
}

impl Holders {
    fn release(&mut self, thread: usize, is_writable: bool) {
        if is_writable {
            self.writer = self.writer.map(|(writer, count)| (writer, count - 1)).filter(|(_, count)| *count > 0);
            return;
        }
        let count = self.readers.get_mut(&thread).expect("a reader of the account");
        *count -= 1;
        if *count == 0 {
            self.readers.remove(&thread);
        }
    }
}

impl AccountSet {
    fn conflicts(&self, locks: &[AccountLock]) -> bool {
        locks.iter().any(|lock| self.0.get(&lock.account.0).is_some_and(|written| *written || lock.is_writable()))
    }

    fn add(&mut self, locks: &[AccountLock]) {
        for lock in locks {
            *self.0.entry(lock.account.0).or_default() |= lock.is_writable();
        }
    }
}
