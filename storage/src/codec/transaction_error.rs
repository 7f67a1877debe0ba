//! The code table of transaction and instruction errors.
//!
//! A result is one byte: 0 for success, else the error's index in the Solana enum plus one (the index is what bincode
//! writes, so it is stable upstream too), followed by what the error carries. The table is written out here because
//! the enums are `non_exhaustive`: a variant added upstream must not renumber what is on disk. A test compares the
//! table with the crates.

use heddle_types::{InstructionError, TransactionError};

use super::{DecodeError, EncodeError, cursor::Cursor};

const SUCCESS: u8 = 0;
const INSTRUCTION_ERROR: u8 = 9;
const DUPLICATE_INSTRUCTION: u8 = 31;
const INSUFFICIENT_FUNDS_FOR_RENT: u8 = 32;
const PROGRAM_EXECUTION_TEMPORARILY_RESTRICTED: u8 = 36;
/// Code of [`InstructionError::Custom`], which carries a u32.
const CUSTOM: u8 = 25;

/// Bytes of the shortest stored result.
pub(super) const RESULT_BYTES_MIN: usize = 1;

/// Transaction errors that carry nothing.
const TRANSACTION_ERRORS: [(u8, TransactionError); 36] = {
    use TransactionError as E;
    [
        (1, E::AccountInUse),
        (2, E::AccountLoadedTwice),
        (3, E::AccountNotFound),
        (4, E::ProgramAccountNotFound),
        (5, E::InsufficientFundsForFee),
        (6, E::InvalidAccountForFee),
        (7, E::AlreadyProcessed),
        (8, E::BlockhashNotFound),
        (10, E::CallChainTooDeep),
        (11, E::MissingSignatureForFee),
        (12, E::InvalidAccountIndex),
        (13, E::SignatureFailure),
        (14, E::InvalidProgramForExecution),
        (15, E::SanitizeFailure),
        (16, E::ClusterMaintenance),
        (17, E::AccountBorrowOutstanding),
        (18, E::WouldExceedMaxBlockCostLimit),
        (19, E::UnsupportedVersion),
        (20, E::InvalidWritableAccount),
        (21, E::WouldExceedMaxAccountCostLimit),
        (22, E::WouldExceedAccountDataBlockLimit),
        (23, E::TooManyAccountLocks),
        (24, E::AddressLookupTableNotFound),
        (25, E::InvalidAddressLookupTableOwner),
        (26, E::InvalidAddressLookupTableData),
        (27, E::InvalidAddressLookupTableIndex),
        (28, E::InvalidRentPayingAccount),
        (29, E::WouldExceedMaxVoteCostLimit),
        (30, E::WouldExceedAccountDataTotalLimit),
        (33, E::MaxLoadedAccountsDataSizeExceeded),
        (34, E::InvalidLoadedAccountsDataSizeLimit),
        (35, E::ResanitizationNeeded),
        (37, E::UnbalancedTransaction),
        (38, E::ProgramCacheHitMaxLimit),
        (39, E::CommitCancelled),
        (40, E::BailOut),
    ]
};

/// Instruction errors that carry nothing.
#[expect(deprecated, reason = "programs can still return the code of NotEnoughAccountKeys")]
const INSTRUCTION_ERRORS: [(u8, InstructionError); 54] = {
    use InstructionError as E;
    [
        (0, E::GenericError),
        (1, E::InvalidArgument),
        (2, E::InvalidInstructionData),
        (3, E::InvalidAccountData),
        (4, E::AccountDataTooSmall),
        (5, E::InsufficientFunds),
        (6, E::IncorrectProgramId),
        (7, E::MissingRequiredSignature),
        (8, E::AccountAlreadyInitialized),
        (9, E::UninitializedAccount),
        (10, E::UnbalancedInstruction),
        (11, E::ModifiedProgramId),
        (12, E::ExternalAccountLamportSpend),
        (13, E::ExternalAccountDataModified),
        (14, E::ReadonlyLamportChange),
        (15, E::ReadonlyDataModified),
        (16, E::DuplicateAccountIndex),
        (17, E::ExecutableModified),
        (18, E::RentEpochModified),
        (19, E::NotEnoughAccountKeys),
        (20, E::AccountDataSizeChanged),
        (21, E::AccountNotExecutable),
        (22, E::AccountBorrowFailed),
        (23, E::AccountBorrowOutstanding),
        (24, E::DuplicateAccountOutOfSync),
        (26, E::InvalidError),
        (27, E::ExecutableDataModified),
        (28, E::ExecutableLamportChange),
        (29, E::ExecutableAccountNotRentExempt),
        (30, E::UnsupportedProgramId),
        (31, E::CallDepth),
        (32, E::MissingAccount),
        (33, E::ReentrancyNotAllowed),
        (34, E::MaxSeedLengthExceeded),
        (35, E::InvalidSeeds),
        (36, E::InvalidRealloc),
        (37, E::ComputationalBudgetExceeded),
        (38, E::PrivilegeEscalation),
        (39, E::ProgramEnvironmentSetupFailure),
        (40, E::ProgramFailedToComplete),
        (41, E::ProgramFailedToCompile),
        (42, E::Immutable),
        (43, E::IncorrectAuthority),
        (44, E::BorshIoError),
        (45, E::AccountNotRentExempt),
        (46, E::InvalidAccountOwner),
        (47, E::ArithmeticOverflow),
        (48, E::UnsupportedSysvar),
        (49, E::IllegalOwner),
        (50, E::MaxAccountsDataAllocationsExceeded),
        (51, E::MaxAccountsExceeded),
        (52, E::MaxInstructionTraceLengthExceeded),
        (53, E::BuiltinProgramsMustConsumeComputeUnits),
        (54, E::BailOut),
    ]
};

/// Appends the stored form of a result; O(size of the table) for an error.
pub(super) fn push_result(result: &Result<(), TransactionError>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let Err(error) = result else {
        out.push(SUCCESS);
        return Ok(());
    };
    match error {
        TransactionError::InstructionError(index, instruction_error) => {
            out.extend([INSTRUCTION_ERROR, *index]);
            push_instruction_error(instruction_error, out).ok_or_else(|| EncodeError::UnknownError(error.clone()))?;
        }
        TransactionError::DuplicateInstruction(index) => out.extend([DUPLICATE_INSTRUCTION, *index]),
        TransactionError::InsufficientFundsForRent { account_index } => {
            out.extend([INSUFFICIENT_FUNDS_FOR_RENT, *account_index]);
        }
        TransactionError::ProgramExecutionTemporarilyRestricted { account_index } => {
            out.extend([PROGRAM_EXECUTION_TEMPORARILY_RESTRICTED, *account_index]);
        }
        plain => out.push(code_of(&TRANSACTION_ERRORS, plain).ok_or_else(|| EncodeError::UnknownError(plain.clone()))?),
    }
    Ok(())
}

/// Reads a result.
pub(super) fn take_result(cursor: &mut Cursor<'_>) -> Result<Result<(), TransactionError>, DecodeError> {
    let error = match cursor.u8()? {
        SUCCESS => return Ok(Ok(())),
        INSTRUCTION_ERROR => TransactionError::InstructionError(cursor.u8()?, take_instruction_error(cursor)?),
        DUPLICATE_INSTRUCTION => TransactionError::DuplicateInstruction(cursor.u8()?),
        INSUFFICIENT_FUNDS_FOR_RENT => TransactionError::InsufficientFundsForRent { account_index: cursor.u8()? },
        PROGRAM_EXECUTION_TEMPORARILY_RESTRICTED => {
            TransactionError::ProgramExecutionTemporarilyRestricted { account_index: cursor.u8()? }
        }
        code => error_of(&TRANSACTION_ERRORS, code)
            .ok_or(DecodeError::Value { field: "transaction error code", value: code.into() })?,
    };
    Ok(Err(error))
}

fn push_instruction_error(error: &InstructionError, out: &mut Vec<u8>) -> Option<()> {
    if let InstructionError::Custom(number) = error {
        out.push(CUSTOM);
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        out.push(code_of(&INSTRUCTION_ERRORS, error)?);
    }
    Some(())
}

fn take_instruction_error(cursor: &mut Cursor<'_>) -> Result<InstructionError, DecodeError> {
    match cursor.u8()? {
        CUSTOM => Ok(InstructionError::Custom(cursor.u32()?)),
        code => error_of(&INSTRUCTION_ERRORS, code)
            .ok_or(DecodeError::Value { field: "instruction error code", value: code.into() }),
    }
}

fn code_of<E: PartialEq>(table: &[(u8, E)], error: &E) -> Option<u8> {
    table.iter().find(|(_, named)| named == error).map(|(code, _)| *code)
}

fn error_of<E: Clone>(table: &[(u8, E)], code: u8) -> Option<E> {
    table.iter().find(|(named, _)| *named == code).map(|(_, error)| error.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(result: Result<(), TransactionError>) -> Vec<u8> {
        let mut bytes = Vec::new();
        push_result(&result, &mut bytes).unwrap();
        let mut cursor = Cursor::bare(&bytes);
        assert_eq!(take_result(&mut cursor), Ok(result));
        cursor.finish().unwrap();
        bytes
    }

    /// `Debug` of a value up to what it carries.
    fn variant_name(value: &impl std::fmt::Debug) -> String {
        format!("{value:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
    }

    fn all_transaction_errors() -> Vec<(u8, TransactionError)> {
        let mut all = TRANSACTION_ERRORS.to_vec();
        all.push((INSTRUCTION_ERROR, TransactionError::InstructionError(3, InstructionError::GenericError)));
        all.push((DUPLICATE_INSTRUCTION, TransactionError::DuplicateInstruction(4)));
        all.push((INSUFFICIENT_FUNDS_FOR_RENT, TransactionError::InsufficientFundsForRent { account_index: 5 }));
        all.push((
            PROGRAM_EXECUTION_TEMPORARILY_RESTRICTED,
            TransactionError::ProgramExecutionTemporarilyRestricted { account_index: 6 },
        ));
        all.sort_by_key(|(code, _)| *code);
        all
    }

    fn all_instruction_errors() -> Vec<(u8, InstructionError)> {
        let mut all = INSTRUCTION_ERRORS.to_vec();
        all.push((CUSTOM, InstructionError::Custom(0xdead_beef)));
        all.sort_by_key(|(code, _)| *code);
        all
    }

    #[test]
    fn table_names_every_transaction_error_in_order() {
        let all = all_transaction_errors();
        let names = all.iter().map(|(_, error)| variant_name(error));
        assert!(names.eq(TransactionError::VARIANTS.iter().map(variant_name)), "a Solana crate changed: add codes");
        assert!(all.iter().map(|(code, _)| *code).eq(1..=40));
    }

    #[test]
    fn table_names_every_instruction_error_in_order() {
        let all = all_instruction_errors();
        let names = all.iter().map(|(_, error)| variant_name(error));
        assert!(names.eq(InstructionError::VARIANTS.iter().map(variant_name)), "a Solana crate changed: add codes");
        assert!(all.iter().map(|(code, _)| *code).eq(0..=54));
    }

    #[test]
    fn every_error_comes_back() {
        assert_eq!(round_trip(Ok(())), [0]);
        for (code, error) in all_transaction_errors() {
            assert_eq!(round_trip(Err(error))[0], code);
        }
        for (code, error) in all_instruction_errors() {
            let bytes = round_trip(Err(TransactionError::InstructionError(255, error)));
            assert_eq!(bytes[..3], [INSTRUCTION_ERROR, 255, code]);
        }
        for number in [0, 1, u32::MAX] {
            round_trip(Err(TransactionError::InstructionError(0, InstructionError::Custom(number))));
        }
    }

    #[test]
    fn unknown_codes_are_errors() {
        let take = |bytes: &[u8]| take_result(&mut Cursor::bare(bytes));
        for code in 41..=255 {
            assert_eq!(take(&[code]), Err(DecodeError::Value { field: "transaction error code", value: code.into() }));
        }
        for code in 55..=255 {
            let expected = DecodeError::Value { field: "instruction error code", value: code.into() };
            assert_eq!(take(&[INSTRUCTION_ERROR, 0, code]), Err(expected));
        }
        for bytes in [&[][..], &[9], &[9, 0], &[9, 0, 25, 0, 0, 0], &[31], &[32], &[36]] {
            assert!(matches!(take(bytes), Err(DecodeError::Short { .. })), "{bytes:?}");
        }
    }
}
