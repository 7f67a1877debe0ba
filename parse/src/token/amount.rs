//! How an amount of tokens is shown: exact decimals, or, of mints with interest or a multiplier, through a float.
//!
//! Arithmetic in the order of Agave's, because floats show it: crate `solana-account-decoder` 4.3.2 `parse_token.rs`,
//! crate `spl-token-2022-interface` 3.1 `extension/{interest_bearing_mint,scaled_ui_amount}/mod.rs`.

use serde_json::{Value, json};

use super::{
    extensions::{self, INTEREST_BEARING_CONFIG, SCALED_UI_AMOUNT},
    state::Mint,
};
use crate::reader::Reader;

const ONE_IN_BASIS_POINTS: f64 = 10_000.0;
const SECONDS_PER_YEAR: f64 = 60.0 * 60.0 * 24.0 * 365.24;

/// What showing a token amount needs of its mint, at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MintFacts {
    /// How many decimal places amounts have.
    pub decimals: u8,
    scale: Scale,
}

/// What an amount is multiplied by before it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    One,
    /// By interest; `None` if it cannot be told.
    Interest(Option<f64>),
    /// By a multiplier, and cut to whole units.
    Multiplier(f64),
}

impl MintFacts {
    /// Reads a mint of either token program; `None` for what is no initialised mint.
    ///
    /// `unix_timestamp` is that of the block for which amounts are shown: interest and multipliers depend on it. The mint
    /// of wrapped lamports has nine decimals even where its account is missing.
    pub fn read(mint_data: &[u8], unix_timestamp: i64) -> Option<Self> {
        let (mint, extensions) = Mint::read_extended(mint_data)?;
        // Interest comes first where a mint has both, which the program refuses.
        let interest = extensions::find(extensions, INTEREST_BEARING_CONFIG).and_then(InterestConfig::read);
        let multiplier = extensions::find(extensions, SCALED_UI_AMOUNT).and_then(MultiplierConfig::read);
        let scale = match (interest, multiplier) {
            (Some(config), _) => Scale::Interest(config.growth(unix_timestamp)),
            (None, Some(config)) => Scale::Multiplier(config.at(unix_timestamp)),
            (None, None) => Scale::One,
        };
        Some(Self { decimals: mint.decimals, scale })
    }

    /// A mint that shows amounts as they are.
    pub fn with_decimals(decimals: u8) -> Self {
        Self { decimals, scale: Scale::One }
    }
}

/// `{"uiAmount", "decimals", "amount", "uiAmountString"}`: an amount in the mint's smallest unit, shown.
pub fn token_amount(amount: u64, mint: &MintFacts) -> Value {
    let decimals = mint.decimals;
    let (ui_amount, ui_amount_string) = match mint.scale {
        Scale::One => (divided(amount, decimals), exact_text(amount, decimals)),
        Scale::Interest(None) => (None, String::new()),
        Scale::Interest(Some(growth)) => shown(amount as f64 * (growth / power_of_ten(decimals)), decimals),
        Scale::Multiplier(factor) => shown((amount as f64 * factor).trunc() / power_of_ten(decimals), decimals),
    };
    json!({
        "uiAmount": ui_amount,
        "decimals": decimals,
        "amount": amount.to_string(),
        "uiAmountString": ui_amount_string,
    })
}

/// The extension's state for interest.
struct InterestConfig {
    initialized_at: i64,
    average_rate_before: i16,
    updated_at: i64,
    rate: i16,
}

impl InterestConfig {
    fn read(value: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(value);
        reader.key()?;
        let config = Self {
            initialized_at: reader.i64()?,
            average_rate_before: reader.i16()?,
            updated_at: reader.i64()?,
            rate: reader.i16()?,
        };
        reader.end(config)
    }

    /// What one unit has become, compounding continuously; `None` where the times do not subtract.
    fn growth(&self, unix_timestamp: i64) -> Option<f64> {
        let before = compounded(self.average_rate_before, self.updated_at.checked_sub(self.initialized_at)?);
        let after = compounded(self.rate, unix_timestamp.checked_sub(self.updated_at)?);
        Some(before * after)
    }
}

fn compounded(rate_basis_points: i16, seconds: i64) -> f64 {
    let product = i128::from(rate_basis_points) * i128::from(seconds);
    (product as f64 / SECONDS_PER_YEAR / ONE_IN_BASIS_POINTS).exp()
}

/// The extension's state for a multiplier.
struct MultiplierConfig {
    multiplier: f64,
    new_multiplier_from: i64,
    new_multiplier: f64,
}

impl MultiplierConfig {
    fn read(value: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(value);
        reader.key()?;
        let config =
            Self { multiplier: reader.f64()?, new_multiplier_from: reader.i64()?, new_multiplier: reader.f64()? };
        reader.end(config)
    }

    fn at(&self, unix_timestamp: i64) -> f64 {
        if unix_timestamp >= self.new_multiplier_from { self.new_multiplier } else { self.multiplier }
    }
}

/// The amount as a float; `None` where the divisor does not fit 64 bits.
fn divided(amount: u64, decimals: u8) -> Option<f64> {
    let divisor = 10_u64.checked_pow(u32::from(decimals))?;
    Some(amount as f64 / divisor as f64)
}

/// All digits, without zeroes at the end of the fraction.
fn exact_text(amount: u64, decimals: u8) -> String {
    let places = usize::from(decimals);
    if places == 0 {
        return amount.to_string();
    }
    // At least one digit before the point.
    let digits = format!("{amount:0width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    without_zeroes(&format!("{whole}.{fraction}"))
}

fn shown(value: f64, decimals: u8) -> (Option<f64>, String) {
    let mut text = format!("{value:.places$}", places = usize::from(decimals));
    if decimals > 0 {
        text = without_zeroes(&text);
    }
    (text.parse().ok(), text)
}

fn without_zeroes(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Ten to the power of `exponent` by repeated squaring, whose rounding shows from 10²³ on.
fn power_of_ten(exponent: u8) -> f64 {
    let (mut result, mut square, mut exponent) = (1.0, 10.0, exponent);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_in_text() {
        let text =
            |amount, decimals| token_amount(amount, &MintFacts::with_decimals(decimals))["uiAmountString"].clone();
        assert_eq!(text(1_500_000, 6), "1.5");
        assert_eq!(text(1, 6), "0.000001");
        assert_eq!(text(0, 6), "0");
        assert_eq!(text(1_000, 0), "1000");
        assert_eq!(text(u64::MAX, 19), "1.8446744073709551615");
    }

    #[test]
    fn an_amount_has_four_fields() {
        let shown = token_amount(1_500_000, &MintFacts::with_decimals(6));
        assert_eq!(shown.to_string(), r#"{"uiAmount":1.5,"decimals":6,"amount":"1500000","uiAmountString":"1.5"}"#);
        assert_eq!(token_amount(7, &MintFacts::with_decimals(20))["uiAmount"], Value::Null);
    }
}
