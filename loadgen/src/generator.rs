//! Turns a workload's numbers into signed wire transactions. A [`Generator`] is a validated configuration with its
//! keys; any thread may sign any block with it, in any order.

use heddle_types::{Hash, Pubkey, ids};

use crate::{
    BlockRange, ConfigError, SignedBlock, WorkloadConfig,
    encode::Message,
    keys,
    sampler::IndexSampler,
    signer::{self, ExpandedKey, SIGN_BATCH, SignerOf},
    token_layout::{TOKEN_PROGRAM_ID, transfer_data},
    workloads::{Action, Draw},
};

/// Most bytes any of our transactions takes (a token transfer: 245); sizes a block's buffer.
const WIRE_SIZE_BYTES_MAX: usize = 256;

/// A workload, ready to sign. 32 bytes per account.
pub struct Generator {
    config: WorkloadConfig,
    sampler: IndexSampler,
    /// Of the transactions' random numbers.
    stream_seed: [u8; 32],
    public_keys: Box<[Pubkey]>,
}

impl Generator {
    /// Checks the configuration and derives its public keys on `threads` threads: O(accounts), about 6 µs each.
    ///
    /// `progress` hears from any of the threads how many accounts are done; calls may come out of order.
    ///
    /// # Errors
    /// The first field of the configuration that is out of bounds.
    pub fn new(config: WorkloadConfig, threads: usize, progress: &(dyn Fn(u64) + Sync)) -> Result<Self, ConfigError> {
        config.validate()?;
        let config = WorkloadConfig { lamports_per_account: Some(config.genesis_lamports()), ..config };
        Ok(Self {
            sampler: IndexSampler::new(config.accounts, config.zipf),
            stream_seed: keys::derive(b"heddle workload", config.seed, config.workload.code().into()),
            public_keys: keys::public_keys(config.seed, config.accounts, threads, progress),
            config,
        })
    }

    /// The configuration, its genesis balance resolved.
    pub fn config(&self) -> &WorkloadConfig {
        &self.config
    }

    /// Public keys of the accounts.
    pub fn public_keys(&self) -> &[Pubkey] {
        &self.public_keys
    }

    /// Signs block `index` of `range` under `blockhash`. O(transactions), about 8 µs each.
    ///
    /// # Panics
    /// If `range` was made for another block size.
    pub fn sign_block(&self, range: &BlockRange, index: u64, blockhash: Hash) -> SignedBlock {
        assert_eq!(range.block_size(), self.config.block_size, "the range is of another configuration");
        let count = range.transactions_in(index) as usize;
        let first = index.saturating_mul(self.config.block_size.into());
        let mut block = SignedBlock::with_capacity(index, blockhash, count, count * WIRE_SIZE_BYTES_MAX);
        let mut payers = Vec::with_capacity(count);
        for number in (first..).take(count) {
            let action = Draw::new(&self.sampler, self.stream_seed, number).action(self.config.workload);
            block.push_with(|out| self.write_unsigned(action, blockhash, out));
            payers.push(action.payer());
        }
        let mut wires = block.wires_mut();
        for (payers, wires) in payers.chunks(SIGN_BATCH).zip(wires.chunks_mut(SIGN_BATCH)) {
            let signers: Vec<_> = payers.iter().map(|&payer| self.signer(payer)).collect();
            signer::sign_batch(&signers, wires);
        }
        block
    }

    fn signer(&self, index: u64) -> SignerOf<'_> {
        let key = ExpandedKey::new(&keys::secret_key(self.config.seed, index));
        SignerOf { key, public_key: self.public_key(index) }
    }

    fn public_key(&self, index: u64) -> &Pubkey {
        &self.public_keys[index as usize]
    }

    fn write_unsigned(&self, action: Action, recent_blockhash: Hash, out: &mut Vec<u8>) {
        match action {
            Action::Transfer { source, destination, lamports } => Message {
                account_keys: &[*self.public_key(source), *self.public_key(destination), ids::system_program::ID],
                recent_blockhash,
                instruction_accounts: &[0, 1],
                instruction_data: &system_transfer_data(lamports),
            }
            .write_unsigned(out),
            Action::Token { source, destination, amount } => Message {
                account_keys: &[
                    *self.public_key(source),
                    keys::token_account_key(self.config.seed, source),
                    keys::token_account_key(self.config.seed, destination),
                    TOKEN_PROGRAM_ID,
                ],
                recent_blockhash,
                instruction_accounts: &[1, 2, 0],
                instruction_data: &transfer_data(amount),
            }
            .write_unsigned(out),
        }
    }
}

impl Action {
    /// Index of the account that signs and pays.
    fn payer(&self) -> u64 {
        match *self {
            Self::Transfer { source, .. } | Self::Token { source, .. } => source,
        }
    }
}

/// `SystemInstruction::Transfer { lamports }` in bincode: variant 2 as u32, then the lamports.
fn system_transfer_data(lamports: u64) -> [u8; 12] {
    let mut data = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    data[4..].copy_from_slice(&lamports.to_le_bytes());
    data
}
