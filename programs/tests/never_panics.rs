//! No bytes from outside reach a panic: any instruction data, any accounts, every native program.

mod common;

use common::{Instruction, Meta, World, budget, key};
use heddle_programs::{compute_budget_limits, runtime};
use heddle_types::{Account, Pubkey};
use proptest::{collection::vec, prelude::*, sample::select};
use solana_sdk_ids::{compute_budget, system_program, sysvar};

/// Data that often begins like an instruction: a small tag.
fn data() -> impl Strategy<Value = Vec<u8>> {
    (0..16u8, vec(any::<u8>(), 0..200)).prop_map(|(tag, rest)| [&[tag, 0, 0, 0][..], &rest].concat())
}

fn metas() -> impl Strategy<Value = Vec<Meta>> {
    let keys = vec![key(1), key(2), system_program::ID, sysvar::recent_blockhashes::ID, sysvar::rent::ID];
    let meta = (select(keys), any::<bool>(), any::<bool>());
    vec(meta.prop_map(|(key, is_signer, is_writable)| Meta { key, is_signer, is_writable }), 0..5)
}

proptest! {
    #[test]
    fn native_programs(index in 0..64usize, data in data(), metas in metas(), lamports: u64, state in vec(0..2u8, 0..90)) {
        let mut programs: Vec<Pubkey> = runtime().native_programs().copied().collect();
        programs.sort_unstable();
        let program = programs[index % programs.len()];
        let world = World::new().with(key(1), Account::new(lamports, &state, system_program::ID));
        let total: u128 = world.accounts.values().map(|account| u128::from(account.lamports)).sum();
        let outcome = world.run_all(&[Instruction { program, accounts: metas, data }], budget(10_000));
        if outcome.result.is_ok() {
            let untouched = world.accounts.iter().filter(|(key, _)| !outcome.accounts.contains_key(key));
            let after = outcome.accounts.values().chain(untouched.map(|(_, account)| account));
            prop_assert_eq!(after.map(|account| u128::from(account.lamports)).sum::<u128>(), total);
        }
    }

    #[test]
    fn signature_checkers(data in vec(0..40u8, 0..400)) {
        for program in [
            solana_sdk_ids::ed25519_program::ID,
            solana_sdk_ids::secp256k1_program::ID,
            solana_sdk_ids::secp256r1_program::ID,
        ] {
            let instruction = Instruction { program, accounts: vec![], data: data.clone() };
            let _ = World::new().run_all(&[instruction], budget(0));
        }
    }

    #[test]
    fn limits(requests in vec(vec(0..6u8, 0..10), 0..8)) {
        let requests = requests.iter().map(|data| (&compute_budget::ID, &data[..]));
        if let Ok(limits) = compute_budget_limits(requests) {
            prop_assert!(limits.compute_unit_limit <= 1_400_000 && limits.loaded_data_bytes_max > 0);
        }
    }
}
