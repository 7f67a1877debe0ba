//! Where the blocks of a run come from: signed on the spot, or read from a prepared file. Delivered in windows.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use heddle_engine::{Engine, chain_blockhash};
use heddle_loadgen::{BlockRange, Generator, PreparedReader, SignedBlock, TransactionStream, WorkloadConfig};
use heddle_types::{Account, Hash, Pubkey};

use super::genesis_blockhash;
use crate::{arguments::LoadArguments, failure::Failure, process, progress};

/// Transactions signed ahead of their use: about 16 MB of wire bytes.
const WINDOW_TRANSACTIONS: u64 = 1 << 16;

/// Blocks that are ready to run.
pub(crate) struct Window {
    pub(crate) blocks: Vec<SignedBlock>,
}

/// See the [module](self).
pub(crate) struct Source {
    generator: Arc<Generator>,
    range: BlockRange,
    next_block: u64,
    reader: Option<(PathBuf, PreparedReader<File>)>,
    /// Blockhash of the block before `next_block`.
    blockhashes: BlockhashChain,
    signing_seconds: f64,
    signing_cpu_seconds: f64,
}

/// The blockhash chain of a load run, walked forward: the hash after height `h` needs all before it.
struct BlockhashChain {
    height: u64,
    hash: Hash,
}

impl BlockhashChain {
    /// The blockhash after the block at `height`; heights must not decrease.
    fn at(&mut self, height: u64) -> Hash {
        while self.height < height {
            self.height += 1;
            self.hash = chain_blockhash(&self.hash, self.height);
        }
        self.hash
    }
}

impl Source {
    /// `first_block` is the height of the chain that the run continues.
    pub(crate) fn open(arguments: &LoadArguments, first_block: u64) -> Result<Self, Failure> {
        let reader = match &arguments.from {
            Some(path) => {
                let reader =
                    PreparedReader::open(path).map_err(|source| Failure::Prepared { path: path.clone(), source })?;
                Some((path.clone(), reader))
            }
            None => None,
        };
        let config = reader.as_ref().map_or_else(|| config_of(arguments), |(_, reader)| *reader.header().config());
        let generator = make_generator(config, !arguments.json)?;
        let range = match &reader {
            Some((_, reader)) => *reader.header().range(),
            None => BlockRange::new(generator.config(), first_block, arguments.transactions)?,
        };
        let blockhashes = BlockhashChain { height: 0, hash: genesis_blockhash(generator.config()) };
        Ok(Self {
            generator,
            range,
            next_block: range.first_block(),
            reader,
            blockhashes,
            signing_seconds: 0.0,
            signing_cpu_seconds: 0.0,
        })
    }

    pub(crate) fn config(&self) -> &WorkloadConfig {
        self.generator.config()
    }

    pub(crate) fn transaction_count(&self) -> u64 {
        self.range.transactions()
    }

    pub(crate) fn genesis_accounts(&self) -> Vec<(Pubkey, Account)> {
        self.generator.genesis_accounts()
    }

    /// Wall and CPU seconds spent on signing.
    pub(crate) fn signing_seconds(&self) -> (f64, f64) {
        (self.signing_seconds, self.signing_cpu_seconds)
    }

    fn blocks_per_window(&self) -> u64 {
        (WINDOW_TRANSACTIONS / u64::from(self.config().block_size)).max(1)
    }

    pub(crate) fn window_count(&self) -> u64 {
        self.range.block_count().div_ceil(self.blocks_per_window())
    }

    /// The next window; `None` when the run is complete.
    pub(crate) fn next_window(&mut self, engine: &Engine) -> Result<Option<Window>, Failure> {
        if self.next_block >= self.range.end_block() {
            return Ok(None);
        }
        let end = (self.next_block + self.blocks_per_window()).min(self.range.end_block());
        let blocks = match &mut self.reader {
            Some((path, reader)) => read(path, reader, end - self.next_block)?,
            None => self.sign(end, engine)?,
        };
        if blocks.is_empty() {
            return Ok(None);
        }
        self.next_block += blocks.len() as u64;
        Ok(Some(Window { blocks }))
    }

    fn sign(&mut self, end: u64, engine: &Engine) -> Result<Vec<SignedBlock>, Failure> {
        let began = Instant::now();
        debug_assert_eq!(engine.tip().height, self.next_block);
        let blocks = sign_blocks(&self.generator, &self.range, self.next_block..end, &mut self.blockhashes)?;
        self.signing_seconds += began.elapsed().as_secs_f64();
        self.signing_cpu_seconds += blocks.1;
        Ok(blocks.0)
    }
}

fn read(path: &Path, reader: &mut PreparedReader<File>, count: u64) -> Result<Vec<SignedBlock>, Failure> {
    reader
        .by_ref()
        .take(count as usize)
        .collect::<Result<_, _>>()
        .map_err(|source| Failure::Prepared { path: path.to_path_buf(), source })
}

/// Signs the blocks `blocks` of `range` on all cores; also returns the CPU seconds it took.
fn sign_blocks(
    generator: &Arc<Generator>,
    range: &BlockRange,
    blocks: std::ops::Range<u64>,
    chain: &mut BlockhashChain,
) -> Result<(Vec<SignedBlock>, f64), Failure> {
    let first = blocks.start;
    let transactions = blocks.clone().map(|index| u64::from(range.transactions_in(index))).sum();
    // A block names the blockhash of the block before it.
    let hashes: Vec<Hash> = blocks.map(|index| chain.at(index)).collect();
    let part = BlockRange::new(generator.config(), first, transactions)?;
    let blockhash_for = move |index: u64| hashes[(index - first) as usize];
    let mut stream = TransactionStream::spawn(generator, part, process::core_count(), blockhash_for);
    let blocks = stream.by_ref().collect();
    Ok((blocks, stream.signing_cpu_seconds()))
}

/// Signs a whole range window by window, for `--prepare`.
pub(crate) fn sign_all(
    generator: &Arc<Generator>,
    range: &BlockRange,
    mut take: impl FnMut(SignedBlock) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut chain = BlockhashChain { height: 0, hash: genesis_blockhash(generator.config()) };
    let per_window = (WINDOW_TRANSACTIONS / u64::from(generator.config().block_size)).max(1);
    let mut next = range.first_block();
    while next < range.end_block() {
        let end = (next + per_window).min(range.end_block());
        for block in sign_blocks(generator, range, next..end, &mut chain)?.0 {
            take(block)?;
        }
        next = end;
    }
    Ok(())
}

pub(crate) fn config_of(arguments: &LoadArguments) -> WorkloadConfig {
    WorkloadConfig {
        seed: arguments.seed,
        workload: arguments.workload,
        accounts: arguments.accounts,
        block_size: arguments.block_size,
        zipf: arguments.zipf,
        lamports_per_account: None,
    }
}

pub(crate) fn make_generator(config: WorkloadConfig, visible: bool) -> Result<Arc<Generator>, Failure> {
    let bar = progress::bar(config.accounts, "keys", "accounts", visible);
    let generator = Generator::new(config, process::core_count(), &|done| bar.set_position(done))?;
    bar.finish_and_clear();
    Ok(Arc::new(generator))
}
