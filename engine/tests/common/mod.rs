//! Shared by the integration tests: keys, instructions, legacy messages signed by hand, token accounts.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod oracle;
pub mod program;

use ed25519_dalek::{Signer, SigningKey};
use heddle_engine::VerifiedTransaction;
use heddle_types::{Account, Hash, Pubkey, ids, limits};
use heddle_vm::{DurableNonce, NonceData, NonceState, NonceVersion};

/// The SPL Token program (p-token).
pub const TOKEN: Pubkey = Pubkey::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");

/// The `n`th key of the tests.
pub fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

/// Its address.
pub fn address(key: &SigningKey) -> Pubkey {
    Pubkey::new_from_array(key.verifying_key().to_bytes())
}

/// An address without a key.
pub fn plain(n: u8) -> Pubkey {
    Pubkey::new_from_array([n; 32])
}

/// One account of an instruction.
#[derive(Clone, Copy)]
pub struct Meta {
    pub key: Pubkey,
    pub is_signer: bool,
    pub is_writable: bool,
}

pub fn writable(key: Pubkey) -> Meta {
    Meta { key, is_signer: false, is_writable: true }
}

pub fn readonly(key: Pubkey) -> Meta {
    Meta { key, is_signer: false, is_writable: false }
}

pub fn signer(key: Pubkey) -> Meta {
    Meta { key, is_signer: true, is_writable: false }
}

pub fn signer_writable(key: Pubkey) -> Meta {
    Meta { key, is_signer: true, is_writable: true }
}

/// An instruction by keys.
#[derive(Clone)]
pub struct Instruction {
    pub program: Pubkey,
    pub accounts: Vec<Meta>,
    pub data: Vec<u8>,
}

pub fn transfer(from: Pubkey, to: Pubkey, lamports: u64) -> Instruction {
    let mut data = vec![2, 0, 0, 0];
    data.extend_from_slice(&lamports.to_le_bytes());
    Instruction { program: ids::system_program::ID, accounts: vec![signer_writable(from), writable(to)], data }
}

pub fn create_account(from: Pubkey, new: Pubkey, lamports: u64, space: u64, owner: Pubkey) -> Instruction {
    let mut data = vec![0, 0, 0, 0];
    data.extend_from_slice(&lamports.to_le_bytes());
    data.extend_from_slice(&space.to_le_bytes());
    data.extend_from_slice(owner.as_ref());
    let accounts = vec![signer_writable(from), signer_writable(new)];
    Instruction { program: ids::system_program::ID, accounts, data }
}

pub fn advance_nonce(nonce: Pubkey, authority: Pubkey) -> Instruction {
    let accounts = vec![writable(nonce), readonly(ids::sysvar::recent_blockhashes::ID), signer(authority)];
    Instruction { program: ids::system_program::ID, accounts, data: vec![4, 0, 0, 0] }
}

pub fn token_transfer(from: Pubkey, to: Pubkey, owner: Pubkey, amount: u64) -> Instruction {
    let mut data = vec![3];
    data.extend_from_slice(&amount.to_le_bytes());
    Instruction { program: TOKEN, accounts: vec![writable(from), writable(to), signer(owner)], data }
}

/// A signed legacy transaction; `signers[0]` pays.
pub fn wire(instructions: &[Instruction], signers: &[&SigningKey], blockhash: Hash) -> Vec<u8> {
    let mut metas = vec![signer_writable(address(signers[0]))];
    let mut add = |meta: Meta| match metas.iter_mut().find(|known| known.key == meta.key) {
        Some(known) => {
            known.is_signer |= meta.is_signer;
            known.is_writable |= meta.is_writable;
        }
        None => metas.push(meta),
    };
    for instruction in instructions {
        instruction.accounts.iter().copied().for_each(&mut add);
    }
    instructions.iter().for_each(|instruction| add(readonly(instruction.program)));
    // Signers first, writable before read-only within each; the sort is stable, so the payer stays first.
    metas.sort_by_key(|meta| (!meta.is_signer, !meta.is_writable));
    let count = |test: fn(&&Meta) -> bool| metas.iter().filter(test).count() as u8;
    let mut message = vec![
        count(|meta| meta.is_signer),
        count(|meta| meta.is_signer && !meta.is_writable),
        count(|meta| !meta.is_signer && !meta.is_writable),
        metas.len() as u8,
    ];
    metas.iter().for_each(|meta| message.extend_from_slice(meta.key.as_ref()));
    message.extend_from_slice(blockhash.as_ref());
    let index = |key: &Pubkey| metas.iter().position(|meta| meta.key == *key).expect("a key of the message") as u8;
    message.push(instructions.len() as u8);
    for instruction in instructions {
        message.push(index(&instruction.program));
        message.push(instruction.accounts.len() as u8);
        message.extend(instruction.accounts.iter().map(|meta| index(&meta.key)));
        message.push(u8::try_from(instruction.data.len()).expect("short data"));
        message.extend_from_slice(&instruction.data);
    }
    let mut bytes = vec![message[0]];
    for meta in metas.iter().filter(|meta| meta.is_signer) {
        let key = signers.iter().find(|key| address(key) == meta.key).expect("every signer has a key");
        bytes.extend_from_slice(&key.sign(&message).to_bytes());
    }
    bytes.extend_from_slice(&message);
    bytes
}

/// As [`wire`], through ingress.
pub fn verified(instructions: &[Instruction], signers: &[&SigningKey], blockhash: Hash) -> VerifiedTransaction {
    VerifiedTransaction::new(&wire(instructions, signers, blockhash)).expect("the tests sign what they send")
}

/// A mint of the token program, without authorities.
pub fn mint(supply: u64) -> Account {
    let mut data = [0u8; 82];
    data[36..44].copy_from_slice(&supply.to_le_bytes());
    data[44] = 6;
    data[45] = 1;
    Account::new(limits::rent_exempt_minimum(82), &data, TOKEN)
}

/// A token account.
pub fn token_account(mint: Pubkey, owner: Pubkey, amount: u64) -> Account {
    let mut data = [0u8; 165];
    data[..32].copy_from_slice(mint.as_ref());
    data[32..64].copy_from_slice(owner.as_ref());
    data[64..72].copy_from_slice(&amount.to_le_bytes());
    data[108] = 1;
    Account::new(limits::rent_exempt_minimum(165), &data, TOKEN)
}

/// The amount in a token account.
pub fn token_amount(account: &Account) -> u64 {
    u64::from_le_bytes(account.data[64..72].try_into().expect("eight bytes"))
}

/// An initialised nonce account whose nonce follows from `blockhash`.
pub fn nonce_account(authority: Pubkey, blockhash: &Hash) -> Account {
    let data =
        NonceData { authority, durable_nonce: DurableNonce::from_blockhash(blockhash), lamports_per_signature: 5000 };
    let mut bytes = [0u8; NonceState::SIZE_BYTES];
    assert!(NonceState { version: NonceVersion::Current, data: Some(data) }.write_to(&mut bytes));
    Account::new(limits::rent_exempt_minimum(NonceState::SIZE_BYTES), &bytes, ids::system_program::ID)
}
