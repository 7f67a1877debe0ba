//! What the machine is made of: builtins, precompiles and the syscalls of the sBPF loader. Built once, then immutable
//! and shared by all workers.

use std::{collections::HashMap, sync::Arc};

use ahash::RandomState;
use heddle_types::{Gates, Pubkey};
use solana_sbpf::{
    program::{BuiltinFunctionDefinition, BuiltinProgram, SBPFVersion},
    vm::Config,
};

use crate::{Builtin, ExecutionMode, InvokeContext, Precompile, Syscall, budget::costs, builtin::Adapter, syscalls};

/// Registered native programs and the sBPF environment.
pub struct Runtime {
    builtins: HashMap<Pubkey, Arc<dyn Builtin>, RandomState>,
    precompiles: HashMap<Pubkey, Arc<dyn Precompile>, RandomState>,
    /// Which bytes some precompile's address begins with.
    precompile_first_bytes: [bool; 256],
    loader: Arc<BuiltinProgram<InvokeContext>>,
    deployment_loader: Arc<BuiltinProgram<InvokeContext>>,
    gates: Gates,
    mode: ExecutionMode,
}

impl Runtime {
    /// A runtime with the syscalls that `gates` switch on and no builtins; add those with the builder.
    pub fn builder(gates: Gates) -> RuntimeBuilder {
        RuntimeBuilder {
            builtins: HashMap::default(),
            precompiles: HashMap::default(),
            loader: loader(&gates, Purpose::Execution),
            deployment_loader: loader(&gates, Purpose::Deployment),
            gates,
            mode: ExecutionMode::default(),
        }
    }

    /// The builtin at `key`.
    pub fn builtin(&self, key: &Pubkey) -> Option<&Arc<dyn Builtin>> {
        self.builtins.get(key)
    }

    /// The precompile at `key`.
    pub fn precompile(&self, key: &Pubkey) -> Option<&Arc<dyn Precompile>> {
        // Asked for every instruction: one bit spares most of them the look-up.
        let is_possible = self.precompile_first_bytes[usize::from(key.as_array()[0])];
        if is_possible { self.precompiles.get(key) } else { None }
    }

    /// Addresses of every builtin and precompile.
    pub fn native_programs(&self) -> impl Iterator<Item = &Pubkey> {
        self.builtins.keys().chain(self.precompiles.keys())
    }

    /// Whether sBPF programs run compiled.
    pub fn execution_mode(&self) -> ExecutionMode {
        self.mode
    }

    /// Which switchable rules are on.
    pub fn gates(&self) -> &Gates {
        &self.gates
    }

    /// The environment that programs run in.
    pub(crate) fn loader(&self) -> &Arc<BuiltinProgram<InvokeContext>> {
        &self.loader
    }

    /// The stricter environment that new programs must pass.
    pub(crate) fn deployment_loader(&self) -> &Arc<BuiltinProgram<InvokeContext>> {
        &self.deployment_loader
    }
}

/// Assembles a [`Runtime`].
pub struct RuntimeBuilder {
    builtins: HashMap<Pubkey, Arc<dyn Builtin>, RandomState>,
    precompiles: HashMap<Pubkey, Arc<dyn Precompile>, RandomState>,
    loader: BuiltinProgram<InvokeContext>,
    deployment_loader: BuiltinProgram<InvokeContext>,
    gates: Gates,
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

    /// Registers a syscall, replacing any other of its name.
    ///
    /// # Panics
    /// If the name's hash collides with that of another registered syscall.
    pub fn syscall<S: Syscall>(mut self) -> Self {
        for loader in [&mut self.loader, &mut self.deployment_loader] {
            loader.unregister_function(S::NAME);
            Adapter::<S>::register(loader, S::NAME).expect("syscall names do not collide");
        }
        self
    }

    /// Chooses between compiled and interpreted execution.
    pub fn execution_mode(mut self, mode: ExecutionMode) -> Self {
        self.mode = mode;
        self
    }

    /// Freezes the runtime.
    pub fn build(self) -> Arc<Runtime> {
        let mut precompile_first_bytes = [false; 256];
        for key in self.precompiles.keys() {
            precompile_first_bytes[usize::from(key.as_array()[0])] = true;
        }
        Arc::new(Runtime {
            precompile_first_bytes,
            builtins: self.builtins,
            precompiles: self.precompiles,
            loader: Arc::new(self.loader),
            deployment_loader: Arc::new(self.deployment_loader),
            gates: self.gates,
            mode: self.mode,
        })
    }
}

/// What an environment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Running what was deployed at any time.
    Execution,
    /// Accepting new programs: no malformed ELFs that old loaders took, no `sol_alloc_free_`.
    Deployment,
}

fn loader(gates: &Gates, purpose: Purpose) -> BuiltinProgram<InvokeContext> {
    let mut loader = BuiltinProgram::new_loader(config(gates, purpose));
    syscalls::register_all(&mut loader, gates);
    if purpose == Purpose::Deployment {
        loader.unregister_function(syscalls::ALLOC_FREE);
    }
    loader
}

/// The configuration that mainnet's programs run with.
pub(crate) fn execution_config() -> Config {
    config(&Gates::mainnet(), Purpose::Execution)
}

/// The VM configuration of mainnet (`solana-syscalls` 4.2): flat, aligned memory map, frames of 4 KiB.
fn config(gates: &Gates, purpose: Purpose) -> Config {
    Config {
        max_call_depth: costs::CALL_DEPTH_MAX,
        stack_frame_size: 4096,
        enable_address_translation: true,
        enable_stack_frame_gaps: true,
        instruction_meter_checkpoint_distance: 10_000,
        enable_instruction_meter: true,
        enable_symbol_and_section_labels: false,
        reject_broken_elfs: purpose == Purpose::Deployment,
        sanitize_user_provided_values: true,
        optimize_rodata: false,
        aligned_memory_mapping: true,
        enabled_sbpf_versions: SBPFVersion::V0..=newest_version(gates),
        ..Config::default()
    }
}

/// The newest version that programs may have. Versions are enabled in order: a later one does without an earlier gate
/// (crate `solana-syscalls` 4.2).
fn newest_version(gates: &Gates) -> SBPFVersion {
    if gates.enable_sbpf_v3_deployment_and_execution {
        SBPFVersion::V3
    } else if gates.enable_sbpf_v2_deployment_and_execution {
        SBPFVersion::V2
    } else if gates.enable_sbpf_v1_deployment_and_execution {
        SBPFVersion::V1
    } else {
        SBPFVersion::V0
    }
}
