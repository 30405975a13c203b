//! Of several faults in one request the first in this order is told, whatever the others are.

use serde_json::{Value, json};

use crate::support::{Agent, Answer, NAMESPACE, Server, nonce, sign};

/// Faults in the order in which they are looked for: what is told of each.
const FAULTS: [(u16, &str); 7] = [
    (400, "unknown_member"),
    (401, "session_required"),
    (429, "too_many_wrong_signatures"),
    (404, "algorithm_unknown"),
    (403, "wrong_signature"),
    (400, "nonce_reused"),
    (400, "key_exists"),
];

const UNREADABLE: usize = 0;
const SESSION: usize = 1;
const SUSPENDED: usize = 2;
const UNKNOWN: usize = 3;
const SIGNATURE: usize = 4;
const NONCE: usize = 5;
const LAST: usize = 6;

/// Which faults a request has.
#[derive(Clone, Copy, Debug)]
struct Faults(u32);

impl Faults {
    /// Every set of them.
    fn all() -> impl Iterator<Item = Self> {
        (0..1 << FAULTS.len()).map(Self)
    }

    fn has(self, fault: usize) -> bool {
        self.0 >> fault & 1 == 1
    }

    fn first(self) -> Option<usize> {
        (0..FAULTS.len()).find(|fault| self.has(*fault))
    }
}

const SUSPENDED_ADDRESS: &str = "198.51.100.1";

/// An account with a key `taken`, a nonce that it has used, and an address that is refused.
async fn alice() -> (Agent, String) {
    let agent = Server::start().await.agent("alice").await;
    let body = agent.create_key_body("ed25519", "taken");
    agent.post("Crypto/CreateKey", &body).await.json();
    let guesser = Agent {
        server: agent.server.from(SUSPENDED_ADDRESS),
        password: "wrong".to_owned(),
        ..agent.clone()
    };
    // So many that it is refused for an hour.
    for _ in 0..16 {
        guesser.login().await;
    }
    (agent, body["nonce"].as_str().unwrap().to_owned())
}

/// Sends a request that is made right but for its faults, from an address of its own.
async fn sent(agent: &Agent, faults: Faults, resource: &str, mut body: Value) -> Answer {
    let [.., high, low] = faults.0.to_be_bytes();
    let server = if faults.has(SUSPENDED) {
        agent.server.from(SUSPENDED_ADDRESS)
    } else {
        agent.server.from(&format!("203.0.{high}.{low}"))
    };
    if faults.has(UNREADABLE) {
        body["surplus"] = json!("member");
    }
    let jwt = (!faults.has(SESSION)).then_some(agent.jwt.as_str());
    let path = format!("/Agent/{resource}");
    server.post(&path, jwt, &body).await
}

fn password(agent: &Agent, faults: Faults) -> &str {
    if faults.has(SIGNATURE) {
        "wrong"
    } else {
        &agent.password
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_fault_of_a_request_to_make_a_key_is_told() {
    let (agent, used) = alice().await;
    for faults in Faults::all() {
        let local_name = if faults.has(UNKNOWN) {
            "aes"
        } else {
            "ed25519"
        };
        let id = if faults.has(LAST) {
            "taken".to_owned()
        } else {
            format!("free {}", faults.0)
        };
        let nonce = if faults.has(NONCE) {
            used.clone()
        } else {
            nonce()
        };
        let s1 = agent.s1(local_name, &id);
        let key_signature = sign("key password", &s1);
        let signed = format!("{s1}:{key_signature}:{nonce}");
        let body = json!({
            "localName": local_name, "namespace": NAMESPACE, "id": id, "nonce": nonce,
            "requestSignature": sign(password(&agent, faults), &signed),
            "keySignature": key_signature,
        });
        let answer = sent(&agent, faults, "Crypto/CreateKey", body).await;
        match faults.first() {
            Some(first) => answer.refused(FAULTS[first].0, FAULTS[first].1),
            None => drop(answer.json()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_fault_of_a_request_to_sign_is_told() {
    let mut told = FAULTS;
    told[UNKNOWN] = (404, "key_unknown");
    told[LAST] = (403, "wrong_key_signature");
    let (agent, used) = alice().await;
    for faults in Faults::all() {
        let id = if faults.has(UNKNOWN) { "none" } else { "taken" };
        let nonce = if faults.has(NONCE) {
            used.clone()
        } else {
            nonce()
        };
        let key_password = if faults.has(LAST) {
            "wrong"
        } else {
            "key taken"
        };
        let s1 = agent.s1("ed25519", id);
        let key_signature = sign(key_password, &s1);
        let signed = format!("{s1}:{key_signature}:AAAA:{nonce}");
        let body = json!({
            "keyId": id, "nonce": nonce, "data": "AAAA",
            "requestSignature": sign(password(&agent, faults), &signed),
            "keySignature": key_signature,
        });
        let answer = sent(&agent, faults, "Crypto/SignData", body).await;
        match faults.first() {
            Some(first) => answer.refused(told[first].0, told[first].1),
            None => drop(answer.json()),
        }
    }
}
