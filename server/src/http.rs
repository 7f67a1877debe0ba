//! The HTTP side: JSON-RPC by POST, the page, health and metrics by GET; WebSocket where a client asks for it.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, FromRequestParts, Request, State, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    limits::{Counted, Limits, RequestRate},
    listener::Peer,
    metrics::Metrics,
    page,
    rpc::{self, Context, Message, RpcError},
    subscribe::Registry,
    websocket,
};

/// What every request is served with.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) context: Context,
    pub(crate) registry: Arc<Registry>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    pub(crate) rate: Arc<RequestRate>,
    /// Requests that are being carried out.
    pub(crate) slots: Arc<Semaphore>,
}

/// Everything that is served.
pub(crate) fn router(service: Service) -> Router {
    Router::new()
        .route("/", any(root))
        .route("/health", get(health))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route("/{*path}", get(asset))
        .with_state(service)
}

async fn root(State(service): State<Service>, ConnectInfo(from): ConnectInfo<Peer>, request: Request) -> Response {
    match *request.method() {
        Method::POST => with_cors(post(service, from.0.ip(), request).await),
        Method::OPTIONS => with_cors(StatusCode::NO_CONTENT.into_response()),
        Method::GET | Method::HEAD => match upgrade(&service, request).await {
            Some(response) => response,
            None => page::asset("index.html"),
        },
        _ => (StatusCode::METHOD_NOT_ALLOWED, "Used HTTP Method is not allowed. POST or OPTIONS is required\n")
            .into_response(),
    }
}

/// Turns the connection into a WebSocket, if that is asked for.
async fn upgrade(service: &Service, request: Request) -> Option<Response> {
    let (mut parts, _) = request.into_parts();
    let asked =
        parts.headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if !asked {
        return None;
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, service).await {
        Ok(upgrade) => upgrade,
        Err(refused) => return Some(refused.into_response()),
    };
    let from = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| info.0.0.ip());
    Some(websocket::accept(service.clone(), upgrade, from))
}

/// Browsers let any page call a node, as they do Solana's.
fn with_cors(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, GET, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// One request or a batch in a body.
async fn post(service: Service, from: IpAddr, request: Request) -> Response {
    if !service.context.connections.enter(Counted::Http, service.limits.connections_max) {
        return refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            &RpcError::overloaded("too many requests are being carried out"),
        );
    }
    let bytes_max = service.limits.body_bytes_max;
    let response = if is_too_large(request.headers(), bytes_max) {
        too_large(bytes_max)
    } else {
        match to_bytes(request.into_body(), bytes_max).await {
            Ok(bytes) => serve(&service, from, bytes).await,
            Err(_) => too_large(bytes_max),
        }
    };
    service.context.connections.leave(Counted::Http);
    response
}

/// What the header says of the body.
fn is_too_large(headers: &HeaderMap, bytes_max: usize) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|length| length > bytes_max)
}

fn too_large(bytes_max: usize) -> Response {
    let error = RpcError::invalid_request(format!("request body is longer than {bytes_max} bytes, or broke off"));
    refusal(StatusCode::PAYLOAD_TOO_LARGE, &error)
}

fn refusal(status: StatusCode, error: &RpcError) -> Response {
    json_response(status, rpc::failure(&Value::Null, error).to_string())
}

fn json_response(status: StatusCode, text: String) -> Response {
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))];
    (status, headers, Body::from(text)).into_response()
}

async fn serve(service: &Service, from: IpAddr, bytes: Bytes) -> Response {
    let message = match rpc::read(&bytes, service.limits.batch_max) {
        Ok(message) => message,
        Err(refused) => return json_response(StatusCode::OK, refused.into_json().to_string()),
    };
    if !service.rate.allows(from, message.request_count()) {
        return refusal(StatusCode::TOO_MANY_REQUESTS, &RpcError::too_many_requests());
    }
    match carry_out(service, message).await {
        Some(answer) => json_response(StatusCode::OK, answer),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

/// Carries out what a message asks for, on a thread that may wait; `None` if nobody wants an answer.
pub(crate) async fn carry_out(service: &Service, message: Message) -> Option<String> {
    let permit = service.slots.clone().acquire_owned().await.ok()?;
    let service = service.clone();
    let task = tokio::task::spawn_blocking(move || {
        let _until_done = permit;
        answer_all(&service, message)
    });
    match task.await {
        Ok(answer) => answer,
        Err(_) => Some(rpc::failure(&Value::Null, &RpcError::internal("a request panicked")).to_string()),
    }
}

fn answer_all(service: &Service, message: Message) -> Option<String> {
    match message {
        Message::Single(request) => answer(service, request),
        Message::Batch(batch) => {
            // Joined as text: the values of a thousand long answers would take many times their room.
            let mut text = String::from("[");
            for request in batch {
                let answer = if text.len() < service.limits.batch_answer_bytes_max {
                    answer(service, request)
                } else {
                    rpc::refuse(request, &RpcError::invalid_request("the answers to this batch are too long"))
                };
                let Some(answer) = answer else { continue };
                if text.len() > 1 {
                    text.push(',');
                }
                text.push_str(&answer);
            }
            text.push(']');
            (text.len() > 2).then_some(text)
        }
    }
}

/// Carries out one request and measures it.
fn answer(service: &Service, request: Result<rpc::Request, rpc::Refused>) -> Option<String> {
    let name = request.as_ref().ok().and_then(|request| rpc::methods::known_name(&request.method));
    let timer = service.metrics.time_request(name);
    let answer = rpc::answer(&service.context, request);
    let error = answer.as_ref().and_then(|answer| answer.get("error"));
    tracing::debug!(method = name.unwrap_or("unknown"), error = error.map(tracing::field::display), "answered");
    timer.finish(error.is_some());
    answer.map(|answer| answer.to_string())
}

async fn health(State(service): State<Service>) -> Response {
    match service.context.live.halted() {
        None => "ok".into_response(),
        Some(cause) => (StatusCode::SERVICE_UNAVAILABLE, format!("unhealthy: {cause}")).into_response(),
    }
}

async fn metrics(State(service): State<Service>) -> Response {
    const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let task = tokio::task::spawn_blocking(move || service.metrics.encode(&service.context)).await;
    match task {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, HeaderValue::from_static(TEXT))], text).into_response(),
        Ok(Err(_)) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn asset(request: Request) -> Response {
    page::asset(request.uri().path().trim_start_matches('/'))
}
