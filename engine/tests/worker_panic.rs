//! A worker that panics takes its block with it, and nothing else.

mod common;

use common::*;
use heddle_engine::{Engine, EngineError, VerifiedTransaction};
use heddle_types::InstructionError;
use heddle_vm::InvokeContext;

/// A builtin of the test's own: panics when its data says so.
fn fragile(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.consume(1)?;
    assert!(context.instruction_data() != b"panic", "as asked");
    Ok(())
}

fn engine(workers: usize) -> Engine {
    Engine::builder()
        .runtime(heddle_programs::runtime_builder().builtin(plain(60), fragile).build())
        .fund(address(&key(1)), 10_000_000_000)
        .fund(address(&key(2)), 10_000_000_000)
        .workers(workers)
        .build()
        .expect("an engine")
}

fn call(engine: &Engine, payer: u8, data: &[u8]) -> VerifiedTransaction {
    let call = Instruction { program: plain(60), accounts: vec![], data: data.to_vec() };
    let pay = transfer(address(&key(payer)), address(&key(payer)), u64::from(payer));
    verified(&[pay, call], &[&key(payer)], engine.latest_blockhash())
}

#[test]
fn the_block_is_dropped_and_the_engine_goes_on() {
    for workers in [1, 2] {
        let engine = engine(workers);
        let before = engine.tip();
        let good = call(&engine, 1, b"fine");
        let bad = call(&engine, 2, b"panic");
        let result = engine.execute_block(engine.next_block(vec![good.clone(), bad]));
        assert!(matches!(result, Err(EngineError::Pool(_))), "the panic is told");
        assert_eq!(engine.tip(), before);
        assert_eq!(engine.account(&address(&key(1))).unwrap().unwrap().lamports, 10_000_000_000);

        // What ran before the panic did not happen, so it may run again.
        let executed = engine.execute_block(engine.next_block(vec![good])).expect("the engine goes on");
        assert_eq!(executed.outcomes()[0].receipt().map(|receipt| receipt.status.clone()), Some(Ok(())));
        assert!(engine.commit_block(executed).is_ok());
    }
}
