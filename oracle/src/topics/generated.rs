//! Seeded random transactions over a small world, so that they meet each other's accounts and fail about half the time.
//!
//! Each sequence is one case with its own seed; a transaction is one to four random instructions of wallets, tokens of
//! both programs, nonces, associated accounts, memos and precompiles, then perhaps spoiled: a signature not asked for, an
//! account swapped or dropped, a byte flipped, a budget too small, a durable nonce, a lookup table, a repetition.

use super::{
    ata::{associated, create_associated},
    fees::{heap, limit, loaded, memo, price, program, table},
    system::{self, advance, durable_nonce, nonce_account},
    token::{ACCOUNT_SPACE, Holding, MINT_SPACE, Token, mint_data},
};
use crate::{
    case::{Case, Expect, SOL, address, instruction, key, r, rs, system_account, w, ws},
    environment::Environment,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_message::{Message, VersionedMessage, v0, v1};
use solana_sdk_ids::{ed25519_program, system_program};
use solana_signer::Signer;
use solana_system_interface::instruction::SystemInstruction;
use std::collections::BTreeMap;

const SEQUENCES: u64 = 22;
const TRANSACTIONS_PER_SEQUENCE: usize = 20;

const WALLETS: [&str; 4] = ["payer", "alice", "bob", "carol"];
const FRESH: [&str; 4] = ["fresh 1", "fresh 2", "fresh 3", "fresh 4"];
const NONCES: [&str; 2] = ["nonce 1", "nonce 2"];
const KINDS: [&str; 2] = ["token", "token 2022"];
const MINTS: [&str; 2] = ["mint x", "mint y"];

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    (0..SEQUENCES).map(|seed| sequence(environment, seed)).collect()
}

/// A random source that knows the world's names.
struct Generator<'a> {
    environment: &'a Environment,
    random: ChaCha8Rng,
    names: BTreeMap<Address, String>,
    tables: Vec<solana_message::AddressLookupTableAccount>,
}

/// The sequence of `seed`; the topic has the first few.
pub fn sequence(environment: &Environment, seed: u64) -> Case {
    let mut generator = Generator {
        environment,
        random: ChaCha8Rng::seed_from_u64(0x4865_6464_6c65 + seed),
        names: BTreeMap::new(),
        tables: Vec::new(),
    };
    let mut case = generator.world(&format!("sequence {seed}"));
    for _ in 0..TRANSACTIONS_PER_SEQUENCE {
        case = generator.transaction(case);
    }
    case
}

fn mint_name(kind: &str, mint: &str) -> String {
    format!("{kind} {mint}")
}

fn holding_name(kind: &str, mint: &str, wallet: &str) -> String {
    format!("{kind} {mint} of {wallet}")
}

impl<'a> Generator<'a> {
    fn token(&self, kind: &str) -> Token<'a> {
        let name = if kind == KINDS[0] { "spl_token" } else { "spl_token_2022" };
        Token { environment: self.environment, program: program(name) }
    }

    fn pick<'b, T: ?Sized>(&mut self, from: &[&'b T]) -> &'b T {
        from[self.random.random_range(0..from.len())]
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn name(&mut self, name: &str) -> Address {
        let address = address(name);
        self.names.insert(address, name.to_owned());
        address
    }

    /// Wallets, mints with authority `alice`, an account of each mint for each wallet, nonces of `bob`, and a table.
    fn world(&mut self, name: &str) -> Case {
        let mut case = Case::bare(self.environment, name);
        for (index, wallet) in WALLETS.iter().enumerate() {
            let lamports = if index == 3 { self.random.random_range(650_240..1_000_000) } else { SOL };
            case = case.account(self.name(wallet), system_account(lamports));
        }
        for kind in KINDS {
            let token = self.token(kind);
            for mint in MINTS {
                let mint = mint_name(kind, mint);
                let freezer = (mint.ends_with('x')).then(|| address("bob"));
                let data = mint_data(Some(address("alice")), 3_000, 6, freezer);
                case = case.account(self.name(&mint), token.owned(data));
            }
            for (mint, wallet) in [("mint x", "alice"), ("mint x", "bob"), ("mint y", "alice"), ("mint x", "carol")] {
                let held = Holding { mint: address(&mint_name(kind, mint)), ..Holding::new(mint, wallet, 1_000) };
                case = case.account(self.name(&holding_name(kind, mint, wallet)), token.owned(held.to_data()));
            }
        }
        for nonce in NONCES {
            let account = nonce_account(self.environment, "bob", durable_nonce(nonce), 20_000);
            case = case.account(self.name(nonce), account);
        }
        for fresh in FRESH {
            self.name(fresh);
        }
        let (table, account) = table(
            "table",
            vec![
                address(WALLETS[1]),
                address(WALLETS[2]),
                address(&mint_name(KINDS[0], MINTS[0])),
                address(&holding_name(KINDS[0], MINTS[0], "alice")),
                address(&holding_name(KINDS[0], MINTS[0], "bob")),
                address(FRESH[0]),
            ],
        );
        self.tables.push(table);
        case.account(address("table"), account)
    }

    fn transaction(&mut self, case: Case) -> Case {
        if !case.transactions.is_empty() && self.chance(4) {
            let index = self.random.random_range(0..case.transactions.len());
            let (earlier, _) = case.transactions[index].clone();
            return case.transaction(Expect::Anything, earlier);
        }
        let payer = if self.chance(85) { "payer" } else { self.pick(&WALLETS) };
        let mut instructions: Vec<Instruction> = Vec::new();
        let count = [1, 1, 1, 2, 2, 3][self.random.random_range(0..6)];
        for _ in 0..count {
            instructions.extend(self.instructions());
        }
        if self.chance(16) {
            self.spoil(&mut instructions);
        }
        let mut lifetime = self.environment.blockhash;
        if self.chance(8) {
            let nonce = self.pick(&NONCES);
            lifetime = durable_nonce(if self.chance(80) { nonce } else { "never a nonce" });
            instructions.insert(0, advance(nonce, "bob"));
        } else if self.chance(1) {
            lifetime = Hash::new_from_array([3; 32]);
        }
        let message = self.message(payer, lifetime, instructions);
        let signers = self.signers(&message);
        let signers: Vec<&str> = signers.iter().map(String::as_str).collect();
        case.message(Expect::Anything, &signers, message)
    }

    fn signers(&self, message: &VersionedMessage) -> Vec<String> {
        let required = usize::from(message.header().num_required_signatures);
        message.static_account_keys()[..required].iter().map(|address| self.names[address].clone()).collect()
    }

    fn message(&mut self, payer: &str, lifetime: Hash, mut instructions: Vec<Instruction>) -> VersionedMessage {
        let payer = address(payer);
        let form = self.random.random_range(0..10);
        if form == 0 {
            let config = v1::TransactionConfig {
                priority_fee: self.chance(50).then_some(1_234),
                compute_unit_limit: Some(self.random.random_range(100..60_000)),
                loaded_accounts_data_size_limit: Some(if self.chance(80) { 2_000_000 } else { 120_000 }),
                heap_size: self.chance(30).then_some(64 * 1024),
            };
            let message = v1::Message::try_compile_with_config(&payer, &instructions, lifetime, config);
            return VersionedMessage::V1(message.expect("the message is small"));
        }
        self.add_budget(&mut instructions);
        if form < 3 {
            let message = v0::Message::try_compile(&payer, &instructions, &self.tables, lifetime);
            return VersionedMessage::V0(message.expect("the message is small"));
        }
        VersionedMessage::Legacy(Message::new_with_blockhash(&instructions, Some(&payer), &lifetime))
    }

    fn add_budget(&mut self, instructions: &mut Vec<Instruction>) {
        if self.chance(20) {
            let units = if self.chance(70) { 200_000 } else { self.random.random_range(150..4_000) };
            instructions.push(limit(units));
        }
        if self.chance(20) {
            instructions.push(price(self.random.random_range(0..100_000)));
        }
        if self.chance(8) {
            let kib = self.random.random_range(30..258);
            instructions.push(heap(kib * 1024));
        }
        if self.chance(8) {
            let bytes = if self.chance(50) { 1 << 20 } else { self.random.random_range(0..3_000) };
            instructions.push(loaded(bytes));
        }
        if self.chance(3) {
            instructions.push(limit(1_000));
        }
    }

    fn instructions(&mut self) -> Vec<Instruction> {
        match self.random.random_range(0..20) {
            0..5 => vec![self.wallet_instruction()],
            5 => vec![self.nonce_instruction()],
            6 => self.create_token_account(),
            7 => self.create_mint(),
            8..16 => vec![self.token_instruction()],
            16 => vec![self.associated_instruction()],
            17 => vec![self.memo_instruction()],
            18 => vec![self.precompile_instruction()],
            _ => vec![self.native_allocation()],
        }
    }

    fn wallet_instruction(&mut self) -> Instruction {
        let from = self.pick(&WALLETS);
        let to = if self.chance(60) { self.pick(&WALLETS) } else { self.pick(&FRESH) };
        let lamports = match self.random.random_range(0..5) {
            0 => self.random.random_range(0..700_000),
            1 => 650_240,
            2 => self.random.random_range(0..SOL),
            _ => self.random.random_range(650_240..5_000_000),
        };
        system::transfer(from, to, lamports)
    }

    /// Create, allocate or assign a fresh account.
    fn native_allocation(&mut self) -> Instruction {
        let (from, to) = (self.pick(&WALLETS), self.pick(&FRESH));
        let space = self.random.random_range(0..200);
        let owner = if self.chance(50) { system_program::ID } else { address("some program") };
        let lamports = self.environment.exempt(space as usize) - u64::from(self.chance(20));
        match self.random.random_range(0..4) {
            0 => system::system(&SystemInstruction::Allocate { space }, vec![ws(address(to))]),
            1 => system::system(&SystemInstruction::Assign { owner }, vec![ws(address(to))]),
            2 => system::system(
                &SystemInstruction::CreateAccountAllowPrefund { lamports, space, owner },
                vec![ws(address(to)), ws(address(from))],
            ),
            _ => system::create(from, to, lamports, space, owner),
        }
    }

    fn nonce_instruction(&mut self) -> Instruction {
        let nonce = self.pick(&NONCES);
        let authority = if self.chance(75) { "bob" } else { self.pick(&WALLETS) };
        let sysvars = || {
            let recent = solana_sdk_ids::sysvar::recent_blockhashes::ID;
            [r(recent), r(solana_sdk_ids::sysvar::rent::ID)]
        };
        match self.random.random_range(0..3) {
            0 => advance(nonce, authority),
            1 => {
                let to = address(self.pick(&WALLETS));
                system::system(
                    &SystemInstruction::AuthorizeNonceAccount(to),
                    vec![w(address(nonce)), rs(address(authority))],
                )
            }
            _ => {
                let lamports = self.random.random_range(0..30_000);
                let [recent, rent] = sysvars();
                let accounts =
                    vec![w(address(nonce)), w(address(self.pick(&WALLETS))), recent, rent, rs(address(authority))];
                system::system(&SystemInstruction::WithdrawNonceAccount(lamports), accounts)
            }
        }
    }

    fn create_token_account(&mut self) -> Vec<Instruction> {
        let kind = self.pick_kind();
        let (fresh, owner) = (self.pick(&FRESH), self.pick(&WALLETS));
        let mint = mint_name(kind, self.pick(&MINTS));
        let token = self.token(kind);
        vec![token.create(fresh, ACCOUNT_SPACE), token.initialize_account(fresh, &mint, owner)]
    }

    fn create_mint(&mut self) -> Vec<Instruction> {
        let kind = self.pick_kind();
        let token = self.token(kind);
        let (fresh, authority) = (self.pick(&FRESH), self.pick(&WALLETS));
        vec![token.create(fresh, MINT_SPACE), token.initialize_mint(fresh, authority, None)]
    }

    fn pick_kind(&mut self) -> &'static str {
        KINDS[self.random.random_range(0..2)]
    }

    fn token_instruction(&mut self) -> Instruction {
        let kind = self.pick_kind();
        let token = self.token(kind);
        let mint = if self.chance(93) { MINTS[0] } else { MINTS[1] };
        let (owner, other) = (self.pick(&["alice", "bob", "carol"]), self.pick(&["alice", "bob", "carol"]));
        let from = if self.chance(93) { holding_name(kind, mint, owner) } else { self.pick(&FRESH).to_owned() };
        let to = if self.chance(93) { holding_name(kind, mint, other) } else { self.pick(&FRESH).to_owned() };
        self.name(&from);
        self.name(&to);
        let mint = mint_name(kind, mint);
        let authority = if self.chance(92) { owner } else { self.pick(&WALLETS) };
        let units = if self.chance(90) { self.random.random_range(0..200) } else { self.random.random_range(0..5_000) };
        match self.random.random_range(0..24) {
            0..8 => token.transfer(&from, &to, authority, units),
            8..11 => {
                let mut data = vec![12];
                data.extend(units.to_le_bytes());
                data.push(if self.chance(90) { 6 } else { 7 });
                let accounts = vec![w(address(&from)), r(address(&mint)), w(address(&to)), rs(address(authority))];
                token.ix(accounts, data)
            }
            11..14 => {
                let authority = if self.chance(85) { "alice" } else { authority };
                token.mint_to(&mint, &to, authority, units)
            }
            14..16 => token.burn(&from, &mint, authority, units),
            16..18 => token.approve(&from, other, authority, units),
            18 => token.revoke(&from, authority),
            19 => token.close(&from, self.pick(&WALLETS), authority),
            20 => {
                let tag = if self.chance(50) { 10 } else { 11 };
                let by = if self.chance(80) { "bob" } else { authority };
                token.freeze(tag, &from, &mint, by)
            }
            21 => {
                let kind = self.random.random_range(0..4);
                let to = self.chance(80).then(|| address(other));
                token.set_authority(if kind < 2 { &mint } else { &from }, authority, kind, to)
            }
            22 => token.ix(vec![r(address(&mint))], [vec![23], units.to_le_bytes().to_vec()].concat()),
            _ => token.sync_native(&from),
        }
    }

    fn associated_instruction(&mut self) -> Instruction {
        let kind = self.pick_kind();
        let token_program = self.token(kind).program;
        let (wallet, mint) = (self.pick(&WALLETS), mint_name(kind, self.pick(&MINTS)));
        let data: &[u8] = if self.chance(60) { &[1] } else { &[0] };
        let target = associated(&address(wallet), &token_program, &address(&mint));
        self.names.insert(target, format!("associated {target}"));
        create_associated(token_program, wallet, &mint, data)
    }

    fn memo_instruction(&mut self) -> Instruction {
        let name = self.pick(&["spl_memo_1", "spl_memo_3", "spl_memo_4"]);
        let text = self.pick(&["", "a memo", "another memo, longer", "ünïcödé"]);
        let mut instruction = memo(name, text);
        if self.chance(40) {
            instruction.accounts.push(rs(address(self.pick(&WALLETS))));
        }
        instruction
    }

    fn precompile_instruction(&mut self) -> Instruction {
        let signer = key(self.pick(&WALLETS));
        let text = b"a generated message";
        let mut data = vec![1, 0];
        for number in [16, u16::MAX, 80, u16::MAX, 112, text.len() as u16, u16::MAX] {
            data.extend(number.to_le_bytes());
        }
        data.extend(signer.sign_message(text).as_ref());
        data.extend(signer.pubkey().to_bytes());
        data.extend(text);
        if self.chance(25) {
            let index = self.random.random_range(16..data.len());
            data[index] ^= 1;
        }
        instruction(ed25519_program::ID, vec![], data)
    }

    /// Breaks one instruction in one way.
    fn spoil(&mut self, instructions: &mut [Instruction]) {
        let index = self.random.random_range(0..instructions.len());
        let count = instructions[index].accounts.len();
        let at = self.random.random_range(0..count.max(1));
        let stranger = address(self.pick(&WALLETS));
        let instruction = &mut instructions[index];
        match self.random.random_range(0..6) {
            0 if count > 0 => instruction.accounts[at].is_signer = false,
            1 if count > 0 => instruction.accounts[at].is_writable = false,
            2 if count > 0 => instruction.accounts[at].pubkey = stranger,
            3 if count > 0 => {
                instruction.accounts.remove(at);
            }
            4 if !instruction.data.is_empty() => {
                let at = self.random.random_range(0..instruction.data.len());
                instruction.data[at] ^= 1 << self.random.random_range(0..8);
            }
            5 if at == 0 => instruction.program_id = address("no program"),
            _ => instruction.data.truncate(3),
        }
    }
}
