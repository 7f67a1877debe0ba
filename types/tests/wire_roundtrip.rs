//! The parser against the `solana-transaction` crate, both ways: what the crate writes is read with all fields equal,
//! and of any other bytes exactly those are accepted that the crate accepts too and that obey the rules it leaves out.

mod wire_support;

use heddle_types::TransactionView;
use proptest::{collection::vec, option, prelude::*, sample::Index, test_runner::RngSeed};
use solana_message::{
    Message, MessageHeader, VersionedMessage,
    compiled_instruction::CompiledInstruction,
    v0::{self, MessageAddressTableLookup},
    v1,
};
use solana_transaction::versioned::VersionedTransaction;
use wire_support::check_against_reference;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Legacy,
    V0,
    V1,
}

impl Version {
    fn size_bytes_max(self) -> usize {
        if self == Self::V1 { 4096 } else { 1232 }
    }

    /// Bounds for generated counts; the size limit cuts them further.
    fn key_count_max(self) -> usize {
        if self == Self::V1 { 64 } else { 30 }
    }
}

fn any_version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::Legacy), Just(Version::V0), Just(Version::V1)]
}

/// Raw material of a message; every combination can be made valid.
#[derive(Clone, Debug)]
struct Parts {
    version: Version,
    header: MessageHeader,
    keys: Vec<[u8; 32]>,
    blockhash: [u8; 32],
    instructions: Vec<CompiledInstruction>,
    lookups: Vec<MessageAddressTableLookup>,
    config: v1::TransactionConfig,
    signature_count: usize,
}

fn any_config() -> impl Strategy<Value = v1::TransactionConfig> {
    let heap_size = (32u32..=256).prop_map(|kib| kib * 1024);
    (option::of(any::<u64>()), option::of(any::<u32>()), option::of(any::<u32>()), option::of(heap_size)).prop_map(
        |(priority_fee, compute_unit_limit, loaded_accounts_data_size_limit, heap_size)| v1::TransactionConfig {
            priority_fee,
            compute_unit_limit,
            loaded_accounts_data_size_limit,
            heap_size,
        },
    )
}

/// Mostly short, at times long enough for two-byte lengths.
fn any_data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 0..20), 1 => vec(any::<u8>(), 120..300)]
}

fn any_instructions(version: Version) -> impl Strategy<Value = Vec<CompiledInstruction>> {
    let account_count_max = if version == Version::V1 { 256 } else { 140 };
    let accounts = prop_oneof![6 => vec(any::<u8>(), 0..8), 1 => vec(any::<u8>(), 0..account_count_max)];
    let instruction = (any::<u8>(), accounts, any_data())
        .prop_map(|(program_id_index, accounts, data)| CompiledInstruction { program_id_index, accounts, data });
    let tiny = any::<u8>().prop_map(|program_id_index| CompiledInstruction {
        program_id_index,
        accounts: Vec::new(),
        data: Vec::new(),
    });
    prop_oneof![8 => vec(instruction, 0..8), 1 => vec(tiny, 56..=64)]
}

fn any_lookups() -> impl Strategy<Value = Vec<MessageAddressTableLookup>> {
    let indices = || prop_oneof![5 => vec(any::<u8>(), 0..6), 1 => vec(any::<u8>(), 0..130)];
    let lookup = (any::<[u8; 32]>(), indices(), indices()).prop_map(|(table, writable_indexes, readonly_indexes)| {
        MessageAddressTableLookup { account_key: table.into(), writable_indexes, readonly_indexes }
    });
    vec(lookup, 0..5)
}

fn any_header() -> impl Strategy<Value = MessageHeader> {
    (1u8..=12, any::<u8>(), any::<u8>()).prop_map(
        |(num_required_signatures, num_readonly_signed_accounts, num_readonly_unsigned_accounts)| MessageHeader {
            num_required_signatures,
            num_readonly_signed_accounts,
            num_readonly_unsigned_accounts,
        },
    )
}

prop_compose! {
    fn any_parts()(version in any_version())(
        version in Just(version),
        header in any_header(),
        keys in vec(any::<[u8; 32]>(), 1..=version.key_count_max()),
        blockhash in any::<[u8; 32]>(),
        instructions in any_instructions(version),
        lookups in any_lookups(),
        config in any_config(),
    ) -> Parts {
        let signature_count = usize::from(header.num_required_signatures);
        Parts { version, header, keys, blockhash, instructions, lookups, config, signature_count }
    }
}

impl Parts {
    /// Brings every value into its range, then drops what does not fit the size limit.
    fn made_valid(mut self) -> VersionedTransaction {
        loop {
            self.bring_into_range();
            let transaction = self.to_transaction();
            if wincode::serialized_size(&transaction).unwrap() as usize <= self.version.size_bytes_max() {
                return transaction;
            }
            if self.instructions.pop().is_none() && self.lookups.pop().is_none() {
                self.keys.pop();
            }
        }
    }

    fn bring_into_range(&mut self) {
        let Self { header, keys, .. } = self;
        header.num_required_signatures = header.num_required_signatures.min(keys.len() as u8);
        header.num_readonly_signed_accounts %= header.num_required_signatures;
        header.num_readonly_unsigned_accounts %= keys.len() as u8 - header.num_required_signatures + 1;
        self.signature_count = usize::from(header.num_required_signatures);

        if self.version != Version::V0 {
            self.lookups.clear();
        }
        self.lookups.retain(|lookup| !lookup.writable_indexes.is_empty() || !lookup.readonly_indexes.is_empty());
        while self.total_key_count() > 256 {
            self.lookups.pop();
        }
        if self.keys.len() == 1 {
            self.instructions.clear(); // nothing but the fee payer to invoke
        }
        let (total, keys) = (self.total_key_count(), self.keys.len());
        for instruction in &mut self.instructions {
            instruction.program_id_index = 1 + instruction.program_id_index % (keys.max(2) - 1) as u8;
            for index in &mut instruction.accounts {
                *index = (usize::from(*index) % total) as u8;
            }
        }
    }

    fn total_key_count(&self) -> usize {
        let looked_up =
            |lookup: &MessageAddressTableLookup| lookup.writable_indexes.len() + lookup.readonly_indexes.len();
        self.keys.len() + self.lookups.iter().map(looked_up).sum::<usize>()
    }

    fn to_transaction(&self) -> VersionedTransaction {
        let Self { header, instructions, .. } = self.clone();
        let account_keys = self.keys.iter().map(|key| (*key).into()).collect();
        let recent_blockhash = self.blockhash.into();
        let message = match self.version {
            Version::Legacy => {
                VersionedMessage::Legacy(Message { header, account_keys, recent_blockhash, instructions })
            }
            Version::V0 => {
                let address_table_lookups = self.lookups.clone();
                let message =
                    v0::Message { header, account_keys, recent_blockhash, instructions, address_table_lookups };
                VersionedMessage::V0(message)
            }
            Version::V1 => {
                let config = self.config;
                let lifetime_specifier = recent_blockhash;
                VersionedMessage::V1(v1::Message { header, config, lifetime_specifier, account_keys, instructions })
            }
        };
        let signatures = (0..self.signature_count).map(|n| [n as u8 + 1; 64].into()).collect();
        VersionedTransaction { signatures, message }
    }
}

/// One change to bytes. The places are fractions of their length.
#[derive(Clone, Debug)]
enum Mutation {
    Truncate(Index),
    Extend(Vec<u8>),
    FlipBit(Index, u8),
    SetByte(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    /// Overwrites from the second place with what begins at the first one.
    Copy(Index, Index, usize),
    /// Continues with the tail of another transaction.
    Splice(Index, Index),
}

fn any_mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        1 => index().prop_map(Mutation::Truncate),
        1 => vec(any::<u8>(), 1..40).prop_map(Mutation::Extend),
        4 => (index(), 0u8..8).prop_map(|(at, bit)| Mutation::FlipBit(at, bit)),
        4 => (index(), prop_oneof![any::<u8>(), 0u8..4, 0x7eu8..0x83]).prop_map(|(at, byte)| Mutation::SetByte(at, byte)),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        1 => index().prop_map(Mutation::Remove),
        2 => (index(), index(), 1usize..70).prop_map(|(from, to, size)| Mutation::Copy(from, to, size)),
        1 => (index(), index()).prop_map(|(head, tail)| Mutation::Splice(head, tail)),
    ]
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>, other: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let len = bytes.len();
        match self {
            Self::Truncate(at) => bytes.truncate(at.index(len)),
            Self::Extend(tail) => bytes.extend_from_slice(tail),
            Self::FlipBit(at, bit) => bytes[at.index(len)] ^= 1 << bit,
            Self::SetByte(at, byte) => bytes[at.index(len)] = *byte,
            Self::Insert(at, byte) => bytes.insert(at.index(len), *byte),
            Self::Remove(at) => drop(bytes.remove(at.index(len))),
            Self::Copy(from, to, size) => {
                let (from, to) = (from.index(len), to.index(len));
                let size = (*size).min(len - from).min(len - to);
                bytes.copy_within(from..from + size, to);
            }
            Self::Splice(head, tail) => {
                bytes.truncate(head.index(len));
                bytes.extend_from_slice(&other[tail.index(other.len())..]);
            }
        }
    }
}

/// Where counts, indices and headers are: key, signature and hash bytes changed at random say little.
fn structural_offsets(transaction: &VersionedTransaction, bytes: &[u8]) -> Vec<usize> {
    let view = TransactionView::parse(bytes).expect("a valid transaction");
    let start = bytes.as_ptr() as usize;
    let offset = |slice: &[u8]| slice.as_ptr() as usize - start;
    let inside = [
        offset(view.signatures().as_flattened())
            ..offset(view.signatures().as_flattened()) + view.signatures().len() * 64,
        offset(view.static_keys()[0].as_array())
            ..offset(view.static_keys()[0].as_array()) + view.static_keys().len() * 32,
        offset(view.recent_blockhash().as_bytes())..offset(view.recent_blockhash().as_bytes()) + 32,
    ];
    let data: Vec<_> = view.instructions().map(|one| offset(one.data)..offset(one.data) + one.data.len()).collect();
    assert_eq!(data.len(), transaction.message.instructions().len());
    (0..bytes.len()).filter(|at| !inside.iter().chain(&data).any(|range| range.contains(at))).collect()
}

/// Each run is the same unless `PROPTEST_RNG_SEED` or `PROPTEST_CASES` asks for another.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(20_260_385);
    }
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 4_000;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_the_crate_writes_is_read_with_all_fields_equal(parts in any_parts()) {
        let bytes = wincode::serialize(&parts.made_valid()).unwrap();
        prop_assert!(check_against_reference(&bytes));
        let view = TransactionView::parse(&bytes).unwrap();
        let owned = view.to_sanitized();
        prop_assert_eq!(owned.view(), view);
        prop_assert_eq!(view.wire_bytes(), &bytes[..]);
    }

    /// Headers, counts and indices that need not be in range, in well-formed bytes.
    #[test]
    fn well_formed_bytes_are_judged_as_the_crate_does(
        parts in any_parts(),
        signature_count in option::weighted(0.2, 0usize..14),
        repeated_key in option::weighted(0.2, any::<(Index, Index)>()),
        spoil in any::<(bool, bool, bool)>(),
        heap_size in option::weighted(0.2, any::<u32>()),
    ) {
        let mut spoilt = parts.clone();
        let valid = parts.made_valid();
        spoilt.keys = valid.message.static_account_keys().iter().map(|key| key.to_bytes()).collect();
        if !spoil.0 {
            spoilt.header = *valid.message.header();
        }
        if !spoil.1 {
            spoilt.instructions = valid.message.instructions().to_vec();
        }
        if !spoil.2 {
            spoilt.lookups = valid.message.address_table_lookups().unwrap_or_default().to_vec();
        }
        spoilt.signature_count = signature_count.unwrap_or(usize::from(spoilt.header.num_required_signatures));
        if let Some((from, to)) = repeated_key {
            let count = spoilt.keys.len();
            spoilt.keys[to.index(count)] = spoilt.keys[from.index(count)];
        }
        if heap_size.is_some() {
            spoilt.config.heap_size = heap_size;
        }
        check_against_reference(&wincode::serialize(&spoilt.to_transaction()).unwrap());
    }

    #[test]
    fn mutated_transactions_are_judged_as_the_crate_does(
        parts in any_parts(),
        other in any_parts(),
        mutations in vec(any_mutation(), 1..4),
    ) {
        let mut bytes = wincode::serialize(&parts.made_valid()).unwrap();
        let other = wincode::serialize(&other.made_valid()).unwrap();
        for mutation in &mutations {
            mutation.apply(&mut bytes, &other);
        }
        check_against_reference(&bytes);
    }

    /// Changes where they matter: every transaction is judged several times.
    #[test]
    fn changed_counts_and_indices_are_judged_as_the_crate_does(
        parts in any_parts(),
        changes in vec((any::<Index>(), prop_oneof![any::<u8>(), 0u8..5, 0x7eu8..0x83]), 1..20),
    ) {
        let transaction = parts.made_valid();
        let bytes = wincode::serialize(&transaction).unwrap();
        let offsets = structural_offsets(&transaction, &bytes);
        for (at, byte) in changes {
            let mut changed = bytes.clone();
            changed[*at.get(&offsets)] = byte;
            check_against_reference(&changed);
        }
    }

    #[test]
    fn arbitrary_bytes_are_judged_as_the_crate_does(bytes in vec(any::<u8>(), 0..300)) {
        check_against_reference(&bytes);
    }
}

/// The generators are worth something only if each kind of test sees both verdicts often.
#[test]
fn generated_cases_are_both_accepted_and_refused() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut accepted, mut by_version) = (0, [0; 3]);
    const CASES: usize = 1_000;
    for _ in 0..CASES {
        let (parts, mutation) = (any_parts(), any_mutation()).new_tree(&mut runner).unwrap().current();
        by_version[parts.version as usize] += 1;
        let mut bytes = wincode::serialize(&parts.made_valid()).unwrap();
        let other = bytes.clone();
        mutation.apply(&mut bytes, &other);
        accepted += usize::from(check_against_reference(&bytes));
    }
    assert!((CASES / 10..CASES * 9 / 10).contains(&accepted), "{accepted} of {CASES} mutated transactions accepted");
    assert!(by_version.iter().all(|count| *count > CASES / 10), "{by_version:?} of each version");
}
