//! Token accounts and mints, of Token and Token-2022 alike.

use heddle_parse::{Mint, MintFacts, TokenAccount, is_token_program, token_amount};
use heddle_types::{Account, Pubkey};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    AccountConfig,
    accounts::{encode_keyed, mint_facts},
    with_context,
};
use crate::{
    live::{TokenRole, View},
    rpc::{Context, Params, RpcError, parse_address},
    show::account::AccountEncoding,
};

/// Accounts in an answer about the largest (Solana's `NUM_LARGEST_ACCOUNTS`).
const LARGEST_COUNT: usize = 20;

pub(super) fn account_balance(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let key = params.address(0)?;
    let (_, view) = context.view(&params.config(1)?)?;
    let account =
        view.account(&key)?.ok_or_else(|| RpcError::invalid_params("Invalid param: could not find account"))?;
    let token = is_token_program(&account.owner).then(|| TokenAccount::read(&account.data)).flatten();
    let token = token.ok_or_else(|| RpcError::invalid_params("Invalid param: not a Token account"))?;
    let mint = existing_mint(&view, &token.mint)?.1;
    Ok(with_context(view.slot(), token_amount(token.amount, &mint)))
}

pub(super) fn supply(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let key = params.address(0)?;
    let (_, view) = context.view(&params.config(1)?)?;
    let (mint, facts) = existing_mint(&view, &key)?;
    Ok(with_context(view.slot(), token_amount(mint.supply, &facts)))
}

/// The mint at `key`.
fn existing_mint(view: &View, key: &Pubkey) -> Result<(Mint, MintFacts), RpcError> {
    let account =
        view.account(key)?.ok_or_else(|| RpcError::invalid_params("Invalid param: could not find account"))?;
    let mint = is_token_program(&account.owner).then(|| Mint::read(&account.data)).flatten();
    let mint = mint.ok_or_else(|| RpcError::invalid_params("Invalid param: not a Token mint"))?;
    let facts = mint_facts(view, key)?.unwrap_or_else(|| MintFacts::with_decimals(mint.decimals));
    Ok((mint, facts))
}

pub(super) fn largest_accounts(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let mint = params.address(0)?;
    let (chain, view) = context.view(&params.config(1)?)?;
    let facts = existing_mint(&view, &mint)?.1;
    let accounts = chain.token_accounts(TokenRole::Mint, &mint, &view)?;
    let mut largest: Vec<(u64, Pubkey)> =
        accounts.iter().filter_map(|(key, account)| Some((TokenAccount::read(&account.data)?.amount, *key))).collect();
    largest.sort_unstable_by(|a, b| b.cmp(a));
    largest.truncate(LARGEST_COUNT);
    let shown = largest.into_iter().map(|(amount, key)| {
        let mut shown = json!({ "address": key.to_string() });
        if let (Some(shown), Value::Object(amount)) = (shown.as_object_mut(), token_amount(amount, &facts)) {
            shown.extend(amount);
        }
        shown
    });
    Ok(with_context(view.slot(), shown.collect()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum TokenFilter {
    Mint(String),
    ProgramId(String),
}

pub(super) fn accounts_by_owner(context: &Context, params: &Params) -> Result<Value, RpcError> {
    accounts_by(context, params, TokenRole::Owner)
}

pub(super) fn accounts_by_delegate(context: &Context, params: &Params) -> Result<Value, RpcError> {
    accounts_by(context, params, TokenRole::Delegate)
}

fn accounts_by(context: &Context, params: &Params, role: TokenRole) -> Result<Value, RpcError> {
    let who = params.address(0)?;
    let filter: TokenFilter = params.required(1)?;
    let config: AccountConfig = params.config(2)?;
    let (chain, view) = context.view(&config.context)?;
    let is_meant: Box<dyn Fn(&Account) -> bool> = match filter {
        TokenFilter::Mint(mint) => {
            let mint = parse_address(&mint)?;
            existing_mint(&view, &mint)?;
            Box::new(move |account| TokenRole::Mint.of(account) == Some(mint))
        }
        TokenFilter::ProgramId(program) => {
            let program = parse_address(&program)?;
            if !is_token_program(&program) {
                return Err(RpcError::invalid_params("Invalid param: unrecognized Token program id"));
            }
            Box::new(move |account| account.owner == program)
        }
    };
    let mut accounts = chain.token_accounts(role, &who, &view)?;
    accounts.retain(|(_, account)| is_meant(account));
    let encoding = config.encoding.unwrap_or(AccountEncoding::Binary);
    let shown = encode_keyed(&view, &accounts, encoding, config.data_slice)?;
    Ok(with_context(view.slot(), shown))
}
