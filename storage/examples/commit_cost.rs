//! What the durable store costs: initialising, committing, reading, opening.
//!
//! ```text
//! cargo run --release -p heddle-storage --example commit_cost -- DIRECTORY [ACCOUNTS] [BLOCKS]
//! ```
//!
//! DIRECTORY must not exist; it is left behind. The figures mean something only with the machine, the disk and the
//! state's size beside them: `fsync` is most of a commit on most disks.

use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use heddle_storage::{BlockBatch, LATTICE_BYTES, RocksStore, Store};
use heddle_types::{Account, BlockHeader, Genesis, Hash, Pubkey, Receipt, StatusKey, StoredTransaction};

/// A token account's data.
const DATA_BYTES: usize = 165;
/// A transfer on the wire.
const WIRE_BYTES: usize = 215;
const ACCOUNTS_PER_BLOCK: u64 = 10_000;
const TRANSACTIONS_PER_BLOCK: u64 = 5_000;
const STATUS_SLOTS: u64 = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let path = PathBuf::from(args.next().ok_or("usage: commit_cost DIRECTORY [ACCOUNTS] [BLOCKS]")?);
    let account_count: u64 = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let block_count: u64 = args.next().map_or(Ok(60), |text| text.parse())?;

    let genesis = genesis(account_count);
    let store = RocksStore::open(&path)?;
    let took = timed(|| store.initialize(&genesis, &lattice()))?;
    println!("initialise, {account_count} accounts of {DATA_BYTES} bytes: {took:.2?}");

    let mut batches = Vec::new();
    let mut header = genesis.header;
    for slot in 1..=block_count {
        let batch = block(&header, slot, account_count);
        header = batch.header;
        batches.push(batch);
    }
    let mut commits = Vec::new();
    for batch in &batches {
        commits.push(timed(|| store.commit(batch))?);
    }
    report("commit, 10000 accounts and 5000 transactions", &mut commits);

    drop(store);
    let log_mib = log_mib(&path)?;
    let took = timed(|| RocksStore::open_existing(&path).map(drop))?;
    println!("open with {log_mib} MiB of write-ahead log: {took:.2?}");
    let took = timed(|| RocksStore::open_existing(&path).map(drop))?;
    println!("open again: {took:.2?}");

    let store = RocksStore::open_existing(&path)?;
    let mut batched = Vec::new();
    let mut single = Vec::new();
    for round in 0..20 {
        let keys: Vec<Pubkey> = (0..ACCOUNTS_PER_BLOCK).map(|index| key(pick(round, index, account_count))).collect();
        let from = keys.len() / 2;
        batched.push(timed(|| store.accounts(&keys[..from]))?);
        single.push(timed(|| keys[from..].iter().try_for_each(|key| store.accounts(&[*key]).map(drop)))?);
    }
    report("read 5000 random accounts in one call", &mut batched);
    report("read 5000 random accounts one by one", &mut single);
    Ok(())
}

fn timed<T, E>(run: impl FnOnce() -> Result<T, E>) -> Result<Duration, E> {
    let start = Instant::now();
    run()?;
    Ok(start.elapsed())
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!("{what}: min {:.2?}, p50 {:.2?}, p90 {:.2?}, max {:.2?}", at(0), at(50), at(90), at(100));
}

fn log_mib(path: &Path) -> Result<u64, std::io::Error> {
    let mut size_bytes = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            size_bytes += entry.metadata()?.len();
        }
    }
    Ok(size_bytes >> 20)
}

fn lattice() -> Box<[u8; LATTICE_BYTES]> {
    Box::new([7; LATTICE_BYTES])
}

/// Keys as programs derive them: spread evenly.
fn key(number: u64) -> Pubkey {
    Pubkey::new_from_array(*blake3::hash(&number.to_le_bytes()).as_bytes())
}

/// One of the accounts, evenly.
fn pick(round: u64, index: u64, account_count: u64) -> u64 {
    let hash = blake3::hash(&[round.to_le_bytes(), index.to_le_bytes()].concat());
    u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("32 bytes")) % account_count
}

fn account(number: u64, lamports: u64) -> Account {
    // Half of it compresses, as in a token account: keys and zeros.
    let mut data = [0; DATA_BYTES];
    data[..32].copy_from_slice(key(number).as_ref());
    data[32..64].copy_from_slice(key(number % 100).as_ref());
    data[64..72].copy_from_slice(&lamports.to_le_bytes());
    Account::new(lamports, &data, key(1))
}

fn genesis(account_count: u64) -> Genesis {
    let mut accounts: Vec<_> = (0..account_count).map(|number| (key(number), account(number, 2_000_000))).collect();
    accounts.sort_unstable_by_key(|(key, _)| *key);
    Genesis { header: BlockHeader { state_hash: state_hash(), ..BlockHeader::default() }, accounts }
}

fn state_hash() -> Hash {
    Hash::new_from_array(*blake3::hash(&lattice()[..]).as_bytes())
}

fn block(parent: &BlockHeader, slot: u64, account_count: u64) -> BlockBatch {
    let hash = |number: u64| Hash::new_from_array(key(slot << 32 | number).to_bytes());
    let mut accounts: Vec<_> = (0..ACCOUNTS_PER_BLOCK).map(|index| pick(slot << 32, index, account_count)).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let transactions = (0..TRANSACTIONS_PER_BLOCK).map(|number| {
        let mut wire = vec![0; WIRE_BYTES];
        wire[..32].copy_from_slice(hash(number).as_bytes());
        wire[32..64].copy_from_slice(hash(number).as_bytes());
        wire[64..96].copy_from_slice(hash(number + 1_000_000).as_bytes());
        let receipt = Receipt {
            status: Ok(()),
            executed: true,
            fee_lamports: 5000,
            compute_units: 150,
            loaded_data_bytes: 330,
            details: None,
        };
        StoredTransaction { wire: wire.into(), loaded_addresses: [].into(), receipt }
    });
    BlockBatch {
        header: BlockHeader {
            slot,
            parent_slot: parent.slot,
            height: parent.height + 1,
            parent_hash: parent.block_hash,
            transaction_count: TRANSACTIONS_PER_BLOCK,
            state_hash: state_hash(),
            block_hash: hash(u64::from(u32::MAX)),
            ..BlockHeader::default()
        },
        lattice: lattice(),
        accounts: accounts.into_iter().map(|number| (key(number), Some(account(number, slot)))).collect(),
        before: None,
        statuses: (0..TRANSACTIONS_PER_BLOCK)
            .map(|number| StatusKey { blockhash: hash(0), message_hash: hash(number) })
            .collect(),
        transactions: transactions.collect(),
        statuses_from_slot: slot.saturating_sub(STATUS_SLOTS),
    }
}
