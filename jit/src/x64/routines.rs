//! Code that every program has once: entering, leaving, and what blocks share.

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, dynasm, x64::Assembler};
use solana_sbpf::{ebpf::FRAME_PTR_REG, vm::ContextObject};

use super::{
    compiler::{Compiler, REGISTERS, field},
    host,
    memory::limits_of,
    state::{HEAP, SIZE_CLASS_COUNT, STACK, fault},
};

use crate::{WRITTEN_BY_PROGRAM, WRITTEN_CHUNK_SHIFT};

/// Faults that have a way out of their own.
const FAULT_COUNT: usize = fault::INTERPRETED as usize + 1;

/// Where the routines are.
pub(crate) struct Routines {
    /// By size class: r9 is a guest address, r10 its upper half; leaves the host address in r9.
    pub(crate) loads: [DynamicLabel; SIZE_CLASS_COUNT],
    /// As `loads`, for stores.
    pub(crate) stores: [DynamicLabel; SIZE_CLASS_COUNT],
    /// Calls the system call at r9.
    pub(crate) call_system: DynamicLabel,
    /// Counts a call and moves the frame pointer on.
    pub(crate) open_frame: DynamicLabel,
    /// Goes on at the state's call target.
    pub(crate) call_register: DynamicLabel,
    /// Hands the rest of the run to the interpreter.
    pub(crate) interpret: DynamicLabel,
    /// By fault: leaves with it.
    pub(crate) faults: [DynamicLabel; FAULT_COUNT],
    /// Leaves with the fault that is in the state.
    leave: DynamicLabel,
    /// Leaves with the result in rax.
    finish: DynamicLabel,
}

impl Routines {
    pub(crate) fn new(ops: &mut Assembler) -> Self {
        Self {
            loads: std::array::from_fn(|_| ops.new_dynamic_label()),
            stores: std::array::from_fn(|_| ops.new_dynamic_label()),
            call_system: ops.new_dynamic_label(),
            open_frame: ops.new_dynamic_label(),
            call_register: ops.new_dynamic_label(),
            interpret: ops.new_dynamic_label(),
            faults: std::array::from_fn(|_| ops.new_dynamic_label()),
            leave: ops.new_dynamic_label(),
            finish: ops.new_dynamic_label(),
        }
    }
}

/// Emits all of them but the entry.
pub(crate) fn emit<C: ContextObject>(compiler: &mut Compiler<'_, C>) {
    for class in 0..SIZE_CLASS_COUNT {
        compiler.emit_load_routine(class);
        compiler.emit_store_routine(class);
    }
    compiler.emit_call_system();
    compiler.emit_open_frame_routine();
    compiler.emit_call_register_routine();
    compiler.emit_interpret();
    compiler.emit_ways_out();
}

/// Offset of guest register `index` in the state.
fn register(index: usize) -> i32 {
    field!(registers) + 8 * index as i32
}

/// Host registers that a call of the host may change and the guest's state lives in.
const VOLATILE: [u8; 7] = [0, 7, 6, 2, 1, 8, 11];

impl<C: ContextObject> Compiler<'_, C> {
    /// Emits the function that the host calls: `fn(state)`.
    pub(crate) fn emit_entry(&mut self, entry: usize) {
        let (entry, finish) = (self.block(entry), self.routines.finish);
        dynasm!(self.ops
            ; .arch x64
            ; push rbx
            ; push rbp
            ; push r12
            ; push r13
            ; push r14
            ; push r15
            ; sub rsp, 8
            ; mov rbp, rdi
            ; mov [rbp + field!(host_stack)], rsp
        );
        self.emit_registers_from_state(0..=FRAME_PTR_REG);
        dynasm!(self.ops
            ; .arch x64
            ; mov r11, [rbp + field!(remaining)]
            ; call =>entry
            ; jmp =>finish
        );
    }

    fn emit_registers_from_state(&mut self, registers: std::ops::RangeInclusive<usize>) {
        for index in registers {
            dynasm!(self.ops ; .arch x64 ; mov Rq(REGISTERS[index]), [rbp + register(index)]);
        }
    }

    fn emit_registers_to_state(&mut self, registers: std::ops::RangeInclusive<usize>) {
        for index in registers {
            dynasm!(self.ops ; .arch x64 ; mov [rbp + register(index)], Rq(REGISTERS[index]));
        }
    }

    /// Asks the host for the address in the state; leaves if it is refused.
    fn emit_ask_host(&mut self, class: usize, translate: usize) {
        for (position, register) in VOLATILE.into_iter().enumerate() {
            dynasm!(self.ops ; .arch x64 ; mov [rbp + field!(saved) + 8 * position as i32], Rq(register));
        }
        dynasm!(self.ops
            ; .arch x64
            ; mov rdi, rbp
            ; mov esi, 1 << class
            ; mov rax, QWORD translate as i64
            ; call rax
            ; mov r9, rax
        );
        for (position, register) in VOLATILE.into_iter().enumerate() {
            dynasm!(self.ops ; .arch x64 ; mov Rq(register), [rbp + field!(saved) + 8 * position as i32]);
        }
        let leave = self.routines.leave;
        dynasm!(self.ops
            ; .arch x64
            ; test r9, r9
            ; jz =>leave
            ; ret
        );
    }

    /// Translates the stack address in r9, if there are gaps between the frames and it is in none.
    fn emit_stack_with_gaps(&mut self, class: usize, otherwise: DynamicLabel) {
        let limit = self.stack_limit(class);
        dynasm!(self.ops
            ; .arch x64
            ; test r9d, 0x1000
            ; jnz =>otherwise
            ; mov r10d, r9d
            ; shr r10d, 1
            ; and r10d, 0x7fff_f000
            ; and r9d, 0xfff
            ; add r10, r9
            ; cmp r10, [rbp + limit]
            ; jae =>otherwise
            ; mov r9, [rbp + field!(stack_host)]
            ; add r9, r10
            ; ret
        );
    }

    /// Offset of the limit that the used part of the stack sets.
    fn stack_limit(&self, class: usize) -> i32 {
        if self.has_stack_gaps() {
            field!(stack_limits) + 8 * class as i32
        } else {
            limits_of(class) + 8 * STACK as i32
        }
    }

    fn emit_load_routine(&mut self, class: usize) {
        let (label, ask) = (self.routines.loads[class], self.ops.new_dynamic_label());
        dynasm!(self.ops ; .arch x64 ; =>label ; mov [rbp + field!(address)], r9);
        if self.has_stack_gaps() {
            dynasm!(self.ops ; .arch x64 ; cmp r10d, STACK as i32 ; jne =>ask);
            self.emit_stack_with_gaps(class, ask);
        }
        dynasm!(self.ops ; .arch x64 ; =>ask);
        self.emit_ask_host(class, host::translate_load as *const () as usize);
    }

    fn emit_store_routine(&mut self, class: usize) {
        let (label, ask, stack) =
            (self.routines.stores[class], self.ops.new_dynamic_label(), self.ops.new_dynamic_label());
        dynasm!(self.ops ; .arch x64 ; =>label ; mov [rbp + field!(address)], r9);
        dynasm!(self.ops ; .arch x64 ; cmp r10d, STACK as i32 ; je =>stack);
        let heap = 8 * HEAP as i32;
        dynasm!(self.ops
            ; .arch x64
            ; cmp r10d, HEAP as i32
            ; jne =>ask
            ; cmp r9, [rbp + limits_of(class) + heap]
            ; jae =>ask
            ; mov r10d, r9d
            ; add r9, [rbp + field!(adjust) + heap]
            ; shr r10d, WRITTEN_CHUNK_SHIFT as i8
            ; add r10, [rbp + field!(heap_written)]
            ; mov BYTE [r10], WRITTEN_BY_PROGRAM as i8
            ; ret
            ; =>stack
            ; mov DWORD [rbp + field!(is_stack_stored)], 1
        );
        if self.has_stack_gaps() {
            self.emit_stack_with_gaps(class, ask);
        } else {
            dynasm!(self.ops
                ; .arch x64
                ; cmp r9, [rbp + limits_of(class) + 8 * STACK as i32]
                ; jae =>ask
                ; add r9, [rbp + field!(adjust) + 8 * STACK as i32]
                ; ret
            );
        }
        dynasm!(self.ops ; .arch x64 ; =>ask);
        self.emit_ask_host(class, host::translate_store as *const () as usize);
    }

    fn emit_call_system(&mut self) {
        let (label, leave) = (self.routines.call_system, self.routines.leave);
        dynasm!(self.ops ; .arch x64 ; =>label);
        // The guest keeps r1 to r5 over a system call.
        self.emit_registers_to_state(0..=5);
        dynasm!(self.ops
            ; .arch x64
            ; mov [rbp + field!(remaining)], r11
            ; mov rdi, rbp
            ; mov rsi, r9
            ; mov rax, QWORD host::call_system::<C> as *const () as i64
            ; call rax
            ; mov r11, [rbp + field!(remaining)]
        );
        self.emit_registers_from_state(1..=5);
        dynasm!(self.ops
            ; .arch x64
            ; cmp DWORD [rbp + field!(fault)], 0
            ; jne =>leave
            ; ret
        );
    }

    fn emit_open_frame_routine(&mut self) {
        let (label, too_deep) = (self.routines.open_frame, self.routines.faults[fault::CALL_DEPTH as usize]);
        let config = self.executable.get_config();
        let (depth_max, frame_bytes) = (config.max_call_depth as i32, config.stack_frame_size as i32);
        dynasm!(self.ops
            ; .arch x64
            ; =>label
            ; inc QWORD [rbp + field!(depth)]
            ; cmp QWORD [rbp + field!(depth)], depth_max
            ; je =>too_deep
        );
        if !self.version.manual_stack_frame_bump() {
            let step = if self.has_stack_gaps() { 2 * frame_bytes } else { frame_bytes };
            let grow = self.ops.new_dynamic_label();
            dynasm!(self.ops
                ; .arch x64
                ; add r15, step
                ; add QWORD [rbp + field!(frame_top)], frame_bytes
                ; mov r9, [rbp + field!(frame_top)]
                ; cmp r9, [rbp + field!(stack_used_end)]
                ; ja =>grow
                ; ret
                // `run` has checked that all frames are mapped.
                ; =>grow
                ; mov [rbp + field!(stack_used_end)], r9
            );
            for class in 0..SIZE_CLASS_COUNT {
                let limit = self.stack_limit(class);
                dynasm!(self.ops ; .arch x64 ; add QWORD [rbp + limit], frame_bytes);
            }
        }
        dynasm!(self.ops ; .arch x64 ; ret);
    }

    fn emit_call_register_routine(&mut self) {
        let (label, outside) = (self.routines.call_register, self.routines.faults[fault::CALL_OUTSIDE as usize]);
        let (too_little, interpret) = (self.ops.new_dynamic_label(), self.routines.interpret);
        dynasm!(self.ops
            ; .arch x64
            ; =>label
            ; mov r10, [rbp + field!(call_target)]
            ; sub r10, [rbp + field!(text_address)]
            ; cmp r10, [rbp + field!(text_bytes)]
            ; jae =>outside
            ; shr r10, 3
            ; mov [rbp + field!(pc)], r10d
            ; mov r9, [rbp + field!(targets)]
            ; lea r9, [r9 + r10 * 8]
            ; mov r10d, [r9 + 4]
            ; mov r9d, [r9]
            ; add r9, [rbp + field!(code)]
            ; sub r11, r10
            ; jb =>too_little
            ; jmp r9
            ; =>too_little
            ; add r11, r10
            ; jmp =>interpret
        );
    }

    fn emit_interpret(&mut self) {
        let (label, leave) = (self.routines.interpret, self.routines.leave);
        dynasm!(self.ops ; .arch x64 ; =>label);
        self.emit_registers_to_state(0..=FRAME_PTR_REG);
        dynasm!(self.ops
            ; .arch x64
            ; mov [rbp + field!(remaining)], r11
            ; mov rsp, [rbp + field!(host_stack)]
            ; mov rdi, rbp
            ; mov rax, QWORD host::interpret::<C> as *const () as i64
            ; call rax
            ; mov r11, [rbp + field!(remaining)]
            ; jmp =>leave
        );
    }

    fn emit_ways_out(&mut self) {
        let (leave, finish) = (self.routines.leave, self.routines.finish);
        for (fault, label) in self.routines.faults.into_iter().enumerate() {
            dynasm!(self.ops
                ; .arch x64
                ; =>label
                ; mov DWORD [rbp + field!(fault)], fault as i32
                ; jmp =>leave
            );
        }
        dynasm!(self.ops
            ; .arch x64
            ; =>leave
            ; mov rsp, [rbp + field!(host_stack)]
            ; =>finish
            ; mov [rbp + register(0)], rax
            ; mov [rbp + field!(remaining)], r11
            ; add rsp, 8
            ; pop r15
            ; pop r14
            ; pop r13
            ; pop r12
            ; pop rbp
            ; pop rbx
            ; ret
        );
    }
}
