//! The page: files of `server/page`, which the program carries with it.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file that is served under its own name.
macro_rules! file {
    ($name:literal, $kind:expr) => {
        ($name, $kind, include_str!(concat!("../page/", $name)))
    };
}

/// (path, type, contents).
const FILES: &[(&str, &str, &str)] = &[
    file!("index.html", HTML),
    file!("style.css", CSS),
    file!("details.css", CSS),
    file!("icon.svg", SVG),
    file!("app.js", SCRIPT),
    file!("rpc.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("format.js", SCRIPT),
    file!("names.js", SCRIPT),
    file!("parts.js", SCRIPT),
    file!("samples.js", SCRIPT),
    file!("overview.js", SCRIPT),
    file!("throughput.js", SCRIPT),
    file!("latency.js", SCRIPT),
    file!("strip.js", SCRIPT),
    file!("contention.js", SCRIPT),
    file!("flow.js", SCRIPT),
    file!("queue.js", SCRIPT),
    file!("recent.js", SCRIPT),
    file!("machine.js", SCRIPT),
    file!("logs.js", SCRIPT),
    file!("transaction.js", SCRIPT),
    file!("account.js", SCRIPT),
    file!("block.js", SCRIPT),
];

/// The page may load nothing but itself.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'";

/// One of its files, or 404.
pub(crate) fn asset(path: &str) -> Response {
    let Some((_, kind, text)) = FILES.iter().find(|(name, ..)| *name == path) else {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, *text).into_response()
}
