//! Building blocks of the scenarios: named keys, accounts, transactions, and what a scenario expects of each.
//!
//! Everything is derived from names and constants, so that a scenario is the same bytes on every run.

use crate::environment::Environment;
use sha2::{Digest, Sha256};
use solana_account::{Account, AccountSharedData};
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_message::{
    AddressLookupTableAccount, Message, VersionedMessage, v0,
    v1::{self, TransactionConfig},
};
use solana_sdk_ids::system_program;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

/// One SOL in lamports.
pub const SOL: u64 = 1_000_000_000;

/// The keypair that belongs to a name.
pub fn key(name: &str) -> Keypair {
    Keypair::new_from_array(Sha256::digest(format!("heddle oracle key: {name}")).into())
}

/// The address that belongs to a name: [`key`]'s.
pub fn address(name: &str) -> Address {
    key(name).pubkey()
}

/// What the author of a scenario expects; anything else is a bug of the scenario, reported by `record`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expect {
    /// Succeeds.
    Success,
    /// Executed or fees-only, and charged.
    Failure,
    /// In no block.
    Rejection,
    /// Not known beforehand.
    Anything,
}

/// A case before it has run.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub accounts: Vec<(Address, AccountSharedData)>,
    pub transactions: Vec<(VersionedTransaction, Expect)>,
    /// Gates that are not as mainnet has them, and whether they are active.
    pub gates: Vec<(Address, bool)>,
    /// The slot, if it is not the environment's.
    pub slot: Option<u64>,
    blockhash: Hash,
}

impl Case {
    /// A case with one funded account, `payer`, of 10 SOL.
    pub fn new(environment: &Environment, name: impl Into<String>) -> Self {
        Self::bare(environment, name).lamports("payer", 10 * SOL)
    }

    /// A case with no account at all.
    pub fn bare(environment: &Environment, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            accounts: Vec::new(),
            transactions: Vec::new(),
            gates: Vec::new(),
            slot: None,
            blockhash: environment.blockhash,
        }
    }

    /// Runs under other gates than mainnet's: (address, active).
    pub fn gates(mut self, gates: &[(Address, bool)]) -> Self {
        self.gates.extend(gates);
        self
    }

    /// Runs at another slot than the environment's.
    pub fn slot(mut self, slot: u64) -> Self {
        self.slot = Some(slot);
        self
    }

    /// Adds a system-owned account without data.
    pub fn lamports(self, name: &str, lamports: u64) -> Self {
        self.account(address(name), system_account(lamports))
    }

    /// Adds or replaces an account; without lamports, removes it.
    pub fn account(mut self, address: Address, account: Account) -> Self {
        self.accounts.retain(|(other, _)| *other != address);
        if account.lamports > 0 {
            self.accounts.push((address, account.into()));
        }
        self
    }

    /// Expects a legacy transaction, paid by `payer`, to succeed. Signers are found by name.
    pub fn ok(self, signers: &[&str], instructions: &[Instruction]) -> Self {
        self.legacy(Expect::Success, signers, instructions)
    }

    /// Expects it to fail and be charged.
    pub fn fails(self, signers: &[&str], instructions: &[Instruction]) -> Self {
        self.legacy(Expect::Failure, signers, instructions)
    }

    /// Expects it to be rejected.
    pub fn rejected(self, signers: &[&str], instructions: &[Instruction]) -> Self {
        self.legacy(Expect::Rejection, signers, instructions)
    }

    /// Adds a legacy transaction; the first of `signers` pays, and a name not required to sign is an error.
    pub fn legacy(self, expect: Expect, signers: &[&str], instructions: &[Instruction]) -> Self {
        let blockhash = self.blockhash;
        self.legacy_at(expect, blockhash, signers, instructions)
    }

    /// The same with a blockhash or durable nonce of its own.
    pub fn legacy_at(self, expect: Expect, blockhash: Hash, signers: &[&str], instructions: &[Instruction]) -> Self {
        let payer = address(signers[0]);
        let message = Message::new_with_blockhash(instructions, Some(&payer), &blockhash);
        self.message(expect, signers, VersionedMessage::Legacy(message))
    }

    /// Adds a v0 transaction that takes what it can from `tables`.
    pub fn v0(
        self,
        expect: Expect,
        signers: &[&str],
        tables: &[AddressLookupTableAccount],
        instructions: &[Instruction],
    ) -> Self {
        let message = v0::Message::try_compile(&address(signers[0]), instructions, tables, self.blockhash)
            .expect("a scenario's v0 message compiles");
        self.message(expect, signers, VersionedMessage::V0(message))
    }

    /// Adds a v1 transaction.
    pub fn v1(self, expect: Expect, signers: &[&str], config: TransactionConfig, instructions: &[Instruction]) -> Self {
        let message = v1::Message::try_compile_with_config(&address(signers[0]), instructions, self.blockhash, config)
            .expect("a scenario's v1 message compiles");
        self.message(expect, signers, VersionedMessage::V1(message))
    }

    /// Adds a message, signed by the named keys in whatever order it wants.
    ///
    /// # Panics
    /// When the message requires a signature that no name gives, or a name is not required.
    pub fn message(self, expect: Expect, signers: &[&str], message: VersionedMessage) -> Self {
        let keys: Vec<Keypair> = signers.iter().map(|name| key(name)).collect();
        let bytes = message.serialize();
        let required = usize::from(message.header().num_required_signatures);
        let wanted = &message.static_account_keys()[..required];
        assert!(keys.iter().all(|key| wanted.contains(&key.pubkey())), "{}: a signer is not required", self.name);
        let sign = |address: &Address| -> Signature {
            let key = keys.iter().find(|key| key.pubkey() == *address);
            key.unwrap_or_else(|| panic!("{}: no signer for {address}", self.name)).sign_message(&bytes)
        };
        let signatures = wanted.iter().map(sign).collect();
        self.transaction(expect, VersionedTransaction { signatures, message })
    }

    /// Adds a transaction as it is, well signed or not.
    pub fn transaction(mut self, expect: Expect, transaction: VersionedTransaction) -> Self {
        self.transactions.push((transaction, expect));
        self
    }

    /// Adds the last transaction once more.
    pub fn again(self, expect: Expect) -> Self {
        let (last, _) = self.transactions.last().expect("a transaction to repeat").clone();
        self.transaction(expect, last)
    }
}

/// A system-owned account without data.
pub fn system_account(lamports: u64) -> Account {
    account(lamports, Vec::new(), system_program::ID)
}

/// An account that is not executable.
pub fn account(lamports: u64, data: Vec<u8>, owner: Address) -> Account {
    Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX }
}

/// An instruction from its parts.
pub fn instruction(program: Address, accounts: Vec<AccountMeta>, data: impl Into<Vec<u8>>) -> Instruction {
    Instruction { program_id: program, accounts, data: data.into() }
}

/// Writable.
pub fn w(address: Address) -> AccountMeta {
    AccountMeta::new(address, false)
}

/// Writable and signer.
pub fn ws(address: Address) -> AccountMeta {
    AccountMeta::new(address, true)
}

/// Read-only.
pub fn r(address: Address) -> AccountMeta {
    AccountMeta::new_readonly(address, false)
}

/// Read-only signer.
pub fn rs(address: Address) -> AccountMeta {
    AccountMeta::new_readonly(address, true)
}
