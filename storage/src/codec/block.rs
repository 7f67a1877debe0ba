//! Headers, the tip, the lists kept per block, and the small records that say what the database is.

use heddle_types::{AccountDigest, BlockHeader, Hash, StatusKey};

use super::{DecodeError, FORMAT_VERSION, LAYOUT_VERSION, cursor::Cursor};
use crate::{LATTICE_BYTES, Tip};

/// First bytes of the format record, in every version for all time.
const FORMAT_MAGIC: [u8; 8] = *b"HEDDLEDB";
/// Layout version, ten fields of [`BlockHeader`].
const HEADER_BYTES: usize = 1 + 8 * 4 + 32 * 3 + 8 * 2 + 32 * 2;
/// One [`AccountDigest`].
const DIGEST_BYTES: usize = 32 + 8 + 32 + 1 + 4 + 16;
/// One [`StatusKey`].
const STATUS_BYTES: usize = 32 + 32;

/// The format record of this version.
pub fn encode_format() -> [u8; 12] {
    let mut out = [0; 12];
    out[..8].copy_from_slice(&FORMAT_MAGIC);
    out[8..].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    out
}

/// The version in a format record, which may be one that this program does not read.
///
/// # Errors
/// If the bytes are no format record.
pub fn decode_format(bytes: &[u8]) -> Result<u32, DecodeError> {
    let mut cursor = Cursor::bare(bytes);
    if cursor.array()? != &FORMAT_MAGIC {
        return Err(DecodeError::Magic);
    }
    cursor.u32()
}

/// The stored form of a header.
pub fn encode_header(header: &BlockHeader) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES);
    out.push(LAYOUT_VERSION);
    push_header(header, &mut out);
    out
}

/// Reads a header.
///
/// # Errors
/// If the bytes are not what [`encode_header`] writes.
pub fn decode_header(bytes: &[u8]) -> Result<BlockHeader, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let header = take_header(&mut cursor)?;
    cursor.finish()?;
    Ok(header)
}

/// The stored form of the tip: the header and the accounts lattice after it.
pub fn encode_tip(header: &BlockHeader, lattice: &[u8; LATTICE_BYTES]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + LATTICE_BYTES);
    out.push(LAYOUT_VERSION);
    push_header(header, &mut out);
    out.extend_from_slice(lattice);
    out
}

/// Reads the tip.
///
/// # Errors
/// If the bytes are not what [`encode_tip`] writes.
pub fn decode_tip(bytes: &[u8]) -> Result<Tip, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let header = take_header(&mut cursor)?;
    let lattice = Box::new(*cursor.array()?);
    cursor.finish()?;
    Ok(Tip { header, lattice })
}

/// The stored form of a mark: the block that a column family was last written by.
pub fn encode_mark(slot: u64, block_hash: &Hash) -> [u8; 41] {
    let mut out = [0; 41];
    out[0] = LAYOUT_VERSION;
    out[1..9].copy_from_slice(&slot.to_le_bytes());
    out[9..].copy_from_slice(block_hash.as_bytes());
    out
}

/// Reads a mark: slot and block hash.
///
/// # Errors
/// If the bytes are not what [`encode_mark`] writes.
pub fn decode_mark(bytes: &[u8]) -> Result<(u64, Hash), DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let mark = (cursor.u64()?, cursor.hash()?);
    cursor.finish()?;
    Ok(mark)
}

/// The stored form of the number of genesis accounts.
pub fn encode_genesis_count(count: u64) -> [u8; 9] {
    let mut out = [LAYOUT_VERSION; 9];
    out[1..].copy_from_slice(&count.to_le_bytes());
    out
}

/// Reads the number of genesis accounts.
///
/// # Errors
/// If the bytes are not what [`encode_genesis_count`] writes.
pub fn decode_genesis_count(bytes: &[u8]) -> Result<u64, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let count = cursor.u64()?;
    cursor.finish()?;
    Ok(count)
}

/// The stored form of the fingerprints of a block's changed accounts; O(n).
pub fn encode_changes(digests: &[AccountDigest]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + digests.len() * DIGEST_BYTES);
    out.push(LAYOUT_VERSION);
    for digest in digests {
        out.extend_from_slice(digest.key.as_ref());
        out.extend_from_slice(&digest.lamports.to_le_bytes());
        out.extend_from_slice(digest.owner.as_ref());
        out.push(digest.executable.into());
        out.extend_from_slice(&digest.data_size_bytes.to_le_bytes());
        out.extend_from_slice(&digest.data_hash);
    }
    out
}

/// Reads the fingerprints of a block; O(n).
///
/// # Errors
/// If the bytes are not what [`encode_changes`] writes.
pub fn decode_changes(bytes: &[u8]) -> Result<Vec<AccountDigest>, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let mut digests = Vec::with_capacity(cursor.left_bytes() / DIGEST_BYTES);
    while cursor.left_bytes() > 0 {
        digests.push(AccountDigest {
            key: cursor.pubkey()?,
            lamports: cursor.u64()?,
            owner: cursor.pubkey()?,
            executable: cursor.flag("executable mark")?,
            data_size_bytes: cursor.u32()?,
            data_hash: *cursor.array()?,
        });
    }
    Ok(digests)
}

/// The stored form of the statuses of a block; O(n).
pub fn encode_statuses(statuses: &[StatusKey]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + statuses.len() * STATUS_BYTES);
    out.push(LAYOUT_VERSION);
    for status in statuses {
        out.extend_from_slice(status.blockhash.as_bytes());
        out.extend_from_slice(status.message_hash.as_bytes());
    }
    out
}

/// Reads the statuses of a block; O(n).
///
/// # Errors
/// If the bytes are not what [`encode_statuses`] writes.
pub fn decode_statuses(bytes: &[u8]) -> Result<Vec<StatusKey>, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let mut statuses = Vec::with_capacity(cursor.left_bytes() / STATUS_BYTES);
    while cursor.left_bytes() > 0 {
        statuses.push(StatusKey { blockhash: cursor.hash()?, message_hash: cursor.hash()? });
    }
    Ok(statuses)
}

fn push_header(header: &BlockHeader, out: &mut Vec<u8>) {
    out.extend_from_slice(&header.slot.to_le_bytes());
    out.extend_from_slice(&header.parent_slot.to_le_bytes());
    out.extend_from_slice(&header.height.to_le_bytes());
    out.extend_from_slice(&header.unix_timestamp.to_le_bytes());
    out.extend_from_slice(header.blockhash.as_bytes());
    out.extend_from_slice(header.collector.as_ref());
    out.extend_from_slice(header.parent_hash.as_bytes());
    out.extend_from_slice(&header.transaction_count.to_le_bytes());
    out.extend_from_slice(&header.signature_count.to_le_bytes());
    out.extend_from_slice(header.state_hash.as_bytes());
    out.extend_from_slice(header.block_hash.as_bytes());
}

fn take_header(cursor: &mut Cursor<'_>) -> Result<BlockHeader, DecodeError> {
    Ok(BlockHeader {
        slot: cursor.u64()?,
        parent_slot: cursor.u64()?,
        height: cursor.u64()?,
        unix_timestamp: cursor.i64()?,
        blockhash: cursor.hash()?,
        collector: cursor.pubkey()?,
        parent_hash: cursor.hash()?,
        transaction_count: cursor.u64()?,
        signature_count: cursor.u64()?,
        state_hash: cursor.hash()?,
        block_hash: cursor.hash()?,
    })
}

#[cfg(test)]
mod tests {
    use heddle_types::Pubkey;
    use proptest::prelude::*;

    use super::*;

    fn any_hash() -> impl Strategy<Value = Hash> {
        any::<[u8; 32]>().prop_map(Hash::new_from_array)
    }

    fn any_pubkey() -> impl Strategy<Value = Pubkey> {
        any::<[u8; 32]>().prop_map(Pubkey::new_from_array)
    }

    prop_compose! {
        fn any_header()(
            numbers: [u64; 5], unix_timestamp: i64, hashes in proptest::array::uniform4(any_hash()), collector in any_pubkey(),
        ) -> BlockHeader {
            let [slot, parent_slot, height, transaction_count, signature_count] = numbers;
            let [blockhash, parent_hash, state_hash, block_hash] = hashes;
            BlockHeader {
                slot, parent_slot, height, unix_timestamp, blockhash, collector, parent_hash, transaction_count,
                signature_count, state_hash, block_hash,
            }
        }
    }

    prop_compose! {
        fn any_digest()(
            key in any_pubkey(), lamports: u64, owner in any_pubkey(), executable: bool, data_size_bytes: u32, data_hash: [u8; 16],
        ) -> AccountDigest {
            AccountDigest { key, lamports, owner, executable, data_size_bytes, data_hash }
        }
    }

    prop_compose! {
        fn any_status()(blockhash in any_hash(), message_hash in any_hash()) -> StatusKey {
            StatusKey { blockhash, message_hash }
        }
    }

    /// Every decoder over the same bytes: what it accepts it must write again byte for byte.
    fn check_hostile(bytes: &[u8]) {
        if let Ok(header) = decode_header(bytes) {
            assert_eq!(encode_header(&header), bytes);
        }
        if let Ok(tip) = decode_tip(bytes) {
            assert_eq!(encode_tip(&tip.header, &tip.lattice), bytes);
        }
        if let Ok((slot, hash)) = decode_mark(bytes) {
            assert_eq!(encode_mark(slot, &hash), bytes);
        }
        if let Ok(count) = decode_genesis_count(bytes) {
            assert_eq!(encode_genesis_count(count), bytes);
        }
        if let Ok(digests) = decode_changes(bytes) {
            assert_eq!(encode_changes(&digests), bytes);
        }
        if let Ok(statuses) = decode_statuses(bytes) {
            assert_eq!(encode_statuses(&statuses), bytes);
        }
        if let Ok(FORMAT_VERSION) = decode_format(bytes) {
            assert!(bytes.starts_with(&encode_format()));
        }
    }

    #[test]
    fn format_record_names_its_version() {
        assert_eq!(&encode_format(), b"HEDDLEDB\x02\0\0\0");
        assert_eq!(decode_format(b"HEDDLEDB\x07\x01\0\0and whatever comes later"), Ok(0x107));
        assert_eq!(decode_format(b"HEDDLEDC\x07\0\0\0"), Err(DecodeError::Magic));
        assert!(matches!(decode_format(b"HEDDLEDB\x07\0\0"), Err(DecodeError::Short { .. })));
    }

    #[test]
    fn sizes_are_as_documented() {
        let header = BlockHeader::default();
        assert_eq!((encode_header(&header).len(), HEADER_BYTES), (209, 209));
        assert_eq!(encode_tip(&header, &[0; LATTICE_BYTES]).len(), 2257);
        assert_eq!((DIGEST_BYTES, STATUS_BYTES), (93, 64));
    }

    #[test]
    fn fields_are_where_documented() {
        let hash = |byte| Hash::new_from_array([byte; 32]);
        let header = BlockHeader {
            slot: 0x11,
            parent_slot: 0x12,
            height: 0x13,
            unix_timestamp: -2,
            blockhash: hash(0x21),
            collector: Pubkey::new_from_array([0x22; 32]),
            parent_hash: hash(0x23),
            transaction_count: 0x14,
            signature_count: 0x15,
            state_hash: hash(0x24),
            block_hash: hash(0x25),
        };
        let number = |byte: u8| vec![byte, 0, 0, 0, 0, 0, 0, 0];
        let expected = [
            vec![1],
            number(0x11),
            number(0x12),
            number(0x13),
            vec![0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            [[0x21; 32], [0x22; 32], [0x23; 32]].concat(),
            number(0x14),
            number(0x15),
            [[0x24; 32], [0x25; 32]].concat(),
        ];
        let expected = expected.concat();
        assert_eq!(encode_header(&header), expected);
        assert_eq!(encode_tip(&header, &[9; LATTICE_BYTES]), [expected, vec![9; LATTICE_BYTES]].concat());
        assert_eq!(encode_mark(0x11, &hash(0x25))[..], [vec![1], number(0x11), vec![0x25; 32]].concat());
        let status = StatusKey { blockhash: hash(0x31), message_hash: hash(0x32) };
        assert_eq!(encode_statuses(&[status]), [vec![1], vec![0x31; 32], vec![0x32; 32]].concat());
        let digest = AccountDigest {
            key: Pubkey::new_from_array([0x41; 32]),
            lamports: 0x16,
            owner: Pubkey::new_from_array([0x42; 32]),
            executable: true,
            data_size_bytes: 0x17,
            data_hash: [0x43; 16],
        };
        let expected =
            [vec![1], vec![0x41; 32], number(0x16), vec![0x42; 32], vec![1], vec![0x17, 0, 0, 0], vec![0x43; 16]];
        assert_eq!(encode_changes(&[digest]), expected.concat());
    }

    #[test]
    fn every_cut_of_a_record_is_refused() {
        let tip = encode_tip(&BlockHeader::default(), &[7; LATTICE_BYTES]);
        for cut in 0..tip.len() {
            assert!(decode_tip(&tip[..cut]).is_err(), "{cut}");
        }
        let mut long = tip;
        long.push(0);
        assert_eq!(decode_tip(&long).unwrap_err(), DecodeError::Trailing { count_bytes: 1 });
        let digest = AccountDigest::of(&Pubkey::default(), None);
        let changes = encode_changes(&[digest, digest]);
        for cut in 0..changes.len() {
            assert_eq!(decode_changes(&changes[..cut]).is_ok(), cut == 1 || cut == 1 + DIGEST_BYTES, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn headers_round_trip(header in any_header(), lane: u8) {
            prop_assert_eq!(decode_header(&encode_header(&header)), Ok(header));
            let tip = Tip { header, lattice: Box::new([lane; LATTICE_BYTES]) };
            prop_assert_eq!(decode_tip(&encode_tip(&tip.header, &tip.lattice)), Ok(tip));
            prop_assert_eq!(decode_mark(&encode_mark(header.slot, &header.block_hash)), Ok((header.slot, header.block_hash)));
            prop_assert_eq!(decode_genesis_count(&encode_genesis_count(header.slot)), Ok(header.slot));
        }

        #[test]
        fn lists_round_trip(
            digests in proptest::collection::vec(any_digest(), 0..20),
            statuses in proptest::collection::vec(any_status(), 0..20),
        ) {
            prop_assert_eq!(decode_changes(&encode_changes(&digests)), Ok(digests));
            prop_assert_eq!(decode_statuses(&encode_statuses(&statuses)), Ok(statuses));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..2300), versioned: bool) {
            if versioned && !bytes.is_empty() {
                bytes[0] = LAYOUT_VERSION;
            }
            check_hostile(&bytes);
        }

        #[test]
        fn damaged_records_decode_or_are_refused(header in any_header(), index in 0..2257usize, value: u8) {
            let mut bytes = encode_tip(&header, &[3; LATTICE_BYTES]);
            bytes[index] = value;
            check_hostile(&bytes);
        }
    }
}
