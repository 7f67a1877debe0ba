//! What clients may not do, and what must not hurt the node: bounds, malformed input, slow and broken clients.

mod support;

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use serde_json::{Value, json};
use support::{Node, PATIENCE, ask, get, next, post};
use tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

const ALICE: &str = "A11111111111111111111111111111111111111111A";
const SYSTEM: &str = "11111111111111111111111111111111";

fn error_code(body: &str) -> i64 {
    let answer: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {body}"));
    answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {body}"))
}

fn assert_healthy(node: &Node) {
    assert_eq!(node.call("getHealth", json!([])), "ok");
}

#[test]
fn what_is_no_request_is_answered_with_an_error() {
    let node = Node::start(&["--memory"]);
    for (body, code) in [
        ("", -32700),
        ("{", -32700),
        ("\u{feff}{}", -32700),
        ("nul", -32700),
        (&"[".repeat(50_000), -32700),
        ("[]", -32600),
        ("7", -32600),
        (r#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"getSlot"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"getslot"}"#, -32601),
        (r#"{"jsonrpc":"2.0","id":1,"method":"getSlot","params":7}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"getBalance","params":[1e400]}"#, -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"getBlock","params":[18446744073709551616]}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"getBlock","params":[-1]}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"getBlock","params":[1.5]}"#, -32602),
    ] {
        let (status, answer) = post(node.rpc, body.as_bytes());
        assert_eq!((status, error_code(&answer)), (200, code), "{}", &body[..body.len().min(90)]);
    }
    let (_, answer) = post(node.rpc, &[0xff, 0xfe, 0x00]);
    assert_eq!(error_code(&answer), -32700);
    // Notifications are not answered, alone and in a batch.
    assert_eq!(post(node.rpc, br#"{"jsonrpc":"2.0","method":"ping"}"#), (204, String::new()));
    let (_, batch) = post(node.rpc, br#"[{"method":"ping"},{"id":"x","method":"getHealth"},5]"#);
    let batch: Value = serde_json::from_str(&batch).expect("JSON");
    assert_eq!(
        (&batch[0]["result"], &batch[0]["id"], &batch[1]["error"]["code"]),
        (&json!("ok"), &json!("x"), &json!(-32600))
    );
    assert_healthy(&node);
}

/// Whether the node ends the connection, with a farewell or without.
fn assert_hangs_up(socket: &mut tungstenite::WebSocket<TcpStream>) {
    match socket.read() {
        Err(_) | Ok(Message::Close(_)) => {}
        Ok(message) => panic!("it goes on: {message}"),
    }
}

/// Every method with everything that does not belong there: an answer each time, and the node lives.
#[test]
fn no_parameters_hurt() {
    let node = Node::start(&["--memory"]);
    let source = include_str!("../../server/src/rpc/methods/mod.rs");
    let methods: Vec<&str> =
        source.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next()).collect();
    assert!(methods.len() > 50 && methods.contains(&"getSlot"), "{methods:?}");
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!(ALICE),
        json!("1".repeat(88)),
        json!("\u{0}\u{1f4a9}".repeat(500)),
        json!([]),
        json!([ALICE, ALICE]),
        json!([[[[]]]]),
        json!({}),
        json!({ "commitment": 5, "encoding": [], "filters": {} }),
        json!({ "encoding": "jsonParsed", "dataSlice": { "offset": u64::MAX, "length": u64::MAX } }),
        json!({ "minContextSlot": u64::MAX, "limit": u64::MAX, "maxSupportedTransactionVersion": 255 }),
        json!({ "mint": ALICE, "programId": SYSTEM }),
    ];
    for method in methods {
        let mut batch = Vec::new();
        for first in &odd {
            batch.push(json!({ "id": 1, "method": method, "params": [first] }));
            for second in &odd {
                batch.push(json!({ "id": 1, "method": method, "params": [first, second, second] }));
            }
        }
        batch.push(json!({ "id": 1, "method": method }));
        let (status, body) = post(node.rpc, Value::Array(batch.clone()).to_string().as_bytes());
        let answers: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!((status, answers.as_array().map(Vec::len)), (200, Some(batch.len())), "{method}");
        for (request, answer) in batch.iter().zip(answers.as_array().expect("a list")) {
            let is_failure = answer["error"]["message"].as_str().is_some_and(|text| text.contains("panicked"));
            assert!(!is_failure, "{request}: {answer}");
        }
    }
    node.wait("getHealth", &json!([]), |health| health == "ok");
}

#[test]
fn bodies_batches_and_rates_are_bounded() {
    let arguments = ["--memory", "--rpc-max-request-body-size", "1KiB", "--rpc-max-batch", "3"];
    let node = Node::start(&arguments);
    let (status, body) = post(node.rpc, &[b' '; 1025]);
    assert_eq!((status, error_code(&body)), (413, -32600));
    let request = json!({ "id": 1, "method": "getHealth" });
    let (_, body) = post(node.rpc, json!([request, request, request, request]).to_string().as_bytes());
    assert_eq!(error_code(&body), -32600);
    assert!(body.contains("at most 3"), "{body}");
    assert_healthy(&node);

    // Answers of 3 MB each: the rest of the batch is refused, one by one.
    let node = Node::start(&["--memory"]);
    let long = vec![json!({ "id": 1, "method": "getLeaderSchedule" }); 60];
    let (status, body) = post(node.rpc, Value::Array(long).to_string().as_bytes());
    let answers: Vec<Value> = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, answers.len()), (200, 60));
    assert!(answers[0].get("result").is_some());
    assert_eq!(answers[59]["error"]["code"], -32600);

    let node = Node::start(&["--memory", "--requests-per-second", "5"]);
    let statuses: Vec<u16> = (0..20).map(|_| post(node.rpc, request.to_string().as_bytes()).0).collect();
    assert_eq!((statuses[0], statuses.contains(&429)), (200, true), "{statuses:?}");
}

#[test]
fn subscriptions_and_connections_are_bounded() {
    let node = Node::start(&["--memory", "--max-subscriptions", "2", "--max-connections", "3"]);
    let mut socket = node.connect();
    let subscribe = |socket: &mut _| ask(socket, "accountSubscribe", json!([ALICE]));
    let first = subscribe(&mut socket)["result"].clone();
    assert!(first.is_u64() && subscribe(&mut socket)["result"].is_u64());
    assert_eq!(subscribe(&mut socket)["error"]["code"], -32600);
    assert_eq!(ask(&mut socket, "accountUnsubscribe", json!([first]))["result"], true);
    assert!(subscribe(&mut socket)["result"].is_u64(), "there is room again");
    assert_eq!(ask(&mut socket, "accountUnsubscribe", json!([12345]))["error"]["code"], -32602);
    assert_eq!(ask(&mut socket, "fooSubscribe", json!([]))["error"]["code"], -32601);

    let (second, third) = (node.connect(), node.connect());
    let refused = TcpStream::connect(node.websocket).expect("it listens");
    assert!(tungstenite::client::client(format!("ws://{}/", node.websocket), refused).is_err(), "a fourth connection");
    drop((second, third));
    // Those that are gone make room.
    let began = std::time::Instant::now();
    while tungstenite::client::client(
        format!("ws://{}/", node.websocket),
        TcpStream::connect(node.websocket).expect("it listens"),
    )
    .is_err()
    {
        assert!(began.elapsed() < PATIENCE, "connections that are gone still count");
    }
    assert_healthy(&node);
}

#[test]
fn broken_clients_do_not_matter() {
    let node = Node::start(&["--memory"]);
    // A request that breaks off, headers that never end, bytes that are no HTTP.
    for start in
        ["POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\n{\"id\":1", "GET / HTTP/1.1\r\nx: ", "\x16\x03\x01\x02\x00", ""]
    {
        let mut stream = TcpStream::connect(node.rpc).expect("it listens");
        stream.write_all(start.as_bytes()).expect("sent");
        stream.shutdown(Shutdown::Write).expect("shut");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let _whatever_it_says = stream.read_to_end(&mut Vec::new());
    }
    // A WebSocket frame that promises more than comes, one that is no text, one that is too long.
    let mut socket = node.connect();
    socket.get_mut().write_all(&[0x81, 0xfe, 0x01, 0x00, 1, 2, 3, 4, 5]).expect("sent");
    socket.get_mut().shutdown(Shutdown::Both).expect("shut");
    let mut socket = node.connect();
    socket.get_mut().write_all(&[0xff; 64]).expect("sent");
    assert_hangs_up(&mut socket);
    let mut socket = node.connect();
    let _it_may_be_closed = socket.send(Message::text(" ".repeat(2 << 20)));
    assert_hangs_up(&mut socket);
    let mut socket = node.connect();
    socket.send(Message::binary(&b"{"[..])).expect("sent");
    assert_eq!(next(&mut socket)["error"]["code"], -32700);
    socket.send(Message::text(r#"{"jsonrpc":"2.0","method":"ping"}"#)).expect("sent");
    assert_eq!(
        ask(&mut socket, "getHealth", json!([]))["result"],
        "ok",
        "methods are served here too; a ping is no error"
    );
    assert_healthy(&node);
}

/// Clients that hear nothing take it for a failure and connect again, for ever.
#[test]
fn a_farewell_is_answered() {
    let node = Node::start(&["--memory"]);
    let mut socket = node.connect();
    ask(&mut socket, "slotSubscribe", json!([]));
    let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    socket.close(Some(frame)).expect("sent");
    let answer = loop {
        if let Message::Close(answer) = socket.read().expect("an answer") {
            break answer;
        }
    };
    assert_eq!(answer.expect("a frame").code, CloseCode::Normal);
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let node = Node::start(&["--memory", "--slot-time", "20", "--max-unread-messages", "64"]);
    let mut slow = node.connect();
    assert!(ask(&mut slow, "slotSubscribe", json!([]))["result"].is_u64());
    for _ in 0..1000 {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "slotSubscribe", "params": [] });
        // It may be cut off while it still asks.
        if slow.send(Message::text(request.to_string())).is_err() {
            break;
        }
    }
    node.wait("heddle_stats", &json!([]), |stats| stats["connections"]["webSocket"] == 0);
    while slow.read().is_ok() {}
    let stats = node.call("heddle_stats", json!([]));
    assert_eq!(stats["connections"]["subscriptions"], 0);
    // Others are not.
    let mut quick = node.connect();
    ask(&mut quick, "slotSubscribe", json!([]));
    for _ in 0..20 {
        next(&mut quick);
    }
    assert_healthy(&node);
}

#[test]
fn what_waits_is_bounded() {
    let node = Node::start(&["--memory", "--mempool-size", "4", "--slot-time", "3600000"]);
    let airdrop = || node.ask("requestAirdrop", json!([ALICE, 1_000_000_000]));
    let answers: Vec<Value> = (0..6).map(|_| airdrop()).collect();
    let refused: Vec<&Value> = answers.iter().filter(|answer| answer.get("error").is_some()).collect();
    assert!(!refused.is_empty() && answers[0].get("result").is_some(), "{answers:?}");
    let message = refused[0]["error"]["message"].as_str().expect("text");
    assert!(refused[0]["error"]["code"] == -32005 && message.contains("are waiting"), "{message}");
}

#[test]
fn others_are_served_only_if_asked_for() {
    let node = Node::start(&["--memory", "--bind-address", "0.0.0.0"]);
    let local = std::net::SocketAddr::from(([127, 0, 0, 1], node.rpc.port()));
    let ask = |method: &str, params: Value| {
        let body = json!({ "id": 1, "method": method, "params": params }).to_string();
        serde_json::from_str::<Value>(&post(local, body.as_bytes()).1).expect("JSON")
    };
    let airdrop = ask("requestAirdrop", json!([ALICE, 5]));
    assert!(airdrop["error"]["message"].as_str().expect("text").contains("airdrops are off"), "{airdrop}");
    let set = ask("heddle_setAccount", json!([ALICE, { "lamports": 5 }]));
    assert!(set["error"]["message"].as_str().expect("text").contains("are off"), "{set}");
    assert_eq!(node.ready["faucet"], Value::Null);

    let node = Node::start(&["--memory"]);
    assert!(node.rpc.ip().is_loopback() && node.websocket.ip().is_loopback());
    assert_eq!(get(node.rpc, "/health").0, 200);
    let taken = std::process::Command::new(env!("CARGO_BIN_EXE_heddle"))
        .args(["node", "--memory", "--rpc-port", &node.rpc.port().to_string()])
        .output()
        .expect("it runs");
    assert_eq!(taken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&taken.stderr).contains("cannot listen on"), "{taken:?}");
}
