//! Feature gates as data: which of the protocol's switchable rules are on.
//!
//! ```text
//!  FeatureSet  addresses of active gates          what an embedder edits; mainnet's is features/mainnet.txt
//!      │ gates(): refuses what no rule of ours can follow
//!      ▼
//!  Gates       one bool per rule that exists in both forms    what the runtime reads, for the price of a load
//! ```
//!
//! A gate that is not in the list below is part of the rule set: its rule exists only as mainnet has it. Asking for it
//! otherwise is an error, never a silent difference.
//!
//! Addresses and names: crate `agave-feature-set` 4.2.

use std::collections::BTreeMap;

use solana_pubkey::Pubkey;

macro_rules! gates {
    ($($(#[$doc:meta])* $name:ident = $address:literal,)*) => {
        /// Which of the switchable rules are on. Built by [`FeatureSet::gates`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Gates {
            $($(#[$doc])* pub $name: bool,)*
        }

        /// Addresses of the switchable gates.
        pub mod gate {
            use solana_pubkey::Pubkey;
            $($(#[$doc])* #[allow(non_upper_case_globals)] pub const $name: Pubkey = Pubkey::from_str_const($address);)*
        }

        /// Every switchable gate: (address, name, what it switches).
        pub const SWITCHABLE: &[(Pubkey, &str)] = &[$((gate::$name, stringify!($name)),)*];

        impl Gates {
            fn of(active: impl Fn(&Pubkey) -> bool) -> Self {
                Self { $($name: active(&gate::$name),)* }
            }

            /// The set that means these switches: mainnet's, but for them. What mainnet does not have counts from genesis.
            pub fn features(&self) -> FeatureSet {
                let mut set = FeatureSet::mainnet();
                $(set = if self.$name { set.activate(gate::$name) } else { set.deactivate(&gate::$name) };)*
                set
            }
        }
    };
}

gates! {
    /// `sol_blake3`.
    blake3_syscall_enabled = "HTW2pSyErTj4BV6KBM9NZ9VBUJVxt7sacNWcf76wtzb3",
    /// `sol_sha512`.
    enable_sha512_syscall = "s512oDwgx8hjMnaQjXfqqrZroVj4HvC6TkN3iSSWXCh",
    /// `sol_big_mod_exp`, which does nothing yet (SIMD-0529).
    enable_big_mod_exp_syscall = "EBq48m8irRKuE7ZnMTLvLg2UuGSqhe8s8oMqnmja1fJw",
    /// `sol_remaining_compute_units`.
    remaining_compute_units_syscall_enabled = "5TuppMutoyzhUSfuYdhgzD47F92GL1g89KpCZQKqedxP",
    /// `sol_get_last_restart_slot`.
    last_restart_slot_sysvar = "HooKD5NC9QNxk25QuzCssB8ecrEzGt6eXEPBUxWp1LaR",
    /// `sol_get_sysvar`.
    get_sysvar_syscall_enabled = "CLCoTADvV64PSrnR6QXty6Fwrt9Xc6EdxSJE4wLRePjq",
    /// `sol_get_epoch_stake`.
    enable_get_epoch_stake_syscall = "FKe75t4LXxGaQnVHdUKM6DSFifVVraGZ8LyNo7oPwy1Z",
    /// The curve syscalls.
    curve25519_syscall_enabled = "7rcw5UtqgDTBBv2EcynNfYckgdAaH1MAsCjKgXMkN7Ri",
    /// The curve syscalls fail the program, not the call, on an unknown curve or operation (SIMD-0137).
    abort_on_invalid_curve = "FuS3FPfJDKSNot99ECLXtp3rueq36hMNStJkPJwWodLh",
    /// BLS12-381 in the curve syscalls.
    enable_bls12_381_syscall = "b1sgUiJ3qu7hYm3tNDyyqZNQd6gLGJmJppnLNa93PCQ",
    /// `sol_alt_bn128_group_op`.
    enable_alt_bn128_syscall = "A16q37opZdQMCbe5qJ6xpBB9usykfv8jZaMkxvZQi4GJ",
    /// `sol_alt_bn128_compression`.
    enable_alt_bn128_compression_syscall = "EJJewYSddEEtSZHiqugnvhQHiWyZKjkFDQASd7oKSagn",
    /// Operations in the second group of BN254.
    enable_alt_bn128_g2_syscalls = "bn1hKNURMGQaQoEVxahcEAcqiX3NwRs6hgKKNSLeKxH",
    /// Little-endian forms of the BN254 operations.
    alt_bn128_little_endian = "bn2oPgpkzQPT3tohMaAsMVGjhDmmDa4jCaVPqCFmtxM",
    /// The syscalls over BN254 and `sol_poseidon` return 1 for whatever fails, not a code of their libraries (SIMD-0129).
    simplify_alt_bn128_syscall_error_codes = "JDn5q3GBeqzvUa7z67BbmVHVdE3EbUAjvFep3weR3jxX",
    /// A big-endian product in the first group of BN254 takes 96 bytes at most in place of 128 (SIMD-0222).
    fix_alt_bn128_multiplication_input_length = "bn2puAyxUx6JUabAxYdKdJ5QHbNNmKw8dCGuGCyRrFN",
    /// A big-endian pairing on BN254 takes whole pairs only (SIMD-0334).
    fix_alt_bn128_pairing_length_check = "bnYzodLwmybj7e1HAe98yZrdJTd7we69eMMLgCXqKZm",
    /// `sol_poseidon`.
    enable_poseidon_syscall = "FL9RsQA6TVUoh5xJQ9d936RHSebA1NLQqe3Zv9sXZRpr",
    /// `sol_poseidon` takes inputs of 32 bytes only, in place of up to 32 (SIMD-0359).
    poseidon_enforce_padding = "poUdAqRXXsNmfqAZ6UqpjbeYgwBygbfQLEvWSqVhSnb",
    /// sBPF v1 programs (SIMD-0166).
    enable_sbpf_v1_deployment_and_execution = "JE86WkYvTrzW8HgNmrHY7dFYpCmSptUpKupbo2AdQ9cG",
    /// sBPF v2 programs (SIMD-0173, SIMD-0174).
    enable_sbpf_v2_deployment_and_execution = "F6UVKh1ujTEFK3en2SyAL3cdVnqko1FVEXWhmdLRu6WP",
    /// sBPF v3 programs (SIMD-0178, SIMD-0179, SIMD-0189).
    enable_sbpf_v3_deployment_and_execution = "5cC3foj77CWun58pC51ebHFUWavHWKarWyR5UUik7dnC",
    /// No new programs of sBPF v0 to v2.
    disable_sbpf_v0_v1_v2_deployment = "B8JJXCy5amZyWG9r7EnUYLwzXSXTxG7GZ1qZ1qggo83g",
    /// Loader v3's checked change of authority.
    enable_bpf_loader_set_authority_checked_ix = "5x3825XS7M2A3Ekbn5VGGkvFoAg5qrRWkTrY4bARP1GL",
    /// Loader v3 extends a program by 10 KiB at least (SIMD-0431).
    loader_v3_minimum_extend_program_size = "YbbRLkvenrocjGPGyoQE4wjnvYzTgfsk38NFmcYK7a5",
    /// The system program's `CreateAccountAllowPrefund` (SIMD-0312).
    create_account_allow_prefund = "6sPDzwyARRExKH52LECxcGoqziH8G7SZofwuxi8Ja331",
    /// Instruction stack height 9 in place of 5 (SIMD-0268).
    raise_cpi_nesting_limit_to_8 = "6TkHkRmP7JZy1fdM6fg5uXn76wChQBWGokHBJzrLB3mj",
    /// 255 account infos in a CPI, each charged, and each account meta (SIMD-0339).
    increase_cpi_account_info_limit = "H6iVbVaDZgDphcPbcZwc5LoznMPWQfnJ1AM7L1xzqvt5",
    /// 128 account locks in a transaction in place of 64.
    increase_tx_account_lock_limit = "9LZdXeKGeBV6hRLdxS1rHbHoEUsKqesCC2ZAPTPKJAbK",
    /// A program that the VM stops has used all its compute units (SIMD-0182).
    deplete_cu_meter_on_vm_failure = "B7H2caeia4ZFcpE3QcgMqbiWiBtWrdBRBSJ1DY6Ktxbq",
    /// Switches the zk-elgamal-proof program off.
    disable_zk_elgamal_proof_program = "zkdoVwnSFnSLtGJG7irJPEYUpmb4i7sGMGcnN6T9rnC",
    /// Switches the zk-elgamal-proof program on again.
    reenable_zk_elgamal_proof_program = "zkexuyPRdyTVbZqEAREueqL2xvvoBhRgth9xGSc1tMN",
    /// Refuses the vote program's instructions before tower sync.
    deprecate_legacy_vote_ixs = "depVvnQ2UysGrhwdiwU42tCadZL8GcBb1i2GYhMopQv",
    /// Commission may be raised at any time, with effect later (SIMD-0249).
    delay_commission_updates = "76dHtohc2s5dR3ahJyBxs7eJJVipFkaPdih9CLgTTb4B",
    /// Vote commission in basis points (SIMD-0291).
    commission_rate_in_basis_points = "Eg7tXEwMZzS98xaZ1YHUbdRHsaYZiCsSaR6sKgxreoaj",
    /// Vote accounts name who collects commission (SIMD-0232).
    custom_commission_collector = "3HcSrCTGXTUnrTueHi4DAwNuMxZSsm5xui2Ax3mgxHqf",
    /// Vote accounts hold a BLS key (SIMD-0387).
    bls_pubkey_management_in_vote_account = "AnAP9zPV4KL7czAPQbFhpDKV2tx7g4UGNbK9wvXwjaRo",
    /// Block revenue shared with delegators (SIMD-0123).
    block_revenue_sharing = "B1ockRevenueSharing111111111111111111111111",
    /// The vote program's second way to initialise an account (SIMD-0464).
    vote_account_initialize_v2 = "VoteAccount1nitia1izeV211111111111111111111",
}

/// Mainnet's list: address, activation slot, name.
const MAINNET: &str = include_str!("mainnet.txt");

/// A gate was asked for in a form that no rule here has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("feature gate {address} cannot be {}: its rule exists only as mainnet has it", if *.wanted { "activated" } else { "deactivated" })]
pub struct UnsupportedFeature {
    /// The gate.
    pub address: Pubkey,
    /// Whether it was to be active.
    pub wanted: bool,
}

/// The active feature gates of a chain, by address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureSet {
    /// Address → slot of activation.
    active: BTreeMap<Pubkey, u64>,
}

impl Default for FeatureSet {
    fn default() -> Self {
        Self::mainnet()
    }
}

impl FeatureSet {
    /// What is active on mainnet as of 2026-10-15.
    pub fn mainnet() -> Self {
        Self { active: mainnet().map(|(address, slot, _)| (address, slot)).collect() }
    }

    /// Activates the gate at `address`, as of genesis.
    #[must_use]
    pub fn activate(mut self, address: Pubkey) -> Self {
        self.active.entry(address).or_insert(0);
        self
    }

    /// Deactivates the gate at `address`.
    #[must_use]
    pub fn deactivate(mut self, address: &Pubkey) -> Self {
        self.active.remove(address);
        self
    }

    /// Whether the gate at `address` is active.
    pub fn is_active(&self, address: &Pubkey) -> bool {
        self.active.contains_key(address)
    }

    /// Every active gate with the slot of its activation, by address.
    pub fn iter(&self) -> impl Iterator<Item = (&Pubkey, u64)> {
        self.active.iter().map(|(address, &slot)| (address, slot))
    }

    /// The switches that this set means.
    ///
    /// # Errors
    /// The first gate, by address, that differs from mainnet and is not in [`SWITCHABLE`].
    pub fn gates(&self) -> Result<Gates, UnsupportedFeature> {
        let is_switchable = |address: &Pubkey| SWITCHABLE.iter().any(|(gate, _)| gate == address);
        let mainnet = Self::mainnet();
        let missing = mainnet.active.keys().filter(|address| !self.is_active(address)).map(|address| (address, false));
        let added = self.active.keys().filter(|address| !mainnet.is_active(address)).map(|address| (address, true));
        let unsupported = missing.chain(added).filter(|(address, _)| !is_switchable(address)).min();
        match unsupported {
            Some((address, wanted)) => Err(UnsupportedFeature { address: *address, wanted }),
            None => Ok(Gates::of(|address| self.is_active(address))),
        }
    }
}

impl Gates {
    /// Mainnet's.
    pub fn mainnet() -> Self {
        let active: Vec<Pubkey> = mainnet().map(|(address, ..)| address).collect();
        Self::of(|address| active.contains(address))
    }
}

/// (address, activation slot, name) of every gate that is active on mainnet.
pub fn mainnet() -> impl Iterator<Item = (Pubkey, u64, &'static str)> {
    MAINNET.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mainnet_is_read_whole() {
        assert_eq!(mainnet().count(), 251);
        let gates = FeatureSet::mainnet().gates().expect("mainnet is supported");
        assert_eq!(gates, Gates::mainnet());
        assert!(gates.enable_poseidon_syscall && !gates.blake3_syscall_enabled);
    }

    #[test]
    fn names_agree_with_the_list() {
        for (address, _, name) in mainnet() {
            if let Some((_, ours)) = SWITCHABLE.iter().find(|(gate, _)| *gate == address) {
                assert_eq!(*ours, name);
            }
        }
    }

    #[test]
    fn switches_both_ways() {
        let set =
            FeatureSet::mainnet().activate(gate::blake3_syscall_enabled).deactivate(&gate::enable_poseidon_syscall);
        let gates = set.gates().expect("both are switchable");
        assert!(gates.blake3_syscall_enabled && !gates.enable_poseidon_syscall);
        assert_eq!(gates.features(), set);
        assert_eq!(Gates::mainnet().features(), FeatureSet::mainnet());
    }

    #[test]
    fn what_no_rule_follows_is_refused() {
        let direct_mapping = "CR3dVN2Yoo95Y96kLSTaziWDAQT2MNEpiWh5cqVq2pNE".parse().expect("an address");
        let error = FeatureSet::mainnet().activate(direct_mapping).gates().expect_err("not implemented");
        assert_eq!(error, UnsupportedFeature { address: direct_mapping, wanted: true });
        let (permanent, ..) = mainnet().next().expect("an entry");
        let error = FeatureSet::mainnet().deactivate(&permanent).gates().expect_err("part of the rule set");
        assert!(error.to_string().contains("cannot be deactivated"), "{error}");
    }
}
