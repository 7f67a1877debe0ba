//! One instruction on the machine of a worker, accounts put in included: no block, no fee, no locks.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use heddle_benches::one_instruction::{
    Entry, FORWARD, NO_OP, OneInstruction, SPL_TOKEN_3_5_0, programs, spl_token_elf, system_program, token_entries,
};
use heddle_loadgen::token_layout::transfer_data;
use heddle_programs::ids::TOKEN;
use heddle_types::{Account, Pubkey, ids::bpf_loader};
use heddle_vm::ExecutionMode;

const MODES: [(&str, ExecutionMode); 2] =
    [("compiled", ExecutionMode::Jit), ("interpreted", ExecutionMode::Interpreter)];

fn program(key: Pubkey) -> Entry {
    Entry::program(key, bpf_loader::ID)
}

/// Accounts, and indices and data of the instruction; its program comes last.
type Call = (Vec<Entry>, &'static [u8], Vec<u8>);

fn system_transfer() -> Call {
    let payer = Entry::signer(Pubkey::new_from_array([2; 32]), Account::with_lamports(1_000_000_000));
    let payee = Entry::writable(Pubkey::new_from_array([3; 32]), Account::with_lamports(1_000_000));
    let data = [&2u32.to_le_bytes()[..], &1u64.to_le_bytes()].concat();
    (vec![payer, payee, system_program()], &[0, 1], data)
}

fn token_transfer(token: Pubkey) -> Call {
    let mut entries = token_entries(token);
    entries.push(program(token));
    (entries, &[0, 1, 2], transfer_data(1).to_vec())
}

/// The forwarder takes the program that it calls as its first account.
fn forwarded_token_transfer() -> Call {
    let (mut entries, _, data) = token_transfer(TOKEN);
    entries.push(program(FORWARD));
    (entries, &[3, 0, 1, 2], data)
}

fn vm(criterion: &mut Criterion) {
    let mut elfs = programs();
    let mut calls: Vec<(&str, Call)> = vec![
        ("system transfer (builtin)", system_transfer()),
        ("no-op", (vec![program(NO_OP)], &[], Vec::new())),
        ("p-token transfer", token_transfer(TOKEN)),
        ("CPI: no-op", (vec![program(NO_OP), program(FORWARD)], &[0], Vec::new())),
        ("CPI: p-token transfer", forwarded_token_transfer()),
    ];
    match spl_token_elf() {
        Ok(elf) => {
            elfs.push((SPL_TOKEN_3_5_0, elf));
            calls.insert(3, ("spl_token 3.5.0 transfer", token_transfer(SPL_TOKEN_3_5_0)));
        }
        Err(reason) => eprintln!("skipped: spl_token 3.5.0 transfer: {reason}"),
    }
    let mut group = criterion.benchmark_group("vm");
    group.throughput(Throughput::Elements(1));
    for (name, (entries, indices, data)) in calls {
        for (mode_name, mode) in MODES {
            let mut call = OneInstruction::new(mode, &elfs, entries.clone(), (indices, data.clone()));
            assert_eq!(call.run(), Ok(()), "{name}");
            group.bench_function(BenchmarkId::new(name, mode_name), |bencher| bencher.iter(|| call.run()));
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(50)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = vm
}
criterion_main!(benches);
