//! Archives that are whole as far as hashes go, and hold what no database could: each is refused for what is wrong.

mod common;

use std::{fs, path::Path};

use common::honest::honest_chain;
use heddle_storage::{LATTICE_BYTES, LedgerOptions, Snapshot, SnapshotError, SnapshotOptions};
use tempfile::tempdir;

/// Where rows begin.
const MANIFEST_BYTES: usize = 8 + 4 + 4 + 1 + 65 + 209 + LATTICE_BYTES;
/// End, counts, hash and end mark.
const TRAILER_BYTES: usize = 1 + 80 + 32 + 8;

#[derive(Clone, Debug)]
struct Row {
    column: u8,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// An archive taken apart.
#[derive(Clone, Debug)]
struct Archive {
    manifest: Vec<u8>,
    rows: Vec<Row>,
    /// Instead of the counts of the rows.
    counts: Option<Vec<u64>>,
    end_mark: Vec<u8>,
    /// Bytes after the end mark.
    after: Vec<u8>,
}

impl Archive {
    fn read(path: &Path) -> Self {
        let contents = zstd::decode_all(&fs::read(path).unwrap()[..]).unwrap();
        let (manifest, rest) = contents.split_at(MANIFEST_BYTES);
        let (mut rest, trailer) = rest.split_at(rest.len() - TRAILER_BYTES);
        assert_eq!((trailer[0], &trailer[TRAILER_BYTES - 8..]), (0xff, &b"HEDDLEND"[..]));
        let mut rows = vec![];
        while let [column, key_length, a, b, c, d, more @ ..] = rest {
            let (key, more) = more.split_at(usize::from(*key_length));
            let (value, more) = more.split_at(u32::from_le_bytes([*a, *b, *c, *d]) as usize);
            rows.push(Row { column: *column, key: key.to_vec(), value: value.to_vec() });
            rest = more;
        }
        Self { manifest: manifest.to_vec(), rows, counts: None, end_mark: b"HEDDLEND".to_vec(), after: vec![] }
    }

    fn contents(&self) -> Vec<u8> {
        let mut out = self.manifest.clone();
        let mut counts = vec![0; 10];
        for Row { column, key, value } in &self.rows {
            out.extend_from_slice(&[*column, key.len() as u8]);
            out.extend_from_slice(&(value.len() as u32).to_le_bytes());
            out.extend_from_slice(key);
            out.extend_from_slice(value);
            if let Some(count) = counts.get_mut(usize::from(*column).wrapping_sub(1)) {
                *count += 1u64;
            }
        }
        out.push(0xff);
        let counts = self.counts.as_ref().unwrap_or(&counts);
        counts.iter().for_each(|count| out.extend_from_slice(&count.to_le_bytes()));
        let hash = blake3::hash(&out);
        out.extend_from_slice(hash.as_bytes());
        [&out[..], &self.end_mark, &self.after].concat()
    }

    fn row(&mut self, column: u8, index: usize) -> &mut Row {
        self.rows.iter_mut().filter(|row| row.column == column).nth(index).unwrap()
    }
}

/// Packs contents and seals them.
fn pack(contents: &[u8], configure: impl FnOnce(&mut zstd::stream::write::Encoder<'_, Vec<u8>>)) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = zstd::stream::write::Encoder::new(vec![], 1).unwrap();
    configure(&mut encoder);
    encoder.write_all(contents).unwrap();
    seal(encoder.finish().unwrap())
}

fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(&0x184d_2a5e_u32.to_le_bytes());
    bytes.extend_from_slice(&32u32.to_le_bytes());
    bytes.extend_from_slice(hash.as_bytes());
    bytes
}

struct Fixture {
    directory: tempfile::TempDir,
    archive: Archive,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempdir().unwrap();
        let (store, _) = honest_chain(&directory.path().join("database"), LedgerOptions::EVERYTHING, 1..8);
        let path = directory.path().join("original");
        Snapshot::create(&store, &path, &SnapshotOptions::default(), &mut |_| {}).unwrap();
        let archive = Archive::read(&path);
        Self { directory, archive }
    }

    fn verify(&self, bytes: &[u8]) -> Result<Snapshot, SnapshotError> {
        let path = self.directory.path().join("changed");
        fs::write(&path, bytes).unwrap();
        Snapshot::verify(&path, &mut |_| {})
    }

    /// The message that a changed archive is refused with, after the path.
    fn refusal(&self, change: impl FnOnce(&mut Archive)) -> String {
        let mut archive = self.archive.clone();
        change(&mut archive);
        let error = self.verify(&pack(&archive.contents(), |_| {})).expect_err("changed");
        let message = error.to_string();
        message.split_once("changed").expect("the path").1.to_owned()
    }
}

#[test]
fn what_is_put_together_again_is_accepted() {
    let fixture = Fixture::new();
    fixture.verify(&pack(&fixture.archive.contents(), |_| {})).unwrap();
}

#[test]
fn rows_that_are_no_chain_are_named() {
    let fixture = Fixture::new();
    let expect = |change: &dyn Fn(&mut Archive), expected: &str| {
        let message = fixture.refusal(change);
        assert!(message.contains(expected), "{expected:?} is not in {message:?}");
    };
    expect(&|archive| archive.row(2, 0).value[2] ^= 1, ": accounts: all: the accounts hash to ");
    expect(&|archive| archive.row(4, 0).value[2] ^= 1, ": genesis_accounts: all: the accounts hash to ");
    expect(&|archive| archive.row(2, 0).value[1] = 7, "executable mark cannot be 7");
    expect(&|archive| archive.row(1, 3).key[7] = 77, ": headers: slot 77: the header is of slot 3");
    expect(&|archive| drop(archive.rows.remove(3)), ": headers: slot 4: it does not follow the block at slot 2");
    expect(
        &|archive| drop(archive.rows.remove(7)),
        ": headers: slot 7: the newest header and the tip at slot 7 are not",
    );
    expect(&|archive| drop(archive.rows.remove(0)), ": headers: slot 1: the record is missing");
    expect(&|archive| archive.rows.swap(2, 3), ": headers: slot 3: it does not follow");
    expect(&|archive| archive.row(5, 2).key[7] = 77, ": transactions: slot 3: the record is missing");
    expect(&|archive| archive.row(5, 2).value.truncate(1), ": transactions: slot 3: ");
    expect(
        &|archive| archive.row(5, 6).value = vec![2, 0, 0, 0, 0],
        ": transactions: slot 7: 0 are there, 3 should be",
    );
    expect(&|archive| archive.rows.retain(|row| row.column != 6), ": changes: slot 1: the record is missing");
    expect(&|archive| archive.row(7, 0).value = vec![1, 0, 0, 0, 0], ": details: slot 1: 0 are there, 3 should be");
    expect(&|archive| archive.row(8, 1).value[20] ^= 1, ": history: slot 2: the accounts hash to ");
    expect(&|archive| archive.row(9, 0).value[9] = 9, "position 9 is beyond the 3 transactions of the block at slot");
    expect(&|archive| archive.row(9, 0).value[1] = 99, "no block is at this slot");
    expect(&|archive| archive.row(10, 0).value[1] = 9, "in slot 1: ");
    expect(&|archive| archive.row(3, 0).key[7] = 99, ": statuses: slot 99: no block is at this slot");
    expect(&|archive| archive.row(3, 0).value = vec![1; 1 + 64 * 4], ": statuses: slot ");
}

#[test]
fn forms_that_no_archive_has_are_named() {
    let fixture = Fixture::new();
    let expect = |change: &dyn Fn(&mut Archive), expected: &str| {
        let message = fixture.refusal(change);
        assert!(message.contains(expected), "{expected:?} is not in {message:?}");
    };
    expect(&|archive| archive.row(2, 0).column = 11, "column 11 cannot be here");
    expect(&|archive| archive.row(2, 0).column = 1, "a key of 32 bytes in column headers");
    expect(
        &|archive| {
            let first = archive.rows.iter().position(|row| row.column == 10).unwrap();
            archive.rows.swap(first - 1, first);
        },
        "column 9 cannot be here",
    );
    expect(&|archive| archive.row(1, 0).value.push(0), "a value of 210 bytes in column headers");
    expect(&|archive| archive.row(2, 0).key.push(0), "a key of 33 bytes in column accounts");
    expect(&|archive| archive.counts = Some(vec![9; 10]), "8 rows in column headers, the trailer counts 9");
    expect(&|archive| archive.end_mark[0] ^= 1, "the end mark is missing");
    expect(&|archive| archive.after = vec![0], "something follows the end");
    expect(&|archive| archive.manifest[8] = 9, "has archive version 9, this program reads version 1");
    expect(&|archive| archive.manifest[12] = 9, "has database format version 9, this program reads version 2");
    expect(&|archive| archive.manifest[0] = 9, "is no heddle snapshot");
    expect(&|archive| archive.manifest[16] = 0, "column 5 cannot be here");
    expect(&|archive| archive.manifest[MANIFEST_BYTES - 1] ^= 1, "state hash is not that of its lattice");
    expect(&|archive| archive.manifest[17] = 9, "the manifest: layout version 9");
}

#[test]
fn contents_that_lie_about_their_hash_are_refused() {
    let fixture = Fixture::new();
    let mut contents = fixture.archive.contents();
    let hash_at = contents.len() - 8 - 32;
    contents[hash_at] ^= 1;
    let message = fixture.verify(&pack(&contents, |_| {})).unwrap_err().to_string();
    assert!(message.contains("do not hash to what the trailer says"), "{message}");
}

#[test]
fn streams_that_ask_for_much_memory_are_refused() {
    let fixture = Fixture::new();
    let contents = fixture.archive.contents();
    let packed = pack(&contents, |encoder| encoder.window_log(27).unwrap());
    let message = fixture.verify(&packed).unwrap_err().to_string();
    assert!(message.contains("the compressed stream is broken"), "{message}");
    // Two gibibytes of value, of which a few bytes come.
    let mut archive = fixture.archive.clone();
    archive.rows.truncate(12);
    let mut contents = archive.contents();
    contents.truncate(contents.len() - TRAILER_BYTES);
    for (length, expected) in [(u32::MAX, "a value of 4294967295 bytes"), (1 << 30, "the compressed stream is broken")]
    {
        let mut contents = contents.clone();
        contents.extend_from_slice(&[5, 8]);
        contents.extend_from_slice(&length.to_le_bytes());
        contents.extend_from_slice(&[0; 100]);
        let message = fixture.verify(&pack(&contents, |_| {})).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_second_frame_is_refused() {
    let fixture = Fixture::new();
    let mut bytes = zstd::encode_all(&fixture.archive.contents()[..], 1).unwrap();
    bytes.extend(zstd::encode_all(&b"more"[..], 1).unwrap());
    let message = fixture.verify(&seal(bytes)).unwrap_err().to_string();
    assert!(message.ends_with("something follows the end"), "{message}");
}
