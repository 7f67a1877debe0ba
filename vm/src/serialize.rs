//! The input region of a program: accounts, instruction data and program id in one flat buffer, and what the program
//! left there read back into the accounts.
//!
//! Layouts (crate `solana-program-runtime` 4.2, `serialization.rs`): the aligned form for loaders v2 and v3, where each
//! account carries 10 KiB of room to grow, and the unaligned form for the deprecated loader v1.

use std::ops::Range;

use heddle_types::{Pubkey, limits};
use solana_instruction_error::InstructionError;
use solana_sbpf::ebpf::MM_INPUT_START;

use crate::{
    BlockEnvironment, BorrowedAccount, InstructionAccount, TransactionContext, execute::Frame,
    tracked_region::TrackedRegion,
};

/// Room that each account has to grow within one instruction.
const GROWTH_BYTES: usize = limits::INSTRUCTION_DATA_GROWTH_BYTES_MAX;
/// What stands before the data of an aligned account: marks, key, owner, lamports, size.
const HEADER_BYTES: usize = 8 + 32 + 32 + 8 + 8;
/// First byte of an account that is not a repetition.
const NOT_DUPLICATE: u8 = u8::MAX;

/// Where the parts of one serialised account are in guest memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SerializedAccount {
    pub(crate) key_address: u64,
    pub(crate) owner_address: u64,
    pub(crate) lamports_address: u64,
    pub(crate) data_address: u64,
    /// Data length when the instruction began.
    pub(crate) original_size_bytes: usize,
}

impl SerializedAccount {
    /// Where in the input region everything is that a program can change of it.
    fn extent(&self) -> Range<usize> {
        let addresses = [self.key_address, self.owner_address, self.lamports_address];
        let start = addresses.into_iter().min().unwrap_or(self.key_address) - MM_INPUT_START;
        let data_end = (self.data_address - MM_INPUT_START) as usize + self.original_size_bytes;
        // The deprecated layout has the owner behind the data.
        start as usize..data_end.max((self.owner_address - MM_INPUT_START) as usize + 32)
    }
}

/// Bytes up to the next multiple of 8.
fn padding_to_word(size_bytes: usize) -> usize {
    size_bytes.next_multiple_of(8) - size_bytes
}

/// A write cursor over the input region, whose size was computed beforehand.
struct Writer<'a> {
    region: &'a mut TrackedRegion,
    at: usize,
    /// Where what is not marked as written yet begins.
    unmarked: usize,
}

impl Writer<'_> {
    /// Writes and returns the guest address.
    fn put(&mut self, bytes: &[u8]) -> u64 {
        let address = MM_INPUT_START + self.at as u64;
        self.region.put(self.at, bytes);
        self.at += bytes.len();
        address
    }

    /// Leaves room.
    fn clear(&mut self, size_bytes: usize) {
        let end = self.at + size_bytes;
        self.region.clear(self.at..end);
        self.mark();
        (self.at, self.unmarked) = (end, end);
    }

    /// Marks what was put.
    fn mark(&mut self) {
        self.region.note_put(self.unmarked..self.at);
        self.unmarked = self.at;
    }
}

/// Serialises the current instruction into the frame's input; returns the guest address of the instruction data.
pub(crate) fn serialize(frame: &mut Frame, transaction: &TransactionContext) -> Result<u64, InstructionError> {
    let instruction = transaction.current()?;
    let accounts = transaction.accounts_of(instruction);
    if accounts.len() > limits::INSTRUCTION_ACCOUNT_COUNT_MAX {
        return Err(InstructionError::MaxAccountsExceeded);
    }
    let data = transaction.data_of(instruction);
    let program = &transaction.keys()[instruction.program_index as usize];
    let deprecated = frame.is_loader_deprecated;
    let size_bytes = input_size(transaction, accounts, data, deprecated);
    frame.memory.input.begin(size_bytes);
    frame.accounts.clear();
    frame.trace_length = transaction.trace().len();

    let mut writer = Writer { region: &mut frame.memory.input, at: 0, unmarked: 0 };
    writer.put(&(accounts.len() as u64).to_le_bytes());
    for (position, account) in accounts.iter().enumerate() {
        if usize::from(account.first_mention) != position {
            let first = frame.accounts[account.first_mention as usize];
            frame.accounts.push(first);
            writer.put(&[account.first_mention as u8]);
            writer.put(if deprecated { &[] } else { &[0; 7] });
            continue;
        }
        let index = account.index_in_transaction as usize;
        let (key, state) = (&transaction.keys()[index], transaction.account_at(index));
        frame.accounts.push(if deprecated {
            write_account_deprecated(&mut writer, account, key, state)
        } else {
            write_account(&mut writer, account, key, state)
        });
    }
    writer.put(&(data.len() as u64).to_le_bytes());
    let data_address = writer.put(data);
    writer.put(program.as_ref());
    writer.mark();
    debug_assert_eq!(writer.at, size_bytes);
    Ok(data_address)
}

fn input_size(
    transaction: &TransactionContext,
    accounts: &[InstructionAccount],
    data: &[u8],
    deprecated: bool,
) -> usize {
    let accounts_bytes: usize = accounts
        .iter()
        .enumerate()
        .map(|(position, account)| {
            if usize::from(account.first_mention) != position {
                return if deprecated { 1 } else { 8 };
            }
            let size = transaction.account_at(account.index_in_transaction as usize).data.len();
            if deprecated { 1 + 1 + 1 + 32 + 8 + 8 + size + 32 + 1 + 8 } else { account_stride(size) }
        })
        .sum();
    8 + accounts_bytes + 8 + data.len() + 32
}

/// Bytes of one aligned account whose data had `size_bytes` at serialisation.
fn account_stride(size_bytes: usize) -> usize {
    HEADER_BYTES + size_bytes + GROWTH_BYTES + padding_to_word(size_bytes) + 8
}

fn write_account(
    writer: &mut Writer<'_>,
    account: &InstructionAccount,
    key: &Pubkey,
    state: &heddle_types::Account,
) -> SerializedAccount {
    let flags = [account.is_signer, account.is_writable, state.executable].map(u8::from);
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&[NOT_DUPLICATE, flags[0], flags[1], flags[2]]);
    header[8..40].copy_from_slice(key.as_ref());
    header[40..72].copy_from_slice(state.owner.as_ref());
    header[72..80].copy_from_slice(&state.lamports.to_le_bytes());
    header[80..].copy_from_slice(&(state.data.len() as u64).to_le_bytes());
    let start = writer.put(&header);
    let data_address = writer.put(&state.data);
    writer.clear(GROWTH_BYTES + padding_to_word(state.data.len()));
    writer.put(&limits::RENT_EPOCH_EXEMPT.to_le_bytes());
    SerializedAccount {
        key_address: start + 8,
        owner_address: start + 40,
        lamports_address: start + 72,
        data_address,
        original_size_bytes: state.data.len(),
    }
}

fn write_account_deprecated(
    writer: &mut Writer<'_>,
    account: &InstructionAccount,
    key: &Pubkey,
    state: &heddle_types::Account,
) -> SerializedAccount {
    writer.put(&[NOT_DUPLICATE, account.is_signer.into(), account.is_writable.into()]);
    let key_address = writer.put(key.as_ref());
    let lamports_address = writer.put(&state.lamports.to_le_bytes());
    writer.put(&(state.data.len() as u64).to_le_bytes());
    let data_address = writer.put(&state.data);
    let owner_address = writer.put(state.owner.as_ref());
    writer.put(&[state.executable.into()]);
    writer.put(&limits::RENT_EPOCH_EXEMPT.to_le_bytes());
    SerializedAccount {
        key_address,
        owner_address,
        lamports_address,
        data_address,
        original_size_bytes: state.data.len(),
    }
}

/// Reads back what the program did to the accounts of the current instruction; each change must be allowed.
pub(crate) fn deserialize(
    frame: &Frame,
    transaction: &mut TransactionContext,
    block: &BlockEnvironment,
) -> Result<(), InstructionError> {
    let count = transaction.accounts_of(transaction.current()?).len();
    // Another program may have changed an account behind the input's back, which must then be found out.
    let has_invoked = transaction.trace().len() != frame.trace_length;
    for position in 0..count {
        let account = transaction.accounts_of(transaction.current()?)[position];
        if usize::from(account.first_mention) != position {
            continue;
        }
        let place = &frame.accounts[position];
        if !has_invoked && !frame.memory.input.is_written(place.extent()) {
            continue;
        }
        let borrowed = BorrowedAccount::new(transaction, &block.sysvars.rent, account)?;
        read_account(&frame.memory.input, place, borrowed, frame.is_loader_deprecated)?;
    }
    Ok(())
}

fn read_account(
    input: &TrackedRegion,
    place: &SerializedAccount,
    mut account: BorrowedAccount<'_>,
    deprecated: bool,
) -> Result<(), InstructionError> {
    let at = |address: u64, size_bytes: usize| {
        let start = (address - MM_INPUT_START) as usize;
        input.bytes().get(start..start.saturating_add(size_bytes)).ok_or(InstructionError::InvalidArgument)
    };
    let word = |address: u64| -> Result<u64, InstructionError> {
        Ok(u64::from_le_bytes(at(address, 8)?.try_into().expect("eight bytes")))
    };
    let lamports = word(place.lamports_address)?;
    if account.lamports() != lamports {
        account.set_lamports(lamports)?;
    }
    // The deprecated loader has no room to grow: its accounts keep their size.
    let size_bytes = if deprecated {
        place.original_size_bytes
    } else {
        let size_bytes = usize::try_from(word(place.data_address - 8)?).unwrap_or(usize::MAX);
        if size_bytes.saturating_sub(place.original_size_bytes) > GROWTH_BYTES
            || size_bytes > limits::ACCOUNT_DATA_BYTES_MAX
        {
            return Err(InstructionError::InvalidRealloc);
        }
        size_bytes
    };
    let data = at(place.data_address, size_bytes)?;
    match account.can_data_be_resized(size_bytes) {
        Ok(()) => account.set_data(data)?,
        Err(error) if account.data() != data => return Err(error),
        Err(_) => {}
    }
    if !deprecated {
        let owner: [u8; 32] = at(place.owner_address, 32)?.try_into().expect("32 bytes");
        let owner = Pubkey::new_from_array(owner);
        if *account.owner() != owner {
            account.set_owner(&owner)?;
        }
    }
    Ok(())
}
