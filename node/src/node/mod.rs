//! `heddle node`: a chain that makes its own blocks, served to Solana's clients.

mod arguments;
mod first_state;
mod ledger;
mod status_line;

use std::{
    io::IsTerminal,
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use heddle_server::{Server, ServerOptions};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

pub(crate) use arguments::NodeArguments;

use crate::{failure::Failure, interrupt::Interrupt, keypair};
use ledger::Ledger;

/// How often the command looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);
/// How long the last requests may hold the database once the node has stopped.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(20);

/// The JSON of `heddle node --json`, once it is ready.
#[derive(Serialize)]
struct Ready {
    rpc: String,
    websocket: String,
    genesis_hash: String,
    identity: String,
    faucet: Option<String>,
    mint: Option<String>,
    ledger: Option<String>,
    slot: u64,
    started_ms: u64,
}

pub(crate) fn run(arguments: &NodeArguments) -> Result<(), Failure> {
    let began = Instant::now();
    start_log(arguments);
    arguments.warn_of_ignored();
    let interrupt = Interrupt::listen()?;
    let ledger = Ledger::open(arguments)?;
    let identity = keypair::address(ledger.identity());
    let faucet = arguments.has_faucet().then(|| ledger.faucet().clone());
    let faucet_address = faucet.as_ref().map(keypair::address);
    let options = ServerOptions {
        rpc: SocketAddr::new(arguments.bind_address, arguments.rpc_port),
        websocket: SocketAddr::new(arguments.bind_address, arguments.websocket_port()),
        live: arguments.live_options(),
        limits: arguments.limits(),
        identity,
        faucet,
        allows_development: arguments.allows_development(),
    };
    let path = ledger.path().map(|path| path.display().to_string());
    let mint = ledger.mint().map(|mint| mint.to_string());
    let server = Server::start(Arc::new(ledger), options)?;
    let chain = server.live().chain();
    let genesis = chain.store().header(0).map_err(Failure::Read)?.unwrap_or_default();
    let ready = Ready {
        rpc: format!("http://{}", server.rpc_address()),
        websocket: format!("ws://{}", server.websocket_address()),
        genesis_hash: genesis.block_hash.to_string(),
        identity: identity.to_string(),
        faucet: faucet_address.map(|address| address.to_string()),
        mint,
        ledger: path,
        slot: chain.engine().tip().slot,
        started_ms: began.elapsed().as_millis() as u64,
    };
    drop(chain);
    ready.print(arguments)?;
    let result = wait(&server, &interrupt, arguments);
    close(server);
    result
}

/// Stops the node and closes its database on this thread: RocksDB must be gone before the process ends.
fn close(server: Server) {
    let store = server.live().chain().store().clone();
    server.stop();
    let began = Instant::now();
    while Arc::strong_count(&store) > 1 && began.elapsed() < CLOSE_TIME_MAX {
        thread::sleep(POLL / 10);
    }
    if Arc::strong_count(&store) > 1 {
        tracing::warn!("the database is still in use; what is confirmed is safe");
    }
}

/// Until somebody wants it to stop, or it cannot go on. A node that cannot make blocks still answers what it knows.
fn wait(server: &Server, interrupt: &Interrupt, arguments: &NodeArguments) -> Result<(), Failure> {
    let shows_status = !arguments.quiet && !arguments.json && !arguments.log && std::io::stderr().is_terminal();
    let mut line = shows_status.then(status_line::StatusLine::new);
    while !interrupt.is_requested() {
        thread::sleep(POLL);
        if let Some(line) = &mut line {
            line.update(server.live());
        }
    }
    match server.live().halted() {
        Some(cause) => Err(Failure::Halted(cause)),
        None => Ok(()),
    }
}

impl Ready {
    fn print(&self, arguments: &NodeArguments) -> Result<(), Failure> {
        if arguments.json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        if arguments.quiet {
            return Ok(());
        }
        println!("Ledger        {}", self.ledger.as_deref().unwrap_or("in memory: nothing outlives the process"));
        println!("Genesis hash  {}", self.genesis_hash);
        println!("Identity      {}", self.identity);
        println!("Faucet        {}", self.faucet.as_deref().unwrap_or("off"));
        if let Some(mint) = &self.mint {
            println!("Mint          {mint}");
        }
        println!("JSON RPC URL  {}   (the page: the same in a browser)", self.rpc);
        println!("WebSocket URL {}", self.websocket);
        println!("Ready after {} ms at slot {}. Ctrl-C stops it.", self.started_ms, self.slot);
        Ok(())
    }
}

/// Logs to stderr: what `RUST_LOG` says, else warnings, else with `--log` everything of note.
fn start_log(arguments: &NodeArguments) {
    let default = if arguments.log { "info" } else { "warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let is_terminal = std::io::stderr().is_terminal();
    let _is_first = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        .try_init();
}
