//! What Agave says of an instruction, an account, and an amount.

use std::panic::catch_unwind;

use serde_json::{Value, json};
use solana_account_decoder::{
    parse_account_data::{AccountAdditionalDataV3, SplTokenAdditionalDataV2, parse_account_data_v3},
    parse_token::token_amount_to_ui_amount_v3,
};
use solana_message::{AccountKeys, compiled_instruction::CompiledInstruction};
use solana_pubkey::Pubkey;
use solana_transaction_status::parse_instruction::parse;
use spl_token_2022_interface::{
    extension::{
        BaseStateWithExtensions, StateWithExtensions, interest_bearing_mint::InterestBearingConfig,
        scaled_ui_amount::ScaledUiAmountConfig,
    },
    state::Mint,
};

use crate::shape::exact;

/// Account `index` of every instruction: 32 bytes that are its number and one.
pub fn account_key(index: usize) -> Pubkey {
    Pubkey::new_from_array([index as u8 + 1; 32])
}

/// `[program, parsed]`, or null for what is not parsed; null too where Agave panics.
pub fn instruction(program: &Pubkey, account_count: usize, data: &[u8]) -> Value {
    let keys = (0..account_count).map(account_key).collect::<Vec<_>>();
    let call =
        CompiledInstruction { program_id_index: 0, accounts: (0..account_count as u8).collect(), data: data.to_vec() };
    let parsed = catch_unwind(|| parse(program, &call, &AccountKeys::new(&keys, None), None).ok());
    parsed.ok().flatten().map_or(Value::Null, |parsed| exact(json!([parsed.program, parsed.parsed])))
}

/// A mint as the RPC service reads it before it shows amounts.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    pub mint: &'a [u8],
    pub unix_timestamp: i64,
}

impl Facts<'_> {
    fn read(self) -> Option<SplTokenAdditionalDataV2> {
        let mint = StateWithExtensions::<Mint>::unpack(self.mint).ok()?;
        let at = self.unix_timestamp;
        Some(SplTokenAdditionalDataV2 {
            decimals: mint.base.decimals,
            interest_bearing_config: mint.get_extension::<InterestBearingConfig>().map(|config| (*config, at)).ok(),
            scaled_ui_amount_config: mint.get_extension::<ScaledUiAmountConfig>().map(|config| (*config, at)).ok(),
        })
    }
}

/// `[program, parsed]`, or null.
pub fn account(key: &Pubkey, owner: &Pubkey, data: &[u8], facts: Option<Facts<'_>>) -> Value {
    let additional = AccountAdditionalDataV3 { spl_token_additional_data: facts.and_then(|facts| facts.read()) };
    let parsed = catch_unwind(|| parse_account_data_v3(key, owner, data, Some(additional)).ok());
    parsed.ok().flatten().map_or(Value::Null, |parsed| exact(json!([parsed.program, parsed.parsed])))
}

/// The amount shown, null if the mint is none.
pub fn amount(amount: u64, facts: Facts<'_>) -> Value {
    facts.read().map_or(Value::Null, |facts| exact(json!(token_amount_to_ui_amount_v3(amount, &facts))))
}
