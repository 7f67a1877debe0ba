//! What the fuzz targets check, as functions of bytes: each panics where a promise is broken and returns otherwise.
//!
//! ```text
//!  libFuzzer (fuzz/fuzz_targets) ─┐
//!                                 ├─► wire · elf · vm · cpi · syscalls · builtins  (data: &[u8])
//!  tests/bounded.rs, in CI ───────┘
//! ```
//!
//! All are pure: the same bytes do the same, whatever ran before. Beyond "no panic" they check what the documentation
//! promises: bytes and transaction determine each other; compiled and interpreted programs agree in result, units, logs,
//! return data and accounts; a machine that ran before does the same again; lamports are conserved; a read-only account
//! stays as it was. Sanitizers and libFuzzer's limits watch for what a function cannot see: memory, stack, time.

mod address;
mod builtins;
mod cpi;
mod elf;
mod elf_writer;
mod guest;
mod input;
mod input_layout;
mod machine;
mod syscalls;
mod vm;
mod wire;

pub use builtins::builtins;
pub use cpi::cpi;
pub use elf::elf;
pub use syscalls::syscalls;
pub use vm::vm;
pub use wire::wire;

/// A target: its name, as in `fuzz_targets/`, and what it checks.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 6] =
    [("wire", wire), ("elf", elf), ("vm", vm), ("cpi", cpi), ("syscalls", syscalls), ("builtins", builtins)];
