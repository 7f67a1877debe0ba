//! No bytes panic anything: random data, and random data behind tags that programs know.

use heddle_parse::{
    Mint, MintFacts, TokenAccount, is_memo_program, is_token_program, parse_account, parse_instruction, token_amount,
};
use heddle_types::{Pubkey, ids};
use proptest::{collection::vec, prelude::*, sample::select};

fn programs() -> Vec<Pubkey> {
    let others = [
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
        "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
        "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
    ];
    let mut programs = others.map(|key| key.parse().unwrap()).to_vec();
    programs.extend([
        ids::system_program::ID,
        ids::stake::ID,
        ids::vote::ID,
        ids::config::ID,
        ids::sysvar::ID,
        ids::address_lookup_table::ID,
        ids::bpf_loader::ID,
        ids::bpf_loader_upgradeable::ID,
    ]);
    programs
}

fn sysvars() -> Vec<Pubkey> {
    use ids::sysvar;
    vec![
        sysvar::clock::ID,
        sysvar::epoch_schedule::ID,
        sysvar::epoch_rewards::ID,
        sysvar::fees::ID,
        sysvar::last_restart_slot::ID,
        sysvar::recent_blockhashes::ID,
        sysvar::rent::ID,
        sysvar::rewards::ID,
        sysvar::slot_hashes::ID,
        sysvar::slot_history::ID,
        sysvar::stake_history::ID,
    ]
}

/// Small bytes first, so that tags, options and lengths are often valid.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let small = prop_oneof![4 => 0..4u8, 1 => any::<u8>()];
    let sizes = prop_oneof![3 => 0..400usize, 1 => select(vec![82, 165, 355, 3762])];
    (vec(small, 0..24), sizes, any::<u8>(), vec(any::<u8>(), 0..200)).prop_map(|(mut head, size, filler, tail)| {
        head.resize(head.len().max(size.saturating_sub(tail.len())), filler);
        head.extend(tail);
        head
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn instructions(
        program in select(programs()), first in prop_oneof![0..48u8, any::<u8>()], account_count in 0..12usize,
        mut data in data(),
    ) {
        if let Some(tag) = data.first_mut() {
            *tag = first;
        }
        let accounts = vec![program; account_count];
        if let Some(parsed) = parse_instruction(&program, &accounts, &data) {
            prop_assert!(is_memo_program(&program) || parsed.parsed["type"].is_string());
        }
    }

    #[test]
    fn accounts(owner in select(programs()), key in select(sysvars()), data in data()) {
        let facts = MintFacts::with_decimals(data.len() as u8);
        if let Some(parsed) = parse_account(&key, &owner, &data, Some(&facts)) {
            prop_assert!(parsed.parsed["type"].is_string());
            prop_assert_eq!(parsed.program.starts_with("spl-token"), is_token_program(&owner));
        }
    }

    #[test]
    fn extensions(
        is_mint: bool, kind in 0..30u8, size in 0..320u16, value in vec(any::<u8>(), 0..320), amount: u64, time: i64,
    ) {
        let mut data = vec![0; 165];
        if is_mint {
            data[45] = 1;
        } else {
            data[108] = 1;
        }
        data.push(if is_mint { 1 } else { 2 });
        data.extend([&[kind, 0][..], &size.to_le_bytes(), &value].concat());
        if data.len() != 355 {
            prop_assert_eq!(Mint::read(&data).is_some(), is_mint);
            prop_assert_eq!(TokenAccount::read(&data).is_some(), !is_mint);
        }
        let owner = programs()[1];
        let facts = MintFacts::read(&data, time).unwrap_or(MintFacts::with_decimals(kind));
        prop_assert_eq!(&token_amount(amount, &facts)["amount"], &amount.to_string());
        let parsed = parse_account(&owner, &owner, &data, Some(&facts));
        prop_assert_eq!(parsed.is_some(), data.len() != 355);
    }
}
