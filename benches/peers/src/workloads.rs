//! The four workloads, the same on every machine: fixed seeds, disjoint pairs of accounts, distinct signed transactions.
//!
//! Transaction `i` of a stream uses pair `i % PAIRS`, so any [`PAIRS`] consecutive ones are free of conflicts.

use clap::ValueEnum;
use ed25519_dalek::SigningKey;
use heddle_peers_workload::{Account, Program, Stream, Workload};
use serde::Serialize;

use crate::wire::{Call, Key};

/// Disjoint pairs of accounts of a stream.
pub const PAIRS: usize = 10_000;
/// Measured transactions of a stream.
pub const TRANSACTIONS: usize = 20_000;
/// Unmeasured transactions of a stream, each on a pair of its own.
pub const WARM_UP: usize = 4_096;
/// Streams of a workload: workers at most.
pub const STREAMS: u8 = 2;

/// SHA-256 of "genesis": the blockhash that LiteSVM begins with and that the others are given.
const BLOCKHASH: Key = [
    0xae, 0xeb, 0xad, 0x4a, 0x79, 0x6f, 0xcc, 0x2e, 0x15, 0xdc, 0x4c, 0x60, 0x61, 0xb4, 0x5e, 0xd9, 0xb3, 0x73, 0xf2,
    0x6a, 0xdf, 0xc7, 0x98, 0xca, 0x7d, 0x2d, 0x8c, 0xc5, 0x81, 0x82, 0x71, 0x8e,
];
const SYSTEM: Key = [0; 32];
const WALLET_LAMPORTS: u64 = 1_000_000_000_000;
/// More than a token account or a mint needs to be rent-exempt.
const TOKEN_ACCOUNT_LAMPORTS: u64 = 10_000_000;
const TOKEN_BALANCE: u64 = 1_000_000_000_000;

/// A workload by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Name {
    /// A system transfer.
    Transfer,
    /// A token transfer of mainnet's token program, p-token.
    PToken,
    /// A token transfer of the token program before it, spl_token 3.5.0.
    SplToken,
    /// A call of a program that returns at once.
    Noop,
}

impl Name {
    /// In the order of the report.
    pub const ALL: [Self; 4] = [Self::Transfer, Self::PToken, Self::SplToken, Self::Noop];

    /// As in ratios, file names and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::PToken => "p_token",
            Self::SplToken => "spl_token",
            Self::Noop => "noop",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Transfer => "system transfer",
            Self::PToken => "p-token transfer",
            Self::SplToken => "spl_token 3.5.0 transfer",
            Self::Noop => "no-op program",
        }
    }
}

/// The programs' bytes.
pub struct Elfs {
    /// Mainnet's token program.
    pub p_token: Vec<u8>,
    /// The one before.
    pub spl_token: Vec<u8>,
}

/// Makes and signs a workload.
pub fn generate(name: Name, elfs: &Elfs) -> Workload {
    let programs = match name {
        Name::Transfer => Vec::new(),
        Name::PToken => vec![Program { key: token(), elf: elfs.p_token.clone() }],
        Name::SplToken => vec![Program { key: token(), elf: elfs.spl_token.clone() }],
        Name::Noop => vec![Program { key: noop(), elf: noop_elf() }],
    };
    let stream = |seed| match name {
        Name::Transfer => transfers(seed),
        Name::PToken | Name::SplToken => token_transfers(seed),
        Name::Noop => noop_calls(seed),
    };
    Workload { blockhash: BLOCKHASH, programs, streams: (0..STREAMS).map(stream).collect() }
}

fn token() -> Key {
    address("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
}

fn noop() -> Key {
    address("Noop111111111111111111111111111111111111111")
}

fn address(base58: &str) -> Key {
    let bytes = bs58::decode(base58).into_vec().expect("a constant in base58");
    bytes.try_into().expect("a constant of 32 bytes")
}

/// What an account is for.
#[derive(Clone, Copy)]
enum Role {
    Payer,
    Recipient,
    Source,
    Destination,
    Mint,
}

/// 32 bytes that depend on all of these.
fn derive(seed: u8, role: Role, index: usize) -> Key {
    let mut hasher = blake3::Hasher::new_derive_key("heddle peers workload 1");
    hasher.update(&[seed, role as u8]).update(&(index as u64).to_le_bytes());
    *hasher.finalize().as_bytes()
}

fn payers(seed: u8) -> Vec<(SigningKey, Key)> {
    let payer = |index| {
        let key = SigningKey::from_bytes(&derive(seed, Role::Payer, index));
        let public = key.verifying_key().to_bytes();
        (key, public)
    };
    (0..PAIRS + WARM_UP).map(payer).collect()
}

fn wallet(key: Key) -> Account {
    Account { key, owner: SYSTEM, lamports: WALLET_LAMPORTS, data: Vec::new() }
}

/// Signs all transactions: `sign` gets a payer, its pair and a number that no other transaction of the pair has.
fn stream(
    payers: &[(SigningKey, Key)],
    accounts: Vec<Account>,
    sign: impl Fn(&SigningKey, &Key, usize, u64) -> Vec<u8>,
) -> Stream {
    let transaction = |index: usize, pair: usize| {
        let (payer, key) = &payers[pair];
        sign(payer, key, pair, index as u64 + 1)
    };
    Stream {
        accounts,
        warm_up: (0..WARM_UP).map(|index| transaction(index, PAIRS + index)).collect(),
        transactions: (0..TRANSACTIONS).map(|index| transaction(index, index % PAIRS)).collect(),
    }
}

fn transfers(seed: u8) -> Stream {
    let payers = payers(seed);
    let recipient = |pair| derive(seed, Role::Recipient, pair);
    let mut accounts: Vec<_> = payers.iter().map(|(_, key)| wallet(*key)).collect();
    accounts.extend((0..payers.len()).map(|pair| wallet(recipient(pair))));
    stream(&payers, accounts, |payer, key, pair, lamports| {
        let mut data = 2u32.to_le_bytes().to_vec(); // SystemInstruction::Transfer
        data.extend(lamports.to_le_bytes());
        let keys = [*key, recipient(pair), SYSTEM];
        Call { keys: &keys, readonly_count: 1, program: 2, accounts: &[0, 1], data: &data }.sign(payer, &BLOCKHASH)
    })
}

fn token_transfers(seed: u8) -> Stream {
    let payers = payers(seed);
    let program = token();
    let mint = derive(seed, Role::Mint, 0);
    let of_token = |key, data| Account { key, owner: program, lamports: TOKEN_ACCOUNT_LAMPORTS, data };
    let mut accounts = vec![of_token(mint, mint_data())];
    for (pair, (_, key)) in payers.iter().enumerate() {
        accounts.push(wallet(*key));
        for role in [Role::Source, Role::Destination] {
            accounts.push(of_token(derive(seed, role, pair), token_data(&mint, key)));
        }
    }
    stream(&payers, accounts, |payer, key, pair, amount| {
        let mut data = vec![3]; // TokenInstruction::Transfer
        data.extend(amount.to_le_bytes());
        let keys = [*key, derive(seed, Role::Source, pair), derive(seed, Role::Destination, pair), program];
        Call { keys: &keys, readonly_count: 1, program: 3, accounts: &[1, 2, 0], data: &data }.sign(payer, &BLOCKHASH)
    })
}

fn noop_calls(seed: u8) -> Stream {
    let payers = payers(seed);
    let program = noop();
    let accounts = payers.iter().map(|(_, key)| wallet(*key)).collect();
    stream(&payers, accounts, |payer, key, _, number| {
        let keys = [*key, program];
        Call { keys: &keys, readonly_count: 1, program: 1, accounts: &[], data: &number.to_le_bytes() }
            .sign(payer, &BLOCKHASH)
    })
}

/// A mint of the token program: supply at 36, decimals at 44, initialised at 45; no authorities.
fn mint_data() -> Vec<u8> {
    let mut data = vec![0; 82];
    data[36..44].copy_from_slice(&(u64::MAX / 2).to_le_bytes());
    data[44] = 6;
    data[45] = 1;
    data
}

/// A token account: mint, owner, amount, and at 108 the state "initialised".
fn token_data(mint: &Key, owner: &Key) -> Vec<u8> {
    let mut data = vec![0; 165];
    data[..32].copy_from_slice(mint);
    data[32..64].copy_from_slice(owner);
    data[64..72].copy_from_slice(&TOKEN_BALANCE.to_le_bytes());
    data[108] = 1;
    data
}

/// An ELF of sBPF v3 with one segment, `mov64 r0, 0; exit`: what `heddle_vm::assemble` writes for that text.
fn noop_elf() -> Vec<u8> {
    const CODE: [u8; 16] = [0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];
    const CODE_OFFSET: u64 = 64 + 56;
    const CODE_ADDRESS: u64 = 1 << 32;
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(16, 0);
    let halves = |out: &mut Vec<u8>, values: &[u16]| out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    let words = |out: &mut Vec<u8>, values: &[u32]| out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    let longs = |out: &mut Vec<u8>, values: &[u64]| out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    halves(&mut elf, &[3, 247]); // a shared object, for sBPF
    words(&mut elf, &[1]);
    longs(&mut elf, &[CODE_ADDRESS, 64, 0]); // entrypoint, program headers, no section headers
    words(&mut elf, &[3]); // sBPF v3
    halves(&mut elf, &[64, 56, 1, 64, 0, 0]);
    words(&mut elf, &[1, 1]); // loaded, executable
    longs(&mut elf, &[CODE_OFFSET, CODE_ADDRESS, CODE_ADDRESS, 16, 16, 8]);
    elf.extend_from_slice(&CODE);
    elf
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn transactions_are_distinct_and_streams_disjoint() {
        let streams = [transfers(0), transfers(1)];
        let all: HashSet<&Vec<u8>> =
            streams.iter().flat_map(|stream| stream.warm_up.iter().chain(&stream.transactions)).collect();
        assert_eq!(all.len(), streams.len() * (WARM_UP + TRANSACTIONS));
        let keys: HashSet<Key> =
            streams.iter().flat_map(|stream| &stream.accounts).map(|account| account.key).collect();
        assert_eq!(keys.len(), streams.len() * 2 * (PAIRS + WARM_UP));
    }
}
