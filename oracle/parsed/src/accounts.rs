//! Accounts of every owner, and amounts of every kind of mint.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use solana_nonce::{
    state::{Data, DurableNonce, State},
    versions::Versions,
};
use solana_program_option::COption;
use solana_program_pack::Pack;
use solana_pubkey::Pubkey;
use solana_sdk_ids::{self as ids, sysvar};
use solana_vote_interface::state::{VoteStateV3, VoteStateV4, VoteStateVersions};
use spl_token_2022_interface::{
    extension::{AccountType, ExtensionType},
    state::{Account, AccountState, Mint, Multisig},
};

use crate::{
    agave::{self, Facts},
    shape,
};

const SLOT_HISTORY_SIZE: usize = 1024 * 1024;
/// Longer data is not cut at every byte.
const CUT_MAX: usize = 5_000;

pub fn record(times: usize, random: &mut ChaCha8Rng) -> Vec<Value> {
    let mut cases = Vec::new();
    let key = Pubkey::new_from_array([9; 32]);
    for (owner, data) in states(random) {
        cases.push(case(&key, &owner, &data, times, random));
    }
    for (key, data) in sysvars(random) {
        cases.push(case(&key, &sysvar::ID, &data, times, random));
    }
    let owners = [
        ids::address_lookup_table::ID,
        ids::bpf_loader_upgradeable::ID,
        ids::config::ID,
        ids::system_program::ID,
        ids::stake::ID,
        ids::vote::ID,
        spl_token_interface::ID,
        spl_token_2022_interface::ID,
        Pubkey::new_from_array([3; 32]),
    ];
    for owner in owners {
        for size in [0, 1, 4, 24, 56, 80, 82, 120, 165, 166, 200, 355, 400] {
            let mut data = shape::bytes(random, size);
            for byte in data.iter_mut().take(8) {
                *byte %= 3;
            }
            cases.push(case(&key, &owner, &data, times, random));
        }
    }
    cases
}

/// Facts that token accounts are shown with: two decimals.
fn plain_mint() -> Vec<u8> {
    let mut data = vec![0; Mint::LEN];
    data[44] = 2;
    data[45] = 1;
    data
}

fn case(key: &Pubkey, owner: &Pubkey, data: &[u8], times: usize, random: &mut ChaCha8Rng) -> Value {
    let mint = plain_mint();
    let ask = |data: &[u8]| {
        let facts = Facts { mint: &mint, unix_timestamp: 0 };
        ones(agave::account(key, owner, data, Some(facts)))
    };
    let by_size = if data.len() <= CUT_MAX {
        shape::changes((0..=data.len()).map(|size| ask(&data[..size])))
    } else {
        json!([[data.len(), ask(data)]])
    };
    let longer = ask(&[data, &[0]].concat());
    let whole = ask(data);
    let damaged = if data.len() <= CUT_MAX { 2 * times } else { 0 };
    let damaged = (0..damaged)
        .map(|_| {
            let data = shape::damaged(data, random);
            json!([shape::pieces(&data), ask(&data)])
        })
        .collect::<Vec<_>>();
    json!({
        "key": key.to_string(), "owner": owner.to_string(), "data": shape::pieces(data), "by_size": by_size,
        "longer": if longer == whole { json!("same") } else { longer },
        "without_mint": agave::account(key, owner, data, None).is_null(), "damaged": damaged,
    })
}

/// A slot history's million characters as the indices of its ones.
fn ones(mut answer: Value) -> Value {
    if let Some(bits) = answer.pointer_mut("/1/info/bits") {
        let text = bits.as_str().expect("text");
        assert_eq!(text.len(), SLOT_HISTORY_SIZE);
        *bits = text.bytes().enumerate().filter(|(_, byte)| *byte == b'1').map(|(index, _)| index).collect();
    }
    answer
}

fn key(random: &mut ChaCha8Rng) -> Pubkey {
    Pubkey::try_from(shape::bytes(random, 32).as_slice()).unwrap()
}

fn states(random: &mut ChaCha8Rng) -> Vec<(Pubkey, Vec<u8>)> {
    let mut states = natives(random);
    states.extend(votes(random).into_iter().map(|data| (ids::vote::ID, data)));
    for (index, data) in tokens(random).into_iter().enumerate() {
        let owner = if index % 3 == 0 { spl_token_interface::ID } else { spl_token_2022_interface::ID };
        states.push((owner, data));
    }
    states
}

fn natives(random: &mut ChaCha8Rng) -> Vec<(Pubkey, Vec<u8>)> {
    let nonce = |state: State| [Versions::Legacy(Box::new(state.clone())), Versions::Current(Box::new(state))];
    let data = Data::new(key(random), DurableNonce::from_blockhash(&solana_hash::Hash::new_from_array([4; 32])), 5_000);
    let nonces = [nonce(State::Uninitialized), nonce(State::Initialized(data))].concat();
    let mut states =
        nonces.iter().map(|nonce| (ids::system_program::ID, bincode::serialize(nonce).unwrap())).collect::<Vec<_>>();
    let mut add = |owner: Pubkey, parts: &[&[u8]]| states.push((owner, parts.concat()));
    let keys = shape::bytes(random, 200);
    let (table, loader, stake) = (ids::address_lookup_table::ID, ids::bpf_loader_upgradeable::ID, ids::stake::ID);
    add(table, &[&[0; 56]]);
    add(table, &[&[1, 0, 0, 0], &[255; 8], &keys[..9], &[1], &keys[9..41], &[0, 0], &keys[100..164]]);
    add(table, &[&[1, 0, 0, 0], &keys[..17], &[0], &[0; 34], &keys[100..132]]);
    add(loader, &[&[0; 40]]);
    add(loader, &[&[1, 0, 0, 0, 1], &keys[..50]]);
    add(loader, &[&[1, 0, 0, 0, 0], &keys[..9]]);
    add(loader, &[&[2, 0, 0, 0], &keys[..32]]);
    add(loader, &[&[3, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1], &keys[..40]]);
    add(loader, &[&[3, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0], &keys[..10]]);
    add(stake, &[&[0; 200]]);
    add(stake, &[&[1, 0, 0, 0], &keys[..120], &[0; 76]]);
    add(stake, &[&[2, 0, 0, 0], &keys, &[0; 3]]);
    add(stake, &[&[3, 0, 0, 0], &[0; 196]]);
    let info: Pubkey = "Va1idator1nfo111111111111111111111111111111".parse().unwrap();
    for text in [r#"{"name":"Wälidator","n":[1,2.5,null,{"z":1,"a":2}]}"#, "3", "{", ""] {
        let length = (text.len() as u64).to_le_bytes();
        add(ids::config::ID, &[&[2], info.as_ref(), &[0], &keys[..32], &[1], &length, text.as_bytes(), &[0; 20]]);
        add(ids::config::ID, &[&[1], &keys[..32], &[0], &length, text.as_bytes()]);
    }
    states
}

fn votes(random: &mut ChaCha8Rng) -> Vec<Vec<u8>> {
    let keys = shape::bytes(random, 400);
    let voter =
        [&2u64.to_le_bytes()[..], &9u64.to_le_bytes(), &keys[..32], &7u64.to_le_bytes(), &keys[32..64]].concat();
    let credits = [&2u64.to_le_bytes()[..], &keys[100..148]].concat();
    let roots: [&[u8]; 2] = [&[0], &[1, 5, 0, 0, 0, 0, 0, 0, 0]];
    let mut states = Vec::new();
    for root in roots {
        for (version, vote_size) in [(1, 12), (2, 13)] {
            let votes = [&2u64.to_le_bytes()[..], &keys[200..200 + 2 * vote_size]].concat();
            let head = [&[version, 0, 0, 0], &keys[..64], &[77], votes.as_slice()].concat();
            let prior = [1; 32 * 48 + 9];
            states.push([&head, root, &voter, &prior, &credits, &keys[300..316], &[0; 40]].concat());
        }
        let votes = [&1u64.to_le_bytes()[..], &keys[200..213]].concat();
        let bls: [&[u8]; 2] = [&[0], &[&[1], &keys[..48]].concat()];
        for bls in bls {
            let head = [&[3, 0, 0, 0], &keys[..140], bls, &votes].concat();
            states.push([&head, root, &voter, &credits, &keys[300..316]].concat());
        }
    }
    for version in [
        VoteStateVersions::new_v3(VoteStateV3::default()),
        VoteStateVersions::new_v4(VoteStateV4 { inflation_rewards_commission_bps: 65_535, ..VoteStateV4::default() }),
    ] {
        let mut data = bincode::serialize(&version).unwrap();
        data.resize(VoteStateV4::size_of(), 0);
        states.push(data);
    }
    states
}

/// The size of every extension, of token metadata without texts.
fn extension_size(kind: u16) -> usize {
    let kind = ExtensionType::try_from(kind).unwrap();
    let [with, without] = [vec![kind], vec![]].map(|kinds| match kind.get_account_type() {
        AccountType::Account => ExtensionType::try_calculate_account_len::<Account>(&kinds).unwrap_or(0),
        _ => ExtensionType::try_calculate_account_len::<Mint>(&kinds).unwrap_or(0),
    });
    let base = without.max(Account::LEN);
    with.saturating_sub(base + 1 + 4)
}

fn entry(kind: u16, value: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(value.len() as u16).to_le_bytes(), value].concat()
}

fn metadata(random: &mut ChaCha8Rng, additional: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let mut data = [shape::bytes(random, 64), text("Näme"), text("SYM"), text("")].concat();
    data.extend((additional.len() as u32).to_le_bytes());
    for (name, value) in additional {
        data.extend([text(name), text(value)].concat());
    }
    data
}

fn tokens(random: &mut ChaCha8Rng) -> Vec<Vec<u8>> {
    let mut states = Vec::new();
    for kind in 0..6 {
        let mut account = vec![0; Account::LEN];
        let some =
            |index: u32| if kind & 1 << index != 0 { COption::Some(key(&mut random.clone())) } else { COption::None };
        let base = Account {
            mint: key(&mut random.clone()),
            owner: Pubkey::new_from_array([8; 32]),
            amount: u64::MAX >> kind,
            delegate: some(0),
            state: [AccountState::Initialized, AccountState::Frozen, AccountState::Uninitialized][kind % 3],
            is_native: if kind & 2 != 0 { COption::Some(2_039_280) } else { COption::None },
            delegated_amount: 150,
            close_authority: some(2),
        };
        Account::pack(base, &mut account).unwrap();
        states.push(account);
        let mut mint = vec![0; Mint::LEN];
        let base = Mint {
            mint_authority: some(0),
            supply: 1 << kind,
            decimals: kind as u8,
            is_initialized: kind != 5,
            freeze_authority: some(1),
        };
        Mint::pack(base, &mut mint).unwrap();
        states.push(mint);
    }
    let (account, mint) = (states[0].clone(), [states[1].clone(), vec![0; Account::LEN - Mint::LEN]].concat());
    let mut signers = [Pubkey::default(); 11];
    signers[..3].fill_with(|| key(random));
    let mut multisig = vec![0; Multisig::LEN];
    Multisig::pack(Multisig { m: 2, n: 3, is_initialized: true, signers }, &mut multisig).unwrap();
    states.push(multisig);
    let mut all = [Vec::new(), Vec::new()];
    for kind in 1..29 {
        let size = extension_size(kind);
        let values = [shape::bytes(random, size), vec![0; size], shape::bytes(random, size + 1)];
        for (which, value) in values.iter().enumerate() {
            let entry = if kind == 19 {
                entry(kind, &metadata(random, &[("a", "b"), ("ü", "")][..which % 3]))
            } else {
                entry(kind, value)
            };
            // Behind the wrong base state nothing else can be told of it.
            let is_of_account = ExtensionType::try_from(kind).unwrap().get_account_type() == AccountType::Account;
            if which == 0 || is_of_account {
                states.push([account.as_slice(), &[2], &entry].concat());
            }
            if which == 0 || !is_of_account {
                states.push([mint.as_slice(), &[1], &entry].concat());
            }
            if which == 0 {
                all.iter_mut().for_each(|all| all.extend(&entry));
            }
        }
    }
    let [all, _] = all;
    states.push([account.as_slice(), &[2], &all, &all[..40]].concat());
    states.push([mint.as_slice(), &[1], &all, &[0, 0, 9, 9, 9]].concat());
    states.push([mint.as_slice(), &[1], &entry(200, &[1]), &entry(9, &[])].concat());
    states
}

fn sysvars(random: &mut ChaCha8Rng) -> Vec<(Pubkey, Vec<u8>)> {
    let list = |count: u64, size: usize| {
        let mut bytes = count.to_le_bytes().to_vec();
        bytes.extend((0..count as usize * size).map(|index| index as u8));
        bytes
    };
    let mut schedule = shape::bytes(random, 33);
    schedule[16] = 1;
    let mut rewards = shape::bytes(random, 81);
    rewards[80] = 1;
    let mut history = vec![1];
    history.extend(16_384u64.to_le_bytes());
    history.extend(vec![0; SLOT_HISTORY_SIZE / 8]);
    for (at, byte) in [(9, 1), (10, 0x80), (5_000, 0x55), (9 + SLOT_HISTORY_SIZE / 8 - 1, 0x81)] {
        history[at] = byte;
    }
    history.extend((SLOT_HISTORY_SIZE as u64).to_le_bytes());
    history.extend(42u64.to_le_bytes());
    let short_history = [&[1][..], &list(2, 8), &128u64.to_le_bytes(), &9u64.to_le_bytes()].concat();
    vec![
        (sysvar::clock::ID, shape::bytes(random, 40)),
        (sysvar::epoch_schedule::ID, schedule),
        (sysvar::fees::ID, shape::bytes(random, 8)),
        (sysvar::recent_blockhashes::ID, list(3, 40)),
        (sysvar::rent::ID, shape::bytes(random, 17)),
        (sysvar::rewards::ID, [1.5f64.to_le_bytes(), 0f64.to_le_bytes()].concat()),
        (sysvar::rewards::ID, [f64::NAN.to_le_bytes(), 0f64.to_le_bytes()].concat()),
        (sysvar::slot_hashes::ID, list(3, 40)),
        (sysvar::slot_hashes::ID, list(0, 0)),
        (sysvar::slot_history::ID, history),
        (sysvar::slot_history::ID, short_history),
        (sysvar::stake_history::ID, list(3, 32)),
        (sysvar::last_restart_slot::ID, shape::bytes(random, 8)),
        (sysvar::epoch_rewards::ID, rewards),
        (sysvar::instructions::ID, shape::bytes(random, 40)),
    ]
}

pub fn record_amounts(random: &mut ChaCha8Rng) -> Vec<Value> {
    let mut cases = Vec::new();
    let base = [plain_mint(), vec![0; Account::LEN - Mint::LEN], vec![1]].concat();
    for index in 0..150 {
        let mut mint = base.clone();
        mint[44] = [0, 2, 6, 9, 18, 19, 20, 30, 255][index % 9];
        let start: i64 = random.random_range(1_500_000_000..1_700_000_000);
        let (update, now) = (start + random.random_range(0..90_000_000), start + random.random_range(0..200_000_000));
        let rates: [i16; 2] = [random.random_range(-3_000..9_000), random.random_range(-3_000..9_000)];
        let interest = [
            &[0; 32][..],
            &start.to_le_bytes(),
            &rates[0].to_le_bytes(),
            &update.to_le_bytes(),
            &rates[1].to_le_bytes(),
        ];
        let multipliers: [f64; 2] = match index % 4 {
            0 => [1.0, 2.0],
            1 => [random.random_range(0.0..10.0), random.random_range(0.0..1e9)],
            2 => [f64::NAN, f64::INFINITY],
            _ => [1e-300, 1e300],
        };
        let scaled =
            [&[0; 32][..], &multipliers[0].to_le_bytes(), &update.to_le_bytes(), &multipliers[1].to_le_bytes()];
        match index % 5 {
            0 => mint.truncate(Mint::LEN),
            1 | 2 => mint.extend(entry(10, &interest.concat())),
            3 => mint.extend(entry(25, &scaled.concat())),
            _ => mint.extend([entry(25, &scaled.concat()), entry(10, &shape::bytes(random, 52))].concat()),
        }
        let amounts = [0, 1, 1_500_000, random.random(), u64::MAX];
        let facts = Facts { mint: &mint, unix_timestamp: now };
        let shown = amounts.map(|amount| json!([amount, agave::amount(amount, facts)]));
        cases.push(json!({ "mint": shape::pieces(&mint), "unix_timestamp": now, "amounts": shown }));
    }
    cases
}
