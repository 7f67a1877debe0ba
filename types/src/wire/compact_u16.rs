//! Compact-u16: seven bits per byte, lowest first, high bit set when another byte follows; at most three bytes.
//!
//! Only the shortest encoding of a value is valid, so bytes and transaction determine each other.

use super::error::WireErrorReason;

const CONTINUED: u8 = 0x80;
const PAYLOAD: u8 = 0x7f;
/// A third byte holds bits 14 and 15.
const THIRD_BYTE_MAX: u8 = 0b11;

/// Reads the value at the start of `bytes`; returns it and the number of bytes it took.
///
/// # Errors
/// [`WireErrorReason::Truncated`], [`WireErrorReason::NotMinimal`] or [`WireErrorReason::Overflow`].
#[inline(always)]
pub(super) fn decode(bytes: &[u8]) -> Result<(u16, usize), WireErrorReason> {
    match *bytes {
        [first, ..] if first & CONTINUED == 0 => Ok((u16::from(first), 1)),
        _ => decode_long(bytes),
    }
}

fn decode_long(bytes: &[u8]) -> Result<(u16, usize), WireErrorReason> {
    let truncated = WireErrorReason::Truncated { needed: bytes.len() as u32 + 1, available: bytes.len() as u32 };
    let [first, rest @ ..] = bytes else { return Err(truncated) };
    let [second, rest @ ..] = rest else { return Err(truncated) };
    if *second == 0 {
        return Err(WireErrorReason::NotMinimal);
    }
    let low = u16::from(first & PAYLOAD) | u16::from(second & PAYLOAD) << 7;
    if second & CONTINUED == 0 {
        return Ok((low, 2));
    }
    match rest {
        [] => Err(truncated),
        [0, ..] => Err(WireErrorReason::NotMinimal),
        [third, ..] if *third > THIRD_BYTE_MAX => Err(WireErrorReason::Overflow),
        [third, ..] => Ok((low | u16::from(*third) << 14, 3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(mut value: u16) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value > u16::from(PAYLOAD) {
            bytes.push(value as u8 & PAYLOAD | CONTINUED);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    #[test]
    fn every_value_reads_back_from_its_minimal_encoding() {
        for value in 0..=u16::MAX {
            let bytes = encode(value);
            assert_eq!(decode(&bytes), Ok((value, bytes.len())));
            let available = bytes.len() as u32 - 1;
            let truncated = WireErrorReason::Truncated { needed: available + 1, available };
            assert_eq!(decode(&bytes[..bytes.len() - 1]), Err(truncated));
        }
    }

    /// Every three-byte string either is the minimal encoding of its value or is refused.
    #[test]
    fn nothing_but_the_minimal_encoding_is_accepted() {
        for n in 0..1u32 << 24 {
            let bytes = &n.to_le_bytes()[..3];
            if let Ok((value, size_bytes)) = decode(bytes) {
                assert_eq!(encode(value), bytes[..size_bytes], "{bytes:02x?}");
            }
        }
    }

    #[test]
    fn aliases_and_overflows_are_told_apart() {
        assert_eq!(decode(&[0x80, 0x00]), Err(WireErrorReason::NotMinimal));
        assert_eq!(decode(&[0x80, 0x80, 0x00]), Err(WireErrorReason::NotMinimal));
        assert_eq!(decode(&[0xff, 0xff, 0x04]), Err(WireErrorReason::Overflow));
        assert_eq!(decode(&[0xff, 0xff, 0x83]), Err(WireErrorReason::Overflow));
        assert_eq!(decode(&[0xff, 0xff, 0x03]), Ok((u16::MAX, 3)));
    }
}
