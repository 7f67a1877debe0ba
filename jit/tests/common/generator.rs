//! Makes up programs that mostly verify and mostly get somewhere.

use proptest::{collection::vec, option, prelude::*, sample::select};
use solana_sbpf::{
    ebpf::{self, FRAME_PTR_REG, MM_BYTECODE_START, MM_REGION_SIZE, MM_STACK_START},
    program::SBPFVersion,
};

use crate::common::{
    ENTRYPOINT, FRAME_BYTES, Layout,
    instructions::{ALU_OPERATIONS, CONDITIONS, EDGES, SIZES, encode},
    key_of,
    memory::Input,
    system_calls::NAMES,
};

/// Keys of functions of versions whose calls go by key: `FUNCTION_KEY + index`.
const FUNCTION_KEY: u32 = 1_000;

/// A step of a made-up program: a few instructions.
#[derive(Clone, Debug)]
pub enum Step {
    Arithmetic {
        is_wide: bool,
        operation: u8,
        is_register: bool,
        dst: u8,
        src: u8,
        immediate: i32,
    },
    Swap {
        is_big_endian: bool,
        dst: u8,
        bits: i32,
    },
    Constant {
        dst: u8,
        value: u64,
    },
    /// Access relative to a register that may hold anything, or is the frame pointer.
    Access {
        access: Access,
        base: u8,
        offset: i16,
    },
    /// Access of an address, part of which is in the instruction's offset.
    AccessAt {
        access: Access,
        base: u8,
        address: u64,
        offset: i16,
    },
    Jump {
        condition: u8,
        is_narrow: bool,
        is_register: bool,
        dst: u8,
        src: u8,
        immediate: i32,
        target: u16,
    },
    JumpAlways {
        target: u16,
    },
    Call {
        target: u16,
        src: u8,
    },
    /// Calls the instruction `target` (beyond the text, if it is none) plus some bytes.
    CallRegister {
        register: u8,
        target: u16,
        bytes: u64,
    },
    /// Calls whatever the register holds.
    CallAnything {
        register: u8,
    },
    SystemCall {
        name: &'static str,
        arguments: [Option<u64>; 5],
    },
    UnknownCall {
        src: u8,
        immediate: i32,
    },
    BumpStack {
        lines: i8,
    },
    Exit,
}

/// A load (into a register), a store of a register or a store of a number.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    kind: u8,
    size: u8,
    register: u8,
    immediate: i32,
}

/// A program to be, and what it runs in.
#[derive(Clone, Debug)]
pub struct Sketch {
    pub layout: Layout,
    pub steps: Vec<Step>,
    pub registers: [u64; 11],
    /// Where the program begins, and one function beyond its text.
    entry: Option<u16>,
    has_epilogue: bool,
}

/// Instructions, and the functions that calls find by a key.
pub struct Text {
    pub bytes: Vec<u8>,
    pub functions: Vec<(u32, usize)>,
}

fn value() -> impl Strategy<Value = u64> {
    prop_oneof![3 => select(EDGES.to_vec()), 1 => any::<u64>(), 1 => any::<i8>().prop_map(|value| value as u64)]
}

fn immediate() -> impl Strategy<Value = i32> {
    prop_oneof![
        3 => select(vec![0, 1, -1, 31, 32, 63, 64, i32::MIN, i32::MAX, 0x80, 0xffff]),
        1 => any::<i32>(),
        1 => any::<i8>().prop_map(i32::from)
    ]
}

/// Offsets into a region at which something ends or begins, each a little missed.
fn place_in_region(size_bytes: u64) -> impl Strategy<Value = u64> {
    let frame = FRAME_BYTES as u64;
    let anchors = vec![
        0,
        0,
        256,
        512,
        600,
        size_bytes / 3,
        size_bytes / 3 * 2,
        size_bytes,
        size_bytes,
        size_bytes,
        frame,
        2 * frame,
        3 * frame,
        4 * frame,
        5 * frame,
        6 * frame,
        8 * frame,
        9 * frame,
        16 * frame,
    ];
    prop_oneof![
        3 => (select(anchors), -9i64..10).prop_map(|(anchor, miss)| anchor.wrapping_add_signed(miss)),
        12 => 0..size_bytes.saturating_sub(8).max(1),
    ]
}

/// Guest addresses: mostly of something, often at an edge.
fn address(layout: &Layout) -> impl Strategy<Value = u64> + use<> {
    let stack_bytes = layout.stack_bytes as u64;
    let in_region =
        |region: u64, size_bytes: u64| place_in_region(size_bytes).prop_map(move |at| (region << 32).wrapping_add(at));
    prop_oneof![
        12 => in_region(4, layout.input_bytes as u64),
        12 => in_region(3, layout.heap_bytes as u64),
        12 => in_region(2, stack_bytes),
        1 => in_region(2, 2 * stack_bytes),
        1 => in_region(1, 80),
        1 => in_region(0, 80),
        1 => in_region(5, 80),
        1 => (0u64..7, -9i64..10).prop_map(|(region, miss)| (region << 32).wrapping_add_signed(miss)),
    ]
}

fn access() -> impl Strategy<Value = Access> {
    (0..3u8, select(SIZES.to_vec()), 0..10u8, immediate()).prop_map(|(kind, size, register, immediate)| Access {
        kind,
        size,
        register,
        immediate,
    })
}

fn step(layout: &Layout) -> impl Strategy<Value = Step> + use<> {
    let version = layout.version;
    let arithmetic = (any::<bool>(), select(ALU_OPERATIONS.to_vec()), any::<bool>(), 0..10u8, 0..11u8, immediate())
        .prop_map(|(is_wide, operation, is_register, dst, src, immediate)| Step::Arithmetic {
            is_wide,
            operation,
            is_register,
            dst,
            src,
            immediate,
        });
    let jump = (select(CONDITIONS.to_vec()), any::<bool>(), any::<bool>(), 0..10u8, 0..11u8, immediate(), any::<u16>())
        .prop_map(move |(condition, is_narrow, is_register, dst, src, immediate, target)| Step::Jump {
            condition,
            is_narrow: is_narrow && version.enable_jmp32(),
            is_register,
            dst,
            src,
            immediate,
            target,
        });
    let slot_offset = prop_oneof![
        8 => -4096..-7i16,
        2 => -4100..=-4088i16,
        2 => -12..=8i16,
        1 => any::<i16>(),
    ];
    let argument = option::weighted(0.7, prop_oneof![2 => address(layout), 1 => value(), 1 => 0..40u64]);
    prop_oneof![
        30 => arithmetic,
        4 => (any::<bool>(), 0..10u8, select(vec![16, 32, 64]))
            .prop_map(|(is_big_endian, dst, bits)| Step::Swap { is_big_endian, dst, bits }),
        8 => (0..10u8, value()).prop_map(|(dst, value)| Step::Constant { dst, value }),
        6 => (0..10u8, address(layout)).prop_map(|(dst, value)| Step::Constant { dst, value }),
        // A divisor, of 32 or of 64 bits.
        2 => (0..10u8, select(vec![0, 1 << 32])).prop_map(|(dst, value)| Step::Constant { dst, value }),
        3 => (any::<bool>(), select(vec![ebpf::BPF_DIV, ebpf::BPF_MOD]), 0..10u8, 0..11u8).prop_map(
            |(is_wide, operation, dst, src)| Step::Arithmetic {
                is_wide, operation, is_register: true, dst, src, immediate: 0
            }
        ),
        14 => (access(), slot_offset)
            .prop_map(|(access, offset)| Step::Access { access, base: FRAME_PTR_REG as u8, offset }),
        3 => (access(), 0..11u8, prop_oneof![3 => -16..16i16, 1 => any::<i16>()])
            .prop_map(|(access, base, offset)| Step::Access { access, base, offset }),
        20 => (access(), 0..10u8, address(layout), prop_oneof![2 => Just(0), 1 => -16..16i16, 1 => any::<i16>()])
            .prop_map(|(access, base, address, offset)| Step::AccessAt { access, base, address, offset }),
        12 => jump,
        2 => any::<u16>().prop_map(|target| Step::JumpAlways { target }),
        8 => (any::<u16>(), prop_oneof![30 => Just(1u8), 1 => 2..11u8])
            .prop_map(|(target, src)| Step::Call { target, src }),
        5 => (0..10u8, any::<u16>(), prop_oneof![6 => Just(0u64), 1 => 0..9u64])
            .prop_map(|(register, target, bytes)| Step::CallRegister { register, target, bytes }),
        1 => (0..10u8).prop_map(|register| Step::CallAnything { register }),
        8 => (select(vec!["load", "write", "log", "spend", "load", "write", "log", "spend", "drain", "fail"]),
                [argument.clone(), argument.clone(), argument.clone(), argument.clone(), argument])
            .prop_map(|(name, arguments)| Step::SystemCall { name, arguments }),
        1 => (0..11u8, immediate()).prop_map(|(src, immediate)| Step::UnknownCall { src, immediate }),
        4 => any::<i8>().prop_map(move |lines| match version.manual_stack_frame_bump() {
            true => Step::BumpStack { lines },
            false => Step::Constant { dst: 0, value: lines as u64 },
        }),
        4 => Just(Step::Exit),
    ]
}

fn layout(version: SBPFVersion) -> impl Strategy<Value = Layout> {
    let input = prop_oneof![6 => Just(Input::Whole), 1 => Just(Input::ReadOnly), 2 => Just(Input::Split)];
    let depth = prop_oneof![8 => 2..6usize, 1 => Just(64)];
    let bytes = || prop_oneof![6 => 600..1_600usize, 1 => 0..20usize];
    (depth, bytes(), bytes(), input, any::<bool>()).prop_map(
        move |(call_depth_max, heap_bytes, input_bytes, input, is_aligned)| {
            let is_split = input == Input::Split && version < SBPFVersion::V4 && input_bytes >= 3;
            Layout {
                version,
                call_depth_max,
                stack_bytes: call_depth_max * FRAME_BYTES,
                heap_bytes,
                input_bytes,
                input: if input == Input::Split && !is_split { Input::Whole } else { input },
                is_aligned: is_aligned && !is_split || version >= SBPFVersion::V4,
            }
        },
    )
}

/// Programs of `version` with initial registers.
pub fn sketch(version: SBPFVersion) -> impl Strategy<Value = Sketch> {
    let with_layout = |layout: Layout| {
        let registers = prop::array::uniform10(prop_oneof![1 => value(), 2 => address(&layout)]);
        let stack_bytes = layout.stack_bytes as u64;
        let frame_pointer = prop_oneof![
            2 => (0..=2 * stack_bytes / FRAME_BYTES as u64).prop_map(|frames| MM_STACK_START + frames * FRAME_BYTES as u64),
            2 => (0..=2 * stack_bytes).prop_map(|offset| MM_STACK_START + offset),
            1 => value(),
            1 => address(&layout),
        ];
        let entry = option::weighted(0.2, any::<u16>());
        let steps = vec(step(&layout), 1..40);
        (steps, registers, frame_pointer, entry, prop::bool::weighted(0.8)).prop_map(
            move |(steps, low_registers, frame_pointer, entry, has_epilogue)| {
                let mut registers = [0; 11];
                registers[..10].copy_from_slice(&low_registers);
                registers[FRAME_PTR_REG] = frame_pointer;
                Sketch { layout: layout.clone(), steps, registers, entry, has_epilogue }
            },
        )
    };
    layout(version).prop_flat_map(with_layout)
}

/// What an instruction wants to have as its target, once it is known what there is.
enum Aim {
    Jump,
    Call,
    /// The constant of a wide instruction, plus some bytes.
    Address(u64),
}

struct Writer<'a> {
    layout: &'a Layout,
    words: Vec<[u8; 8]>,
    aims: Vec<(usize, u16, Aim)>,
}

impl Sketch {
    /// The program's instructions.
    pub fn text(&self) -> Text {
        let mut writer = Writer { layout: &self.layout, words: Vec::new(), aims: Vec::new() };
        for step in &self.steps {
            writer.write_step(step);
        }
        if self.has_epilogue {
            writer.write_epilogue();
        }
        writer.finish(self.entry)
    }
}

impl Writer<'_> {
    fn put(&mut self, opcode: u8, dst: u8, src: u8, offset: i16, immediate: i32) {
        self.words.push(encode(opcode, dst, src, offset, immediate));
    }

    fn aim(&mut self, choice: u16, aim: Aim) {
        self.aims.push((self.words.len(), choice, aim));
    }

    fn put_constant(&mut self, dst: u8, value: u64) {
        self.put(ebpf::LD_DW_IMM, dst, 0, 0, value as i32);
        self.put(0, 0, 0, 0, (value >> 32) as i32);
    }

    fn put_access(&mut self, access: Access, base: u8, offset: i16) {
        let Access { kind, size, register, immediate } = access;
        let mode = ebpf::BPF_MEM | size;
        match kind {
            0 => self.put(ebpf::BPF_LDX | mode, register, base, offset, 0),
            1 => self.put(ebpf::BPF_STX | mode, base, register, offset, 0),
            _ => self.put(ebpf::BPF_ST | mode, base, 0, offset, immediate),
        }
    }

    fn write_step(&mut self, step: &Step) {
        match *step {
            Step::Arithmetic { is_wide, operation, is_register, dst, src, immediate } => {
                self.write_arithmetic(is_wide, operation, is_register, [dst, src], immediate);
            }
            Step::Swap { is_big_endian, dst, bits } => {
                self.put(if is_big_endian { ebpf::BE } else { ebpf::LE }, dst, 0, 0, bits);
            }
            Step::Constant { dst, value } => self.put_constant(dst, value),
            Step::Access { access, base, offset } => self.put_access(access, base, offset),
            Step::AccessAt { access, base, address, offset } => {
                self.put_constant(base, address.wrapping_sub(offset as u64));
                self.put_access(access, base, offset);
            }
            Step::Jump { condition, is_narrow, is_register, dst, src, immediate, target } => {
                self.aim(target, Aim::Jump);
                let class = if is_narrow { ebpf::BPF_JMP32 } else { ebpf::BPF_JMP64 };
                let source = if is_register { ebpf::BPF_X } else { ebpf::BPF_K };
                self.put(class | source | condition, dst, src, 0, immediate);
            }
            Step::JumpAlways { target } => {
                self.aim(target, Aim::Jump);
                self.put(ebpf::JA, 0, 0, 0, 0);
            }
            Step::Call { target, src } => {
                self.aim(target, Aim::Call);
                self.put(ebpf::CALL_IMM, 0, src, 0, 0);
            }
            Step::CallRegister { register, target, bytes } => {
                self.aim(target, Aim::Address(bytes));
                self.put_constant(register, 0);
                self.put(ebpf::CALL_REG, register, 0, 0, register.into());
            }
            Step::CallAnything { register } => self.put(ebpf::CALL_REG, register, 0, 0, register.into()),
            Step::SystemCall { name, arguments } => {
                for (register, argument) in (1..).zip(arguments) {
                    if let Some(argument) = argument {
                        self.put_constant(register, argument);
                    }
                }
                assert!(NAMES.contains(&name), "{name} is no system call");
                self.put(ebpf::CALL_IMM, 0, 0, 0, key_of(name) as i32);
            }
            Step::UnknownCall { src, immediate } => self.put(ebpf::CALL_IMM, 0, src, 0, immediate),
            Step::BumpStack { lines } => {
                self.put(ebpf::ADD64_IMM, FRAME_PTR_REG as u8, 0, 0, i32::from(lines) * 64);
            }
            Step::Exit => self.put(ebpf::EXIT, 0, 0, 0, 0),
        }
    }

    fn write_arithmetic(
        &mut self,
        is_wide: bool,
        operation: u8,
        is_register: bool,
        [dst, src]: [u8; 2],
        immediate: i32,
    ) {
        let is_shift = matches!(operation, ebpf::BPF_LSH | ebpf::BPF_RSH | ebpf::BPF_ARSH);
        let is_division = matches!(operation, ebpf::BPF_DIV | ebpf::BPF_MOD);
        let immediate = match immediate {
            // What the verifier wants.
            immediate if is_shift => immediate & if is_wide { 63 } else { 31 },
            0 if is_division => 3,
            immediate => immediate,
        };
        let class = if is_wide { ebpf::BPF_ALU64_STORE } else { ebpf::BPF_ALU32_LOAD };
        let source = if is_register && operation != ebpf::BPF_NEG { ebpf::BPF_X } else { ebpf::BPF_K };
        self.put(class | source | operation, dst, src, 0, immediate);
    }

    /// Makes the result tell of all registers.
    fn write_epilogue(&mut self) {
        for register in 1..10 {
            self.put(ebpf::MUL64_IMM, 0, 0, 0, 31);
            self.put(ebpf::ADD64_REG, 0, register, 0, 0);
        }
        self.put(ebpf::EXIT, 0, 0, 0, 0);
    }

    fn finish(mut self, entry: Option<u16>) -> Text {
        let count = self.words.len();
        let mut functions = Vec::new();
        for (at, choice, aim) in std::mem::take(&mut self.aims) {
            // A few go to the end or beyond.
            let target = usize::from(choice) % (count + 3);
            match aim {
                Aim::Jump => {
                    let mut target = target.min(count - 1);
                    // Not into a wide instruction, which the verifier refuses.
                    target -= usize::from(self.words[target][0] == 0);
                    let distance = target as i64 - at as i64 - 1;
                    self.words[at][2..4].copy_from_slice(&(distance as i16).to_le_bytes());
                }
                Aim::Call if self.layout.version.static_syscalls() => {
                    let distance = target as i64 - at as i64 - 1;
                    self.words[at][4..].copy_from_slice(&(distance as i32).to_le_bytes());
                }
                Aim::Call => {
                    let key = FUNCTION_KEY + target as u32;
                    functions.push((key, target));
                    self.words[at][4..].copy_from_slice(&key.to_le_bytes());
                }
                Aim::Address(bytes) => {
                    let address = MM_BYTECODE_START + 8 * target as u64 + bytes;
                    self.words[at][4..].copy_from_slice(&(address as u32).to_le_bytes());
                    let upper = (address / MM_REGION_SIZE) as u32;
                    self.words[at + 1][4..].copy_from_slice(&upper.to_le_bytes());
                }
            }
        }
        let mut text = Text { bytes: self.words.concat(), functions };
        if let Some(entry) = entry {
            text.functions.push((key_of(ENTRYPOINT), usize::from(entry) % (count + 1)));
        }
        text
    }
}
