//! Stopping.

use std::sync::Mutex;
use std::thread;

use crate::ANY_PORT;
use crate::http::{Client, create_body, id_of, send};
use crate::run::{eventually, key_server};

#[test]
fn a_request_in_flight_is_answered_after_sigterm_and_the_status_is_0() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let server = key_server(folder.path(), ANY_PORT).serve();
        let address = server.address();
        let mut client = Client::connect(address).unwrap();
        let message = client.message("POST", "/v1.0/creds", &create_body("dave", "mac"));
        let (first, rest) = message.as_bytes().split_at(message.len() - 10);
        client.write_raw(first).unwrap();
        // A connection that is not accepted yet when the server stops is not in flight.
        send(address, "GET", "/livez", "");
        server.signal(signal);
        eventually("nobody else is let in", || {
            Client::connect(address).is_err()
        });
        client.write_raw(rest).unwrap();
        let made = client.read().unwrap();
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(server.ended().status, Some(0));
        let server = key_server(folder.path(), ANY_PORT).serve();
        let path = format!("/v1.0/creds/{}", id_of(&made.json()));
        assert_eq!(send(server.address(), "GET", &path, "").status, 200);
    }
}

#[test]
fn what_was_answered_under_load_is_kept_when_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let server = key_server(folder.path(), ANY_PORT).serve();
    let address = server.address();
    let answered = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut client = Client::connect(address).unwrap();
                while let Ok(made) = client.send("POST", "/v1.0/creds", &create_body("dave", "mac"))
                {
                    assert_eq!(made.status, 201, "{made:?}");
                    answered.lock().unwrap().push(id_of(&made.json()));
                }
            });
        }
        eventually("there is load", || answered.lock().unwrap().len() > 200);
        server.terminate();
    });
    assert_eq!(server.ended().status, Some(0));
    let server = key_server(folder.path(), ANY_PORT).serve();
    let mut client = Client::connect(server.address()).unwrap();
    for id in answered.into_inner().unwrap() {
        let found = client
            .send("GET", &format!("/v1.0/creds/{id}"), "")
            .unwrap();
        assert_eq!(found.status, 200, "{id}");
    }
}

#[test]
fn requests_that_do_not_end_are_cut_after_the_drain_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--listen=127.0.0.1:0", "--drain-timeout=100ms"];
    let server = key_server(folder.path(), arguments).serve();
    let mut client = Client::connect(server.address()).unwrap();
    let message = client.message("POST", "/v1.0/creds", &create_body("dave", "mac"));
    client
        .write_raw(&message.as_bytes()[..message.len() - 1])
        .unwrap();
    send(server.address(), "GET", "/livez", "");
    let ended = server.stop();
    assert_eq!(ended.status, Some(0));
    assert!(ended.stderr.contains("they are cut"), "{}", ended.stderr);
    assert!(client.read().is_err());
}

#[test]
fn connections_beyond_the_limit_wait_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--listen=127.0.0.1:0", "--max-connections=1"];
    let server = key_server(folder.path(), arguments).serve();
    let mut first = Client::connect(server.address()).unwrap();
    assert_eq!(first.send("GET", "/livez", "").unwrap().status, 200);
    let mut second = Client::connect(server.address()).unwrap();
    second.write("GET", "/livez", "").unwrap();
    assert_eq!(first.send("GET", "/livez", "").unwrap().status, 200);
    assert!(!second.has_answer());
    drop(first);
    assert_eq!(second.read().unwrap().status, 200);
}
