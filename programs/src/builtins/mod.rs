//! Native programs. Each is a function of the invoke context; it consumes its compute units before anything else.

pub(crate) mod compute_budget;
pub(crate) mod loader_legacy;
pub mod loader_v3;
pub(crate) mod reader;
pub(crate) mod system;
pub(crate) mod vote;
pub(crate) mod zk_elgamal_proof;
