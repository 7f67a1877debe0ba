//! Ending a program: `abort` and `sol_panic_`.

use solana_sbpf::program::BuiltinProgram;

use super::{add, syscall};
use crate::{InvokeContext, SyscallError, VmError};

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<Abort>(loader, "abort");
    add::<Panic>(loader, "sol_panic_");
}

syscall!(
    /// Ends the program.
    Abort,
    |_context, _a, _b, _c, _d, _e| Err(SyscallError::Abort.into())
);

syscall!(
    /// Ends the program with the place where it panicked: (file, file length, line, column).
    Panic,
    |context, file, size_bytes, line, column, _e| panic_at(context, file, size_bytes, line, column)
);

fn panic_at(context: &mut InvokeContext, file: u64, size_bytes: u64, line: u64, column: u64) -> Result<u64, VmError> {
    context.consume(size_bytes)?;
    let slice = context.guest(file, size_bytes)?;
    let bytes = context.bytes(&slice);
    let name = match std::str::from_utf8(bytes) {
        Ok(name) => name.to_string(),
        Err(error) => return Err(SyscallError::InvalidString(error, bytes.to_vec()).into()),
    };
    Err(SyscallError::Panic(name, line, column).into())
}
