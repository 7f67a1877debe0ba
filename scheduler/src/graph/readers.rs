//! Reader groups: many readers of one account followed by one writer cost one edge to that writer.
//!
//! ```text
//!              join (count += 1)          close, count > 0
//!   open() ──▶ OPEN ◀──┐          ────────────────────────▶ CLOSED ── leave, count == 0 ──▶ free; its writer loses
//!               └──────┘                                      └ leave (count -= 1)                one predecessor
//!               │ close, count == 0 (all members executed)
//!               └──────────────────────────────────────────▶ free; the writer has nothing to wait for
//! ```
//!
//! An open group belongs to exactly one account node; a closed one to exactly one writer. It knows neither.

use super::window::TransactionIndex;

const NONE: u32 = u32::MAX;

/// Position of a group in its pool; the top bit is free for [`super::links::Target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupIndex(pub(crate) u32);

impl GroupIndex {
    pub(crate) const NONE: Self = Self(NONE);
}

#[derive(Clone, Copy)]
struct Group {
    /// Members that have not executed; in a free group the next free one.
    count: u32,
    /// The writer that closed the group, or `NONE` while it is open.
    writer: u32,
}

/// Every reader group of the graph.
pub(crate) struct ReaderGroups {
    groups: Vec<Group>,
    free: u32,
}

impl ReaderGroups {
    pub(crate) fn new() -> Self {
        Self { groups: Vec::new(), free: NONE }
    }

    pub(crate) fn clear(&mut self) {
        self.groups.clear();
        self.free = NONE;
    }

    /// A new open group without members.
    #[inline]
    pub(crate) fn open(&mut self) -> GroupIndex {
        let empty = Group { count: 0, writer: NONE };
        if self.free == NONE {
            assert!(self.groups.len() < 1 << 31, "groups are bounded by the tag bit of an edge");
            self.groups.push(empty);
            return GroupIndex(self.groups.len() as u32 - 1);
        }
        let index = self.free;
        self.free = self.groups[index as usize].count;
        self.groups[index as usize] = empty;
        GroupIndex(index)
    }

    #[inline]
    pub(crate) fn join(&mut self, index: GroupIndex) {
        self.groups[index.0 as usize].count += 1;
    }

    /// Ends the group with `writer`; true if the writer has to wait for it.
    #[inline]
    pub(crate) fn close(&mut self, index: GroupIndex, writer: TransactionIndex) -> bool {
        let group = &mut self.groups[index.0 as usize];
        group.writer = writer.0;
        let waits = group.count > 0;
        if !waits {
            self.recycle(index);
        }
        waits
    }

    /// A member has executed; the writer that no longer waits for this group, if it was the last one.
    #[inline]
    pub(crate) fn leave(&mut self, index: GroupIndex) -> Option<TransactionIndex> {
        let group = &mut self.groups[index.0 as usize];
        group.count -= 1;
        if group.count > 0 || group.writer == NONE {
            return None;
        }
        let writer = TransactionIndex(group.writer);
        self.recycle(index);
        Some(writer)
    }

    /// Members that have not executed.
    pub(crate) fn count(&self, index: GroupIndex) -> u32 {
        self.groups[index.0 as usize].count
    }

    /// The writer that waits for the group, none while it is open.
    #[inline]
    pub(crate) fn writer(&self, index: GroupIndex) -> Option<TransactionIndex> {
        let writer = self.groups[index.0 as usize].writer;
        (writer != NONE).then_some(TransactionIndex(writer))
    }

    /// Groups ever made, free ones too. O(1).
    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    /// For each group whether it is free. O(groups).
    pub(crate) fn list_free(&self) -> Vec<bool> {
        let mut free = vec![false; self.groups.len()];
        let mut cursor = self.free;
        while cursor != NONE {
            let seen = std::mem::replace(&mut free[cursor as usize], true);
            assert!(!seen, "the free list of reader groups has a cycle");
            cursor = self.groups[cursor as usize].count;
        }
        free
    }

    fn recycle(&mut self, index: GroupIndex) {
        self.groups[index.0 as usize].count = self.free;
        self.free = index.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITER: TransactionIndex = TransactionIndex(7);

    #[test]
    fn the_last_member_to_leave_frees_the_writer() {
        let mut groups = ReaderGroups::new();
        let group = groups.open();
        groups.join(group);
        groups.join(group);
        assert_eq!(groups.leave(group), None);
        assert!(groups.close(group, WRITER));
        assert_eq!(groups.leave(group), Some(WRITER));
        assert_eq!(groups.list_free(), [true]);
        assert_eq!(groups.open(), group, "the pool is reused");
    }

    #[test]
    fn an_open_group_outlives_its_members_and_then_holds_nobody_up() {
        let mut groups = ReaderGroups::new();
        let group = groups.open();
        groups.join(group);
        assert_eq!(groups.leave(group), None);
        assert_eq!(groups.list_free(), [false]);
        assert!(!groups.close(group, WRITER));
        assert_eq!(groups.list_free(), [true]);
    }
}
