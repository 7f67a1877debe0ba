//! System calls that read, write, fail, consume units, and tell what they were given.

use solana_sbpf::{
    error::ProgramResult,
    program::{BuiltinFunctionDefinition, BuiltinProgram},
};

use super::{Context, SystemCallError};

/// Names of all of them.
pub const NAMES: [&str; 6] = ["load", "write", "log", "spend", "drain", "fail"];

/// Longest range that `load` and `write` take.
const SIZE_BYTES_MAX: u64 = 40;
/// Most units that `spend` takes.
const UNITS_MAX: u64 = 30;

pub(super) fn register(loader: &mut BuiltinProgram<Context>) {
    let registered = [
        Load::register(loader, "load"),
        Write::register(loader, "write"),
        Log::register(loader, "log"),
        Spend::register(loader, "spend"),
        Drain::register(loader, "drain"),
        Fail::register(loader, "fail"),
    ];
    assert!(registered.iter().all(Result::is_ok), "names are distinct");
}

fn value_of(result: ProgramResult) -> Result<u64, SystemCallError> {
    match result {
        ProgramResult::Ok(value) => Ok(value),
        ProgramResult::Err(error) => Err(error.into()),
    }
}

/// Defines a system call by its function of the context and five arguments.
macro_rules! system_call {
    ($(#[$doc:meta])* $name:ident($context:ident, $arguments:ident) $body:block) => {
        $(#[$doc])*
        struct $name;

        impl BuiltinFunctionDefinition<Context> for $name {
            type Error = SystemCallError;

            fn rust($context: &mut Context, a: u64, b: u64, c: u64, d: u64, e: u64) -> Result<u64, SystemCallError> {
                let $arguments = [a, b, c, d, e];
                $body
            }
        }
    };
}

system_call! {
    /// Sums the bytes of a range (address, size).
    Load(context, arguments) {
        let [address, size_bytes, ..] = arguments;
        let mut sum = 0;
        for offset in 0..size_bytes % SIZE_BYTES_MAX {
            sum += value_of(context.mapping.load::<u8>(address.wrapping_add(offset)))?;
        }
        Ok(sum)
    }
}

system_call! {
    /// Fills a range (address, value, size).
    Write(context, arguments) {
        let [address, value, size_bytes, ..] = arguments;
        for offset in 0..size_bytes % SIZE_BYTES_MAX {
            let address = address.wrapping_add(offset);
            value_of(context.mapping.store(value as u8, address))?;
            context.host_writes.push(address);
        }
        Ok(size_bytes)
    }
}

system_call! {
    /// Notes its arguments.
    Log(context, arguments) {
        context.log.push(arguments);
        Ok(arguments[0].rotate_left(7) ^ arguments[4])
    }
}

system_call! {
    /// Consumes units; fails if they do not suffice.
    Spend(context, arguments) {
        let units = arguments[0] % UNITS_MAX;
        context.log.push([context.remaining; 5]);
        let is_enough = units <= context.remaining;
        context.remaining = context.remaining.saturating_sub(units);
        if is_enough { Ok(context.remaining) } else { Err("too few units".into()) }
    }
}

system_call! {
    /// Consumes all units, and succeeds.
    Drain(context, arguments) {
        context.remaining = 0;
        Ok(arguments[1])
    }
}

system_call! {
    /// Fails.
    Fail(context, arguments) {
        context.remaining = context.remaining.saturating_sub(1);
        Err(format!("failed as asked: {}", arguments[0]).into())
    }
}
