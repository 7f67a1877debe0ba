//! Bytes → transaction.

use heddle_types::{SanitizedTransaction, wire::TransactionView};

/// No bytes panic the parser, its borrowed and its owned form agree, and what it accepts it gives back unchanged; every
/// accessor works.
pub fn wire(data: &[u8]) {
    let view = TransactionView::parse(data);
    let owned = SanitizedTransaction::parse(data);
    assert_eq!(owned.as_ref().map(SanitizedTransaction::view), view.as_ref().copied());
    let (Ok(view), Ok(owned)) = (view, owned) else { return };
    assert_eq!(view.to_sanitized(), owned);
    assert_eq!(SanitizedTransaction::from_bytes(data.into()).as_ref(), Ok(&owned));
    assert_eq!(format!("{view:?}"), format!("{owned:?}"));
    assert_eq!(view.message_hash(), owned.message_hash());
    check_fields(&view);
    assert_eq!(&*owned.into_wire_bytes(), data);
}

/// What the layout promises: fields lie in the message, counts and indices are in range.
fn check_fields(view: &TransactionView<'_>) {
    let header = view.header();
    let (writable, readonly) = view.looked_up_key_count();
    let key_count = view.total_key_count();
    assert_eq!(view.signatures().len(), usize::from(header.required_signatures));
    assert!(!view.signatures().is_empty() && header.readonly_signed < header.required_signatures);
    assert_eq!(view.static_keys().len() + writable + readonly, key_count);
    assert_eq!(view.lookups().count(), view.lookup_count());
    assert_eq!(view.instructions().count(), view.instruction_count());
    for instruction in view.instructions() {
        assert!(usize::from(instruction.program_index) < view.static_keys().len());
        assert!(instruction.account_indices.iter().all(|&index| usize::from(index) < key_count));
    }
    assert!(view.is_signer(0) && view.is_writable_declared(0), "the fee payer signs and pays");
    assert!(!view.is_signer(key_count) && !view.is_writable_declared(key_count));
    let within = |part: &[u8]| view.message_bytes().as_ptr_range().contains(&part.as_ptr());
    assert!(within(view.static_keys()[0].as_ref()) && within(view.recent_blockhash().as_ref()));
}
