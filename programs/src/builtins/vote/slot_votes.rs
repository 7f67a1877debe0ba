//! Votes in the oldest form, slot by slot: `Vote`.
//!
//! Rules, their order and errors: crate `solana-vote-program` 4.2.2, `vote_state/`.

use heddle_vm::SlotHashes;

use super::{
    VoteError,
    instruction::SlotVotes,
    lockout::{LandedVote, TOWER_HEIGHT_MAX, latency},
    state::VoteState,
    tower::{Landing, set_timestamp},
};

/// Casts the votes of `cast` that the history knows.
pub(super) fn cast(state: &mut VoteState, cast: &SlotVotes, landing: &Landing) -> Result<(), VoteError> {
    if cast.slots.is_empty() {
        return Err(VoteError::EmptySlots);
    }
    let oldest_slot = landing.slot_hashes.oldest_slot().unwrap_or(0);
    let slots: Vec<u64> = cast.slots.iter().copied().filter(|slot| *slot >= oldest_slot).collect();
    if slots.is_empty() {
        return Err(VoteError::VotesTooOldAllFiltered);
    }
    check_history(state, &slots, &cast.hash, landing.slot_hashes)?;
    for slot in slots {
        push(state, slot, landing);
    }
    if let (Some(timestamp), Some(slot)) = (cast.timestamp, cast.slots.iter().max()) {
        set_timestamp(state, *slot, timestamp)?;
    }
    Ok(())
}

/// Every slot that is newer than the last vote must be in the history, in its order, and the last one with this hash.
fn check_history(state: &VoteState, slots: &[u64], hash: &[u8; 32], history: SlotHashes) -> Result<(), VoteError> {
    let last_voted = state.votes.last().map(|vote| vote.slot);
    let mut next = 0;
    // Entries of the history, which runs from newest to oldest, from here on are behind.
    let mut behind = history.count();
    while let (Some(slot), Some(index)) = (slots.get(next), behind.checked_sub(1)) {
        if last_voted.is_some_and(|last| *slot <= last) {
            next += 1;
        } else {
            if history.slot(index) == Some(*slot) {
                next += 1;
            }
            behind = index;
        }
    }
    if behind == history.count() {
        return Err(VoteError::VoteTooOld);
    }
    if next != slots.len() {
        return Err(VoteError::SlotsMismatch);
    }
    if history.hash(behind) == Some(hash) { Ok(()) } else { Err(VoteError::SlotHashMismatch) }
}

/// Puts one vote on the tower: those it outlives go, a full tower roots its oldest, the others gain confirmations.
fn push(state: &mut VoteState, slot: u64, landing: &Landing) {
    if state.votes.last().is_some_and(|vote| slot <= vote.slot) {
        return;
    }
    while state.votes.pop_if(|vote| vote.last_locked_out_slot() < slot).is_some() {}
    if state.votes.len() == TOWER_HEIGHT_MAX {
        let rooted = state.votes.remove(0);
        state.root = Some(rooted.slot);
        state.add_credits(landing.epoch, rooted.credits());
    }
    state.votes.push(LandedVote { slot, confirmation_count: 1, latency: latency(slot, landing.slot) });
    let height = state.votes.len();
    for (depth, vote) in state.votes.iter_mut().enumerate() {
        if height > depth.saturating_add(vote.confirmation_count as usize) {
            vote.confirmation_count = vote.confirmation_count.saturating_add(1);
        }
    }
}
