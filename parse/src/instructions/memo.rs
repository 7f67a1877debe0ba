//! The memo programs: the data is the memo.

use serde_json::Value;

pub(super) fn parse(data: &[u8]) -> Option<Value> {
    str::from_utf8(data).ok().map(Value::from)
}

/// A memo as lists of signatures show it, with its length in bytes: `[4] memo`. Of several in a transaction they join the
/// lines of its outer instructions by `"; "` (crate `solana-transaction-status` 4.3.2, `extract_memos.rs`).
pub fn line(data: &[u8]) -> String {
    let text = str::from_utf8(data).unwrap_or("(unparseable)");
    format!("[{}] {text}", data.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_length_in_bytes() {
        assert_eq!(line("ü".as_bytes()), "[2] ü");
        assert_eq!(line(b""), "[0] ");
        assert_eq!(line(&[0xff]), "[1] (unparseable)");
    }
}
