//! Chains: blocks that follow each other, with what happens at their ends and between them.
//!
//! ```text
//! begin: clock, slot hashes, recent blockhashes ─► transactions ─► end: fees, incinerator, blockhash ─► next block
//! ```
//!
//! A chain begins at slot 0, which is genesis and has no transactions; it stays within epoch 0. Hashes of slots and
//! blockhashes are functions of the slot, so that a scenario can sign for a block before it exists.

mod record;
mod scenarios;

pub use record::record;

use crate::{
    case::{Case, SOL, address, system_account},
    environment::Environment,
};
use sha2::{Digest, Sha256};
use solana_account::{Account, AccountSharedData};
use solana_address::Address;
use solana_hash::Hash;

/// Time of genesis in Unix seconds.
pub const GENESIS_TIMESTAMP: i64 = 1_700_000_000;

/// Blocks of one scenario.
pub struct Chain {
    name: &'static str,
    accounts: Vec<(Address, AccountSharedData)>,
    blocks: Vec<Block>,
}

/// One block; a case whose accounts are not looked at.
struct Block {
    slot: u64,
    collector: Address,
    case: Case,
}

impl Chain {
    /// A chain with `payer`, who has 100 SOL, and `collector`, who has one.
    fn new(name: &'static str) -> Self {
        Self { name, accounts: Vec::new(), blocks: Vec::new() }.lamports("payer", 100 * SOL).lamports("collector", SOL)
    }

    fn lamports(self, name: &str, lamports: u64) -> Self {
        self.account(address(name), system_account(lamports))
    }

    fn account(mut self, address: Address, account: Account) -> Self {
        self.accounts.push((address, account.into()));
        self
    }

    /// Adds a block.
    fn block(self, environment: &Environment, slot: u64, fill: impl FnOnce(Case) -> Case) -> Self {
        self.block_of(environment, slot, "collector", fill)
    }

    /// Adds a block with another collector.
    fn block_of(self, environment: &Environment, slot: u64, collector: &str, fill: impl FnOnce(Case) -> Case) -> Self {
        self.block_for(environment, slot, address(collector), fill)
    }

    fn block_for(
        mut self,
        environment: &Environment,
        slot: u64,
        collector: Address,
        fill: impl FnOnce(Case) -> Case,
    ) -> Self {
        let case = fill(Case::bare(environment, format!("{} at {slot}", self.name)));
        self.blocks.push(Block { slot, collector, case });
        self
    }

    /// Adds empty blocks at these slots.
    fn empty(mut self, environment: &Environment, slots: impl IntoIterator<Item = u64>) -> Self {
        for slot in slots {
            self = self.block(environment, slot, |case| case);
        }
        self
    }
}

/// The blockhash that the block at `slot` adds when it ends; genesis's at 0.
pub fn blockhash(environment: &Environment, slot: u64) -> Hash {
    if slot == 0 {
        return environment.blockhash;
    }
    let digest: [u8; 32] = Sha256::digest([b"blockhash".as_slice(), &slot.to_le_bytes()].concat()).into();
    Hash::new_from_array(digest)
}
