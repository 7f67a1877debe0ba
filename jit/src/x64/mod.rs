//! The compiler for x86-64.
//!
//! | guest | host | | guest | host |
//! |---|---|---|---|---|
//! | r0 | rax | | r6 | rbx |
//! | r1 | rdi | | r7 | r12 |
//! | r2 | rsi | | r8 | r13 |
//! | r3 | rdx | | r9 | r14 |
//! | r4 | rcx | | r10 | r15 |
//! | r5 | r8 | | instructions left | r11 |
//!
//! rbp points at the [`state::RunState`] of the run; r9 and r10 are scratch. Functions of the program are entered with rsp
//! 8 bytes off a multiple of 16, shared routines therefore with a multiple of 16, ready to call the host.

mod alu;
mod calls;
mod compiler;
#[allow(unsafe_code)]
mod host;
mod jumps;
mod memory;
mod routines;
#[allow(unsafe_code)]
mod run;
mod state;

pub(crate) use compiler::compile;
pub(crate) use run::Code;
