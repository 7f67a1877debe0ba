//! Account nodes: per account the last writer and the readers since, found by dense index.
//!
//! A node is valid only under the current epoch, so forgetting every account is O(1). The table grows on demand and
//! never shrinks: 12 bytes per account the engine has interned.

use super::readers::GroupIndex;
use super::window::TransactionIndex;
use heddle_types::AccountIndex;

/// The tail of one account's history.
#[derive(Clone, Copy)]
pub(crate) struct AccountNode {
    /// The last transaction that writes the account; it may long be executed and forgotten.
    pub(crate) last_writer: TransactionIndex,
    /// The open group of readers since that writer, or [`GroupIndex::NONE`].
    pub(crate) readers: GroupIndex,
    epoch: u32,
}

impl AccountNode {
    const UNUSED: Self = Self { last_writer: TransactionIndex::NONE, readers: GroupIndex::NONE, epoch: 0 };
}

/// Account nodes by [`AccountIndex`].
pub(crate) struct AccountTable {
    nodes: Vec<AccountNode>,
    /// Never 0, the stamp of a node nobody has touched.
    epoch: u32,
}

impl AccountTable {
    pub(crate) fn new() -> Self {
        Self { nodes: Vec::new(), epoch: 1 }
    }

    /// Forgets every account. O(1), but O(accounts) each 2^32 calls.
    pub(crate) fn clear(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.nodes.fill(AccountNode::UNUSED);
            self.epoch = 1;
        }
    }

    /// The account's node under the current epoch.
    #[inline]
    pub(crate) fn touch(&mut self, account: AccountIndex) -> &mut AccountNode {
        let index = account.0 as usize;
        if index >= self.nodes.len() {
            self.grow(index);
        }
        let node = &mut self.nodes[index];
        if node.epoch != self.epoch {
            *node = AccountNode { epoch: self.epoch, ..AccountNode::UNUSED };
        }
        node
    }

    /// The nodes of the current epoch. O(table).
    pub(crate) fn touched(&self) -> impl Iterator<Item = &AccountNode> {
        self.nodes.iter().filter(|node| node.epoch == self.epoch)
    }

    #[cold]
    fn grow(&mut self, index: usize) {
        self.nodes.resize((index + 1).next_power_of_two(), AccountNode::UNUSED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clearing_forgets_every_account_even_when_the_epoch_wraps() {
        let mut table = AccountTable::new();
        table.epoch = u32::MAX - 1;
        for _ in 0..3 {
            let node = table.touch(AccountIndex(5));
            assert_eq!(node.last_writer, TransactionIndex::NONE);
            node.last_writer = TransactionIndex(3);
            assert_eq!(table.touched().count(), 1);
            table.clear();
            assert_eq!(table.touched().count(), 0);
        }
    }
}
