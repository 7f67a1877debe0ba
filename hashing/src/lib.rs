//! BLAKE3 of very many short inputs: message hashes, and the terms of the accounts lattice.
//!
//! The `blake3` crate is fast for one long input, whose chunks it hashes side by side. An input of at most one chunk
//! (1024 bytes) has no such parallelism, so here the lanes of a vector register hold *different inputs* ([`hash_many`])
//! or *different output blocks* of one input ([`LatticeSum`]). Longer inputs go to the `blake3` crate. Results are those
//! of BLAKE3 in every case; the instruction set, found once at run time, decides only the speed.
//!
//! The only `unsafe` code is in `instructions`: the calls of functions that were compiled for more than the baseline.

mod compression;
#[allow(unsafe_code)]
mod instructions;
mod kernel;
mod lattice;
mod many;
mod queue;

pub use lattice::{LANE_COUNT, LatticeSum, Term};
pub use many::{hash_many, hash_many_prefixed};
