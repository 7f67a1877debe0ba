//! JSON-RPC 2.0: requests and batches in, answers out. Knows neither HTTP nor WebSocket.
//!
//! Methods are plain functions of a [`Context`] and [`Params`]; they may wait for the disk or for a block, so whoever serves them
//! calls [`answer`] where that is allowed.

mod context;
mod error;
pub mod methods;
mod params;

pub use context::{Context, NodeFacts};
pub use error::{RpcError, transaction_error, transaction_status};
pub use params::{ContextConfig, Params, parse_address, parse_hash, parse_signature};

use serde_json::{Value, json};

/// A request that is to be answered, or not.
#[derive(Clone, Debug)]
pub struct Request {
    /// What the answer repeats; `None`: nobody wants one.
    pub id: Option<Value>,
    /// Which method.
    pub method: String,
    /// Its parameters.
    pub params: Result<Params, RpcError>,
}

/// What came: one request, or several; each may be none at all.
pub enum Message {
    /// One.
    Single(Result<Request, Refused>),
    /// Several, answered together, in their order.
    Batch(Vec<Result<Request, Refused>>),
}

impl Message {
    /// How many requests it holds, or what came in their places.
    pub fn request_count(&self) -> usize {
        match self {
            Self::Single(_) => 1,
            Self::Batch(batch) => batch.len(),
        }
    }
}

/// The answer to something that is no request.
#[derive(Clone, Debug)]
pub struct Refused(Box<Value>);

impl Refused {
    fn new(id: &Value, error: &RpcError) -> Self {
        Self(Box::new(failure(id, error)))
    }

    /// The answer.
    pub fn into_json(self) -> Value {
        *self.0
    }
}

/// Reads what a client sent; a batch of more than `batch_max` is refused as a whole.
///
/// # Errors
/// The answer to what is no JSON, or an empty or too long batch.
pub fn read(bytes: &[u8], batch_max: usize) -> Result<Message, Refused> {
    let refused = |error| Refused::new(&Value::Null, &error);
    let value: Value = serde_json::from_slice(bytes).map_err(|_| refused(RpcError::parse()))?;
    match value {
        Value::Array(requests) if requests.is_empty() => Err(refused(RpcError::invalid_request("Invalid request"))),
        Value::Array(requests) if requests.len() > batch_max => Err(refused(RpcError::invalid_request(format!(
            "Batch too large: {} requests, at most {batch_max} are allowed",
            requests.len()
        )))),
        Value::Array(requests) => Ok(Message::Batch(requests.into_iter().map(Request::read).collect())),
        request => Ok(Message::Single(Request::read(request))),
    }
}

impl Request {
    fn read(value: Value) -> Result<Self, Refused> {
        let Value::Object(mut object) = value else {
            return Err(Refused::new(&Value::Null, &RpcError::invalid_request("Invalid request")));
        };
        let id = object.remove("id");
        let invalid = |id: &Option<Value>, message: &str| {
            Refused::new(id.as_ref().unwrap_or(&Value::Null), &RpcError::invalid_request(message))
        };
        if id.as_ref().is_some_and(|id| !is_id(id)) {
            return Err(invalid(&None, "Invalid request: id is neither a string nor a number"));
        }
        if object.get("jsonrpc").is_some_and(|version| version != "2.0") {
            return Err(invalid(&id, "Invalid request: jsonrpc is not \"2.0\""));
        }
        let Some(Value::String(method)) = object.remove("method") else {
            return Err(invalid(&id, "Invalid request: no method"));
        };
        Ok(Self { id, method, params: Params::new(object.remove("params")) })
    }
}

fn is_id(id: &Value) -> bool {
    id.is_null() || id.is_string() || id.is_number()
}

/// The answer to a request that succeeded.
pub fn success(id: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "result": result, "id": id })
}

/// The answer to a request that failed.
pub fn failure(id: &Value, error: &RpcError) -> Value {
    json!({ "jsonrpc": "2.0", "error": error.to_json(), "id": id })
}

/// Carries out one request; `None` if nobody wants an answer.
pub fn answer(context: &Context, request: Result<Request, Refused>) -> Option<Value> {
    let request = match request {
        Ok(request) => request,
        Err(refused) => return Some(refused.into_json()),
    };
    // Notifications are not carried out: no method here has an effect that nobody wants to hear of.
    let id = request.id?;
    let result = request.params.and_then(|params| methods::call(context, &request.method, &params));
    Some(match result {
        Ok(result) => success(&id, result),
        Err(error) => failure(&id, &error),
    })
}

/// The answer to a request that is not carried out; `None` if nobody wants one.
pub fn refuse(request: Result<Request, Refused>, error: &RpcError) -> Option<String> {
    match request {
        Ok(request) => request.id.map(|id| failure(&id, error).to_string()),
        Err(refused) => Some(refused.into_json().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Value {
        match read(text.as_bytes(), 2) {
            Err(refused) | Ok(Message::Single(Err(refused))) => refused.into_json(),
            Ok(_) => panic!("{text} was taken"),
        }
    }

    #[test]
    fn what_is_no_request_is_told_so() {
        let code = |text: &str| refusal(text)["error"]["code"].as_i64().expect("a code");
        assert_eq!(code("{"), -32700);
        assert_eq!(code("\u{0}"), -32700);
        assert_eq!(code(&"[".repeat(100_000)), -32700);
        assert_eq!(code("[]"), -32600);
        assert_eq!(code("[1,2,3]"), -32600);
        assert_eq!(code("5"), -32600);
        assert_eq!(code(r#"{"jsonrpc":"1.0","id":1,"method":"getSlot"}"#), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":{},"method":"getSlot"}"#), -32600);
        let refused = refusal(r#"{"jsonrpc":"2.0","id":"a","method":7}"#);
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!("a"), &json!(-32600)));
    }

    #[test]
    fn requests_and_notifications() {
        let Ok(Message::Single(Ok(request))) = read(br#"{"jsonrpc":"2.0","method":"ping"}"#, 2) else {
            panic!("refused")
        };
        assert!(request.id.is_none());
        let Ok(Message::Batch(batch)) = read(br#"[{"id":1,"method":"a","params":{}},9]"#, 2) else { panic!("refused") };
        assert!(batch[0].as_ref().is_ok_and(|request| request.params.is_err()) && batch[1].is_err());
    }
}
