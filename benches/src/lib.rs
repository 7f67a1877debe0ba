//! What benches and measurements share: inputs that are made the same way every time. Nothing here measures.
//!
//! Linking this library also sets the allocator that the `heddle` command has, so that both allocate at the same cost.

pub mod block_batches;
pub mod large_state;
pub mod lock_sets;
pub mod one_instruction;
pub mod progress;
pub mod random;
pub mod wire;
pub mod workloads;

/// As the command has it, and as the peers' best settings have it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
