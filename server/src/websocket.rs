//! The WebSocket side: subscriptions, and every method that HTTP has.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    extract::{
        WebSocketUpgrade,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde_json::Value;
use tokio::{
    sync::mpsc,
    time::{self, Instant},
};

use crate::{
    http::{Service, carry_out},
    limits::Counted,
    rpc::{self, RpcError},
    subscribe::{self, Outbox},
};

/// How often a client is asked whether it is there: one that does not answer is silent, and its connection ends.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long a client may take to read one message.
const WRITE_TIME_MAX: Duration = Duration::from_secs(10);

/// Accepts a connection, unless there are too many.
pub(crate) fn accept(service: Service, upgrade: WebSocketUpgrade, from: Option<IpAddr>) -> Response {
    if !service.context.connections.enter(Counted::WebSocket, service.limits.connections_max) {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many connections\n").into_response();
    }
    let counted = Connection { service };
    let bytes_max = counted.service.limits.websocket_message_bytes_max;
    upgrade
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .on_upgrade(move |socket| async move { counted.run(socket, from).await })
}

/// A connection that counts as long as it lives.
struct Connection {
    service: Service,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.service.context.connections.leave(Counted::WebSocket);
    }
}

impl Connection {
    async fn run(self, socket: WebSocket, from: Option<IpAddr>) {
        let limits = &self.service.limits;
        let (outbox, messages) = Outbox::new(limits.outbox_max, limits.subscriptions_max);
        let (mut sink, stream) = socket.split();
        tokio::select! {
            () = self.read(stream, &outbox, from) => {}
            () = write(&mut sink, messages, &outbox) => {}
        }
        self.service.registry.remove_all(&outbox);
        // Also sends the answer to a client's farewell, which clients wait for.
        let _it_may_be_gone = time::timeout(WRITE_TIME_MAX, sink.close()).await;
    }

    /// Carries out what comes, one after the other, until the client is gone.
    async fn read(&self, mut stream: SplitStream<WebSocket>, outbox: &Outbox, from: Option<IpAddr>) {
        while let Some(Ok(message)) = stream.next().await {
            let bytes = match message {
                Message::Text(text) => axum::body::Bytes::from(text),
                Message::Binary(bytes) => bytes,
                Message::Ping(_) | Message::Pong(_) => continue,
                Message::Close(_) => return,
            };
            if let Some(answer) = self.answer(&bytes, outbox, from).await {
                outbox.send(answer.into());
            }
        }
    }

    async fn answer(&self, bytes: &[u8], outbox: &Outbox, from: Option<IpAddr>) -> Option<String> {
        let message = match rpc::read(bytes, self.service.limits.batch_max) {
            Ok(message) => message,
            Err(refused) => return Some(refused.into_json().to_string()),
        };
        if from.is_some_and(|from| !self.service.rate.allows(from, message.request_count())) {
            return Some(rpc::failure(&Value::Null, &RpcError::too_many_requests()).to_string());
        }
        match message {
            rpc::Message::Single(Ok(request)) if subscribe::is_subscription_method(&request.method) => {
                self.subscription(request, outbox).await
            }
            message => carry_out(&self.service, message).await,
        }
    }

    /// A request to subscribe or unsubscribe; the answer, unless it is in the outbox already.
    async fn subscription(&self, request: rpc::Request, outbox: &Outbox) -> Option<String> {
        let id = request.id?;
        let (service, outbox, answered) = (self.service.clone(), outbox.clone(), id.clone());
        let method = request.method;
        let task = tokio::task::spawn_blocking(move || {
            let params = request.params?;
            if method.ends_with("Unsubscribe") {
                return subscribe::unsubscribe(&service.registry, &outbox, &params).map(Some);
            }
            let answer = |number: u64| rpc::success(&answered, number.into()).to_string();
            subscribe::subscribe(&service.context, &service.registry, &outbox, &method, &params, answer)?;
            Ok(None)
        });
        match task.await.unwrap_or_else(|_| Err(RpcError::internal("a request panicked"))) {
            Ok(result) => result.map(|result| rpc::success(&id, result).to_string()),
            Err(error) => Some(rpc::failure(&id, &error).to_string()),
        }
    }
}

/// Writes what waits in the outbox, until the client is gone or did not keep up.
async fn write(sink: &mut SplitSink<WebSocket, Message>, mut messages: mpsc::Receiver<Arc<str>>, outbox: &Outbox) {
    let mut ping = time::interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    loop {
        let message = tokio::select! {
            message = messages.recv() => match message {
                Some(text) => Message::Text(Utf8Bytes::from(&*text)),
                None => return,
            },
            _ = ping.tick() => Message::Ping(Default::default()),
        };
        if outbox.is_cut_off() {
            let reason = CloseFrame { code: close_code::POLICY, reason: "the client does not keep up".into() };
            let _it_may_be_gone = time::timeout(WRITE_TIME_MAX, sink.send(Message::Close(Some(reason)))).await;
            return;
        }
        match time::timeout(WRITE_TIME_MAX, sink.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
