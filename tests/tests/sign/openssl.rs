//! OpenSSL's command line gives the signature that went over the wire.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use countersign_tests::{Bench, Case, Protocol, SECRETS, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::Layer;

use crate::{call, hyper_client, post, signing};

/// What `openssl dgst` makes of `input`.
fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(["dgst", "-binary"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("openssl cannot be run, and without it nothing independent checks: {error}")
        });
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    output.stdout
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

fn hmac(hash: &str, key: &[u8], text: &str) -> Vec<u8> {
    let key = format!("hexkey:{}", hex(key));
    openssl(&[hash, "-mac", "HMAC", "-macopt", &key], text.as_bytes())
}

/// A signed request, as bytes off the wire.
struct Captured {
    address: String,
    head: String,
}

impl Captured {
    async fn of(case: &Case) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let client = signing(case, &Bench::new()).layer(hyper_client(Protocol::Http1));
        let request = post(&format!("http://{address}/notes?draft=1"), "hello");
        let calling = tokio::spawn(async move { call(&client, request).await });
        let read = within("the request", async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            while !read.ends_with(b"\r\n\r\nhello") {
                assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "cut off");
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            read
        });
        let head = String::from_utf8(read.await).unwrap();
        assert_eq!(calling.await.unwrap().unwrap().status, 200);
        Self { address, head }
    }

    fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        let (_, value) = found
            .next()
            .unwrap_or_else(|| panic!("{name} in {}", self.head));
        assert!(found.next().is_none(), "{name} twice");
        value
    }
}

#[tokio::test]
async fn auth_key() {
    let sent = Captured::of(&Case::named("auth-key wiki")).await;
    let date = sent.header("x-mac-date");
    let digest = STANDARD.encode(openssl(&["-sha256"], b"hello"));
    assert_eq!(sent.header("x-mac-content-sha256"), digest);
    let nonce = sent.header("x-mac-nonce");
    let text = format!(
        "POST\nx-mac-content-sha256:{digest}\nx-mac-date:{date}\nx-mac-nonce:{nonce}\n/notes\ndraft=1"
    );
    let key = openssl(&["-sha256"], format!("{date}{}", SECRETS[0]).as_bytes());
    let signature = STANDARD.encode(hmac("-sha256", &key, &text));
    let expected = format!("MAC example-id:{signature}");
    assert_eq!(sent.header("auth-key"), expected);
}

#[tokio::test]
async fn hmac_auth() {
    for (name, hash) in [("hmac-auth sha1", "-sha1"), ("hmac-auth sha256", "-sha256")] {
        let sent = Captured::of(&Case::named(name)).await;
        let digest = STANDARD_NO_PAD.encode(openssl(&["-md5"], b"hello"));
        assert_eq!(sent.header("content-md5"), digest);
        let text = format!("POST\n/notes?draft=1\n{}\n{digest}", sent.header("date"));
        let signature = STANDARD_NO_PAD.encode(hmac(hash, SECRETS[0].as_bytes(), &text));
        assert_eq!(sent.header("hmac-auth"), format!("example-id:{signature}"));
    }
}

#[tokio::test]
async fn moxie() {
    let sent = Captured::of(&Case::named("moxie as built")).await;
    let text = format!(
        "POST\nhttp://{}/notes?draft=1\ndate:{}\nx-hmac-nonce:{}",
        sent.address,
        sent.header("date"),
        sent.header("x-hmac-nonce")
    );
    let signature = hmac("-sha1", SECRETS[0].as_bytes(), &text);
    assert_eq!(sent.header("authorization"), hex(&signature));
}

#[tokio::test]
async fn mac() {
    for (name, hash) in [("mac draft sha1", "-sha1"), ("mac draft sha256", "-sha256")] {
        let sent = Captured::of(&Case::named(name)).await;
        let credential = sent.header("authorization");
        let field = |name: &str| {
            let (_, rest) = credential.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap()
        };
        let (host, port) = sent.address.split_once(':').unwrap();
        let text = format!(
            "{}\n{}\nPOST\n/notes?draft=1\n{host}\n{port}\n\n",
            field("ts"),
            field(", nonce")
        );
        let signature = hmac(hash, SECRETS[0].as_bytes(), &text);
        assert_eq!(field("mac"), STANDARD.encode(signature), "{name}");
    }
}
