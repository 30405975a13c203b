//! The agent API of the program, and what of it ends up where.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::ANY_PORT;
use crate::couch_server::{CouchServer, Keeping};
use crate::http::{Answer, Client, create_body, send};
use crate::postgres_server::PostgresServer;
use crate::run::{Run, key_server};

/// What agents call the server: the same whatever its port, since keys are bound to it.
const HOST: &str = "localhost";

const NAMESPACE: &str = "urn:ieee:iot:e2e:1.0";

const PASSWORD: &str = "Alice's account password";

/// The account `alice`.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    address: SocketAddr,
    jwt: String,
}

impl Agent {
    /// As she comes, without a session.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            jwt: "none".to_owned(),
        }
    }

    /// The same, at another server.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self {
            address,
            ..self.clone()
        }
    }

    /// Creates her account with a new API key, for which the admin's token may be needed.
    pub(crate) fn issued(self, token: Option<&str>) -> Self {
        let mut client = Client::connect(self.address).unwrap();
        if let Some(token) = token {
            client = client.token(token);
        }
        let made = client.send("POST", "/v1.0/creds", &create_body("dave", "agent"));
        self.created(&made.unwrap().json()["agent"])
    }

    /// Creates her account with this API key.
    pub(crate) fn created(self, issued: &Value) -> Self {
        let nonce = nonce();
        let text = |name: &str| issued[name].as_str().unwrap();
        let (api_key, secret) = (text("api_key"), text("secret"));
        let signed = format!("alice:{HOST}:a@example.org:{PASSWORD}:{api_key}:{nonce}");
        let body = json!({
            "userName": "alice", "eMail": "a@example.org", "password": PASSWORD,
            "apiKey": api_key, "nonce": nonce, "signature": sign(secret, &signed), "seconds": 3600,
        });
        let answer = self.ok("Account/Create", &body);
        self.with_session(&answer)
    }

    pub(crate) fn logged_in(self) -> Self {
        let nonce = nonce();
        let signature = sign(PASSWORD, &format!("alice:{HOST}:{nonce}"));
        let body = json!({
            "userName": "alice", "nonce": nonce, "signature": signature, "seconds": 3600,
        });
        let answer = self.ok("Account/Login", &body);
        self.with_session(&answer)
    }

    fn with_session(self, answer: &Value) -> Self {
        let jwt = answer["jwt"].as_str().unwrap().to_owned();
        Self { jwt, ..self }
    }

    pub(crate) fn post(&self, resource: &str, body: &Value) -> Answer {
        let client = Client::connect(self.address).unwrap().host(HOST);
        let path = format!("/Agent/{resource}");
        let mut client = client.token(&self.jwt);
        client.send("POST", &path, &body.to_string()).unwrap()
    }

    #[track_caller]
    fn ok(&self, resource: &str, body: &Value) -> Value {
        let answer = self.post(resource, body);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    fn s1(local_name: &str, id: &str) -> String {
        format!("alice:{HOST}:{local_name}:{NAMESPACE}:{id}")
    }

    /// What opens the key.
    fn key_signature(local_name: &str, id: &str) -> String {
        sign(&key_password(id), &Self::s1(local_name, id))
    }

    /// A request to make a key.
    pub(crate) fn key_body(local_name: &str, id: &str) -> Value {
        let nonce = nonce();
        let key_signature = Self::key_signature(local_name, id);
        let signed = format!("{}:{key_signature}:{nonce}", Self::s1(local_name, id));
        json!({
            "localName": local_name, "namespace": NAMESPACE, "id": id, "nonce": nonce,
            "keySignature": key_signature, "requestSignature": sign(PASSWORD, &signed),
        })
    }

    pub(crate) fn make_key(&self, local_name: &str, id: &str) {
        self.ok("Crypto/CreateKey", &Self::key_body(local_name, id));
    }

    pub(crate) fn public_key(&self, id: &str) -> Value {
        self.ok("Crypto/GetPublicKey", &json!({"keyId": id}))
    }

    fn use_body(local_name: &str, id: &str, input: &str, text: &str) -> Value {
        let nonce = nonce();
        let key_signature = Self::key_signature(local_name, id);
        let purpose = if input == "publicKey" {
            "shared-secret:"
        } else {
            ""
        };
        let s1 = Self::s1(local_name, id);
        let signed = format!("{s1}:{key_signature}:{purpose}{text}:{nonce}");
        json!({
            "keyId": id, "keySignature": key_signature, "nonce": nonce, input: text,
            "requestSignature": sign(PASSWORD, &signed),
        })
    }

    /// What a key signs of something that is always the same.
    pub(crate) fn sign(&self, local_name: &str, id: &str) -> Value {
        let body = Self::use_body(local_name, id, "data", "AAAA");
        self.ok("Crypto/SignData", &body)
    }

    fn shared_secret(&self, local_name: &str, id: &str) -> String {
        let public = self.public_key(id)["key"].as_str().unwrap().to_owned();
        let body = Self::use_body(local_name, id, "publicKey", &public);
        let secret = self.ok("Crypto/GetSharedSecret", &body);
        secret["sharedSecret"].as_str().unwrap().to_owned()
    }
}

fn key_password(id: &str) -> String {
    format!("password of the key {id}")
}

fn nonce() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    STANDARD.encode(bytes)
}

fn sign(password: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(password.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn login(address: SocketAddr, host: &str) -> Answer {
    let mut client = Client::connect(address).unwrap().host(host);
    client.send("POST", "/Agent/Account/Login", "{}").unwrap()
}

#[track_caller]
fn is_text(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let head = answer.head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/plain"), "{answer:?}");
    assert!(answer.body.starts_with(&format!("{code}: ")), "{answer:?}");
}

#[test]
fn the_agent_api_is_served_unless_it_is_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let server = key_server(folder.path(), ANY_PORT).serve();
    Agent::new(server.address())
        .issued(None)
        .make_key("ed448", "first");
    drop(server);
    let off = ANY_PORT.iter().chain(&["--agent-api", "off"]);
    let server = key_server(folder.path(), off).serve();
    for path in ["/Agent/Account/Login", "/Agent/Crypto/CreateKey", "/Agent/"] {
        let answer = send(server.address(), "POST", path, "{}");
        assert_eq!(answer.status, 404, "{answer:?}");
        assert_eq!(answer.json()["code"], "not_found");
    }
    let made = create_body("dave", "agent");
    let answer = send(server.address(), "POST", "/v1.0/creds", &made);
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[test]
fn with_a_list_of_hosts_agents_are_served_under_these_only() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = ["--agent-host", "keys.example.org,keys.example.org:8443"];
    let server = key_server(folder.path(), ANY_PORT.iter().chain(&hosts)).serve();
    for host in [
        "keys.example.org",
        "keys.example.org:8443",
        "KEYS.example.org",
    ] {
        is_text(&login(server.address(), host), 400, "missing_member");
    }
    for host in [
        "localhost",
        &server.address().to_string(),
        "keys.example.org:80",
        "evil.keys.example.org",
    ] {
        is_text(&login(server.address(), host), 421, "foreign_host");
    }
    // The rest of the API is where it was.
    let answer = send(server.address(), "GET", "/readyz", "");
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn without_a_list_agents_are_served_under_the_names_of_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let server = key_server(folder.path(), ANY_PORT).serve();
    let address = server.address().to_string();
    for host in ["localhost", "127.0.0.1", &address, "localhost:8070"] {
        is_text(&login(server.address(), host), 400, "missing_member");
    }
    for host in ["keys.example.org", "192.0.2.1"] {
        is_text(&login(server.address(), host), 421, "foreign_host");
    }
}

#[test]
fn a_bad_setting_of_the_agent_api_is_told_with_a_sentence_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    for host in [
        "a b",
        "https://keys.example.org",
        "u@keys.example.org",
        "a/b",
        "a:b:c",
        "a,,b",
    ] {
        let host_option = ["--agent-host", host];
        let arguments = ANY_PORT.iter().chain(&host_option);
        let said = key_server(folder.path(), arguments).run().failure(2);
        assert!(
            said.contains("--agent-host") && said.contains("HOST:PORT"),
            "{host}: {said}"
        );
    }
    let arguments = ANY_PORT.iter().chain(&["--agent-api", "maybe"]);
    let said = key_server(folder.path(), arguments).run().failure(2);
    assert!(
        said.contains("--agent-api") && said.contains("on, off"),
        "{said}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_agent_api_is_set_in_the_file_and_by_variables_too() {
    let folder = tempfile::tempdir().unwrap();
    let print = |run: Run| run.run().success();
    let by_default = print(key_server(folder.path(), ["--print-config"]));
    assert!(
        by_default.contains("agent-api = \"on\"  # by default"),
        "{by_default}"
    );
    assert!(
        by_default.contains("# agent-host is not set"),
        "{by_default}"
    );

    let text = "agent-api = 'off'\nagent_host = 'a.example.org,b.example.org:1'\n";
    fs::write(folder.path().join("f.toml"), text).unwrap();
    let from_file = ["--config", "f.toml", "--print-config"];
    let printed = print(key_server(folder.path(), from_file));
    for line in [
        "agent-api = \"off\"  # from the key agent-api of f.toml",
        "agent-host = \"a.example.org,b.example.org:1\"  # from the key agent_host of f.toml",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    let on = key_server(folder.path(), from_file).variable("COUNTERSIGN_AGENT_API", "on");
    let printed = print(on);
    assert!(
        printed.contains("agent-api = \"on\"  # from COUNTERSIGN_AGENT_API"),
        "{printed}"
    );

    // What is set is so.
    let arguments = ANY_PORT
        .iter()
        .chain(&["--config", "f.toml", "--agent-api", "on"]);
    let server = key_server(folder.path(), arguments).serve();
    is_text(
        &login(server.address(), "b.example.org:1"),
        400,
        "missing_member",
    );
    is_text(&login(server.address(), "localhost"), 421, "foreign_host");
    // And what is printed gives the same settings.
    fs::write(folder.path().join("f.toml"), &printed).unwrap();
    let again = print(key_server(folder.path(), from_file));
    let host = |text: &str| -> String {
        let line = text
            .lines()
            .find(|it| it.starts_with("agent-host"))
            .unwrap();
        line.split("  # ").next().unwrap().to_owned()
    };
    assert_eq!(host(&again), host(&printed));
}

/// Does everything that agents do, well and badly; whatever of it nobody else may know.
fn busy(address: SocketAddr, token: &str) -> Vec<String> {
    let mut client = Client::connect(address).unwrap().token(token);
    let made = client.send("POST", "/v1.0/creds", &create_body("dave", "agent"));
    let issued = made.unwrap().json()["agent"].clone();
    let created = Agent::new(address).created(&issued);
    let again = created.post("Account/Create", &json!({"password": PASSWORD}));
    assert_eq!(again.status, 400, "{again:?}");
    let alice = created.clone().logged_in();
    let mut secrets = vec![
        PASSWORD.to_owned(),
        issued["secret"].as_str().unwrap().to_owned(),
        created.jwt.clone(),
        alice.jwt.clone(),
    ];
    for (local_name, id) in [
        ("ed25519", "e"),
        ("ed448", "f"),
        ("x25519", "x"),
        ("rsa", "r"),
    ] {
        alice.make_key(local_name, id);
        secrets.push(key_password(id));
        secrets.push(Agent::key_signature(local_name, id));
        if local_name == "x25519" {
            secrets.push(alice.shared_secret(local_name, id));
        } else {
            alice.sign(local_name, id);
        }
        let duplicate = alice.post("Crypto/CreateKey", &Agent::key_body(local_name, id));
        assert!(duplicate.body.starts_with("key_exists"), "{duplicate:?}");
    }
    // Whatever is secret may come back where it should not have been sent.
    let mut wrong = Agent::key_body("ed25519", "w");
    wrong["requestSignature"] = wrong["keySignature"].clone();
    let refused = alice.post("Crypto/CreateKey", &wrong);
    assert!(refused.body.starts_with("wrong_signature"), "{refused:?}");
    secrets.push(wrong["keySignature"].as_str().unwrap().to_owned());
    for secret in secrets.clone() {
        alice.post(
            "Account/Login",
            &json!({ &secret: secret, "nonce": secret }),
        );
        let stranger = Agent {
            jwt: secret.replace(' ', "_"),
            ..alice.clone()
        };
        stranger.post("Crypto/GetAlgorithms", &json!({}));
    }
    let refreshed = alice.ok("Account/Refresh", &json!({"seconds": 60}));
    let refreshed = alice.with_session(&refreshed);
    secrets.push(refreshed.jwt.clone());
    refreshed.ok("Account/Logout", &json!({}));
    secrets
}

/// How a secret may be written down: as it is, and in other digits.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let mut all = vec![secret.as_bytes().to_vec()];
    let decoded = STANDARD.decode(secret).or(URL_SAFE_NO_PAD.decode(secret));
    all.extend(decoded.ok().filter(|it| it.len() >= 16));
    let mut spelled = all.clone();
    for bytes in all {
        let hexadecimal = bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        for text in [
            STANDARD.encode(&bytes),
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
            hexadecimal.to_uppercase(),
            hexadecimal,
        ] {
            spelled.push(text.into_bytes());
        }
    }
    spelled
}

fn holds(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[track_caller]
fn show_no(secrets: &[String], dumps: &[(String, Vec<u8>)]) {
    for secret in secrets {
        for spelling in spellings(secret) {
            for (name, bytes) in dumps {
                let text = String::from_utf8_lossy(&spelling);
                assert!(!holds(bytes, &spelling), "{text} is in {name}");
            }
        }
    }
}

/// A server in `folder` that logs all it can, and what is to be kept secret after a busy run of
/// it; what it said is added to `dumps`.
fn run_busily(run: Run, token: &str, dumps: &mut Vec<(String, Vec<u8>)>) -> Vec<String> {
    let server = run.serve();
    let secrets = busy(server.address(), token);
    let ran = server.stop();
    dumps.push(("standard output".to_owned(), ran.stdout.into_bytes()));
    dumps.push(("standard error".to_owned(), ran.stderr.into_bytes()));
    secrets
}

const LOGGING: [&str; 3] = ["--log=trace", "--audit-log=audit", "--logfile=log"];

/// The files of a folder.
fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    entries
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn no_secret_of_an_agent_is_in_any_output_or_file_after_a_busy_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let create = ["token", "create", "--scope", "admin"];
    let token = key_server(folder, create).run().success().trim().to_owned();
    let mut dumps = Vec::new();
    let run = key_server(folder, ANY_PORT.iter().chain(&LOGGING));
    let mut secrets = run_busily(run, &token, &mut dumps);
    secrets.push(token);
    key_server(folder, ["backup", "backup"]).run().success();
    dumps.extend(files(folder));
    for name in ["creds.db", "audit", "log", "backup"] {
        assert!(dumps.iter().any(|it| it.0.ends_with(name)), "{name}");
    }
    // What is looked through is what the run has left.
    for word in ["alice", "agent_create_key", "wrong_signature"] {
        let found = dumps.iter().any(|(_, bytes)| holds(bytes, word.as_bytes()));
        assert!(found, "{word}");
    }
    show_no(&secrets, &dumps);
}

/// As above, over another store; what `dump` then finds in it.
fn nothing_secret_is_kept_at(url: &str, dump: impl Fn() -> Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let with = |arguments: &[&str]| {
        let key = ["--master-key-file", "key"];
        let all = arguments.iter().chain(&key);
        key_server(folder, all).variable("COUNTERSIGN_KEY_STORE", url)
    };
    let token = with(&["token", "create", "--scope", "admin"])
        .run()
        .success();
    let token = token.trim();
    let mut dumps = Vec::new();
    let run = with(&[&ANY_PORT[..], &LOGGING].concat());
    let mut secrets = run_busily(run, token, &mut dumps);
    secrets.push(token.to_owned());
    dumps.extend(files(folder));
    let dump = dump();
    assert!(holds(&dump, b"alice") || holds(&dump, b"616c696365"));
    assert!(holds(&dump, b"agent-key"));
    dumps.push(("the store".to_owned(), dump));
    show_no(&secrets, &dumps);
}

#[test]
#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
fn no_secret_of_an_agent_is_in_postgresql() {
    let server = PostgresServer::start();
    let database = server.create_database();
    nothing_secret_is_kept_at(&server.url(&database), || {
        let list = "SELECT table_name FROM information_schema.tables WHERE table_schema = \
                    'public' AND table_type = 'BASE TABLE'";
        let mut all = String::new();
        for table in server.sql(&database, list).lines() {
            // Bytes are shown in hexadecimal.
            all += &server.sql(&database, &format!("SELECT t::text FROM \"{table}\" t"));
        }
        all.into_bytes()
    });
}

#[test]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
fn no_secret_of_an_agent_is_in_couchdb() {
    let server = CouchServer::start(Keeping::InMemory);
    nothing_secret_is_kept_at(&server.url("creds"), || {
        let (status, text) = server.request("GET", "/creds/_all_docs?include_docs=true", "");
        assert_eq!(status, 200, "{text}");
        let mut all = text.into_bytes();
        let text = String::from_utf8_lossy(&all).into_owned();
        // Bytes are shown in base64, in which what is within them is not to be seen.
        for value in text.split('"') {
            let decoded = STANDARD.decode(value).or(URL_SAFE_NO_PAD.decode(value));
            all.extend(decoded.unwrap_or_default());
        }
        all
    });
}
