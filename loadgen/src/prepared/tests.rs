use std::{
    fs,
    io::{self, Read, Write},
};

use heddle_types::Hash;
use proptest::prelude::*;

use super::{header::HEADER_SIZE_BYTES, *};
use crate::{BlockRange, Generator, SignedBlock, Workload, WorkloadConfig};

const BLOCK_SIZE: u32 = 4;
const TRANSACTIONS: u64 = 10;
const FIRST_BLOCK: u64 = 5;

fn header_and_blocks() -> (PreparedHeader, Vec<SignedBlock>) {
    let config = WorkloadConfig {
        workload: Workload::Mixed,
        accounts: 20,
        block_size: BLOCK_SIZE,
        zipf: 0.7,
        ..Default::default()
    };
    let generator = Generator::new(config, 1, &|_| {}).unwrap();
    let range = BlockRange::new(&config, FIRST_BLOCK, TRANSACTIONS).unwrap();
    let blocks = (range.first_block()..range.end_block())
        .map(|index| generator.sign_block(&range, index, Hash::new_from_array([index as u8; 32])))
        .collect();
    (PreparedHeader::new(&generator, range), blocks)
}

fn write(header: PreparedHeader, blocks: &[SignedBlock]) -> Result<Vec<u8>, PreparedError> {
    let mut writer = PreparedWriter::new(Vec::new(), header)?;
    for block in blocks {
        writer.write_block(block)?;
    }
    writer.finish()
}

fn file() -> Vec<u8> {
    let (header, blocks) = header_and_blocks();
    write(header, &blocks).unwrap()
}

fn read(bytes: &[u8]) -> Result<(PreparedHeader, Vec<SignedBlock>), PreparedError> {
    let mut reader = PreparedReader::new(bytes)?;
    let blocks = reader.by_ref().collect::<Result<_, _>>()?;
    Ok((*reader.header(), blocks))
}

/// Makes the header's checksum hold again after a change.
fn reseal_header(bytes: &mut [u8]) {
    let fields = HEADER_SIZE_BYTES - CHECKSUM_SIZE_BYTES;
    let sum = checksum(&bytes[..fields]);
    bytes[fields..HEADER_SIZE_BYTES].copy_from_slice(&sum);
}

/// Makes the checksums of the first block hold again after a change; `payload_size` is its real size.
fn reseal_first_block(bytes: &mut [u8], payload_size: usize) {
    let fields = HEADER_SIZE_BYTES..HEADER_SIZE_BYTES + BLOCK_FIELDS_SIZE_BYTES;
    let sum = checksum(&bytes[fields.clone()]);
    bytes[fields.end..][..CHECKSUM_SIZE_BYTES].copy_from_slice(&sum);
    let payload = fields.end + CHECKSUM_SIZE_BYTES..fields.end + CHECKSUM_SIZE_BYTES + payload_size;
    let sum = checksum(&bytes[payload.clone()]);
    bytes[payload.end..][..CHECKSUM_SIZE_BYTES].copy_from_slice(&sum);
}

fn check_error(bytes: &[u8], expected: &str) {
    assert_eq!(read(bytes).unwrap_err().to_string(), expected);
}

#[test]
fn what_is_written_is_read() {
    let (header, blocks) = header_and_blocks();
    let bytes = write(header, &blocks).unwrap();
    assert_eq!(read(&bytes).unwrap(), (header, blocks));
}

#[test]
fn files_round_trip_too() {
    let (header, blocks) = header_and_blocks();
    let path = std::env::temp_dir().join(format!("heddle-prepared-{}", std::process::id()));
    let mut writer = PreparedWriter::create(&path, header).unwrap();
    blocks.iter().for_each(|block| writer.write_block(block).unwrap());
    writer.finish().unwrap().sync_all().unwrap();
    let found: Vec<_> = PreparedReader::open(&path).unwrap().map(Result::unwrap).collect();
    fs::remove_file(&path).unwrap();
    assert_eq!(found, blocks);
    assert!(matches!(PreparedReader::open(&path), Err(PreparedError::Io(e)) if e.kind() == io::ErrorKind::NotFound));
}

#[test]
fn an_empty_range_is_a_header_alone() {
    let (header, _) = header_and_blocks();
    let range = BlockRange::new(header.config(), 0, 0).unwrap();
    let generator = Generator::new(*header.config(), 1, &|_| {}).unwrap();
    let bytes = write(PreparedHeader::new(&generator, range), &[]).unwrap();
    assert_eq!(bytes.len(), HEADER_SIZE_BYTES);
    assert_eq!(read(&bytes).unwrap().1, []);
}

#[test]
fn a_file_cut_anywhere_is_refused_and_the_error_says_where() {
    let bytes = file();
    let (_, blocks) = header_and_blocks();
    let mut block_ends = vec![HEADER_SIZE_BYTES];
    for block in &blocks {
        let payload = block.size_bytes() + LENGTH_SIZE_BYTES * block.len();
        block_ends.push(block_ends.last().unwrap() + BLOCK_FIELDS_SIZE_BYTES + payload + 2 * CHECKSUM_SIZE_BYTES);
    }
    assert_eq!(*block_ends.last().unwrap(), bytes.len());
    for cut in 0..bytes.len() {
        let whole = block_ends.iter().filter(|&&end| end <= cut).count() as u64;
        let expected = match cut {
            0..8 => "not a prepared transaction stream".to_owned(),
            8..HEADER_SIZE_BYTES => "prepared stream is truncated in its header".to_owned(),
            _ => format!("prepared stream is truncated at block {}", FIRST_BLOCK + whole - 1),
        };
        check_error(&bytes[..cut], &expected);
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let mut bytes = file();
    for position in 0..bytes.len() {
        for bit in 0..8 {
            bytes[position] ^= 1 << bit;
            assert!(read(&bytes).is_err(), "byte {position} bit {bit}");
            bytes[position] ^= 1 << bit;
        }
    }
    assert!(read(&bytes).is_ok());
}

#[test]
fn errors_name_what_is_wrong() {
    let good = file();
    let mut bytes = good.clone();
    bytes[8] = 9;
    check_error(&bytes, "prepared stream has format version 9; this program reads 1");
    let mut bytes = good.clone();
    bytes[20] ^= 1;
    check_error(&bytes, "prepared stream: checksum mismatch in the header");
    let mut bytes = good.clone();
    bytes[HEADER_SIZE_BYTES + 100] ^= 1;
    check_error(&bytes, "prepared stream: checksum mismatch at block 5");
    let mut bytes = good;
    bytes.push(0);
    check_error(&bytes, "prepared stream: trailing data after the last of 3 blocks");
    check_error(b"\x7fELF, and more", "not a prepared transaction stream");
}

#[test]
fn a_resealed_header_is_still_checked() {
    let edit = |at: usize, with: &[u8], expected: &str| {
        let mut bytes = file();
        bytes[at..at + with.len()].copy_from_slice(with);
        reseal_header(&mut bytes);
        check_error(&bytes, expected);
    };
    edit(12, &[9], "prepared stream names the unknown workload code 9");
    edit(24, &[0; 8], "prepared stream: 0 accounts: must be 2 to 10000000");
    edit(32, &f64::NAN.to_le_bytes(), "prepared stream: zipf exponent NaN: must be 0 to 10");
    edit(40, &[0; 8], "prepared stream: 0 lamports per account: must be 650240 to 200000000000000000");
    edit(
        48,
        &[0; 8],
        "prepared stream was made for 0 tokens per account at genesis; this program gives 1000000000000000",
    );
    edit(
        56,
        &[0xff; 8],
        "prepared stream: 10 transactions from block 18446744073709551615 on: the transaction numbers leave 64 bits",
    );
    edit(72, &[0; 4], "prepared stream: 0 transactions per block: must be 1 to 100000");
    edit(72, &[5], "prepared stream: block 5 has transaction count 4, expected 5");
}

#[test]
fn a_resealed_block_is_still_checked() {
    let (_, blocks) = header_and_blocks();
    let payload_size = blocks[0].size_bytes() + LENGTH_SIZE_BYTES * blocks[0].len();
    let edit = |at: usize, with: &[u8], expected: &str| {
        let mut bytes = file();
        bytes[HEADER_SIZE_BYTES + at..][..with.len()].copy_from_slice(with);
        reseal_first_block(&mut bytes, payload_size);
        check_error(&bytes, expected);
    };
    edit(0, &[6], "prepared stream: block 5 has index 6, expected 5");
    edit(40, &[3], "prepared stream: block 5 has transaction count 3, expected 4");
    edit(44, &[0xff; 4], "prepared stream: block 5 has payload size 4294967295, expected 4936");
    edit(56, &[0, 0], "prepared stream: block 5 has a transaction of size 0, expected 1");
    edit(56, &[0xff, 0x7f], "prepared stream: block 5 has a transaction of size 0, expected 1");
}

#[test]
fn a_writer_takes_only_the_block_that_comes_next() {
    let (header, blocks) = header_and_blocks();
    let swapped = [blocks[1].clone()];
    assert!(matches!(
        write(header, &swapped),
        Err(PreparedError::Inconsistent { field: "index", found: 6, expected: 5, .. })
    ));
    assert!(matches!(write(header, &blocks[..2]), Err(PreparedError::Unfinished { block: 7, end: 8 })));
    let mut writer = PreparedWriter::new(Vec::new(), header).unwrap();
    blocks.iter().for_each(|block| writer.write_block(block).unwrap());
    assert!(writer.write_block(&blocks[2]).is_err());
}

/// Fails after a number of bytes, as a full disk does.
struct FullDisk(usize);

impl Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = bytes.len().min(self.0);
        self.0 -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for FullDisk {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[test]
fn input_output_errors_come_through() {
    let (header, blocks) = header_and_blocks();
    let size = file().len();
    for room in [0, 10, HEADER_SIZE_BYTES, size - 1] {
        let result = PreparedWriter::new(FullDisk(room), header).and_then(|mut writer| {
            blocks.iter().try_for_each(|block| writer.write_block(block))?;
            writer.finish()
        });
        assert!(matches!(result, Err(PreparedError::Io(e)) if e.kind() == io::ErrorKind::StorageFull), "{room}");
    }
    assert!(matches!(PreparedReader::new(FullDisk(0)), Err(PreparedError::Io(_))));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), keep in 0..700_usize) {
        let mut mutated = file();
        mutated.truncate(keep);
        mutated.extend(bytes);
        prop_assert!(read(&mutated).is_err());
    }
}
