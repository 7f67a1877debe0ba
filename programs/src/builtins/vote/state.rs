//! What a vote account holds: version 4 (SIMD-0185), which everything is read into and written as, and how versions
//! 1.14.11 and 3 become it.
//!
//! Layout: tag u32, then the fields of [`VoteState`] in their order, little-endian, lists and options as bincode writes
//! them. Older versions have one commission byte in place of all between withdrawer and votes, and after the voters a
//! ring of 32 prior voters; 1.14.11's votes have no latency. What lies after the last field stays as it was.
//!
//! Source: crate `solana-vote-interface` 6.0, `state/`.

use heddle_types::Pubkey;

use super::{lockout::LandedVote, reader::Reader, voters::AuthorizedVoters};

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
