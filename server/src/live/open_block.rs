//! A block between its execution and its commit, as requests and subscribers see it.

use std::time::{Duration, Instant};

use ahash::RandomState;
use hashbrown::HashMap;
use heddle_engine::ExecutedBlock;
use heddle_types::{Account, BlockHeader, Pubkey, Receipt, SanitizedTransaction};

/// A signature's bytes.
pub type SignatureBytes = [u8; 64];

/// A transaction of a block.
pub struct BlockTransaction {
    /// As it was signed.
    pub transaction: SanitizedTransaction,
    /// The keys that came through lookup tables.
    pub loaded_addresses: Box<[Pubkey]>,
    /// What it bids for a compute unit, in micro-lamports.
    pub compute_unit_price: u64,
    /// What came of it.
    pub receipt: Receipt,
}

impl BlockTransaction {
    /// The signature it is known by.
    pub fn signature(&self) -> &SignatureBytes {
        &self.transaction.signatures()[0]
    }

    /// Every key that it names, lookup tables resolved.
    pub fn keys(&self) -> impl Iterator<Item = &Pubkey> {
        self.transaction.static_keys().iter().chain(&self.loaded_addresses)
    }
}

/// A block that was executed: what it changed, and what came of its transactions.
pub struct OpenBlock {
    /// Its header.
    pub header: BlockHeader,
    /// Blockhashes of the chain up to and with it: what clients call the block height.
    pub blockhash_count: u64,
    /// Transactions of the chain up to and with it.
    pub transaction_count: u64,
    /// Accounts after it, of those that it changed; `None`: it removed the account.
    pub accounts: HashMap<Pubkey, Option<Account>, RandomState>,
    /// In block order.
    pub transactions: Vec<BlockTransaction>,
    /// Time of all workers in its transactions; zero if the engine has no clock.
    pub work: Duration,
    positions: HashMap<SignatureBytes, u32, RandomState>,
    /// When it was executed.
    pub(crate) executed_at: Instant,
}

impl OpenBlock {
    /// `transactions_before`: of the chain up to its parent.
    pub(crate) fn new(block: &ExecutedBlock, blockhash_count: u64, transactions_before: u64) -> Self {
        let mut transactions = Vec::with_capacity(block.header().transaction_count as usize);
        for (position, (transaction, outcome)) in block.transactions().iter().zip(block.outcomes()).enumerate() {
            let Some(receipt) = outcome.receipt() else { continue };
            transactions.push(BlockTransaction {
                transaction: transaction.transaction().clone(),
                loaded_addresses: block.loaded_addresses(position).into(),
                // One that cannot be read is in no block.
                compute_unit_price: transaction.compute_unit_price().unwrap_or_default(),
                receipt: receipt.clone(),
            });
        }
        let positions = transactions.iter().zip(0..).map(|(one, position)| (*one.signature(), position)).collect();
        let changes = block.changes().iter();
        let after = changes.map(|change| (change.key, change.after.exists().then(|| change.after.clone())));
        Self {
            header: *block.header(),
            blockhash_count,
            transaction_count: transactions_before + block.header().transaction_count,
            accounts: after.collect(),
            transactions,
            work: Duration::from_nanos(block.run_stats().workers.iter().map(|worker| worker.busy_ns).sum()),
            positions,
            executed_at: Instant::now(),
        }
    }

    /// The transaction with this first signature.
    pub fn transaction(&self, signature: &SignatureBytes) -> Option<&BlockTransaction> {
        self.positions.get(signature).map(|&position| &self.transactions[position as usize])
    }
}
