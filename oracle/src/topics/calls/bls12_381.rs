//! The curve syscalls on BLS12-381, in both byte orders.

use super::{Call, OUT, hex, negated, swapped};
use crate::machine::{HEAP, Image};

const MODULUS: &str =
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

/// The order of the groups, big-endian.
const ORDER: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";

const G1_X: &str = "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const G1_Y: &str = "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
/// The two parts of a coordinate in the field's extension, imaginary first.
const G2_X: [&str; 2] = [
    "13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e",
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8",
];
const G2_Y: [&str; 2] = [
    "0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be",
    "0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801",
];

/// Bit of the first byte (big-endian) of a compressed point, and of the point at infinity.
const COMPRESSED: u8 = 0x80;
const INFINITY: u8 = 0x40;

const BIG_ENDIAN: u64 = 0x80;

/// A group in one byte order.
struct Group {
    name: String,
    curve: u64,
    /// Bytes of a coordinate.
    size: usize,
    little: bool,
    generator: Vec<u8>,
}

impl Group {
    fn all() -> Vec<Self> {
        let g1 = [hex(G1_X), hex(G1_Y)].concat();
        let g2 = [hex(G2_X[0]), hex(G2_X[1]), hex(G2_Y[0]), hex(G2_Y[1])].concat();
        let mut groups = Vec::new();
        for (name, curve, size, generator) in [("g1", 5, 48, g1), ("g2", 6, 96, g2)] {
            for little in [false, true] {
                let order = if little { "le" } else { "be" };
                groups.push(Self {
                    name: format!("bls12_381_{name}_{order}"),
                    curve: if little { curve } else { curve | BIG_ENDIAN },
                    size,
                    little,
                    generator: generator.clone(),
                });
            }
        }
        groups
    }

    /// Big-endian coordinates in this byte order.
    fn ordered(&self, bytes: &[u8]) -> Vec<u8> {
        if self.little { swapped(bytes, self.size) } else { bytes.to_vec() }
    }

    fn scalar(&self, bytes: &[u8]) -> Vec<u8> {
        if self.little { swapped(bytes, 32) } else { bytes.to_vec() }
    }

    /// The generator's x, marked as compressed.
    fn compressed(&self) -> Vec<u8> {
        let mut bytes = self.generator[..self.size].to_vec();
        bytes[0] |= COMPRESSED;
        bytes
    }

    /// `length` zeros with these flags in the first byte.
    fn flagged(length: usize, flags: u8) -> Vec<u8> {
        let mut bytes = vec![0; length];
        bytes[0] = flags;
        bytes
    }

    fn call(&self, label: &str, syscall: &'static str, image: &Image, arguments: &[u64]) -> Call {
        let arguments = [&[self.curve], arguments].concat();
        Call::new(format!("{}_{label}", self.name), syscall, image.clone(), &arguments)
    }
}

fn small_scalar() -> Vec<u8> {
    [vec![0; 30], vec![1, 5]].concat()
}

pub fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for group in Group::all() {
        let mut image = Image::payload();
        let point = image.put(group.ordered(&group.generator));
        let number = image.put(group.scalar(&small_scalar()));
        let compressed = image.put(group.ordered(&group.compressed()));
        let length = 2 * group.size as u64;
        calls.push(group.call("validate", "sol_curve_validate_point", &image, &[point]).with(&[1], &[]));
        for (name, operation) in [("add", 0), ("subtract", 1), ("multiply", 2)] {
            let left = if name == "multiply" { number } else { point };
            calls.push(
                group
                    .call(name, "sol_curve_group_op", &image, &[operation, left, point, OUT])
                    .with(&[2, 3, 4], &[])
                    .gives(OUT, length),
            );
        }
        calls.push(
            group
                .call("decompress", "sol_curve_decompress", &image, &[compressed, OUT])
                .with(&[1, 2], &[])
                .gives(OUT, length),
        );
    }
    for little in [false, true] {
        let (image, left, right) = pairs(little, 1);
        let (name, curve) = if little { ("le", 4) } else { ("be", 4 | BIG_ENDIAN) };
        let arguments = [curve, 1, left, right, OUT];
        calls.push(
            Call::new(format!("bls12_381_pairing_{name}"), "sol_curve_pairing_map", image, &arguments)
                .with(&[2, 3, 4], &[1])
                .gives(OUT, 576),
        );
    }
    calls
}

/// `count` pairs of generators, every second first one negated, so that an even number gives one.
fn pairs(little: bool, count: usize) -> (Image, u64, u64) {
    let groups = Group::all();
    let (g1, g2) = (&groups[usize::from(little)], &groups[2 + usize::from(little)]);
    let negative = [hex(G1_X), negated(&hex(MODULUS), &hex(G1_Y))].concat();
    let left: Vec<Vec<u8>> =
        (0..count).map(|index| g1.ordered(if index % 2 == 0 { &g1.generator } else { &negative })).collect();
    let right = vec![g2.ordered(&g2.generator); count];
    let mut image = Image::payload();
    let (left, right) = (image.put(left.concat()), image.put(right.concat()));
    (image, left, right)
}

pub fn edges() -> Vec<Call> {
    let mut calls: Vec<Call> = Group::all().iter().flat_map(points).collect();
    calls.extend(Group::all().iter().flat_map(compressed_points));
    for (little, curve) in [(false, 4 | BIG_ENDIAN), (true, 4)] {
        let name = format!("bls12_381_pairing_{}", if little { "le" } else { "be" });
        let (image, left, right) = pairs(little, 2);
        let with = |label: &str, count, left, right| {
            let arguments = [curve, count, left, right, OUT];
            Call::new(format!("{name}_{label}"), "sol_curve_pairing_map", image.clone(), &arguments).gives(OUT, 576)
        };
        calls.push(with("none", 0, left, right));
        calls.push(with("null_and_none", 0, 0, 0));
        calls.push(with("two_that_cancel", 2, left, right));
        calls.push(with("not_points", 1, HEAP, HEAP));
        calls.push(with("first_not_a_point", 1, HEAP, right));
        calls.push(with("second_not_a_point", 1, left, HEAP));
        calls.push(with("eight_not_points", 8, HEAP, HEAP));
        calls.push(with("nine_not_points", 9, HEAP, HEAP));
        calls.push(with("count_max", u64::MAX, left, right).aborts());
        calls.push(with("200_pairs_cost_too_much", 200, left, right).aborts());
    }
    calls
}

fn points(group: &Group) -> Vec<Call> {
    let (size, length) = (group.size, 2 * group.size);
    let mut off_curve = group.generator.clone();
    off_curve[length - 1] ^= 1;
    let mut y_too_big = group.generator.clone();
    y_too_big[size..].fill(0xff);
    let modulus_x = [[hex(MODULUS), vec![0; size - 48]].concat(), vec![0; size]].concat();
    // (0, 2) is on the curve of the first group and has order 3.
    let small_order = [vec![0; length - 1], vec![2]].concat();
    let mut compressed_flag = group.generator.clone();
    compressed_flag[0] |= COMPRESSED;
    let mut sign_flag = group.generator.clone();
    sign_flag[0] |= 0x20;
    let candidates: Vec<(&str, Vec<u8>)> = vec![
        ("zeros", vec![0; length]),
        ("infinity", Group::flagged(length, INFINITY)),
        ("infinity_and_more", [Group::flagged(length - 1, INFINITY), vec![1]].concat()),
        ("infinity_with_sign", Group::flagged(length, INFINITY | 0x20)),
        ("off_curve", off_curve),
        ("too_big", y_too_big),
        ("modulus", modulus_x),
        ("small_order", small_order),
        ("flag_compressed", compressed_flag),
        ("flag_sign", sign_flag),
    ];
    let mut calls = Vec::new();
    for (label, bytes) in candidates {
        let mut image = Image::payload();
        let (good, bad) = (image.put(group.ordered(&group.generator)), image.put(group.ordered(&bytes)));
        let number = image.put(group.scalar(&small_scalar()));
        let out = length as u64;
        let operation = |name: &str, arguments: [u64; 4]| {
            group.call(&format!("{name}_{label}"), "sol_curve_group_op", &image, &arguments).gives(OUT, out)
        };
        calls.push(group.call(&format!("validate_{label}"), "sol_curve_validate_point", &image, &[bad]));
        calls.push(operation("add", [0, good, bad, OUT]));
        calls.push(operation("subtract", [1, bad, good, OUT]));
        calls.push(operation("multiply", [2, number, bad, OUT]));
    }
    let order = hex(ORDER);
    for (label, scalar) in [("zero", vec![0; 32]), ("order", order), ("ones", vec![0xff; 32])] {
        let mut image = Image::payload();
        let (good, number) = (image.put(group.ordered(&group.generator)), image.put(group.scalar(&scalar)));
        let call = group.call(&format!("multiply_by_{label}"), "sol_curve_group_op", &image, &[2, number, good, OUT]);
        calls.push(call.gives(OUT, length as u64));
    }
    calls
}

fn compressed_points(group: &Group) -> Vec<Call> {
    let size = group.size;
    let mut other_sign = group.compressed();
    other_sign[0] |= 0x20;
    let mut no_flag = group.compressed();
    no_flag[0] &= 0x7f;
    let mut too_big = vec![0xff; size];
    too_big[0] = COMPRESSED | 0x1f;
    let candidates: Vec<(&str, Vec<u8>)> = vec![
        ("other_sign", other_sign),
        ("no_flag", no_flag),
        ("too_big", too_big),
        ("zeros", vec![0; size]),
        ("flag_only", Group::flagged(size, COMPRESSED)),
        ("infinity", Group::flagged(size, COMPRESSED | INFINITY)),
        ("infinity_with_sign", Group::flagged(size, COMPRESSED | INFINITY | 0x20)),
        ("infinity_and_more", [Group::flagged(size - 1, COMPRESSED | INFINITY), vec![1]].concat()),
        ("one", [Group::flagged(size - 1, COMPRESSED), vec![1]].concat()),
        ("two", [Group::flagged(size - 1, COMPRESSED), vec![2]].concat()),
        ("three", [Group::flagged(size - 1, COMPRESSED), vec![3]].concat()),
    ];
    let mut calls = Vec::new();
    for (label, bytes) in candidates {
        let mut image = Image::payload();
        let at = image.put(group.ordered(&bytes));
        let call = group.call(&format!("decompress_{label}"), "sol_curve_decompress", &image, &[at, OUT]);
        calls.push(call.gives(OUT, 2 * size as u64));
    }
    calls
}
