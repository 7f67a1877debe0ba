//! What a vote account holds: version 4 (SIMD-0185), which everything is read into and written as, and how versions
//! 1.14.11 and 3 become it.
//!
//! Layout: tag u32, then the fields of [`VoteState`] in their order, little-endian, lists and options as bincode writes
//! them. Older versions have one commission byte in place of all between withdrawer and votes, and after the voters a
//! ring of 32 prior voters; 1.14.11's votes have no latency. What lies after the last field stays as it was.
//!
//! Source: crate `solana-vote-interface` 6.0, `state/`.

use heddle_types::Pubkey;

use super::{lockout::LandedVote, voters::AuthorizedVoters};
use crate::builtins::reader::Reader;

/// Bytes of a vote account.
pub(super) const VOTE_ACCOUNT_BYTES: usize = 3762;
/// Bytes of a compressed BLS public key.
pub(super) const BLS_PUBKEY_BYTES: usize = 48;
/// Hundredths of a percent in a percent.
const BASIS_POINTS_PER_PERCENT: u16 = 100;
/// All of it, in hundredths of a percent.
const BASIS_POINTS_OF_WHOLE: u16 = 10_000;
/// Epochs of credits that are kept.
const EPOCH_CREDITS_MAX: usize = 64;
/// Prior voters of an older version: (key, from epoch, until epoch) 32 times, and the index of the newest. A flag follows.
const PRIOR_VOTERS_BYTES: usize = 32 * (32 + 8 + 8) + 8;

const TAG_EMPTY: u32 = 0;
const TAG_V1_14_11: u32 = 1;
const TAG_V3: u32 = 2;
const TAG_V4: u32 = 3;

/// Credits of one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EpochCredits {
    pub(super) epoch: u64,
    /// All credits earned by the end of the epoch.
    pub(super) credits: u64,
    /// All credits earned before it.
    pub(super) credits_before: u64,
}

/// A time that a vote told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BlockTimestamp {
    pub(super) slot: u64,
    /// Unix seconds.
    pub(super) timestamp: i64,
}

/// An initialised vote account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VoteState {
    pub(super) node: Pubkey,
    pub(super) withdrawer: Pubkey,
    pub(super) inflation_rewards_collector: Pubkey,
    pub(super) block_revenue_collector: Pubkey,
    pub(super) inflation_rewards_commission_bps: u16,
    pub(super) block_revenue_commission_bps: u16,
    /// Lamports of the account that belong to delegators (SIMD-0123).
    pub(super) pending_delegator_rewards: u64,
    pub(super) bls_pubkey: Option<[u8; BLS_PUBKEY_BYTES]>,
    /// Oldest first.
    pub(super) votes: Vec<LandedVote>,
    pub(super) root: Option<u64>,
    pub(super) voters: AuthorizedVoters,
    /// Oldest first.
    pub(super) epoch_credits: Vec<EpochCredits>,
    pub(super) last_timestamp: BlockTimestamp,
}

/// What was found in an account.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// Tag 0: nothing.
    Empty,
    /// An older version, converted; without voters it counts as uninitialised.
    Older(VoteState),
    /// Version 4, always initialised.
    V4(VoteState),
}

/// A commission of older versions and instructions, in percent, as basis points.
pub(super) fn percent_to_bps(percent: u8) -> u16 {
    u16::from(percent) * BASIS_POINTS_PER_PERCENT
}

impl VoteState {
    /// A new account as `InitializeAccount` makes it.
    pub(super) fn new(vote_key: Pubkey, node: Pubkey, withdrawer: Pubkey, voters: AuthorizedVoters) -> Self {
        Self {
            node,
            withdrawer,
            inflation_rewards_collector: vote_key,
            block_revenue_collector: node,
            inflation_rewards_commission_bps: 0,
            block_revenue_commission_bps: BASIS_POINTS_OF_WHOLE,
            pending_delegator_rewards: 0,
            bls_pubkey: None,
            votes: Vec::new(),
            root: None,
            voters,
            epoch_credits: Vec::new(),
            last_timestamp: BlockTimestamp::default(),
        }
    }

    /// Inflation commission in whole percent, 255 at most.
    pub(super) fn commission_percent(&self) -> u8 {
        (self.inflation_rewards_commission_bps / BASIS_POINTS_PER_PERCENT).min(u8::MAX.into()) as u8
    }

    /// Adds credits to those of `epoch`.
    pub(super) fn add_credits(&mut self, epoch: u64, credits: u64) {
        match self.epoch_credits.last().copied() {
            None => self.epoch_credits.push(EpochCredits { epoch, credits: 0, credits_before: 0 }),
            Some(last) if last.epoch == epoch => {}
            Some(last) => {
                // The entry of an epoch that earned nothing is used again.
                if last.credits == last.credits_before {
                    self.epoch_credits.pop();
                }
                let credits_before = last.credits;
                self.epoch_credits.push(EpochCredits { epoch, credits: last.credits, credits_before });
                if self.epoch_credits.len() > EPOCH_CREDITS_MAX {
                    self.epoch_credits.remove(0);
                }
            }
        }
        if let Some(last) = self.epoch_credits.last_mut() {
            last.credits = last.credits.saturating_add(credits);
        }
    }
}

// ---- reading ------------------------------------------------------------------------------------------------------

impl Stored {
    /// Reads account data; an older version is converted with the account's own address. `None` if it is no vote account.
    #[inline]
    pub(super) fn decode(data: &[u8], vote_key: &Pubkey) -> Option<Self> {
        let mut reader = Reader(data);
        Some(match reader.word()? {
            TAG_EMPTY => Self::Empty,
            TAG_V1_14_11 => Self::Older(read_older(&mut reader, vote_key, false)?),
            TAG_V3 => Self::Older(read_older(&mut reader, vote_key, true)?),
            TAG_V4 => Self::V4(read_v4(&mut reader)?),
            _ => return None,
        })
    }

    /// Whether `InitializeAccount` may overwrite it.
    pub(super) fn is_uninitialized(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Older(state) => state.voters.is_empty(),
            Self::V4(_) => false,
        }
    }
}

fn read_v4(from: &mut Reader) -> Option<VoteState> {
    // Fields are read in the order in which they are written here.
    Some(VoteState {
        node: from.key()?,
        withdrawer: from.key()?,
        inflation_rewards_collector: from.key()?,
        block_revenue_collector: from.key()?,
        inflation_rewards_commission_bps: from.half()?,
        block_revenue_commission_bps: from.half()?,
        pending_delegator_rewards: from.long()?,
        bls_pubkey: from.option(|from| from.take().copied())?,
        votes: read_votes(from, true)?,
        root: from.option(Reader::long)?,
        voters: read_voters(from)?,
        epoch_credits: read_epoch_credits(from)?,
        last_timestamp: read_timestamp(from)?,
    })
}

fn read_older(from: &mut Reader, vote_key: &Pubkey, has_latency: bool) -> Option<VoteState> {
    let (node, withdrawer) = (from.key()?, from.key()?);
    let inflation_rewards_commission_bps = percent_to_bps(from.byte()?);
    let votes = read_votes(from, has_latency)?;
    let root = from.option(Reader::long)?;
    let voters = read_voters(from)?;
    from.skip(PRIOR_VOTERS_BYTES)?;
    from.flag()?;
    Some(VoteState {
        inflation_rewards_commission_bps,
        votes,
        root,
        epoch_credits: read_epoch_credits(from)?,
        last_timestamp: read_timestamp(from)?,
        ..VoteState::new(*vote_key, node, withdrawer, voters)
    })
}

fn read_votes(from: &mut Reader, has_latency: bool) -> Option<Vec<LandedVote>> {
    let latency_bytes = usize::from(has_latency);
    from.list(VOTE_BYTES - 1 + latency_bytes, |from| {
        let latency = if has_latency { from.byte()? } else { 0 };
        Some(LandedVote { slot: from.long()?, confirmation_count: from.word()?, latency })
    })
}

fn read_voters(from: &mut Reader) -> Option<AuthorizedVoters> {
    let entries = from.list(VOTER_BYTES, |from| Some((from.long()?, from.key()?)))?;
    Some(AuthorizedVoters::from_stored(entries))
}

fn read_epoch_credits(from: &mut Reader) -> Option<Vec<EpochCredits>> {
    from.list(EPOCH_CREDITS_BYTES, |from| {
        Some(EpochCredits { epoch: from.long()?, credits: from.long()?, credits_before: from.long()? })
    })
}

fn read_timestamp(from: &mut Reader) -> Option<BlockTimestamp> {
    Some(BlockTimestamp { slot: from.long()?, timestamp: from.long()? as i64 })
}

// ---- writing ------------------------------------------------------------------------------------------------------

/// Stored sizes: a vote (latency, slot, confirmations), a voter (epoch, key), an epoch's credits.
const VOTE_BYTES: usize = 1 + 8 + 4;
const VOTER_BYTES: usize = 8 + 32;
const EPOCH_CREDITS_BYTES: usize = 3 * 8;
/// Everything of version 4 but lists' items and options' values: tag, keys, commissions, rewards, two option flags,
/// three counts, timestamp.
const FIXED_BYTES: usize = 4 + 4 * 32 + 2 * 2 + 8 + 2 + 3 * 8 + 16;

impl VoteState {
    /// Bytes that [`Self::encode`] writes.
    pub(super) fn encoded_bytes(&self) -> usize {
        FIXED_BYTES
            + self.bls_pubkey.map_or(0, |key| key.len())
            + self.votes.len() * VOTE_BYTES
            + self.root.map_or(0, |_| 8)
            + self.voters.entries().len() * VOTER_BYTES
            + self.epoch_credits.len() * EPOCH_CREDITS_BYTES
    }

    /// Writes version 4 to the front of `target`; the rest of it stays.
    ///
    /// # Panics
    /// If `target` is shorter than [`Self::encoded_bytes`].
    pub(super) fn encode(&self, target: &mut [u8]) {
        let mut to = Writer(target);
        to.put(&TAG_V4.to_le_bytes());
        for key in [&self.node, &self.withdrawer, &self.inflation_rewards_collector, &self.block_revenue_collector] {
            to.put(key.as_ref());
        }
        to.put(&self.inflation_rewards_commission_bps.to_le_bytes());
        to.put(&self.block_revenue_commission_bps.to_le_bytes());
        to.put_long(self.pending_delegator_rewards);
        to.put_option(self.bls_pubkey.as_ref().map(|key| &key[..]));
        to.put_long(self.votes.len() as u64);
        for vote in &self.votes {
            to.put(&[vote.latency]);
            to.put_long(vote.slot);
            to.put(&vote.confirmation_count.to_le_bytes());
        }
        to.put_option(self.root.map(u64::to_le_bytes).as_ref().map(|root| &root[..]));
        to.put_long(self.voters.entries().len() as u64);
        for (epoch, voter) in self.voters.entries() {
            to.put_long(*epoch);
            to.put(voter.as_ref());
        }
        to.put_long(self.epoch_credits.len() as u64);
        for EpochCredits { epoch, credits, credits_before } in &self.epoch_credits {
            to.put_long(*epoch);
            to.put_long(*credits);
            to.put_long(*credits_before);
        }
        to.put_long(self.last_timestamp.slot);
        to.put_long(self.last_timestamp.timestamp as u64);
    }
}

/// What is left to be written to.
struct Writer<'a>(&'a mut [u8]);

impl Writer<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let (front, rest) = std::mem::take(&mut self.0).split_at_mut(bytes.len());
        front.copy_from_slice(bytes);
        self.0 = rest;
    }

    #[inline]
    fn put_long(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    fn put_option(&mut self, bytes: Option<&[u8]>) {
        self.put(&[u8::from(bytes.is_some())]);
        self.put(bytes.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Pubkey {
        Pubkey::new_from_array([byte; 32])
    }

    fn full() -> VoteState {
        let votes = (1..=31).map(|slot| LandedVote { slot, confirmation_count: 32 - slot as u32, latency: slot as u8 });
        let credits = (0..64).map(|epoch| EpochCredits { epoch, credits: epoch * 7 + 7, credits_before: epoch * 7 });
        let mut voters = AuthorizedVoters::new(3, key(5));
        voters.insert(9, key(6));
        VoteState {
            inflation_rewards_collector: key(3),
            block_revenue_collector: key(4),
            inflation_rewards_commission_bps: 550,
            block_revenue_commission_bps: 9,
            pending_delegator_rewards: 12,
            bls_pubkey: Some([0xb5; 48]),
            votes: votes.collect(),
            root: Some(0),
            epoch_credits: credits.collect(),
            last_timestamp: BlockTimestamp { slot: 30, timestamp: -4 },
            ..VoteState::new(key(9), key(1), key(2), voters)
        }
    }

    fn bare() -> VoteState {
        VoteState::new(key(9), key(1), key(2), AuthorizedVoters::default())
    }

    fn encoded(state: &VoteState) -> Vec<u8> {
        let mut bytes = vec![0; state.encoded_bytes()];
        state.encode(&mut bytes);
        bytes
    }

    #[test]
    fn version_4_is_read_as_it_was_written() {
        for state in [full(), bare()] {
            let bytes = encoded(&state);
            for short in 0..bytes.len() {
                assert_eq!(Stored::decode(&bytes[..short], &key(9)), None, "cut at {short}");
            }
            assert_eq!(Stored::decode(&bytes, &key(8)), Some(Stored::V4(state)));
        }
        assert!(full().encoded_bytes() < VOTE_ACCOUNT_BYTES);
    }

    #[test]
    fn what_lies_behind_stays() {
        let size_bytes = bare().encoded_bytes();
        let mut data = vec![0xee; size_bytes + 40];
        bare().encode(&mut data);
        assert_eq!(data[..size_bytes], encoded(&bare()));
        assert_eq!(data[size_bytes..], [0xee; 40]);
    }

    /// Version 1.14.11 or 3 with one vote, no root and a voter.
    fn older(tag: u32, vote: &[u8]) -> Vec<u8> {
        let mut bytes = tag.to_le_bytes().to_vec();
        bytes.extend([[1; 32], [2; 32]].concat());
        bytes.push(55);
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(vote);
        bytes.push(0);
        bytes.extend([&1u64.to_le_bytes()[..], &7u64.to_le_bytes(), &[5; 32]].concat());
        bytes.extend([0xaa; PRIOR_VOTERS_BYTES]);
        bytes.push(1);
        bytes.extend([0; 8]);
        bytes.extend([&30u64.to_le_bytes()[..], &4i64.to_le_bytes()].concat());
        bytes
    }

    #[test]
    fn older_versions_become_version_4() {
        let lockout = [&10u64.to_le_bytes()[..], &3u32.to_le_bytes()].concat();
        for (tag, latency) in [(1, 0), (2, 4)] {
            let vote = if tag == 2 { [&[latency], &lockout[..]].concat() } else { lockout.clone() };
            let mut bytes = older(tag, &vote);
            for short in 0..bytes.len() {
                assert_eq!(Stored::decode(&bytes[..short], &key(9)), None, "cut at {short}");
            }
            let expected = VoteState {
                inflation_rewards_commission_bps: 5_500,
                votes: vec![LandedVote { slot: 10, confirmation_count: 3, latency }],
                last_timestamp: BlockTimestamp { slot: 30, timestamp: 4 },
                ..VoteState::new(key(9), key(1), key(2), AuthorizedVoters::new(7, key(5)))
            };
            assert_eq!((expected.inflation_rewards_collector, expected.block_revenue_collector), (key(9), key(1)));
            assert_eq!(expected.block_revenue_commission_bps, 10_000);
            assert_eq!(Stored::decode(&bytes, &key(9)), Some(Stored::Older(expected)));
            let flag = bytes.len() - 16 - 8 - 1;
            bytes[flag] = 2;
            assert_eq!(Stored::decode(&bytes, &key(9)), None);
        }
    }

    #[test]
    fn counts_beyond_the_data_are_refused_before_allocating() {
        let mut bytes = encoded(&full());
        let votes = 4 + 4 * 32 + 4 + 8 + 1 + 48;
        assert_eq!(bytes[votes..votes + 8], 31u64.to_le_bytes());
        bytes[votes..votes + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(Stored::decode(&bytes, &key(9)), None);
    }

    #[test]
    fn only_an_account_without_state_is_uninitialized() {
        let is_uninitialized = |data: &[u8]| Stored::decode(data, &key(9)).map(|stored| stored.is_uninitialized());
        assert_eq!(is_uninitialized(&[0; 100]), Some(true));
        assert_eq!(is_uninitialized(&encoded(&bare())), Some(false));
        assert_eq!(is_uninitialized(&[9, 0, 0, 0]), None);
        assert_eq!(is_uninitialized(&[0; 3]), None);
        let without_voters = [&2u32.to_le_bytes()[..], &[0; 2_000]].concat();
        assert_eq!(is_uninitialized(&without_voters), Some(true));
    }

    #[test]
    fn credits_go_to_their_epoch() {
        let epochs = |state: &VoteState| -> Vec<(u64, u64, u64)> {
            state.epoch_credits.iter().map(|one| (one.epoch, one.credits, one.credits_before)).collect()
        };
        let mut state = bare();
        state.add_credits(3, 0);
        state.add_credits(4, 5);
        state.add_credits(4, 2);
        state.add_credits(6, 1);
        assert_eq!(epochs(&state), [(4, 7, 0), (6, 8, 7)]);
        let mut state = full();
        state.add_credits(64, 1);
        assert_eq!((state.epoch_credits.len(), state.epoch_credits[0].epoch), (EPOCH_CREDITS_MAX, 1));
    }
}
