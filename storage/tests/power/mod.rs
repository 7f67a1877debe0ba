//! Power cuts and failing disks: a child commits blocks under a preloaded library that writes down, or fails, what it
//! does to files; the disk is then rebuilt as a crash at any of these operations would leave it.
//!
//! ```text
//! script ──▶ child under shim.c ──▶ journal ──trace──▶ operations ──disk──▶ images ──check──▶ RocksStore, Model
//!                                              └──────────── survey ────────────┘
//! ```
#![allow(dead_code, reason = "each test file uses a part")]

pub mod check;
pub mod disk;
pub mod image;
pub mod script;
pub mod shim;
pub mod survey;
pub mod trace;

/// Whether the long form of a test was asked for.
pub fn is_full() -> bool {
    std::env::var_os("HEDDLE_POWER_FULL").is_some_and(|value| value != "0")
}

/// Every how many-th of `count` cases is tried so that about `wanted` are; 1 in the long form.
pub fn stride(count: usize, wanted: usize) -> usize {
    if is_full() { 1 } else { (count / wanted).max(1) }
}
