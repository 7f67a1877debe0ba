//! A node: a chain that makes its own blocks, served to Solana's clients over JSON-RPC and WebSocket.
//!
//! ```text
//!  http, websocket ──▶ rpc (methods) ──▶ live (the chain: no JSON, nothing asynchronous) ──▶ engine
//!        ▲                 │                │ notices
//!        │                 └──▶ show        ▼
//!        └───────────────────────── subscribe
//! ```
//!
//! tokio is used here and nowhere below: it moves bytes. Methods are plain functions that run where waiting is allowed.

mod contention;
mod faucet;
mod http;
mod limits;
mod listener;
pub mod live;
mod metrics;
mod page;
mod prices;
mod rpc;
mod server;
mod show;
mod subscribe;
mod websocket;
mod writable;

pub use limits::Limits;
pub use server::{Server, ServerOptions, StartError};
