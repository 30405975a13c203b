//! Power cuts.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::ANY_PORT;
use crate::http::{Answer, Client, create_body, id_of};
use crate::run::key_server;

/// How often the server is killed.
const KILLS: u64 = 100;

/// How many callers work on it.
const CALLERS: usize = 4;

/// What a credential must be like.
#[derive(Clone, Debug, PartialEq)]
struct Expected {
    secret: String,
    state: State,
    /// What it may be like instead, because nobody answered whether it is.
    or: Option<State>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Active,
    Inactive,
    Deleted,
    Rotated,
}

type Ledger = HashMap<String, Expected>;

/// Makes and changes credentials until the server is gone; what was answered is in the ledger.
fn work(address: SocketAddr, ledger: &mut Ledger, acknowledged: &Mutex<u64>) {
    let Ok(mut client) = Client::connect(address) else {
        return;
    };
    let noted = || *acknowledged.lock().unwrap() += 1;
    loop {
        let Ok(made) = client.send("POST", "/v1.0/creds", &create_body("dave", "mac")) else {
            return;
        };
        let Some(id) = insert(ledger, &made) else {
            return;
        };
        noted();
        let path = format!("/v1.0/creds/{id}");
        let (method, path, body, state) = match ledger.len() % 4 {
            0 => ("DELETE", path, "", State::Deleted),
            1 => ("PATCH", path, r#"{"state":"inactive"}"#, State::Inactive),
            2 => {
                let body = r#"{"overlap_seconds":3600}"#;
                ("POST", format!("{path}/rotate"), body, State::Rotated)
            }
            _ => continue,
        };
        let answer = client.send(method, &path, body);
        let expected = ledger.get_mut(&id).unwrap();
        match answer {
            Ok(answer) if answer.status < 300 => {
                expected.state = state;
                noted();
                if state == State::Rotated {
                    insert(ledger, &answer);
                }
            }
            Ok(answer) => panic!("{answer:?}"),
            Err(_) => {
                expected.or = Some(state);
                return;
            }
        }
    }
}

fn insert(ledger: &mut Ledger, made: &Answer) -> Option<String> {
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let secret = made["mac"]["mac_key"].as_str()?.to_owned();
    let id = id_of(&made);
    let new = Expected {
        secret,
        state: State::Active,
        or: None,
    };
    assert_eq!(
        ledger.insert(id.clone(), new),
        None,
        "an id was given twice"
    );
    Some(id)
}

fn state_of(found: &Value) -> State {
    if found["is_deleted"] == true {
        State::Deleted
    } else if found["rotated_to"].is_string() {
        State::Rotated
    } else if found["state"] == "inactive" {
        State::Inactive
    } else {
        State::Active
    }
}

/// Compares what the server answers with the ledger, and notes what the unanswered has become.
fn check(address: SocketAddr, ledger: &mut Ledger) {
    let mut client = Client::connect(address).unwrap();
    for (id, expected) in ledger {
        let path = format!("/v1.0/creds/{id}?deleted=true");
        let answer = client.send("GET", &path, "").unwrap();
        assert_eq!(answer.status, 200, "{id} was acknowledged: {answer:?}");
        let found = answer.json();
        let state = state_of(&found);
        assert!(
            state == expected.state || Some(state) == expected.or,
            "{id} is {state:?}, and should be {expected:?}"
        );
        (expected.state, expected.or) = (state, None);
        if state != State::Deleted {
            assert_eq!(found["mac"]["mac_key"], *expected.secret, "{id}");
        }
    }
}

#[test]
fn what_was_acknowledged_is_there_after_a_hundred_power_cuts_under_load() {
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = Mutex::new(0);
    let (mut all, mut new) = (Ledger::new(), Ledger::new());
    let arguments = || ANY_PORT.iter().chain(&["--log=off", "--rate-limit=off"]);
    for round in 0..KILLS {
        let server = key_server(folder.path(), arguments()).serve();
        let address = server.address();
        check(address, &mut new);
        all.extend(new);
        if round % 25 == 24 {
            check(address, &mut all);
        }
        let mut parts = vec![Ledger::new(); CALLERS];
        let mut random = [0];
        getrandom::fill(&mut random).unwrap();
        thread::scope(|scope| {
            for part in &mut parts {
                scope.spawn(|| work(address, part, &acknowledged));
            }
            thread::sleep(Duration::from_millis(5 + u64::from(random[0]) / 2));
            server.kill();
        });
        new = parts.into_iter().flatten().collect();
    }
    let server = key_server(folder.path(), arguments()).serve();
    all.extend(new);
    check(server.address(), &mut all);
    println!(
        "{KILLS} kills, {} acknowledged operations, {} credentials, {:?}",
        acknowledged.into_inner().unwrap(),
        all.len(),
        begun.elapsed()
    );
    assert!(
        all.len() > 1000,
        "too little load to show anything: {}",
        all.len()
    );
}
