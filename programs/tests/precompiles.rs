//! Signature precompiles: real signatures made here, and every way to refuse.

mod common;

use common::{Instruction, World, budget};
use heddle_types::{InstructionError, Pubkey};
use k256::elliptic_curve::{group::prime::PrimeCurveAffine, sec1::ToEncodedPoint};
use sha3::{Digest, Keccak256};
use solana_sdk_ids::{ed25519_program, secp256k1_program, secp256r1_program, system_program};

const MESSAGE: &[u8] = b"a message that fits a postcard";
const BAD_PUBLIC_KEY: u32 = 0;
const BAD_RECOVERY_ID: u32 = 1;
const BAD_SIGNATURE: u32 = 2;
const BAD_OFFSETS: u32 = 3;
const BAD_SIZE: u32 = 4;

/// Runs one precompile instruction.
fn run(program: Pubkey, data: Vec<u8>) -> Result<(), u32> {
    run_with(program, data, None)
}

/// Runs a precompile as instruction 0, before an instruction (of a builtin that ignores data) with other `data`.
fn run_with(program: Pubkey, data: Vec<u8>, other: Option<Vec<u8>>) -> Result<(), u32> {
    let mut instructions = vec![Instruction { program, accounts: vec![], data }];
    instructions.extend(other.map(|data| Instruction {
        program: solana_sdk_ids::compute_budget::ID,
        accounts: vec![],
        data,
    }));
    let outcome = World::new().run_all(&instructions, budget(150));
    assert_eq!(outcome.compute_units, if outcome.result.is_ok() && instructions.len() > 1 { 150 } else { 0 });
    assert!(outcome.logs.iter().all(|line| !line.contains(&program.to_string())), "precompiles write no log");
    outcome.result.map_err(|(index, error)| match error {
        InstructionError::Custom(code) => {
            assert_eq!(index, 0);
            code
        }
        other => panic!("{other:?}"),
    })
}

/// Signature, key and message, concatenated after a table of one entry.
#[derive(Clone)]
struct Parts {
    signature: Vec<u8>,
    key: Vec<u8>,
    message: Vec<u8>,
}

impl Parts {
    fn payload(&self) -> Vec<u8> {
        [&self.signature[..], &self.key, &self.message].concat()
    }

    /// In the layout of ed25519 and secp256r1, the parts in the data of `instruction`, from `start` on.
    fn table(&self, instruction: u16, start: usize) -> Vec<u8> {
        let key = start + self.signature.len();
        let message = key + self.key.len();
        let words = [
            start as u16,
            instruction,
            key as u16,
            instruction,
            message as u16,
            self.message.len() as u16,
            instruction,
        ];
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// The whole instruction, parts inside.
    fn instruction(&self) -> Vec<u8> {
        [&[1, 0][..], &self.table(u16::MAX, 16), &self.payload()].concat()
    }
}

// ---- ed25519 ----

fn ed25519_parts() -> Parts {
    use ed25519_dalek::Signer;
    let signer = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    Parts {
        signature: signer.sign(MESSAGE).to_bytes().to_vec(),
        key: signer.verifying_key().to_bytes().to_vec(),
        message: MESSAGE.to_vec(),
    }
}

#[test]
fn ed25519_accepts() {
    let parts = ed25519_parts();
    assert_eq!(run(ed25519_program::ID, parts.instruction()), Ok(()));
    let table = [&[1, 0xff][..], &parts.table(1, 0)].concat();
    assert_eq!(run_with(ed25519_program::ID, table, Some(parts.payload())), Ok(()), "parts of another instruction");
    let own_index = [&[1, 0][..], &parts.table(0, 16), &parts.payload()].concat();
    assert_eq!(run(ed25519_program::ID, own_index), Ok(()), "its own index");
    let two = [&[2, 0][..], &parts.table(u16::MAX, 30), &parts.table(u16::MAX, 30), &parts.payload()].concat();
    assert_eq!(run(ed25519_program::ID, two), Ok(()));
    assert_eq!(run(ed25519_program::ID, vec![0, 0]), Ok(()), "no signatures at all");
}

#[test]
fn ed25519_empty_message() {
    use ed25519_dalek::Signer;
    let signer = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let parts = Parts {
        signature: signer.sign(b"").to_bytes().to_vec(),
        key: signer.verifying_key().to_bytes().to_vec(),
        message: vec![],
    };
    assert_eq!(run(ed25519_program::ID, parts.instruction()), Ok(()));
}

#[test]
fn ed25519_rfc_8032_test_3() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let parts = Parts {
        signature: hex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                        18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
        key: hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
        message: hex("af82"),
    };
    assert_eq!(run(ed25519_program::ID, parts.instruction()), Ok(()));
}

#[test]
fn ed25519_refuses_sizes_and_offsets() {
    for data in [vec![], vec![0], vec![1], vec![0, 0, 0], vec![1, 0], [&[1, 0][..], &[0; 13]].concat()] {
        assert_eq!(run(ed25519_program::ID, data.clone()), Err(BAD_SIZE), "{data:?}");
    }
    let parts = ed25519_parts();
    let whole = parts.instruction();
    assert_eq!(run(ed25519_program::ID, whole[..whole.len() - 1].to_vec()), Err(BAD_OFFSETS), "the message ends early");
    let elsewhere = [&[1, 0][..], &parts.table(1, 16), &parts.payload()].concat();
    assert_eq!(run(ed25519_program::ID, elsewhere), Err(BAD_OFFSETS), "there is no second instruction");
    let far = [&[1, 0][..], &parts.table(u16::MAX, 60_000), &parts.payload()].concat();
    assert_eq!(run(ed25519_program::ID, far), Err(BAD_OFFSETS));
}

#[test]
fn ed25519_refuses_signatures_and_keys() {
    let parts = ed25519_parts();
    let with = |change: fn(&mut Parts)| {
        let mut changed = parts.clone();
        change(&mut changed);
        run(ed25519_program::ID, changed.instruction())
    };
    assert_eq!(with(|parts| parts.message[0] ^= 1), Err(BAD_SIGNATURE));
    assert_eq!(with(|parts| parts.signature[0] ^= 1), Err(BAD_SIGNATURE));
    assert_eq!(with(|parts| parts.signature[63] |= 0x10), Err(BAD_SIGNATURE), "s beyond the group order");
    assert_eq!(with(|parts| parts.key = not_on_the_curve()), Err(BAD_PUBLIC_KEY));
    let both = |parts: &mut Parts| {
        parts.key = not_on_the_curve();
        parts.signature[63] |= 0x20;
    };
    assert_eq!(with(both), Err(BAD_SIGNATURE), "the top bits of s are looked at before the key");
    let identity = |parts: &mut Parts| {
        parts.signature = [&[1][..], &[0; 63]].concat();
        parts.key = [&[1][..], &[0; 31]].concat();
    };
    assert_eq!(with(identity), Err(BAD_SIGNATURE), "small-order points satisfy the equation, but not strictly");
}

/// The smallest y of no point.
fn not_on_the_curve() -> Vec<u8> {
    let candidates = (0..=255).map(|y| [&[y][..], &[0; 31]].concat());
    let is_point = |bytes: &Vec<u8>| ed25519_dalek::VerifyingKey::from_bytes(bytes[..].try_into().unwrap()).is_ok();
    candidates.into_iter().find(|bytes| !is_point(bytes)).unwrap()
}

// ---- secp256r1 ----

fn secp256r1_parts() -> Parts {
    use p256::ecdsa::{Signature, SigningKey, signature::Signer};
    let signer = SigningKey::from_slice(&[7; 32]).unwrap();
    let signature: Signature = signer.sign(MESSAGE);
    let signature = signature.normalize_s().unwrap_or(signature);
    Parts {
        signature: signature.to_bytes().to_vec(),
        key: signer.verifying_key().to_encoded_point(true).as_bytes().to_vec(),
        message: MESSAGE.to_vec(),
    }
}

#[test]
fn secp256r1_accepts() {
    let parts = secp256r1_parts();
    assert_eq!(run(secp256r1_program::ID, parts.instruction()), Ok(()));
    let table = [&[1, 0xff][..], &parts.table(1, 0)].concat();
    assert_eq!(run_with(secp256r1_program::ID, table, Some(parts.payload())), Ok(()), "parts of another instruction");
    let eight = [&[8, 0][..], &parts.table(u16::MAX, 114).repeat(8), &parts.payload()].concat();
    assert_eq!(run(secp256r1_program::ID, eight), Ok(()));
}

#[test]
fn secp256r1_refuses() {
    let parts = secp256r1_parts();
    let nine = [&[9, 0][..], &parts.table(u16::MAX, 128).repeat(9), &parts.payload()].concat();
    for data in [vec![], vec![0], vec![0, 0], vec![1, 0], nine] {
        assert_eq!(run(secp256r1_program::ID, data), Err(BAD_SIZE));
    }
    let whole = parts.instruction();
    assert_eq!(run(secp256r1_program::ID, whole[..whole.len() - 1].to_vec()), Err(BAD_OFFSETS));
    let with = |change: fn(&mut Parts)| {
        let mut changed = parts.clone();
        change(&mut changed);
        run(secp256r1_program::ID, changed.instruction())
    };
    assert_eq!(with(|parts| parts.message[0] ^= 1), Err(BAD_SIGNATURE));
    assert_eq!(with(|parts| parts.signature[..32].fill(0)), Err(BAD_SIGNATURE), "r = 0");
    assert_eq!(with(|parts| parts.signature[32..].fill(0)), Err(BAD_SIGNATURE), "s = 0");
    assert_eq!(with(|parts| parts.signature[..32].fill(0xff)), Err(BAD_SIGNATURE), "r beyond the order");
    assert_eq!(with(|parts| parts.key[0] = 5), Err(BAD_PUBLIC_KEY), "the compact form of SEC 1");
    assert_eq!(with(|parts| parts.key[0] = 4), Err(BAD_PUBLIC_KEY));
    assert_eq!(with(|parts| parts.key[1..].fill(0xff)), Err(BAD_PUBLIC_KEY), "x beyond the field");
    assert_eq!(with(|parts| parts.key[0] ^= 1), Err(BAD_SIGNATURE), "the other y is another key");
    let both = |parts: &mut Parts| {
        parts.key[0] = 4;
        parts.signature[..32].fill(0);
    };
    assert_eq!(with(both), Err(BAD_SIGNATURE), "the signature's range is looked at before the key");
}

#[test]
fn secp256r1_refuses_high_s() {
    let parts = secp256r1_parts();
    let signature = p256::ecdsa::Signature::from_slice(&parts.signature).unwrap();
    let high = p256::ecdsa::Signature::from_scalars(signature.r(), -*signature.s()).unwrap();
    let high = Parts { signature: high.to_bytes().to_vec(), ..parts };
    assert_eq!(run(secp256r1_program::ID, high.instruction()), Err(BAD_SIGNATURE));
}

// ---- secp256k1 ----

/// An instruction with signature, recovery id, address and message after its table, all in instruction 0.
fn secp256k1_instruction(signature: &[u8], recovery_id: u8, address: &[u8], message: &[u8]) -> Vec<u8> {
    let signature_at = 12u16;
    let address_at = signature_at + 65;
    let message_at = address_at + 20;
    let mut data = vec![1];
    data.extend(signature_at.to_le_bytes());
    data.push(0);
    data.extend(address_at.to_le_bytes());
    data.push(0);
    data.extend(message_at.to_le_bytes());
    data.extend((message.len() as u16).to_le_bytes());
    data.push(0);
    [&data[..], signature, &[recovery_id], address, message].concat()
}

fn ethereum_address(key: &k256::ecdsa::VerifyingKey) -> Vec<u8> {
    Keccak256::digest(&key.to_encoded_point(false).as_bytes()[1..])[12..].to_vec()
}

struct Secp256k1Parts {
    signature: k256::ecdsa::Signature,
    recovery_id: u8,
    address: Vec<u8>,
}

fn secp256k1_parts() -> Secp256k1Parts {
    let signer = k256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let (signature, recovery_id) = signer.sign_digest_recoverable(Keccak256::new_with_prefix(MESSAGE)).unwrap();
    let address = ethereum_address(signer.verifying_key());
    Secp256k1Parts { signature, recovery_id: recovery_id.to_byte(), address }
}

#[test]
fn secp256k1_accepts_either_half_of_s() {
    let Secp256k1Parts { signature, recovery_id, address } = secp256k1_parts();
    let data = secp256k1_instruction(&signature.to_bytes(), recovery_id, &address, MESSAGE);
    assert_eq!(run(secp256k1_program::ID, data), Ok(()));
    let high = k256::ecdsa::Signature::from_scalars(signature.r(), -*signature.s()).unwrap();
    let data = secp256k1_instruction(&high.to_bytes(), recovery_id ^ 1, &address, MESSAGE);
    assert_eq!(run(secp256k1_program::ID, data), Ok(()));
    assert_eq!(run(secp256k1_program::ID, vec![0]), Ok(()), "no signatures at all");
}

#[test]
fn secp256k1_refuses() {
    let Secp256k1Parts { signature, recovery_id, address } = secp256k1_parts();
    let signature = signature.to_bytes().to_vec();
    let data = |signature: &[u8], id: u8| secp256k1_instruction(signature, id, &address, MESSAGE);
    let run = |data: Vec<u8>| run(secp256k1_program::ID, data);
    let good = data(&signature, recovery_id);

    for data in [vec![], vec![0, 0], vec![1], good[..11].to_vec()] {
        assert_eq!(run(data), Err(BAD_SIZE));
    }
    let changed = |at: usize, byte: u8| {
        let mut data = good.clone();
        data[at] = byte;
        run(data)
    };
    assert_eq!(changed(3, 1), Err(BAD_SIZE), "the signature is in an instruction that is not there");
    assert_eq!(changed(6, 1), Err(BAD_OFFSETS), "the address is");
    assert_eq!(changed(11, 1), Err(BAD_OFFSETS), "the message is");
    assert_eq!(changed(2, 0xff), Err(BAD_SIGNATURE), "the signature is beyond the data");
    assert_eq!(changed(5, 0xff), Err(BAD_SIGNATURE), "the address is");
    assert_eq!(changed(10, 0xff), Err(BAD_SIGNATURE), "the message is");
    assert_eq!(run(good[..76].to_vec()), Err(BAD_SIGNATURE), "no recovery id");

    assert_eq!(run(data(&signature, 4)), Err(BAD_RECOVERY_ID));
    assert_eq!(run(data(&signature, recovery_id ^ 1)), Err(BAD_SIGNATURE));
    assert_eq!(run(data(&signature, recovery_id | 2)), Err(BAD_SIGNATURE), "x would be beyond the field");
    let half = |range: std::ops::Range<usize>, byte: u8| {
        let mut signature = signature.clone();
        signature[range].fill(byte);
        signature
    };
    assert_eq!(run(data(&half(0..32, 0xff), 4)), Err(BAD_SIGNATURE), "r is beyond the order: told before the id");
    assert_eq!(run(data(&half(32..64, 0xff), 4)), Err(BAD_SIGNATURE), "s is");
    assert_eq!(run(data(&half(0..32, 0), 4)), Err(BAD_RECOVERY_ID), "zero is told after the id");
    assert_eq!(run(data(&half(0..32, 0), 0)), Err(BAD_SIGNATURE));
    assert_eq!(run(data(&half(32..64, 0), 0)), Err(BAD_SIGNATURE));
    let mut other = address.clone();
    other[19] ^= 1;
    assert_eq!(run(secp256k1_instruction(&signature, recovery_id, &other, MESSAGE)), Err(BAD_SIGNATURE));
    assert_eq!(run(secp256k1_instruction(&signature, recovery_id, &address, b"")), Err(BAD_SIGNATURE));
}

/// A signature whose R has x ≥ the group order cannot be found by signing; it can be made backwards, for the key that
/// recovery gives. x = n + 2 is on the curve, so r = 2 with the overflow bit set must recover a key, and not fail.
#[test]
fn secp256k1_overflowing_x() {
    use k256::{
        AffinePoint, FieldBytes, ProjectivePoint, Scalar, U256,
        elliptic_curve::{Curve, bigint::Encoding, ops::Reduce, point::DecompressPoint},
    };
    let small = (1u64..100).find_map(|r| {
        let x = k256::Secp256k1::ORDER.wrapping_add(&U256::from_u64(r)).to_be_bytes();
        let point = AffinePoint::decompress(&FieldBytes::from(x), 0.into());
        Option::<AffinePoint>::from(point).map(|point| (r, point))
    });
    let (r, point) = small.expect("about half of all x are on the curve");
    let (r, s) = (Scalar::from(r), Scalar::from(5u64));
    let hash = <Scalar as Reduce<U256>>::reduce_bytes(&Keccak256::digest(MESSAGE));
    let inverse = r.invert().unwrap();
    let key = ProjectivePoint::from(point) * (inverse * s) - ProjectivePoint::GENERATOR * (inverse * hash);
    let key = key.to_affine();
    assert!(!bool::from(key.is_identity()));
    let address = &Keccak256::digest(&key.to_encoded_point(false).as_bytes()[1..])[12..];
    let signature = [r.to_bytes(), s.to_bytes()].concat();
    let run = |id| run(secp256k1_program::ID, secp256k1_instruction(&signature, id, address, MESSAGE));
    assert_eq!(run(2), Ok(()));
    assert_eq!(run(0), Err(BAD_SIGNATURE), "without the overflow bit it is another point or none");
}

#[test]
fn precompiles_are_not_builtins() {
    let runtime = heddle_programs::runtime();
    for program in [ed25519_program::ID, secp256k1_program::ID, secp256r1_program::ID] {
        assert!(runtime.builtin(&program).is_none() && runtime.precompile(&program).is_some());
    }
    assert!(runtime.builtin(&system_program::ID).is_some());
}
