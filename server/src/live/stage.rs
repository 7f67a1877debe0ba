//! The stages of a transaction's way, by which time is counted.

/// Where the time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Parsing and signatures.
    Verify,
    /// Plan and conflict graph.
    Schedule,
    /// Transactions.
    Execute,
    /// Fees, outcomes, changes.
    Collect,
    /// Lattice and hashes.
    Hash,
    /// The write and its sync.
    Commit,
}

impl Stage {
    /// Every stage, with its name.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Verify, "verify"),
        (Self::Schedule, "schedule"),
        (Self::Execute, "execute"),
        (Self::Collect, "collect"),
        (Self::Hash, "hash"),
        (Self::Commit, "commit"),
    ];
}
