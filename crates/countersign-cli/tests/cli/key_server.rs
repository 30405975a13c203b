//! `countersign gateway --key-server`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_client::{AdminClient, AuthScheme, Connection, Credential, NewCredential};
use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::registry::Registry;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::MemoryStore;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use crate::run::{Directory, Ran, Run, Server, countersign};

/// Long enough for everything that happens by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// A key server in this process, which can be stopped and started again.
pub(crate) struct KeyServer {
    address: SocketAddr,
    /// Bound to the address and never listening, so that nobody else gets it while the server is
    /// stopped; what connects then is refused.
    _place: TcpSocket,
    registry: Arc<Registry>,
    serving: Option<Runtime>,
    rest: Runtime,
}

impl KeyServer {
    pub(crate) fn new() -> Self {
        let rest = runtime();
        let registry = rest.block_on(async {
            let store = Arc::new(MemoryStore::new());
            Registry::open(store, &MasterKey::generate().unwrap())
                .await
                .unwrap()
        });
        let place = bound(SocketAddr::from(([127, 0, 0, 1], 0)));
        let mut server = Self {
            address: place.local_addr().unwrap(),
            _place: place,
            registry: Arc::new(registry),
            serving: None,
            rest,
        };
        server.start();
        server
    }

    fn start(&mut self) {
        /// More than ever wait to be accepted.
        const BACKLOG: u32 = 64;
        let serving = runtime();
        let listener = serving.block_on(async { bound(self.address).listen(BACKLOG).unwrap() });
        let app = router(Arc::clone(&self.registry), ApiSettings::new(self.address))
            .into_make_service_with_connect_info::<SocketAddr>();
        serving.spawn(async move { axum::serve(listener, app).await });
        self.serving = Some(serving);
    }

    /// From now on, connections are refused.
    pub(crate) fn stop(&mut self) {
        self.serving = None;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn admin(&self) -> AdminClient {
        AdminClient::new(Connection::to(self.url()).unwrap())
    }

    fn create(&self) -> Credential {
        self.create_for(AuthScheme::AuthKey)
    }

    pub(crate) fn create_for(&self, scheme: AuthScheme) -> Credential {
        let new = NewCredential::new("dave@example.com", scheme);
        self.rest.block_on(self.admin().create(&new)).unwrap()
    }

    fn revoke(&self, credential: &Credential) {
        self.rest
            .block_on(self.admin().delete(credential.id()))
            .unwrap();
    }
}

/// A socket of `address`, which it shares with others of the kind.
fn bound(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// A gateway in front of an echo service.
struct Guarded {
    gateway: Server,
    _echo: Server,
}

impl Guarded {
    fn with_keys_of(url: &str, arguments: &[&str]) -> Self {
        let echo = countersign(["echo", "--listen", "127.0.0.1:0"]).serve();
        let gateway = gateway(url)
            .arguments(["--upstream", echo.url()])
            .arguments(arguments)
            .serve();
        Self {
            gateway,
            _echo: echo,
        }
    }

    fn ask_as(&self, credential: &Credential) -> Ran {
        countersign(["curl", "-i", "--scheme", "auth-key"])
            .arguments(["--key-id", credential.id()])
            .arguments([
                "POST",
                &format!("{}/a?b=c", self.gateway.url()),
                "-d",
                "hello",
            ])
            .variable("COUNTERSIGN_SECRET", credential.secret().unwrap().expose())
            .run()
    }

    /// Asks until the answer has `status`.
    fn ask_until(&self, credential: &Credential, status: u16) -> Ran {
        let started = Instant::now();
        loop {
            let ran = self.ask_as(credential);
            if ran.stdout.starts_with(&format!("HTTP/1.1 {status}")) {
                return ran;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "it is never {status}: {ran:?}"
            );
        }
    }
}

fn gateway(url: &str) -> Run {
    countersign(["gateway", "--listen", "127.0.0.1:0", "--scheme", "auth-key"])
        .arguments(["--key-server", url])
}

#[test]
fn keys_of_the_key_server_let_in_and_a_revoked_one_is_refused_after_its_time() {
    let server = KeyServer::new();
    let credential = server.create();
    let guarded = Guarded::with_keys_of(&server.url(), &["--key-cache-ttl", "300ms"]);
    let seen = guarded.ask_as(&credential).success();
    assert!(
        seen.contains("\"x-countersign-principal\": \"dave@example.com\"")
            || seen.contains("\"x-countersign-principal\":\"dave@example.com\""),
        "{seen}"
    );
    server.revoke(&credential);
    let refused = guarded.ask_until(&credential, 401);
    assert_eq!(refused.status, 3);
    assert!(
        refused.stdout.contains("invalid_credentials"),
        "{refused:?}"
    );
}

#[test]
fn bad_35_an_api_key_of_the_agent_api_is_an_unknown_key_to_the_gateway() {
    let server = KeyServer::new();
    let credential = server.create_for(AuthScheme::Agent);
    let guarded = Guarded::with_keys_of(&server.url(), &[]);
    let refused = guarded.ask_as(&credential);
    assert_eq!(refused.status, 3);
    assert!(
        refused.stdout.contains("invalid_credentials"),
        "{refused:?}"
    );
}

#[test]
fn bad_211_a_hangup_makes_a_revocation_felt_at_once() {
    let server = KeyServer::new();
    let credential = server.create();
    let mut guarded = Guarded::with_keys_of(&server.url(), &["--key-cache-ttl", "1h"]);
    guarded.ask_as(&credential).success();
    server.revoke(&credential);
    guarded.ask_as(&credential).success();
    guarded.gateway.signal("HUP");
    guarded
        .gateway
        .stderr_until("SIGHUP: the key server is asked");
    assert_eq!(guarded.ask_as(&credential).status, 3);
}

#[test]
fn bad_219_without_the_key_server_known_keys_are_used_and_others_are_answered_503() {
    let mut server = KeyServer::new();
    let (known, other) = (server.create(), server.create());
    let arguments = ["--key-cache-ttl", "100ms", "--key-cache-max-stale", "1h"];
    let mut guarded = Guarded::with_keys_of(&server.url(), &arguments);
    guarded.ask_as(&known).success();
    server.stop();
    let unavailable = guarded.ask_as(&other);
    assert!(
        unavailable.stdout.starts_with("HTTP/1.1 503"),
        "{unavailable:?}"
    );
    assert!(
        unavailable
            .stdout
            .to_lowercase()
            .contains("\r\nretry-after: ")
            || unavailable
                .stdout
                .to_lowercase()
                .contains("\nretry-after: "),
        "{unavailable:?}"
    );
    // Until what is known was asked for again, in vain.
    let started = Instant::now();
    guarded.ask_as(&known).success();
    while started.elapsed() < Duration::from_millis(200) {
        guarded.ask_as(&known).success();
    }
    guarded
        .gateway
        .stderr_until("the keys it gave before are still used");
    server.start();
    guarded.ask_until(&other, 200);
}

#[test]
fn bad_219_stale_keys_are_used_no_longer_than_allowed() {
    let mut server = KeyServer::new();
    let credential = server.create();
    let arguments = ["--key-cache-ttl", "100ms", "--key-cache-max-stale", "100ms"];
    let guarded = Guarded::with_keys_of(&server.url(), &arguments);
    guarded.ask_as(&credential).success();
    server.stop();
    let refused = guarded.ask_until(&credential, 503);
    assert!(
        refused.stdout.to_lowercase().contains("retry-after: "),
        "{refused:?}"
    );
    server.start();
    guarded.ask_until(&credential, 200);
}

#[test]
fn a_gateway_may_start_before_its_key_server() {
    let mut server = KeyServer::new();
    let credential = server.create();
    server.stop();
    let mut guarded = Guarded::with_keys_of(&server.url(), &[]);
    guarded
        .gateway
        .stderr_until("requests are answered 503 until this is over");
    guarded.ask_until(&credential, 503);
    server.start();
    guarded.ask_until(&credential, 200);
}

#[test]
fn what_can_never_work_is_refused_at_the_start() {
    let directory = Directory::new();
    let empty = directory.file("empty", "");
    let good = "https://keys.example.com";
    for (url, arguments, parts) in [
        (
            "http://keys.example.com",
            &[][..],
            &["--key-server", "keys.example.com", "https://"][..],
        ),
        ("https://u:hunter2@h", &[], &["--key-server", "user name"]),
        (
            "ftp://h",
            &[],
            &["--key-server", "ftp://h", "https://keys.example.com"],
        ),
        (
            "keys",
            &[],
            &["--key-server", "keys", "https://keys.example.com"],
        ),
        ("https://h/?a=b", &[], &["--key-server", "?"]),
        (
            good,
            &["--key-server-token-file", &empty],
            &["--key-server-token-file", "empty"],
        ),
        (
            good,
            &["--key-server-token-file", "/nowhere"],
            &["--key-server-token-file", "/nowhere"],
        ),
        (
            good,
            &["--key-server-ca", &empty],
            &["--key-server-ca", "empty", "PEM"],
        ),
        (
            good,
            &["--key-server-timeout", "0s"],
            &["--key-server-timeout", "0s"],
        ),
        (
            good,
            &["--key-cache-ttl", "soon"],
            &["--key-cache-ttl", "soon"],
        ),
        (good, &["--keys", &empty], &["--keys", "--key-server"]),
    ] {
        let ran = gateway(url)
            .arguments(["--upstream", "http://127.0.0.1:1"])
            .arguments(arguments)
            .run();
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (2, ""),
            "{url} {arguments:?}: {ran:?}"
        );
        for part in parts {
            assert!(
                ran.sentence().contains(part),
                "{url} {arguments:?}: {}",
                ran.sentence()
            );
        }
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
    let without = countersign(["gateway", "--scheme", "auth-key", "--upstream", "http://h"])
        .arguments(["--key-server-token-file", &empty])
        .run();
    assert!(
        without.sentence().contains("--key-server URL"),
        "{without:?}"
    );
}
