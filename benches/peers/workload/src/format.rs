//! The workload file: programs, and per worker a stream of accounts and pre-signed transactions.
//!
//! Little-endian, no padding; `n × T` is a `u32` count and then as many `T`, `bytes` a `u32` length and then the bytes:
//!
//! ```text
//! magic "HDLPEER1" · blockhash [32] · n × program · n × stream
//! program      key [32] · elf bytes
//! stream       n × account · n × transaction (warm-up) · n × transaction (measured)
//! account      key [32] · owner [32] · lamports u64 · data bytes
//! transaction  wire bytes
//! ```
//!
//! Streams touch disjoint accounts. The warm-up transactions of a stream touch accounts that its measured ones do not.

use std::{fmt, io, path::Path};

const MAGIC: &[u8; 8] = b"HDLPEER1";

/// A workload that every peer runs alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// The recent blockhash that all transactions name.
    pub blockhash: [u8; 32],
    /// Loaded by loader v2, before anything is measured.
    pub programs: Vec<Program>,
    /// One per worker.
    pub streams: Vec<Stream>,
}

/// A program's address and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where transactions call it.
    pub key: [u8; 32],
    /// What runs.
    pub elf: Vec<u8>,
}

/// What one worker runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// All accounts that its transactions touch, apart from programs.
    pub accounts: Vec<Account>,
    /// Run before the clock starts, so that programs are compiled and memory is mapped.
    pub warm_up: Vec<Vec<u8>>,
    /// Wire bytes, distinct and signed.
    pub transactions: Vec<Vec<u8>>,
}

/// An account of the genesis state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its address.
    pub key: [u8; 32],
    /// The program that owns it.
    pub owner: [u8; 32],
    /// Its balance.
    pub lamports: u64,
    /// Its data.
    pub data: Vec<u8>,
}

/// Why a file is no workload.
#[derive(Debug)]
pub enum FormatError {
    /// It cannot be read.
    Io(io::Error),
    /// It begins with other bytes.
    Magic,
    /// It ends within a field.
    Short,
    /// It goes on behind the last field.
    Trailing(usize),
}

impl fmt::Display for FormatError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(formatter, "cannot read the workload: {error}"),
            Self::Magic => write!(formatter, "not a workload file"),
            Self::Short => write!(formatter, "the workload file is cut off"),
            Self::Trailing(count) => write!(formatter, "{count} bytes behind the workload"),
        }
    }
}

impl std::error::Error for FormatError {}

impl Workload {
    /// Reads a workload file.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn read(path: &Path) -> Result<Self, FormatError> {
        Self::from_bytes(&std::fs::read(path).map_err(FormatError::Io)?)
    }

    /// Writes a workload file.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.to_bytes())
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&self.blockhash);
        put_count(&mut out, self.programs.len());
        for program in &self.programs {
            out.extend_from_slice(&program.key);
            put_bytes(&mut out, &program.elf);
        }
        put_count(&mut out, self.streams.len());
        for stream in &self.streams {
            put_count(&mut out, stream.accounts.len());
            for account in &stream.accounts {
                out.extend_from_slice(&account.key);
                out.extend_from_slice(&account.owner);
                out.extend_from_slice(&account.lamports.to_le_bytes());
                put_bytes(&mut out, &account.data);
            }
            for transactions in [&stream.warm_up, &stream.transactions] {
                put_count(&mut out, transactions.len());
                transactions.iter().for_each(|wire| put_bytes(&mut out, wire));
            }
        }
        out
    }

    /// The workload that `bytes` hold.
    ///
    /// # Errors
    /// All of [`FormatError`] but `Io`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let Some(rest) = bytes.strip_prefix(MAGIC) else { return Err(FormatError::Magic) };
        let mut cursor = Cursor { rest };
        let workload = Self {
            blockhash: cursor.array()?,
            programs: cursor.list(|cursor| Ok(Program { key: cursor.array()?, elf: cursor.bytes()? }))?,
            streams: cursor.list(|cursor| {
                Ok(Stream {
                    accounts: cursor.list(|cursor| {
                        Ok(Account {
                            key: cursor.array()?,
                            owner: cursor.array()?,
                            lamports: u64::from_le_bytes(cursor.array()?),
                            data: cursor.bytes()?,
                        })
                    })?,
                    warm_up: cursor.list(Cursor::bytes)?,
                    transactions: cursor.list(Cursor::bytes)?,
                })
            })?,
        };
        match cursor.rest.len() {
            0 => Ok(workload),
            count => Err(FormatError::Trailing(count)),
        }
    }

    /// Measured transactions of the first `stream_count` streams.
    pub fn transaction_count(&self, stream_count: usize) -> usize {
        self.streams.iter().take(stream_count).map(|stream| stream.transactions.len()).sum()
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count).expect("a workload has fewer than 2^32 of anything");
    out.extend_from_slice(&count.to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, bytes.len());
    out.extend_from_slice(bytes);
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(FormatError::Short)?;
        self.rest = rest;
        Ok(*head)
    }

    fn count(&mut self) -> Result<usize, FormatError> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, FormatError> {
        let count = self.count()?;
        let (head, rest) = self.rest.split_at_checked(count).ok_or(FormatError::Short)?;
        self.rest = rest;
        Ok(head.to_vec())
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, FormatError>) -> Result<Vec<T>, FormatError> {
        (0..self.count()?).map(|_| item(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Workload {
        let account = Account { key: [1; 32], owner: [2; 32], lamports: 3, data: vec![4; 5] };
        let stream = Stream {
            accounts: vec![account.clone(), account],
            warm_up: vec![vec![6]],
            transactions: vec![vec![7; 200]],
        };
        let programs = vec![Program { key: [8; 32], elf: vec![9; 100] }];
        Workload { blockhash: [10; 32], programs, streams: vec![stream, Stream::default()] }
    }

    #[test]
    fn what_is_written_is_read() {
        let workload = sample();
        assert_eq!(Workload::from_bytes(&workload.to_bytes()).expect("well formed"), workload);
        assert_eq!(workload.transaction_count(1), 1);
        assert_eq!(workload.transaction_count(2), 1);
    }

    #[test]
    fn every_cut_is_refused() {
        let bytes = sample().to_bytes();
        for length in 0..bytes.len() {
            assert!(Workload::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(Workload::from_bytes(&longer), Err(FormatError::Trailing(1))));
        assert!(matches!(Workload::from_bytes(b"HDLPEER2"), Err(FormatError::Magic)));
    }
}
