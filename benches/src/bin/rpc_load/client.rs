//! The least HTTP client: one connection, one request at a time. It must not cost more than what it measures.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

use serde_json::Value;

/// Why a request failed.
#[derive(Debug)]
pub enum Failure {
    Io(io::Error),
    Json(serde_json::Error),
    Answer(String),
    Panicked,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(formatter, "the connection failed: {error}"),
            Self::Json(error) => write!(formatter, "the answer is no JSON: {error}"),
            Self::Answer(text) => write!(formatter, "the node says: {text}"),
            Self::Panicked => write!(formatter, "a thread panicked"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

pub struct Client {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { address, stream: BufReader::new(stream) })
    }

    /// The result of one method.
    pub fn call(&mut self, method: &str, params: &Value) -> Result<Value, Failure> {
        let request = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut answer: Value = serde_json::from_slice(&self.post(request.to_string().as_bytes())?)?;
        match answer.get("error") {
            Some(error) => Err(Failure::Answer(error.to_string())),
            None => Ok(answer["result"].take()),
        }
    }

    /// Sends a body; the body of the answer.
    pub fn post(&mut self, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(&[head.as_bytes(), body].concat())?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        Ok(answer)
    }
}
