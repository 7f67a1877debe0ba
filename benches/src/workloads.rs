//! Engines with one block of a load-generator workload ready to execute, under a chosen conflict. Signatures are taken on
//! trust.

use std::{collections::HashSet, fmt, sync::Arc, time::Instant};

use heddle_engine::{Block, Engine, Parallelism, Verification, VerifiedTransaction, verify_batch};
use heddle_loadgen::{BlockRange, Generator, Workload, WorkloadConfig};
use heddle_types::Hash;

/// Transactions of a block.
pub const TRANSACTIONS: u32 = 2_000;
/// Workers that the engines can run.
pub const WORKERS_MAX: usize = 4;
/// Accounts that transactions choose from, unless they must not share any.
const ACCOUNTS: u64 = 20_000;
/// A Zipf exponent at which every transaction is between the same two accounts.
const ONE_PAIR_EXPONENT: f64 = 10.0;
/// Blocks searched for transactions that share nothing, at most.
const SEARCHED_BLOCKS_MAX: u64 = 16;

/// How the transactions of a block conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// As the workload has it, accounts drawn uniformly.
    AsGenerated,
    /// No two transactions write, or write and read, the same account.
    None,
    /// Accounts drawn by Zipf's law with exponent 1.
    Zipf,
    /// All transactions are between the same two accounts: a chain.
    OnePair,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsGenerated => "uniform",
            Self::None => "no conflict",
            Self::Zipf => "zipf",
            Self::OnePair => "one hot pair",
        })
    }
}

/// A block and the engine whose next block it is.
pub struct Prepared {
    /// At genesis, with a clock for stage times.
    pub engine: Engine,
    /// [`TRANSACTIONS`] transactions, or as many as were asked for.
    pub block: Block,
}

impl Prepared {
    /// The block of `workload` under `conflict`.
    ///
    /// # Panics
    /// If the block is not what it should be: a transaction is rejected, or fails where the workload has no failures.
    pub fn new(workload: Workload, conflict: Conflict, transactions: u32) -> Self {
        let blockhash = Hash::new_from_array([7; 32]);
        let zipf = match conflict {
            Conflict::AsGenerated | Conflict::None => 0.0,
            Conflict::Zipf => 1.0,
            Conflict::OnePair => ONE_PAIR_EXPONENT,
        };
        let config = WorkloadConfig {
            workload,
            accounts: ACCOUNTS,
            block_size: transactions,
            zipf,
            ..WorkloadConfig::default()
        };
        let generator = Generator::new(config, WORKERS_MAX, &|_| {}).expect("a valid configuration");
        let verified = match conflict {
            Conflict::None => without_conflicts(&generator, blockhash, transactions),
            _ => generated_block(&generator, blockhash, 0),
        };
        let started = Instant::now();
        let engine = Engine::builder()
            .accounts(generator.genesis_accounts())
            .genesis_blockhash(blockhash)
            // Benches drop the block and execute it again: a term that is kept is never that of the state before.
            .hash_cache_bytes(0)
            .workers_max(WORKERS_MAX)
            .stage_clock(Arc::new(move || started.elapsed()))
            .build()
            .expect("an engine");
        let block = engine.next_block(verified);
        let prepared = Self { engine, block };
        prepared.check(workload);
        prepared
    }

    fn check(&self, workload: Workload) {
        let executed = self.engine.execute_block_with(self.block.clone(), Parallelism::Serial).expect("executes");
        let failed = executed.processed().filter(|(_, receipt)| receipt.status.is_err()).count();
        assert_eq!(executed.processed().count(), self.block.transactions.len(), "{workload}: some were rejected");
        assert_eq!(failed > 0, workload == Workload::Mixed, "{workload}: {failed} failed");
    }
}

fn generated_block(generator: &Generator, blockhash: Hash, index: u64) -> Vec<VerifiedTransaction> {
    let block_size = generator.config().block_size;
    let range = BlockRange::new(generator.config(), index, block_size.into()).expect("a valid range");
    let signed = generator.sign_block(&range, index, blockhash);
    let bytes: Vec<&[u8]> = signed.transactions().collect();
    let verified = verify_batch(&bytes, Verification::Trusted).into_iter().collect::<Result<_, _>>();
    verified.expect("the generator makes transactions")
}

/// The first transactions of the workload that share no account that one of them writes.
fn without_conflicts(generator: &Generator, blockhash: Hash, count: u32) -> Vec<VerifiedTransaction> {
    let mut written = HashSet::new();
    let mut chosen = Vec::new();
    for index in 0..SEARCHED_BLOCKS_MAX {
        for verified in generated_block(generator, blockhash, index) {
            let transaction = verified.transaction();
            let keys = transaction.static_keys().iter().enumerate();
            let writes: Vec<_> =
                keys.filter(|(index, _)| transaction.is_writable_declared(*index)).map(|(_, key)| *key).collect();
            if writes.iter().all(|key| !written.contains(key)) {
                written.extend(writes);
                chosen.push(verified);
            }
            if chosen.len() == count as usize {
                return chosen;
            }
        }
    }
    panic!("{SEARCHED_BLOCKS_MAX} blocks hold only {} transactions without conflicts", chosen.len());
}
