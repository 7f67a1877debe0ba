//! When a committed block is safe from a power failure.

use std::{fmt, str::FromStr, time::Duration};

/// When a durable store syncs to the disk. A killed process loses no committed block under any of them; a power failure
/// or a crash of the system may take what was not synced, from the end of the chain, block by block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Every block, before its commit returns.
    #[default]
    Block,
    /// All blocks committed since the last time, whenever this time has passed.
    Interval(Duration),
    /// When the store is asked to, and when it is closed.
    None,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block => f.write_str("block"),
            Self::Interval(interval) => write!(f, "interval {} ms", interval.as_millis()),
            Self::None => f.write_str("none"),
        }
    }
}

/// A text that is no [`Durability`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of: block, a number of milliseconds from 1 to 60000 (interval), none")]
pub struct ParseDurabilityError(String);

impl FromStr for Durability {
    type Err = ParseDurabilityError;

    /// `block`, `none`, or the milliseconds of an interval (`interval:250` or just `250`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INTERVAL_MS_MAX: u64 = 60_000;
        match text {
            "block" => Ok(Self::Block),
            "none" => Ok(Self::None),
            _ => {
                let digits =
                    text.strip_prefix("interval").map_or(text, |rest| rest.trim_start_matches([':', '=', ' ']));
                let milliseconds = digits.trim_end_matches("ms").trim_end().parse().ok();
                let milliseconds = milliseconds.filter(|ms| (1..=INTERVAL_MS_MAX).contains(ms));
                let milliseconds = milliseconds.ok_or_else(|| ParseDurabilityError(text.to_owned()))?;
                Ok(Self::Interval(Duration::from_millis(milliseconds)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_what_people_type() {
        let interval = Durability::Interval(Duration::from_millis(250));
        for durability in [Durability::Block, Durability::None, interval] {
            assert_eq!(durability.to_string().parse(), Ok(durability));
        }
        for text in ["250", "interval:250", "interval=250ms", "interval 250 ms", "250ms"] {
            assert_eq!(text.parse(), Ok(interval), "{text}");
        }
        for text in ["", "blocks", "0", "60001", "interval", "-5", "interval:x"] {
            assert!(text.parse::<Durability>().is_err(), "{text}");
        }
    }
}
