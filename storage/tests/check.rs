//! The full check of a database: whatever is changed in it behind our back is named by column and key, and a database that
//! is whole is found to be.

mod common;

use std::{fs, path::Path};

use common::{
    COLUMNS, Model,
    disk::{copy, tables},
    honest::honest_chain,
    key, signature,
};
use heddle_storage::{CheckReport, LedgerOptions, RocksStore, StoreError, codec};
use heddle_types::TransactionPlace;
use rocksdb::DB;
use tempfile::tempdir;

fn check(path: &Path) -> Result<CheckReport, StoreError> {
    RocksStore::open_read_only(path)?.check(&mut |_| {})
}

fn slot(slot: u64) -> [u8; 8] {
    slot.to_be_bytes()
}

/// What the check says of a database after a change, one line per finding.
struct Fixture {
    directory: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempdir().unwrap();
        drop(honest_chain(&directory.path().join("original"), LedgerOptions::EVERYTHING, 1..8));
        Self { directory }
    }

    fn findings(&self, change: impl FnOnce(&DB)) -> Vec<String> {
        let path = self.directory.path().join("changed");
        copy(&self.directory.path().join("original"), &path);
        change(&DB::open_cf(&rocksdb::Options::default(), &path, COLUMNS).unwrap());
        let report = check(&path).unwrap();
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(report.findings.count, report.findings.first.len() as u64);
        report.findings.first.iter().map(ToString::to_string).collect()
    }

    /// Expects one finding for each of `expected`, which it begins with.
    fn expect(&self, change: impl FnOnce(&DB), expected: &[&str]) {
        let found = self.findings(change);
        let agrees = found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| a.starts_with(b));
        assert!(agrees, "{found:#?} instead of {expected:#?}");
    }

    fn expect_put(&self, column: &str, key: &[u8], value: &[u8], expected: &[&str]) {
        self.expect(|db| db.put_cf(db.cf_handle(column).unwrap(), key, value).unwrap(), expected);
    }

    fn expect_delete(&self, column: &str, key: &[u8], expected: &[&str]) {
        self.expect(|db| db.delete_cf(db.cf_handle(column).unwrap(), key).unwrap(), expected);
    }
}

#[test]
fn a_whole_database_is_found_whole() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("database");
    drop(honest_chain(&path, LedgerOptions::EVERYTHING, 1..8));
    let report = check(&path).unwrap();
    assert_eq!((report.findings.count, report.findings.first.len()), (0, 0));
    assert_eq!(report.rows[0], ("headers", 8));
    assert_eq!((report.rows[8], report.rows[10]), (("signatures", 21), ("default", 4)));
    let overview = RocksStore::open_read_only(&path).unwrap().overview().unwrap();
    assert_eq!((overview.tip.header.slot, overview.genesis.slot), (7, 0));
    assert_eq!((overview.acknowledged_slot, overview.format_version), (Some(7), 2));
    assert_eq!(overview.ledger.options, LedgerOptions::EVERYTHING);
    assert_eq!(overview.columns.len(), 11);
    assert!(overview.columns.iter().any(|column| column.name == "transactions" && column.size_bytes > 0));
}

#[test]
fn changed_records_are_named() {
    let fixture = Fixture::new();
    let a = key(20).to_string();
    fixture.expect_put(
        "accounts",
        key(20).as_ref(),
        &[1, 7],
        &[&format!("accounts: {a}: executable mark cannot be 7"), "accounts: all: the accounts hash to "],
    );
    let mut account = vec![];
    codec::encode_account(&common::account(5, 5), &mut account);
    fixture.expect_put("accounts", key(30).as_ref(), &account, &["accounts: all: the accounts hash to "]);
    fixture.expect_put(
        "genesis_accounts",
        key(30).as_ref(),
        &account,
        &["genesis_accounts: all: the accounts hash to "],
    );
    fixture.expect_put(
        "genesis_accounts",
        key(31).as_ref(),
        &account,
        &["genesis_accounts: all: the accounts hash to ", "default: genesis: 4 are there, 3 should be"],
    );
    fixture.expect_put("accounts", b"short", &account, &["accounts: short: key length cannot be 5"]);
    fixture.expect(|db| db.put(b"letter", b"x").unwrap(), &["default: letter: no record has this name"]);
    fixture.expect_put("transactions", &slot(4), &[1], &["transactions: slot 4: layout version 1"]);
    fixture.expect_put("details", &slot(4), &[1, 0, 0, 0, 0], &["details: slot 4: 0 are there, 3 should be"]);
    fixture.expect_put("changes", &slot(9), &[1], &["changes: slot 9: no block is at this slot"]);
    fixture.expect_put("statuses", &slot(3), &[1; 1 + 64 * 4], &["statuses: slot 3: 4 are there, 3 should be"]);
}

#[test]
fn missing_records_are_named() {
    let fixture = Fixture::new();
    fixture.expect_delete("accounts", key(30).as_ref(), &["accounts: all: the accounts hash to "]);
    fixture.expect_delete("transactions", &slot(7), &["transactions: slot 7: the record is missing"]);
    fixture.expect_delete("changes", &slot(1), &["changes: slot 1: the record is missing"]);
    fixture.expect_delete("history", &slot(7), &["history: slot 7: the record is missing"]);
    fixture.expect(|db| db.delete(b"genesis").unwrap(), &["default: genesis: the record is missing"]);
    let found = fixture.findings(|db| db.delete_cf(db.cf_handle("headers").unwrap(), slot(4)).unwrap());
    assert!(found[0].starts_with("headers: slot 5: it does not follow the block at slot 3"), "{found:?}");
    assert!(found.iter().any(|line| line == "transactions: slot 4: no block is at this slot"), "{found:?}");
}

#[test]
fn index_entries_lead_both_ways() {
    let fixture = Fixture::new();
    let name = |signature: [u8; 64]| bs58::encode(signature).into_string();
    let one = signature(41);
    fixture.expect_delete(
        "signatures",
        &one,
        &[&format!("signatures: {}: transaction 1 of slot 4 is not in the index", name(one))],
    );
    let place = |slot, position| codec::encode_place(TransactionPlace { slot, position });
    fixture.expect_put(
        "signatures",
        &signature(77),
        &place(4, 1),
        &[&format!("signatures: {}: the transaction at slot 4, position 1 is another", name(signature(77)))],
    );
    fixture.expect_put(
        "signatures",
        &signature(77),
        &place(4, 3),
        &[&format!("signatures: {}: position 3 is beyond the 3 transactions", name(signature(77)))],
    );
    let address = |number, at| [key(number).as_ref(), &slot(at)[..]].concat();
    let by_2 = format!("addresses: {} in slot 4: ", key(2));
    fixture.expect_delete(
        "addresses",
        &address(2, 4),
        &[
            &format!("{by_2}transaction 1 of slot 4 is not in the index"),
            &format!("{by_2}transaction 2 of slot 4 is not in the index"),
        ],
    );
    let mut all = vec![];
    codec::encode_positions([0, 1, 2], &mut all);
    fixture.expect_put(
        "addresses",
        &address(2, 4),
        &all,
        &[&format!("{by_2}the transaction at slot 4, position 0 is another")],
    );
}

#[test]
fn a_column_that_is_gone_is_told_in_bounds() {
    let fixture = Fixture::new();
    let found = fixture.findings(|db| {
        let column = db.cf_handle("history").unwrap();
        db.delete_range_cf(column, &[0, 0][..], &[0xff; 9][..]).unwrap();
    });
    assert_eq!(found.len(), 7);
}

/// A flipped bit in any table: the database is not opened, or the check finds it, or nothing that is read has changed.
#[test]
fn flipped_bits_in_tables_are_found() {
    let directory = tempdir().unwrap();
    let original = directory.path().join("original");
    let (store, model) = honest_chain(&original, LedgerOptions::EVERYTHING, 1..20);
    drop(store);
    // Opening writes the log's rows to tables.
    drop(RocksStore::open(&original).unwrap());
    let (mut refused, mut found) = (0, 0);
    for table in tables(&original) {
        let name = table.file_name().unwrap();
        let bytes = fs::read(&table).unwrap();
        for per_mille in [0, 20, 100, 250, 400, 500] {
            let copied = directory.path().join("copied");
            copy(&original, &copied);
            let mut damaged = bytes.clone();
            damaged[bytes.len() * per_mille / 1000] ^= 0x10;
            fs::write(copied.join(name), damaged).unwrap();
            match check(&copied) {
                Err(_) => refused += 1,
                Ok(report) if report.findings.count > 0 => found += 1,
                Ok(_) => {
                    let store = RocksStore::open_read_only(&copied).unwrap();
                    assert_eq!(Model::read(&store).unwrap().as_ref(), Some(&model), "{name:?} at {per_mille}");
                }
            }
            fs::remove_dir_all(&copied).unwrap();
        }
    }
    assert!(refused > 0 && found > 0, "{refused} refused, {found} found");
}
