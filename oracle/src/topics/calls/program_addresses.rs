//! `sol_create_program_address`, `sol_try_find_program_address`.

use super::{Call, OUT, OUT_2};
use crate::{
    case::address,
    environment::MACHINE,
    machine::{HEAP, Image},
};
use solana_address::Address;

const CREATE: &str = "sol_create_program_address";
const FIND: &str = "sol_try_find_program_address";

/// A seed whose address with bump 255 is on the curve, and the bump that is found for it.
fn seed_with_search() -> (Vec<u8>, u8) {
    let found = |seed: &[u8]| Address::find_program_address(&[seed], &address(MACHINE)).1;
    let seed = (0u8..).map(|number| vec![b's', number]).find(|seed| found(seed) < 254).expect("one in four");
    let bump = found(&seed);
    (seed, bump)
}

pub fn calls() -> Vec<Call> {
    let mut image = Image::payload();
    let program = image.put(address(MACHINE));
    let (seed, bump) = seed_with_search();
    let create = image.put_slices(&[seed.as_slice(), &[bump]]);
    let find = image.put_slices(&[seed.as_slice()]);
    vec![
        Call::new("create_program_address", CREATE, image.clone(), &[create, 2, program, OUT])
            .with(&[0, 2, 3], &[1])
            .gives(OUT, 32),
        Call::new("try_find_program_address", FIND, image.clone(), &[find, 1, program, OUT, OUT_2])
            .with(&[0, 2, 3, 4], &[1])
            .gives(OUT, 32),
    ]
}

pub fn edges() -> Vec<Call> {
    let mut image = Image::payload();
    let program = image.put(address(MACHINE));
    let (seed, bump) = seed_with_search();
    let on_curve = image.put_slices(&[seed.as_slice(), &[bump + 1]]);
    let empty = image.put_slices(&[b"".as_slice(); 17]);
    let long = image.put([9; 33]);
    let of = |image: &mut Image, length: u64| image.put_words(&[long, length]);
    let (length_32, length_33) = (of(&mut image, 32), of(&mut image, 33));
    let null_seed = image.put_words(&[0, 1]);
    let null_empty = image.put_words(&[0, 0]);
    let length_max = image.put_words(&[long, u64::MAX]);
    let create = |name: &str, seeds, count| {
        let arguments = [seeds, count, program, OUT];
        Call::new(format!("create_program_address_{name}"), CREATE, image.clone(), &arguments).gives(OUT, 32)
    };
    let find = |name: &str, seeds, count| {
        let arguments = [seeds, count, program, OUT, OUT_2];
        Call::new(format!("try_find_program_address_{name}"), FIND, image.clone(), &arguments).gives(OUT, 32)
    };
    let mut calls = vec![
        create("on_curve", on_curve, 2),
        create("no_seeds", empty, 0),
        create("null_and_no_seeds", 0, 0),
        create("16_seeds", empty, 16),
        create("17_seeds", empty, 17).aborts(),
        create("2_to_60_seeds", empty, 1 << 60).aborts(),
        create("seed_of_32", length_32, 1),
        create("seed_of_33", length_33, 1).aborts(),
        create("null_seed", null_seed, 1).aborts(),
        create("null_empty_seed", null_empty, 1),
        create("seed_length_max", length_max, 1).aborts(),
        find("no_seeds", empty, 0),
        find("15_seeds", empty, 15),
        find("16_seeds", empty, 16),
        find("17_seeds", empty, 17).aborts(),
        find("seed_of_32", length_32, 1),
        find("seed_of_33", length_33, 1).aborts(),
        find("null_seed", null_seed, 1).aborts(),
        find("bump_in_address", empty, 1).but("try_find_program_address_bump_in_address", 4, OUT + 31).aborts(),
        find("bump_behind_address", empty, 1).but("try_find_program_address_bump_behind_address", 4, OUT + 32),
        find("address_over_seeds", empty, 1).but("try_find_program_address_at_program", 3, program),
        create("over_program", empty, 1).but("create_program_address_over_program", 3, program),
        create("unaligned_result", empty, 1).but("create_program_address_unaligned_result", 3, HEAP + 0x1001),
    ];
    for call in &mut calls {
        // Whether an address is on the curve is a matter of luck; both answers are results.
        if call.syscall == FIND && call.name.ends_with("16_seeds") {
            call.expect = crate::case::Expect::Anything;
        }
    }
    calls
}
