//! What each group of benches measures, and what it means if it grows.

/// A group.
pub(crate) struct Group {
    /// Its name in criterion.
    pub(crate) name: &'static str,
    /// What a figure is, and what it means.
    pub(crate) meaning: &'static str,
}

/// In the order of a transaction's way through the engine.
pub(crate) const GROUPS: [Group; 12] = [
    Group {
        name: "parse",
        meaning: "Per transaction. `in place` checks every rule that the bytes can decide; `into a copy` also allocates. \
                  If it grows, clients' bytes cost more before anything is ordered.",
    },
    Group {
        name: "sigverify",
        meaning: "Per signature, strict. Nearly all of what a signed transaction costs; `all cores` bounds what \
                  `heddle load` can reach.",
    },
    Group {
        name: "conflict_graph, insert",
        meaning: "Per transaction, 1,000 in the graph. Grows with accounts; if it grows otherwise, order costs more than \
                  what it orders.",
    },
    Group { name: "conflict_graph, dispatch", meaning: "Per transaction: handing out what is ready." },
    Group {
        name: "conflict_graph, complete",
        meaning: "Per transaction: releasing what waited for it. Does not depend on accounts unless there are conflicts.",
    },
    Group {
        name: "conflict_graph, all three",
        meaning: "Per transaction: insert, dispatch and complete in one graph. The figure to compare with other dispatchers.",
    },
    Group {
        name: "vm",
        meaning: "Per instruction: accounts put into the machine, the program run, no block around it. If it grows, look at \
                  memory that is cleared and accounts that are copied.",
    },
    Group {
        name: "execute_block",
        meaning: "Per transaction, blocks of 2,000: plan, graph, execution, lattice (on all cores), hashes; signatures and \
                  disk are left out. Serial is the baseline of the workers.",
    },
    Group {
        name: "execution stage",
        meaning: "Per transaction, the same blocks: only from the first transaction's start to the last one's end. This \
                  is what workers share.",
    },
    Group {
        name: "state_hash, one account",
        meaning: "One account's term: BLAKE3 over the account, 2,048 bytes of output, added to the lattice.",
    },
    Group {
        name: "state_hash, block",
        meaning: "Per changed account: collecting a block's changes, the terms before and after, the hashes.",
    },
    Group {
        name: "commit",
        meaning: "Per changed account of 165 bytes, with a transaction for every two; the durable store fsyncs each block. \
                  Small blocks show what one commit costs by itself.",
    },
];
