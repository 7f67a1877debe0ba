//! The header: everything that the transactions derive from.

use std::io::{self, Read};

use super::{CHECKSUM_SIZE_BYTES, PreparedError, checksum};
use crate::{BlockRange, Generator, Workload, WorkloadConfig};

/// Version of the file format.
pub const PREPARED_VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"HEDDLETX";
const FIELDS_SIZE_BYTES: usize = 76;
pub(super) const HEADER_SIZE_BYTES: usize = FIELDS_SIZE_BYTES + CHECKSUM_SIZE_BYTES;

/// What a prepared stream holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PreparedHeader {
    config: WorkloadConfig,
    range: BlockRange,
}

impl PreparedHeader {
    /// The header of a stream of `generator`'s blocks in `range`.
    ///
    /// # Panics
    /// If `range` was made for another block size.
    pub fn new(generator: &Generator, range: BlockRange) -> Self {
        assert_eq!(range.block_size(), generator.config().block_size, "the range is of another configuration");
        Self { config: *generator.config(), range }
    }

    /// The workload, from which genesis follows.
    pub fn config(&self) -> &WorkloadConfig {
        &self.config
    }

    /// The blocks.
    pub fn range(&self) -> &BlockRange {
        &self.range
    }

    pub(super) fn encode(&self) -> [u8; HEADER_SIZE_BYTES] {
        let config = &self.config;
        let version_and_workload = [PREPARED_VERSION.to_le_bytes(), u32::from(config.workload.code()).to_le_bytes()];
        let numbers = [
            config.seed,
            config.accounts,
            config.zipf.to_bits(),
            config.genesis_lamports(),
            config.genesis_tokens(),
            self.range.first_block(),
            self.range.transactions(),
        ];
        let fields = [
            &MAGIC[..],
            version_and_workload.as_flattened(),
            numbers.map(u64::to_le_bytes).as_flattened(),
            &config.block_size.to_le_bytes(),
        ]
        .concat();
        let mut header = [0; HEADER_SIZE_BYTES];
        header[..FIELDS_SIZE_BYTES].copy_from_slice(&fields);
        header[FIELDS_SIZE_BYTES..].copy_from_slice(&checksum(&fields));
        header
    }

    /// The magic and the version are judged before anything else is read: the rest may differ between versions.
    pub(super) fn read(reader: &mut impl Read) -> Result<Self, PreparedError> {
        let mut magic = [0; MAGIC.len()];
        read_field(reader, &mut magic, PreparedError::NotAStream)?;
        if magic != *MAGIC {
            return Err(PreparedError::NotAStream);
        }
        let mut version = [0; 4];
        read_field(reader, &mut version, PreparedError::TruncatedHeader)?;
        let found = u32::from_le_bytes(version);
        if found != PREPARED_VERSION {
            return Err(PreparedError::Version { found, supported: PREPARED_VERSION });
        }
        let mut rest = [0; HEADER_SIZE_BYTES - MAGIC.len() - 4];
        read_field(reader, &mut rest, PreparedError::TruncatedHeader)?;
        let (fields, expected) = rest.split_at(rest.len() - CHECKSUM_SIZE_BYTES);
        if checksum(&[&magic[..], &version, fields].concat()) != expected {
            return Err(PreparedError::HeaderChecksum);
        }
        Self::decode(fields)
    }

    /// `fields`: from the workload code to the block size.
    fn decode(fields: &[u8]) -> Result<Self, PreparedError> {
        let u32_at = |at: usize| u32::from_le_bytes(fields[at..at + 4].try_into().expect("four bytes"));
        let u64_at = |at: usize| u64::from_le_bytes(fields[at..at + 8].try_into().expect("eight bytes"));
        let code = u32_at(0);
        let workload = u8::try_from(code).ok().and_then(Workload::from_code);
        let config = WorkloadConfig {
            workload: workload.ok_or(PreparedError::UnknownWorkload { code })?,
            seed: u64_at(4),
            accounts: u64_at(12),
            zipf: f64::from_bits(u64_at(20)),
            lamports_per_account: Some(u64_at(28)),
            block_size: u32_at(60),
        };
        config.validate()?;
        let (found, expected) = (u64_at(36), config.genesis_tokens());
        if found != expected {
            return Err(PreparedError::Genesis { found, expected });
        }
        let range = BlockRange::new(&config, u64_at(44), u64_at(52))?;
        Ok(Self { config, range })
    }
}

/// Fills `field`; an end of the file becomes `at_end`.
pub(super) fn read_field(reader: &mut impl Read, field: &mut [u8], at_end: PreparedError) -> Result<(), PreparedError> {
    reader.read_exact(field).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => at_end,
        _ => error.into(),
    })
}
