//! The names of the workloads. What each does is in `workloads/`.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// What the transactions do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Workload {
    /// Lamport transfers between accounts.
    #[default]
    Transfer,
    /// SPL Token transfers between token accounts of one mint.
    Token,
    /// 60% lamport transfers, 30% token transfers, and 5% of each that fail for want of funds.
    Mixed,
    /// Lamport transfers of which 30% credit, and 1% debit, the same account.
    Hot,
}

impl Workload {
    /// Every workload, in the order in which help texts list them.
    pub const ALL: [Self; 4] = [Self::Transfer, Self::Token, Self::Mixed, Self::Hot];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Token => "token",
            Self::Mixed => "mixed",
            Self::Hot => "hot",
        }
    }

    /// Whether the state needs a mint and token accounts.
    pub const fn uses_tokens(self) -> bool {
        matches!(self, Self::Token | Self::Mixed)
    }

    /// The number in prepared files and in the seed of the random numbers; never reused.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Transfer => 0,
            Self::Token => 1,
            Self::Mixed => 2,
            Self::Hot => 3,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|workload| workload.code() == code)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Workload {
    type Err = UnknownWorkload;

    fn from_str(name: &str) -> Result<Self, UnknownWorkload> {
        Self::ALL.into_iter().find(|workload| workload.name() == name).ok_or_else(|| UnknownWorkload(name.to_owned()))
    }
}

/// The name is none of [`Workload::ALL`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown workload {0:?}: choose one of transfer, token, mixed, hot")]
pub struct UnknownWorkload(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_go_both_ways() {
        for workload in Workload::ALL {
            assert_eq!(workload.to_string().parse(), Ok(workload));
            assert_eq!(Workload::from_code(workload.code()), Some(workload));
        }
        assert_eq!(Workload::from_code(4), None);
    }

    #[test]
    fn the_error_lists_every_choice() {
        let message = "Transfers".parse::<Workload>().unwrap_err().to_string();
        assert!(message.contains("\"Transfers\""), "{message}");
        for workload in Workload::ALL {
            assert!(message.contains(workload.name()), "{message}");
        }
    }
}
