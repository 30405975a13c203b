//! TLS.

use std::fs;

use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::http::{Client, curl};
use crate::run::{Server, key_server};

fn certified() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let certificate = folder.path().join("cert.pem");
    fs::write(&certificate, cert.pem()).unwrap();
    fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
    let path = certificate.to_str().unwrap().to_owned();
    (folder, path)
}

fn serve(folder: &tempfile::TempDir) -> Server {
    let arguments = [
        "--listen=127.0.0.1:0",
        "--tls-cert=cert.pem",
        "--tls-key=key.pem",
    ];
    key_server(folder.path(), arguments).serve()
}

#[test]
fn credentials_are_served_over_tls_with_both_versions_of_http() {
    let (folder, certificate) = certified();
    let server = serve(&folder);
    assert!(
        server.url().starts_with("https://127.0.0.1:"),
        "{}",
        server.url()
    );
    let url = format!("{}/v1.0/creds", server.url());
    for version in ["--http1.1", "--http2"] {
        let made = curl(&[
            "-s",
            version,
            "--cacert",
            &certificate,
            "-H",
            "Content-Type: application/json",
            "-d",
            r#"{"principal":"dave"}"#,
            "-w",
            "\n%{http_version}",
            &url,
        ]);
        let (body, used) = made.rsplit_once('\n').unwrap();
        assert!(version.contains(used), "{used}");
        assert!(body.contains(&format!("\"href\":\"{url}/")), "{body}");
    }
    assert_eq!(server.stop().status, Some(0));
}

#[test]
fn plain_http_is_not_answered_on_a_tls_port() {
    let (folder, _) = certified();
    let server = serve(&folder);
    let mut client = Client::connect(server.address()).unwrap();
    let answer = client.send("GET", "/livez", "");
    assert!(answer.is_err(), "{answer:?}");
}

#[test]
fn files_that_are_no_certificate_or_key_are_named() {
    let (folder, _) = certified();
    fs::write(folder.path().join("empty.pem"), "").unwrap();
    for (certificate, key, named) in [
        ("none.pem", "key.pem", "--tls-cert = \"none.pem\""),
        ("empty.pem", "key.pem", "--tls-cert = \"empty.pem\""),
        ("cert.pem", "empty.pem", "--tls-key = \"empty.pem\""),
    ] {
        let arguments = ["--tls-cert", certificate, "--tls-key", key];
        let said = key_server(folder.path(), arguments).run().failure(2);
        assert!(said.contains(named), "{said}");
    }
}
