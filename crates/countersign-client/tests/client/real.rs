//! Against the real key server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign::keys::CachedLookup;
use countersign_client::{
    AdminClient, AuthScheme, Change, Connection, Credential, Deleted, ErrorKind, KeyServerClient,
    Listing, NewCredential, State, Verification,
};
use countersign_core::{Algorithm, Clock as _, SchemeId, SystemClock, Timestamp};
use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::registry::Registry;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::{
    CredentialStore as _, MemoryStore, Scope, TokenHash, TokenId, TokenRecord,
};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use crate::stub::{ID, find};

/// Serves until the test's runtime ends.
pub(crate) async fn key_server(store: Arc<MemoryStore>) -> String {
    let master = MasterKey::generate().unwrap();
    let registry = Registry::open(store, &master).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = router(Arc::new(registry), ApiSettings::new(address))
        .into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

async fn connected() -> Connection {
    Connection::to(key_server(Arc::default()).await).unwrap()
}

pub(crate) async fn create(admin: &AdminClient, scheme: AuthScheme) -> Credential {
    admin
        .create(&NewCredential::new("dave@example.com", scheme))
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_issued_is_found_as_a_key_pinned_to_its_schemes() {
    let connection = connected().await;
    let admin = AdminClient::new(connection.clone());
    let keys = KeyServerClient::new(connection);
    for scheme in AuthScheme::ALL {
        let made = create(&admin, scheme).await;
        assert_eq!(made.scheme(), scheme);
        if scheme == AuthScheme::Agent {
            continue;
        }
        let key = made.signing_key().unwrap();
        let found = find(&keys, key.id()).await.unwrap().unwrap();
        assert_eq!(format!("{found:?}"), format!("[{key:?}]"), "{scheme:?}");
        assert_eq!(found.keys()[0].secret().expose(), key.secret().expose());
        assert_eq!(found.keys()[0].principal(), "dave@example.com");
    }
    assert!(find(&keys, ID).await.unwrap().is_none());
}

#[tokio::test]
async fn bad_35_an_api_key_of_the_agent_api_is_an_unknown_key() {
    let connection = connected().await;
    let made = create(&AdminClient::new(connection.clone()), AuthScheme::Agent).await;
    let keys = KeyServerClient::new(connection);
    assert!(find(&keys, made.id()).await.unwrap().is_none());
    let handled = made.signing_key().unwrap();
    for scheme in SchemeId::ALL {
        assert!(!handled.may_sign(scheme, SystemClock.now()), "{scheme:?}");
    }
}

#[tokio::test]
async fn bad_46_hostile_ids_are_unknown_to_it() {
    let keys = KeyServerClient::new(connected().await);
    for id in [
        "../../readyz",
        "a/b",
        "a%2Fb",
        "?x=1",
        "{\"$gt\":\"\"}",
        ".",
        "..",
        "%",
    ] {
        assert!(find(&keys, id).await.unwrap().is_none(), "{id}");
    }
    let longest = "a".repeat(256);
    assert!(find(&keys, &longest).await.unwrap().is_none());
}

#[tokio::test]
async fn bad_204_the_same_idempotency_key_gives_the_same_credential() {
    let admin = AdminClient::new(connected().await);
    let new = NewCredential::new("dave", AuthScheme::HmacAuth).algorithm(Algorithm::Sha256);
    let named = new.clone().idempotency_key("order-4711");
    let (one, two) = (
        admin.create(&named).await.unwrap(),
        admin.create(&named).await.unwrap(),
    );
    assert_eq!((one.id(), one.algorithm()), (two.id(), Algorithm::Sha256));
    assert_ne!(admin.create(&new).await.unwrap().id(), one.id());
    let other = NewCredential::new("carol", AuthScheme::HmacAuth).idempotency_key("order-4711");
    let error = admin.create(&other).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_life_from_issue_to_deletion() {
    let connection = connected().await;
    let admin = AdminClient::new(connection.clone());
    let keys = KeyServerClient::new(connection);
    let made = create(&admin, AuthScheme::Moxie).await;
    let id = made.id();
    let end = Timestamp::from_unix(4_000_000_000);
    let change = Change::new().state(State::Inactive).expires_at(end);
    let changed = admin
        .change(id, &change.clone().if_match(made.etag().unwrap()))
        .await;
    let changed = changed.unwrap();
    assert_eq!(
        (changed.state(), changed.expires_at()),
        (State::Inactive, Some(end))
    );
    let stale = admin
        .change(id, &change.if_match(made.etag().unwrap()))
        .await;
    assert_eq!(stale.unwrap_err().kind(), ErrorKind::Stale);
    let shown = format!("{:?}", find(&keys, id).await.unwrap().unwrap());
    assert!(shown.contains("not_after: Some(Timestamp(-"), "{shown}");

    let back = Change::new().state(State::Active).never_expires();
    assert_eq!(admin.change(id, &back).await.unwrap().expires_at(), None);
    let next = admin.rotate(id, Duration::from_secs(3600)).await.unwrap();
    let old = admin.find(id, Deleted::Hidden).await.unwrap();
    assert_eq!(old.rotated_to(), Some(next.id()));
    assert!(old.expires_at().unwrap() > SystemClock.now());

    admin.delete(id).await.unwrap();
    admin.delete(id).await.unwrap();
    assert!(find(&keys, id).await.unwrap().is_none());
    let gone = admin.find(id, Deleted::Hidden).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    assert!(admin.find(id, Deleted::Shown).await.unwrap().is_deleted());
    assert_eq!(
        admin.delete(ID).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn a_listing_of_several_pages_has_every_credential_once() {
    let admin = AdminClient::new(connected().await);
    let principal = "a+b c&d=\u{e9}@example.com";
    let mut made = Vec::new();
    for scheme in AuthScheme::ALL.into_iter().cycle().take(12) {
        let new = NewCredential::new(principal, scheme);
        made.push(admin.create(&new).await.unwrap().principal().to_owned());
        create(&admin, AuthScheme::Mac).await;
    }
    let count = async |listing: Listing| {
        let mut listed = admin.list(listing);
        let mut ids = std::collections::HashSet::new();
        while let Some(credential) = listed.next().await {
            assert!(ids.insert(credential.unwrap().id().to_owned()));
        }
        ids.len()
    };
    assert_eq!(count(Listing::of(principal).page_size(5)).await, 12);
    assert_eq!(count(Listing::everything().page_size(7)).await, 24);
    assert_eq!(count(Listing::of("nobody")).await, 0);
}

#[tokio::test]
async fn a_verification_needs_no_secret_here() {
    let admin = AdminClient::new(connected().await);
    admin.ready().await.unwrap();
    let made = create(&admin, AuthScheme::AuthKey).await;
    let wrong = "00".repeat(32);
    let question = Verification::new(SchemeId::AUTH_KEY, made.id(), "text", &*wrong);
    let verdict = admin
        .verify(&question.derived_with("1348748096"))
        .await
        .unwrap();
    assert_eq!((verdict.is_valid(), verdict.principal()), (false, None));
}

#[tokio::test]
async fn bad_199_the_scope_of_the_token_decides_what_may_be_done() {
    let store = Arc::<MemoryStore>::default();
    for (name, scope) in [
        ("lookup", Scope::Lookup),
        ("verify", Scope::Verify),
        ("admin", Scope::Admin),
    ] {
        let token = TokenRecord {
            id: TokenId::parse(name).unwrap(),
            name: None,
            scope,
            hash: TokenHash(Sha256::digest(name).into()),
            created_at: Timestamp::from_unix(0),
            revoked_at: None,
        };
        assert!(store.add_token(token).await.unwrap());
    }
    let url = key_server(store).await;
    let with = |token: &str| Connection::builder(&*url).token(token).build().unwrap();
    let made = create(&AdminClient::new(with("admin")), AuthScheme::Mac).await;
    let found = find(&KeyServerClient::new(with("lookup")), made.id()).await;
    assert!(found.unwrap().is_some());
    let refused = AdminClient::new(with("lookup")).delete(made.id()).await;
    assert_eq!(refused.unwrap_err().status(), Some(403));
    for connection in [
        with("verify"),
        with("nobodys"),
        Connection::to(&*url).unwrap(),
    ] {
        assert!(
            find(&KeyServerClient::new(connection), made.id())
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn bad_211_a_deletion_is_felt_at_once_after_an_invalidation() {
    let connection = connected().await;
    let admin = AdminClient::new(connection.clone());
    let keys = CachedLookup::new(KeyServerClient::new(connection)).ttl(Duration::from_secs(3600));
    let made = create(&admin, AuthScheme::Mac).await;
    assert!(find(&keys, made.id()).await.unwrap().is_some());
    admin.delete(made.id()).await.unwrap();
    assert!(
        find(&keys, made.id()).await.unwrap().is_some(),
        "it is remembered"
    );
    keys.invalidate(made.id());
    assert!(find(&keys, made.id()).await.unwrap().is_none());
}
