//! What things cost in compute units, and what one transaction may spend.
//!
//! Figures: crate `solana-program-runtime` 4.2, `execution_budget.rs`.

/// Limits that one transaction runs under, from its compute-budget instructions (or its v1 configuration).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputeBudget {
    /// Compute units all instructions may consume together.
    pub compute_unit_limit: u32,
    /// Heap of each sBPF frame in bytes.
    pub heap_size_bytes: u32,
}

impl Default for ComputeBudget {
    fn default() -> Self {
        Self { compute_unit_limit: costs::COMPUTE_UNIT_LIMIT_MAX, heap_size_bytes: costs::HEAP_SIZE_BYTES_MIN }
    }
}

/// Compute-unit costs and execution limits, named once.
pub mod costs {
    use heddle_types::Gates;

    /// Most compute units that a transaction can ask for.
    pub const COMPUTE_UNIT_LIMIT_MAX: u32 = 1_400_000;
    /// Default limit that each non-builtin instruction adds.
    pub const INSTRUCTION_COMPUTE_UNITS_DEFAULT: u32 = 200_000;
    /// Default limit that each builtin instruction adds (SIMD-170).
    pub const BUILTIN_INSTRUCTION_COMPUTE_UNITS_DEFAULT: u32 = 3_000;
    /// Smallest and default heap.
    pub const HEAP_SIZE_BYTES_MIN: u32 = 32 * 1024;
    /// Largest heap.
    pub const HEAP_SIZE_BYTES_MAX: u32 = 256 * 1024;
    /// Each 32 KiB of heap beyond the first.
    pub const HEAP_PAGE: u64 = 8;
    /// Instruction stack height, top level included.
    pub const INSTRUCTION_STACK_HEIGHT_MAX: usize = 5;
    /// The same once gate `raise_cpi_nesting_limit_to_8` is on.
    pub const INSTRUCTION_STACK_HEIGHT_MAX_RAISED: usize = 9;
    /// Instructions of a transaction, top level and CPI together.
    pub const INSTRUCTION_TRACE_LENGTH_MAX: usize = 64;
    /// sBPF call depth.
    pub const CALL_DEPTH_MAX: usize = 64;
    /// Any syscall at least.
    pub const SYSCALL_BASE: u64 = 100;
    /// `sol_log_64_`.
    pub const LOG_64: u64 = 100;
    /// `sol_log_pubkey`.
    pub const LOG_PUBKEY: u64 = 100;
    /// Each attempt to derive a program address.
    pub const CREATE_PROGRAM_ADDRESS: u64 = 1_500;
    /// A cross-program invocation before anything is copied.
    pub const INVOKE: u64 = 946;
    /// Bytes translated for CPI per unit.
    pub const CPI_BYTES_PER_UNIT: u64 = 250;
    /// Hashing: base, and slices beyond which the syscall refuses.
    pub const SHA256_BASE: u64 = 85;
    /// Hashing: each byte (halved per slice, at least the memory cost).
    pub const SHA256_BYTE: u64 = 1;
    /// Most slices one hash syscall takes.
    pub const HASH_SLICES_MAX: u64 = 20_000;
    /// Reading a sysvar before its bytes.
    pub const SYSVAR_BASE: u64 = 100;
    /// `sol_secp256k1_recover`.
    pub const SECP256K1_RECOVER: u64 = 25_000;
    /// Memory operations at least.
    pub const MEMORY_OPERATION_BASE: u64 = 10;
    /// Operations on points of curve25519 as Edwards points.
    pub const CURVE25519_EDWARDS: Curve25519 = Curve25519 {
        validate_point: 159,
        group: Group { add: 473, subtract: 475, multiply: 2_177 },
        multiscalar_first: 2_273,
        multiscalar_other: 758,
    };
    /// Operations on points of curve25519 as elements of the ristretto group.
    pub const CURVE25519_RISTRETTO: Curve25519 = Curve25519 {
        validate_point: 169,
        group: Group { add: 521, subtract: 519, multiply: 2_208 },
        multiscalar_first: 2_303,
        multiscalar_other: 788,
    };

    /// Operations in the first group of BLS12-381.
    pub const BLS12_381_G1: Bls12381 = Bls12381 {
        validate_point: 1_565,
        group: Group { add: 128, subtract: 129, multiply: 4_627 },
        decompress: 2_100,
    };
    /// Operations in the second group of BLS12-381.
    pub const BLS12_381_G2: Bls12381 = Bls12381 {
        validate_point: 1_968,
        group: Group { add: 203, subtract: 204, multiply: 8_255 },
        decompress: 3_050,
    };
    /// A pairing of BLS12-381.
    pub const BLS12_381_PAIRING_FIRST: u64 = 25_445;
    /// Each further pairing of BLS12-381.
    pub const BLS12_381_PAIRING_OTHER: u64 = 13_023;
    /// Operations in the first group of BN254.
    pub const BN254_G1: Bn254 = Bn254 { add: 334, multiply: 3_840, compress: 30, decompress: 398 };
    /// Operations in the second group of BN254.
    pub const BN254_G2: Bn254 = Bn254 { add: 535, multiply: 15_670, compress: 86, decompress: 13_610 };
    /// A pairing of BN254.
    pub const BN254_PAIRING_FIRST: u64 = 36_364;
    /// Each further pairing of BN254.
    pub const BN254_PAIRING_OTHER: u64 = 12_121;

    /// A Poseidon hash of `input_count` inputs, which is at most 12.
    pub const fn poseidon(input_count: u64) -> u64 {
        61 * input_count * input_count + 542
    }

    /// How high the instruction stack may grow, top level included.
    pub const fn instruction_stack_height_max(gates: &Gates) -> usize {
        if gates.raise_cpi_nesting_limit_to_8 {
            INSTRUCTION_STACK_HEIGHT_MAX_RAISED
        } else {
            INSTRUCTION_STACK_HEIGHT_MAX
        }
    }

    /// What two operands of a group are combined by.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum GroupOperation {
        /// Adds two points.
        Add,
        /// Subtracts the right point from the left one.
        Subtract,
        /// Multiplies a scalar, left, and a point, right.
        Multiply,
    }

    /// Costs of the operations of one group.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Group {
        /// Adding two points.
        pub add: u64,
        /// Subtracting two points.
        pub subtract: u64,
        /// Multiplying a scalar and a point.
        pub multiply: u64,
    }

    impl Group {
        /// Cost of `operation`.
        pub const fn units(&self, operation: GroupOperation) -> u64 {
            match operation {
                GroupOperation::Add => self.add,
                GroupOperation::Subtract => self.subtract,
                GroupOperation::Multiply => self.multiply,
            }
        }
    }

    /// Costs of one group of BN254.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Bn254 {
        /// Adding two points.
        pub add: u64,
        /// Multiplying a scalar and a point.
        pub multiply: u64,
        /// Compressing a point, beyond [`SYSCALL_BASE`].
        pub compress: u64,
        /// Decompressing a point, beyond [`SYSCALL_BASE`].
        pub decompress: u64,
    }

    /// Costs of one group of BLS12-381.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Bls12381 {
        /// Validating a point.
        pub validate_point: u64,
        /// Operations of two operands.
        pub group: Group,
        /// Decompressing a point.
        pub decompress: u64,
    }

    /// Costs of one representation of curve25519.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Curve25519 {
        /// Validating a point.
        pub validate_point: u64,
        /// Operations of two operands.
        pub group: Group,
        /// The first product of a multiscalar multiplication.
        pub multiscalar_first: u64,
        /// Each further product.
        pub multiscalar_other: u64,
    }

    /// Cost of a heap of `size_bytes`.
    pub const fn heap(size_bytes: u32) -> u64 {
        (size_bytes as u64).div_ceil(32 * 1024).saturating_sub(1) * HEAP_PAGE
    }
}
