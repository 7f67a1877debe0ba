//! Account layouts and the transfer instruction of the SPL Token program, as far as workloads need them.
//!
//! Written here from `spl-token` 8.0 (`state.rs`, `instruction.rs`); p-token (`pinocchio-token-interface`) keeps both
//! layouts. All integers are little-endian.

use heddle_types::Pubkey;

/// The SPL Token program.
pub const TOKEN_PROGRAM_ID: Pubkey = Pubkey::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");

/// Size of a mint: authority option (4 + 32), supply (8), decimals (1), initialized (1), freeze authority option
/// (4 + 32).
pub const MINT_SIZE_BYTES: usize = 82;
/// Offset of the supply in a mint.
pub const MINT_SUPPLY_OFFSET: usize = 36;
/// Offset of the decimals in a mint.
pub const MINT_DECIMALS_OFFSET: usize = 44;
/// Offset of the initialized flag in a mint.
pub const MINT_INITIALIZED_OFFSET: usize = 45;

/// Size of a token account: mint (32), owner (32), amount (8), delegate option (4 + 32), state (1), native option
/// (4 + 8), delegated amount (8), close authority option (4 + 32).
pub const TOKEN_ACCOUNT_SIZE_BYTES: usize = 165;
/// Offset of the mint in a token account.
pub const TOKEN_ACCOUNT_MINT_OFFSET: usize = 0;
/// Offset of the owner in a token account.
pub const TOKEN_ACCOUNT_OWNER_OFFSET: usize = 32;
/// Offset of the amount in a token account.
pub const TOKEN_ACCOUNT_AMOUNT_OFFSET: usize = 64;
/// Offset of the state in a token account.
pub const TOKEN_ACCOUNT_STATE_OFFSET: usize = 108;

/// Tag of `TokenInstruction::Transfer { amount: u64 }`; accounts: source (writable), destination (writable), owner
/// (signer).
pub const TRANSFER_TAG: u8 = 3;

/// `AccountState::Initialized`.
const STATE_INITIALIZED: u8 = 1;

/// A mint of fixed supply: it has neither a mint nor a freeze authority (option tags 0).
pub fn mint_data(supply: u64, decimals: u8) -> [u8; MINT_SIZE_BYTES] {
    let mut data = [0; MINT_SIZE_BYTES];
    data[MINT_SUPPLY_OFFSET..][..8].copy_from_slice(&supply.to_le_bytes());
    data[MINT_DECIMALS_OFFSET] = decimals;
    data[MINT_INITIALIZED_OFFSET] = 1;
    data
}

/// An initialized token account without delegate or close authority, not wrapping lamports (option tags 0).
pub fn token_account_data(mint: &Pubkey, owner: &Pubkey, amount: u64) -> [u8; TOKEN_ACCOUNT_SIZE_BYTES] {
    let mut data = [0; TOKEN_ACCOUNT_SIZE_BYTES];
    data[TOKEN_ACCOUNT_MINT_OFFSET..][..32].copy_from_slice(mint.as_ref());
    data[TOKEN_ACCOUNT_OWNER_OFFSET..][..32].copy_from_slice(owner.as_ref());
    data[TOKEN_ACCOUNT_AMOUNT_OFFSET..][..8].copy_from_slice(&amount.to_le_bytes());
    data[TOKEN_ACCOUNT_STATE_OFFSET] = STATE_INITIALIZED;
    data
}

/// Instruction data that moves `amount` base units.
pub fn transfer_data(amount: u64) -> [u8; 9] {
    let mut data = [TRANSFER_TAG; 9];
    data[1..].copy_from_slice(&amount.to_le_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lie_where_the_program_reads_them() {
        let (mint, owner) = (Pubkey::from([1; 32]), Pubkey::from([2; 32]));
        let account = token_account_data(&mint, &owner, 0x0102);
        let amount = [2, 1, 0, 0, 0, 0, 0, 0];
        let expected = [&[1; 32][..], &[2; 32], &amount, &[0; 36], &[1], &[0; 12], &[0; 8], &[0; 36]];
        assert_eq!(account[..], expected.concat());
        let expected = [&[0; 36][..], &amount, &[6], &[1], &[0; 36]];
        assert_eq!(mint_data(0x0102, 6)[..], expected.concat());
        assert_eq!(transfer_data(0x0102), [3, 2, 1, 0, 0, 0, 0, 0, 0]);
    }
}
