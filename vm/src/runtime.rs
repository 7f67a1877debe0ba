//! What the machine is made of: builtins, precompiles and the syscalls of the sBPF loader. Built once, then immutable
//! and shared by all workers.

use std::{collections::HashMap, sync::Arc};

use heddle_types::Pubkey;
use solana_sbpf::{
    program::{BuiltinFunctionDefinition, BuiltinProgram, SBPFVersion},
    vm::Config,
};

use crate::{Builtin, ExecutionMode, InvokeContext, Precompile, budget::costs, syscalls};

/// Registered native programs and the sBPF environment.
pub struct Runtime {
    builtins: HashMap<Pubkey, Arc<dyn Builtin>>,
    precompiles: HashMap<Pubkey, Arc<dyn Precompile>>,
    loader: Arc<BuiltinProgram<InvokeContext>>,
    mode: ExecutionMode,
}

impl Runtime {
    /// A runtime with mainnet's syscalls and no builtins; add those with the builder.
    pub fn builder() -> RuntimeBuilder {
        let mut loader = BuiltinProgram::new_loader(config());
        syscalls::register_all(&mut loader);
        RuntimeBuilder { builtins: HashMap::new(), precompiles: HashMap::new(), loader, mode: ExecutionMode::default() }
    }

    /// The builtin at `key`.
    pub fn builtin(&self, key: &Pubkey) -> Option<&Arc<dyn Builtin>> {
        self.builtins.get(key)
    }

    /// The precompile at `key`.
    pub fn precompile(&self, key: &Pubkey) -> Option<&Arc<dyn Precompile>> {
        self.precompiles.get(key)
    }

    /// Addresses of every builtin and precompile.
    pub fn native_programs(&self) -> impl Iterator<Item = &Pubkey> {
        self.builtins.keys().chain(self.precompiles.keys())
    }

    /// Whether sBPF programs run compiled.
    pub fn execution_mode(&self) -> ExecutionMode {
        self.mode
    }

    pub(crate) fn loader(&self) -> &Arc<BuiltinProgram<InvokeContext>> {
        &self.loader
    }
}

/// Assembles a [`Runtime`].
pub struct RuntimeBuilder {
    builtins: HashMap<Pubkey, Arc<dyn Builtin>>,
    precompiles: HashMap<Pubkey, Arc<dyn Precompile>>,
    loader: BuiltinProgram<InvokeContext>,
    mode: ExecutionMode,
}

impl RuntimeBuilder {
    /// Registers a native program at `key`, replacing any other.
    pub fn builtin(mut self, key: Pubkey, builtin: impl Builtin + 'static) -> Self {
        self.builtins.insert(key, Arc::new(builtin));
        self
    }

    /// Registers a precompile at `key`, replacing any other.
    pub fn precompile(mut self, key: Pubkey, precompile: impl Precompile + 'static) -> Self {
        self.precompiles.insert(key, Arc::new(precompile));
        self
    }

    /// Registers a syscall under `name`, replacing any other.
    ///
    /// # Panics
    /// If the name's hash collides with that of another registered syscall.
    pub fn syscall<S: BuiltinFunctionDefinition<InvokeContext>>(mut self, name: &str) -> Self {
        self.loader.unregister_function(name);
        S::register(&mut self.loader, name).expect("syscall names do not collide");
        self
    }

    /// Chooses between compiled and interpreted execution.
    pub fn execution_mode(mut self, mode: ExecutionMode) -> Self {
        self.mode = mode;
        self
    }

    /// Freezes the runtime.
    pub fn build(self) -> Arc<Runtime> {
        Arc::new(Runtime {
            builtins: self.builtins,
            precompiles: self.precompiles,
            loader: Arc::new(self.loader),
            mode: self.mode,
        })
    }
}

/// The VM configuration of mainnet (`solana-syscalls` 4.2): flat, aligned memory map, frames of 4 KiB, v0 to v3.
fn config() -> Config {
    Config {
        max_call_depth: costs::CALL_DEPTH_MAX,
        stack_frame_size: 4096,
        enable_address_translation: true,
        enable_stack_frame_gaps: true,
        instruction_meter_checkpoint_distance: 10_000,
        enable_instruction_meter: true,
        enable_symbol_and_section_labels: false,
        reject_broken_elfs: false,
        sanitize_user_provided_values: true,
        optimize_rodata: false,
        aligned_memory_mapping: true,
        enabled_sbpf_versions: SBPFVersion::V0..=SBPFVersion::V3,
        ..Config::default()
    }
}
