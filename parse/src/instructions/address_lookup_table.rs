//! The address lookup table program (crate `solana-address-lookup-table-interface` 3.2, `instruction.rs`).

use heddle_types::Pubkey;

use super::Call;
use crate::reader::Reader;

const TABLE: [&str; 2] = ["lookupTableAccount", "lookupTableAuthority"];

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &[u8]) -> Option<Call<'a>> {
    let data = &mut Reader::new(data);
    match data.u32()? {
        0 => {
            let roles = ["lookupTableAccount", "lookupTableAuthority", "payerAccount", "systemProgram"];
            let call = Call::new("createLookupTable", accounts, &roles)?;
            Some(call.with("recentSlot", data.u64()?).with("bumpSeed", data.u8()?))
        }
        1 => Call::new("freezeLookupTable", accounts, &TABLE),
        2 => extend(accounts, data),
        3 => Call::new("deactivateLookupTable", accounts, &TABLE),
        4 => Call::new("closeLookupTable", accounts, &["lookupTableAccount", "lookupTableAuthority", "recipient"]),
        _ => None,
    }
}

/// Who pays is shown only together with the system program.
fn extend<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("extendLookupTable", accounts, &TABLE)?;
    let call = call.with_accounts("newAddresses", &data.list(Reader::key)?);
    Some(match accounts {
        [_, _, payer, system_program, ..] => {
            call.with_key("payerAccount", *payer).with_key("systemProgram", *system_program)
        }
        _ => call,
    })
}
