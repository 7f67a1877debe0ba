//! The memo programs: the data is the memo.

use serde_json::Value;

pub(super) fn parse(data: &[u8]) -> Option<Value> {
    str::from_utf8(data).ok().map(Value::from)
}
