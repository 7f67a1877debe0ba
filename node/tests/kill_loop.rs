//! `heddle load` killed again and again, at moments that nobody chose for it: nothing that it acknowledged is lost, what
//! it left verifies, and the next run goes on.
//!
//! `HEDDLE_KILLS=200` kills 200 times instead of 20, `HEDDLE_KILL_SEED=2` at other moments.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use heddle_storage::{RocksStore, Store};
use heddle_types::Hash;
use serde_json::Value;

/// A chain that goes on is one with the same seed, accounts and workload.
const CHAIN: [&str; 8] = ["--workload", "mixed", "--accounts", "50", "--block-size", "20", "--seed", "5"];
/// More than a round can execute.
const ENDLESS: &str = "5000000";
/// Blocks that a run commits before it is killed, at most.
const BLOCKS_MAX: u64 = 40;
/// Every so many rounds all blocks are executed again.
const VERIFY_EVERY: u64 = 5;
/// How often the parent looks.
const POLL_INTERVAL: Duration = Duration::from_micros(200);
/// A child that does not get anywhere in this time never will.
const PATIENCE: Duration = Duration::from_secs(120);

fn number_from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Numbers that follow from a seed (SplitMix64).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % bound
    }
}

fn heddle(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heddle"));
    command.args(arguments);
    command
}

/// Starts a run that does not end by itself.
fn start(database: &Path) -> Child {
    let mut command = heddle(&["load", "--transactions", ENDLESS, "--db"]);
    command.arg(database).args(CHAIN).args(["--workers", "2"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs")
}

/// Slot and hash of the newest acknowledged block, as `docs/storage-format.md` lays the file `HEDDLE` out.
fn read_note(database: &Path) -> Option<(u64, Hash)> {
    let bytes = fs::read(database.join("HEDDLE")).ok().filter(|bytes| bytes.len() >= 48)?;
    let slot = u64::from_le_bytes(bytes[8..16].try_into().expect("8 bytes"));
    Some((slot, Hash::new_from_array(bytes[16..48].try_into().expect("32 bytes"))))
}

/// Names and sizes of the database's files.
fn listing(database: &Path) -> BTreeMap<String, u64> {
    let files = fs::read_dir(database).into_iter().flatten().flatten();
    let sizes = files.filter_map(|file| Some((file.file_name().into_string().ok()?, file.metadata().ok()?.len())));
    sizes.collect()
}

/// What the parent waits for before it kills.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many blocks more than before are acknowledged.
    Blocks(u64),
    /// The files changed so many times: while the database is opened, mostly.
    Changes(u64),
}

impl Moment {
    fn choose(seeded: &mut Seeded) -> Self {
        match seeded.below(3) {
            0 => Self::Changes(1 + seeded.below(12)),
            _ => Self::Blocks(1 + seeded.below(BLOCKS_MAX)),
        }
    }
}

/// Waits for the moment and a little longer, kills, and waits for the end. `tip_slot`: of the newest block before.
fn kill_at(mut child: Child, database: &Path, (moment, tip_slot): (Moment, u64), seeded: &mut Seeded) {
    let began = Instant::now();
    let mut last = listing(database);
    let mut change_count = 0;
    let is_reached = |change_count: u64| match moment {
        Moment::Blocks(count) => read_note(database).is_some_and(|(slot, _)| slot >= tip_slot + count),
        Moment::Changes(count) => change_count >= count,
    };
    while !is_reached(change_count) {
        let now = listing(database);
        change_count += u64::from(now != last);
        last = now;
        let ended = child.try_wait().expect("a child");
        if ended.is_some() || began.elapsed() > PATIENCE {
            let _ = child.kill();
            let output = child.wait_with_output().expect("a child");
            panic!("{moment:?} never came, ended with {ended:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        std::thread::sleep(POLL_INTERVAL);
    }
    // Anywhere between two commits, or inside one.
    for _ in 0..seeded.below(2_000) {
        std::hint::black_box(seeded.below(9));
        std::thread::yield_now();
    }
    child.kill().expect("SIGKILL is sent");
    child.wait().expect("it ends");
}

/// Opens what a killed run left and checks it; the slot of its tip. Opening for writing moves the log to tables, so
/// that the next run finds none to replay; opening for reading leaves all as it is.
fn check(database: &Path, writes: bool) -> u64 {
    let note = read_note(database);
    // Without a note the run may have been killed before the genesis state was there.
    let open = if writes || note.is_none() { RocksStore::open } else { RocksStore::open_read_only };
    let store = open(database).expect("what a killed run leaves opens");
    let tip = store.tip().expect("readable").map(|tip| tip.header);
    if let Some((slot, hash)) = note {
        let tip_slot = tip.as_ref().map(|tip| tip.slot);
        assert!(tip_slot >= Some(slot), "slot {slot} was acknowledged, the tip is at {tip_slot:?}");
        let header = store.header(slot).expect("readable").expect("the acknowledged block is there");
        assert_eq!(header.block_hash, hash, "slot {slot}");
    }
    tip.map_or(0, |tip| tip.slot)
}

fn verify(database: &Path, tip_slot: u64) {
    let output = heddle(&["verify", "--json", "--db"]).arg(database).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!((&report["ok"], &report["verified"]), (&true.into(), &tip_slot.into()), "{report}");
}

#[test]
fn killed_runs_lose_nothing() {
    let kill_count = number_from_environment("HEDDLE_KILLS", 20);
    let mut seeded = Seeded(number_from_environment("HEDDLE_KILL_SEED", 1));
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("db");
    let (mut tip_slot, mut unnoted_count, mut verified_count) = (0, 0, 0);
    for round in 0..kill_count {
        let moment = Moment::choose(&mut seeded);
        kill_at(start(&database), &database, (moment, tip_slot), &mut seeded);
        let noted_slot = read_note(&database).map_or(0, |(slot, _)| slot);
        let found_slot = check(&database, seeded.below(2) == 0);
        match moment {
            Moment::Blocks(count) => assert!(found_slot >= tip_slot + count, "{moment:?}: {tip_slot}, {found_slot}"),
            Moment::Changes(_) => assert!(found_slot >= tip_slot, "{moment:?}: {tip_slot}, {found_slot}"),
        }
        unnoted_count += found_slot - noted_slot;
        tip_slot = found_slot;
        if tip_slot > 0 && (round % VERIFY_EVERY == 0 || round + 1 == kill_count) {
            verify(&database, tip_slot);
            verified_count += 1;
        }
    }
    let mut last = heddle(&["load", "--transactions", "100", "--db"]);
    let output = last.arg(&database).args(CHAIN).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(check(&database, true), tip_slot + 5, "the next run goes on");
    println!(
        "{kill_count} kills: {tip_slot} blocks, {unnoted_count} of them written but not acknowledged when killed; \
         {verified_count} verifications"
    );
}
