//! Shared by the integration tests: a node on ports of its own, and what a client says to it.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ed25519_dalek::SigningKey;
use heddle_engine::Engine;
use heddle_server::{
    Limits, Server, ServerOptions,
    live::{LiveOptions, OpenEngine, OpenError, Travel},
};
use heddle_storage::{Fault, FaultStore, LedgerOptions, MemoryStore, RocksStore, Store};
use heddle_types::Pubkey;
use serde_json::{Value, json};

/// Workers of a node.
pub const WORKERS: usize = 2;
/// How long a test waits for another thread.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens a chain with a faucet.
struct Chain {
    /// `None`: in memory.
    database: Option<PathBuf>,
    /// What goes wrong in memory.
    fault: Option<Fault>,
}

impl Chain {
    fn store(&self) -> Result<Arc<dyn Store>, OpenError> {
        Ok(match &self.database {
            None => {
                let store = Arc::new(MemoryStore::with_ledger(LedgerOptions::EVERYTHING));
                match self.fault {
                    Some(fault) => Arc::new(FaultStore::new(store, fault)),
                    None => store,
                }
            }
            Some(path) => Arc::new(RocksStore::open(path)?),
        })
    }
}

impl OpenEngine for Chain {
    fn open(&self) -> Result<Engine, OpenError> {
        let began = Instant::now();
        let builder = Engine::builder()
            .shared_store(self.store()?)
            .workers(WORKERS)
            .record_details(true)
            .fund(faucet_address(), 1_000_000_000_000)
            .stage_clock(Arc::new(move || began.elapsed()));
        Ok(builder.build()?)
    }

    fn begin_anew(&self) -> Result<Engine, OpenError> {
        self.open()
    }

    fn is_durable(&self) -> bool {
        self.database.is_some()
    }
}

fn faucet() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// Who pays for airdrops.
pub fn faucet_address() -> Pubkey {
    Pubkey::new_from_array(faucet().verifying_key().to_bytes())
}

/// A running node that makes a block when it is told to.
pub struct Node(Server);

impl Node {
    /// A chain in memory, or in a database.
    pub fn start(database: Option<PathBuf>) -> Self {
        Self::serve(Chain { database, fault: None })
    }

    /// A chain in memory that a commit fails.
    pub fn with_fault(fault: Fault) -> Self {
        Self::serve(Chain { database: None, fault: Some(fault) })
    }

    fn serve(chain: Chain) -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let options = ServerOptions {
            rpc: any_port,
            websocket: any_port,
            live: LiveOptions { slot_time: Duration::from_secs(3600), ..LiveOptions::default() },
            limits: Limits::default(),
            identity: Pubkey::new_from_array([1; 32]),
            faucet: Some(faucet()),
            allows_development: true,
        };
        Self(Server::start(Arc::new(chain), options).unwrap())
    }

    /// Makes a block of all that waits.
    pub fn make_block(&self) {
        let live = self.0.live();
        let slot = live.chain().engine().tip().slot + 1;
        // The clock goes from slot to slot; the one after the tip is as good as any later.
        live.travel(Travel::Slot(slot)).unwrap();
    }

    /// As [`Self::make_block`], where that may fail.
    pub fn try_block(&self) {
        let live = self.0.live();
        let slot = live.chain().engine().tip().slot + 1;
        let _it_may_fail = live.travel(Travel::Slot(slot));
    }

    /// The status line of a GET.
    pub fn status(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.0.rpc_address()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    /// The body of a GET, and its content type.
    pub fn get(&self, path: &str) -> (String, String) {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"))
    }

    /// The whole answer of a method.
    pub fn ask(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let head =
            format!("POST / HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        serde_json::from_str(&self.request(&(head + &body)).0).unwrap()
    }

    /// The result of a method that succeeds.
    pub fn call(&self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    fn request(&self, text: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.0.rpc_address()).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let content_type = head.lines().find_map(|line| line.strip_prefix("content-type: "));
        (body.to_owned(), content_type.unwrap_or_default().to_owned())
    }
}

/// Asks until the answer is good: another thread is on its way.
pub fn eventually<T>(ask: impl Fn() -> T, is_good: impl Fn(&T) -> bool) -> T {
    let began = Instant::now();
    loop {
        let answer = ask();
        if is_good(&answer) {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "it does not come");
        thread::yield_now();
    }
}
