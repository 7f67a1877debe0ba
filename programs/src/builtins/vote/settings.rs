//! Instructions that change the node and the commission.

use heddle_vm::{EpochSchedule, InvokeContext};
use solana_instruction_error::InstructionError;

use super::{
    VoteError, check_signed,
    instruction::CommissionKind,
    load,
    state::{VoteState, percent_to_bps},
    store, sysvars,
};

/// The new node is account 1.
pub(super) fn update_node(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.check_account_count(2)?;
    let node = *context.account_key(1)?;
    let mut state = load(context)?;
    check_signed(context, &state.withdrawer)?;
    check_signed(context, &node)?;
    state.node = node;
    if !context.gates().custom_commission_collector {
        state.block_revenue_collector = node;
    }
    store(context, &state)
}

pub(super) fn update_commission(context: &mut InvokeContext, percent: u8) -> Result<(), InstructionError> {
    let (schedule, clock) = (sysvars::epoch_schedule(context)?, sysvars::clock(context)?);
    let loaded = load(context);
    let is_raised = |state: &VoteState| percent > state.commission_percent();
    let is_timed = !context.gates().delay_commission_updates && loaded.as_ref().map_or(true, is_raised);
    if is_timed && is_late_in_epoch(clock.slot, &schedule) {
        return Err(VoteError::CommissionUpdateTooLate.into());
    }
    let mut state = loaded?;
    check_signed(context, &state.withdrawer)?;
    state.inflation_rewards_commission_bps = percent_to_bps(percent);
    store(context, &state)
}

/// Whether more than half of the epoch has passed.
fn is_late_in_epoch(slot: u64, schedule: &EpochSchedule) -> bool {
    let slot_in_epoch = slot.saturating_sub(schedule.first_normal_slot).checked_rem(schedule.slots_per_epoch);
    slot_in_epoch.is_some_and(|slot| slot.saturating_mul(2) > schedule.slots_per_epoch)
}

pub(super) fn update_commission_bps(
    context: &mut InvokeContext,
    bps: u16,
    kind: CommissionKind,
) -> Result<(), InstructionError> {
    let gates = *context.gates();
    if !gates.commission_rate_in_basis_points || !gates.delay_commission_updates {
        return Err(InstructionError::InvalidInstructionData);
    }
    if kind == CommissionKind::BlockRevenue && !gates.block_revenue_sharing {
        return Err(InstructionError::InvalidInstructionData);
    }
    let mut state = load(context)?;
    check_signed(context, &state.withdrawer)?;
    match kind {
        CommissionKind::InflationRewards => state.inflation_rewards_commission_bps = bps,
        CommissionKind::BlockRevenue => state.block_revenue_commission_bps = bps,
    }
    store(context, &state)
}
