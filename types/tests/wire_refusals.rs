//! Every rule of the parser, one by one: what breaks it is refused at the right field and byte, and the limit itself
//! still passes.

mod wire_support;

use heddle_types::{
    SanitizedTransaction,
    wire::{WireError, WireErrorReason as Reason, WireField as Field},
};
use wire_support::check_against_reference;

/// One signer, one other account, one program; one instruction with two accounts and 12 bytes of data.
fn legacy() -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend([0xaa; 64]); // 1
    bytes.extend([1, 0, 1]); // 65: header
    bytes.push(3); // 68
    bytes.extend(keys(3)); // 69, 101, 133
    bytes.extend([0xbb; 32]); // 165
    bytes.push(1); // 197
    bytes.extend([2, 2, 0, 1, 12]); // 198: program, 199: accounts, 202: data
    bytes.extend([0xdd; 12]); // 203
    bytes
}

/// As [`legacy`], with two lookups of three and one keys.
fn v0() -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend([0xaa; 64]); // 1
    bytes.extend([0x80, 1, 0, 1]); // 65: version, 66: header
    bytes.push(3); // 69
    bytes.extend(keys(3)); // 70, 102, 134
    bytes.extend([0xbb; 32]); // 166
    bytes.push(1); // 198
    bytes.extend([2, 2, 0, 6, 4]); // 199: program, 200: accounts, 203: data
    bytes.extend([0xdd; 4]); // 204
    bytes.push(2); // 208
    bytes.extend([0xe1; 32]); // 209
    bytes.extend([2, 7, 8, 1, 9]); // 241: writable, 244: readonly
    bytes.extend([0xe2; 32]); // 246
    bytes.extend([0, 1, 255]); // 278: writable, 279: readonly
    bytes
}

/// One signer, three keys, every config value, two instructions.
fn v1() -> Vec<u8> {
    let mut bytes = vec![0x81];
    bytes.extend([1, 0, 1]); // 1: header
    bytes.extend([0b1_1111, 0, 0, 0]); // 4: mask
    bytes.extend([0xbb; 32]); // 8
    bytes.extend([2, 3]); // 40: instructions, 41: keys
    bytes.extend(keys(3)); // 42, 74, 106
    bytes.extend(7_000_000_000u64.to_le_bytes()); // 138: priority fee
    bytes.extend([200_000u32, 1 << 20, 64 * 1024].map(u32::to_le_bytes).as_flattened()); // 146, 150, 154: heap
    bytes.extend([2, 2, 12, 0]); // 158
    bytes.extend([2, 1, 0, 1]); // 162: 256 bytes of data
    bytes.extend([0, 1]); // 166
    bytes.extend([0xdd; 12]); // 168
    bytes.push(2); // 180
    bytes.extend([0xde; 256]); // 181
    bytes.extend([0xaa; 64]); // 437
    bytes
}

fn keys(count: u8) -> Vec<u8> {
    (1..=count).flat_map(|n| [n; 32]).collect()
}

fn check(bytes: &[u8], field: Field, offset: usize, reason: Reason) {
    assert_eq!(SanitizedTransaction::parse(bytes), Err(WireError { field, offset, reason }));
    check_against_reference(bytes);
}

/// `bytes` with `new` in place of what is at `at`.
fn with(mut bytes: Vec<u8>, at: usize, new: &[u8]) -> Vec<u8> {
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

/// `bytes` with `new` in place of the `old` bytes at `at`.
fn spliced(mut bytes: Vec<u8>, at: usize, old: usize, new: &[u8]) -> Vec<u8> {
    bytes.splice(at..at + old, new.iter().copied());
    bytes
}

#[test]
fn the_samples_are_transactions() {
    for bytes in [legacy(), v0(), v1()] {
        assert!(check_against_reference(&bytes), "{:?}", SanitizedTransaction::parse(&bytes));
    }
}

#[test]
fn no_prefix_is_a_transaction() {
    for bytes in [legacy(), v0(), v1()] {
        for size in 0..bytes.len() {
            let error = SanitizedTransaction::parse(&bytes[..size]).unwrap_err();
            let Reason::Truncated { needed, available } = error.reason else { panic!("{size}: {error}") };
            assert!(needed > available, "{size}: {error}");
            assert_eq!(error.offset + available as usize, size, "{error}");
            assert!(!check_against_reference(&bytes[..size]));
        }
    }
}

#[test]
fn truncation_names_the_field() {
    let truncated = |needed, available| Reason::Truncated { needed, available };
    check(&[], Field::SignatureCount, 0, truncated(1, 0));
    for (end, field, offset, needed) in [
        (64, Field::Signatures, 1, 64),
        (65, Field::RequiredSignatures, 65, 1),
        (66, Field::ReadonlySigned, 66, 1),
        (67, Field::ReadonlyUnsigned, 67, 1),
        (68, Field::StaticKeyCount, 68, 1),
        (164, Field::StaticKeys, 69, 96),
        (196, Field::RecentBlockhash, 165, 32),
        (197, Field::InstructionCount, 197, 1),
        (198, Field::ProgramIndex, 198, 1),
        (199, Field::AccountCount, 199, 1),
        (201, Field::AccountIndices, 200, 2),
        (202, Field::DataSize, 202, 1),
        (214, Field::Data, 203, 12),
    ] {
        check(&legacy()[..end], field, offset, truncated(needed, (end - offset) as u32));
    }
    for (end, field, offset, needed) in [
        (66, Field::RequiredSignatures, 66, 1),
        (208, Field::LookupCount, 208, 1),
        (240, Field::LookupTable, 209, 32),
        (241, Field::LookupWritableCount, 241, 1),
        (243, Field::LookupWritableIndices, 242, 2),
        (244, Field::LookupReadonlyCount, 244, 1),
        (245, Field::LookupReadonlyIndices, 245, 1),
    ] {
        check(&v0()[..end], field, offset, truncated(needed, (end - offset) as u32));
    }
    for (end, field, offset, needed) in [
        (1, Field::RequiredSignatures, 1, 1),
        (7, Field::ConfigMask, 4, 4),
        (39, Field::RecentBlockhash, 8, 32),
        (40, Field::InstructionCount, 40, 1),
        (41, Field::StaticKeyCount, 41, 1),
        (137, Field::StaticKeys, 42, 96),
        (157, Field::ConfigValues, 138, 20),
        (165, Field::InstructionHeaders, 158, 8),
        (167, Field::AccountIndices, 166, 2),
        (436, Field::Data, 181, 256),
        (500, Field::Signatures, 437, 64),
    ] {
        check(&v1()[..end], field, offset, truncated(needed, (end - offset) as u32));
    }
}

#[test]
fn trailing_bytes() {
    for mut bytes in [legacy(), v0(), v1()] {
        let end = bytes.len();
        bytes.extend([0; 3]);
        check(&bytes, Field::Transaction, end, Reason::TrailingBytes { count: 3 });
    }
}

#[test]
fn sizes() {
    // 215 bytes, 12 of them data: grown to two-byte length and exactly 1232 bytes.
    let grown = |size: usize| {
        let data_size = size - 204;
        let length = [data_size as u8 | 0x80, (data_size >> 7) as u8];
        let mut bytes = spliced(legacy(), 202, 1, &length);
        bytes.resize(size, 0xdd);
        bytes
    };
    assert!(check_against_reference(&grown(1232)));
    check(&grown(1233), Field::Transaction, 1232, Reason::TooLarge { size: 1233, max: 1232 });

    let grown = |size: usize| {
        let data_size = (size - 501 + 256) as u16;
        let bytes = with(v1(), 164, &data_size.to_le_bytes());
        spliced(bytes, 181, 256, &vec![0xde; usize::from(data_size)])
    };
    assert!(check_against_reference(&grown(4096)));
    check(&grown(4097), Field::Transaction, 4096, Reason::TooLarge { size: 4097, max: 4096 });
}

#[test]
fn versions() {
    for version in [0x80, 0x82, 0xff] {
        check(&with(v1(), 0, &[version]), Field::Version, 0, Reason::UnknownVersion { version: version & 0x7f });
    }
    for version in [0x81, 0x82, 0xff] {
        check(&with(v0(), 65, &[version]), Field::Version, 65, Reason::UnknownVersion { version: version & 0x7f });
    }
    check(&with(legacy(), 65, &[0x81]), Field::Version, 65, Reason::UnknownVersion { version: 1 });
}

#[test]
fn counts_in_an_encoding_that_is_not_minimal() {
    for (bytes, at, field) in [
        (legacy(), 68, Field::StaticKeyCount),
        (legacy(), 197, Field::InstructionCount),
        (legacy(), 199, Field::AccountCount),
        (legacy(), 202, Field::DataSize),
        (v0(), 208, Field::LookupCount),
        (v0(), 241, Field::LookupWritableCount),
        (v0(), 279, Field::LookupReadonlyCount),
    ] {
        let value = bytes[at];
        check(&spliced(bytes.clone(), at, 1, &[value | 0x80, 0]), field, at, Reason::NotMinimal);
        check(&spliced(bytes.clone(), at, 1, &[value | 0x80, 0x80, 0]), field, at, Reason::NotMinimal);
        check(&spliced(bytes.clone(), at, 1, &[value | 0x80, 0x80, 4]), field, at, Reason::Overflow);
        check(&spliced(bytes, at, 1, &[value | 0x80, 0x80, 0x81]), field, at, Reason::Overflow);
    }
}

#[test]
fn signature_counts() {
    let mismatch = |count, required| Reason::SignatureCountMismatch { count, required };
    check(&with(legacy(), 65, &[2]), Field::SignatureCount, 0, mismatch(1, 2));
    check(&with(v0(), 66, &[2]), Field::SignatureCount, 0, mismatch(1, 2));
    check(&spliced(legacy(), 0, 65, &[0]), Field::SignatureCount, 0, mismatch(0, 1));
    let second_signature = spliced(legacy(), 0, 1, &[&[2][..], &[0xab; 64]].concat());
    check(&second_signature, Field::SignatureCount, 0, mismatch(2, 1));

    check(&with(legacy(), 65, &[0]), Field::RequiredSignatures, 65, Reason::Zero);
    check(&with(v0(), 66, &[0]), Field::RequiredSignatures, 66, Reason::Zero);
    check(&with(v1(), 1, &[0]), Field::RequiredSignatures, 1, Reason::Zero);
    let none = with(spliced(legacy(), 0, 65, &[0]), 1, &[0]);
    check(&none, Field::RequiredSignatures, 1, Reason::Zero);
}

#[test]
fn header_groups() {
    let readonly = |readonly| Reason::ReadonlyFeePayer { readonly, required: 1 };
    check(&with(legacy(), 66, &[1]), Field::ReadonlySigned, 66, readonly(1));
    check(&with(v0(), 67, &[255]), Field::ReadonlySigned, 67, readonly(255));
    check(&with(v1(), 2, &[1]), Field::ReadonlySigned, 2, readonly(1));

    let too_few = |described| Reason::TooFewKeys { described, count: 3 };
    assert!(check_against_reference(&with(legacy(), 67, &[2])));
    check(&with(legacy(), 67, &[3]), Field::StaticKeyCount, 68, too_few(4));
    check(&with(v0(), 68, &[255]), Field::StaticKeyCount, 69, too_few(256));
    check(&with(v1(), 3, &[3]), Field::StaticKeyCount, 41, too_few(4));
    check(&with(v1(), 41, &[0]), Field::StaticKeyCount, 41, Reason::TooFewKeys { described: 2, count: 0 });
}

#[test]
fn repeated_static_keys() {
    let duplicate = |first, index| Reason::DuplicateKey { first, index };
    check(&with(legacy(), 101, &[1; 32]), Field::StaticKeys, 101, duplicate(0, 1));
    check(&with(v0(), 134, &[2; 32]), Field::StaticKeys, 134, duplicate(1, 2));
    check(&with(v1(), 106, &[1; 32]), Field::StaticKeys, 106, duplicate(0, 2));
    // A looked-up key, or a table, that repeats a static key is for those to judge who can load it.
    assert!(check_against_reference(&with(v0(), 209, &[1; 32])));
}

#[test]
fn instruction_counts() {
    let many = |count: u8| {
        let tiny: Vec<u8> = [2, 0, 0].repeat(usize::from(count));
        spliced(with(legacy(), 197, &[count]), 198, 17, &tiny)
    };
    assert!(check_against_reference(&many(64)));
    check(&many(65), Field::InstructionCount, 197, Reason::TooMany { count: 65, max: 64 });

    let many = |count: u8| {
        let tiny: Vec<u8> = [2, 0, 0, 0].repeat(usize::from(count));
        spliced(with(v1(), 40, &[count]), 158, 437 - 158, &tiny)
    };
    assert!(check_against_reference(&many(64)));
    check(&many(65), Field::InstructionCount, 40, Reason::TooMany { count: 65, max: 64 });

    let none = spliced(with(legacy(), 197, &[0]), 198, 17, &[]);
    assert!(check_against_reference(&none));
}

#[test]
fn accounts_per_instruction() {
    let many = |count: usize| {
        let accounts = [&[count as u8 | 0x80, (count >> 7) as u8][..], &vec![1; count]].concat();
        spliced(legacy(), 199, 3, &accounts)
    };
    assert!(check_against_reference(&many(255)));
    check(&many(256), Field::AccountCount, 199, Reason::TooMany { count: 256, max: 255 });

    let accounts = with(spliced(v1(), 166, 2, &[1; 255]), 159, &[255]);
    assert!(check_against_reference(&accounts));
}

#[test]
fn program_indices() {
    for (bytes, at) in [(legacy(), 198), (v0(), 199), (v1(), 158), (v1(), 162)] {
        check(&with(bytes.clone(), at, &[0]), Field::ProgramIndex, at, Reason::FeePayerInvoked);
        // In v0 a looked-up key has this index: programs must be static.
        let out_of_range = Reason::IndexOutOfRange { index: 3, count: 3 };
        check(&with(bytes.clone(), at, &[3]), Field::ProgramIndex, at, out_of_range);
        assert!(check_against_reference(&with(bytes, at, &[1])));
    }
}

#[test]
fn account_indices() {
    let out_of_range = |index, count| Reason::IndexOutOfRange { index, count };
    check(&with(legacy(), 200, &[3]), Field::AccountIndices, 200, out_of_range(3, 3));
    check(&with(legacy(), 201, &[255]), Field::AccountIndices, 201, out_of_range(255, 3));
    assert!(check_against_reference(&with(v0(), 202, &[6])));
    check(&with(v0(), 202, &[7]), Field::AccountIndices, 202, out_of_range(7, 7));
    check(&with(v1(), 180, &[3]), Field::AccountIndices, 180, out_of_range(3, 3));

    // The second of two instructions, behind data with a two-byte length.
    let long = [&[2, 1, 0, 0x80, 0x02][..], &[0xdd; 256], &[2, 2, 1, 9, 0]].concat();
    let bytes = spliced(with(legacy(), 197, &[2]), 198, 17, &long);
    check(&bytes, Field::AccountIndices, 198 + 5 + 256 + 3, out_of_range(9, 3));
}

#[test]
fn lookups() {
    check(&spliced(v0(), 241, 5, &[0, 0]), Field::LookupTable, 209, Reason::EmptyLookup);
    check(&spliced(v0(), 278, 3, &[0, 0]), Field::LookupTable, 246, Reason::EmptyLookup);
    let none = spliced(with(with(v0(), 208, &[0]), 202, &[2]), 209, 281 - 209, &[]);
    assert!(check_against_reference(&none));

    // Three static keys, 126 and 127 or 128 looked-up ones.
    let keys_looked_up = |second: usize| {
        let readonly = second - 100;
        let tail = [&[100][..], &[5; 100], &[readonly as u8], &vec![6; readonly]].concat();
        spliced(spliced(v0(), 278, 3, &tail), 241, 5, &[&[126][..], &[5; 126], &[0]].concat())
    };
    let second_lookup = 209 + 32 + 128;
    assert!(check_against_reference(&with(keys_looked_up(127), 202, &[255])));
    check(&keys_looked_up(128), Field::LookupTable, second_lookup, Reason::TooManyKeys { count: 257, max: 256 });
}

#[test]
fn limits_of_v1_that_older_formats_leave_to_their_size() {
    let with_keys = |count: u8| spliced(with(v1(), 41, &[count]), 42, 96, &keys(count));
    assert!(check_against_reference(&with_keys(64)));
    check(&with_keys(65), Field::StaticKeyCount, 41, Reason::TooMany { count: 65, max: 64 });

    let with_signers = |count: u8| {
        let mut bytes = with(with_keys(20), 1, &[count]);
        bytes.extend(vec![0xab; 64 * (usize::from(count) - 1)]);
        bytes
    };
    assert!(check_against_reference(&with_signers(12)));
    check(&with_signers(13), Field::RequiredSignatures, 1, Reason::TooMany { count: 13, max: 12 });
}

#[test]
fn config_masks() {
    for mask in [0b10_0000u32, 1 << 31, u32::MAX] {
        let bytes = with(v1(), 4, &mask.to_le_bytes());
        check(&bytes, Field::ConfigMask, 4, Reason::UnknownConfigBits { mask });
    }
    for mask in [0b01u32, 0b10, 0b1_1101] {
        let bytes = with(v1(), 4, &mask.to_le_bytes());
        check(&bytes, Field::ConfigMask, 4, Reason::HalfPriorityFee { mask });
    }
    // Each mask that is left, with as many values.
    for mask in (0..32u8).filter(|mask| matches!(mask & 0b11, 0 | 0b11)) {
        let values = (64 * 1024u32).to_le_bytes().repeat(mask.count_ones() as usize);
        assert!(check_against_reference(&spliced(with(v1(), 4, &[mask]), 138, 20, &values)), "{mask:#b}");
    }
}

#[test]
fn heap_sizes() {
    let (min, max) = (32 * 1024u32, 256 * 1024);
    for size in [min, max, 33 * 1024] {
        assert!(check_against_reference(&with(v1(), 154, &size.to_le_bytes())));
    }
    for size in [0, 1024, min - 1024, min + 1, max + 1024, u32::MAX, 1 << 31] {
        let bytes = with(v1(), 154, &size.to_le_bytes());
        check(&bytes, Field::HeapSize, 154, Reason::InvalidHeapSize { size, min, max });
    }
}

#[test]
fn messages_name_field_place_and_values() {
    let message = |bytes: &[u8]| SanitizedTransaction::parse(bytes).unwrap_err().to_string();
    assert_eq!(message(&legacy()[..100]), "static keys at byte 69: needs 96 bytes, 31 are left");
    assert_eq!(message(&with(legacy(), 65, &[2])), "signature count at byte 0: 1 signatures, the header requires 2");
    assert_eq!(
        message(&with(v1(), 154, &[1])),
        "heap size at byte 154: 65537 bytes is no multiple of 1024 from 32768 to 262144"
    );
    assert_eq!(message(&with(v1(), 4, &[1])), "config mask at byte 4: mask 0x1 has one of the two priority fee bits");
}
