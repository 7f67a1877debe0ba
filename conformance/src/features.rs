//! Feature gates of a fixture: the first eight bytes of each active gate's address.
//!
//! ```text
//!  a gate of the fixture ─ switchable here ───────────────────▶ switched as the fixture says
//!                        ─ still read by Agave, fixed here ───▶ a Departure, if the fixture wants it otherwise
//!                        ─ anything else ─────────────────────▶ nothing: no instruction can tell (Agave ignores it too)
//! ```
//!
//! "Still read": by the crates that process one instruction (`solana-program-runtime`, `solana-syscalls`,
//! `solana-bpf-loader-program`, the builtins, `agave-precompiles`, all 4.2.2), out of the gates that `agave-feature-set`
//! 4.2.2 hands them (`FeatureSet::runtime_features`). `FIXED` has those of them that [`SWITCHABLE`] has not, but for
//! `disable_sbpf_v0_execution` and `reenable_sbpf_v0_execution`, whose numbers are one and which both formats leave out.

use heddle_types::{FeatureSet, Gates, Pubkey, features::SWITCHABLE};

use crate::{machine::Run, report::Mismatch};

/// A rule that Agave 4.2.2 has in two forms and we in mainnet's only.
#[derive(Clone, Copy, Debug)]
struct FixedGate {
    name: &'static str,
    address: Pubkey,
    reach: Reach,
}

/// Which runs a rule can change: what decides whether a difference may be its doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Runs that we stop for a pointer that the other form takes.
    PointerChecks,
    /// Runs of a program that calls this syscall.
    Syscall(&'static str),
    /// Failing runs of sBPF programs, and the units of any.
    AccountMapping,
    /// Runs with a CPI, in their units.
    InvokeUnits,
    /// Runs that reach the greatest stack height.
    StackHeight,
}

const fn fixed(name: &'static str, address: &'static str, reach: Reach) -> FixedGate {
    FixedGate { name, address: Pubkey::from_str_const(address), reach }
}

/// Read by Agave 4.2.2, and not switchable here.
const FIXED: [FixedGate; 6] = [
    fixed(
        "syscall_parameter_address_restrictions",
        "EDGMC5kxFxGk4ixsNkGt8bW7QL5hDMXnbwaZvYMwNfzF",
        Reach::PointerChecks,
    ),
    fixed("poseidon_enforce_padding", "poUdAqRXXsNmfqAZ6UqpjbeYgwBygbfQLEvWSqVhSnb", Reach::Syscall("sol_poseidon")),
    fixed("disable_fees_sysvar", "JAN1trEUEtZjgXYzNBYHU9DYd7GnThhXfFP7SzPXkPsG", Reach::Syscall("sol_get_fees_sysvar")),
    fixed("virtual_address_space_adjustments", "7VgiehxNxu53KdxgLspGQY8myE6f7UokaWa4jsGcaSz", Reach::AccountMapping),
    fixed("account_data_direct_mapping", "CR3dVN2Yoo95Y96kLSTaziWDAQT2MNEpiWh5cqVq2pNE", Reach::AccountMapping),
    fixed(
        "direct_account_pointers_in_program_input",
        "ptr9umikaeAS7ZBBp2fsfRhie16F1V2jCKA2y6gXNAK",
        Reach::AccountMapping,
    ),
];

/// Something that a fixture asks for and that no run of ours can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    what: String,
    reach: Reach,
}

impl Departure {
    /// A cost of a CPI other than the one that goes with the gates.
    pub fn invoke_units(wanted: u64, ours: u64) -> Self {
        Self { what: format!("compute budget: a CPI costs {wanted} units, {ours} here"), reach: Reach::InvokeUnits }
    }

    /// A stack height that the protocol never had.
    pub fn stack_height(wanted: u64) -> Self {
        Self { what: format!("compute budget: instruction stack height {wanted}"), reach: Reach::StackHeight }
    }

    /// Whether it may be why `run` differs in these fields.
    pub fn may_explain(&self, run: &Run, mismatches: &[Mismatch]) -> bool {
        let logs_any = |texts: &[&str]| run.logs.iter().any(|line| texts.iter().any(|text| line.contains(text)));
        let only_units = mismatches.iter().all(|mismatch| mismatch.field == crate::compare::COMPUTE_UNITS);
        let result_differs = mismatches.iter().any(|mismatch| mismatch.field == crate::compare::RESULT);
        match self.reach {
            Reach::PointerChecks => {
                run.result.is_err() && logs_any(&["Invalid pointer", "InvalidLength", "Unaligned pointer"])
            }
            Reach::Syscall(name) => run.elfs.iter().any(|elf| contains(elf, name.as_bytes())),
            Reach::AccountMapping => !run.elfs.is_empty() && (only_units || result_differs),
            Reach::InvokeUnits => run.has_cpi && only_units,
            Reach::StackHeight => run.has_cpi && result_differs,
        }
    }
}

impl std::fmt::Display for Departure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A gate as the fixtures write it: the first eight bytes of its address, little-endian.
pub fn number_of(address: &Pubkey) -> u64 {
    u64::from_le_bytes(*address.as_array().first_chunk().expect("an address has 32 bytes"))
}

/// The numbers of mainnet's gates, for fixtures that we write.
pub fn mainnet_numbers() -> Vec<u64> {
    FeatureSet::mainnet().iter().map(|(address, _)| number_of(address)).collect()
}

/// The switches that these gates mean, and what of them we cannot follow.
pub fn gates(active: &[u64]) -> (Gates, Vec<Departure>) {
    let is_active = |address: &Pubkey| active.contains(&number_of(address));
    let mainnet = FeatureSet::mainnet();
    let set = SWITCHABLE.iter().fold(mainnet.clone(), |set, (address, _)| {
        if is_active(address) { set.activate(*address) } else { set.deactivate(address) }
    });
    let gates = set.gates().expect("only switchable gates differ from mainnet's");
    let is_switchable = |address: &Pubkey| SWITCHABLE.iter().any(|(known, _)| known == address);
    let departures = FIXED.iter().filter(|gate| !is_switchable(&gate.address));
    let departures = departures.filter(|gate| is_active(&gate.address) != mainnet.is_active(&gate.address));
    let departures = departures.map(|gate| {
        let wanted = if is_active(&gate.address) { "active" } else { "inactive" };
        Departure { what: format!("feature gate {} {wanted}", gate.name), reach: gate.reach }
    });
    (gates, departures.collect())
}

#[cfg(test)]
mod tests {
    use heddle_types::features::gate;

    use super::*;

    #[test]
    fn mainnet_is_followed_whole() {
        let (gates, departures) = gates(&mainnet_numbers());
        assert_eq!(gates, Gates::mainnet());
        assert_eq!(departures, []);
    }

    #[test]
    fn switchable_gates_follow_the_fixture_and_unknown_ones_mean_nothing() {
        let mut active = mainnet_numbers();
        active.retain(|number| *number != number_of(&gate::enable_poseidon_syscall));
        active.extend([number_of(&gate::blake3_syscall_enabled), 42]);
        let (gates, departures) = gates(&active);
        assert!(gates.blake3_syscall_enabled && !gates.enable_poseidon_syscall);
        assert_eq!(departures, []);
    }

    #[test]
    fn fixed_gates_are_departures() {
        let (_, departures) = gates(&[]);
        let names: Vec<String> = departures.iter().map(Departure::to_string).collect();
        assert!(
            names.contains(&"feature gate syscall_parameter_address_restrictions inactive".to_owned()),
            "{names:?}"
        );
        assert!(!names.iter().any(|name| name.contains("account_data_direct_mapping")), "{names:?}");
    }

    /// A gate that becomes switchable leaves the list by itself; one that is fixed is mainnet's in name, too.
    #[test]
    fn the_list_names_gates_as_mainnet_does() {
        for gate in FIXED {
            let known = heddle_types::features::mainnet().find(|(address, ..)| *address == gate.address);
            assert!(known.is_none_or(|(_, _, name)| name == gate.name), "{}", gate.name);
        }
    }
}
