//! Token-2022: what it shares with SPL Token, and its extensions, each made and used by transactions of its own.

use super::{
    ata::{associated, create_associated},
    fees::{memo, program},
    system::transfer,
    token::{ACCOUNT_SPACE, MINT_SPACE, Token},
};
use crate::{
    case::{Case, Expect, SOL, address, r, rs, w, ws},
    environment::{Environment, LAMPORTS_PER_BYTE},
};
use sha2::{Digest, Sha256};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::system_program;

/// Bytes before the first extension of a mint or account.
const BASE_SPACE: usize = 166;
/// Bytes of an extension's type and length.
const HEADER_SPACE: usize = 4;

const FEE_CONFIG: usize = 108;
const FEE_AMOUNT: usize = 8;
const CLOSE_AUTHORITY: usize = 32;
const POINTER: usize = 64;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let token = Token { environment, program: program("spl_token_2022") };
    let mut cases = token.shared_cases();
    let extended = Extended { token };
    cases.extend(extended.transfer_fee());
    cases.extend(extended.transfer_fee_withheld());
    cases.extend(extended.close_authority());
    cases.extend(extended.default_state());
    cases.extend(extended.memo_transfer());
    cases.extend(extended.reallocate());
    cases.extend(extended.non_transferable());
    cases.extend(extended.interest_and_scale());
    cases.extend(extended.permanent_delegate());
    cases.extend(extended.transfer_hook());
    cases.extend(extended.metadata());
    cases.extend(extended.metadata_failures());
    cases.extend(extended.groups());
    cases.extend(extended.pausable());
    cases.extend(extended.cpi_guard_and_owner());
    cases.extend(extended.misuse());
    cases
}

struct Extended<'a> {
    token: Token<'a>,
}

/// Bytes of a mint or account whose plain form has `plain` bytes.
fn space(plain: usize, extensions: &[usize]) -> usize {
    if extensions.is_empty() {
        return plain;
    }
    BASE_SPACE + extensions.iter().map(|size| HEADER_SPACE + size).sum::<usize>()
}

fn some(authority: &str) -> Vec<u8> {
    [vec![1], address(authority).to_bytes().to_vec()].concat()
}

fn raw(name: &str) -> Vec<u8> {
    address(name).to_bytes().to_vec()
}

fn interface(name: &str, parts: &[&[u8]]) -> Vec<u8> {
    [&Sha256::digest(name)[..8], &parts.concat()].concat()
}

fn string(text: &str) -> Vec<u8> {
    [(text.len() as u32).to_le_bytes().to_vec(), text.as_bytes().to_vec()].concat()
}

fn number(tag: &[u8], amount: u64) -> Vec<u8> {
    [tag, &amount.to_le_bytes()].concat()
}

impl Extended<'_> {
    fn on_mint(&self, data: impl Into<Vec<u8>>) -> Instruction {
        self.token.ix(vec![w(address("mint"))], data)
    }

    fn on_mint_by(&self, authority: &str, data: impl Into<Vec<u8>>) -> Instruction {
        self.token.ix(vec![w(address("mint")), rs(address(authority))], data)
    }

    /// Instructions that make a mint with extensions of these sizes, set up by `set_up`.
    fn mint(&self, extensions: &[usize], set_up: &[Instruction]) -> Vec<Instruction> {
        let mut instructions = vec![self.token.create("mint", space(MINT_SPACE, extensions))];
        instructions.extend_from_slice(set_up);
        instructions.push(self.token.initialize_mint("mint", "authority", Some("freezer")));
        instructions
    }

    /// Instructions that make a token account with room for extensions of these sizes.
    fn holding(&self, name: &str, owner: &str, extensions: &[usize]) -> Vec<Instruction> {
        vec![
            self.token.create(name, space(ACCOUNT_SPACE, extensions)),
            self.token.initialize_account(name, "mint", owner),
        ]
    }

    /// A case that begins by making a mint, two accounts of `owner` and `other owner`, and 10,000 units for the first.
    fn case(&self, name: &str, mint: &[usize], set_up: &[Instruction], accounts: &[usize]) -> Case {
        let holdings =
            [self.holding("source", "owner", accounts), self.holding("destination", "other owner", accounts)];
        Case::new(self.token.environment, name)
            .ok(&["payer", "mint"], &self.mint(mint, set_up))
            .ok(&["payer", "source", "destination"], &holdings.concat())
            .ok(&["payer", "authority"], &[self.token.mint_to("mint", "source", "authority", 10_000)])
    }

    fn pay(&self, authority: &str, units: u64) -> Instruction {
        self.token.transfer_checked("source", "destination", authority, units, 6)
    }

    fn pay_with_fee(&self, units: u64, fee: u64) -> Instruction {
        let data = [number(&[26, 1], units), vec![6], fee.to_le_bytes().to_vec()].concat();
        let accounts = vec![w(address("source")), r(address("mint")), w(address("destination")), rs(address("owner"))];
        self.token.ix(accounts, data)
    }

    fn fee_config(&self, basis_points: u16, maximum: u64) -> Instruction {
        let data = [
            vec![26, 0],
            some("fee authority"),
            some("withdrawer"),
            basis_points.to_le_bytes().to_vec(),
            maximum.to_le_bytes().to_vec(),
        ];
        self.on_mint(data.concat())
    }

    fn transfer_fee(&self) -> Vec<Case> {
        let case = |name: &str| self.case(name, &[FEE_CONFIG], &[self.fee_config(150, 80)], &[FEE_AMOUNT]);
        let both = ["payer", "owner"];
        let set_fee = |by: &str, basis_points: u16, maximum: u64| {
            let data = [vec![26, 5], basis_points.to_le_bytes().to_vec(), maximum.to_le_bytes().to_vec()].concat();
            self.on_mint_by(by, data)
        };
        vec![
            case("fee_transfer").ok(&both, &[self.pay("owner", 1_000)]),
            case("fee_transfer_rounds_up").ok(&both, &[self.pay("owner", 1)]),
            case("fee_transfer_capped").ok(&both, &[self.pay("owner", 9_000)]),
            case("fee_transfer_zero").ok(&both, &[self.pay("owner", 0)]),
            case("fee_transfer_too_much").fails(&both, &[self.pay("owner", 10_001)]),
            case("fee_transfer_self").ok(&both, &[self.token.transfer_checked("source", "source", "owner", 1_000, 6)]),
            case("fee_transfer_unchecked").fails(&both, &[self.token.transfer("source", "destination", "owner", 5)]),
            case("fee_expected").ok(&both, &[self.pay_with_fee(1_000, 15)]),
            case("fee_expected_wrong").fails(&both, &[self.pay_with_fee(1_000, 14)]),
            case("fee_set")
                .ok(&["payer", "fee authority"], &[set_fee("fee authority", 500, 900)])
                .ok(&both, &[self.pay_with_fee(1_000, 15)]),
            case("fee_set_twice")
                .ok(&["payer", "fee authority"], &[set_fee("fee authority", 500, 900), set_fee("fee authority", 0, 0)]),
            case("fee_set_too_high").fails(&["payer", "fee authority"], &[set_fee("fee authority", 10_001, 900)]),
            case("fee_set_stranger").fails(&["payer", "stranger"], &[set_fee("stranger", 1, 1)]),
            case("fee_set_authority")
                .ok(
                    &["payer", "fee authority"],
                    &[self.token.set_authority("mint", "fee authority", 4, Some(address("stranger")))],
                )
                .ok(&["payer", "stranger"], &[set_fee("stranger", 1, 1)]),
            Case::new(self.token.environment, "fee_config_too_high")
                .fails(&["payer", "mint"], &self.mint(&[FEE_CONFIG], &[self.fee_config(10_001, 1)])),
            Case::new(self.token.environment, "fee_config_twice")
                .ok(&["payer", "mint"], &self.mint(&[FEE_CONFIG], &[self.fee_config(100, 1), self.fee_config(100, 1)])),
            Case::new(self.token.environment, "fee_account_without_room")
                .ok(&["payer", "mint"], &self.mint(&[FEE_CONFIG], &[self.fee_config(100, 5)]))
                .fails(&["payer", "source"], &self.holding("source", "owner", &[])),
            Case::new(self.token.environment, "fee_associated_account")
                .ok(&["payer", "mint"], &self.mint(&[FEE_CONFIG], &[self.fee_config(100, 5)]))
                .ok(&["payer"], &[create_associated(self.token.program, "wallet", "mint", &[1])]),
        ]
    }

    fn transfer_fee_withheld(&self) -> Vec<Case> {
        let both = ["payer", "owner"];
        let case = |name: &str| {
            let case = self.case(name, &[FEE_CONFIG], &[self.fee_config(1_000, 5_000)], &[FEE_AMOUNT]);
            case.ok(&both, &[self.pay("owner", 4_000)])
        };
        let harvest = || self.token.ix(vec![w(address("mint")), w(address("destination"))], [26, 4]);
        let from_mint = |by: &str| {
            self.token.ix(vec![w(address("mint")), w(address("source")), rs(address(by))], [26, 2]) //
        };
        let from_accounts = |by: &str, count: u8| {
            let accounts = vec![r(address("mint")), w(address("source")), rs(address(by)), w(address("destination"))];
            self.token.ix(accounts, [26, 3, count])
        };
        let by = ["payer", "withdrawer"];
        let empty = || self.token.transfer_checked("destination", "source", "other owner", 3_600, 6);
        let close = || self.token.close("destination", "payer", "other owner");
        let other = ["payer", "other owner"];
        vec![
            case("withheld_harvest")
                .ok(&["payer"], &[harvest()])
                .ok(&["payer"], &[harvest(), transfer("payer", "payer", 1)]),
            case("withheld_harvest_and_withdraw").ok(&by, &[harvest(), from_mint("withdrawer")]),
            case("withheld_withdraw_nothing").ok(&by, &[from_mint("withdrawer")]),
            case("withheld_withdraw_stranger").fails(&["payer", "stranger"], &[harvest(), from_mint("stranger")]),
            case("withheld_withdraw_from_accounts").ok(&by, &[from_accounts("withdrawer", 1)]),
            case("withheld_withdraw_from_accounts_stranger")
                .fails(&["payer", "stranger"], &[from_accounts("stranger", 1)]),
            case("withheld_withdraw_from_accounts_count").legacy(
                Expect::Anything,
                &by,
                &[from_accounts("withdrawer", 2)],
            ),
            case("withheld_close").fails(&other, &[empty(), close()]),
            case("withheld_close_after_harvest").ok(&other, &[empty(), harvest(), close()]),
            case("withheld_burn").ok(&other, &[self.token.burn("destination", "mint", "other owner", 3_600)]),
            case("withheld_set_withdraw_authority").ok(&by, &[self.token.set_authority("mint", "withdrawer", 5, None)]),
        ]
    }

    fn close_authority(&self) -> Vec<Case> {
        let set_up = self.on_mint([vec![25], some("closer")].concat());
        let none = self.on_mint([25, 0]);
        let mint = |name: &str, set_up: &Instruction| {
            let instructions = self.mint(&[CLOSE_AUTHORITY], std::slice::from_ref(set_up));
            Case::new(self.token.environment, name).ok(&["payer", "mint"], &instructions)
        };
        let close = |by: &str| self.token.close("mint", "payer", by);
        vec![
            mint("close_mint_with_authority", &set_up).ok(&["payer", "closer"], &[close("closer")]),
            mint("close_mint_stranger", &set_up).fails(&["payer", "authority"], &[close("authority")]),
            mint("close_mint_no_authority", &none).fails(&["payer", "closer"], &[close("closer")]),
            mint("close_mint_set_authority", &set_up)
                .ok(&["payer", "closer"], &[self.token.set_authority("mint", "closer", 6, Some(address("stranger")))])
                .fails(&["payer", "closer"], &[close("closer")])
                .ok(&["payer", "stranger"], &[close("stranger")]),
            self.case("close_mint_with_supply", &[CLOSE_AUTHORITY], &[set_up.clone()], &[])
                .fails(&["payer", "closer"], &[close("closer")])
                .ok(&["payer", "owner"], &[self.token.burn("source", "mint", "owner", 10_000)])
                .ok(&["payer", "closer"], &[close("closer"), transfer("payer", "payer", 1)]),
            mint("close_mint_and_create_again", &set_up).ok(
                &["payer", "closer", "mint"],
                &[vec![close("closer")], self.mint(&[CLOSE_AUTHORITY], &[set_up.clone()])].concat(),
            ),
        ]
    }

    fn default_state(&self) -> Vec<Case> {
        let initialize = |state: u8| self.on_mint([28, 0, state]);
        let update = |by: &str, state: u8| self.on_mint_by(by, [28, 1, state]);
        let mint = |name: &str, state: u8| {
            let instructions = self.mint(&[1], &[initialize(state)]);
            Case::new(self.token.environment, name).ok(&["payer", "mint"], &instructions)
        };
        let holding = || self.holding("source", "owner", &[]);
        let both = ["payer", "source"];
        let without_freezer = [
            self.token.create("mint", space(MINT_SPACE, &[1])),
            initialize(2),
            self.token.initialize_mint("mint", "authority", None),
        ];
        vec![
            mint("default_frozen", 2)
                .ok(&both, &holding())
                .fails(&["payer", "authority"], &[self.token.mint_to("mint", "source", "authority", 5)])
                .ok(&["payer", "freezer"], &[self.token.freeze(11, "source", "mint", "freezer")])
                .ok(&["payer", "authority"], &[self.token.mint_to("mint", "source", "authority", 6)]),
            mint("default_initialized", 1).ok(&both, &holding()),
            mint("default_updated", 1).ok(&["payer", "freezer"], &[update("freezer", 2)]).ok(&both, &holding()),
            mint("default_updated_stranger", 1).fails(&["payer", "stranger"], &[update("stranger", 2)]),
            mint("default_updated_uninitialized", 1).fails(&["payer", "freezer"], &[update("freezer", 0)]),
            Case::new(self.token.environment, "default_state_zero")
                .fails(&["payer", "mint"], &self.mint(&[1], &[initialize(0)])),
            Case::new(self.token.environment, "default_state_unknown")
                .fails(&["payer", "mint"], &self.mint(&[1], &[initialize(9)])),
            Case::new(self.token.environment, "default_frozen_without_freezer")
                .fails(&["payer", "mint"], &without_freezer),
        ]
    }

    fn memo_transfer(&self) -> Vec<Case> {
        let case = |name: &str| self.case(name, &[], &[], &[1]);
        let switch = |tag: u8| {
            self.token.ix(vec![w(address("destination")), rs(address("other owner"))], [30, tag]) //
        };
        let required = |name: &str| case(name).ok(&["payer", "other owner"], &[switch(0)]);
        let both = ["payer", "owner"];
        let pay = || self.pay("owner", 5);
        vec![
            required("memo_missing").fails(&both, &[pay()]),
            required("memo_before").ok(&both, &[memo("spl_memo_3", "for you"), pay()]),
            required("memo_before_v1").ok(&both, &[memo("spl_memo_1", "for you"), pay()]),
            required("memo_before_v4").legacy(Expect::Anything, &both, &[memo("spl_memo_4", "for you"), pay()]),
            required("memo_after").fails(&both, &[pay(), memo("spl_memo_3", "for you")]),
            required("memo_not_directly_before")
                .fails(&both, &[memo("spl_memo_3", "for you"), transfer("payer", "payer", 1), pay()]),
            required("memo_unchecked_transfer")
                .ok(&both, &[memo("spl_memo_3", "for you"), self.token.transfer("source", "destination", "owner", 5)]),
            required("memo_disabled").ok(&["payer", "other owner"], &[switch(1)]).ok(&both, &[pay()]),
            required("memo_outgoing_free")
                .ok(&both, &[memo("spl_memo_3", "x"), pay()])
                .ok(&["payer", "other owner"], &[self.token.transfer("destination", "source", "other owner", 5)]),
            case("memo_enable_stranger").fails(
                &["payer", "stranger"],
                &[self.token.ix(vec![w(address("destination")), rs(address("stranger"))], [30, 0])],
            ),
            self.case("memo_enable_without_room", &[], &[], &[]).fails(&["payer", "other owner"], &[switch(0)]),
        ]
    }

    fn reallocate(&self) -> Vec<Case> {
        let case = |name: &str| self.case(name, &[], &[], &[]);
        let grow = |accounts: Vec<AccountMeta>, kinds: &[u16]| {
            let data = kinds.iter().flat_map(|kind| kind.to_le_bytes()).collect::<Vec<u8>>();
            self.token.ix(accounts, [vec![29], data].concat())
        };
        let accounts = || vec![w(address("source")), ws(address("payer")), r(system_program::ID), rs(address("owner"))];
        let enable = self.token.ix(vec![w(address("source")), rs(address("owner"))], [30, 0]);
        let both = ["payer", "owner"];
        let poor = vec![w(address("source")), ws(address("stranger")), r(system_program::ID), rs(address("owner"))];
        let thief = vec![w(address("source")), ws(address("payer")), r(system_program::ID), rs(address("stranger"))];
        let sizes = |kinds: &[u16]| {
            let data = kinds.iter().flat_map(|kind| kind.to_le_bytes()).collect::<Vec<u8>>();
            self.token.ix(vec![r(address("mint"))], [vec![21], data].concat())
        };
        vec![
            case("reallocate_memo").ok(&both, &[grow(accounts(), &[8]), enable.clone()]),
            case("reallocate_two").ok(&both, &[grow(accounts(), &[8, 11])]),
            case("reallocate_twice")
                .ok(&both, &[grow(accounts(), &[8]), enable.clone()])
                .ok(&both, &[grow(accounts(), &[8]), transfer("payer", "payer", 1)]),
            case("reallocate_nothing").ok(&both, &[grow(accounts(), &[])]),
            case("reallocate_mint_extension").fails(&both, &[grow(accounts(), &[1])]),
            case("reallocate_unknown_extension").fails(&both, &[grow(accounts(), &[999])]),
            case("reallocate_stranger").fails(&["payer", "stranger"], &[grow(thief, &[8])]),
            case("reallocate_payer_poor").fails(&["payer", "stranger", "owner"], &[grow(poor, &[8])]),
            case("reallocate_for_confidential").ok(&both, &[grow(accounts(), &[5])]),
            case("account_sizes")
                .ok(&["payer"], &[sizes(&[]), sizes(&[8]), sizes(&[7, 8, 11])])
                .fails(&["payer"], &[sizes(&[3])]),
        ]
    }

    fn non_transferable(&self) -> Vec<Case> {
        let case = |name: &str| self.case(name, &[0], &[self.on_mint([32])], &[0, 0]);
        let both = ["payer", "owner"];
        vec![
            case("non_transferable_transfer").fails(&both, &[self.pay("owner", 5)]),
            case("non_transferable_unchecked")
                .fails(&both, &[self.token.transfer("source", "destination", "owner", 5)]),
            case("non_transferable_burn_and_close").ok(
                &both,
                &[self.token.burn("source", "mint", "owner", 10_000), self.token.close("source", "payer", "owner")],
            ),
            case("non_transferable_set_owner")
                .fails(&both, &[self.token.set_authority("source", "owner", 2, Some(address("stranger")))]),
        ]
    }

    fn interest_and_scale(&self) -> Vec<Case> {
        let interest =
            |rate: i16| self.on_mint([vec![33, 0], raw("rate authority"), rate.to_le_bytes().to_vec()].concat());
        let update = |by: &str, rate: i16| self.on_mint_by(by, [vec![33, 1], rate.to_le_bytes().to_vec()].concat());
        let ui = |units: u64| self.token.ix(vec![r(address("mint"))], number(&[23], units));
        let parse = |text: &str| self.token.ix(vec![r(address("mint"))], [vec![24], text.as_bytes().to_vec()].concat());
        let scale = |multiplier: f64| {
            self.on_mint([vec![43, 0], raw("scale authority"), multiplier.to_le_bytes().to_vec()].concat())
        };
        let rescale = |by: &str, multiplier: f64, from: i64| {
            let data = [vec![43, 1], multiplier.to_le_bytes().to_vec(), from.to_le_bytes().to_vec()].concat();
            self.on_mint_by(by, data)
        };
        let mint = |name: &str, size: usize, set_up: Instruction| {
            Case::new(self.token.environment, name).ok(&["payer", "mint"], &self.mint(&[size], &[set_up]))
        };
        let now = self.token.environment.clock.unix_timestamp;
        vec![
            mint("interest", 52, interest(500)).ok(&["payer"], &[ui(1_000_000)]).ok(&["payer"], &[parse("1.5")]),
            mint("interest_update", 52, interest(500))
                .ok(&["payer", "rate authority"], &[update("rate authority", -300)])
                .ok(&["payer"], &[ui(123_456_789)]),
            mint("interest_update_stranger", 52, interest(1)).fails(&["payer", "stranger"], &[update("stranger", 2)]),
            mint("scaled", 56, scale(2.5)).ok(&["payer"], &[ui(1_000_001)]).ok(&["payer"], &[parse("2.5")]),
            mint("scaled_update_now", 56, scale(1.0))
                .ok(&["payer", "scale authority"], &[rescale("scale authority", 3.0, now)])
                .ok(&["payer"], &[ui(10_000_000)]),
            mint("scaled_update_later", 56, scale(1.0))
                .ok(&["payer", "scale authority"], &[rescale("scale authority", 3.0, now + 1_000)])
                .ok(&["payer"], &[ui(10_000_000)]),
            mint("scaled_update_negative", 56, scale(1.0))
                .fails(&["payer", "scale authority"], &[rescale("scale authority", -3.0, now)]),
            mint("scaled_update_nan", 56, scale(1.0))
                .fails(&["payer", "scale authority"], &[rescale("scale authority", f64::NAN, now)]),
            mint("scaled_update_stranger", 56, scale(1.0))
                .fails(&["payer", "stranger"], &[rescale("stranger", 2.0, now)]),
            Case::new(self.token.environment, "scaled_zero")
                .fails(&["payer", "mint"], &self.mint(&[56], &[scale(0.0)])),
        ]
    }

    fn permanent_delegate(&self) -> Vec<Case> {
        let set_up = self.on_mint([vec![35], raw("permanent")].concat());
        let case = |name: &str| self.case(name, &[32], std::slice::from_ref(&set_up), &[]);
        let by = ["payer", "permanent"];
        vec![
            case("permanent_delegate_transfers").ok(&by, &[self.pay("permanent", 4_000)]),
            case("permanent_delegate_burns").ok(&by, &[self.token.burn("source", "mint", "permanent", 4_000)]),
            case("permanent_delegate_unchecked")
                .fails(&by, &[self.token.transfer("source", "destination", "permanent", 4_000)]),
            case("permanent_delegate_frozen")
                .ok(&["payer", "freezer"], &[self.token.freeze(10, "source", "mint", "freezer")])
                .fails(&by, &[self.pay("permanent", 4_000)]),
            case("permanent_delegate_replaced")
                .ok(&by, &[self.token.set_authority("mint", "permanent", 8, Some(address("stranger")))])
                .fails(&by, &[self.pay("permanent", 4_000)])
                .ok(&["payer", "stranger"], &[self.pay("stranger", 4_000)]),
        ]
    }

    fn transfer_hook(&self) -> Vec<Case> {
        let set_up = |hook: Vec<u8>| self.on_mint([vec![36, 0], raw("hook authority"), hook].concat());
        let case = |name: &str, hook: Vec<u8>| self.case(name, &[POINTER], &[set_up(hook)], &[1]);
        let both = ["payer", "owner"];
        let update = |by: &str, hook: Vec<u8>| self.on_mint_by(by, [vec![36, 1], hook].concat());
        let mut with_hook = self.pay("owner", 5);
        with_hook.accounts.push(r(address("hook program")));
        vec![
            case("hook_none", vec![0; 32]).ok(&both, &[self.pay("owner", 5)]),
            case("hook_unchecked", vec![0; 32])
                .fails(&both, &[self.token.transfer("source", "destination", "owner", 5)]),
            case("hook_program_not_given", raw("hook program")).fails(&both, &[self.pay("owner", 5)]),
            case("hook_program_missing", raw("hook program")).fails(&both, &[with_hook]),
            case("hook_update", raw("hook program"))
                .ok(&["payer", "hook authority"], &[update("hook authority", vec![0; 32])])
                .ok(&both, &[self.pay("owner", 5)]),
            case("hook_update_stranger", raw("hook program"))
                .fails(&["payer", "stranger"], &[update("stranger", vec![0; 32])]),
        ]
    }

    fn pointer(&self, tag: u8) -> Instruction {
        self.on_mint([vec![tag, 0], raw("pointer authority"), raw("mint")].concat())
    }

    fn initialize_metadata(&self, name: &str, uri: &str) -> Instruction {
        let accounts =
            vec![w(address("mint")), r(address("metadata authority")), r(address("mint")), rs(address("authority"))];
        let data = interface(
            "spl_token_metadata_interface:initialize_account",
            &[&string(name), &string("SYM"), &string(uri)],
        );
        self.token.ix(accounts, data)
    }

    fn metadata_case(&self, name: &str) -> Case {
        Case::new(self.token.environment, name).ok(&["payer", "mint"], &self.mint(&[POINTER], &[self.pointer(39)])).ok(
            &["payer", "authority"],
            &[transfer("payer", "mint", SOL / 10), self.initialize_metadata("A token", "https://example.com/a.json")],
        )
    }

    fn update_metadata(&self, by: &str, field: Vec<u8>, value: &str) -> Instruction {
        let data = interface("spl_token_metadata_interface:updating_field", &[&field, &string(value)]);
        self.on_mint_by(by, data)
    }

    fn remove_metadata(&self, by: &str, idempotent: u8, key: &str) -> Instruction {
        self.on_mint_by(by, interface("spl_token_metadata_interface:remove_key_ix", &[&[idempotent], &string(key)]))
    }

    fn metadata(&self) -> Vec<Case> {
        let by = ["payer", "metadata authority"];
        let me = "metadata authority";
        let key = |key: &str| [vec![3], string(key)].concat();
        let emit = |start: &[u8], end: &[u8]| {
            let data = interface("spl_token_metadata_interface:emitter", &[start, end]);
            self.token.ix(vec![r(address("mint"))], data)
        };
        let some = |index: u64| number(&[1], index);
        let hand_over =
            self.on_mint_by(me, interface("spl_token_metadata_interface:update_the_authority", &[&raw("stranger")]));
        let give_up = self.on_mint_by(me, interface("spl_token_metadata_interface:update_the_authority", &[&[0; 32]]));
        let case = |name: &str| self.metadata_case(name);
        let long = "long ".repeat(100);
        vec![
            case("metadata"),
            case("metadata_longer_name").ok(&by, &[self.update_metadata(me, vec![0], &long)]),
            case("metadata_shorter_uri").ok(&by, &[self.update_metadata(me, vec![2], "x")]),
            case("metadata_same_length").ok(&by, &[self.update_metadata(me, vec![1], "ABC")]),
            case("metadata_new_key")
                .ok(&by, &[self.update_metadata(me, key("colour"), "blue"), self.update_metadata(me, key("size"), "9")])
                .ok(&by, &[self.update_metadata(me, key("colour"), "a very light yellow")])
                .ok(&by, &[self.remove_metadata(me, 0, "colour")])
                .fails(&by, &[self.remove_metadata(me, 0, "colour"), transfer("payer", "payer", 1)])
                .ok(&by, &[self.remove_metadata(me, 1, "colour")]),
            case("metadata_emit").ok(&["payer"], &[emit(&[0], &[0])]).ok(&["payer"], &[emit(&some(32), &some(64))]),
            case("metadata_emit_from").ok(&["payer"], &[emit(&some(40), &[0])]),
            case("metadata_emit_past_end").legacy(Expect::Anything, &["payer"], &[emit(&some(10), &some(100_000))]),
            case("metadata_emit_backwards").legacy(Expect::Anything, &["payer"], &[emit(&some(50), &some(10))]),
            case("metadata_hand_over")
                .ok(&by, &[hand_over])
                .fails(&by, &[self.update_metadata(me, vec![1], "ABC")])
                .ok(&["payer", "stranger"], &[self.update_metadata("stranger", vec![1], "ABC")]),
            case("metadata_give_up").ok(&by, &[give_up]).fails(&by, &[self.update_metadata(me, vec![1], "ABC")]),
            case("metadata_point_elsewhere").ok(
                &["payer", "pointer authority"],
                &[self.on_mint_by("pointer authority", [vec![39, 1], raw("elsewhere")].concat())],
            ),
        ]
    }

    fn metadata_failures(&self) -> Vec<Case> {
        let by = ["payer", "metadata authority"];
        let me = "metadata authority";
        let unfunded = |name: &str| {
            let instructions = self.mint(&[POINTER], &[self.pointer(39)]);
            Case::new(self.token.environment, name).ok(&["payer", "mint"], &instructions)
        };
        let funded = |name: &str| unfunded(name).ok(&["payer"], &[transfer("payer", "mint", SOL / 10)]);
        let plain = Case::new(self.token.environment, "metadata_without_pointer")
            .ok(&["payer", "mint"], &self.mint(&[], &[]))
            .fails(&["payer", "authority"], &[self.initialize_metadata("A", "B")]);
        let case = |name: &str| self.metadata_case(name);
        let stranger = Instruction {
            accounts: vec![
                w(address("mint")),
                r(address("metadata authority")),
                r(address("mint")),
                rs(address("stranger")),
            ],
            ..self.initialize_metadata("A", "B")
        };
        let large = "#".repeat(800);
        // Type and length, authority, mint, three strings of 1, 3 and 1 bytes, and an empty list: what "A", "u" takes.
        let smallest = (4 + 32 + 32 + 5 + 7 + 5 + 4) * LAMPORTS_PER_BYTE;
        let one = ["payer", "authority"];
        vec![
            plain,
            unfunded("metadata_unfunded").fails(&one, &[self.initialize_metadata("A token", "https://a.example")]),
            funded("metadata_stranger_initializes").fails(&["payer", "stranger"], &[stranger]),
            case("metadata_twice").fails(&one, &[self.initialize_metadata("Another", "B")]),
            case("metadata_update_stranger")
                .fails(&["payer", "stranger"], &[self.update_metadata("stranger", vec![1], "ABC")]),
            case("metadata_update_not_signed").fails(
                &["payer"],
                &[Instruction {
                    accounts: vec![w(address("mint")), r(address("metadata authority"))],
                    ..self.update_metadata(me, vec![1], "ABC")
                }],
            ),
            case("metadata_update_bad_field").fails(&by, &[self.update_metadata(me, vec![9], "ABC")]),
            case("metadata_update_truncated").fails(
                &by,
                &[self.on_mint_by(me, interface("spl_token_metadata_interface:updating_field", &[&[0, 200, 0, 0, 0]]))],
            ),
            case("metadata_remove_stranger").fails(&["payer", "stranger"], &[self.remove_metadata("stranger", 1, "k")]),
            funded("metadata_large")
                .ok(&one, &[self.initialize_metadata(&large, "u")])
                .ok(&by, &[self.update_metadata(me, vec![2], &large)]),
            unfunded("metadata_outgrows_its_rent")
                .ok(&one, &[transfer("payer", "mint", smallest), self.initialize_metadata("A", "u")])
                .fails(&by, &[self.update_metadata(me, vec![0], "AB")])
                .ok(&by, &[self.update_metadata(me, vec![0], "")])
                .ok(&by, &[self.update_metadata(me, vec![0], "Z")]),
        ]
    }

    fn groups(&self) -> Vec<Case> {
        let group_mint = |name: &str| {
            Case::new(self.token.environment, name)
                .ok(&["payer", "mint"], &self.mint(&[POINTER, POINTER], &[self.pointer(40), self.pointer(41)]))
                .ok(&["payer"], &[transfer("payer", "mint", SOL / 10)])
        };
        let initialize = |maximum: u64| {
            let data = interface(
                "spl_token_group_interface:initialize_token_group",
                &[&raw("group authority"), &maximum.to_le_bytes()],
            );
            self.token.ix(vec![w(address("mint")), r(address("mint")), rs(address("authority"))], data)
        };
        let by = ["payer", "authority"];
        let resize = |maximum: u64| {
            let data = interface("spl_token_group_interface:update_group_max_size", &[&maximum.to_le_bytes()]);
            self.on_mint_by("group authority", data)
        };
        let join = |member: &str, member_authority: &str| {
            let accounts = vec![
                w(address(member)),
                r(address(member)),
                rs(address(member_authority)),
                w(address("mint")),
                rs(address("group authority")),
            ];
            self.token.ix(accounts, interface("spl_token_group_interface:initialize_member", &[]))
        };
        let member_mint = [
            self.token.create("member", space(MINT_SPACE, &[POINTER])),
            self.token.ix(vec![w(address("member"))], [vec![41, 0], raw("pointer authority"), raw("member")].concat()),
            self.token.initialize_mint("member", "authority", None),
            transfer("payer", "member", SOL / 10),
        ];
        let grouped = |name: &str| group_mint(name).ok(&by, &[initialize(1)]);
        let all = ["payer", "authority", "group authority"];
        vec![
            grouped("group"),
            grouped("group_twice").fails(&by, &[initialize(2)]),
            grouped("group_resize").ok(&["payer", "group authority"], &[resize(5)]),
            grouped("group_member")
                .ok(&["payer", "member"], &member_mint)
                .ok(&all, &[join("member", "authority")])
                .fails(&["payer", "group authority"], &[resize(0)]),
            group_mint("group_full")
                .ok(&by, &[initialize(0)])
                .ok(&["payer", "member"], &member_mint)
                .fails(&all, &[join("member", "authority")]),
            grouped("group_own_member").legacy(Expect::Anything, &all, &[join("mint", "authority")]),
        ]
    }

    fn pausable(&self) -> Vec<Case> {
        let set_up = self.on_mint([vec![44, 0], raw("pauser")].concat());
        let case = |name: &str| self.case(name, &[32 + 1], std::slice::from_ref(&set_up), &[0]);
        let by = ["payer", "pauser"];
        let both = ["payer", "owner"];
        let switch = |by: &str, tag: u8| self.on_mint_by(by, [44, tag]);
        let paused = |name: &str| case(name).ok(&by, &[switch("pauser", 1)]);
        vec![
            case("pausable").ok(&both, &[self.pay("owner", 5)]),
            paused("paused_transfer").fails(&both, &[self.pay("owner", 5)]),
            paused("paused_mint")
                .fails(&["payer", "authority"], &[self.token.mint_to("mint", "source", "authority", 6)]),
            paused("paused_burn").fails(&both, &[self.token.burn("source", "mint", "owner", 6)]),
            paused("paused_resumed").ok(&by, &[switch("pauser", 2)]).ok(&both, &[self.pay("owner", 5)]),
            case("pause_stranger").fails(&["payer", "stranger"], &[switch("stranger", 1)]),
        ]
    }

    fn cpi_guard_and_owner(&self) -> Vec<Case> {
        let guard = |tag: u8| self.token.ix(vec![w(address("source")), rs(address("owner"))], [34, tag]);
        let guarded = |name: &str| self.case(name, &[], &[], &[1]).ok(&["payer", "owner"], &[guard(0)]);
        let both = ["payer", "owner"];
        let target = associated(&address("owner"), &self.token.program, &address("mint"));
        let set_owner = self.token.ix(vec![w(target), rs(address("owner"))], [vec![6, 2, 1], raw("stranger")].concat());
        let immutable = [
            self.token.create("source", space(ACCOUNT_SPACE, &[0])),
            self.token.ix(vec![w(address("source"))], [22]),
            self.token.initialize_account("source", "mint", "owner"),
        ];
        vec![
            guarded("cpi_guard_direct_transfer").ok(&both, &[self.pay("owner", 5)]),
            guarded("cpi_guard_set_owner")
                .fails(&both, &[self.token.set_authority("source", "owner", 2, Some(address("stranger")))]),
            guarded("cpi_guard_disabled")
                .ok(&both, &[guard(1)])
                .ok(&both, &[self.token.set_authority("source", "owner", 2, Some(address("stranger")))]),
            Case::new(self.token.environment, "immutable_owner")
                .ok(&["payer", "mint"], &self.mint(&[], &[]))
                .ok(&["payer", "source"], &immutable)
                .fails(&both, &[self.token.set_authority("source", "owner", 2, Some(address("stranger")))]),
            Case::new(self.token.environment, "immutable_owner_of_associated")
                .ok(&["payer", "mint"], &self.mint(&[], &[]))
                .ok(&["payer"], &[create_associated(self.token.program, "owner", "mint", &[0])])
                .fails(&both, &[set_owner]),
        ]
    }

    fn misuse(&self) -> Vec<Case> {
        let late = |name: &str, data: Vec<u8>| {
            Case::new(self.token.environment, name)
                .ok(&["payer", "mint"], &self.mint(&[], &[]))
                .fails(&["payer"], &[self.on_mint(data)])
        };
        let native = Address::find_program_address(&[b"native-mint"], &self.token.program).0;
        let create_native = self.token.ix(vec![ws(address("payer")), w(native), r(system_program::ID)], [31]);
        let everything = [
            self.fee_config(10, 10),
            self.on_mint([vec![25], some("closer")].concat()),
            self.on_mint([28, 0, 1]),
            self.on_mint([vec![35], raw("permanent")].concat()),
            self.pointer(39),
        ];
        let sizes = [FEE_CONFIG, CLOSE_AUTHORITY, 1, 32, POINTER];
        let confidential = [vec![27, 0], raw("confidential authority"), vec![1], vec![0; 32]].concat();
        let mut cases = vec![
            late("late_close_authority", [vec![25], some("closer")].concat()),
            late("late_fee_config", self.fee_config(1, 1).data),
            late("late_non_transferable", vec![32]),
            late("late_permanent_delegate", [vec![35], raw("permanent")].concat()),
            Case::new(self.token.environment, "many_extensions")
                .ok(&["payer", "mint"], &self.mint(&sizes, &everything)),
            Case::new(self.token.environment, "too_small_for_extensions")
                .fails(&["payer", "mint"], &self.mint(&sizes[..4], &everything)),
            Case::new(self.token.environment, "too_large_for_extensions")
                .fails(&["payer", "mint"], &self.mint(&[FEE_CONFIG, 8], &[self.fee_config(1, 1)])),
            Case::new(self.token.environment, "confidential_mint").legacy(
                Expect::Anything,
                &["payer", "mint"],
                &self.mint(&[65], &[self.on_mint(confidential)]),
            ),
            Case::new(self.token.environment, "create_native_mint")
                .legacy(Expect::Anything, &["payer"], &[create_native.clone()])
                .legacy(Expect::Anything, &["payer"], &[create_native, transfer("payer", "payer", 1)]),
        ];
        for tag in 25..48 {
            let name = format!("malformed_extension_{tag}");
            let accounts = vec![w(address("source")), w(address("mint")), rs(address("owner"))];
            cases.push(self.token.case(&name).legacy(
                Expect::Anything,
                &["payer", "owner"],
                &[self.token.ix(accounts.clone(), vec![tag]), self.token.ix(accounts, vec![tag, 0, 1, 2, 3])],
            ));
        }
        cases
    }
}
