//! The base states of both token programs: mint, token account and multisig.
//!
//! Layouts and refusals are those of crate `spl-token-2022-interface` 3.1, `state.rs` and `extension/mod.rs`, which Agave
//! reads accounts of either program with. Extensions stay bytes here.

use heddle_types::Pubkey;

use crate::reader::Reader;

const MINT_SIZE_BYTES: usize = 82;
const ACCOUNT_SIZE_BYTES: usize = 165;
/// No other state has this size: extensions leave it out.
pub(crate) const MULTISIG_SIZE_BYTES: usize = 355;
const MULTISIG_SIGNERS: usize = 11;

/// The byte behind the base state that tells a mint from an account where extensions follow.
const TYPE_MINT: u8 = 1;
const TYPE_ACCOUNT: u8 = 2;

/// What a token account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAccountState {
    /// Made, and not yet given a mint.
    Uninitialized,
    /// In use.
    Initialized,
    /// Closed to transfers by the mint's freeze authority.
    Frozen,
}

impl TokenAccountState {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Uninitialized),
            1 => Some(Self::Initialized),
            2 => Some(Self::Frozen),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uninitialized => "uninitialized",
            Self::Initialized => "initialized",
            Self::Frozen => "frozen",
        }
    }
}

/// An account that holds tokens, of either token program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAccount {
    /// Whose tokens it holds.
    pub mint: Pubkey,
    /// Who may spend them.
    pub owner: Pubkey,
    /// How many, in the mint's smallest unit.
    pub amount: u64,
    /// Who may spend up to `delegated_amount` besides.
    pub delegate: Option<Pubkey>,
    /// [`TokenAccountState::Initialized`] or [`TokenAccountState::Frozen`].
    pub state: TokenAccountState,
    /// Of an account that wraps lamports: the rent-exempt reserve, which is not part of `amount`.
    pub native_reserve: Option<u64>,
    /// What is left to `delegate`.
    pub delegated_amount: u64,
    /// Who may close the account, if not the owner.
    pub close_authority: Option<Pubkey>,
}

impl TokenAccount {
    /// Reads an initialised token account: 165 bytes, or more and with the account type behind them. `None` for anything
    /// else, mints and multisigs too.
    pub fn read(data: &[u8]) -> Option<Self> {
        Self::read_extended(data).map(|(account, _)| account)
    }

    /// The account, and the bytes of its extensions.
    pub(crate) fn read_extended(data: &[u8]) -> Option<(Self, &[u8])> {
        let (base, extensions) = split(data, ACCOUNT_SIZE_BYTES, TYPE_ACCOUNT)?;
        let mut reader = Reader::new(base);
        let account = Self {
            mint: reader.key()?,
            owner: reader.key()?,
            amount: reader.u64()?,
            delegate: wide_option(&mut reader, Reader::key)?,
            state: TokenAccountState::from_byte(reader.u8()?)?,
            native_reserve: wide_option(&mut reader, Reader::u64)?,
            delegated_amount: reader.u64()?,
            close_authority: wide_option(&mut reader, Reader::key)?,
        };
        (account.state != TokenAccountState::Uninitialized).then_some((account, extensions))
    }
}

/// A kind of token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mint {
    /// Who may make more of it.
    pub mint_authority: Option<Pubkey>,
    /// How much of it there is, in its smallest unit.
    pub supply: u64,
    /// How many decimal places amounts are shown with.
    pub decimals: u8,
    /// Who may freeze its accounts.
    pub freeze_authority: Option<Pubkey>,
}

impl Mint {
    /// Reads an initialised mint: 82 bytes, or more than 165 and with the account type of mints at byte 165. `None` for
    /// anything else.
    pub fn read(data: &[u8]) -> Option<Self> {
        Self::read_extended(data).map(|(mint, _)| mint)
    }

    /// The mint, and the bytes of its extensions.
    pub(crate) fn read_extended(data: &[u8]) -> Option<(Self, &[u8])> {
        let (base, extensions) = split(data, MINT_SIZE_BYTES, TYPE_MINT)?;
        let mut reader = Reader::new(base);
        let mint_authority = wide_option(&mut reader, Reader::key)?;
        let supply = reader.u64()?;
        let decimals = reader.u8()?;
        let is_initialized = reader.bool()?;
        let freeze_authority = wide_option(&mut reader, Reader::key)?;
        is_initialized.then_some((Self { mint_authority, supply, decimals, freeze_authority }, extensions))
    }
}

/// Signers of whom some must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Multisig {
    pub(crate) required: u8,
    pub(crate) count: u8,
    pub(crate) signers: [Pubkey; MULTISIG_SIGNERS],
}

impl Multisig {
    pub(crate) fn read(data: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(data);
        let (required, count) = (reader.u8()?, reader.u8()?);
        let is_initialized = reader.bool()?;
        let mut signers = [Pubkey::default(); MULTISIG_SIGNERS];
        for signer in &mut signers {
            *signer = reader.key()?;
        }
        is_initialized.then_some(())?;
        reader.end(Self { required, count, signers })
    }
}

/// Base state and extensions, if the sizes and the account type are those of `account_type`.
///
/// Whatever has extensions is padded with zeroes to the size of a token account before the account type.
fn split(data: &[u8], base_size_bytes: usize, account_type: u8) -> Option<(&[u8], &[u8])> {
    if data.len() == MULTISIG_SIZE_BYTES {
        return None;
    }
    let (base, rest) = data.split_at_checked(base_size_bytes)?;
    if rest.is_empty() {
        return Some((base, rest));
    }
    let (padding, rest) = rest.split_at_checked(ACCOUNT_SIZE_BYTES - base_size_bytes)?;
    let (&found_type, extensions) = rest.split_first()?;
    (padding.iter().all(|byte| *byte == 0) && found_type == account_type).then_some((base, extensions))
}

/// A value behind four bytes that say whether it is there; its place is taken either way.
fn wide_option<'a, T>(reader: &mut Reader<'a>, read: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<Option<T>> {
    let tag = reader.u32()?;
    let value = read(reader)?;
    match tag {
        0 => Some(None),
        1 => Some(Some(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account_bytes() -> Vec<u8> {
        let mut data = vec![0; ACCOUNT_SIZE_BYTES];
        data[..32].fill(1);
        data[32..64].fill(2);
        data[64] = 9;
        data[72] = 1;
        data[76..108].fill(3);
        data[108] = 1;
        data[121] = 5;
        data
    }

    #[test]
    fn an_account_is_read_with_and_without_extensions() {
        let mut data = account_bytes();
        let account = TokenAccount::read(&data).unwrap();
        assert_eq!((account.amount, account.delegated_amount), (9, 5));
        assert_eq!(account.delegate, Some(Pubkey::new_from_array([3; 32])));
        assert_eq!(account.close_authority, None);
        data.push(TYPE_ACCOUNT);
        assert_eq!(TokenAccount::read(&data), Some(account));
        data[165] = TYPE_MINT;
        assert_eq!(TokenAccount::read(&data), None);
    }

    #[test]
    fn what_is_not_an_initialised_account_is_refused() {
        let mut data = account_bytes();
        data[108] = 0;
        assert_eq!(TokenAccount::read(&data), None);
        data[108] = 3;
        assert_eq!(TokenAccount::read(&data), None);
        assert_eq!(TokenAccount::read(&account_bytes()[..164]), None);
        assert_eq!(TokenAccount::read(&[1; MULTISIG_SIZE_BYTES]), None);
        assert_eq!(Mint::read(&account_bytes()), None);
    }
}
