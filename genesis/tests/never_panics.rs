//! No bytes panic a reader: arbitrary ones, and valid files with a few bytes changed. What is accepted survives the way
//! out and in again.

use std::path::Path;

use heddle_genesis::{GenesisAccounts, GenesisFile, ProgramLoader, parse_account, program_accounts, write_account};
use heddle_types::Pubkey;
use proptest::prelude::*;

const ACCOUNT: &str = r#"{"pubkey": "8opHzTAnfzRpPEx21XtnrVTX28YQuCpAjcn1PczScKh", "account": {"lamports": 1461600,
    "data": ["AQAAAAc=", "base64"], "owner": "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "executable": false,
    "rentEpoch": 18446744073709551615, "space": 5}}"#;

/// "heddle", compressed.
const COMPRESSED: &str = "KLUv/SAGMQAAaGVkZGxl";

fn genesis() -> String {
    format!(
        r#"{{"timestamp": 1700000000, "blockhash": "8opHzTAnfzRpPEx21XtnrVTX28YQuCpAjcn1PczScKh",
        "collector": "8opHzTAnfzRpPEx21XtnrVTX28YQuCpAjcn1PczScKh", "accounts": [{ACCOUNT}, "absent.json"],
        "fund": [{{"address": "CiDwVBFgWV9E5MvXWoLgnEgn2hK7rJikbvfWavzAQz3", "lamports": 5}}],
        "programs": [{{"address": "CktRuQ2mttgRGkXJtyksdKHjUdc2C4TgDzyB98oEzy8", "elf": "absent.so", "loader": "v3",
        "authority": null}}]}}"#
    )
}

fn texts() -> Vec<String> {
    let base58 = ACCOUNT.replace(r#"["AQAAAAc=", "base64"]"#, "\"7YXq9Q\"");
    let zstd = ACCOUNT.replace(r#""AQAAAAc=", "base64""#, &format!(r#""{COMPRESSED}", "base64+zstd""#));
    let zstd = zstd.replace(r#""space": 5"#, r#""space": 6"#);
    vec![ACCOUNT.to_owned(), base58, zstd, genesis()]
}

/// Reads `bytes` as everything that they could be.
fn read(bytes: &[u8]) {
    if let Ok(file) = parse_account(bytes, Path::new("a.json")) {
        let key = file.address.unwrap_or_default();
        let mut written = Vec::new();
        write_account(&mut written, &key, &file.account).expect("in memory");
        let again = parse_account(&written, Path::new("a.json")).expect("what we write");
        assert_eq!((again.address, &again.account), (Some(key), &file.account));
        let _ = GenesisAccounts::default().import(key, file.account, "a.json");
    }
    // A directory that is not there: whatever path the bytes make of it leads nowhere.
    let _ = GenesisFile::parse(bytes, Path::new("/nowhere/at/all/g.json"), &mut GenesisAccounts::default());
}

#[test]
fn the_unchanged_files_are_valid() {
    for text in &texts()[..3] {
        let file = parse_account(text.as_bytes(), Path::new("a.json")).expect(text);
        assert!([&[1, 0, 0, 0, 7][..], b"heddle"].contains(&&file.account.data[..]), "{text}");
    }
    let mut accounts = GenesisAccounts::default();
    let error = GenesisFile::parse(genesis().as_bytes(), Path::new("/nowhere/g.json"), &mut accounts);
    assert!(error.expect_err("a file is absent").to_string().starts_with("cannot read /nowhere/absent.json"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }

    #[test]
    fn valid_files_with_changes(
        which in 0..4usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = texts().swap_remove(which).into_bytes();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read(&bytes);
    }

    /// Tokens of the format in any order nest in ways that bytes never would.
    #[test]
    fn json_of_the_right_words(words in prop::collection::vec(0..WORDS.len(), 0..60)) {
        read(words.into_iter().map(|word| WORDS[word]).collect::<String>().as_bytes());
    }
}

const WORDS: [&str; 20] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "-1",
    "18446744073709551616",
    "\"base64+zstd\"",
    "\"accounts\"",
    "\"account\"",
    "\"pubkey\"",
    "\"data\"",
    "\"fund\"",
    "\"lamports\"",
    "\"programs\"",
    "\"loader\"",
    "\"v2\"",
    "\"\\u0000\"",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn programs_with_changes(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut elf = heddle_vm::assemble("mov64 r0, 7\nadd64 r0, 1\nexit").expect("valid assembly");
        for (index, byte) in changes {
            let at = index.index(elf.len());
            elf[at] = byte;
        }
        if let Some(cut) = cut {
            elf.truncate(cut.index(elf.len()));
        }
        for loader in [ProgramLoader::V2, ProgramLoader::V3 { authority: None }] {
            let _ = program_accounts(Pubkey::default(), &elf, loader, Path::new("p.so"));
        }
    }
}
