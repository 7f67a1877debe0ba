//! Fields of JSON objects, read one by one, so that every error names the way to the field.

use std::{path::Path, str::FromStr};

use heddle_types::Pubkey;
use serde_json::{Map, Value};

use crate::{FieldProblem, GenesisError};

/// Longest text that an error repeats.
const SHOWN_CHARS_MAX: usize = 64;

/// An object in a file.
pub(crate) struct Fields<'a> {
    file: &'a Path,
    /// What leads to the object, with the separator: empty at the top, `account.`, `fund[2].`.
    prefix: String,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The fields of `value`, which `name` leads to (empty at the top of a file).
    pub(crate) fn of(file: &'a Path, name: &str, value: &'a Value) -> Result<Self, GenesisError> {
        let Value::Object(object) = value else {
            let field = if name.is_empty() { "the top of the file" } else { name };
            return Err(problem(file, field, kind("an object", value)));
        };
        let prefix = if name.is_empty() { String::new() } else { format!("{name}.") };
        Ok(Self { file, prefix, object })
    }

    /// The fields of the object in field `name`.
    pub(crate) fn object(&self, name: &str) -> Result<Self, GenesisError> {
        Self::of(self.file, &self.path(name), self.required(name)?)
    }

    /// A field that may be missing; null counts as missing.
    pub(crate) fn optional(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// A field that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&'a Value, GenesisError> {
        self.optional(name).ok_or_else(|| self.problem(name, FieldProblem::Missing))
    }

    /// The elements of an array, each with the way to it; none if the field is missing.
    pub(crate) fn elements(&self, name: &str) -> Result<Vec<(String, &'a Value)>, GenesisError> {
        match self.optional(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(elements)) => {
                let path = self.path(name);
                Ok(elements.iter().enumerate().map(|(index, value)| (format!("{path}[{index}]"), value)).collect())
            }
            Some(value) => Err(self.problem(name, kind("an array", value))),
        }
    }

    /// A whole number that fits 64 bits without sign.
    pub(crate) fn number(&self, name: &str) -> Result<u64, GenesisError> {
        let value = self.required(name)?;
        let number = value.as_u64();
        number.ok_or_else(|| self.problem(name, kind("a whole number below 2^64", value)))
    }

    /// True or false.
    pub(crate) fn boolean(&self, name: &str) -> Result<bool, GenesisError> {
        let value = self.required(name)?;
        value.as_bool().ok_or_else(|| self.problem(name, kind("true or false", value)))
    }

    /// Any text.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, GenesisError> {
        let value = self.required(name)?;
        value.as_str().ok_or_else(|| self.problem(name, kind("a text", value)))
    }

    /// An address in base58.
    pub(crate) fn address(&self, name: &str) -> Result<Pubkey, GenesisError> {
        self.parsed(name, "an address in base58")
    }

    /// A text that stands for something else, which `expected` describes.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, expected: &'static str) -> Result<T, GenesisError> {
        let value = self.required(name)?;
        let parsed = value.as_str().and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| self.problem(name, kind(expected, value)))
    }

    /// Refuses fields that are not among `known`.
    pub(crate) fn check_known(&self, known: &'static [&'static str]) -> Result<(), GenesisError> {
        let unknown = self.object.keys().filter(|name| !known.contains(&name.as_str()));
        let names: Vec<_> = unknown.map(|name| self.path(&shorten(name))).collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(GenesisError::UnknownFields { path: self.file.to_owned(), names, known })
    }

    /// The error that says what is wrong with a field.
    pub(crate) fn problem(&self, name: &str, what: FieldProblem) -> GenesisError {
        problem(self.file, &self.path(name), what)
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// The error that says what is wrong with `field` of `file`.
pub(crate) fn problem(file: &Path, field: &str, problem: FieldProblem) -> GenesisError {
    GenesisError::Field { path: file.to_owned(), field: field.to_owned(), problem }
}

/// A value of the wrong kind.
pub(crate) fn kind(expected: &'static str, value: &Value) -> FieldProblem {
    let found = match value {
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) => format!("{:?}", shorten(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    FieldProblem::Kind { expected, found }
}

/// The beginning of a text that may be long.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
