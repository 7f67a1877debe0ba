//! Native programs. Each is a function of the invoke context; it consumes its compute units before anything else.

pub(crate) mod compute_budget;
pub(crate) mod loader_legacy;
pub(crate) mod loader_v3;
pub mod loader_v3_state;
pub(crate) mod system;
pub(crate) mod zk_elgamal_proof;
