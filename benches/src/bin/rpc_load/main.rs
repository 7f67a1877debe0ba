//! Drives a running node with signed transfers over JSON-RPC, as fast as it takes them, and watches it: rate, refusals, time until
//! transactions are durable, memory of the node's process.
//!
//! ```sh
//! heddle node --reset --ledger /tmp/soak &
//! cargo run --release -p heddle-benches --bin rpc_load -- --url 127.0.0.1:8899 --pid $! --seconds 600
//! ```
//!
//! Accounts are funded by `heddle_setAccount`, so the node must be a developer's.

mod client;
mod sender;
mod watch;

use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use serde_json::json;

use client::Client;
use sender::{Counters, Sender};

/// Loads a node over JSON-RPC.
#[derive(Debug, Parser)]
#[command(name = "rpc_load", about)]
struct Arguments {
    /// Where the node listens
    #[arg(long, default_value = "127.0.0.1:8899", value_name = "ADDRESS")]
    url: SocketAddr,
    /// For how long
    #[arg(long, default_value_t = 30, value_name = "N")]
    seconds: u64,
    /// Connections that send side by side
    #[arg(long, default_value_t = 4, value_name = "N")]
    connections: usize,
    /// Transactions in a request
    #[arg(long, default_value_t = 50, value_name = "N")]
    batch: usize,
    /// Accounts that pay and are paid
    #[arg(long, default_value_t = 1000, value_name = "N")]
    accounts: usize,
    /// Let the node try each transaction before it takes it
    #[arg(long)]
    preflight: bool,
    /// Process of the node, whose memory is told
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// How often progress is told, in seconds
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Print one JSON object at the end instead of a table
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rpc_load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), client::Failure> {
    let mut client = Client::connect(arguments.url)?;
    let keys = Arc::new(sender::keys(arguments.accounts.max(2)));
    eprintln!("rpc_load: funding {} accounts", keys.len());
    sender::fund(&mut client, &keys)?;
    let (is_over, counters) = (Arc::new(AtomicBool::new(false)), Arc::new(Counters::default()));
    let senders: Vec<_> = (0..arguments.connections)
        .map(|number| {
            let sender = Sender {
                client: Client::connect(arguments.url)?,
                keys: keys.clone(),
                counters: counters.clone(),
                is_over: is_over.clone(),
                number,
                batch: arguments.batch,
                preflight: arguments.preflight,
            };
            Ok(thread::spawn(move || sender.run()))
        })
        .collect::<Result<_, client::Failure>>()?;
    let began = Instant::now();
    let mut samples = Vec::new();
    while began.elapsed() < Duration::from_secs(arguments.seconds) {
        thread::sleep(
            Duration::from_secs(arguments.every).min(
                Duration::from_secs(arguments.seconds) - began.elapsed().min(Duration::from_secs(arguments.seconds)),
            ),
        );
        let sample = watch::sample(&mut client, &counters, began, arguments.pid)?;
        if !arguments.json {
            sample.print(samples.last());
        }
        samples.push(sample);
    }
    is_over.store(true, Ordering::Relaxed);
    for sender in senders {
        if let Err(error) = sender.join().unwrap_or(Err(client::Failure::Panicked)) {
            eprintln!("rpc_load: a connection ended early: {error}");
        }
    }
    let last = watch::settle(&mut client, &counters, began, arguments.pid)?;
    if arguments.json {
        println!("{}", json!({ "samples": samples, "end": last }));
    } else {
        last.print(samples.last());
        println!("accepted {} · refused {} · in blocks {}", last.accepted, last.refused, last.processed);
    }
    Ok(())
}
