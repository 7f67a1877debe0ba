//! What every case starts from: mainnet's features, the clock and other sysvars, builtins, precompiles and programs.
//!
//! Invariant: a pure constant; two calls of [`Environment::new`] are equal. Both oracles take their accounts from here,
//! so a difference between them is never a difference in what they were given.

use crate::{
    case::address,
    format::{AccountRecord, json},
    machine,
    program::{self, Version},
};
use agave_feature_set::FeatureSet;
use sha2::{Digest, Sha256};
use solana_account::{Account, AccountSharedData, ReadableAccount};
use solana_address::Address;
use solana_builtins::BUILTINS;
use solana_clock::Clock;
use solana_epoch_schedule::EpochSchedule;
use solana_hash::Hash;
use solana_rent::Rent;
use solana_sdk_ids::{address_lookup_table, config, feature, native_loader, stake, sysvar};
use std::collections::BTreeMap;

/// The slot at which everything runs: the 1000th of epoch 5. Programs were deployed at slot 0.
pub const SLOT: u64 = 5 * 432_000 + 1_000;

/// Lamports per byte since SIMD-0437's second step.
pub const LAMPORTS_PER_BYTE: u64 = 5_080;

/// Base fee per signature; durable nonces store it.
pub const LAMPORTS_PER_SIGNATURE: u64 = 5_000;

const FEATURES: &str = include_str!("../features.txt");

/// Addresses of the programs that `solana-program-binaries` holds, and the names that case files use for them.
pub const PROGRAM_NAMES: &[(&str, Address)] = &[
    ("spl_token", Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")),
    ("spl_token_2022", Address::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")),
    ("spl_associated_token_account", Address::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")),
    ("spl_memo_1", Address::from_str_const("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo")),
    ("spl_memo_3", Address::from_str_const("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")),
    ("spl_memo_4", Address::from_str_const("Memo4c2pN8afCj432Lb7RMVKi9PbQnnW7ewFFaV3oAH")),
    ("address_lookup_table", address_lookup_table::ID),
    ("config", config::ID),
    ("feature_gate", feature::ID),
    ("stake", stake::ID),
];

/// The call machine, sBPF v0 under loader v2.
pub const MACHINE: &str = "machine";
/// The same at another address.
pub const MACHINE_B: &str = "machine b";
/// The same at a third address.
pub const MACHINE_C: &str = "machine c";
/// The call machine as sBPF v3 under loader v2.
pub const MACHINE_SBPF_V3: &str = "machine of sbpf v3";
/// The call machine, sBPF v0, under loader v1.
pub const MACHINE_LOADER_V1: &str = "machine of loader v1";
/// The call machine, sBPF v0, under loader v3.
pub const MACHINE_LOADER_V3: &str = "machine of loader v3";

/// The fixed starting point.
pub struct Environment {
    pub features: FeatureSet,
    pub clock: Clock,
    pub rent: Rent,
    pub blockhash: Hash,
    /// Sysvars, builtins, precompiles, programs, call machines.
    pub accounts: BTreeMap<Address, AccountSharedData>,
}

impl Environment {
    /// Builds the constant.
    pub fn new() -> Self {
        let rent = Rent { lamports_per_byte: LAMPORTS_PER_BYTE, ..Rent::default() };
        let clock = Clock {
            slot: SLOT,
            epoch_start_timestamp: 1_700_000_000,
            epoch: 5,
            leader_schedule_epoch: 6,
            unix_timestamp: 1_700_000_200,
        };
        let blockhash = litesvm::LiteSVM::default().latest_blockhash();
        let mut environment = Self { features: mainnet_features(), clock, rent, blockhash, accounts: BTreeMap::new() };
        environment.add_sysvars();
        environment.add_builtins();
        environment.add_programs();
        environment.add_machines();
        environment
    }

    /// The same but for some gates (address, active) and perhaps the slot. A later slot adds nothing to the slot hashes.
    pub fn variant(&self, gates: &[(Address, bool)], slot: Option<u64>) -> Self {
        let mut features = self.features.clone();
        for (address, is_active) in gates {
            if *is_active { features.activate(address, 0) } else { features.deactivate(address) }
        }
        let (rent, blockhash) = (self.rent.clone(), self.blockhash);
        let mut variant =
            Self { features, clock: self.clock.clone(), rent, blockhash, accounts: self.accounts.clone() };
        if let Some(slot) = slot {
            let epoch = slot / EpochSchedule::without_warmup().slots_per_epoch;
            variant.clock = Clock { slot, epoch, leader_schedule_epoch: epoch + 1, ..variant.clock };
            variant.add_sysvar(sysvar::clock::ID, clock_data(&variant.clock), 0);
        }
        variant
    }

    fn add_sysvars(&mut self) {
        // Encoded by hand: the layouts are part of the protocol, and the sysvar crates disagree on how to write them.
        self.add_sysvar(sysvar::clock::ID, clock_data(&self.clock), 0);

        let mut data = self.rent.lamports_per_byte.to_le_bytes().to_vec();
        data.extend(1.0f64.to_le_bytes());
        data.push(50);
        self.add_sysvar(sysvar::rent::ID, data, 0);

        let schedule = EpochSchedule::without_warmup();
        let mut data = schedule.slots_per_epoch.to_le_bytes().to_vec();
        data.extend(schedule.leader_schedule_slot_offset.to_le_bytes());
        data.push(u8::from(schedule.warmup));
        data.extend(schedule.first_normal_epoch.to_le_bytes());
        data.extend(schedule.first_normal_slot.to_le_bytes());
        self.add_sysvar(sysvar::epoch_schedule::ID, data, 0);

        self.add_sysvar(sysvar::epoch_rewards::ID, vec![0; 81], 0);
        self.add_sysvar(sysvar::last_restart_slot::ID, vec![0; 8], 0);
        self.add_sysvar(sysvar::stake_history::ID, vec![0; 8], 16_392);

        let mut data = 512u64.to_le_bytes().to_vec();
        for age in 1..=512 {
            data.extend((SLOT - age).to_le_bytes());
            data.extend(slot_hash(SLOT - age));
        }
        self.add_sysvar(sysvar::slot_hashes::ID, data, 20_488);

        let mut data = 1u64.to_le_bytes().to_vec();
        data.extend(self.blockhash.to_bytes());
        data.extend(LAMPORTS_PER_SIGNATURE.to_le_bytes());
        self.add_sysvar(sysvar::recent_blockhashes::ID, data, 6_008);
    }

    fn add_sysvar(&mut self, id: Address, mut data: Vec<u8>, space: usize) {
        data.resize(data.len().max(space), 0);
        let lamports = self.rent.minimum_balance(data.len());
        self.add(id, Account { lamports, data, owner: sysvar::ID, executable: false, rent_epoch: u64::MAX });
    }

    fn add_builtins(&mut self) {
        let active = BUILTINS
            .iter()
            .filter(|builtin| builtin.enable_feature_id.is_none_or(|feature| self.features.is_active(&feature)));
        let mut native: Vec<(Address, Vec<u8>)> =
            active.map(|builtin| (builtin.program_id, builtin.name.as_bytes().to_vec())).collect();
        native
            .extend(agave_precompiles::get_precompiles().iter().map(|precompile| (precompile.program_id, Vec::new())));
        for (id, data) in native {
            self.add(
                id,
                Account { lamports: 1, data, owner: native_loader::ID, executable: true, rent_epoch: u64::MAX },
            );
        }
    }

    fn add_programs(&mut self) {
        let mut programs = solana_program_binaries::spl_programs(&self.rent);
        programs.extend(solana_program_binaries::core_bpf_programs(&self.rent, |_| true));
        self.accounts.extend(programs);
    }

    /// The call machine under every loader and sBPF version that runs, and a second and third of its kind.
    fn add_machines(&mut self) {
        let (v0, v3) = (machine::elf(Version::V0), machine::elf(Version::V3));
        for name in [MACHINE, MACHINE_B, MACHINE_C] {
            self.add(address(name), program::loaded_by_v2(v0.clone()));
        }
        self.add(address(MACHINE_SBPF_V3), program::loaded_by_v2(v3));
        self.add(address(MACHINE_LOADER_V1), program::loaded_by_v1(v0.clone()));
        for (id, account) in program::loaded_by_v3(&address(MACHINE_LOADER_V3), &v0) {
            self.add(id, account);
        }
    }

    fn add(&mut self, id: Address, account: Account) {
        self.accounts.insert(id, account.into());
    }

    /// The constant as JSON: features, rent, blockhash, and the accounts of sysvars and native programs.
    pub fn to_text(&self) -> String {
        let features: Vec<String> =
            mainnet_feature_list().iter().map(|(address, _)| json(&address.to_string())).collect();
        let loader_v3 = address(MACHINE_LOADER_V3);
        let programdata = program::loaded_by_v3(&loader_v3, &[]).map(|(id, _)| id);
        let machines = [MACHINE, MACHINE_B, MACHINE_C, MACHINE_SBPF_V3, MACHINE_LOADER_V1].map(address);
        let small = self.accounts.iter().filter(|(id, account)| {
            let owner = account.owner();
            *owner == sysvar::ID || *owner == native_loader::ID || machines.contains(id) || programdata.contains(id)
        });
        let small: Vec<String> =
            small.map(|(address, account)| json(&AccountRecord::new(address, Some(account)))).collect();
        let programs =
            PROGRAM_NAMES.iter().map(|(name, address)| format!("{}:{}", json(name), json(&address.to_string())));
        format!(
            "{{\"slot\":{SLOT},\"blockhash\":{},\"lamports_per_signature\":{LAMPORTS_PER_SIGNATURE},\
             \"rent_lamports_per_byte\":{LAMPORTS_PER_BYTE},\n\"programs\":{{{}}},\n\"accounts\":[\n{}\n],\n\
             \"features\":[\n{}\n]}}\n",
            json(&self.blockhash.to_string()),
            programs.collect::<Vec<_>>().join(","),
            small.join(",\n"),
            features.join(",\n")
        )
    }

    /// Balance that exempts an account of `space` bytes from rent.
    pub fn exempt(&self, space: usize) -> u64 {
        self.rent.minimum_balance(space)
    }
}

fn clock_data(clock: &Clock) -> Vec<u8> {
    let mut data = clock.slot.to_le_bytes().to_vec();
    data.extend(clock.epoch_start_timestamp.to_le_bytes());
    data.extend(clock.epoch.to_le_bytes());
    data.extend(clock.leader_schedule_epoch.to_le_bytes());
    data.extend(clock.unix_timestamp.to_le_bytes());
    data
}

/// The hash that the slot-hashes sysvar holds for `slot`.
pub fn slot_hash(slot: u64) -> [u8; 32] {
    Sha256::digest([b"slot".as_slice(), &slot.to_le_bytes()].concat()).into()
}

/// Feature gates of `features.txt`: address and activation slot.
pub fn mainnet_feature_list() -> Vec<(Address, u64)> {
    FEATURES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split(' ');
            let address = words.next().and_then(|word| word.parse().ok()).expect("a line starts with an address");
            let slot = words.next().and_then(|word| word.parse().ok()).expect("a slot follows the address");
            (address, slot)
        })
        .collect()
}

fn mainnet_features() -> FeatureSet {
    let mut features = FeatureSet::default();
    for (address, slot) in mainnet_feature_list() {
        features.activate(&address, slot);
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn features_are_mainnets_and_known_to_this_agave() {
        let list = mainnet_feature_list();
        assert_eq!(list.len(), 251);
        assert_eq!(list.iter().map(|(address, _)| address).collect::<BTreeSet<_>>().len(), 251, "no gate twice");
        let known = agave_feature_set::FEATURE_NAMES.keys().copied().collect::<BTreeSet<_>>();
        assert!(list.iter().all(|(address, _)| known.contains(address)), "a gate unknown here would have no effect");
    }

    #[test]
    fn every_named_program_is_there_and_from_slot_0() {
        let environment = Environment::new();
        for (name, address) in PROGRAM_NAMES {
            let program = environment.accounts.get(address).unwrap_or_else(|| panic!("{name} is missing"));
            assert!(program.executable(), "{name} is not executable");
            if *program.owner() == solana_sdk_ids::bpf_loader_upgradeable::ID {
                let programdata = Address::find_program_address(&[address.as_ref()], program.owner()).0;
                assert_eq!(environment.accounts[&programdata].data()[..12], [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            }
        }
    }

    #[test]
    fn rent_is_5080_lamports_per_byte() {
        assert_eq!(Environment::new().exempt(165), (128 + 165) * 5_080);
    }
}
