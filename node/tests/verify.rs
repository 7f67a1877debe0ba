//! `heddle verify` on databases that are whole, pruned and altered.

mod common;

use common::*;
use heddle_engine::Engine;
use heddle_storage::{LedgerOptions, RocksOptions, RocksStore, Store, codec};
use heddle_types::{Account, AccountDigest, Pubkey};

#[test]
fn blocks_can_be_chosen() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = database(directory.path());
    let verify = |extra: &[&str]| heddle(&[&["verify", "--db", text(&path), "--json"], extra].concat());
    for slot in 1..=6u64 {
        let report = success(&verify(&["--slot", &slot.to_string()]));
        assert_eq!((&report["blocks"], &report["verified"]), (&1.into(), &1.into()), "slot {slot}");
        assert_eq!(report["start_slot"], slot - 1);
    }
    let report = success(&verify(&["--from", "2", "--to", "4", "--workers", "2"]));
    assert_eq!((&report["blocks"], &report["verified"], &report["ok"]), (&3.into(), &3.into(), &true.into()));
    let all = success(&verify(&[]));
    assert_eq!((&all["blocks"], &all["start_slot"], &all["overrides"]), (&6.into(), &0.into(), &0.into()));
    check_refused(&verify(&["--slot", "7"]), 1, "no block in slots 7 to 7; the newest is at slot 6");
    check_refused(&verify(&["--slot", "1", "--from", "1"]), 2, "--from");
}

#[test]
fn a_full_scan_finds_a_changed_account() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = database(directory.path());
    let verify = |extra: &[&str]| heddle(&[&["verify", "--db", text(&path), "--json"], extra].concat());
    let whole = success(&verify(&["--full-scan"]));
    let scan = &whole["full_scan"];
    assert_eq!((&scan["ok"], &scan["headers"], &scan["block_hashes"]), (&true.into(), &7.into(), &6.into()));
    assert_eq!((&scan["state_hash"], &whole["verified"]), (&whole["state_hash"], &6.into()));

    let key = RocksStore::open_read_only(&path).expect("opens").changes(6).expect("readable")[0].key;
    change(&path, "accounts", key.as_ref(), |mut record| {
        record[3] ^= 1;
        record
    });
    // Executing again starts at genesis: it does not see the account.
    assert_eq!(success(&verify(&[]))["ok"], true);
    let output = verify(&["--full-scan"]);
    check_refused(&output, 1, "contradicts itself");
    check_refused(&output, 1, &format!("account {key}\n  lamports    stored "));
    let report = json(&output);
    assert_eq!((&report["ok"], &report["full_scan"]["ok"]), (&false.into(), &false.into()));
    let told = &report["full_scan"]["differing"][0];
    assert_eq!((&told["address"], &told["recorded_at"]), (&key.to_string().into(), &6.into()));
    assert_ne!(told["stored"]["lamports"], told["replayed"]["lamports"]);
    assert_eq!(report["full_scan"]["differing"].as_array().map(Vec::len), Some(1));
}

#[test]
fn blocks_that_set_accounts_are_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = database(directory.path());
    let engine = Engine::builder().store(RocksStore::open(&path).expect("opens")).build().expect("an engine");
    let account = (Pubkey::new_from_array([9; 32]), Some(Account::with_lamports(5)));
    let executed = engine.override_accounts(engine.next_block(vec![]), vec![account]).expect("overrides");
    engine.commit_block(executed).expect("commits");
    drop(engine);
    let report = success(&heddle(&["verify", "--db", text(&path), "--json"]));
    assert_eq!((&report["verified"], &report["overrides"]), (&7.into(), &1.into()));
    let told = heddle(&["verify", "--db", text(&path)]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("1 of them set accounts from outside"));
    let file = directory.path().join("bundle");
    let exported = heddle(&["bundle", "export", "--db", text(&path), "--slots", "6..7", text(&file)]);
    check_refused(&exported, 1, "the block at slot 7 overrode accounts: no bundle holds such a block");
}

/// A change of the past that is told consistently: in the fingerprint and in what takes the next block back.
pub fn falsify(path: &std::path::Path, slot: u64) -> Pubkey {
    let history = RocksStore::open_read_only(path).expect("opens").history(slot + 1).expect("readable").expect("kept");
    let changed = RocksStore::open_read_only(path).expect("opens").changes(slot).expect("readable");
    // An account that both blocks changed, with data.
    let is_changed = |key: &Pubkey| changed.iter().any(|digest| digest.key == *key);
    let with_data = history
        .accounts
        .iter()
        .find(|(key, account)| is_changed(key) && account.as_ref().is_some_and(|account| account.data.len() == 165));
    let key = with_data.expect("a token account").0;
    let mut digest = None;
    change(path, "history", &(slot + 1).to_be_bytes(), |record| {
        let mut history = codec::decode_history(&record).expect("a record");
        let accounts = history.accounts.iter_mut().filter(|(of, _)| *of == key);
        for account in accounts.filter_map(|(_, account)| account.as_mut()) {
            account.data.make_mut()[140] ^= 0xff;
            digest = Some(AccountDigest::of(&key, Some(account)));
        }
        codec::encode_history(history.statuses_from_slot, &history.lattice, &history.accounts)
    });
    change(path, "changes", &slot.to_be_bytes(), |record| {
        let mut changes = codec::decode_changes(&record).expect("a record");
        changes.iter_mut().filter(|of| of.key == key).for_each(|of| *of = digest.expect("found"));
        codec::encode_changes(&changes)
    });
    key
}

#[test]
fn both_versions_of_an_account_are_shown_and_travel_in_a_bundle() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = database(directory.path());
    let key = falsify(&path, 3);
    let output = heddle(&["verify", "--db", text(&path), "--json"]);
    check_refused(&output, 1, &format!("the first difference: slot 3, account {key}, data: stored "));
    check_refused(&output, 1, "data 140..141 stored ff, replayed 00");
    let report = json(&output);
    assert_eq!((&report["verified"], &report["ok"]), (&2.into(), &false.into()));
    let told = &report["accounts"][0];
    assert_eq!((&told["address"], &told["data"][0]["begin"]), (&key.to_string().into(), &140.into()));
    assert_eq!((&told["data"][0]["stored"], &told["data"][0]["replayed"]), (&"ff".into(), &"00".into()));
    assert_eq!(told["stored"]["lamports"], told["replayed"]["lamports"]);

    // The file is written all the same: it is what one wants to look at elsewhere.
    let file = directory.path().join("bundle");
    let exported = heddle(&["bundle", "export", "--db", text(&path), "--slots", "2..5", text(&file), "--json"]);
    check_refused(&exported, 1, "slot 3");
    assert_eq!((&json(&exported)["blocks"], &json(&exported)["ok"]), (&2.into(), &false.into()));
    let run = heddle(&["bundle", "run", text(&file), "--workers", "2", "--json"]);
    check_refused(&run, 1, "data 140..141 stored ff, replayed 00");
    assert_eq!(json(&run)["difference"], report["difference"]);
    assert_eq!(json(&run)["accounts"], report["accounts"]);
    assert_eq!(json(&run)["verified"], 1);
}

/// A database of 40 empty blocks that keeps little.
fn pruned(path: &std::path::Path, history_slots: u64) {
    let ledger = LedgerOptions { keep_slots: Some(8), history_slots, ..LedgerOptions::default() };
    let options = RocksOptions { ledger: Some(ledger), ..RocksOptions::default() };
    let store = RocksStore::open_with(path, options).expect("opens");
    let engine = Engine::builder().store(store).build().expect("an engine");
    for _ in 0..40 {
        let executed = engine.execute_block(engine.next_block(vec![])).expect("executes");
        engine.commit_block(executed).expect("commits");
    }
}

#[test]
fn a_pruned_database_is_verified_as_far_as_it_goes() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("some");
    pruned(&path, 16);
    let report = success(&heddle(&["verify", "--db", text(&path), "--json", "--full-scan"]));
    let start = report["start_slot"].as_u64().expect("a slot");
    assert!((30..33).contains(&start), "{report}");
    assert_eq!(report["verified"], 40 - start);
    check_refused(&heddle(&["verify", "--db", text(&path), "--slot", "5"]), 1, &format!("slots {} to 40", start + 1));
    let file = directory.path().join("bundle");
    let export = heddle(&["bundle", "export", "--db", text(&path), "--slots", "5..40", text(&file)]);
    check_refused(&export, 1, &format!("are kept for slots {} to 40", start + 1));
    assert!(!file.exists());

    let path = directory.path().join("none");
    pruned(&path, 0);
    check_refused(&heddle(&["verify", "--db", text(&path)]), 1, "--full-scan can still check");
    let report = success(&heddle(&["verify", "--db", text(&path), "--full-scan", "--json"]));
    assert_eq!(
        (&report["ok"], &report["verified"], &report["full_scan"]["headers"]),
        (&true.into(), &0.into(), &41.into())
    );
}
