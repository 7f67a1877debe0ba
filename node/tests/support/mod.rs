//! A node as a process of its own, and the least client that can talk to it: what is sent is seen.

#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client::client};

/// Long enough for a busy machine; nothing is asserted about time.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running node. Dropping it kills it.
pub struct Node {
    child: Child,
    pub ready: Value,
    pub rpc: SocketAddr,
    pub websocket: SocketAddr,
}

impl Node {
    /// Starts a node on free ports and waits until it is ready.
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_heddle"))
            .args(["node", "--json", "--rpc-port", "0"])
            .args(arguments)
            .env("HOME", "/nonexistent")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).expect("one JSON object once it is ready");
        let address = |key: &str| {
            let url = ready[key].as_str().expect("an address");
            url.split("//").nth(1).expect("after the scheme").parse().expect("an address")
        };
        Self { rpc: address("rpc"), websocket: address("websocket"), ready: ready.clone(), child }
    }

    /// Starts a node whose ledger is in `folder`.
    pub fn at(folder: &Path, arguments: &[&str]) -> Self {
        let ledger = folder.join("ledger");
        let ledger = ledger.to_str().expect("UTF-8");
        Self::start(&[&["--ledger", ledger], arguments].concat())
    }

    /// Kills the process while others talk to it.
    pub fn kill_process(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &id]).status().expect("kill runs").success());
    }

    /// Ends it as Ctrl-C would; its exit code.
    pub fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
        self.child.wait().expect("it ends").code()
    }

    /// The result of a method.
    pub fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The error of a method.
    pub fn refusal(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer.get("result").is_none(), "{method}: {answer}");
        answer["error"].clone()
    }

    /// The answer of a method.
    pub fn ask(&self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (_, body) = post(self.rpc, request.to_string().as_bytes());
        serde_json::from_str(&body).unwrap_or_else(|_| panic!("{method}: {body}"))
    }

    /// Asks again until `is_enough`.
    pub fn wait(&self, method: &str, params: &Value, is_enough: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let result = self.call(method, params.clone());
            if is_enough(&result) {
                return result;
            }
            assert!(began.elapsed() < PATIENCE, "{method} still says {:.300}", result.to_string());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until a transaction is durable; its status.
    pub fn confirm(&self, signature: &Value) -> Value {
        let is_final = |result: &Value| result["value"][0]["confirmationStatus"] == "finalized";
        self.wait("getSignatureStatuses", &json!([[signature]]), is_final)["value"][0].clone()
    }

    /// An airdrop that is durable; its signature.
    pub fn airdrop(&self, to: &str, lamports: u64) -> Value {
        let signature = self.call("requestAirdrop", json!([to, lamports]));
        assert_eq!(self.confirm(&signature)["err"], Value::Null);
        signature
    }

    /// A WebSocket to it.
    pub fn connect(&self) -> WebSocket<TcpStream> {
        let stream = TcpStream::connect(self.websocket).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        client(format!("ws://{}/", self.websocket), stream).expect("a handshake").0
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _it_may_be_gone = self.child.kill();
        let _it_may_be_gone = self.child.wait();
    }
}

/// Sends a body; (status, body of the answer).
pub fn post(to: SocketAddr, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(to).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {to}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    // A node that refuses by the header alone does not read the body.
    let _it_may_be_closed = stream.write_all(body);
    read_answer(stream)
}

/// Gets a path; (status, body).
pub fn get(from: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(from).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {from}\r\nconnection: close\r\n\r\n").expect("sent");
    read_answer(stream)
}

fn read_answer(mut stream: TcpStream) -> (u16, String) {
    let mut answer = Vec::new();
    let _it_may_be_reset = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split_whitespace().nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    (status, body.to_owned())
}

/// Sends a request over a WebSocket; returns the next answer with an id.
pub fn ask(socket: &mut WebSocket<TcpStream>, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    socket.send(Message::text(request.to_string())).expect("sent");
    loop {
        let message = next(socket);
        if message.get("id").is_some() {
            return message;
        }
    }
}

/// The next message.
pub fn next(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().expect("a message") {
            return serde_json::from_str(&text).expect("JSON");
        }
    }
}
