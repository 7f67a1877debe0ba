//! Sysvars that a chain is given with its first state and carries on, because no block of ours makes them: stake history,
//! epoch rewards and the last restart slot. (Slot hashes of blocks before genesis are restored with the tip.)
//!
//! They are read from their accounts as the parent left them, so they are state like any other: a dropped block takes
//! nothing from them and a restart finds them in the store.

use heddle_storage::StoreError;
use heddle_types::{Pubkey, ids::sysvar};
use heddle_vm::SysvarCache;

use crate::engine::Shared;

/// Never written by a block.
const UNCHANGED: [Pubkey; 3] = [sysvar::stake_history::ID, sysvar::epoch_rewards::ID, sysvar::last_restart_slot::ID];

/// Completes the sysvars of the next block.
///
/// # Errors
/// [`StoreError`] if an account cannot be read.
pub(crate) fn inherit(sysvars: &mut SysvarCache, shared: &Shared) -> Result<(), StoreError> {
    for id in UNCHANGED {
        let index = shared.table.intern(&id);
        shared.table.load(&[index], &*shared.store)?;
        let data = shared.table.with(index, |account| (account.owner == sysvar::ID).then(|| account.data.clone()));
        if let Some(data) = data {
            sysvars.set(id, &data);
        }
    }
    Ok(())
}
