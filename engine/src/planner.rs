//! From a block to what its workers need: the plan, the conflict graph, the facts of the block.

use heddle_scheduler::Schedule;
use heddle_vm::BlockEnvironment;

use crate::{
    EngineError,
    block::Block,
    engine::Shared,
    inherited_sysvars,
    plan::{BlockPlan, PlanInputs},
    slot::BlockSerial,
};

/// Plans one block at a time.
#[derive(Default)]
pub(crate) struct Planner {
    pub(crate) plan: BlockPlan,
    pub(crate) schedule: Schedule,
    /// Of the block that is or was last planned.
    pub(crate) serial: BlockSerial,
}

/// Whether `block` may follow the tip.
pub(crate) fn check_order(shared: &Shared, block: &Block) -> Result<(), EngineError> {
    let chain = shared.chain.read();
    chain.check_poison()?;
    let tip = chain.tip.header.slot;
    if block.slot <= tip { Err(EngineError::SlotNotAfterTip { tip, got: block.slot }) } else { Ok(()) }
}

impl Planner {
    /// Plans the block and builds its conflict graph.
    pub(crate) fn prepare(&mut self, shared: &Shared, block: &Block) -> Result<BlockEnvironment, EngineError> {
        check_order(shared, block)?;
        shared.table.shrink();
        let chain = shared.chain.read();
        let mut environment = chain.environment(block, shared.epoch_stakes.clone());
        inherited_sysvars::inherit(&mut environment.sysvars, shared)?;
        let recent_slots: Vec<u64> = chain.tip.slot_hashes.iter().map(|(slot, _)| *slot).collect();
        let recent_blockhashes = chain.tip.blockhashes.recent().copied().collect();
        self.serial.0 += 1;
        let inputs = PlanInputs {
            table: &shared.table,
            store: &*shared.store,
            slot: block.slot,
            recent_slots: &recent_slots,
            lock_count_max: shared.limits.account_locks,
            recent_blockhashes: &recent_blockhashes,
            block: self.serial,
        };
        self.plan.make(&block.transactions, &inputs)?;
        shared.table.load(&[shared.table.intern(&block.collector)], &*shared.store)?;
        self.schedule.rebuild(self.plan.lock_sets());
        Ok(environment)
    }
}
