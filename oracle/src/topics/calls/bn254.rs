//! `sol_alt_bn128_group_op` and `sol_alt_bn128_compression`, in both byte orders.

use super::{Call, OUT, hex, negated, swapped};
use crate::machine::{HEAP, Image};

const MODULUS: &str = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
const ORDER: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

/// The generator of the first group, (1, 2).
const G1: &str = "0000000000000000000000000000000000000000000000000000000000000001\
                      0000000000000000000000000000000000000000000000000000000000000002";

/// The generator of the second group; imaginary parts first.
const G2: &str = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2\
                  1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed\
                  090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b\
                  12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";

const LITTLE_ENDIAN: u64 = 0x80;

const GROUP_OP: &str = "sol_alt_bn128_group_op";
const COMPRESSION: &str = "sol_alt_bn128_compression";

/// One of the two byte orders.
#[derive(Clone, Copy)]
struct Order {
    name: &'static str,
    little: bool,
}

const ORDERS: [Order; 2] = [Order { name: "be", little: false }, Order { name: "le", little: true }];

impl Order {
    fn id(self, operation: u64) -> u64 {
        if self.little { operation | LITTLE_ENDIAN } else { operation }
    }

    fn g1(self, bytes: &[u8]) -> Vec<u8> {
        if self.little { swapped(bytes, 32) } else { bytes.to_vec() }
    }

    fn g2(self, bytes: &[u8]) -> Vec<u8> {
        if self.little { swapped(bytes, 64) } else { bytes.to_vec() }
    }

    /// A call on `input`, all of it or `length` bytes.
    fn call(self, label: &str, syscall: &'static str, operation: u64, input: &[u8], length: Option<u64>) -> Call {
        let mut image = Image::payload();
        let at = image.put(input);
        let arguments = [self.id(operation), at, length.unwrap_or(input.len() as u64), OUT];
        let (family, size) = match (syscall, operation) {
            (GROUP_OP, 0 | 2) => ("group", 64),
            (GROUP_OP, 3) => ("group", 32),
            (GROUP_OP, _) => ("group", 128),
            (_, 0) => ("compression", 32),
            (_, 1 | 2) => ("compression", 64),
            _ => ("compression", 128),
        };
        let name = format!("bn254_{family}_{operation}_{}{label}", self.name);
        Call::new(name, syscall, image, &arguments).with(&[1, 3], &[2]).gives(OUT, size)
    }
}

fn small_scalar() -> Vec<u8> {
    [vec![0; 30], vec![2, 9]].concat()
}

/// Operation, and big-endian parts of an input that it takes: first group, second group, numbers.
enum Part {
    First(Vec<u8>),
    Second(Vec<u8>),
}

fn input(order: Order, parts: &[Part]) -> Vec<u8> {
    parts
        .iter()
        .flat_map(|part| match part {
            Part::First(bytes) => order.g1(bytes),
            Part::Second(bytes) => order.g2(bytes),
        })
        .collect()
}

/// The valid input of each group operation.
fn group_inputs() -> Vec<(u64, Vec<Part>)> {
    let (g1, g2) = (|| Part::First(hex(G1)), || Part::Second(hex(G2)));
    let scalar = || Part::First(small_scalar());
    let pair = || vec![g1(), g2()];
    vec![
        (0, vec![g1(), g1()]),
        (2, vec![g1(), scalar()]),
        (3, pair()),
        (4, vec![g2(), g2()]),
        (6, vec![g2(), scalar()]),
    ]
}

pub fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for order in ORDERS {
        for (operation, parts) in group_inputs() {
            calls.push(order.call("", GROUP_OP, operation, &input(order, &parts), None));
        }
        let x = |text: &str, length: usize| hex(text)[..length].to_vec();
        calls.push(order.call("", COMPRESSION, 0, &order.g1(&hex(G1)), None));
        calls.push(order.call("", COMPRESSION, 1, &order.g1(&x(G1, 32)), None));
        calls.push(order.call("", COMPRESSION, 2, &order.g2(&hex(G2)), None));
        calls.push(order.call("", COMPRESSION, 3, &order.g2(&x(G2, 64)), None));
    }
    calls
}

pub fn edges() -> Vec<Call> {
    let mut calls = Vec::new();
    for order in ORDERS {
        calls.extend(lengths(order));
        calls.extend(bad_points(order));
        calls.extend(pairings(order));
        calls.extend(compressions(order));
    }
    for operation in [1, 5, 7, 8, 0x81, 0x85, 0x100, u64::MAX] {
        let arguments = [operation, HEAP, 128, OUT];
        let name = format!("bn254_group_unknown_{operation}");
        calls.push(Call::new(name, GROUP_OP, Image::payload(), &arguments).aborts());
    }
    for operation in [4, 5, 0x7f, 0x84, 0x100, u64::MAX] {
        let arguments = [operation, HEAP, 64, OUT];
        let name = format!("bn254_compression_unknown_{operation}");
        calls.push(Call::new(name, COMPRESSION, Image::payload(), &arguments).aborts());
    }
    calls
}

fn lengths(order: Order) -> Vec<Call> {
    let mut calls = Vec::new();
    for (operation, parts) in group_inputs() {
        let bytes = input(order, &parts);
        let length = bytes.len() as u64;
        for (label, given) in [("_empty", 0), ("_first_only", length / 2), ("_one_less", length - 1)] {
            calls.push(order.call(label, GROUP_OP, operation, &bytes, Some(given)));
        }
        let longer = [bytes, vec![0; 8]].concat();
        calls.push(order.call("_one_more", GROUP_OP, operation, &longer, Some(length + 1)));
    }
    calls
}

fn bad_points(order: Order) -> Vec<Call> {
    let (modulus, field_order) = (hex(MODULUS), hex(ORDER));
    let mut calls = Vec::new();
    let g1_forms: Vec<(&str, Vec<u8>)> = vec![
        ("_infinity", vec![0; 64]),
        ("_off_curve", [vec![0; 31], vec![1], vec![0; 31], vec![3]].concat()),
        ("_x_modulus", [modulus.clone(), vec![0; 32]].concat()),
        ("_ones", vec![0xff; 64]),
        ("_negative", [hex(G1)[..32].to_vec(), negated(&modulus, &hex(G1)[32..])].concat()),
    ];
    for (label, form) in g1_forms {
        let (good, bad) = (order.g1(&hex(G1)), order.g1(&form));
        calls.push(order.call(&format!("{label}_right"), GROUP_OP, 0, &[good.clone(), bad.clone()].concat(), None));
        calls.push(order.call(&format!("{label}_left"), GROUP_OP, 0, &[bad.clone(), good].concat(), None));
        calls.push(order.call(label, GROUP_OP, 2, &[bad, order.g1(&small_scalar())].concat(), None));
    }
    let mut g2_off_curve = hex(G2);
    g2_off_curve[127] ^= 1;
    let g2_forms: Vec<(&str, Vec<u8>)> = vec![
        ("_infinity", vec![0; 128]),
        ("_off_curve", g2_off_curve),
        ("_x_modulus", [modulus, vec![0; 96]].concat()),
        ("_ones", vec![0xff; 128]),
    ];
    for (label, form) in g2_forms {
        let (good, bad) = (order.g2(&hex(G2)), order.g2(&form));
        calls.push(order.call(label, GROUP_OP, 4, &[good, bad.clone()].concat(), None));
        calls.push(order.call(label, GROUP_OP, 6, &[bad, order.g1(&small_scalar())].concat(), None));
    }
    for (label, scalar) in [("_by_zero", vec![0; 32]), ("_by_order", field_order), ("_by_ones", vec![0xff; 32])] {
        let scalar = order.g1(&scalar);
        calls.push(order.call(label, GROUP_OP, 2, &[order.g1(&hex(G1)), scalar.clone()].concat(), None));
        calls.push(order.call(label, GROUP_OP, 6, &[order.g2(&hex(G2)), scalar].concat(), None));
    }
    calls
}

fn pairings(order: Order) -> Vec<Call> {
    let (g1, g2) = (order.g1(&hex(G1)), order.g2(&hex(G2)));
    let negative = order.g1(&[hex(G1)[..32].to_vec(), negated(&hex(MODULUS), &hex(G1)[32..])].concat());
    let infinity = vec![0; 192];
    let cancel = [g1.as_slice(), &g2, &negative, &g2].concat();
    let with_infinity = [infinity, cancel.clone()].concat();
    let mut bad = cancel.clone();
    bad[0] ^= 1;
    vec![
        order.call("_cancels", GROUP_OP, 3, &cancel, None),
        order.call("_infinity_and_cancels", GROUP_OP, 3, &with_infinity, None),
        order.call("_bad_point", GROUP_OP, 3, &bad, None),
        order.call("_two_and_a_byte", GROUP_OP, 3, &[cancel, vec![0; 8]].concat(), Some(385)),
        order.call("_length_max", GROUP_OP, 3, &g1, Some(u64::MAX)).aborts(),
    ]
}

fn compressions(order: Order) -> Vec<Call> {
    let modulus = hex(MODULUS);
    let mut calls = Vec::new();
    for (operation, size) in [(0, 64), (1, 32), (2, 128), (3, 64)] {
        for (label, bytes) in [("_zeros", vec![0; size]), ("_ones", vec![0xff; size])] {
            calls.push(order.call(label, COMPRESSION, operation, &bytes, None));
        }
        for (label, length) in [("_empty", 0), ("_one_less", size as u64 - 1), ("_one_more", size as u64 + 1)] {
            calls.push(order.call(label, COMPRESSION, operation, &vec![0; size + 8], Some(length)));
        }
        calls.push(order.call("_length_max", COMPRESSION, operation, &[0; 8], Some(u64::MAX)).aborts());
    }
    for (label, flags) in [("_sign", 0x80), ("_infinity", 0x40), ("_both", 0xc0)] {
        let mut x = hex(G1)[..32].to_vec();
        x[0] |= flags;
        calls.push(order.call(label, COMPRESSION, 1, &order.g1(&x), None));
        let mut x = hex(G2)[..64].to_vec();
        x[0] |= flags;
        calls.push(order.call(label, COMPRESSION, 3, &order.g2(&x), None));
    }
    let negative = [hex(G1)[..32].to_vec(), negated(&modulus, &hex(G1)[32..])].concat();
    calls.push(order.call("_negative", COMPRESSION, 0, &order.g1(&negative), None));
    calls.push(order.call("_modulus", COMPRESSION, 1, &order.g1(&modulus), None));
    calls.push(order.call("_x_4", COMPRESSION, 1, &order.g1(&[vec![0; 31], vec![4]].concat()), None));
    calls.push(order.call("_x_1", COMPRESSION, 3, &order.g2(&[vec![0; 63], vec![1]].concat()), None));
    let off_curve = [vec![0; 31], vec![1], vec![0; 31], vec![3]].concat();
    calls.push(order.call("_off_curve", COMPRESSION, 0, &order.g1(&off_curve), None));
    calls
}
