//! `countersign echo`

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::run::countersign;

/// The SHA-256 of `hello`.
const OF_HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

#[test]
fn it_answers_with_what_it_was_sent() {
    let server = countersign(["echo", "--listen", "127.0.0.1:0"]).serve();
    assert!(server.url().starts_with("http://127.0.0.1:"));
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let request = "POST /a//b?c=%41 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\n\
                   Content-Length: 5\r\nConnection: close\r\n\r\nhello";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 200 OK") && head.contains("application/json"),
        "{head}"
    );
    let seen: Value = serde_json::from_str(body).unwrap();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["target"], "/a//b?c=%41");
    assert_eq!(seen["headers"]["x-a"], "1, 2");
    assert_eq!(seen["headers"]["host"], "h");
    assert_eq!(seen["body_bytes"], 5);
    assert_eq!(seen["body_sha256"], OF_HELLO);
}

#[test]
fn it_says_one_line_and_ends_with_0_on_both_signals() {
    for signal in ["TERM", "INT"] {
        let mut server = countersign(["echo", "--listen", "127.0.0.1:0"]).serve();
        // An idle connection does not keep it.
        let _idle = TcpStream::connect(server.address()).unwrap();
        server.signal(signal);
        assert_eq!(server.wait(), (0, String::new()), "{signal}");
    }
}

#[test]
fn a_request_in_flight_is_answered_before_it_ends() {
    let mut server = countersign(["echo", "--listen", "127.0.0.1:0"]).serve();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut proceed = [0; 25];
    stream.read_exact(&mut proceed).unwrap();
    assert_eq!(&proceed, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal("TERM");
    stream.write_all(b"hello").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(OF_HELLO), "{answer}");
    assert_eq!(server.wait().0, 0);
}

#[test]
fn an_address_that_is_taken_or_unreadable_is_said_so() {
    let server = countersign(["echo", "--listen", "127.0.0.1:0"]).serve();
    let taken = countersign(["echo", "--listen", server.address()]).run();
    assert_eq!(taken.status, 1);
    assert!(
        taken.sentence().contains(server.address()),
        "{}",
        taken.sentence()
    );
    let unreadable = countersign(["echo", "--listen", "here"]).run();
    assert_eq!(unreadable.status, 2);
    assert!(
        unreadable.sentence().contains("HOST:PORT"),
        "{}",
        unreadable.sentence()
    );
}
