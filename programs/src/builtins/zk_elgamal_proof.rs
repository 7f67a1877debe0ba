//! The zk-elgamal-proof program: checks zero-knowledge proofs about ElGamal ciphertexts and Pedersen commitments, and
//! keeps what was proved in accounts that other programs read.
//!
//! ```text
//! instruction data ─┐                        two accounts more?
//! account, offset  ─┴─► proof ─► verified ─────────────────────► context state: authority │ kind │ statement
//!                                                                      └─ close: lamports out, back to the system
//! ```
//!
//! Checks, their order, units, error codes and log lines are those of crate `solana-zk-elgamal-proof-program` 4.2.2. The
//! mathematics is crate `solana-zk-sdk` in the version which that release pins; this file knows none of it.

use bytemuck::Pod;
use heddle_vm::{InvokeContext, log_line};
use solana_instruction_error::InstructionError;
use solana_sdk_ids::{system_program, zk_elgamal_proof_program};
use solana_zk_sdk::zk_elgamal_proof_program::{
    errors::ProofVerificationError,
    proof_data::{
        BatchedGroupedCiphertext2HandlesValidityProofData, BatchedGroupedCiphertext3HandlesValidityProofData,
        BatchedRangeProofU64Data, BatchedRangeProofU128Data, BatchedRangeProofU256Data,
        CiphertextCiphertextEqualityProofData, CiphertextCommitmentEqualityProofData,
        GroupedCiphertext2HandlesValidityProofData, GroupedCiphertext3HandlesValidityProofData,
        PercentageWithCapProofData, PubkeyValidityProofData, ZeroCiphertextProofData, ZkProofData,
    },
};

/// Tag of the only instruction that verifies nothing.
const CLOSE_TAG: u8 = 0;
/// Cost of closing a context state.
const CLOSE_COMPUTE_UNITS: u64 = 3_300;
/// Instruction data of this length (tag, offset u32 LE) says where in account 0 the proof lies.
const REFERENCE_SIZE_BYTES: usize = 5;
/// A context state begins with its authority (32 bytes) and the kind of proof (1 byte), 0 before it is initialised.
const HEADER_SIZE_BYTES: usize = 33;

/// A proof as the instruction or an account holds it: the statement, then what proves it.
type Verify = fn(&[u8]) -> Result<Vec<u8>, Refusal>;

/// One kind of proof. Its place in [`KINDS`], from 1, is its instruction's tag and its mark in a context state.
struct Kind {
    name: &'static str,
    compute_units: u64,
    size_bytes: usize,
    /// Gives back the statement.
    verify: Verify,
}

/// Why a proof does not count.
enum Refusal {
    Length,
    Verification(ProofVerificationError),
}

/// Every kind, in the order of tags.
const KINDS: [Kind; 12] = [
    kind::<ZeroCiphertextProofData, _>("VerifyZeroCiphertext", 6_000),
    kind::<CiphertextCiphertextEqualityProofData, _>("VerifyCiphertextCiphertextEquality", 8_000),
    kind::<CiphertextCommitmentEqualityProofData, _>("VerifyCiphertextCommitmentEquality", 6_400),
    kind::<PubkeyValidityProofData, _>("VerifyPubkeyValidity", 2_600),
    kind::<PercentageWithCapProofData, _>("VerifyPercentageWithCap", 6_500),
    kind::<BatchedRangeProofU64Data, _>("VerifyBatchedRangeProofU64", 111_000),
    kind::<BatchedRangeProofU128Data, _>("VerifyBatchedRangeProofU128", 200_000),
    kind::<BatchedRangeProofU256Data, _>("VerifyBatchedRangeProofU256", 368_000),
    kind::<GroupedCiphertext2HandlesValidityProofData, _>("VerifyGroupedCiphertext2HandlesValidity", 6_400),
    kind::<BatchedGroupedCiphertext2HandlesValidityProofData, _>(
        "VerifyBatchedGroupedCiphertext2HandlesValidity",
        13_000,
    ),
    kind::<GroupedCiphertext3HandlesValidityProofData, _>("VerifyGroupedCiphertext3HandlesValidity", 8_100),
    kind::<BatchedGroupedCiphertext3HandlesValidityProofData, _>(
        "VerifyBatchedGroupedCiphertext3HandlesValidity",
        16_400,
    ),
];

const fn kind<Proof: Pod + ZkProofData<Statement>, Statement: Pod>(name: &'static str, compute_units: u64) -> Kind {
    Kind { name, compute_units, size_bytes: size_of::<Proof>(), verify: verify::<Proof, Statement> }
}

fn verify<Proof: Pod + ZkProofData<Statement>, Statement: Pod>(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let proof: &Proof = bytemuck::try_from_bytes(bytes).map_err(|_| Refusal::Length)?;
    proof.verify_proof().map_err(Refusal::Verification)?;
    Ok(bytemuck::bytes_of(proof.context_data()).to_vec())
}

/// Processes one instruction.
pub(crate) fn process(context: &mut InvokeContext) -> Result<(), InstructionError> {
    let gates = context.gates();
    if gates.disable_zk_elgamal_proof_program && !gates.reenable_zk_elgamal_proof_program {
        log_line!(context, "zk-elgamal-proof program is temporarily disabled");
        return Err(InstructionError::InvalidInstructionData);
    }
    let tag = *context.instruction_data().first().ok_or(InstructionError::InvalidInstructionData)?;
    if tag == CLOSE_TAG {
        context.consume(CLOSE_COMPUTE_UNITS)?;
        log_line!(context, "CloseContextState");
        return close(context);
    }
    let kind = KINDS.get(usize::from(tag) - 1).ok_or(InstructionError::InvalidInstructionData)?;
    context.consume(kind.compute_units)?;
    log_line!(context, "{}", kind.name);
    prove(context, tag, kind)
}

/// Verifies a proof; with two accounts more than the proof needs, records its statement in the first of them for the
/// second as authority.
fn prove(context: &mut InvokeContext, tag: u8, kind: &Kind) -> Result<(), InstructionError> {
    let is_in_account = context.instruction_data().len() == REFERENCE_SIZE_BYTES;
    let verdict = if is_in_account {
        let start = proof_offset(context.instruction_data())?;
        let end = start.checked_add(kind.size_bytes).ok_or(InstructionError::InvalidInstructionData)?;
        let account = context.account(0)?;
        (kind.verify)(account.data().get(start..end).ok_or(InstructionError::InvalidAccountData)?)
    } else {
        (kind.verify)(&context.instruction_data()[1..])
    };
    let statement = verdict.map_err(|refusal| refuse(context, &refusal))?;
    let state_index = usize::from(is_in_account);
    if context.account_count() < state_index + 2 {
        return Ok(());
    }
    record(context, state_index, tag, &statement)
}

fn proof_offset(data: &[u8]) -> Result<usize, InstructionError> {
    let offset = data[1..].first_chunk().ok_or(InstructionError::InvalidInstructionData)?;
    usize::try_from(u32::from_le_bytes(*offset)).map_err(|_| InstructionError::InvalidInstructionData)
}

fn refuse(context: &mut InvokeContext, refusal: &Refusal) -> InstructionError {
    match refusal {
        Refusal::Length => log_line!(context, "invalid proof data"),
        Refusal::Verification(error) => log_line!(context, "proof verification failed: {:?}", error),
    }
    InstructionError::InvalidInstructionData
}

/// Initialises the context state at `index`; the account after it is the authority and need not sign.
fn record(context: &mut InvokeContext, index: usize, tag: u8, statement: &[u8]) -> Result<(), InstructionError> {
    let authority = *context.account_key(index + 1)?;
    let mut account = context.account(index)?;
    if *account.owner() != zk_elgamal_proof_program::ID {
        return Err(InstructionError::InvalidAccountOwner);
    }
    if header_kind(account.data())? != 0 {
        return Err(InstructionError::AccountAlreadyInitialized);
    }
    let state = [authority.as_ref(), &[tag], statement].concat();
    if account.data().len() != state.len() {
        return Err(InstructionError::InvalidAccountData);
    }
    account.set_data(&state)
}

/// Empties the context state at 0 into account 1; account 2 is its authority and signs.
fn close(context: &mut InvokeContext) -> Result<(), InstructionError> {
    if !context.account(2)?.is_signer() {
        return Err(InstructionError::MissingRequiredSignature);
    }
    let authority = *context.account_key(2)?;
    if context.account_key(0)? == context.account_key(1)? {
        return Err(InstructionError::InvalidInstructionData);
    }
    let state = context.account(0)?;
    if *state.owner() != zk_elgamal_proof_program::ID {
        return Err(InstructionError::InvalidAccountOwner);
    }
    if header_kind(state.data())? == 0 {
        return Err(InstructionError::UninitializedAccount);
    }
    if state.data()[..32] != authority.to_bytes() {
        return Err(InstructionError::InvalidAccountOwner);
    }
    let lamports = state.lamports();
    context.account(1)?.checked_add_lamports(lamports)?;
    let mut state = context.account(0)?;
    state.set_lamports(0)?;
    state.set_data_length(0)?;
    state.set_owner(&system_program::ID)
}

/// The kind that a context state is marked with.
fn header_kind(data: &[u8]) -> Result<u8, InstructionError> {
    data.get(..HEADER_SIZE_BYTES)
        .map(|header| header[HEADER_SIZE_BYTES - 1])
        .ok_or(InstructionError::InvalidAccountData)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_the_marks_of_their_kinds() {
        fn mark<Proof: ZkProofData<Statement>, Statement: Pod>() -> u8 {
            Proof::PROOF_TYPE as u8
        }
        let marks = [
            mark::<ZeroCiphertextProofData, _>(),
            mark::<CiphertextCiphertextEqualityProofData, _>(),
            mark::<CiphertextCommitmentEqualityProofData, _>(),
            mark::<PubkeyValidityProofData, _>(),
            mark::<PercentageWithCapProofData, _>(),
            mark::<BatchedRangeProofU64Data, _>(),
            mark::<BatchedRangeProofU128Data, _>(),
            mark::<BatchedRangeProofU256Data, _>(),
            mark::<GroupedCiphertext2HandlesValidityProofData, _>(),
            mark::<BatchedGroupedCiphertext2HandlesValidityProofData, _>(),
            mark::<GroupedCiphertext3HandlesValidityProofData, _>(),
            mark::<BatchedGroupedCiphertext3HandlesValidityProofData, _>(),
        ];
        assert!(marks.into_iter().eq(1..=KINDS.len() as u8));
    }
}
