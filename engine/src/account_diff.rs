//! Which accounts two executions of a block disagree about, and in which bytes of their data.
//!
//! A store keeps a fingerprint of every account that a block changed, and the account itself only as far as its history
//! reaches. What differs is found by fingerprints; where the account can be had too, the data is compared byte by byte.
//! Knows nothing of how the values came about.

use std::fmt;

use heddle_types::{Account, AccountDigest, Pubkey};

/// Accounts that are shown of a block; the others are counted.
pub(crate) const ACCOUNTS_SHOWN_MAX: usize = 16;
/// Ranges that are shown of one account's data; the others are counted.
const RANGES_SHOWN_MAX: usize = 8;
/// Bytes that are shown of each side of a range.
const RANGE_BYTES_SHOWN_MAX: usize = 16;
/// Ranges that are nearer than this are one: a number of eight bytes may differ in some of them.
const GAP_BYTES: usize = 8;

/// An account that is one thing on record and another after executing the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountDifference {
    /// What is on record; no lamports: absent.
    pub stored: AccountDigest,
    /// What execution gave; no lamports: absent.
    pub replayed: AccountDigest,
    /// Where the data differs.
    pub data: DataDifference,
}

/// Where two versions of an account's data differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataDifference {
    /// The bytes of both are known: ranges that differ, in ascending order, and how many more there are. Empty if the
    /// data is the same.
    Ranges(Vec<DataRange>, usize),
    /// Of the account on record only the fingerprint is kept.
    FingerprintOnly,
    /// The account on record is not what its own fingerprint says: this is the fingerprint of the account.
    Contradicted(AccountDigest),
}

/// A range of data that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRange {
    /// First byte that differs.
    pub begin: usize,
    /// End of the range, exclusive. Beyond the end of the shorter data every byte differs.
    pub end: usize,
    /// The first bytes of the range on record, at most 16; fewer where the data ends.
    pub stored: Vec<u8>,
    /// The first bytes of the range after execution, at most 16.
    pub replayed: Vec<u8>,
}

impl AccountDifference {
    /// The account.
    pub fn address(&self) -> &Pubkey {
        &self.stored.key
    }

    /// Compares what is on record of an account with what it became. `account` is the account on record, where it can be
    /// had: `Some(None)` for one that is absent.
    pub(crate) fn of(
        stored: AccountDigest,
        account: Option<Option<&Account>>,
        replayed: AccountDigest,
        became: Option<&Account>,
    ) -> Self {
        let data = match account {
            None => DataDifference::FingerprintOnly,
            Some(account) => {
                let digest = AccountDigest::of(&stored.key, account);
                if digest == stored {
                    ranges(data_of(account), data_of(became))
                } else {
                    DataDifference::Contradicted(digest)
                }
            }
        };
        Self { stored, replayed, data }
    }

    /// For people: a line for each field, with both values where they differ. `names` are those of the two sides.
    pub fn describe(&self, names: [&str; 2]) -> String {
        let mut text = format!("account {}", self.address());
        let mut line = |field: &str, sides: [String; 2]| {
            let [stored, replayed] = sides;
            let value =
                if stored == replayed { stored } else { format!("{} {stored}, {} {replayed}", names[0], names[1]) };
            text.push_str(&format!("\n  {field:<11} {value}"));
        };
        let sides = [&self.stored, &self.replayed];
        line("lamports", sides.map(|side| side.lamports.to_string()));
        line("owner", sides.map(|side| side.owner.to_string()));
        line("executable", sides.map(|side| side.executable.to_string()));
        line("data length", sides.map(|side| side.data_size_bytes.to_string()));
        match &self.data {
            DataDifference::Ranges(ranges, more) => {
                for range in ranges {
                    let bytes = [&range.stored, &range.replayed].map(|bytes| hex(bytes, range.end - range.begin));
                    line(&format!("data {}..{}", range.begin, range.end), bytes);
                }
                if *more > 0 {
                    text.push_str(&format!("\n  and {more} more ranges of data"));
                }
            }
            DataDifference::FingerprintOnly => line("data hash", sides.map(|side| hex(&side.data_hash, 16))),
            DataDifference::Contradicted(account) => {
                line("data hash", sides.map(|side| hex(&side.data_hash, 16)));
                text.push_str(&format!(
                    "\n  the account on record is not what its fingerprint says: lamports {}, owner {}, executable {}, \
                     data length {}",
                    account.lamports, account.owner, account.executable, account.data_size_bytes
                ));
            }
        }
        text
    }
}

impl fmt::Display for AccountDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(["stored", "replayed"]))
    }
}

/// Bytes in hex, of a range that may be longer.
fn hex(bytes: &[u8], size_bytes: usize) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match bytes.len() {
        0 => "nothing".into(),
        shown if shown < size_bytes && shown == RANGE_BYTES_SHOWN_MAX => format!("{digits}…"),
        _ => digits,
    }
}

fn data_of(account: Option<&Account>) -> &[u8] {
    account.filter(|account| account.exists()).map_or(&[], |account| &account.data)
}

/// Ranges as they are found, from front to back.
#[derive(Default)]
struct Ranges {
    closed: Vec<(usize, usize)>,
    open: Option<(usize, usize)>,
    more: usize,
}

impl Ranges {
    fn note(&mut self, begin: usize, end: usize) {
        match &mut self.open {
            Some(open) if begin < open.1 + GAP_BYTES => open.1 = end,
            _ => {
                self.close();
                self.open = Some((begin, end));
            }
        }
    }

    fn close(&mut self) {
        let Some(range) = self.open.take() else { return };
        if self.closed.len() < RANGES_SHOWN_MAX {
            self.closed.push(range);
        } else {
            self.more += 1;
        }
    }
}

/// The ranges in which two versions of data differ; O(their length).
fn ranges(stored: &[u8], replayed: &[u8]) -> DataDifference {
    let mut ranges = Ranges::default();
    for (at, _) in stored.iter().zip(replayed).enumerate().filter(|(_, (a, b))| a != b) {
        ranges.note(at, at + 1);
    }
    if stored.len() != replayed.len() {
        ranges.note(stored.len().min(replayed.len()), stored.len().max(replayed.len()));
    }
    ranges.close();
    let shown = |data: &[u8], begin: usize, end: usize| {
        let end = end.min(begin + RANGE_BYTES_SHOWN_MAX).min(data.len());
        data.get(begin..end).unwrap_or_default().to_vec()
    };
    let range = |(begin, end): (usize, usize)| DataRange {
        begin,
        end,
        stored: shown(stored, begin, end),
        replayed: shown(replayed, begin, end),
    };
    DataDifference::Ranges(ranges.closed.into_iter().map(range).collect(), ranges.more)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Pubkey = Pubkey::new_from_array([3; 32]);

    fn difference(stored: &Account, replayed: &Account) -> AccountDifference {
        let digest = |account| AccountDigest::of(&KEY, Some(account));
        AccountDifference::of(digest(stored), Some(Some(stored)), digest(replayed), Some(replayed))
    }

    fn found(stored: &[u8], replayed: &[u8]) -> (Vec<(usize, usize)>, usize) {
        match ranges(stored, replayed) {
            DataDifference::Ranges(ranges, more) => {
                (ranges.iter().map(|range| (range.begin, range.end)).collect(), more)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn near_bytes_are_one_range() {
        let mut data = vec![0; 100];
        assert_eq!(found(&data, &data), (vec![], 0));
        for at in [10, 12, 19, 28, 29, 99] {
            data[at] = 1;
        }
        assert_eq!(found(&[0; 100], &data), (vec![(10, 20), (28, 30), (99, 100)], 0));
        assert_eq!(found(&[0; 50], &data[..60]), (vec![(10, 20), (28, 30), (50, 60)], 0));
        assert_eq!(found(&[0; 30], &data), (vec![(10, 20), (28, 100)], 0), "a tail joins what is before it");
        assert_eq!(found(&[], &[]), (vec![], 0));
    }

    #[test]
    fn many_ranges_are_counted() {
        let data: Vec<u8> = (0..400).map(|at| u8::from(at % 20 == 0)).collect();
        let (shown, more) = found(&[0; 400], &data);
        assert_eq!((shown.len(), shown[7], more), (8, (140, 141), 12));
    }

    #[test]
    fn both_sides_are_shown_as_far_as_they_go() {
        let owner = Pubkey::new_from_array([9; 32]);
        let text = difference(&Account::new(5, &[1; 40], owner), &Account::new(6, &[1, 1, 2], owner)).to_string();
        assert!(text.contains("lamports    stored 5, replayed 6"), "{text}");
        assert!(text.contains(&format!("owner       {owner}")), "{text}");
        assert!(text.contains("data 2..40  stored 01010101010101010101010101010101…, replayed 02"), "{text}");
        let gone = difference(&Account::new(5, &[1, 2], owner), &Account::default()).to_string();
        assert!(gone.contains("data 0..2   stored 0102, replayed nothing"), "{gone}");
    }

    #[test]
    fn an_account_that_is_not_on_record_is_told_by_its_fingerprint() {
        let [stored, replayed, other] = [[1u8], [2], [3]].map(|data| Account::new(5, &data, KEY));
        let digest = |account| AccountDigest::of(&KEY, Some(account));
        let by_fingerprint = AccountDifference::of(digest(&stored), None, digest(&replayed), Some(&replayed));
        assert_eq!(by_fingerprint.data, DataDifference::FingerprintOnly);
        let contradicted =
            AccountDifference::of(digest(&stored), Some(Some(&other)), digest(&replayed), Some(&replayed));
        assert_eq!(contradicted.data, DataDifference::Contradicted(digest(&other)));
        assert!(contradicted.to_string().contains("not what its fingerprint says"));
    }
}
