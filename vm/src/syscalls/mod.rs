//! What a guest can call. One family per file; `register_all` is the list.
//!
//! Every syscall follows `solana-syscalls` 4.2.2 under mainnet's features: the same units charged at the same points, the
//! same order of checks, the same return codes and texts, because each of them decides what a transaction does.

mod allocation;
mod bls12_381;
mod bn254;
mod control;
mod curve;
mod curve25519;
mod hash;
mod introspection;
mod invoke;
mod logging;
mod memory;
mod poseidon;
mod program_address;
mod return_data;
mod secp256k1;
mod sysvar;
#[cfg(test)]
mod test_guest;

use heddle_types::Gates;
use solana_sbpf::program::{BuiltinFunctionDefinition, BuiltinProgram};

use crate::{GuestSlice, InvokeContext, VmError};

/// What a syscall returns when it did what it was asked to.
const SUCCESS: u64 = 0;
/// What most syscalls return when their input has no answer (a point off the curve, seeds without an address).
const FAILURE: u64 = 1;

/// Declares a syscall: a unit struct whose `rust` function gets the context and up to five arguments.
macro_rules! syscall {
    ($(#[$meta:meta])* $name:ident, |$context:ident, $a:ident, $b:ident, $c:ident, $d:ident, $e:ident| $body:expr) => {
        $(#[$meta])*
        pub(crate) struct $name;
        impl solana_sbpf::program::BuiltinFunctionDefinition<$crate::InvokeContext> for $name {
            type Error = $crate::VmError;
            fn rust(
                $context: &mut $crate::InvokeContext,
                $a: u64,
                $b: u64,
                $c: u64,
                $d: u64,
                $e: u64,
            ) -> Result<u64, $crate::VmError> {
                $body
            }
        }
    };
}
pub(crate) use syscall;

/// The allocator syscall, which only programs deployed long ago may call.
pub(crate) const ALLOC_FREE: &str = "sol_alloc_free_";

/// Registers every syscall that `gates` switch on.
pub(crate) fn register_all(loader: &mut BuiltinProgram<InvokeContext>, gates: &Gates) {
    control::register(loader);
    logging::register(loader);
    memory::register(loader);
    allocation::register(loader);
    program_address::register(loader);
    hash::register(loader);
    secp256k1::register(loader);
    curve::register(loader, gates);
    bn254::register(loader, gates);
    if gates.enable_poseidon_syscall {
        poseidon::register(loader);
    }
    sysvar::register(loader, gates);
    return_data::register(loader);
    introspection::register(loader, gates);
    invoke::register(loader);
}

/// Registers one syscall; names are ours, so a collision is a bug.
fn add<S: BuiltinFunctionDefinition<InvokeContext>>(loader: &mut BuiltinProgram<InvokeContext>, name: &str) {
    S::register(loader, name).expect("syscall names do not collide");
}

/// A guest array of (address, length) pairs: what Rust's `&[&[u8]]` and C's `SolBytes` are in guest memory.
struct GuestSlices(GuestSlice);

impl GuestSlices {
    /// Bytes of one pair.
    const PAIR_BYTES: usize = 16;

    /// Translates the pairs, not yet what they point to.
    fn translate(context: &mut InvokeContext, address: u64, count: u64) -> Result<Self, VmError> {
        context.guest_array(address, count, Self::PAIR_BYTES as u64, 8).map(Self)
    }

    /// Number of pairs.
    fn count(&self) -> usize {
        self.0.len() / Self::PAIR_BYTES
    }

    /// Address and length of the slice at `index`, which is less than [`Self::count`].
    fn get(&self, context: &InvokeContext, index: usize) -> (u64, u64) {
        let pair = context.bytes(&self.0.part(index * Self::PAIR_BYTES, Self::PAIR_BYTES));
        let word = |at: usize| u64::from_le_bytes(pair[at..at + 8].try_into().expect("eight bytes"));
        (word(0), word(8))
    }
}

/// Reads `N` bytes at a guest address that needs no alignment.
fn read_bytes<const N: usize>(context: &mut InvokeContext, address: u64) -> Result<[u8; N], VmError> {
    let slice = context.guest(address, N as u64)?;
    Ok(context.bytes(&slice).try_into().expect("N bytes were translated"))
}

/// Writes `bytes` at a guest address that needs no alignment.
fn write_bytes(context: &mut InvokeContext, address: u64, bytes: &[u8]) -> Result<(), VmError> {
    let slice = context.guest_mut(address, bytes.len() as u64)?;
    context.bytes_mut(&slice).copy_from_slice(bytes);
    Ok(())
}

/// [`SUCCESS`] once `result` is written at `address`, [`FAILURE`] if there is none.
fn write_result<const N: usize>(
    context: &mut InvokeContext,
    address: u64,
    result: Option<[u8; N]>,
) -> Result<u64, VmError> {
    let Some(result) = result else { return Ok(FAILURE) };
    write_bytes(context, address, &result)?;
    Ok(SUCCESS)
}
