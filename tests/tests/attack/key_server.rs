//! The key server, in this process and over a socket.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign::Timestamp;
use countersign_attack::{Attack, Catalogue, Strictness, Tcp};
use countersign_key_server::api::{Access, ApiSettings, router};
use countersign_key_server::registry::Registry;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::{
    CredentialStore, MemoryStore, Scope, TokenHash, TokenId, TokenRecord,
};
use countersign_tests::Raw;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use crate::flaws;

const ADMIN: &str = "admin-secret-token";
const LOOKUP: &str = "lookup-secret-token";

async fn start() -> SocketAddr {
    let store = Arc::new(MemoryStore::new());
    for (id, text, scope) in [
        ("admin", ADMIN, Scope::Admin),
        ("lookup", LOOKUP, Scope::Lookup),
    ] {
        let token = TokenRecord {
            id: TokenId::parse(id).unwrap(),
            name: None,
            scope,
            hash: TokenHash(Sha256::digest(text.as_bytes()).into()),
            created_at: Timestamp::from_unix(0),
            revoked_at: None,
        };
        assert!(store.add_token(token).await.unwrap());
    }
    let registry = Registry::open(store, &MasterKey::generate().unwrap()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = ApiSettings::new(address).access(Access::TokensOnly);
    let router = router(Arc::new(registry.unwrap()), settings);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// The path of a new credential.
async fn create(address: SocketAddr) -> String {
    let mut raw = Raw::connect(address).await;
    let body = r#"{"principal":"p","auth_scheme":"mac"}"#;
    raw.send(format!(
        "POST /v1.0/creds HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {ADMIN}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    let answer = raw.answer().await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let location = answer.header("location");
    let path = location.find("/v1.0/").expect("a path");
    location[path..].to_owned()
}

#[tokio::test]
async fn the_key_server_treats_every_request_of_the_catalogue_as_it_must() {
    let address = start().await;
    let attack = Attack::unsigned(&format!("http://{address}/").parse().unwrap())
        .unwrap()
        .strictness(Strictness::Exact)
        .variable("token", ADMIN)
        .variable("lookup", LOOKUP)
        .variable("item", create(address).await);
    let catalogue = Catalogue::key_server().unwrap();
    let scorecard = attack.run(&catalogue, &Tcp::new(address)).await;
    assert_eq!(flaws("key server", &scorecard), None);
    assert_eq!(scorecard.scores().len(), catalogue.cases().len());
}
