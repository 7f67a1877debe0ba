//! Small sBPF programs from text, for tests and examples: no compiler, no linker.

use std::sync::Arc;

use solana_sbpf::{ebpf::MM_BYTECODE_START, program::BuiltinProgram};

use crate::InvokeContext;

/// An ELF of sBPF v3 whose program is `source`, in the syntax of `solana-sbpf`'s assembler (`mov64 r0, 1`,
/// `syscall sol_log_`, `exit`). It has no read-only data.
///
/// # Errors
/// What the assembler says of `source`.
pub fn assemble(source: &str) -> Result<Vec<u8>, String> {
    const FILE_HEADER_BYTES: u16 = 64;
    const PROGRAM_HEADER_BYTES: u16 = 56;
    const SHARED_OBJECT: u16 = 3;
    const BPF: u16 = 247;
    const SBPF_V3: u32 = 3;
    const LOADED: u32 = 1;
    const EXECUTABLE: u32 = 1;

    let loader = Arc::new(BuiltinProgram::new_mock());
    let executable = solana_sbpf::assembler::assemble::<InvokeContext>(source, loader)?;
    let text = executable.get_text_bytes().1;
    let text_bytes = text.len() as u64;
    let text_offset = u64::from(FILE_HEADER_BYTES + PROGRAM_HEADER_BYTES);
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(16, 0);
    elf.extend([SHARED_OBJECT, BPF].map(u16::to_le_bytes).concat());
    elf.extend(1u32.to_le_bytes());
    elf.extend([MM_BYTECODE_START, FILE_HEADER_BYTES.into(), 0].map(u64::to_le_bytes).concat());
    elf.extend(SBPF_V3.to_le_bytes());
    elf.extend([FILE_HEADER_BYTES, PROGRAM_HEADER_BYTES, 1, 64, 0, 0].map(u16::to_le_bytes).concat());
    elf.extend([LOADED, EXECUTABLE].map(u32::to_le_bytes).concat());
    let segment = [text_offset, MM_BYTECODE_START, MM_BYTECODE_START, text_bytes, text_bytes, 8];
    elf.extend(segment.map(u64::to_le_bytes).concat());
    elf.extend_from_slice(text);
    Ok(elf)
}

#[cfg(test)]
mod tests {
    use heddle_types::Gates;

    use super::*;
    use crate::{ProgramEntry, Runtime};

    #[test]
    fn what_it_writes_can_be_loaded() {
        let runtime = Runtime::builder(Gates::mainnet()).build();
        let elf = assemble("mov64 r0, 7\nsyscall sol_log_compute_units_\nexit").expect("valid text");
        assert!(matches!(ProgramEntry::load(&elf, &runtime), ProgramEntry::Executable(_)));
        let elf = assemble("mov64 r10, 7\nexit").expect("valid text");
        assert!(matches!(ProgramEntry::load(&elf, &runtime), ProgramEntry::Invalid), "the frame pointer is written");
        assert!(assemble("walk the dog").is_err());
    }
}
