//! SHA-256, Keccak-256, Poseidon, secp256k1 recovery.

use super::{Call, OUT};
use crate::{
    case::Expect,
    machine::{HEAP, INPUT, Image},
};
use k256::ecdsa::{RecoveryId, SigningKey};
use sha2::{Digest, Sha256};

/// The order of BN254's scalar field: the modulus of Poseidon's inputs.
const POSEIDON_MODULUS: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

/// The order of secp256k1.
const SECP256K1_ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

pub fn calls() -> Vec<Call> {
    let mut image = Image::payload();
    let slices = image.put_slices(&[b"abc".as_slice(), b"", &[1; 64]]);
    let poseidon = image.put_slices(&[[1u8; 32], [2; 32]]);
    let (hash, signature, id) = recoverable();
    let (hash, signature) = (image.put(hash), image.put(signature));
    let new = |name: &str, syscall, arguments: &[u64]| Call::new(name, syscall, image.clone(), arguments);
    vec![
        new("sha256", "sol_sha256", &[slices, 3, OUT]).with(&[0, 2], &[1]).gives(OUT, 32),
        new("keccak256", "sol_keccak256", &[slices, 3, OUT]).with(&[0, 2], &[1]).gives(OUT, 32),
        new("poseidon", "sol_poseidon", &[0, 0, poseidon, 2, OUT]).with(&[2, 4], &[3]).gives(OUT, 32),
        new("secp256k1_recover", "sol_secp256k1_recover", &[hash, id, signature, OUT])
            .with(&[0, 2, 3], &[])
            .gives(OUT, 64),
    ]
}

fn recoverable() -> ([u8; 32], [u8; 64], u64) {
    let key = SigningKey::from_slice(&[0x42; 32]).expect("a scalar");
    let hash: [u8; 32] = Sha256::digest(b"heddle oracle").into();
    let (signature, id): (_, RecoveryId) = key.sign_prehash_recoverable(&hash).expect("a signature");
    (hash, signature.to_bytes().into(), u64::from(id.to_byte()))
}

pub fn edges() -> Vec<Call> {
    let mut calls = slices("sha256", "sol_sha256");
    calls.extend(slices("keccak256", "sol_keccak256"));
    calls.extend(poseidon());
    calls.extend(recoveries());
    calls
}

fn slices(name: &str, syscall: &'static str) -> Vec<Call> {
    let mut image = Image::payload();
    let new = |image: &Image, label: &str, at, count| {
        Call::new(format!("{name}_{label}"), syscall, image.clone(), &[at, count, OUT]).gives(OUT, 32)
    };
    let mut one = |address, length| image.put_words(&[address, length]);
    let (empty, null_empty, null) = (one(HEAP, 0), one(0, 0), one(0, 1));
    let lengths: Vec<(u64, u64)> =
        [1, 19, 20, 21, 22, 1_000, 28_671].into_iter().map(|length| (length, one(HEAP, length))).collect();
    let (over_end, length_max) = (one(HEAP, 32 * 1024 + 1), one(HEAP, u64::MAX));
    let wraps = one(u64::MAX, 2);
    let over_result = one(OUT - 8, 48);
    let mut calls = vec![
        new(&image, "none", HEAP, 0),
        new(&image, "null_and_none", 0, 0),
        new(&image, "empty", empty, 1),
        new(&image, "null_empty", null_empty, 1),
        new(&image, "null", null, 1).aborts(),
        new(&image, "over_end", over_end, 1).aborts(),
        new(&image, "length_max", length_max, 1).aborts(),
        new(&image, "wraps", wraps, 1).aborts(),
        new(&image, "over_its_result", over_result, 1),
        new(&image, "20000_slices", INPUT, 20_000).aborts(),
        new(&image, "20001_slices", INPUT, 20_001).aborts(),
        new(&image, "slices_max", INPUT, u64::MAX).aborts(),
        new(&image, "2047_empty_slices", HEAP, 2_047),
        new(&image, "result_unaligned", empty, 1).but(format!("{name}_result_unaligned"), 2, OUT + 3),
    ];
    calls.extend(lengths.into_iter().map(|(length, at)| new(&image, &format!("of_{length}"), at, 1)));
    calls
}

fn poseidon() -> Vec<Call> {
    let modulus = super::hex(POSEIDON_MODULUS);
    let mut below = modulus.clone();
    below[31] = 0;
    let mut image = Image::payload();
    let thirteen: Vec<[u8; 32]> = (0..13).map(|number| [number; 32]).collect();
    let all = image.put_slices(&thirteen);
    let big_endian = image.put_slices(&[modulus.clone()]);
    let little_endian = image.put_slices(&[super::swapped(&modulus, 32)]);
    let highest = image.put_slices(&[below]);
    let ones = image.put_slices(&[[0xffu8; 32]]);
    let odd = image.put([1; 33]);
    let short: Vec<(u64, u64)> =
        [0, 1, 31, 33].into_iter().map(|length| (length, image.put_words(&[odd, length]))).collect();
    let new = |label: String, arguments: [u64; 4]| {
        let [parameters, order, at, count] = arguments;
        let arguments = [parameters, order, at, count, OUT];
        Call::new(format!("poseidon_{label}"), "sol_poseidon", image.clone(), &arguments).gives(OUT, 32)
    };
    let mut calls: Vec<Call> = (0..=12).map(|count| new(format!("of_{count}"), [0, 0, all, count])).collect();
    calls.extend((1..=3).map(|count| new(format!("of_{count}_little_endian"), [0, 1, all, count])));
    calls.extend(short.into_iter().map(|(length, at)| new(format!("input_of_{length}"), [0, 0, at, 1])));
    calls.extend([
        new("of_13".into(), [0, 0, all, 13]).aborts(),
        new("count_max".into(), [0, 0, all, u64::MAX]).aborts(),
        new("parameters_1".into(), [1, 0, all, 1]).aborts(),
        new("byte_order_2".into(), [0, 2, all, 1]).aborts(),
        new("modulus".into(), [0, 0, big_endian, 1]),
        new("modulus_little_endian".into(), [0, 1, little_endian, 1]),
        new("highest".into(), [0, 0, highest, 1]),
        new("all_ones".into(), [0, 0, ones, 1]),
        new("unaligned".into(), [0, 0, all + 1, 1]).aborts(),
    ]);
    calls
}

fn recoveries() -> Vec<Call> {
    let mut image = Image::payload();
    let (hash_bytes, signature_bytes, id) = recoverable();
    let order = super::hex(SECP256K1_ORDER);
    let (r, s) = signature_bytes.split_at(32);
    let (hash, signature) = (image.put(hash_bytes), image.put(signature_bytes));
    let zeros = image.put([0; 64]);
    let ones = image.put([0xff; 64]);
    let order_hash = image.put(&order);
    let high_s = image.put([r, &super::negated(&order, s)].concat());
    let zero_s = image.put([r, &[0; 32]].concat());
    let zero_r = image.put([&[0; 32], s].concat());
    let order_r = image.put([&order, s].concat());
    let base = Call::new("", "sol_secp256k1_recover", image, &[hash, id, signature, OUT]).gives(OUT, 64);
    let but = |name: &str, argument, value| base.but(format!("secp256k1_recover_{name}"), argument, value);
    let mut calls = vec![
        but("other_id", 1, 1 - id),
        but("id_2", 1, 2),
        but("id_3", 1, 3),
        but("id_4", 1, 4),
        but("id_255", 1, 255),
        but("id_256", 1, 256),
        but("id_max", 1, u64::MAX),
        but("hash_zero", 0, zeros),
        but("hash_order", 0, order_hash),
        but("hash_ones", 0, ones),
        but("signature_zero", 2, zeros),
        but("signature_ones", 2, ones),
        but("high_s", 2, high_s),
        but("s_zero", 2, zero_s),
        but("r_zero", 2, zero_r),
        but("r_order", 2, order_r),
        but("unaligned", 3, OUT + 5),
        but("result_over_hash", 3, hash),
    ];
    calls.last_mut().expect("the list above").expect = Expect::Anything;
    calls
}
