//! The reference that the wire tests compare with: the `solana-transaction` crate, and the rules it leaves to others.

use std::collections::HashSet;

use heddle_types::{
    SanitizedTransaction, TransactionConfig, TransactionVersion,
    limits::{
        INSTRUCTION_ACCOUNT_COUNT_MAX, INSTRUCTION_COUNT_MAX, TRANSACTION_ACCOUNT_COUNT_MAX,
        TRANSACTION_SIZE_BYTES_MAX, TRANSACTION_V1_SIZE_BYTES_MAX,
    },
};
use solana_message::{VersionedMessage, compiled_instruction::CompiledInstruction, v0::MessageAddressTableLookup};
use solana_transaction::versioned::VersionedTransaction;

/// What the crate reads from `bytes`, if it also sanitises.
pub fn reference(bytes: &[u8]) -> Option<VersionedTransaction> {
    let transaction: VersionedTransaction = wincode::deserialize(bytes).ok()?;
    transaction.sanitize().ok()?;
    Some(transaction)
}

/// The rules that the crate does not check: the whole input is the one encoding of the transaction, sizes, counts, and
/// (it checks that for v1 only) distinct keys.
pub fn obeys_rules_beyond_reference(transaction: &VersionedTransaction, bytes: &[u8]) -> bool {
    let size_bytes_max = match transaction.message {
        VersionedMessage::V1(_) => TRANSACTION_V1_SIZE_BYTES_MAX,
        _ => TRANSACTION_SIZE_BYTES_MAX,
    };
    let message = &transaction.message;
    let keys = message.static_account_keys();
    wincode::serialize(transaction).is_ok_and(|again| again == bytes)
        && bytes.len() <= size_bytes_max
        && keys.iter().collect::<HashSet<_>>().len() == keys.len()
        && keys.len() <= TRANSACTION_ACCOUNT_COUNT_MAX
        && message.instructions().len() <= INSTRUCTION_COUNT_MAX
        && message.instructions().iter().all(|one| one.accounts.len() <= INSTRUCTION_ACCOUNT_COUNT_MAX)
}

/// Parses `bytes` and asserts that the reference agrees: in whether it is a transaction, and then in every field.
/// Returns whether it is one.
pub fn check_against_reference(bytes: &[u8]) -> bool {
    let expected = reference(bytes).filter(|theirs| obeys_rules_beyond_reference(theirs, bytes));
    match (SanitizedTransaction::parse(bytes), expected) {
        (Ok(ours), Some(theirs)) => {
            assert_same_fields(&ours, &theirs);
            assert_eq!(SanitizedTransaction::from_bytes(bytes.into()).as_ref(), Ok(&ours));
            assert_eq!(ours.wire_bytes(), bytes);
            assert_eq!(&*ours.into_wire_bytes(), bytes);
            true
        }
        (Err(error), None) => {
            assert!(error.offset <= bytes.len(), "{error} lies beyond {} bytes", bytes.len());
            false
        }
        (Ok(ours), None) => panic!("accepted what the reference refuses: {ours:?}"),
        (Err(error), Some(theirs)) => panic!("{error}, but the reference accepts {theirs:?}"),
    }
}

/// Asserts that each accessor says what the crate's struct says.
pub fn assert_same_fields(ours: &SanitizedTransaction, theirs: &VersionedTransaction) {
    let message = &theirs.message;
    let signatures: Vec<[u8; 64]> = theirs.signatures.iter().map(|signature| (*signature).into()).collect();
    assert_eq!(ours.signatures(), signatures);
    assert_eq!(ours.message_bytes(), message.serialize());
    assert_eq!(ours.message_hash(), message.hash());
    let header = (ours.header().required_signatures, ours.header().readonly_signed, ours.header().readonly_unsigned);
    let expected = message.header();
    let expected = (
        expected.num_required_signatures,
        expected.num_readonly_signed_accounts,
        expected.num_readonly_unsigned_accounts,
    );
    assert_eq!(header, expected);
    assert_eq!(ours.static_keys(), message.static_account_keys());
    assert_eq!(ours.recent_blockhash(), message.recent_blockhash());
    assert_same_instructions(ours, message.instructions());
    assert_same_lookups(ours, message.address_table_lookups().unwrap_or_default());
    assert_same_version(ours, message);
    assert_same_access(ours, message);
}

fn assert_same_instructions(ours: &SanitizedTransaction, theirs: &[CompiledInstruction]) {
    assert_eq!((ours.instruction_count(), ours.instructions().len()), (theirs.len(), theirs.len()));
    let instructions: Vec<_> = ours.instructions().collect();
    assert_eq!(instructions.len(), theirs.len());
    for (ours, theirs) in instructions.iter().zip(theirs) {
        assert_eq!(ours.program_index, theirs.program_id_index);
        assert_eq!(ours.account_indices, theirs.accounts);
        assert_eq!(ours.data, theirs.data);
    }
}

fn assert_same_lookups(ours: &SanitizedTransaction, theirs: &[MessageAddressTableLookup]) {
    assert_eq!((ours.lookup_count(), ours.lookups().len()), (theirs.len(), theirs.len()));
    let lookups: Vec<_> = ours.lookups().collect();
    assert_eq!(lookups.len(), theirs.len());
    for (ours, theirs) in lookups.iter().zip(theirs) {
        assert_eq!(ours.table, &theirs.account_key);
        assert_eq!(ours.writable_indices, theirs.writable_indexes);
        assert_eq!(ours.readonly_indices, theirs.readonly_indexes);
    }
    let writable = theirs.iter().map(|lookup| lookup.writable_indexes.len()).sum();
    let readonly = theirs.iter().map(|lookup| lookup.readonly_indexes.len()).sum();
    assert_eq!(ours.looked_up_key_count(), (writable, readonly));
    assert_eq!(ours.total_key_count(), ours.static_keys().len() + writable + readonly);
}

fn assert_same_version(ours: &SanitizedTransaction, theirs: &VersionedMessage) {
    let (version, config) = match theirs {
        VersionedMessage::Legacy(_) => (TransactionVersion::Legacy, None),
        VersionedMessage::V0(_) => (TransactionVersion::V0, None),
        VersionedMessage::V1(message) => {
            let config = TransactionConfig {
                priority_fee_lamports: message.config.priority_fee,
                compute_unit_limit: message.config.compute_unit_limit,
                loaded_accounts_data_size_limit: message.config.loaded_accounts_data_size_limit,
                heap_size: message.config.heap_size,
            };
            (TransactionVersion::V1, Some(config))
        }
    };
    assert_eq!((ours.version(), ours.config()), (version, config));
}

/// Signers and declared access of every key, recounted from the four groups of the header.
fn assert_same_access(ours: &SanitizedTransaction, theirs: &VersionedMessage) {
    let header = theirs.header();
    let signed = usize::from(header.num_required_signatures);
    let signed_writable = signed - usize::from(header.num_readonly_signed_accounts);
    let keys = theirs.static_account_keys().len();
    let unsigned_writable = keys - signed - usize::from(header.num_readonly_unsigned_accounts);
    let (lookup_writable, lookup_readonly) = ours.looked_up_key_count();

    let groups = [
        (signed_writable, true, true),
        (signed - signed_writable, true, false),
        (unsigned_writable, false, true),
        (keys - signed - unsigned_writable, false, false),
        (lookup_writable, false, true),
        (lookup_readonly, false, false),
        (3, false, false), // beyond the last key
    ];
    let expected = groups.iter().flat_map(|&(count, signer, writable)| std::iter::repeat_n((signer, writable), count));
    for (index, (signer, writable)) in expected.enumerate() {
        assert_eq!((ours.is_signer(index), ours.is_writable_declared(index)), (signer, writable), "key {index}");
    }
}
