//! JSON in which every field of an object occurs once. Of a repeated one `serde_json` would keep the last, and accounts
//! would be lost without a word.

use std::{fmt, path::Path};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::{GenesisError, fields::shorten};

/// Reads the bytes of the file at `path`.
///
/// # Errors
/// [`GenesisError::Json`]: they are no JSON, nested too deeply, or repeat a field.
pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Value, GenesisError> {
    let parsed: Result<Unique, _> = serde_json::from_slice(bytes);
    parsed.map(|unique| unique.0).map_err(|source| GenesisError::Json { path: path.to_owned(), source })
}

struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = elements.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("field {:?} is repeated", shorten(&name))));
            }
            let Unique(value) = entries.next_value()?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_serde_json_reads() {
        for text in [
            r#"{"a": [1, -1, 1.5, 18446744073709551615, 18446744073709551616, null, true, "b\n"], "c": {"a": {}}}"#,
            "[]",
            " 7 ",
        ] {
            let value: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(parse(text.as_bytes(), Path::new("a")).expect("JSON"), value, "{text}");
        }
    }

    #[test]
    fn a_repeated_field_is_refused() {
        for text in [r#"{"fund": [], "fund": []}"#, r#"[{"a": {"fund": 1, "b": 2, "fund": null}}]"#] {
            let error = parse(text.as_bytes(), Path::new("a.json")).expect_err(text).to_string();
            assert!(error.starts_with("a.json: field \"fund\" is repeated at line 1"), "{error}");
        }
    }
}
