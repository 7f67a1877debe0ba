//! The curve syscalls on Curve25519, Edwards and Ristretto.

use super::{Call, OUT, hex};
use crate::machine::{HEAP, Image};

const CURVES: [(&str, u64, &str); 2] = [
    ("edwards", 0, "5866666666666666666666666666666666666666666666666666666666666666"),
    ("ristretto", 1, "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"),
];

/// The order of the prime-order group, little-endian.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

const OPERATIONS: [(&str, u64); 3] = [("add", 0), ("subtract", 1), ("multiply", 2)];

fn scalar(low: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = low;
    bytes[9] = 0x77;
    bytes
}

pub fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for (name, curve, base) in CURVES {
        let mut image = Image::payload();
        let point = image.put(hex(base));
        let number = image.put(scalar(5));
        let points = image.put([hex(base), hex(base)].concat());
        let numbers = image.put([scalar(3), scalar(200)].concat());
        let validate = [curve, point];
        calls.push(
            Call::new(format!("{name}_validate"), "sol_curve_validate_point", image.clone(), &validate).with(&[1], &[]),
        );
        for (operation, id) in OPERATIONS {
            let left = if operation == "multiply" { number } else { point };
            let arguments = [curve, id, left, point, OUT];
            calls.push(
                Call::new(format!("{name}_{operation}"), "sol_curve_group_op", image.clone(), &arguments)
                    .with(&[2, 3, 4], &[])
                    .gives(OUT, 32),
            );
        }
        let arguments = [curve, numbers, points, 2, OUT];
        calls.push(
            Call::new(format!("{name}_multiscalar"), "sol_curve_multiscalar_mul", image, &arguments)
                .with(&[1, 2, 4], &[3])
                .gives(OUT, 32),
        );
    }
    calls
}

pub fn edges() -> Vec<Call> {
    let mut calls = Vec::new();
    for (name, curve, base) in CURVES {
        calls.extend(points(name, curve, &hex(base)));
        calls.extend(multiscalar(name, curve, &hex(base)));
    }
    calls.extend(unknown());
    calls
}

fn points(name: &str, curve: u64, base: &[u8]) -> Vec<Call> {
    let mut image = Image::payload();
    let mut with_sign = base.to_vec();
    with_sign[31] |= 0x80;
    // The field's modulus, 2^255 - 19, is a second form of zero.
    let mut modulus = [0xff; 32];
    (modulus[0], modulus[31]) = (0xed, 0x7f);
    let candidates: Vec<(&str, Vec<u8>)> = vec![
        ("zero", vec![0; 32]),
        ("one", [vec![1], vec![0; 31]].concat()),
        ("two", [vec![2], vec![0; 31]].concat()),
        ("ones", vec![0xff; 32]),
        ("modulus", modulus.to_vec()),
        ("other_sign", with_sign),
        ("other_curve", hex(CURVES[1 - curve as usize].2)),
    ];
    let good = image.put(base);
    let placed: Vec<(&str, u64)> = candidates.into_iter().map(|(label, bytes)| (label, image.put(bytes))).collect();
    let mut calls = Vec::new();
    for (label, at) in placed {
        let call = |kind: &str, syscall, arguments: &[u64]| {
            Call::new(format!("{name}_{kind}_{label}"), syscall, image.clone(), arguments)
        };
        calls.push(call("validate", "sol_curve_validate_point", &[curve, at]));
        calls.push(call("add_left", "sol_curve_group_op", &[curve, 0, at, good, OUT]).gives(OUT, 32));
        calls.push(call("subtract_right", "sol_curve_group_op", &[curve, 1, good, at, OUT]).gives(OUT, 32));
        calls.push(call("multiply_point", "sol_curve_group_op", &[curve, 2, HEAP, at, OUT]).gives(OUT, 32));
        calls.push(call("multiply_scalar", "sol_curve_group_op", &[curve, 2, at, good, OUT]).gives(OUT, 32));
    }
    let order = {
        let mut image = Image::payload();
        let (order, good) = (image.put(hex(ORDER)), image.put(base));
        let arguments = [curve, 2, order, good, OUT];
        Call::new(format!("{name}_multiply_by_order"), "sol_curve_group_op", image, &arguments).gives(OUT, 32)
    };
    calls.push(order);
    calls
}

fn multiscalar(name: &str, curve: u64, base: &[u8]) -> Vec<Call> {
    let mut image = Image::payload();
    let points = image.put([base, &[0xff; 32]].concat());
    let numbers = image.put([[3; 32], [0xff; 32]].concat());
    let new = |label: &str, numbers: u64, points: u64, count: u64| {
        let arguments = [curve, numbers, points, count, OUT];
        Call::new(format!("{name}_multiscalar_{label}"), "sol_curve_multiscalar_mul", image.clone(), &arguments)
            .gives(OUT, 32)
    };
    let bytes = 512 * 32;
    vec![
        new("none", numbers, points, 0),
        new("null_and_none", 0, 0, 0),
        new("one", HEAP, points, 1),
        new("bad_scalar", numbers + 32, points, 1),
        new("big_scalar", numbers, points, 1),
        new("bad_second_point", HEAP, points, 2),
        new("512_of_zeros", HEAP, HEAP, 512),
        new("513", HEAP, HEAP, 513).aborts(),
        new("count_max", HEAP, HEAP, u64::MAX).aborts(),
        new("512_over_end", HEAP + 32 * 1024 - bytes + 1, HEAP, 512).aborts(),
    ]
}

fn unknown() -> Vec<Call> {
    let image = Image::payload();
    let mut calls = Vec::new();
    for curve in [2, 3, 4, 0x84, 7, u64::MAX] {
        let validate = [curve, HEAP];
        calls.push(Call::new(format!("validate_curve_{curve}"), "sol_curve_validate_point", image.clone(), &validate));
        let group = [curve, 0, HEAP, HEAP, OUT];
        calls.push(Call::new(format!("group_curve_{curve}"), "sol_curve_group_op", image.clone(), &group));
    }
    for curve in [2, 5, 0x85, u64::MAX] {
        let multi = [curve, HEAP, HEAP, 1, OUT];
        calls.push(Call::new(format!("multiscalar_curve_{curve}"), "sol_curve_multiscalar_mul", image.clone(), &multi));
    }
    for (curve, operation) in [(0, 3), (1, 3), (0, u64::MAX), (5, 3), (0x85, 3), (6, 3), (0x86, u64::MAX)] {
        let group = [curve, operation, HEAP, HEAP, OUT];
        let name = format!("group_curve_{curve}_operation_{operation}");
        calls.push(Call::new(name, "sol_curve_group_op", image.clone(), &group));
    }
    for curve in [0, 1, 4, 7, 0x80, u64::MAX] {
        let decompress = [curve, HEAP, OUT];
        calls.push(Call::new(format!("decompress_curve_{curve}"), "sol_curve_decompress", image.clone(), &decompress));
    }
    for curve in [0, 5, 6, 0x85, 7, u64::MAX] {
        let pairing = [curve, 1, HEAP, HEAP, OUT];
        calls.push(Call::new(format!("pairing_curve_{curve}"), "sol_curve_pairing_map", image.clone(), &pairing));
    }
    calls.into_iter().map(Call::aborts).collect()
}
