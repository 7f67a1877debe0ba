//! What a guest can call. One family per file; `register_all` is the list.
//!
//! Every syscall follows `solana-syscalls` 4.2.2 under the feature gates of its runtime: the same units charged at the same points, the
//! same order of checks, the same return codes and texts, because each of them decides what a transaction does.

mod allocation;
mod big_mod_exp;
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
pub(crate) mod test_guest;

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
    hash::register(loader, gates);
    secp256k1::register(loader);
    curve::register(loader, gates);
    bn254::register(loader, gates);
    if gates.enable_big_mod_exp_syscall {
        big_mod_exp::register(loader);
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Runtime, syscalls::test_guest::gates_with};

    /// A gate and the syscalls that it registers.
    type Gate = (fn(&mut Gates) -> &mut bool, &'static [&'static str]);

    const GATED: &[Gate] = &[
        (|gates| &mut gates.blake3_syscall_enabled, &["sol_blake3"]),
        (|gates| &mut gates.enable_sha512_syscall, &["sol_sha512"]),
        (|gates| &mut gates.enable_big_mod_exp_syscall, &["sol_big_mod_exp"]),
        (|gates| &mut gates.remaining_compute_units_syscall_enabled, &["sol_remaining_compute_units"]),
        (|gates| &mut gates.last_restart_slot_sysvar, &["sol_get_last_restart_slot"]),
        (|gates| &mut gates.get_sysvar_syscall_enabled, &["sol_get_sysvar"]),
        (|gates| &mut gates.enable_get_epoch_stake_syscall, &["sol_get_epoch_stake"]),
        (
            |gates| &mut gates.curve25519_syscall_enabled,
            &["sol_curve_validate_point", "sol_curve_group_op", "sol_curve_multiscalar_mul"],
        ),
        (|gates| &mut gates.enable_bls12_381_syscall, &["sol_curve_decompress", "sol_curve_pairing_map"]),
        (|gates| &mut gates.enable_alt_bn128_syscall, &["sol_alt_bn128_group_op"]),
        (|gates| &mut gates.enable_alt_bn128_compression_syscall, &["sol_alt_bn128_compression"]),
        (|gates| &mut gates.enable_poseidon_syscall, &["sol_poseidon"]),
    ];

    /// Names that both environments of a runtime under `gates` know.
    fn registered(gates: Gates) -> BTreeSet<String> {
        let runtime = Runtime::builder(gates).build();
        let names = |loader: &BuiltinProgram<InvokeContext>| {
            let registry = loader.get_function_registry();
            let names = registry.iter().map(|(_, (name, _))| String::from_utf8_lossy(name).into_owned());
            names.collect::<BTreeSet<_>>()
        };
        let deployable = names(runtime.deployment_loader());
        let mut executable = names(runtime.loader());
        assert!(executable.remove(ALLOC_FREE));
        assert_eq!(executable, deployable);
        executable
    }

    #[test]
    fn a_gate_registers_its_syscalls_and_no_others() {
        for (gate, names) in GATED {
            let mut without = registered(gates_with(|gates| *gate(gates) = false));
            let with = registered(gates_with(|gates| *gate(gates) = true));
            without.extend(names.iter().map(|name| (*name).to_owned()));
            assert_eq!(with, without, "{names:?}");
        }
    }
}
