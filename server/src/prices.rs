//! What compute units cost in recent blocks: the least that was paid, in a block and for each account it wrote.

use std::collections::VecDeque;

use ahash::RandomState;
use hashbrown::HashMap;
use heddle_types::Pubkey;
use parking_lot::RwLock;

use crate::{live::OpenBlock, writable};

/// Blocks that are remembered (Solana's `MAX_NUM_RECENT_BLOCKS`).
const BLOCKS_MAX: usize = 150;

/// Prices of the newest blocks, in micro-lamports per compute unit.
#[derive(Default)]
pub struct Prices {
    blocks: RwLock<VecDeque<BlockPrices>>,
}

struct BlockPrices {
    slot: u64,
    /// Of any transaction.
    least: u64,
    /// Of those that wrote an account; none where nobody paid anything.
    by_account: HashMap<Pubkey, u64, RandomState>,
}

impl Prices {
    /// Remembers a block.
    pub fn note(&self, block: &OpenBlock) {
        let mut prices = BlockPrices { slot: block.header.slot, least: u64::MAX, by_account: HashMap::default() };
        for one in &block.transactions {
            let price = one.compute_unit_price;
            prices.least = prices.least.min(price);
            let keys = writable::keys(&one.transaction, &one.loaded_addresses);
            for (key, _) in keys.filter(|(_, is_written)| *is_written) {
                prices.by_account.entry(*key).and_modify(|least| *least = price.min(*least)).or_insert(price);
            }
        }
        if block.transactions.is_empty() {
            prices.least = 0;
        }
        prices.by_account.retain(|_, price| *price > 0);
        let mut blocks = self.blocks.write();
        if blocks.len() == BLOCKS_MAX {
            blocks.pop_front();
        }
        blocks.push_back(prices);
    }

    /// Blocks after `slot` were taken back.
    pub fn forget_after(&self, slot: u64) {
        self.blocks.write().retain(|block| block.slot <= slot);
    }

    /// (slot, least price to get into the block and to write all of `accounts`), oldest first.
    pub fn recent(&self, accounts: &[Pubkey]) -> Vec<(u64, u64)> {
        let blocks = self.blocks.read();
        let price = |block: &BlockPrices| {
            let of_accounts = accounts.iter().filter_map(|key| block.by_account.get(key)).copied();
            of_accounts.fold(block.least, u64::max)
        };
        blocks.iter().map(|block| (block.slot, price(block))).collect()
    }
}
