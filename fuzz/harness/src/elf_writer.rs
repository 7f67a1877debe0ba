//! Writes programs as the ELF files that loaders take: sections, dynamic symbols and relocations for sBPF v0 to v2, program
//! headers alone for v3. It checks nothing: what it is given may be no valid program.

use heddle_vm::solana_sbpf::ebpf::{INSN_SIZE, MM_BYTECODE_START, hash_symbol_name};

/// One encoded instruction, or half of a wide one.
pub(crate) type Word = [u8; INSN_SIZE];

const FILE_HEADER_BYTES: usize = 64;
const PROGRAM_HEADER_BYTES: usize = 56;
const SECTION_HEADER_BYTES: usize = 64;
const MACHINE_BPF: u16 = 247;
const TYPE_DYNAMIC: u16 = 3;
/// Relocation of a call by name.
const RELOCATION_CALL: u64 = 10;
/// Tags of the dynamic section: symbols; relocations' address, size, size of one.
const DYNAMIC_TAGS: [u64; 4] = [6, 17, 18, 19];
/// Names of the sections after the null one, as the string table holds them.
const SECTION_NAMES: [&str; 7] = [".text", ".rodata", ".dynsym", ".dynstr", ".rel.dyn", ".dynamic", ".shstrtab"];
/// Their types: bits of the program, symbols, strings, relocations, dynamic tags.
const SECTION_TYPES: [u32; 7] = [1, 1, 11, 3, 9, 6, 3];

/// A program and what its file needs besides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    /// sBPF version, 0 to 3.
    pub(crate) version: u8,
    pub(crate) text: Vec<Word>,
    /// Calls by name: (instruction index, name).
    pub(crate) syscalls: Vec<(usize, Vec<u8>)>,
    pub(crate) rodata: Vec<u8>,
    /// Instruction index where it starts.
    pub(crate) entry: usize,
}

impl Program {
    pub(crate) fn to_elf(&self) -> Vec<u8> {
        if self.version < 3 { self.to_linked_elf() } else { self.to_strict_elf() }
    }

    fn file_header(&self, entry: u64, program_headers: u16, sections: (u64, u16)) -> Vec<u8> {
        let mut header = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header.extend(TYPE_DYNAMIC.to_le_bytes());
        header.extend(MACHINE_BPF.to_le_bytes());
        header.extend(1u32.to_le_bytes());
        header.extend(entry.to_le_bytes());
        header.extend((FILE_HEADER_BYTES as u64).to_le_bytes());
        header.extend(sections.0.to_le_bytes());
        header.extend(u32::from(self.version).to_le_bytes());
        let names_index = sections.1.saturating_sub(1);
        let sizes = [FILE_HEADER_BYTES, PROGRAM_HEADER_BYTES].map(|size| size as u16);
        for half in [sizes[0], sizes[1], program_headers, SECTION_HEADER_BYTES as u16, sections.1, names_index] {
            header.extend(half.to_le_bytes());
        }
        header
    }

    /// v3: syscalls by hash, no relocations, fixed addresses.
    fn to_strict_elf(&self) -> Vec<u8> {
        let mut text = self.text.clone();
        for (index, name) in &self.syscalls {
            text[*index][4..].copy_from_slice(&hash_symbol_name(name).to_le_bytes());
        }
        let mut rodata = self.rodata.clone();
        rodata.resize(rodata.len().next_multiple_of(INSN_SIZE), 0);
        let text = text.concat();
        let parts = [(4u32, 0, &rodata), (1, MM_BYTECODE_START, &text)];
        let mut file = self.file_header(MM_BYTECODE_START + (self.entry * INSN_SIZE) as u64, 2, (0, 0));
        let mut offset = (FILE_HEADER_BYTES + 2 * PROGRAM_HEADER_BYTES) as u64;
        for (flags, address, bytes) in parts {
            let size_bytes = bytes.len() as u64;
            file.extend(1u32.to_le_bytes());
            file.extend(flags.to_le_bytes());
            for word in [offset, address, address, size_bytes, size_bytes, 8] {
                file.extend(word.to_le_bytes());
            }
            offset += size_bytes;
        }
        [file, rodata, text].concat()
    }

    /// v0 to v2: every call by name has a dynamic symbol and a relocation.
    fn to_linked_elf(&self) -> Vec<u8> {
        let text_offset = FILE_HEADER_BYTES as u64;
        let mut symbols = vec![0; 24];
        let mut names = vec![0];
        let mut relocations = Vec::new();
        let mut text = self.text.clone();
        for (symbol, (index, name)) in (1u64..).zip(&self.syscalls) {
            text[*index][4..].copy_from_slice(&(-1i32).to_le_bytes());
            symbols.extend((names.len() as u32).to_le_bytes());
            // A global symbol without a type, defined elsewhere.
            symbols.extend([0x10, 0]);
            symbols.extend([0; 18]);
            names.extend(name);
            names.push(0);
            relocations.extend((text_offset + (index * INSN_SIZE) as u64).to_le_bytes());
            relocations.extend((symbol << 32 | RELOCATION_CALL).to_le_bytes());
        }
        let section_names = SECTION_NAMES.iter().fold(vec![0], |mut names, name| {
            names.extend(name.bytes().chain([0]));
            names
        });
        let (relocation_bytes, names_of_sections) = (relocations.len() as u64, section_names);
        // Never empty: the loader finds the symbols by their address, which must be theirs alone.
        let mut rodata = self.rodata.clone();
        rodata.resize(rodata.len().max(INSN_SIZE), 0);
        let mut contents = [text.concat(), rodata, symbols, names, relocations, Vec::new(), names_of_sections];
        contents[5] = vec![0; 16 * if relocation_bytes == 0 { 1 } else { DYNAMIC_TAGS.len() + 1 }];
        let mut offsets = [0u64; 7];
        let mut end = text_offset;
        for (offset, content) in offsets.iter_mut().zip(&contents) {
            *offset = end.next_multiple_of(8);
            end = *offset + content.len() as u64;
        }
        if relocation_bytes > 0 {
            let values = [offsets[2], offsets[4], relocation_bytes, 16];
            let dynamic = DYNAMIC_TAGS.iter().zip(values).flat_map(|(tag, value)| [*tag, value]);
            let dynamic: Vec<u8> = dynamic.chain([0, 0]).flat_map(u64::to_le_bytes).collect();
            contents[5] = dynamic;
        }
        let table = end.next_multiple_of(8);
        let mut file = self.file_header(text_offset + (self.entry * INSN_SIZE) as u64, 0, (table, 8));
        for (offset, content) in offsets.iter().zip(&contents) {
            file.resize(*offset as usize, 0);
            file.extend(content);
        }
        file.resize(table as usize + SECTION_HEADER_BYTES, 0);
        let mut name_at = 1u32;
        for (index, name) in SECTION_NAMES.iter().enumerate() {
            file.extend(name_at.to_le_bytes());
            name_at += name.len() as u32 + 1;
            file.extend(SECTION_TYPES[index].to_le_bytes());
            let size_bytes = contents[index].len() as u64;
            for word in [2, offsets[index], offsets[index], size_bytes, 0, 8, 0] {
                file.extend(word.to_le_bytes());
            }
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use crate::{guest::Assembler, machine};

    #[test]
    fn programs_of_every_version_load_with_and_without_syscalls() {
        for version in 0..=3 {
            for call in [false, true] {
                let mut assembler = Assembler::new(version);
                if call {
                    assembler.syscall(b"sol_log_64_");
                }
                assembler.exit();
                assert!(machine::load(&assembler.finish().to_elf()).is_some(), "v{version}, syscall {call}");
            }
        }
    }
}
