//! Instruction errors as numbers, the way each fixture format writes them.

use std::ops::RangeInclusive;

use heddle_types::InstructionError;

/// Firedancer's number of a result: 0 for success, else one more than the index of the error in the declaration order of
/// `solana_instruction_error::InstructionError` (its bincode variant index).
pub fn firedancer_number(result: &Result<(), InstructionError>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(error) => 1 + index_of(error),
    }
}

/// The code beside [`firedancer_number`]: that of a custom error, else 0.
pub fn custom_code(result: &Result<(), InstructionError>) -> u32 {
    match result {
        Err(InstructionError::Custom(code)) => *code,
        _ => 0,
    }
}

/// The name of the error behind Firedancer's number, for people.
pub fn firedancer_name(number: i32) -> String {
    if number == 0 {
        return "0 (success)".into();
    }
    let error = usize::try_from(number - 1).ok().and_then(|index| IN_ORDER.get(index));
    error.map_or_else(|| number.to_string(), |error| format!("{number} ({})", variant_name(error)))
}

fn variant_name(error: &InstructionError) -> String {
    format!("{error:?}").split('(').next().unwrap_or_default().to_owned()
}

fn index_of(error: &InstructionError) -> i32 {
    let same = |known: &InstructionError| std::mem::discriminant(known) == std::mem::discriminant(error);
    IN_ORDER.iter().position(same).expect("every instruction error is in the list") as i32
}

/// What Mollusk records of a result: the program's return value, or all ones for an error that no program can return.
pub fn mollusk_program_result(result: &Result<(), InstructionError>) -> u64 {
    /// Codes in the upper half of a return value (`solana-program-error`): `Custom(0)` to `IncorrectAuthority`.
    const CODES: RangeInclusive<u64> = 1..=26;
    match result {
        Ok(()) => 0,
        Err(InstructionError::Custom(code)) if *code != 0 => u64::from(*code),
        Err(error) => {
            let mut values = CODES.map(|code| code << 32);
            values.find(|value| InstructionError::from(*value) == *error).unwrap_or(u64::MAX)
        }
    }
}

/// A recorded program result, for people.
pub fn mollusk_name(program_result: u64) -> String {
    match program_result {
        0 => "0x0 (success)".into(),
        u64::MAX => "0xffffffffffffffff (an error of the runtime)".into(),
        value => format!("{value:#x} ({:?})", InstructionError::from(value)),
    }
}

/// Declaration order of crate `solana-instruction-error` 3.1.
#[allow(deprecated, reason = "an old name keeps its number")]
const IN_ORDER: [InstructionError; 55] = {
    use InstructionError::*;
    [
        GenericError,
        InvalidArgument,
        InvalidInstructionData,
        InvalidAccountData,
        AccountDataTooSmall,
        InsufficientFunds,
        IncorrectProgramId,
        MissingRequiredSignature,
        AccountAlreadyInitialized,
        UninitializedAccount,
        UnbalancedInstruction,
        ModifiedProgramId,
        ExternalAccountLamportSpend,
        ExternalAccountDataModified,
        ReadonlyLamportChange,
        ReadonlyDataModified,
        DuplicateAccountIndex,
        ExecutableModified,
        RentEpochModified,
        NotEnoughAccountKeys,
        AccountDataSizeChanged,
        AccountNotExecutable,
        AccountBorrowFailed,
        AccountBorrowOutstanding,
        DuplicateAccountOutOfSync,
        Custom(0),
        InvalidError,
        ExecutableDataModified,
        ExecutableLamportChange,
        ExecutableAccountNotRentExempt,
        UnsupportedProgramId,
        CallDepth,
        MissingAccount,
        ReentrancyNotAllowed,
        MaxSeedLengthExceeded,
        InvalidSeeds,
        InvalidRealloc,
        ComputationalBudgetExceeded,
        PrivilegeEscalation,
        ProgramEnvironmentSetupFailure,
        ProgramFailedToComplete,
        ProgramFailedToCompile,
        Immutable,
        IncorrectAuthority,
        BorshIoError,
        AccountNotRentExempt,
        InvalidAccountOwner,
        ArithmeticOverflow,
        UnsupportedSysvar,
        IllegalOwner,
        MaxAccountsDataAllocationsExceeded,
        MaxAccountsExceeded,
        MaxInstructionTraceLengthExceeded,
        BuiltinProgramsMustConsumeComputeUnits,
        BailOut,
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that `test-vectors` use: crate `mollusk-svm` maps them by bincode.
    #[test]
    fn numbers_are_one_more_than_the_index() {
        let number = |error| firedancer_number(&Err(error));
        assert_eq!(firedancer_number(&Ok(())), 0);
        assert_eq!(number(InstructionError::GenericError), 1);
        assert_eq!(number(InstructionError::InvalidAccountData), 4);
        assert_eq!(number(InstructionError::MissingRequiredSignature), 8);
        assert_eq!(number(InstructionError::Custom(7)), 26);
        assert_eq!(number(InstructionError::UnsupportedProgramId), 31);
        assert_eq!(number(InstructionError::ComputationalBudgetExceeded), 38);
        assert_eq!(number(InstructionError::ProgramFailedToComplete), 41);
        assert_eq!(number(InstructionError::BuiltinProgramsMustConsumeComputeUnits), 54);
        assert_eq!(firedancer_name(41), "41 (ProgramFailedToComplete)");
    }

    /// Serde names variants in declaration order too: the deserialiser's list of them is that order.
    #[test]
    fn the_order_is_that_of_the_declaration() {
        let error = serde_json::from_str::<InstructionError>("\"NoSuchVariant\"").expect_err("no such variant");
        let message = error.to_string();
        let declared: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let ours: Vec<String> = IN_ORDER.iter().map(variant_name).collect();
        assert_eq!(declared, ours);
    }

    #[test]
    fn program_results_are_return_values() {
        assert_eq!(mollusk_program_result(&Ok(())), 0);
        assert_eq!(mollusk_program_result(&Err(InstructionError::Custom(5))), 5);
        assert_eq!(mollusk_program_result(&Err(InstructionError::Custom(0))), 1 << 32);
        assert_eq!(mollusk_program_result(&Err(InstructionError::InvalidArgument)), 2 << 32);
        assert_eq!(mollusk_program_result(&Err(InstructionError::ProgramFailedToComplete)), u64::MAX);
    }
}
