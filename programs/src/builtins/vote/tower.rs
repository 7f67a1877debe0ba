//! Replaces an account's tower with the one its validator proposes: `UpdateVoteState` and `TowerSync`.
//!
//! ```text
//!  proposed ─ filter: every slot is in this fork's history ─ check: a tower, and no rollback ─► replaces the votes
//!              (too old to know: dropped unless voted for)      earned credits, latencies, root, timestamp
//! ```
//!
//! Rules, their order and errors: crate `solana-vote-program` 4.2.2, `vote_state/mod.rs`.

use std::cmp::Ordering;

use heddle_vm::SlotHashes;

use super::{
    VoteError,
    instruction::ProposedTower,
    lockout::{LandedVote, TOWER_HEIGHT_MAX, latency},
    state::{BlockTimestamp, VoteState},
};

/// When and where a vote lands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landing<'a> {
    pub(super) epoch: u64,
    pub(super) slot: u64,
    pub(super) slot_hashes: SlotHashes<'a>,
}

/// Replaces the tower of `state` by `proposed`.
pub(super) fn replace(state: &mut VoteState, mut proposed: ProposedTower, landing: &Landing) -> Result<(), VoteError> {
    filter(state, &mut proposed, landing.slot_hashes)?;
    if proposed.votes.len() > TOWER_HEIGHT_MAX {
        return Err(VoteError::TooManyVotes);
    }
    check_root(state, proposed.root)?;
    check_shape(&proposed)?;
    let earned = earned_credits(state, proposed.root);
    check_rollback(state, &mut proposed)?;
    for vote in proposed.votes.iter_mut().filter(|vote| vote.latency == 0) {
        vote.latency = latency(vote.slot, landing.slot);
    }
    if state.root != proposed.root {
        state.add_credits(landing.epoch, earned);
    }
    if let (Some(timestamp), Some(last)) = (proposed.timestamp, proposed.votes.last()) {
        set_timestamp(state, last.slot, timestamp)?;
    }
    state.root = proposed.root;
    state.votes = proposed.votes;
    Ok(())
}

/// Remembers what time a vote told; time may not run backwards.
pub(super) fn set_timestamp(state: &mut VoteState, slot: u64, timestamp: i64) -> Result<(), VoteError> {
    let (last, next) = (state.last_timestamp, BlockTimestamp { slot, timestamp });
    let is_other_for_same_slot = slot == last.slot && next != last && last.slot != 0;
    if slot < last.slot || timestamp < last.timestamp || is_other_for_same_slot {
        return Err(VoteError::TimestampTooOld);
    }
    state.last_timestamp = next;
    Ok(())
}

/// Checks the proposed slots against the history of this fork, lifts a root that is older than the history, and drops
/// votes that are too old to be checked and were not cast before.
fn filter(state: &VoteState, proposed: &mut ProposedTower, history: SlotHashes) -> Result<(), VoteError> {
    let last_slot = proposed.votes.last().ok_or(VoteError::EmptySlots)?.slot;
    if state.votes.last().is_some_and(|vote| last_slot <= vote.slot) {
        return Err(VoteError::VoteTooOld);
    }
    let oldest_slot = history.oldest_slot().ok_or(VoteError::SlotsMismatch)?;
    if last_slot < oldest_slot {
        return Err(VoteError::VoteTooOld);
    }
    if let Some(root) = proposed.root.filter(|root| *root < oldest_slot) {
        let voted = state.votes.iter().rev().find(|vote| vote.slot <= root);
        proposed.root = voted.map(|vote| vote.slot).or(state.root);
    }
    let (too_old_count, index) = match_history(proposed, history)?;
    if history.hash(index) != Some(&proposed.hash) {
        return Err(VoteError::SlotHashMismatch);
    }
    if too_old_count > 0 {
        let mut position = 0;
        proposed.votes.retain(|vote| {
            position += 1;
            position > too_old_count || has_voted(state, vote.slot)
        });
    }
    Ok(())
}

fn has_voted(state: &VoteState, slot: u64) -> bool {
    state.votes.binary_search_by_key(&slot, |vote| vote.slot).is_ok()
}

/// Finds the root and every proposed slot in the history, which runs from newest to oldest, so it is walked backwards.
/// Gives how many of the first slots are older than the history, and where the last slot is in it.
fn match_history(proposed: &ProposedTower, history: SlotHashes) -> Result<(usize, usize), VoteError> {
    let votes = &proposed.votes;
    let mut unchecked_root = proposed.root;
    let (mut next, mut too_old_count) = (0, 0);
    // Entries of the history from here on are behind.
    let mut behind = history.count();
    while let (Some(vote), Some(ancestor)) =
        (votes.get(next), behind.checked_sub(1).and_then(|index| history.slot(index)))
    {
        let slot = unchecked_root.unwrap_or(vote.slot);
        if unchecked_root.is_none() && next > 0 && slot <= votes[next - 1].slot {
            return Err(VoteError::SlotsNotOrdered);
        }
        match slot.cmp(&ancestor) {
            Ordering::Less if behind == history.count() => {
                if unchecked_root.take().is_none() {
                    next += 1;
                    too_old_count = next;
                }
            }
            Ordering::Less if unchecked_root.is_some() => return Err(VoteError::RootOnDifferentFork),
            Ordering::Less => return Err(VoteError::SlotsMismatch),
            Ordering::Greater => behind -= 1,
            Ordering::Equal => {
                if unchecked_root.take().is_none() {
                    next += 1;
                    behind -= 1;
                }
            }
        }
    }
    if next == votes.len() { Ok((too_old_count, behind)) } else { Err(VoteError::SlotsMismatch) }
}

fn check_root(state: &VoteState, root: Option<u64>) -> Result<(), VoteError> {
    match (root, state.root) {
        (Some(root), Some(current)) if root < current => Err(VoteError::RootRollBack),
        (None, Some(_)) => Err(VoteError::RootRollBack),
        _ => Ok(()),
    }
}

/// Slots rise, confirmations fall, and no vote stands beyond the lockout of the one before it.
fn check_shape(proposed: &ProposedTower) -> Result<(), VoteError> {
    let mut before: Option<&LandedVote> = None;
    for vote in &proposed.votes {
        if vote.confirmation_count == 0 {
            return Err(VoteError::ZeroConfirmations);
        }
        if vote.confirmation_count > TOWER_HEIGHT_MAX as u32 {
            return Err(VoteError::ConfirmationTooLarge);
        }
        // Validators send root 0 with towers that have none.
        if proposed.root.is_some_and(|root| vote.slot <= root && root != 0) {
            return Err(VoteError::SlotSmallerThanRoot);
        }
        if let Some(before) = before {
            if before.slot >= vote.slot {
                return Err(VoteError::SlotsNotOrdered);
            }
            if before.confirmation_count <= vote.confirmation_count {
                return Err(VoteError::ConfirmationsNotOrdered);
            }
            if vote.slot > before.last_locked_out_slot() {
                return Err(VoteError::NewVoteStateLockoutMismatch);
            }
        }
        before = Some(vote);
    }
    Ok(())
}

/// Votes of the current tower that the proposed root has finalised.
fn rooted_count(state: &VoteState, root: Option<u64>) -> usize {
    root.map_or(0, |root| state.votes.iter().take_while(|vote| vote.slot <= root).count())
}

fn earned_credits(state: &VoteState, root: Option<u64>) -> u64 {
    state.votes[..rooted_count(state, root)].iter().map(LandedVote::credits).sum()
}

/// A vote that is gone must have run out of its lockout; one that stays may not lose confirmations, and keeps its latency.
fn check_rollback(state: &VoteState, proposed: &mut ProposedTower) -> Result<(), VoteError> {
    let mut current = state.votes[rooted_count(state, proposed.root)..].iter().peekable();
    let mut next = proposed.votes.iter_mut().peekable();
    while let (Some(old), Some(new)) = (current.peek(), next.peek_mut()) {
        match old.slot.cmp(&new.slot) {
            Ordering::Less => {
                if old.last_locked_out_slot() >= new.slot {
                    return Err(VoteError::LockoutConflict);
                }
                current.next();
            }
            Ordering::Equal => {
                if new.confirmation_count < old.confirmation_count {
                    return Err(VoteError::ConfirmationRollBack);
                }
                new.latency = old.latency;
                current.next();
                next.next();
            }
            Ordering::Greater => {
                next.next();
            }
        }
    }
    Ok(())
}
