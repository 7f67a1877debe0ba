//! Programs that come from files are called by transactions, under both loaders and with a deployment that was later.

use std::path::Path;

use ed25519_dalek::{Signer, SigningKey};
use heddle_engine::Engine;
use heddle_genesis::{GenesisAccounts, GenesisFile, Imported, ProgramLoader, program_accounts};
use heddle_programs::{LoaderV3State, programdata_address, shipped_programs};
use heddle_types::{Account, Hash, Pubkey, Receipt, TransactionError};
use heddle_vm::ExecutionMode;

const PAYER_LAMPORTS: u64 = 10_000_000_000;

fn payer() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn payer_address() -> Pubkey {
    Pubkey::new_from_array(payer().verifying_key().to_bytes())
}

fn plain(n: u8) -> Pubkey {
    Pubkey::new_from_array([n; 32])
}

/// The real memo program.
fn memo() -> Vec<u8> {
    let programs = shipped_programs();
    programs.iter().find(|program| program.name == "memo-3").expect("shipped").elf.to_vec()
}

/// A signed legacy transaction that calls `program` with `data` and no accounts.
fn call(program: Pubkey, data: &[u8], blockhash: Hash) -> Vec<u8> {
    let mut message = vec![1, 0, 1, 2];
    message.extend_from_slice(payer_address().as_ref());
    message.extend_from_slice(program.as_ref());
    message.extend_from_slice(blockhash.as_ref());
    message.extend_from_slice(&[1, 1, 0, u8::try_from(data.len()).expect("short data")]);
    message.extend_from_slice(data);
    [&[1][..], &payer().sign(&message).to_bytes(), &message].concat()
}

/// Calls the programs in an engine of `mode`; returns what came of it.
fn receipts(accounts: &[(Pubkey, Account)], programs: &[Pubkey], mode: ExecutionMode) -> Vec<Receipt> {
    let runtime = heddle_programs::runtime_builder().execution_mode(mode).build();
    let builder = Engine::builder().accounts(accounts.to_vec()).runtime(runtime).record_details(true);
    let engine = builder.build().expect("an engine in memory");
    let calls = programs.iter().flat_map(|program| [(program, &b"hello"[..]), (program, &[0xff])]);
    let execute = |(program, data): (&Pubkey, &[u8])| {
        engine.execute(&call(*program, data, engine.latest_blockhash())).expect("in a block")
    };
    calls.map(execute).collect()
}

fn check_is_memo(accounts: GenesisAccounts, programs: &[Pubkey]) {
    let accounts: Vec<_> = accounts.into_accounts().collect();
    let compiled = receipts(&accounts, programs, ExecutionMode::Jit);
    assert_eq!(receipts(&accounts, programs, ExecutionMode::Interpreter), compiled);
    assert_eq!(compiled.len(), 2 * programs.len());
    for pair in compiled.chunks(2) {
        assert_eq!(pair[0].status, Ok(()));
        let logs = pair[0].details.as_ref().expect("recorded").logs.join("\n");
        assert!(logs.contains("Memo (len 5): \"hello\""), "{logs}");
        assert!(matches!(pair[1].status, Err(TransactionError::InstructionError(0, _))), "{:?}", pair[1].status);
    }
}

#[test]
fn under_either_loader_and_from_a_genesis_file() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("memo.so"), memo()).expect("writable");
    let text = format!(
        r#"{{
            "fund": [{{"address": "{}", "lamports": {PAYER_LAMPORTS}}}],
            "programs": [
                {{"address": "{}", "elf": "memo.so", "loader": "v2"}},
                {{"address": "{}", "elf": "memo.so", "loader": "v3"}},
                {{"address": "{}", "elf": "memo.so", "loader": "v3", "authority": "{}"}}
            ]
        }}"#,
        payer_address(),
        plain(21),
        plain(22),
        plain(23),
        plain(9)
    );
    let path = directory.path().join("genesis.json");
    std::fs::write(&path, text).expect("writable");
    let mut accounts = GenesisAccounts::default();
    GenesisFile::read(&path, &mut accounts).expect("valid");
    check_is_memo(accounts, &[plain(21), plain(22), plain(23)]);
}

/// The example of the README is a genesis file, with the files that it names beside it.
#[test]
fn the_documented_example_is_valid() {
    let readme = include_str!("../README.md");
    let examples: Vec<_> = readme.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [account, genesis] = examples[..] else { panic!("an account file and a genesis file") };
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    let mint = account.replace("8opHzTAnfzRpPEx21XtnrVTX28YQuCpAjcn1PczScKh", &plain(8).to_string());
    for (name, bytes) in [
        ("mint.json", mint.as_bytes()),
        ("counter.so", &memo()[..]),
        ("market.so", &memo()[..]),
        ("genesis.json", genesis.as_bytes()),
    ] {
        std::fs::write(path(name), bytes).expect("writable");
    }
    let mut accounts = GenesisAccounts::default();
    let file = GenesisFile::read(&path("genesis.json"), &mut accounts).expect("valid");
    assert!(file.timestamp.is_some() && file.blockhash.is_some() && file.collector.is_some());
    assert_eq!(accounts.into_accounts().count(), 6, "two accounts, one funded, a program of one and one of two");
}

/// Program data that was deployed at a later slot of another chain could not be called before that slot.
#[test]
fn imported_from_a_later_slot() {
    let loader = ProgramLoader::V3 { authority: Some(plain(9)) };
    let mut accounts = GenesisAccounts::default();
    accounts.fund(payer_address(), PAYER_LAMPORTS, "test").expect("new");
    for (key, mut account) in program_accounts(plain(21), &memo(), loader, Path::new("memo.so")).expect("it runs") {
        let expected = if key == programdata_address(&plain(21)) {
            let later = LoaderV3State::ProgramData { slot: 300_000_000, authority: Some(plain(9)) }.to_bytes();
            account.data.make_mut()[..later.len()].copy_from_slice(&later);
            Imported::Moved
        } else {
            Imported::Kept
        };
        assert_eq!(accounts.import(key, account, "test").expect("new"), expected);
    }
    check_is_memo(accounts, &[plain(21)]);
}
