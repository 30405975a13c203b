//! What is kept is opened by nobody but its owner, in its place, as it was written.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_key_server::maintenance::open_keyring;
use countersign_key_server::seal::{Keyring, MasterKey, Sealed};
use countersign_key_server::store::{CredentialStore, Entry, EntryId, EntryKind, MemoryStore};
use serde_json::json;

use crate::support::{Agent, Server, sign};

/// A store, and the account `alice` with the key `first` in it.
struct Fixture {
    store: Arc<MemoryStore>,
    master: MasterKey,
    agent: Agent,
}

impl Fixture {
    async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let master = MasterKey::generate().unwrap();
        let server = Server::over(Arc::clone(&store) as _, &master, |settings| settings).await;
        let agent = server.agent("alice").await;
        agent.create_key("ed25519", "first").await.json();
        Self {
            store,
            master,
            agent,
        }
    }

    async fn keyring(&self) -> Keyring {
        let keyring = open_keyring(&*self.store, &self.master).await;
        keyring.unwrap().unwrap()
    }

    async fn sealed(&self, id: &EntryId) -> Sealed {
        self.store.entry(id).await.unwrap().unwrap()
    }

    async fn replace(&self, id: &EntryId, sealed: Sealed) {
        let before = self.sealed(id).await;
        let replaced = self.store.replace_entry(id, &before, sealed).await;
        assert!(replaced.unwrap());
    }
}

fn account(user: &str) -> EntryId {
    EntryId::new(EntryKind::Account, user, "")
}

fn key(user: &str, id: &str) -> EntryId {
    EntryId::new(EntryKind::AgentKey, user, id)
}

#[tokio::test]
async fn a_wrong_key_password_opens_no_key() {
    let agent = Fixture::new().await.agent;
    let s1 = agent.s1("ed25519", "first");
    let mut body = agent.use_body("ed25519", "first", "data", "AAAA");
    let wrong = sign("key second", &s1);
    let signed = format!("{s1}:{wrong}:AAAA:{}", body["nonce"].as_str().unwrap());
    body["requestSignature"] = json!(sign(&agent.password, &signed));
    body["keySignature"] = json!(wrong);
    let answer = agent.post("Crypto/SignData", &body).await;
    answer.refused(403, "wrong_key_signature");
    agent.sign_data("ed25519", "first", b"data").await.json();
}

#[tokio::test]
async fn a_key_with_any_changed_byte_is_not_used() {
    let fixture = Fixture::new().await;
    let agent = &fixture.agent;
    let id = key("alice", "first");
    let right = fixture.sealed(&id).await;
    for index in 0..right.as_bytes().len() {
        let mut bytes = right.as_bytes().to_vec();
        bytes[index] ^= 1;
        fixture.replace(&id, Sealed::from_bytes(bytes)).await;
        // What is unreadable is told before the nonce is claimed.
        let answer = agent.sign_data("ed25519", "first", b"data").await;
        answer.refused(503, "credential_unreadable");
        let answer = agent.public_key("first").await;
        answer.refused(503, "credential_unreadable");
    }
    let answer = agent.create_key("ed25519", "first").await;
    answer.refused(503, "credential_unreadable");
    fixture.replace(&id, right).await;
    agent.sign_data("ed25519", "first", b"data").await.json();
}

#[tokio::test]
async fn an_account_with_any_changed_byte_is_not_used() {
    let fixture = Fixture::new().await;
    let agent = &fixture.agent;
    let wrong = Agent {
        password: "wrong".to_owned(),
        ..agent.clone()
    };
    let right = fixture.sealed(&account("alice")).await;
    for index in 0..right.as_bytes().len() {
        let mut bytes = right.as_bytes().to_vec();
        bytes[index] ^= 1;
        let changed = Sealed::from_bytes(bytes);
        fixture.replace(&account("alice"), changed).await;
        for agent in [agent, &wrong] {
            let answer = agent.login().await;
            answer.refused(503, "credential_unreadable");
            let answer = agent.create_key("ed25519", "second").await;
            answer.refused(503, "credential_unreadable");
        }
    }
    fixture.replace(&account("alice"), right).await;
    agent.login().await.json();
}

#[tokio::test]
async fn what_belongs_elsewhere_does_not_open() {
    let fixture = Fixture::new().await;
    let alice = &fixture.agent;
    let bob = alice.server.agent("bob").await;
    alice.create_key("ed25519", "second").await.json();
    bob.create_key("ed25519", "first").await.json();

    let stolen = fixture.sealed(&key("alice", "first")).await;
    let kept = fixture.sealed(&key("bob", "first")).await;
    fixture.replace(&key("bob", "first"), stolen.clone()).await;
    let answer = bob.sign_data("ed25519", "first", b"data").await;
    answer.refused(503, "credential_unreadable");
    fixture.replace(&key("bob", "first"), kept).await;
    bob.sign_data("ed25519", "first", b"data").await.json();

    fixture.replace(&key("alice", "second"), stolen).await;
    let answer = alice.sign_data("ed25519", "second", b"data").await;
    answer.refused(503, "credential_unreadable");

    let own = fixture.sealed(&account("bob")).await;
    fixture.replace(&account("alice"), own).await;
    let as_alice = Agent {
        password: bob.password.clone(),
        ..alice.clone()
    };
    let answer = as_alice.login().await;
    answer.refused(503, "credential_unreadable");
}

/// Whoever has the master key can move an entry: the key inside is sealed for its place too.
#[tokio::test]
async fn a_key_moved_with_the_master_key_does_not_open_for_another_owner_or_id() {
    let fixture = Fixture::new().await;
    let alice = &fixture.agent;
    let bob = alice.server.agent("bob").await;
    bob.create_key("ed25519", "first").await.json();
    alice.create_key("ed25519", "second").await.json();
    let keyring = fixture.keyring().await;
    let from = key("alice", "first");
    let sealed = fixture.sealed(&from).await;
    let says = keyring.open_entry(&from, &sealed).unwrap();
    let s1 = alice.s1("ed25519", "first");
    let key_signature = sign("key first", &s1);
    for (agent, id) in [(&bob, "first"), (alice, "second")] {
        let to = key(&agent.user, id);
        let moved = keyring.seal_entry(&to, &says).unwrap();
        fixture.replace(&to, moved).await;
        // Even with the key signature that opens it where it was.
        let nonce = crate::support::nonce();
        let signed = format!("{}:{key_signature}:AAAA:{nonce}", agent.s1("ed25519", id));
        let body = json!({
            "keyId": id, "keySignature": key_signature, "nonce": nonce, "data": "AAAA",
            "requestSignature": sign(&agent.password, &signed),
        });
        let answer = agent.post("Crypto/SignData", &body).await;
        answer.refused(403, "wrong_key_signature");
    }
}

#[tokio::test]
async fn sessions_are_not_checked_with_a_changed_key() {
    let fixture = Fixture::new().await;
    let id = EntryId::new(EntryKind::TokenKey, "", "1");
    let mut bytes = fixture.sealed(&id).await.as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    fixture.replace(&id, Sealed::from_bytes(bytes)).await;
    let store = Arc::clone(&fixture.store);
    let restarted = Server::over(store, &fixture.master, |settings| settings).await;
    let agent = Agent {
        server: restarted,
        ..fixture.agent
    };
    let answer = agent.public_key("first").await;
    answer.refused(503, "credential_unreadable");
    agent.login().await.refused(503, "credential_unreadable");
}

/// The keyring opens what a store keeps; what it then shows is no more than this.
#[tokio::test]
async fn what_the_master_key_opens_holds_no_key_signature_and_no_key_password() {
    let fixture = Fixture::new().await;
    let agent = &fixture.agent;
    agent.sign_data("ed25519", "first", b"data").await.json();
    agent.login().await.json();
    let keyring = fixture.keyring().await;
    let key_signature = sign("key first", &agent.s1("ed25519", "first"));
    let raw = STANDARD.decode(&key_signature).unwrap();
    let entries = fixture.store.entries(None, 1000).await.unwrap();
    let mut kinds = Vec::new();
    for Entry { id, sealed, .. } in entries {
        let says = keyring.open_entry(&id, &sealed).unwrap();
        let holds = |bytes: &[u8]| says.windows(bytes.len()).any(|window| window == bytes);
        for secret in [&raw[..], key_signature.as_bytes(), b"key first"] {
            assert!(!holds(secret), "{id:?}");
        }
        // The account's password must be there: requests are checked with it.
        let is_account = id.kind == EntryKind::Account;
        assert_eq!(holds(agent.password.as_bytes()), is_account, "{id:?}");
        kinds.push(id.kind);
    }
    for kind in [
        EntryKind::Account,
        EntryKind::AgentKey,
        EntryKind::Nonce,
        EntryKind::TokenKey,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}
