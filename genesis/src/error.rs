//! Why a genesis cannot be made of what was given.

use std::{io, path::PathBuf};

use heddle_types::Pubkey;

/// What is wrong, and where. `origin` is a file, a place in a genesis file, or an argument.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// A file or directory cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is longer than any that makes sense.
    #[error("{} is longer than {size_bytes_max} bytes", path.display())]
    FileTooLong {
        /// The file.
        path: PathBuf,
        /// The bound.
        size_bytes_max: u64,
    },
    /// A file is no JSON, or an object in it has a field twice.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        source: serde_json::Error,
    },
    /// A field is not what it must be.
    #[error("{}: {field} {problem}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The way to the field: `account.lamports`, `fund[2].address`.
        field: String,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// An object of a genesis file has fields that nobody reads: most likely misspelt.
    #[error("{}: unknown fields {names:?}; known are {known:?}", path.display())]
    UnknownFields {
        /// The file.
        path: PathBuf,
        /// The unknown ones, with the way to them.
        names: Vec<String>,
        /// Those that would be read.
        known: &'static [&'static str],
    },
    /// The bytes of a program do not load or do not verify.
    #[error("program {address}: {} cannot run: {reason}", path.display())]
    Elf {
        /// Where the program was to be.
        address: Pubkey,
        /// The file of its bytes.
        path: PathBuf,
        /// What the loader, the verifier or the compiler says: as text, because their error stays on its thread.
        reason: String,
    },
    /// An address is given twice.
    #[error("account {address} is given twice, by {first} and by {second}")]
    Repeated {
        /// The address.
        address: Pubkey,
        /// Who gave it first.
        first: String,
        /// Who gave it again.
        second: String,
    },
    /// An account without lamports: it would not exist.
    #[error("account {address}, given by {origin}, has no lamports and would not exist")]
    NoLamports {
        /// The address.
        address: Pubkey,
        /// Who gave it.
        origin: String,
    },
    /// The balances of all accounts together do not fit 64 bits.
    #[error("with account {address}, given by {origin}, there are more than {} lamports in all", u64::MAX)]
    TotalLamports {
        /// The account that is too much.
        address: Pubkey,
        /// Who gave it.
        origin: String,
    },
}

/// What is wrong with a field of a JSON file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FieldProblem {
    /// It is not there, or null.
    #[error("is missing")]
    Missing,
    /// It is of another kind or out of range.
    #[error("is {found}, not {expected}")]
    Kind {
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// An encoding that we do not know.
    #[error("has encoding {found}; base64, base64+zstd and base58 are known")]
    Encoding {
        /// What the file says.
        found: String,
    },
    /// Text that is no base64.
    #[error("is no base64: {0}")]
    Base64(base64::DecodeError),
    /// Text that is no base58.
    #[error("is no base58: {0}")]
    Base58(bs58::decode::Error),
    /// Bytes that do not decompress.
    #[error("does not decompress: {0}")]
    Zstd(io::Error),
    /// More bytes than an account, or a program in it, may have.
    #[error("holds more than {size_bytes_max} bytes")]
    DataTooLong {
        /// The bound.
        size_bytes_max: usize,
    },
    /// More text than we decode of this slow encoding.
    #[error("holds {text_bytes} characters of base58, at most {text_bytes_max} are read; base64 has no such bound")]
    Base58TooLong {
        /// Its length.
        text_bytes: usize,
        /// The bound.
        text_bytes_max: usize,
    },
    /// The declared length is not that of the data.
    #[error("is {space}, but the data has {data_bytes} bytes")]
    Space {
        /// What the file says.
        space: u64,
        /// What it holds.
        data_bytes: usize,
    },
    /// A field that only programs of loader v3 have.
    #[error("is for programs of loader v3; those of v2 never change")]
    AuthorityOfV2,
}
