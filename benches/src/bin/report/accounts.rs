//! What the `accounts` command printed as JSON.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

/// The parts of it that are rendered.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Accounts {
    pub(crate) measured: Vec<Measured>,
    pub(crate) ratios: Vec<f64>,
    pub(crate) memory: Vec<Memory>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Measured {
    pub(crate) accounts: u64,
    pub(crate) transfer_ns: Spread,
    pub(crate) ingress_ns: Spread,
    pub(crate) schedule_ns: Spread,
    pub(crate) execute_ns: Spread,
    pub(crate) hash_ns: Spread,
    pub(crate) commit_ns: Spread,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) lower_quartile: f64,
    pub(crate) upper_quartile: f64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Memory {
    pub(crate) account_count: u64,
    pub(crate) data_bytes: u64,
    pub(crate) bytes_beyond_data: Option<f64>,
}

impl Accounts {
    /// # Errors
    /// If the file cannot be read or is not what `accounts --json` prints.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Transfer cost in the engine with the most accounts over that in the first.
    pub(crate) fn largest_ratio(&self) -> Option<f64> {
        let pairs = self.measured.iter().zip(&self.ratios).skip(1);
        pairs.max_by_key(|(one, _)| one.accounts).map(|(_, ratio)| *ratio)
    }

    /// Bytes beyond its data of the most costly account.
    pub(crate) fn bytes_beyond_data_max(&self) -> Option<f64> {
        self.memory.iter().filter_map(|one| one.bytes_beyond_data).max_by(f64::total_cmp)
    }
}
