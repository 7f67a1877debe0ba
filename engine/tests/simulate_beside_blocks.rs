//! Simulations from other threads while blocks are executed: each finds a slot of its own, and changes nothing.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use heddle_engine::{
    Engine, VerifiedTransaction,
    doc::{alice, transfer},
};
use heddle_types::Pubkey;

#[test]
fn no_simulation_is_in_the_way_of_a_block() {
    let engine = Engine::builder().fund(alice(), 10_000_000_000).build().expect("an engine");
    let bob = Pubkey::new_from_array([2; 32]);
    let wire = transfer(bob, 1_000_000_000, engine.latest_blockhash());
    let transaction = VerifiedTransaction::new(&wire).expect("valid");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let simulations: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut count = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        let simulation = engine.simulate(&transaction).expect("the host is well");
                        assert!(simulation.outcome.receipt().is_some_and(|receipt| receipt.status.is_ok()));
                        engine.contention(vec![transaction.clone()], 1).expect("the host is well");
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        // Fewer than make the blockhash too old.
        for _ in 0..140 {
            let executed = engine.execute_block(engine.next_block(Vec::new())).expect("it follows");
            engine.commit_block(executed).expect("in order");
            thread::yield_now();
        }
        is_over.store(true, Ordering::Relaxed);
        let count: u64 = simulations.into_iter().map(|one| one.join().expect("no panic")).sum();
        assert!(count > 0);
    });
    assert_eq!(engine.account(&bob).expect("in memory"), None);
    assert_eq!(engine.tip().slot, 140);
}
