//! Account data as text, in the encodings of Solana's tools. Knows nothing of files and of other fields.

use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use heddle_types::limits::ACCOUNT_DATA_BYTES_MAX;
use serde_json::Value;

use crate::{
    FieldProblem,
    fields::{kind, shorten},
};

/// Longest base58 that is decoded: the time grows with the square of the length, and at this one it is some 50 ms.
/// Solana's tools write base58 of at most 128 bytes.
const BASE58_TEXT_BYTES_MAX: usize = 16 * 1024;
/// Length of the base64 of the largest account.
const BASE64_TEXT_BYTES_MAX: usize = ACCOUNT_DATA_BYTES_MAX.div_ceil(3) * 4;

/// Name of the encoding that we write.
pub(crate) const BASE64: &str = "base64";

const EXPECTED: &str = "a pair of text and encoding, or a text in base58";
const TOO_LONG: FieldProblem = FieldProblem::DataTooLong { size_bytes_max: ACCOUNT_DATA_BYTES_MAX };

/// The bytes that field `data` stands for: a pair of text and encoding, or a text in base58, as tools wrote it once.
pub(crate) fn decode(value: &Value) -> Result<Vec<u8>, FieldProblem> {
    let (text, encoding) = match value {
        Value::String(text) => (text.as_str(), "base58"),
        Value::Array(pair) => match pair.as_slice() {
            [Value::String(text), Value::String(encoding)] => (text.as_str(), encoding.as_str()),
            _ => return Err(kind(EXPECTED, value)),
        },
        _ => return Err(kind(EXPECTED, value)),
    };
    let bytes = match encoding {
        BASE64 => base64(text)?,
        "base58" => base58(text)?,
        "base64+zstd" => decompress(&base64(text)?)?,
        other => return Err(FieldProblem::Encoding { found: format!("{:?}", shorten(other)) }),
    };
    if bytes.len() > ACCOUNT_DATA_BYTES_MAX { Err(TOO_LONG) } else { Ok(bytes) }
}

/// The text that stands for `bytes` in [`BASE64`].
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn base64(text: &str) -> Result<Vec<u8>, FieldProblem> {
    if text.len() > BASE64_TEXT_BYTES_MAX {
        return Err(TOO_LONG);
    }
    STANDARD.decode(text).map_err(FieldProblem::Base64)
}

fn base58(text: &str) -> Result<Vec<u8>, FieldProblem> {
    if text.len() > BASE58_TEXT_BYTES_MAX {
        return Err(FieldProblem::Base58TooLong { text_bytes: text.len(), text_bytes_max: BASE58_TEXT_BYTES_MAX });
    }
    bs58::decode(text).into_vec().map_err(FieldProblem::Base58)
}

/// Reads no more than one byte over what an account may hold, however much the frames promise.
fn decompress(compressed: &[u8]) -> Result<Vec<u8>, FieldProblem> {
    let decoder = zstd::stream::read::Decoder::with_buffer(compressed).map_err(FieldProblem::Zstd)?;
    let mut bytes = Vec::new();
    let bound = ACCOUNT_DATA_BYTES_MAX as u64 + 1;
    decoder.take(bound).read_to_end(&mut bytes).map_err(FieldProblem::Zstd)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compressed(bytes: &[u8]) -> Value {
        json!([encode(&zstd::encode_all(bytes, 0).expect("in memory")), "base64+zstd"])
    }

    #[test]
    fn every_encoding_of_the_tools() {
        // "hello" and its base58 and base64, which any other tool gives too.
        for value in
            [json!(["aGVsbG8=", "base64"]), json!(["Cn8eVZg", "base58"]), json!("Cn8eVZg"), compressed(b"hello")]
        {
            assert_eq!(decode(&value).expect("valid"), b"hello", "{value}");
        }
        for value in [json!(["", "base64"]), json!(["", "base58"]), json!(""), compressed(b"")] {
            assert_eq!(decode(&value).expect("valid"), b"", "{value}");
        }
    }

    #[test]
    fn what_is_no_data_is_told() {
        for (value, told) in [
            (json!(["aGVsbG8", "base64"]), "no base64"),
            (json!(["0OIl", "base58"]), "no base58"),
            (json!(["aGVsbG8=", "base64+zstd"]), "does not decompress"),
            (json!(["aGVsbG8=", "base32"]), "encoding \"base32\""),
            (json!(["aGVsbG8="]), "an array"),
            (json!({"parsed": {}}), "an object"),
            (json!(5), "is 5"),
            (json!("1".repeat(BASE58_TEXT_BYTES_MAX + 1)), "16385 characters"),
            (json!(["A".repeat(BASE64_TEXT_BYTES_MAX + 4), "base64"]), "more than 10485760 bytes"),
        ] {
            let error = decode(&value).expect_err("no data").to_string();
            assert!(error.contains(told), "{error} should tell {told}");
        }
    }

    /// A kilobyte that becomes more than an account can hold is refused at the bound.
    #[test]
    fn decompression_is_bounded() {
        let exactly = compressed(&vec![0; ACCOUNT_DATA_BYTES_MAX]);
        assert_eq!(decode(&exactly).expect("as large as can be").len(), ACCOUNT_DATA_BYTES_MAX);
        for size_bytes in [ACCOUNT_DATA_BYTES_MAX + 1, 4 * ACCOUNT_DATA_BYTES_MAX] {
            let error = decode(&compressed(&vec![0; size_bytes])).expect_err("too large");
            assert!(matches!(error, FieldProblem::DataTooLong { .. }), "{error}");
        }
    }

    #[test]
    fn a_truncated_frame_is_refused() {
        let frame = zstd::encode_all(&[7; 1000][..], 0).expect("in memory");
        for end in 1..frame.len() {
            assert!(decode(&json!([encode(&frame[..end]), "base64+zstd"])).is_err(), "{end} of {} bytes", frame.len());
        }
    }
}
