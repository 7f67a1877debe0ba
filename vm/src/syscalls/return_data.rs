//! Return data: what a program leaves for its caller, or for the transaction's result.

use heddle_types::limits::RETURN_DATA_BYTES_MAX;
use solana_sbpf::program::BuiltinProgram;

use super::{SUCCESS, add, syscall};
use crate::{GuestSlice, InvokeContext, SyscallError, VmError, budget::costs};

/// Bytes of the program's key that goes with the data.
const KEY_BYTES: u64 = 32;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<SetReturnData>(loader, "sol_set_return_data");
    add::<GetReturnData>(loader, "sol_get_return_data");
}

syscall!(
    /// Sets the return data: (data, length in bytes).
    SetReturnData,
    |context, data, size_bytes, _c, _d, _e| set(context, data, size_bytes)
);

syscall!(
    /// Copies the return data out: (result, its length in bytes, program result). Returns the length of all the data.
    GetReturnData,
    |context, result, size_bytes, program_result, _d, _e| get(context, result, size_bytes, program_result)
);

fn set(context: &mut InvokeContext, data: u64, size_bytes: u64) -> Result<u64, VmError> {
    context.consume(costs::SYSCALL_BASE.saturating_add(size_bytes / costs::CPI_BYTES_PER_UNIT))?;
    let limit = RETURN_DATA_BYTES_MAX as u64;
    if size_bytes > limit {
        return Err(SyscallError::ReturnDataTooLarge(size_bytes, limit).into());
    }
    let slice = context.guest(data, size_bytes)?;
    let program = *context.program_key()?;
    // The context cannot lend guest memory while it is changed: copy once into the vector that is kept.
    let mut kept = std::mem::take(&mut context.transaction.return_data);
    kept.clear();
    kept.extend_from_slice(context.bytes(&slice));
    context.transaction.return_program = program;
    context.transaction.return_data = kept;
    Ok(SUCCESS)
}

fn get(context: &mut InvokeContext, result: u64, size_bytes: u64, program_result: u64) -> Result<u64, VmError> {
    context.consume(costs::SYSCALL_BASE)?;
    let total_bytes = context.transaction.return_data.len() as u64;
    let size_bytes = size_bytes.min(total_bytes);
    if size_bytes == 0 {
        return Ok(total_bytes);
    }
    context.consume(size_bytes.saturating_add(KEY_BYTES) / costs::CPI_BYTES_PER_UNIT)?;
    let result = context.guest_mut(result, size_bytes)?;
    let program_result = context.guest_mut(program_result, KEY_BYTES)?;
    if result.overlaps(&program_result) {
        return Err(SyscallError::CopyOverlapping.into());
    }
    copy_out(context, &result, &program_result);
    Ok(total_bytes)
}

fn copy_out(context: &mut InvokeContext, result: &GuestSlice, program_result: &GuestSlice) {
    let data = std::mem::take(&mut context.transaction.return_data);
    context.bytes_mut(result).copy_from_slice(&data[..result.len()]);
    context.transaction.return_data = data;
    let program = context.transaction.return_program;
    context.bytes_mut(program_result).copy_from_slice(program.as_ref());
}
