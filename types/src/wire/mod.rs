//! Solana transactions on the wire: bytes → [`SanitizedTransaction`], without copying a field.
//!
//! One pass over the bytes checks every rule that needs nothing but the bytes and leaves a `Layout` of a few offsets;
//! the accessors cut their slices from it. Nothing of an untrusted transaction is allocated but the bytes themselves,
//! and those only after they were accepted.
//!
//! ```text
//! legacy, v0 (≤ 1232 B; `#` is a compact-u16 count)            v1 (SIMD-0385, ≤ 4096 B)
//! ┌──────────────────────────────────────────────┐             ┌──────────────────────────────────────────────┐
//! │ # signatures [u8; 64]…                       │             │ 0x81                                         │ ─┐
//! ├──────────────────────────────────────────────┤ ─┐          │ header: 3 × u8                               │  │
//! │ 0x80 (v0 only)                               │  │          │ config mask: u32 LE                          │  │
//! │ header: required, readonly signed, unsigned  │  │          │ recent blockhash [u8; 32]                    │  │
//! │ # static keys [u8; 32]…                      │  │ message  │ instruction count u8, key count u8           │  │
//! │ recent blockhash [u8; 32]                    │  │ (signed) │ keys [u8; 32]…                               │  │
//! │ # instructions:                              │  │          │ config values: 4 B for each bit of the mask  │  │
//! │     program u8, # account u8…, # data u8…    │  │          │ per instruction: program u8, account count   │  │
//! │ # lookups (v0 only):                         │  │          │     u8, data size u16 LE                     │  │
//! │     table [u8; 32], # writable, # readonly   │ ─┘          │ per instruction: account u8…, data u8…       │ ─┘
//! └──────────────────────────────────────────────┘             │ signatures [u8; 64]… (as the header says)    │
//!                                                              └──────────────────────────────────────────────┘
//! ```
//!
//! **Invariant**: a `Layout` only ever travels with the bytes it was parsed from, so no accessor can fail.
//!
//! What is *not* known here: whether signatures verify, which keys the lookups load (and whether those repeat a key:
//! `AccountLoadedTwice`), which accounts are reserved, and how many locks are allowed.

mod compact_u16;
mod config;
mod cursor;
mod error;
mod instructions;
mod layout;
mod legacy_v0;
mod lookups;
mod sanitized;
mod static_keys;
mod v1;
mod view;

pub use config::TransactionConfig;
pub use error::{WireError, WireErrorReason, WireField};
pub use instructions::{InstructionView, Instructions};
pub use layout::{MessageHeader, TransactionVersion};
pub use lookups::{LookupView, Lookups};
pub use sanitized::SanitizedTransaction;
pub use view::{MESSAGE_HASH_DOMAIN, TransactionView};

use layout::Layout;

/// Set in the first byte of a versioned message; the other bits are the version.
const VERSION_BIT: u8 = 0x80;
/// First byte of a v1 transaction.
const V1_PREFIX: u8 = VERSION_BIT | 1;
const SIGNATURE_SIZE_BYTES: usize = 64;
const KEY_SIZE_BYTES: usize = 32;
const HASH_SIZE_BYTES: usize = 32;

/// Tells the formats apart by their first byte and parses. A legacy or v0 transaction begins with its signature count,
/// which cannot reach 128 in 1232 bytes, so a set high bit can only be a version.
fn parse(bytes: &[u8]) -> Result<Layout, WireError> {
    match bytes.first() {
        Some(&V1_PREFIX) => v1::parse(bytes),
        Some(&first) if first & VERSION_BIT != 0 => Err(error::unknown_version(first, 0)),
        _ => legacy_v0::parse(bytes),
    }
}
