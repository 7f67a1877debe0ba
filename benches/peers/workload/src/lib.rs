//! What every peer of the comparison shares: the file that holds a workload, the lines that driver and peer exchange, the
//! digest of the state that a run left behind.
//!
//! It knows no peer and no Solana crate, so that packages whose versions conflict can all use it.

mod digest;
mod format;
mod protocol;

pub use digest::StateDigest;
pub use format::{Account, FormatError, Program, Stream, Workload};
pub use protocol::{Greeting, Meter, Peer, Reply, Request, RunReport, Setting, serve};
