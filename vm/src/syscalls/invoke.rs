//! Cross-program invocation: `sol_invoke_signed_c` and `sol_invoke_signed_rust`.

use solana_sbpf::program::BuiltinProgram;

use super::{add, syscall};
use crate::{
    InvokeContext,
    cpi::{self, Abi},
};

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<InvokeC>(loader, "sol_invoke_signed_c");
    add::<InvokeRust>(loader, "sol_invoke_signed_rust");
}

syscall!(
    /// (instruction, account infos, count, signers seeds, count), C layout.
    InvokeC,
    |context, instruction, infos, info_count, signers, signer_count| {
        cpi::invoke(context, Abi::C, instruction, (infos, info_count), (signers, signer_count))
    }
);

syscall!(
    /// (instruction, account infos, count, signers seeds, count), Rust layout.
    InvokeRust,
    |context, instruction, infos, info_count, signers, signer_count| {
        cpi::invoke(context, Abi::Rust, instruction, (infos, info_count), (signers, signer_count))
    }
);
