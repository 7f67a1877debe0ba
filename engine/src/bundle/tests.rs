//! Bundles that are not as they were exported: what is refused before anything runs, and what running finds.

use std::io::Read;

use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;
use crate::{
    DataDifference, Engine, EngineError, Parallelism, ReplayError,
    doc::{alice, transfer},
};
use heddle_storage::{MemoryStore, Store, StoreError};
use std::sync::{Arc, OnceLock};

const BOB: Pubkey = Pubkey::new_from_array([2; 32]);
/// Where the content begins in a file, and how many bytes come after it.
const CONTENT_AT: usize = 28;
const TRAILER_BYTES: usize = 40;

/// Three blocks of one transfer each.
fn bundle() -> Bundle {
    static BUNDLE: OnceLock<Bundle> = OnceLock::new();
    let make = || {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let builder = Engine::builder().shared_store(store.clone()).fund(alice(), 1_000_000_000_000);
        let engine = builder.build().expect("an engine");
        for lamports in 1..=5 {
            let bytes = transfer(BOB, lamports * 1_000_000_000, engine.latest_blockhash());
            engine.execute(&bytes).expect("executes");
        }
        let options = ExportOptions { from_slot: 3, to_slot: 5, workers: 1 };
        export(&store, &options, &mut |_, _| {}).expect("exports").bundle.expect("blocks")
    };
    BUNDLE.get_or_init(make).clone()
}

fn file() -> Vec<u8> {
    bundle().encode().expect("encodes")
}

fn content() -> Vec<u8> {
    let file = file();
    let mut content = Vec::new();
    let compressed = &file[CONTENT_AT..file.len() - TRAILER_BYTES];
    zstd::stream::read::Decoder::new(compressed).expect("a frame").read_to_end(&mut content).expect("unpacks");
    content
}

/// A file with this content whose frames and hash are right.
fn sealed(content: &[u8]) -> Vec<u8> {
    sealed_as(content.len() as u64, &zstd::encode_all(content, 1).expect("in memory"))
}

fn sealed_as(content_bytes: u64, compressed: &[u8]) -> Vec<u8> {
    let head = &file()[..20];
    let frame = [&0x184D_2A5D_u32.to_le_bytes()[..], &32u32.to_le_bytes()].concat();
    let mut sealed = [head, &content_bytes.to_le_bytes(), compressed, &frame].concat();
    let hash = blake3::hash(&sealed);
    sealed.extend_from_slice(hash.as_bytes());
    sealed
}

fn told(file: &[u8]) -> String {
    Bundle::decode(file).expect_err("it is refused").to_string()
}

fn difference_of(bundle: Bundle) -> crate::Difference {
    // What is written is read again: it contradicts execution, not itself.
    let read = Bundle::decode(&bundle.encode().expect("encodes")).expect("decodes");
    let run = Arc::new(read).run(Parallelism::Workers(2), None).expect("runs");
    run.difference.expect("a difference")
}

#[test]
fn any_tool_unpacks_it() {
    let mut unpacked = Vec::new();
    zstd::stream::read::Decoder::new(&file()[..]).expect("a frame").read_to_end(&mut unpacked).expect("unpacks");
    assert_eq!(unpacked, content());
    assert_eq!(sealed(&content())[..20], file()[..20]);
    assert_eq!(Bundle::decode(&sealed(&content())).expect("decodes"), bundle());
}

#[test]
fn every_flip_and_every_cut_is_refused() {
    let file = file();
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(Bundle::decode(&damaged).is_err(), "byte {at}");
        assert!(Bundle::decode(&file[..at]).is_err(), "{at} bytes");
    }
    let longer = [&file[..], &[0]].concat();
    assert!(told(&longer).contains("truncated"), "{}", told(&longer));
}

#[test]
fn what_is_wrong_is_named() {
    let file = file();
    assert_eq!(told(b"letter to a friend, long enough for a head"), "this is no bundle");
    assert!(told(&file[..100]).contains("truncated: its 100 bytes"));
    assert!(told(&[]).contains("truncated"));
    let mut newer = file.clone();
    newer[16] = 7;
    assert_eq!(told(&newer), "the bundle has version 7, this program reads version 1");
    let mut damaged = file;
    damaged[60] ^= 1;
    assert!(told(&damaged).contains("damaged"), "{}", told(&damaged));
}

#[test]
fn hostile_lengths_take_no_memory() {
    let compressed = zstd::encode_all(&content()[..], 1).expect("in memory");
    assert!(told(&sealed_as(u64::MAX, &compressed)).contains("more than 8589934592"));
    let exact = content().len() as u64;
    assert!(told(&sealed_as(exact + 1, &compressed)).contains("there is more"), "or less");
    assert!(told(&sealed_as(exact - 1, &compressed)).contains("cannot be"));
    let two_frames = [&compressed[..], &compressed].concat();
    assert!(told(&sealed_as(exact, &two_frames)).contains("there is more"));
    // A count of four thousand million headers, and an account of as many bytes.
    let mut many = content();
    many[2257..2261].fill(0xff);
    assert!(Bundle::decode(&sealed(&many)).is_err());
    let statuses_at = 2257 + 4 + 3 * 209;
    let mut long = content();
    long[statuses_at + 4 + 8..statuses_at + 4 + 12].fill(0xff);
    assert!(told(&sealed(&long)).contains("statuses at byte"), "{}", told(&sealed(&long)));
}

#[test]
fn a_receipt_that_is_not_so_is_told() {
    let mut bundle = bundle();
    bundle.blocks[1].transactions[0].receipt.fee_lamports += 1;
    let told = difference_of(bundle);
    assert_eq!((told.slot, told.field.as_str()), (4, "transaction 0: fee"));
    assert_eq!(told.accounts, []);
}

#[test]
fn an_account_that_is_not_so_is_told_with_its_data() {
    let mut bundle = bundle();
    let changes = &mut bundle.blocks[1].changes;
    let (_, bob) = changes.iter_mut().find(|(key, _)| *key == BOB).expect("paid");
    let bob = bob.as_mut().expect("there");
    bob.lamports += 5;
    bob.data = vec![1, 2, 3].into();
    let told = difference_of(bundle);
    assert_eq!((told.slot, told.account, told.field.as_str()), (4, Some(BOB), "lamports"));
    let [account] = &told.accounts[..] else { panic!("{told:?}") };
    assert_eq!(account.stored.lamports, account.replayed.lamports + 5);
    let DataDifference::Ranges(ranges, 0) = &account.data else { panic!("{account:?}") };
    assert_eq!((ranges[0].begin, ranges[0].end, ranges[0].stored.as_slice()), (0, 3, &[1, 2, 3][..]));
}

#[test]
fn a_change_too_much_and_one_too_few() {
    let mut fewer = bundle();
    fewer.blocks[1].changes.retain(|(key, _)| *key != BOB);
    let told = difference_of(fewer);
    assert_eq!((told.account, told.field.as_str(), told.accounts.len()), (Some(BOB), "changed", 1));
    assert_eq!(told.accounts[0].replayed.lamports, told.accounts[0].stored.lamports + 4_000_000_000);

    let mut more = bundle();
    let unchanged = more.accounts.iter().find(|(key, _)| find(&more.blocks[0].changes, key).is_none());
    let (key, _) = unchanged.expect("a program").clone();
    let at = more.blocks[0].changes.partition_point(|(other, _)| *other < key);
    more.blocks[0].changes.insert(at, (key, Some(Account::with_lamports(77))));
    let told = difference_of(more);
    assert_eq!((told.slot, told.account, told.field.as_str()), (3, Some(key), "changed"));
    assert_eq!(told.accounts[0].stored.lamports, 77);
}

#[test]
fn of_many_accounts_some_are_shown() {
    let mut bundle = bundle();
    for n in 100..140 {
        let key = Pubkey::new_from_array([n; 32]);
        bundle.accounts.push((key, None));
        bundle.blocks[0].changes.push((key, Some(Account::with_lamports(n.into()))));
    }
    bundle.accounts.sort_unstable_by_key(|(key, _)| *key);
    bundle.blocks[0].changes.sort_unstable_by_key(|(key, _)| *key);
    let told = difference_of(bundle);
    assert_eq!((told.slot, told.field.as_str()), (3, "changed"));
    assert_eq!((told.accounts.len(), told.accounts_more), (16, 24));
    assert!(told.accounts.windows(2).all(|pair| pair[0].address() < pair[1].address()));
    assert_eq!(told.accounts[0].replayed.lamports, 0);
}

#[test]
fn a_header_that_is_not_so_is_told() {
    let mut bundle = bundle();
    bundle.blocks[2].header.block_hash = bundle.blocks[0].header.block_hash;
    assert_eq!((difference_of(bundle.clone()).slot, difference_of(bundle).field.as_str()), (5, "block_hash"));
}

#[test]
fn an_account_that_is_not_there_is_an_error_and_not_absent() {
    let mut bundle = bundle();
    let system = Pubkey::default();
    assert!(find(&bundle.accounts, &system).is_some());
    bundle.accounts.retain(|(key, _)| *key != system);
    let error = Arc::new(bundle).run(Parallelism::Workers(1), None).expect_err("it cannot be executed");
    assert!(
        matches!(&error, ReplayError::Engine(EngineError::Store(StoreError::NotInBundle { key })) if *key == system),
        "{error:?}"
    );
    assert_eq!(error.to_string(), format!("account {system} is not in the bundle"));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    type Break = fn(&mut Bundle);
    let breaks: [(Break, &str); 10] = [
        (|bundle| bundle.parent.lattice[0] ^= 1, "lattice"),
        (|bundle| bundle.recent_headers.truncate(2), "end with the parent's"),
        (|bundle| bundle.recent_headers.swap(0, 1), "do not follow each other"),
        (|bundle| bundle.statuses.reverse(), "statuses"),
        (|bundle| bundle.accounts.swap(0, 1), "before the first block are not in ascending order"),
        (|bundle| bundle.blocks.clear(), "no block"),
        (|bundle| drop(bundle.blocks.remove(1)), "does not follow"),
        (|bundle| drop(bundle.blocks[0].transactions.pop()), "counts other transactions"),
        (|bundle| bundle.accounts.retain(|(key, _)| *key != BOB), "is missing"),
        (|bundle| bundle.blocks[1].header.collector = crate::OVERRIDE_COLLECTOR, "overrode accounts"),
    ];
    for (broke, expected) in breaks {
        let mut bundle = bundle();
        broke(&mut bundle);
        let message = told(&bundle.encode().expect("encodes"));
        assert!(message.contains("contradicts itself") && message.contains(expected), "{message}");
    }
}

/// Whatever decodes encodes to the same bundle, and running it ends.
fn check_hostile(file: &[u8]) {
    let Ok(bundle) = Bundle::decode(file) else { return };
    let again = Bundle::decode(&bundle.encode().expect("encodes")).expect("decodes");
    assert_eq!(again, bundle);
    if let Ok(run) = Arc::new(bundle).run(Parallelism::Workers(2), None) {
        assert!(run.difference.is_some() || run.blocks.len() <= 3);
    }
}

fn balance() -> impl Strategy<Value = u64> {
    prop_oneof![1..100u64, Just(u64::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused(bytes in vec(any::<u8>(), 0..400), is_sealed: bool) {
        if is_sealed {
            prop_assert!(Bundle::decode(&sealed(&bytes)).is_err());
            prop_assert!(Bundle::decode(&sealed_as(bytes.len() as u64, &bytes)).is_err());
        } else {
            prop_assert!(Bundle::decode(&bytes).is_err());
        }
    }

    #[test]
    fn damaged_content_is_refused_or_runs(
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
        cut in prop_oneof![3 => Just(None), 1 => any::<Index>().prop_map(Some)],
        within in prop_oneof![Just(usize::MAX), Just(2257), Just(4000)],
    ) {
        let mut content = content();
        for (at, value) in changes {
            let end = content.len().min(within);
            content[at.index(end)] = value;
        }
        if let Some(cut) = cut {
            content.truncate(cut.index(content.len()));
        }
        check_hostile(&sealed(&content));
    }

    /// Accounts before the blocks and inputs of blocks that no chain has, in a bundle that fits together.
    #[test]
    fn hostile_states_run_to_an_end(
        accounts in vec((any::<Index>(), balance(), vec(any::<u8>(), 0..90), any::<bool>()), 0..6),
        (slot, height, time) in (3..u64::MAX - 9, 3..u64::MAX - 9, any::<i64>()),
        has_moved: bool,
    ) {
        let mut bundle = bundle();
        for (at, lamports, data, executable) in accounts {
            let at = at.index(bundle.accounts.len());
            let owner = bundle.accounts[at].1.as_ref().map_or(BOB, |account| account.owner);
            bundle.accounts[at].1 = Some(Account { executable, ..Account::new(lamports, &data, owner) });
        }
        if has_moved {
            let mut previous = bundle.parent.header;
            previous.slot = slot;
            previous.height = height;
            bundle.parent.header = previous;
            bundle.recent_headers = vec![previous];
            bundle.statuses.clear();
            for block in &mut bundle.blocks {
                let header = &mut block.header;
                (header.slot, header.parent_slot) = (previous.slot + 1, previous.slot);
                (header.height, header.unix_timestamp) = (previous.height + 1, time);
                previous = *header;
            }
        }
        check_hostile(&bundle.encode().expect("encodes"));
    }
}
