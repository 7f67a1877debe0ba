//! The bytes of a snapshot archive: what is where, and how long it may be.
//!
//! The layout is told in `docs/storage-format.md`. It knows neither files nor databases.

use crate::{
    LATTICE_BYTES, Ledger, Tip,
    codec::{self, FORMAT_VERSION},
    rocks::{check::ORDER, columns::Column},
};

use heddle_types::limits::ACCOUNT_DATA_BYTES_MAX;

/// First bytes of the contents, in every version for all time.
pub(super) const MAGIC: [u8; 8] = *b"HEDDLESN";
/// Version of the archive's layout.
pub const ARCHIVE_VERSION: u32 = 1;
/// Last bytes of the contents.
pub(super) const END_MARK: [u8; 8] = *b"HEDDLEND";
/// Stands where a row's column would.
pub(super) const END: u8 = 0xff;
/// A zstd frame that unpackers skip: magic number, length, and the hash of all bytes of the file before it.
pub(super) const SEAL_BYTES: usize = 4 + 4 + 32;
const SEAL_MAGIC: [u8; 4] = 0x184d_2a5e_u32.to_le_bytes();

const LEDGER_BYTES: usize = 65;
const TIP_BYTES: usize = 209 + LATTICE_BYTES;
pub(super) const MANIFEST_BYTES: usize = MAGIC.len() + 4 + 4 + 1 + LEDGER_BYTES + TIP_BYTES;
/// Column, length of the key, length of the value.
pub(super) const ROW_HEAD_BYTES: usize = 1 + 1 + 4;
pub(super) const COUNTS_BYTES: usize = 8 * ORDER.len();

/// The longest value: a block that changes a hundred accounts of 10 MiB, say.
pub(super) const VALUE_BYTES_MAX: usize = 1 << 30;
/// Unpacking takes at most 2^23 bytes (8 MiB) of window, whatever an archive asks for; no level up to [`LEVEL_MAX`] does.
pub(super) const WINDOW_LOG_MAX: u32 = 23;
/// The highest level of compression.
pub const LEVEL_MAX: i32 = 19;

/// What an archive says of itself before the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The newest block, and the accounts lattice after it.
    pub tip: Tip,
    /// What the restored database keeps of the past.
    pub ledger: Ledger,
    /// Whether blocks, history and indexes are in the archive.
    pub has_ledger: bool,
}

/// Why bytes are no manifest.
#[derive(Debug)]
pub(super) enum ManifestError {
    Magic,
    Version { what: &'static str, found: u32, supported: u32 },
    Damage(super::Damage),
}

impl Manifest {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MANIFEST_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&ARCHIVE_VERSION.to_le_bytes());
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.push(self.has_ledger.into());
        out.extend_from_slice(&codec::encode_ledger(&self.ledger));
        out.extend_from_slice(&codec::encode_tip(&self.tip.header, &self.tip.lattice));
        out
    }

    pub(super) fn decode(bytes: &[u8; MANIFEST_BYTES]) -> Result<Self, ManifestError> {
        use super::Damage;
        let (magic, rest) = bytes.split_at(MAGIC.len());
        let (versions, rest) = rest.split_at(8);
        let ([flag], rest) = rest.split_first_chunk().expect("the manifest is longer");
        let (ledger, tip) = rest.split_at(LEDGER_BYTES);
        if magic != MAGIC {
            return Err(ManifestError::Magic);
        }
        let expected = [("archive", ARCHIVE_VERSION), ("database format", FORMAT_VERSION)];
        for (found, (what, supported)) in versions.as_chunks().0.iter().zip(expected) {
            let found = u32::from_le_bytes(*found);
            if found != supported {
                return Err(ManifestError::Version { what, found, supported });
            }
        }
        let damaged = |error| ManifestError::Damage(Damage::Manifest(error));
        let has_ledger = match flag {
            0 => false,
            1 => true,
            other => return Err(ManifestError::Damage(Damage::Flag(*other))),
        };
        let manifest = Self {
            tip: codec::decode_tip(tip).map_err(damaged)?,
            ledger: codec::decode_ledger(ledger).map_err(damaged)?,
            has_ledger,
        };
        let is_whole = crate::batch::is_state_hash(&manifest.tip.header, &manifest.tip.lattice);
        if is_whole { Ok(manifest) } else { Err(ManifestError::Damage(Damage::StateHash)) }
    }
}

/// The seal over a file's bytes with this hash.
pub(super) fn seal(hash: &blake3::Hash) -> [u8; SEAL_BYTES] {
    let mut out = [0; SEAL_BYTES];
    out[..4].copy_from_slice(&SEAL_MAGIC);
    out[4..8].copy_from_slice(&32u32.to_le_bytes());
    out[8..].copy_from_slice(hash.as_bytes());
    out
}

/// Whether the bytes have the form of a seal.
pub(super) fn is_seal(bytes: &[u8; SEAL_BYTES]) -> bool {
    bytes[..8] == seal(&blake3::Hash::from([0; 32]))[..8]
}

/// Number of a column in an archive; never reused.
pub(super) fn number_of(column: Column) -> u8 {
    match column {
        // Its records are in the manifest or follow from the rest.
        Column::Meta => 0,
        Column::Headers => 1,
        Column::Accounts => 2,
        Column::Statuses => 3,
        Column::GenesisAccounts => 4,
        Column::Transactions => 5,
        Column::Changes => 6,
        Column::Details => 7,
        Column::History => 8,
        Column::Signatures => 9,
        Column::Addresses => 10,
    }
}

/// Place in [`ORDER`] of the column with this number.
pub(super) fn place_of(number: u8) -> Option<usize> {
    ORDER.iter().position(|column| number_of(*column) == number)
}

/// Whether the column is in an archive without the ledger.
pub(super) fn is_state(column: Column) -> bool {
    matches!(column, Column::Headers | Column::Accounts | Column::Statuses | Column::GenesisAccounts)
}

/// Length of the column's keys.
pub(super) fn key_bytes(column: Column) -> u8 {
    match column {
        Column::Meta => 0,
        Column::Accounts | Column::GenesisAccounts => 32,
        Column::Signatures => 64,
        Column::Addresses => 40,
        _ => 8,
    }
}

/// Length of the column's longest value.
pub(super) fn value_bytes_max(column: Column) -> usize {
    match column {
        Column::Accounts | Column::GenesisAccounts => 42 + ACCOUNT_DATA_BYTES_MAX,
        Column::Headers => 209,
        Column::Signatures => 13,
        _ => VALUE_BYTES_MAX,
    }
}

#[cfg(test)]
mod tests {
    use heddle_types::{BlockHeader, Hash};

    use super::*;

    #[test]
    fn columns_have_their_numbers() {
        let numbers: Vec<u8> = ORDER.into_iter().map(number_of).collect();
        assert_eq!(numbers, (1..=10).collect::<Vec<u8>>(), "in the order of the archive");
        assert_eq!((place_of(1), place_of(10), place_of(0), place_of(END)), (Some(0), Some(9), None, None));
    }

    #[test]
    fn manifests_round_trip_and_refuse_what_they_are_not() {
        let lattice = Box::new([5; LATTICE_BYTES]);
        let state_hash = Hash::new_from_array(*blake3::hash(&lattice[..]).as_bytes());
        let header = BlockHeader { slot: 7, state_hash, ..BlockHeader::default() };
        let manifest = Manifest { tip: Tip { header, lattice }, ledger: Ledger::default(), has_ledger: true };
        // What no history looks like has no stored form.
        let ledger = Ledger { history_from: Some(1), details_from: Some(1), ..manifest.ledger };
        let manifest = Manifest { ledger, ..manifest };
        let bytes: [u8; MANIFEST_BYTES] = manifest.encode().try_into().unwrap();
        assert_eq!((&bytes[..17], MANIFEST_BYTES), (&b"HEDDLESN\x01\0\0\0\x02\0\0\0\x01"[..], 2339));
        assert_eq!(Manifest::decode(&bytes).unwrap(), manifest);
        for (index, expected) in [(0, "Magic"), (8, "archive"), (12, "database format"), (16, "Flag"), (17, "Manifest")]
        {
            let mut damaged = bytes;
            damaged[index] ^= 0x40;
            let error = format!("{:?}", Manifest::decode(&damaged).unwrap_err());
            assert!(error.contains(expected), "{index}: {error}");
        }
        let mut damaged = bytes;
        damaged[MANIFEST_BYTES - 1] ^= 1;
        assert!(format!("{:?}", Manifest::decode(&damaged).unwrap_err()).contains("StateHash"));
    }

    #[test]
    fn seals_are_frames_that_are_skipped() {
        let bytes = seal(&blake3::hash(b"x"));
        assert!(is_seal(&bytes));
        assert!(!is_seal(&[0; SEAL_BYTES]));
        let mut stream = zstd::encode_all(&b"contents"[..], 3).unwrap();
        stream.extend_from_slice(&bytes);
        assert_eq!(zstd::decode_all(&stream[..]).unwrap(), b"contents");
    }
}
