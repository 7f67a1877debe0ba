//! A compiler of sBPF programs for x86-64.
//!
//! `solana-sbpf` loads, verifies and interprets; its own compiler calls a function for each access to guest memory, which
//! is most of the time that real programs take. Here the translation of an address is a few instructions in line: stack
//! slots of the running frame need no check at all, since the frame pointer is not the program's to change; anything else
//! is compared against a table of the mapped regions. What the table does not allow goes to
//! [`MemoryMapping`](solana_sbpf::memory_region::MemoryMapping), which decides as it does for the interpreter.
//!
//! Two more things come with it:
//! - stores into heap and input leave a mark per [`WRITTEN_CHUNK_BYTES`], and it is known how far the stack was used
//!   ([`Written`]), so that whoever prepares the next run need not clear what no program touched;
//! - calls between functions of the program are calls of the processor, which predicts their returns.
//!
//! The interpreter of `solana-sbpf` is the reference: result, error, units and memory are the same for every program, at
//! every limit of instructions. A block of instructions is paid for when it is entered; one that cannot be paid in full is
//! handed to the interpreter, which stops at the exact instruction.
//!
//! Programs of version 2 (SIMD-0173, SIMD-0174), other configurations and other processors are refused with a
//! [`CompileError`]; their caller falls back on `solana-sbpf`.

mod blocks;
mod program;
#[cfg(target_arch = "x86_64")]
mod x64;

pub use program::{CompileError, CompiledProgram, FramePointer, Written};

/// Bytes of heap or input that share one mark.
pub const WRITTEN_CHUNK_BYTES: usize = 1 << WRITTEN_CHUNK_SHIFT;
/// Binary logarithm of [`WRITTEN_CHUNK_BYTES`].
const WRITTEN_CHUNK_SHIFT: u8 = 8;
/// The mark that a store of the program leaves. It covers the bytes that begin in its chunk: up to seven more may have
/// been written in the next.
pub const WRITTEN_BY_PROGRAM: u8 = 1;
