//! The sysvar getters, `sol_get_sysvar`, `sol_get_epoch_stake`.

use super::{Call, OUT};
use crate::{
    case::address,
    machine::{HEAP, INPUT, Image},
};
use solana_address::Address;
use solana_sdk_ids::sysvar;

/// Name, address, and bytes of a sysvar as a program may read it; those without bytes are not readable.
const SYSVARS: [(&str, Address, u64); 11] = [
    ("clock", sysvar::clock::ID, 40),
    ("epoch_schedule", sysvar::epoch_schedule::ID, 33),
    ("rent", sysvar::rent::ID, 17),
    ("last_restart_slot", sysvar::last_restart_slot::ID, 8),
    ("epoch_rewards", sysvar::epoch_rewards::ID, 81),
    ("slot_hashes", sysvar::slot_hashes::ID, 20_488),
    ("stake_history", sysvar::stake_history::ID, 16_392),
    ("recent_blockhashes", sysvar::recent_blockhashes::ID, 0),
    ("slot_history", sysvar::slot_history::ID, 0),
    ("fees", sysvar::fees::ID, 0),
    ("instructions", sysvar::instructions::ID, 0),
];

/// Getter, and bytes of what it writes.
const GETTERS: [(&str, &str, u64); 5] = [
    ("get_clock", "sol_get_clock_sysvar", 40),
    ("get_epoch_schedule", "sol_get_epoch_schedule_sysvar", 40),
    ("get_rent", "sol_get_rent_sysvar", 24),
    ("get_last_restart_slot", "sol_get_last_restart_slot", 8),
    ("get_epoch_rewards", "sol_get_epoch_rewards_sysvar", 96),
];

pub fn calls() -> Vec<Call> {
    let mut calls: Vec<Call> = GETTERS
        .iter()
        .map(|(name, syscall, size)| {
            Call::new(*name, syscall, Image::payload(), &[OUT]).with(&[0], &[]).gives(OUT, *size)
        })
        .collect();
    let mut image = Image::payload();
    let (clock, vote) = (image.put(sysvar::clock::ID), image.put(address("vote account")));
    let arguments = [clock, OUT, 0, 40];
    calls.push(
        Call::new("get_sysvar", "sol_get_sysvar", image.clone(), &arguments).with(&[0, 1], &[2, 3]).gives(OUT, 40),
    );
    calls.push(Call::new("get_epoch_stake", "sol_get_epoch_stake", image, &[vote]).with(&[0], &[]));
    calls
}

pub fn edges() -> Vec<Call> {
    let mut calls = vec![Call::new("get_epoch_stake_total", "sol_get_epoch_stake", Image::payload(), &[0])];
    for (name, syscall, _) in GETTERS {
        let to = |label: &str, at| Call::new(format!("{name}_{label}"), syscall, Image::payload(), &[at]);
        calls.push(to("unaligned", OUT + 4).aborts());
        calls.push(to("odd", OUT + 1).aborts());
        calls.push(
            to("at_heap_end", HEAP + 32 * 1024 - 8).but(format!("{name}_over_heap_end"), 0, HEAP + 32_767).aborts(),
        );
    }
    for (name, id, size) in SYSVARS {
        calls.extend(slices_of(name, id, size));
    }
    let unknown = slices_of("unknown", address("no sysvar"), 0);
    calls.extend(unknown);
    let mut image = Image::payload();
    let clock = image.put(sysvar::clock::ID);
    let to = |label: &str, arguments: [u64; 4]| {
        Call::new(format!("get_sysvar_{label}"), "sol_get_sysvar", image.clone(), &arguments)
    };
    calls.extend([
        to("unaligned_result", [clock, OUT + 1, 0, 40]),
        to("unaligned_id", [clock + 1, OUT, 0, 40]),
        to("offset_overflows", [clock, OUT, u64::MAX, 40]).aborts(),
        to("offset_overflows_with_nothing", [clock, OUT, u64::MAX, 0]),
        to("result_in_input", [clock, INPUT + 16, 0, 40]).aborts(),
        to("nothing_to_null", [clock, 0, 0, 0]),
        to("nothing_to_input", [clock, INPUT, 0, 0]).aborts(),
        to("over_its_id", [HEAP, HEAP, 0, 40]),
    ]);
    calls
}

fn slices_of(name: &str, id: Address, size: u64) -> Vec<Call> {
    let mut image = Image::payload();
    let id = image.put(id);
    let read = |label: &str, offset, length: u64| {
        Call::new(format!("get_sysvar_{name}_{label}"), "sol_get_sysvar", image.clone(), &[id, OUT, offset, length])
            .gives(OUT, length.clamp(1, 64))
    };
    vec![
        read("whole", 0, size.max(8)),
        read("nothing", 0, 0),
        read("nothing_at_end", size, 0),
        read("last_byte", size.saturating_sub(1), 1),
        read("one_behind", size, 1),
        read("too_long", 0, size + 1),
        read("inside", size / 2, size / 4),
        read("nothing_far_behind", u64::MAX, 0),
    ]
}
