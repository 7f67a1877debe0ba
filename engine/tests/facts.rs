//! What an engine says of its chain, and of a transaction that a later block would hold.

mod common;

use common::*;
use heddle_engine::{Block, Engine};
use heddle_types::{FeatureSet, features::gate};

#[test]
fn an_engine_tells_what_it_was_built_with() {
    let features = FeatureSet::mainnet().activate(gate::blake3_syscall_enabled);
    let engine = Engine::builder()
        .fund(address(&key(1)), 10_000_000_000)
        .features(features.clone())
        .collector(plain(8))
        .genesis_timestamp(77)
        .build()
        .expect("an engine");
    let genesis = engine.tip();
    assert_eq!((engine.features(), engine.collector()), (features, plain(8)));
    assert!(Engine::builder().build().expect("an engine").features() == FeatureSet::mainnet());
    let block = Block { slot: 9, ..engine.next_block(vec![]) };
    engine.commit_block(engine.execute_block(block).expect("executes")).expect("commits");
    let header = engine.genesis_header().expect("readable");
    assert_eq!((header, header.unix_timestamp), (genesis, 77));
}

#[test]
fn a_simulation_is_of_the_next_block_and_leaves_nothing() {
    let engine = Engine::builder().fund(address(&key(1)), 10_000_000_000).build().expect("an engine");
    let waiting = verified(&[transfer(address(&key(1)), plain(2), 5_000_000)], &[&key(1)], engine.latest_blockhash());
    for slot in [10, 20] {
        let block = Block { slot, ..engine.next_block(vec![]) };
        engine.commit_block(engine.execute_block(block).expect("executes")).expect("commits");
        let simulated = engine.simulate(&waiting).expect("simulates");
        assert!(simulated.outcome.receipt().is_some_and(|receipt| receipt.status.is_ok()));
        assert_eq!(simulated.slot, slot + 1);
        assert!(simulated.accounts.iter().any(|(key, account)| *key == plain(2) && account.lamports == 5_000_000));
    }
    let executed = engine.execute_block(engine.next_block(vec![waiting])).expect("executes");
    assert!(executed.outcomes()[0].receipt().is_some(), "what was simulated can be executed");
}
