//! What a bundle from outside must be before anything of it is used.

use heddle_types::{Account, BlockHeader, Pubkey, limits};

use super::{Bundle, BundleBlock, BundleError};
use crate::{blockhash_queue::blockhashes_in, overrides::is_override, state_hash::Lattice};

/// Fails unless the parts of the bundle fit together; O(its accounts and blocks).
pub(super) fn check(bundle: &Bundle) -> Result<(), BundleError> {
    let parent = &bundle.parent.header;
    let contradiction = |what| BundleError::Contradiction { slot: parent.slot, what };
    if Lattice::from_bytes(&bundle.parent.lattice).state_hash() != parent.state_hash {
        return Err(contradiction("the state hash before the first block is not that of the lattice"));
    }
    if bundle.recent_headers.last() != Some(parent) {
        return Err(contradiction("the recent headers do not end with the parent's"));
    }
    if blockhashes_in(&bundle.recent_headers) > limits::BLOCKHASH_QUEUE_LENGTH {
        return Err(contradiction("the recent headers hold more blockhashes than a chain remembers"));
    }
    if bundle.recent_headers.windows(2).any(|pair| !follows(&pair[0], &pair[1])) {
        return Err(contradiction("the recent headers do not follow each other"));
    }
    let are_in_order = bundle.statuses.windows(2).all(|pair| pair[0].slot <= pair[1].slot);
    if !are_in_order || bundle.statuses.last().is_some_and(|last| last.slot > parent.slot) {
        return Err(contradiction("the statuses are not in order of slot"));
    }
    if !are_ascending(&bundle.accounts) {
        return Err(contradiction("the accounts before the first block are not in ascending order"));
    }
    if bundle.blocks.is_empty() {
        return Err(contradiction("there is no block"));
    }
    let mut parent = parent;
    for block in &bundle.blocks {
        check_block(bundle, parent, block)?;
        parent = &block.header;
    }
    Ok(())
}

fn check_block(bundle: &Bundle, parent: &BlockHeader, block: &BundleBlock) -> Result<(), BundleError> {
    let contradiction = |what| Err(BundleError::Contradiction { slot: block.header.slot, what });
    if !follows(parent, &block.header) {
        return contradiction("the block does not follow the one before it");
    }
    if is_override(&block.header) {
        return contradiction("the block overrode accounts, which nothing in a bundle could check");
    }
    if block.header.transaction_count != block.transactions.len() as u64 {
        return contradiction("the header counts other transactions than there are");
    }
    if !are_ascending(&block.changes) {
        return contradiction("the accounts that the block changed are not in ascending order");
    }
    if block.changes.iter().any(|(key, _)| bundle.account(key).is_none()) {
        return contradiction("the block changed an account whose state before the first block is missing");
    }
    Ok(())
}

fn follows(parent: &BlockHeader, header: &BlockHeader) -> bool {
    header.slot > parent.slot
        && header.parent_slot == parent.slot
        && header.parent_hash == parent.block_hash
        && parent.height.checked_add(1) == Some(header.height)
}

fn are_ascending(accounts: &[(Pubkey, Option<Account>)]) -> bool {
    accounts.windows(2).all(|pair| pair[0].0 < pair[1].0)
}
