//! Several instructions in one: for each a count of accounts, a length, and as many bytes.

use heddle_types::Pubkey;
use serde_json::Value;

use super::Call;
use crate::reader::Reader;

/// The program refuses batches in batches, which also bounds the recursion here.
const BATCH: u8 = 255;

/// All or nothing: one instruction that cannot be read leaves the whole batch unread.
pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let mut accounts_left = accounts;
    let mut instructions: Vec<Value> = Vec::new();
    while !data.rest().is_empty() {
        let (account_count, size_bytes) = (data.u8()?, data.u8()?);
        let inner = data.bytes(usize::from(size_bytes))?;
        let (own, others) = accounts_left.split_at_checked(usize::from(account_count))?;
        accounts_left = others;
        if inner.first() == Some(&BATCH) {
            return None;
        }
        instructions.push(super::parse(own, inner)?.done());
    }
    Some(Call::new("batch", accounts, &[])?.with("instructions", instructions))
}
