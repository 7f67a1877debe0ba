//! The zk-elgamal-proof program: prices, gates, context states. What each kind of proof does is compared with Solana by
//! the oracle's cases.

mod common;

use bytemuck::bytes_of;
use common::{Instruction, Meta, World, budget, key, r, s, w};
use heddle_programs::runtime_builder_with;
use heddle_types::{Account, FeatureSet, InstructionError, Pubkey, features::gate};
use solana_sdk_ids::{system_program, zk_elgamal_proof_program as program};
use solana_zk_sdk::{
    encryption::elgamal::ElGamalKeypair, zk_elgamal_proof_program::proof_data::PubkeyValidityProofData,
};

const VERIFY_PUBKEY: u8 = 4;
/// Authority, mark, public key.
const STATE_BYTES: usize = 32 + 1 + 32;

fn instruction(data: &[u8], accounts: Vec<Meta>) -> Instruction {
    Instruction { program: program::ID, accounts, data: data.to_vec() }
}

fn pubkey_proof() -> Vec<u8> {
    let keys = ElGamalKeypair::new_rand();
    bytes_of(&PubkeyValidityProofData::new(&keys).expect("a proof")).to_vec()
}

fn verify(proof: &[u8], accounts: Vec<Meta>) -> Instruction {
    instruction(&[&[VERIFY_PUBKEY], proof].concat(), accounts)
}

fn state_key() -> Pubkey {
    key(0x51)
}

fn authority() -> Pubkey {
    key(0xa0)
}

fn state(data: &[u8]) -> Account {
    Account::new(1_000, data, program::ID)
}

#[test]
fn every_instruction_has_its_price_and_name() {
    let prices: [(&str, u64); 13] = [
        ("CloseContextState", 3_300),
        ("VerifyZeroCiphertext", 6_000),
        ("VerifyCiphertextCiphertextEquality", 8_000),
        ("VerifyCiphertextCommitmentEquality", 6_400),
        ("VerifyPubkeyValidity", 2_600),
        ("VerifyPercentageWithCap", 6_500),
        ("VerifyBatchedRangeProofU64", 111_000),
        ("VerifyBatchedRangeProofU128", 200_000),
        ("VerifyBatchedRangeProofU256", 368_000),
        ("VerifyGroupedCiphertext2HandlesValidity", 6_400),
        ("VerifyBatchedGroupedCiphertext2HandlesValidity", 13_000),
        ("VerifyGroupedCiphertext3HandlesValidity", 8_100),
        ("VerifyBatchedGroupedCiphertext3HandlesValidity", 16_400),
    ];
    for (tag, (name, units)) in prices.into_iter().enumerate() {
        let one = [instruction(&[tag as u8], vec![])];
        let outcome = World::new().run_all(&one, budget(units as u32));
        assert_eq!(outcome.messages()[0], name);
        assert_eq!(outcome.compute_units, units, "{name}");
        let expected =
            if tag == 0 { InstructionError::MissingAccount } else { InstructionError::InvalidInstructionData };
        assert_eq!(outcome.error(), Some(expected), "{name}");
        let outcome = World::new().run_all(&one, budget(units as u32 - 1));
        assert_eq!(outcome.error(), Some(InstructionError::ComputationalBudgetExceeded), "{name}");
        assert!(outcome.messages().is_empty(), "{name}");
    }
}

#[test]
fn unknown_instructions_cost_nothing() {
    for data in [&[][..], &[13], &[255, 0, 0, 0, 0]] {
        let outcome = World::new().run(&instruction(data, vec![]));
        assert_eq!(outcome.error(), Some(InstructionError::InvalidInstructionData));
        assert_eq!(outcome.compute_units, 0);
    }
}

#[test]
fn gates_switch_it_off_and_on_again() {
    let (off, on) = (gate::disable_zk_elgamal_proof_program, gate::reenable_zk_elgamal_proof_program);
    let mainnet = FeatureSet::mainnet;
    for (features, runs) in [
        (mainnet(), true),
        (mainnet().deactivate(&on), false),
        (mainnet().deactivate(&off), true),
        (mainnet().deactivate(&off).deactivate(&on), true),
    ] {
        let gates = features.gates().expect("supported");
        let world = World { runtime: runtime_builder_with(gates).build(), ..World::new() };
        let outcome = world.run(&verify(&pubkey_proof(), vec![]));
        if runs {
            assert_eq!(outcome.result, Ok(()));
        } else {
            assert_eq!(outcome.error(), Some(InstructionError::InvalidInstructionData));
            assert_eq!(outcome.messages(), ["zk-elgamal-proof program is temporarily disabled"]);
            assert_eq!(outcome.compute_units, 0);
        }
    }
}

#[test]
fn a_state_lives_from_proof_to_close() {
    let proof = pubkey_proof();
    let world = World::new().with(state_key(), state(&[0; STATE_BYTES]));
    let outcome = world.run(&verify(&proof, vec![w(state_key()), r(authority())]));
    assert_eq!(outcome.result, Ok(()));
    let recorded = [authority().as_ref(), &[VERIFY_PUBKEY], &proof[..32]].concat();
    assert_eq!(*outcome.accounts[&state_key()].data, recorded[..]);

    let world = World::new().with(state_key(), state(&recorded));
    let outcome = world.run(&instruction(&[0], vec![w(state_key()), w(key(0xde)), s(authority())]));
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.accounts[&state_key()], Account { owner: system_program::ID, ..Account::default() });
    assert_eq!(outcome.accounts[&key(0xde)].lamports, 1_000);
}

#[test]
fn a_forged_proof_is_named_in_the_log_and_records_nothing() {
    let mut proof = pubkey_proof();
    proof[95] ^= 1;
    let world = World::new().with(state_key(), state(&[0; STATE_BYTES]));
    let outcome = world.run(&verify(&proof, vec![w(state_key()), r(authority())]));
    assert_eq!(outcome.error(), Some(InstructionError::InvalidInstructionData));
    let expected = "proof verification failed: SigmaProof(PubkeyValidity, AlgebraicRelation)";
    assert_eq!(outcome.messages(), ["VerifyPubkeyValidity", expected]);
    assert_eq!(*outcome.accounts[&state_key()].data, [0; STATE_BYTES]);
}

#[test]
fn a_proof_in_an_account_is_read_at_its_offset() {
    let proof = pubkey_proof();
    let account = Account::new(1, &[&[7, 7, 7], &proof[..]].concat(), key(0x99));
    let world = World::new().with(key(0xaa), account);
    for (offset, error) in [
        (3u32, None),
        (2, Some(InstructionError::InvalidInstructionData)),
        (4, Some(InstructionError::InvalidAccountData)),
        (u32::MAX, Some(InstructionError::InvalidAccountData)),
    ] {
        let data = [&[VERIFY_PUBKEY], &offset.to_le_bytes()[..]].concat();
        assert_eq!(world.run(&instruction(&data, vec![r(key(0xaa))])).error(), error, "{offset}");
    }
}

/// Calls its first account with its own instruction data, the accounts after it, and their flags. On the heap: the
/// instruction, 256 bytes on the metas, 1,024 bytes on the account infos. No account may be named twice. (The oracle's
/// topic calls the program through the same text, assembled: `oracle/forward.hex`.)
const FORWARD: &str = "
    mov64 r7, 3
    lsh64 r7, 32
    mov64 r6, r1
    ldxdw r8, [r6+0]
    add64 r6, 8
    mov64 r1, r6
    add64 r1, 8
    stxdw [r7+0], r1
    mov64 r3, r7
    add64 r3, 256
    mov64 r4, r7
    add64 r4, 1024
    stxdw [r7+8], r3
    mov64 r1, r8
    add64 r1, -1
    stxdw [r7+16], r1
    stxdw [r7+24], r2
    ldxdw r1, [r2-8]
    stxdw [r7+32], r1
    mov64 r9, r8
    next:
    mov64 r1, r6
    add64 r1, 8
    stxdw [r4+0], r1
    stxdw [r3+0], r1
    mov64 r5, r6
    add64 r5, 72
    stxdw [r4+8], r5
    ldxdw r5, [r6+80]
    stxdw [r4+16], r5
    mov64 r0, r6
    add64 r0, 88
    stxdw [r4+24], r0
    mov64 r0, r6
    add64 r0, 40
    stxdw [r4+32], r0
    ldxb r0, [r6+1]
    stxb [r4+48], r0
    stxb [r3+9], r0
    ldxb r0, [r6+2]
    stxb [r4+49], r0
    stxb [r3+8], r0
    ldxb r0, [r6+3]
    stxb [r4+50], r0
    jeq r9, r8, no_meta
    add64 r3, 16
    no_meta:
    add64 r4, 56
    add64 r5, 7
    and64 r5, -8
    add64 r6, r5
    add64 r6, 10336
    add64 r9, -1
    jne r9, 0, next
    mov64 r1, r7
    mov64 r2, r7
    add64 r2, 1024
    mov64 r3, r8
    mov64 r4, 0
    mov64 r5, 0
    syscall sol_invoke_signed_c
    exit";

#[test]
fn programs_may_call_it() {
    let caller = key(0xca);
    let world = World::new().with_assembled(caller, FORWARD).with(state_key(), state(&[0; STATE_BYTES]));
    let accounts = vec![r(program::ID), w(state_key()), r(authority())];
    let call = |data: Vec<u8>| world.run(&Instruction { program: caller, accounts: accounts.clone(), data });
    let mut data = [&[VERIFY_PUBKEY], &pubkey_proof()[..]].concat();
    let outcome = call(data.clone());
    assert_eq!(outcome.result, Ok(()), "{:#?}", outcome.logs);
    assert_eq!(outcome.logs[1], format!("Program {} invoke [2]", program::ID));
    assert_eq!(outcome.messages(), ["VerifyPubkeyValidity"]);
    let recorded = [authority().as_ref(), &data[..33]].concat();
    assert_eq!(*outcome.accounts[&state_key()].data, recorded[..]);
    data[96] ^= 1;
    assert_eq!(call(data).error(), Some(InstructionError::InvalidInstructionData));
}

#[test]
fn the_oracle_calls_through_the_same_text() {
    let recorded = include_str!("../../oracle/forward.hex").lines().collect::<String>();
    let elf = heddle_vm::assemble(FORWARD).expect("valid assembly");
    assert_eq!(elf.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), recorded);
}
