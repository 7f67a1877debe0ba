//! Signature precompiles: valid, forged and malformed instructions, references into other instructions, and their fees.

use super::{fees::limit, system::transfer};
use crate::{
    case::{Case, Expect, SOL, instruction, key, r, w},
    environment::Environment,
};
use k256::ecdsa::SigningKey as Secp256k1Key;
use p256::ecdsa::{Signature as Secp256r1Signature, SigningKey as Secp256r1Key, signature::Signer as _};
use sha3::{Digest, Keccak256};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_sdk_ids::{ed25519_program, secp256k1_program, secp256r1_program};
use solana_signer::Signer;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = sixteen_bit(environment, &ED25519);
    cases.extend(sixteen_bit(environment, &SECP256R1));
    cases.extend(ed25519_keys(environment));
    cases.extend(secp256r1_signatures(environment));
    cases.extend(secp256k1(environment));
    cases.extend(secp256k1_offsets(environment));
    cases.extend(fees(environment));
    cases
}

const MESSAGE: &[u8] = b"a message to be signed";

/// The instruction that a reference means when it means its own.
const THIS: u16 = u16::MAX;

type KeyAndSignature = (Vec<u8>, Vec<u8>);

/// A precompile whose offsets are seven 16-bit numbers: ed25519 and secp256r1.
struct SixteenBit {
    name: &'static str,
    program: Address,
    public_key_size_bytes: usize,
    /// Public key and signature of a message by the n-th key.
    sign: fn(u8, &[u8]) -> KeyAndSignature,
    /// More signatures than this in one instruction are refused.
    limit: Option<u8>,
}

const ED25519: SixteenBit = SixteenBit {
    name: "ed25519",
    program: ed25519_program::ID,
    public_key_size_bytes: 32,
    sign: |number, message| {
        let key = key(&format!("ed25519 {number}"));
        (key.pubkey().to_bytes().to_vec(), key.sign_message(message).as_ref().to_vec())
    },
    limit: None,
};

const SECP256R1: SixteenBit = SixteenBit {
    name: "secp256r1",
    program: secp256r1_program::ID,
    public_key_size_bytes: 33,
    sign: |number, message| {
        let key = secp256r1_key(number);
        let signature: Secp256r1Signature = key.sign(message);
        let signature = signature.normalize_s().unwrap_or(signature);
        (key.verifying_key().to_encoded_point(true).as_bytes().to_vec(), signature.to_bytes().to_vec())
    },
    limit: Some(8),
};

fn secp256r1_key(number: u8) -> Secp256r1Key {
    Secp256r1Key::from_slice(&[number + 1; 32]).expect("a small scalar is a key")
}

/// One row of the offsets table.
#[derive(Clone, Copy)]
struct Row {
    signature: (u16, u16),
    key: (u16, u16),
    message: (u16, u16, u16),
}

impl Row {
    fn to_bytes(self) -> Vec<u8> {
        let numbers = [
            self.signature.0,
            self.signature.1,
            self.key.0,
            self.key.1,
            self.message.0,
            self.message.1,
            self.message.2,
        ];
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }
}

impl SixteenBit {
    /// Signature, key and message after each other at `start`, all in this instruction.
    fn row(&self, start: usize) -> Row {
        let key = start + 64;
        let message = key + self.public_key_size_bytes;
        Row {
            signature: (start as u16, THIS),
            key: (key as u16, THIS),
            message: (message as u16, MESSAGE.len() as u16, THIS),
        }
    }

    fn item(&self, number: u8) -> Vec<u8> {
        let (key, signature) = (self.sign)(number, MESSAGE);
        [signature, key, MESSAGE.to_vec()].concat()
    }

    /// The data of an instruction that checks `count` good signatures.
    fn data(&self, count: u8) -> Vec<u8> {
        let table = 2 + usize::from(count) * 14;
        let size = 64 + self.public_key_size_bytes + MESSAGE.len();
        let mut data = vec![count, 0];
        for number in 0..count {
            data.extend(self.row(table + usize::from(number) * size).to_bytes());
        }
        for number in 0..count {
            data.extend(self.item(number));
        }
        data
    }

    fn ix(&self, data: Vec<u8>) -> Instruction {
        instruction(self.program, vec![], data)
    }

    /// One good signature whose row was changed.
    fn edited(&self, edit: impl Fn(&mut Row)) -> Instruction {
        let mut row = self.row(16);
        edit(&mut row);
        self.ix([vec![1, 0], row.to_bytes(), self.item(0)].concat())
    }

    /// One good signature with one byte of the instruction flipped.
    fn flipped(&self, index: usize) -> Instruction {
        let mut data = self.data(1);
        data[index] ^= 1;
        self.ix(data)
    }
}

fn sixteen_bit(environment: &Environment, precompile: &SixteenBit) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("{}_{name}", precompile.name)).lamports("bob", SOL);
    let one = ["payer"];
    let good = || precompile.ix(precompile.data(1));
    let key_start = 16 + 64;
    let message_start = key_start + precompile.public_key_size_bytes;
    let size = message_start + MESSAGE.len();
    let (u, any) = (|offset: usize| offset as u16, Expect::Anything);
    // The system program ignores what follows its arguments: a transfer can hold signature, key and message.
    let holder = Instruction {
        data: [transfer("payer", "bob", 5).data, precompile.item(0)].concat(),
        ..transfer("payer", "bob", 5)
    };
    let elsewhere = |index: u16| {
        let mut row = precompile.row(transfer("payer", "bob", 5).data.len());
        (row.signature.1, row.key.1, row.message.2) = (index, index, index);
        precompile.ix([vec![1, 0], row.to_bytes()].concat())
    };
    let padded = |padding: u8| {
        let mut data = precompile.data(1);
        data[1] = padding;
        precompile.ix(data)
    };
    let bare = |data: &[u8]| precompile.ix(data.to_vec());
    let mut cases = vec![
        case("one").ok(&one, &[good()]),
        case("three").ok(&one, &[precompile.ix(precompile.data(3))]),
        case("twice").ok(&one, &[good(), good()]),
        case("and_transfer").ok(&one, &[good(), transfer("payer", "bob", 5)]),
        case("after_transfer_fails").fails(&one, &[transfer("payer", "bob", 5), precompile.flipped(16)]),
        case("without_compute").ok(&one, &[limit(150), good()]),
        case("padding_ignored").legacy(any, &one, &[padded(9)]),
        case("flipped_signature").fails(&one, &[precompile.flipped(16)]),
        case("flipped_signature_end").fails(&one, &[precompile.flipped(key_start - 1)]),
        case("flipped_key").fails(&one, &[precompile.flipped(key_start + 5)]),
        case("flipped_message").fails(&one, &[precompile.flipped(size - 1)]),
        case("shorter_message").fails(&one, &[precompile.edited(|row| row.message.1 -= 1)]),
        case("empty_message").fails(&one, &[precompile.edited(|row| row.message.1 = 0)]),
        case("data_empty").fails(&one, &[bare(&[])]),
        case("data_one_byte").fails(&one, &[bare(&[0])]),
        case("data_count_zero").legacy(any, &one, &[bare(&[0, 0])]),
        case("data_count_zero_long").legacy(any, &one, &[bare(&[0, 0, 1])]),
        case("data_count_without_table").fails(&one, &[bare(&[1, 0])]),
        case("data_truncated_table").fails(&one, &[bare(&precompile.data(1)[..15])]),
        case("data_trailing").ok(&one, &[bare(&[precompile.data(1), vec![1, 2, 3]].concat())]),
        case("signature_offset_past_end").fails(&one, &[precompile.edited(|row| row.signature.0 = u(size - 63))]),
        case("signature_offset_max").fails(&one, &[precompile.edited(|row| row.signature.0 = u16::MAX)]),
        case("key_offset_past_end").fails(&one, &[precompile.edited(|row| row.key.0 = u(size))]),
        case("message_offset_past_end").fails(&one, &[precompile.edited(|row| row.message.0 = u(size + 1))]),
        case("message_size_past_end").fails(&one, &[precompile.edited(|row| row.message.1 += 1)]),
        case("message_size_max").fails(&one, &[precompile.edited(|row| row.message.1 = u16::MAX)]),
        case("signature_instruction_missing").fails(&one, &[precompile.edited(|row| row.signature.1 = 1)]),
        case("key_instruction_missing").fails(&one, &[precompile.edited(|row| row.key.1 = 7)]),
        case("message_instruction_missing").fails(&one, &[precompile.edited(|row| row.message.2 = 1)]),
        case("own_index").ok(
            &one,
            &[precompile.edited(|row| {
                row.signature.1 = 0;
                row.key.1 = 0;
                row.message.2 = 0;
            })],
        ),
        case("in_later_instruction").ok(&one, &[elsewhere(1), holder.clone()]),
        case("in_earlier_instruction").ok(&one, &[holder.clone(), elsewhere(0)]),
        case("in_wrong_instruction").fails(&one, &[elsewhere(0), holder]),
        case("with_accounts")
            .ok(&one, &[Instruction { accounts: vec![r(key("payer").pubkey()), w(key("bob").pubkey())], ..good() }]),
    ];
    if let Some(limit) = precompile.limit {
        cases.push(case("as_many_as_allowed").v1(
            Expect::Success,
            &one,
            roomy(),
            &[precompile.ix(precompile.data(limit))],
        ));
        cases.push(case("too_many").v1(Expect::Failure, &one, roomy(), &[precompile.ix(precompile.data(limit + 1))]));
    } else {
        cases.push(case("many").v1(Expect::Success, &one, roomy(), &[precompile.ix(precompile.data(20))]));
    }
    cases
}

fn roomy() -> solana_message::v1::TransactionConfig {
    solana_message::v1::TransactionConfig {
        compute_unit_limit: Some(10_000),
        loaded_accounts_data_size_limit: Some(10_000),
        ..Default::default()
    }
}

fn ed25519_keys(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("ed25519_{name}"));
    let with = |public_key: [u8; 32], signature: [u8; 64]| {
        let item = [signature.to_vec(), public_key.to_vec(), MESSAGE.to_vec()].concat();
        ED25519.ix([vec![1, 0], ED25519.row(16).to_bytes(), item].concat())
    };
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut no_point = [0; 32];
    no_point[0] = 2;
    let mut small_order_signature = [0; 64];
    small_order_signature[0] = 1;
    // The signature's scalar plus the group order: the same equation, a second encoding.
    let (public_key, signature) = (ED25519.sign)(0, MESSAGE);
    let mut malleated: [u8; 64] = signature.as_slice().try_into().expect("64 bytes");
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0u16;
    for (byte, addend) in malleated[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    let public_key: [u8; 32] = public_key.as_slice().try_into().expect("32 bytes");
    vec![
        case("small_order_key").fails(&["payer"], &[with(identity, small_order_signature)]),
        case("key_is_no_point").fails(&["payer"], &[with(no_point, small_order_signature)]),
        case("malleated_signature").fails(&["payer"], &[with(public_key, malleated)]),
        case("signature_of_ones").fails(&["payer"], &[with(public_key, [0xff; 64])]),
    ]
}

fn secp256r1_signatures(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("secp256r1_{name}"));
    let with = |public_key: &[u8], signature: &[u8]| {
        let item = [signature, public_key, MESSAGE].concat();
        SECP256R1.ix([vec![1, 0], SECP256R1.row(16).to_bytes(), item].concat())
    };
    let (public_key, signature) = (SECP256R1.sign)(3, MESSAGE);
    let low = Secp256r1Signature::from_slice(&signature).expect("just made");
    let high = Secp256r1Signature::from_scalars(low.r(), -low.s()).expect("a negated scalar is one");
    let zero_r = [vec![0; 32], signature[32..].to_vec()].concat();
    let zero_s = [signature[..32].to_vec(), vec![0; 32]].concat();
    let mut other_parity = public_key.clone();
    other_parity[0] ^= 1;
    let mut bad_prefix = public_key.clone();
    bad_prefix[0] = 4;
    vec![
        case("high_s").fails(&["payer"], &[with(&public_key, &high.to_bytes())]),
        case("zero_r").fails(&["payer"], &[with(&public_key, &zero_r)]),
        case("zero_s").fails(&["payer"], &[with(&public_key, &zero_s)]),
        case("signature_of_ones").fails(&["payer"], &[with(&public_key, &[0xff; 64])]),
        case("key_other_parity").fails(&["payer"], &[with(&other_parity, &signature)]),
        case("key_bad_prefix").fails(&["payer"], &[with(&bad_prefix, &signature)]),
        case("key_is_no_point").fails(&["payer"], &[with(&[[2].as_slice(), &[0xff; 32]].concat(), &signature)]),
    ]
}

fn secp256k1_key(number: u8) -> Secp256k1Key {
    Secp256k1Key::from_slice(&[number + 1; 32]).expect("a small scalar is a key")
}

/// Ethereum address, then signature and recovery id.
fn secp256k1_sign(number: u8, message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = secp256k1_key(number);
    let point = key.verifying_key().to_encoded_point(false);
    let address = Keccak256::digest(&point.as_bytes()[1..])[12..].to_vec();
    let (signature, recovery) =
        key.sign_digest_recoverable(Keccak256::new_with_prefix(message)).expect("signing a digest succeeds");
    (address, [signature.to_bytes().to_vec(), vec![recovery.to_byte()]].concat())
}

fn secp256k1_row(signature: (u16, u8), address: (u16, u8), message: (u16, u16, u8)) -> Vec<u8> {
    let mut row = signature.0.to_le_bytes().to_vec();
    row.push(signature.1);
    row.extend(address.0.to_le_bytes());
    row.push(address.1);
    row.extend(message.0.to_le_bytes());
    row.extend(message.1.to_le_bytes());
    row.push(message.2);
    row
}

/// Bytes of address, signature with recovery id, and message.
const SECP256K1_ITEM_SIZE_BYTES: usize = 20 + 65 + MESSAGE.len();

fn secp256k1_item(number: u8) -> Vec<u8> {
    let (address, signature) = secp256k1_sign(number, MESSAGE);
    [address, signature, MESSAGE.to_vec()].concat()
}

/// An instruction at `index` that checks `count` good signatures, which it holds itself.
fn secp256k1_data(count: u8, index: u8) -> Vec<u8> {
    let table = 1 + usize::from(count) * 11;
    let mut data = vec![count];
    for number in 0..usize::from(count) {
        let start = (table + number * SECP256K1_ITEM_SIZE_BYTES) as u16;
        data.extend(secp256k1_row((start + 20, index), (start, index), (start + 85, MESSAGE.len() as u16, index)));
    }
    for number in 0..count {
        data.extend(secp256k1_item(number));
    }
    data
}

fn secp256k1_ix(data: Vec<u8>) -> Instruction {
    instruction(secp256k1_program::ID, vec![], data)
}

fn secp256k1(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("secp256k1_{name}")).lamports("bob", SOL);
    let one = ["payer"];
    let good = |index| secp256k1_ix(secp256k1_data(1, index));
    let flipped = |at: usize| {
        let mut data = secp256k1_data(1, 0);
        data[at] ^= 1;
        secp256k1_ix(data)
    };
    let recovery = |id: u8| {
        let mut data = secp256k1_data(1, 0);
        data[12 + 20 + 64] = id;
        secp256k1_ix(data)
    };
    let bare = |data: &[u8]| secp256k1_ix(data.to_vec());
    let any = Expect::Anything;
    let high_s = {
        let mut data = secp256k1_data(1, 0);
        let signature = k256::ecdsa::Signature::from_slice(&data[32..96]).expect("just made");
        let (r, s) = (signature.r(), -signature.s());
        let negated = k256::ecdsa::Signature::from_scalars(r, s).expect("a negated scalar is one");
        data[32..96].copy_from_slice(&negated.to_bytes());
        data[96] ^= 1;
        secp256k1_ix(data)
    };
    let mut zero_signature = secp256k1_data(1, 0);
    zero_signature[32..96].fill(0);
    vec![
        case("one").ok(&one, &[good(0)]),
        case("three").ok(&one, &[secp256k1_ix(secp256k1_data(3, 0))]),
        case("twice").ok(&one, &[good(0), good(1)]),
        case("and_transfer").ok(&one, &[good(0), transfer("payer", "bob", 5)]),
        case("after_transfer_fails").fails(&one, &[transfer("payer", "bob", 5), flipped(32)]),
        case("many").v1(Expect::Success, &one, roomy(), &[secp256k1_ix(secp256k1_data(20, 0))]),
        case("wrong_index").fails(&one, &[good(1)]),
        case("flipped_signature").fails(&one, &[flipped(40)]),
        case("flipped_address").fails(&one, &[flipped(12)]),
        case("flipped_message").fails(&one, &[flipped(12 + 85)]),
        case("other_recovery_id").fails(&one, &[flipped(96)]),
        case("recovery_id_2").fails(&one, &[recovery(2)]),
        case("recovery_id_27").fails(&one, &[recovery(27)]),
        case("recovery_id_255").fails(&one, &[recovery(255)]),
        case("high_s").legacy(any, &one, &[high_s]),
        case("zero_signature").fails(&one, &[secp256k1_ix(zero_signature)]),
        case("data_empty").fails(&one, &[bare(&[])]),
        case("data_count_zero").legacy(any, &one, &[bare(&[0])]),
        case("data_count_zero_long").legacy(any, &one, &[bare(&[0, 1])]),
        case("data_count_without_table").fails(&one, &[bare(&[1])]),
        case("data_truncated_table").fails(&one, &[bare(&secp256k1_data(1, 0)[..11])]),
        case("data_trailing").ok(&one, &[bare(&[secp256k1_data(1, 0), vec![5, 6]].concat())]),
    ]
}

fn secp256k1_offsets(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("secp256k1_{name}")).lamports("bob", SOL);
    let one = ["payer"];
    let length = MESSAGE.len() as u16;
    let size = 12 + SECP256K1_ITEM_SIZE_BYTES as u16;
    let with = |signature: (u16, u8), address: (u16, u8), message: (u16, u16, u8)| {
        secp256k1_ix([vec![1], secp256k1_row(signature, address, message), secp256k1_item(0)].concat())
    };
    vec![
        case("by_hand").ok(&one, &[with((32, 0), (12, 0), (97, length, 0))]),
        case("signature_offset_past_end").fails(&one, &[with((size - 64, 0), (12, 0), (97, length, 0))]),
        case("signature_offset_max").fails(&one, &[with((u16::MAX, 0), (12, 0), (97, length, 0))]),
        case("address_offset_past_end").fails(&one, &[with((32, 0), (size - 19, 0), (97, length, 0))]),
        case("message_offset_past_end").fails(&one, &[with((32, 0), (12, 0), (size + 1, 0, 0))]),
        case("message_size_past_end").fails(&one, &[with((32, 0), (12, 0), (97, length + 1, 0))]),
        case("message_shorter").fails(&one, &[with((32, 0), (12, 0), (97, length - 1, 0))]),
        case("signature_instruction_missing").fails(&one, &[with((32, 1), (12, 0), (97, length, 0))]),
        case("address_instruction_missing").fails(&one, &[with((32, 0), (12, 9), (97, length, 0))]),
        case("message_instruction_missing").fails(&one, &[with((32, 0), (12, 0), (97, length, 255))]),
        case("message_in_other_instruction")
            .fails(&one, &[with((32, 0), (12, 0), (0, 4, 1)), transfer("payer", "bob", 5)]),
        case("signs_a_transfer").ok(
            &one,
            &[
                {
                    let transfer = transfer("payer", "bob", 5);
                    let (address, signature) = secp256k1_sign(4, &transfer.data);
                    let row = secp256k1_row((32, 0), (12, 0), (0, transfer.data.len() as u16, 1));
                    secp256k1_ix([vec![1], row, address, signature].concat())
                },
                transfer("payer", "bob", 5),
            ],
        ),
    ]
}

fn fees(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| Case::new(environment, format!("fees_{name}")).lamports("bob", SOL);
    let one = ["payer"];
    let lying = |program: Address, count: u8| instruction(program, vec![], vec![count, 0, 0]);
    vec![
        case("all_three").ok(
            &one,
            &[ED25519.ix(ED25519.data(2)), secp256k1_ix(secp256k1_data(1, 1)), SECP256R1.ix(SECP256R1.data(2))],
        ),
        case("count_is_believed").fails(&one, &[lying(ed25519_program::ID, 255)]),
        case("count_is_believed_secp256k1").fails(&one, &[lying(secp256k1_program::ID, 200)]),
        case("count_is_believed_secp256r1").fails(&one, &[lying(secp256r1_program::ID, 100)]),
        case("too_poor_for_precompile").lamports("payer", 9_999).rejected(&one, &[ED25519.ix(ED25519.data(1))]),
        case("rich_enough_for_precompile").lamports("payer", 10_000).ok(&one, &[ED25519.ix(ED25519.data(1))]),
        case("counts_add_up").fails(
            &one,
            &[lying(ed25519_program::ID, 255), lying(secp256k1_program::ID, 255), lying(secp256r1_program::ID, 255)],
        ),
    ]
}
