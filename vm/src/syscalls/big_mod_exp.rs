//! Modular exponentiation of big integers: a name without an operation. `solana-syscalls` 4.2.2 withdrew what there was
//! until SIMD-0529 says what it shall be; behind its gate the call returns 1, looks at no argument and costs nothing.

use solana_sbpf::program::BuiltinProgram;

use super::{FAILURE, add, syscall};
use crate::InvokeContext;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<RaiseModulo>(loader, "sol_big_mod_exp");
}

syscall!(
    /// Would raise a number to a power modulo another: (parameters, result).
    RaiseModulo,
    |_context, _a, _b, _c, _d, _e| Ok(FAILURE)
);

#[cfg(test)]
mod tests {
    use crate::syscalls::test_guest::{Guest, gates_with};

    #[test]
    fn returns_one_for_nothing() {
        let gates = gates_with(|gates| gates.enable_big_mod_exp_syscall = true);
        let outcome = Guest::calling("sol_big_mod_exp", [u64::MAX; 5], b"").gates(gates).run();
        assert_eq!((outcome.returned(), outcome.syscall_units()), (1, 0));
    }
}
