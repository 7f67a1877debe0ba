//! What every store promises, run on every store: same calls, same answers, also after reopening.

mod common;

use common::{
    Model, account, block, empty_block, genesis, genesis_of, hash, key, lattice, status,
    subject::{Subject, contract},
    transaction, with_details, with_transactions,
};
use heddle_storage::{BlockBatch, Malformed, StoreError};
use heddle_types::{Account, AccountDigest, BlockHeader, Genesis, limits::ACCOUNT_DATA_BYTES_MAX};
use proptest::prelude::*;

contract!(
    a_new_store_is_empty,
    initialize_then_read,
    initialize_only_once,
    initialize_refuses_malformed,
    genesis_of_many_batches,
    commit_then_read,
    removed_accounts_are_gone,
    only_the_next_block_is_taken,
    malformed_blocks_change_nothing,
    statuses_are_dropped_from_below,
    headers_across_gaps,
    accounts_in_the_order_asked,
    large_accounts_and_blocks,
    receipts_lose_their_details,
    digests_name_every_field,
    a_read_sees_one_block,
    random_chains_match_the_model,
);

/// An initialised store and the model of it.
fn initialized<T: Subject>() -> (T, Model) {
    let subject = T::create();
    let (genesis, lattice) = genesis();
    subject.store().initialize(&genesis, &lattice).unwrap();
    (subject, Model::new(&genesis, &lattice))
}

fn commit(subject: &impl Subject, model: &mut Model, block: &BlockBatch) {
    subject.store().commit(block).unwrap();
    model.commit(block);
}

fn a_new_store_is_empty<T: Subject>() {
    let mut subject = T::create();
    for _ in 0..2 {
        let store = subject.store();
        assert_eq!(Model::read(store).unwrap(), None);
        assert_eq!(store.genesis().unwrap(), None);
        assert_eq!(store.accounts(&[key(1), key(2)]).unwrap(), [None, None]);
        assert_eq!(store.recent_headers(3).unwrap(), []);
        assert_eq!((store.header(0).unwrap(), store.next_header(0).unwrap()), (None, None));
        assert_eq!((store.transactions(0).unwrap(), store.changes(0).unwrap()), (vec![], vec![]));
        assert_eq!(store.statuses().unwrap(), []);
        let error = store.commit(&block(&BlockHeader::default(), 1)).unwrap_err();
        assert!(matches!(error, StoreError::NotInitialized));
        subject.reopen();
    }
}

fn initialize_then_read<T: Subject>() {
    let (mut subject, model) = initialized::<T>();
    model.check(subject.store());
    subject.reopen();
    model.check(subject.store());
    let error = subject.store().initialize(&genesis().0, &lattice(0)).unwrap_err();
    assert!(matches!(error, StoreError::AlreadyInitialized { tip_slot: 0 }));
}

fn initialize_only_once<T: Subject>() {
    let (subject, mut model) = initialized::<T>();
    let next = block(&model.tip.header, 4);
    commit(&subject, &mut model, &next);
    let error = subject.store().initialize(&genesis().0, &lattice(0)).unwrap_err();
    assert!(matches!(error, StoreError::AlreadyInitialized { tip_slot: 4 }));
    model.check(subject.store());
}

fn initialize_refuses_malformed<T: Subject>() {
    let subject = T::create();
    let refuse = |genesis: Genesis, expected: Malformed| {
        let error = subject.store().initialize(&genesis, &lattice(0)).unwrap_err();
        assert!(matches!(error, StoreError::Malformed(found) if found == expected));
        assert_eq!(Model::read(subject.store()).unwrap(), None);
    };
    let accounts = |pairs: &[(u8, u64)]| {
        genesis_of(pairs.iter().map(|&(number, lamports)| (key(number), Account::with_lamports(lamports))).collect()).0
    };
    refuse(accounts(&[(2, 1), (1, 1)]), Malformed::GenesisOrder { key: key(1) });
    refuse(accounts(&[(2, 1), (2, 1)]), Malformed::GenesisOrder { key: key(2) });
    refuse(accounts(&[(1, 1), (2, 0)]), Malformed::GenesisAccountEmpty { key: key(2) });
    let mut later = accounts(&[]);
    later.header.slot = 3;
    refuse(later, Malformed::GenesisHeader { slot: 3, height: 0, transaction_count: 0 });
    let mut other_state = accounts(&[]);
    other_state.header.state_hash = hash("other", 0);
    refuse(other_state, Malformed::StateHash { slot: 0, state_hash: hash("other", 0) });
    subject.store().initialize(&accounts(&[]), &lattice(0)).unwrap();
    assert_eq!(subject.store().genesis().unwrap(), Some(accounts(&[])));
}

fn genesis_of_many_batches<T: Subject>() {
    let mut subject = T::create();
    let accounts = (0..40).map(|number| (key(number), account(1 + u64::from(number), 1_000_000))).collect();
    let (genesis, lattice) = genesis_of(accounts);
    subject.store().initialize(&genesis, &lattice).unwrap();
    let mut model = Model::new(&genesis, &lattice);
    model.check(subject.store());
    let next = block(&genesis.header, 1);
    commit(&subject, &mut model, &next);
    subject.reopen();
    model.check(subject.store());
}

fn commit_then_read<T: Subject>() {
    let (mut subject, mut model) = initialized::<T>();
    for slot in 1..30 {
        let next = block(&model.tip.header, slot);
        commit(&subject, &mut model, &next);
        model.check(subject.store());
    }
    subject.reopen();
    model.check(subject.store());
    let next = block(&model.tip.header, 30);
    commit(&subject, &mut model, &next);
    model.check(subject.store());
}

fn removed_accounts_are_gone<T: Subject>() {
    let (mut subject, mut model) = initialized::<T>();
    let mut next = empty_block(&model.tip.header, 1);
    // Removed; removed by having no lamports; removed though never there; kept.
    next.accounts = vec![
        (key(10), None),
        (key(20), Some(Account { lamports: 0, ..account(1, 9) })),
        (key(200), None),
        (key(30), Some(Account::with_lamports(1))),
    ];
    commit(&subject, &mut model, &next);
    let expected = [None, None, Some(Account::with_lamports(1))];
    assert_eq!(subject.store().accounts(&[key(10), key(20), key(30)]).unwrap(), expected);
    assert_eq!(subject.store().changes(1).unwrap().len(), 4);
    let mut next = empty_block(&model.tip.header, 2);
    next.accounts = vec![(key(10), Some(account(7, 3)))];
    commit(&subject, &mut model, &next);
    subject.reopen();
    model.check(subject.store());
    // The genesis state is as it was.
    assert_eq!(subject.store().genesis().unwrap(), Some(genesis().0));
}

fn only_the_next_block_is_taken<T: Subject>() {
    let (subject, mut model) = initialized::<T>();
    let first = block(&model.tip.header, 5);
    commit(&subject, &mut model, &first);
    let good = block(&model.tip.header, 7);
    let changed = |change: &dyn Fn(&mut BlockHeader)| {
        let mut block = good.clone();
        change(&mut block.header);
        block
    };
    let wrong = [
        first.clone(),
        changed(&|header| header.slot = 5),
        changed(&|header| header.parent_slot = 4),
        changed(&|header| header.parent_hash = hash("other", 0)),
        changed(&|header| header.height = 3),
    ];
    for block in wrong {
        let error = subject.store().commit(&block).unwrap_err();
        let StoreError::NotNext { expected_parent_slot, expected_parent_hash, expected_height, got_slot, .. } = error
        else {
            panic!("{error}");
        };
        assert_eq!((expected_parent_slot, expected_height, got_slot), (5, 2, block.header.slot));
        assert_eq!(expected_parent_hash, first.header.block_hash);
        model.check(subject.store());
    }
    commit(&subject, &mut model, &good);
    model.check(subject.store());
}

fn malformed_blocks_change_nothing<T: Subject>() {
    let (subject, mut model) = initialized::<T>();
    let good = block(&model.tip.header, 2);
    let refuse = |change: &dyn Fn(&mut BlockBatch)| {
        let mut block = good.clone();
        change(&mut block);
        match subject.store().commit(&block) {
            Err(StoreError::Malformed(malformed)) => malformed,
            other => panic!("{other:?}"),
        }
    };
    let twice = refuse(&|block| block.accounts.push((key(30), None)));
    assert_eq!(twice, Malformed::AccountTwice { slot: 2, key: key(30) });
    let count = refuse(&|block| block.header.transaction_count = 9);
    assert_eq!(count, Malformed::TransactionCount { slot: 2, header_count: 9, count: 2 });
    let state = refuse(&|block| block.lattice = lattice(77));
    assert!(matches!(state, Malformed::StateHash { slot: 2, .. }));
    let wire = refuse(&|block| block.transactions[1].wire = vec![0; 5000].into());
    assert!(matches!(wire, Malformed::Transaction { slot: 2, transaction_index: 1, .. }));
    let large = refuse(&|block| block.accounts[0].1 = Some(account(1, ACCOUNT_DATA_BYTES_MAX + 1)));
    assert_eq!(large, Malformed::AccountTooLarge { key: key(30), size_bytes: ACCOUNT_DATA_BYTES_MAX + 1 });
    model.check(subject.store());
    // None of them poisoned the store.
    commit(&subject, &mut model, &good);
    model.check(subject.store());
}

fn statuses_are_dropped_from_below<T: Subject>() {
    let (mut subject, mut model) = initialized::<T>();
    // (slot, statuses from): also standing still, backwards, a gap without statuses, and above the block itself.
    for (slot, from) in [(1, 0), (2, 0), (3, 2), (9, 1), (10, 2), (20, 9), (21, 9), (30, 31), (40, 31), (41, 0)] {
        let mut next = empty_block(&model.tip.header, slot);
        next.statuses = vec![status(slot, 0), status(slot.saturating_sub(3), 1)];
        next.statuses_from_slot = from;
        commit(&subject, &mut model, &next);
        assert_eq!(subject.store().statuses().unwrap(), model.statuses);
        if slot % 3 == 0 {
            subject.reopen();
            assert_eq!(subject.store().statuses().unwrap(), model.statuses);
        }
    }
    let slots: Vec<_> = model.statuses.iter().map(|entry| entry.slot).collect();
    assert_eq!(slots, [40, 40, 41, 41]);
}

fn headers_across_gaps<T: Subject>() {
    let (subject, mut model) = initialized::<T>();
    for slot in [3, 4, 1000, u64::from(u32::MAX) + 7, u64::MAX] {
        let next = empty_block(&model.tip.header, slot);
        commit(&subject, &mut model, &next);
    }
    let store = subject.store();
    let slots = |count| store.recent_headers(count).unwrap().iter().map(|header| header.slot).collect::<Vec<_>>();
    assert_eq!(slots(0), [0u64; 0]);
    assert_eq!(slots(2), [u64::from(u32::MAX) + 7, u64::MAX]);
    assert_eq!(slots(6)[..3], [0, 3, 4]);
    assert_eq!(slots(7).len(), 6);
    assert_eq!(store.header(5).unwrap(), None);
    assert_eq!(store.next_header(u64::MAX).unwrap(), None);
    assert_eq!(store.next_header(0).unwrap().unwrap().slot, 3);
    assert_eq!(store.next_header(4).unwrap().unwrap().slot, 1000);
    assert_eq!((store.transactions(5).unwrap(), store.changes(5).unwrap()), (vec![], vec![]));
    model.check(store);
}

fn accounts_in_the_order_asked<T: Subject>() {
    let (subject, _) = initialized::<T>();
    let store = subject.store();
    let lamports = |numbers: &[u8]| -> Vec<u64> {
        let keys: Vec<_> = numbers.iter().copied().map(key).collect();
        store
            .accounts(&keys)
            .unwrap()
            .into_iter()
            .map(|account| account.map_or(0, |account| account.lamports))
            .collect()
    };
    assert_eq!(lamports(&[]), [0u64; 0]);
    assert_eq!(lamports(&[20]), [20]);
    assert_eq!(lamports(&[30, 1, 10, 20, 255, 10, 10]), [30, 0, 10, 20, 0, 10, 10]);
}

fn large_accounts_and_blocks<T: Subject>() {
    let (mut subject, mut model) = initialized::<T>();
    let mut next = empty_block(&model.tip.header, 1);
    next.accounts = (0..4).map(|number| (key(number), Some(account(3, ACCOUNT_DATA_BYTES_MAX)))).collect();
    next.statuses = (0..3000).map(|number| status(1, number)).collect();
    with_transactions(&mut next, 0..3000);
    commit(&subject, &mut model, &next);
    subject.reopen();
    model.check(subject.store());
}

fn receipts_lose_their_details<T: Subject>() {
    let (subject, mut model) = initialized::<T>();
    let mut next = empty_block(&model.tip.header, 1);
    with_transactions(&mut next, 0..1);
    next.transactions = vec![with_details(transaction(0))];
    commit(&subject, &mut model, &next);
    assert_eq!(subject.store().transactions(1).unwrap(), [transaction(0)]);
}

fn digests_name_every_field<T: Subject>() {
    let (subject, model) = initialized::<T>();
    let mut next = empty_block(&model.tip.header, 1);
    let program = Account { executable: true, ..Account::new(9, &[1, 2, 3], key(77)) };
    next.accounts = vec![(key(50), Some(program)), (key(10), None)];
    subject.store().commit(&next).unwrap();
    let mut data_hash = [0; 16];
    data_hash.copy_from_slice(&blake3::hash(&[1, 2, 3]).as_bytes()[..16]);
    let expected = [
        AccountDigest::of(&key(10), None),
        AccountDigest { key: key(50), lamports: 9, owner: key(77), executable: true, data_size_bytes: 3, data_hash },
    ];
    assert_eq!(subject.store().changes(1).unwrap(), expected);
}

fn a_read_sees_one_block<T: Subject>() {
    const BLOCK_COUNT: u64 = 150;
    let (subject, model) = initialized::<T>();
    let store = subject.store();
    let keys: Vec<_> = (100..250).map(key).collect();
    let commit_all = || {
        let mut tip = model.tip.header;
        for slot in 1..=BLOCK_COUNT {
            // Every block gives all accounts the same balance: its slot.
            let mut next = empty_block(&tip, slot);
            next.accounts = keys.iter().map(|key| (*key, Some(Account::with_lamports(slot)))).collect();
            store.commit(&next).unwrap();
            tip = next.header;
        }
    };
    let mut last = 0;
    let mut check_read = || {
        let accounts = store.accounts(&keys).unwrap().into_iter();
        let balances: Vec<_> = accounts.map(|account| account.map_or(0, |account| account.lamports)).collect();
        assert!(balances.iter().all(|balance| *balance == balances[0]), "{balances:?}");
        assert!(balances[0] >= last, "never an older block");
        last = balances[0];
    };
    std::thread::scope(|scope| {
        let writer = scope.spawn(commit_all);
        while !writer.is_finished() {
            check_read();
        }
    });
    check_read();
    assert_eq!(last, BLOCK_COUNT);
}

/// What a random chain is made of.
#[derive(Clone, Debug)]
enum Step {
    Reopen,
    Commit {
        slot_gap: u64,
        changes: Vec<(u8, Option<(u64, usize)>)>,
        status_count: u64,
        transaction_count: u64,
        keep: u64,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    let change = (0..12u8, proptest::option::weighted(0.7, (1..1000u64, 0..200usize)));
    let commit = (1..4u64, proptest::collection::vec(change, 0..8), 0..3u64, 0..4u64, 0..8u64);
    prop_oneof![
        1 => Just(Step::Reopen),
        5 => commit.prop_map(|(slot_gap, changes, status_count, transaction_count, keep)| Step::Commit {
            slot_gap, changes, status_count, transaction_count, keep
        }),
    ]
}

fn batch_of(tip: &BlockHeader, step: &Step) -> Option<BlockBatch> {
    let Step::Commit { slot_gap, changes, status_count, transaction_count, keep } = step else { return None };
    let slot = tip.slot + slot_gap;
    let mut block = empty_block(tip, slot);
    let mut seen = [false; 256];
    for &(number, content) in changes {
        if !std::mem::replace(&mut seen[usize::from(number)], true) {
            block.accounts.push((key(number), content.map(|(lamports, size_bytes)| account(lamports, size_bytes))));
        }
    }
    block.statuses = (0..*status_count).map(|number| status(slot, number)).collect();
    with_transactions(&mut block, slot..slot + transaction_count);
    block.statuses_from_slot = slot.saturating_sub(*keep);
    Some(block)
}

fn random_chains_match_the_model<T: Subject>() {
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in proptest::collection::vec(any_step(), 0..25))| {
        let (mut subject, mut model) = initialized::<T>();
        for step in &steps {
            match batch_of(&model.tip.header, step) {
                Some(block) => commit(&subject, &mut model, &block),
                None => subject.reopen(),
            }
            model.check(subject.store());
        }
        subject.reopen();
        model.check(subject.store());
    });
}
