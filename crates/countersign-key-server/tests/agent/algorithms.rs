//! Every algorithm, as clients use it, against OpenSSL 3.0.

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Agent, NAMESPACE, Server, sign};

const DATA: &[u8] = b"what is signed";

/// The algorithms of the API, in the order of its list.
const ALL: [&str; 15] = [
    "ed448", "ed25519", "x448", "x25519", "p192", "p224", "p256", "p384", "p521", "bp256", "bp384",
    "rsa", "ml128", "ml192", "ml256",
];

fn openssl(folder: &Path, arguments: &str) -> Output {
    Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| {
            panic!("this test needs the command `openssl`, version 3.0 or later: {error}")
        })
}

#[track_caller]
fn succeeds(folder: &Path, arguments: &str) -> Vec<u8> {
    let output = openssl(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {said}");
    output.stdout
}

/// The DER `SubjectPublicKeyInfo` of a public key of this algorithm, all of which are short.
fn public_key_info(algorithm: &str, public: &[u8]) -> Vec<u8> {
    let identifier: &[u8] = match algorithm {
        "rsa" => return public.to_vec(),
        "ed25519" => b"\x06\x03\x2b\x65\x70",
        "ed448" => b"\x06\x03\x2b\x65\x71",
        "x25519" => b"\x06\x03\x2b\x65\x6e",
        "x448" => b"\x06\x03\x2b\x65\x6f",
        "p256" => b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
        "p384" => b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22",
        other => panic!("{other} is not needed here"),
    };
    let der = |tag: u8, contents: &[u8]| {
        let length = u8::try_from(contents.len()).unwrap();
        assert!(length < 128);
        [&[tag, length], contents].concat()
    };
    let bits = der(3, &[&[0], public].concat());
    der(0x30, &[der(0x30, identifier), bits].concat())
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

async fn alice() -> Agent {
    Server::start().await.agent("alice").await
}

/// Makes a key, has data signed with it, and OpenSSL look at what came of it.
async fn is_verified_by_openssl(algorithm: &str, arguments: &str) {
    let agent = alice().await;
    agent.create_key(algorithm, "first").await.json();
    let public = agent.public_key("first").await.json();
    assert_eq!(public["Algorithm"]["localName"], algorithm);
    let signed = agent.sign_data(algorithm, "first", DATA).await.json();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let write = |name: &str, contents: &[u8]| std::fs::write(folder.join(name), contents).unwrap();
    write(
        "public",
        &public_key_info(algorithm, &bytes(&public["key"])),
    );
    write("signature", &bytes(&signed["signature"]));
    write("data", DATA);
    succeeds(folder, arguments);
    write("data", b"what is not signed");
    let refused = openssl(folder, arguments);
    assert!(!refused.status.success(), "{refused:?}");
}

const RAW: &str =
    "pkeyutl -verify -rawin -pubin -keyform DER -inkey public -in data -sigfile signature";

#[tokio::test]
async fn openssl_verifies_what_an_ed25519_key_signs() {
    is_verified_by_openssl("ed25519", RAW).await;
}

#[tokio::test]
async fn openssl_verifies_what_an_ed448_key_signs() {
    is_verified_by_openssl("ed448", RAW).await;
}

#[tokio::test]
async fn openssl_verifies_what_a_p256_key_signs() {
    let arguments = "dgst -sha256 -keyform DER -verify public -signature signature data";
    is_verified_by_openssl("p256", arguments).await;
}

#[tokio::test]
async fn openssl_verifies_what_a_p384_key_signs() {
    let arguments = "dgst -sha384 -keyform DER -verify public -signature signature data";
    is_verified_by_openssl("p384", arguments).await;
}

#[tokio::test]
async fn openssl_verifies_what_an_rsa_key_signs() {
    let arguments = "dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 \
                     -sigopt rsa_mgf1_md:sha256 -keyform DER -verify public -signature signature data";
    is_verified_by_openssl("rsa", arguments).await;
}

/// Agrees on a secret with a key of OpenSSL's, from both sides.
async fn agrees_with_openssl(algorithm: &str, length: usize) {
    let agent = alice().await;
    agent.create_key(algorithm, "first").await.json();
    let public = bytes(&agent.public_key("first").await.json()["key"]);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("public"), public_key_info(algorithm, &public)).unwrap();
    let kind = algorithm.to_uppercase();
    succeeds(
        folder,
        &format!("genpkey -outform DER -out peer -algorithm {kind}"),
    );
    let info = succeeds(folder, "pkey -inform DER -in peer -pubout -outform DER");
    let peer = STANDARD.encode(&info[info.len() - length..]);
    let ours = agent.shared_secret(algorithm, "first", &peer).await.json();
    let theirs = succeeds(
        folder,
        "pkeyutl -derive -keyform DER -inkey peer -peerform DER -peerkey public",
    );
    assert_eq!(bytes(&ours["sharedSecret"]), theirs);
}

#[tokio::test]
async fn an_x25519_key_agrees_with_openssl() {
    agrees_with_openssl("x25519", 32).await;
}

#[tokio::test]
async fn an_x448_key_agrees_with_openssl() {
    agrees_with_openssl("x448", 56).await;
}

#[tokio::test]
async fn every_algorithm_is_listed_once_in_each_namespace() {
    let listed = alice().await.post("Crypto/GetAlgorithms", &json!({})).await;
    let listed = listed.json();
    let listed: Vec<(&str, &str)> = listed["algorithms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap();
            (text("namespace"), text("localName"))
        })
        .collect();
    let expected: Vec<(&str, &str)> = ["urn:nf:iot:e2e:1.0", "urn:ieee:iot:e2e:1.0"]
        .into_iter()
        .flat_map(|namespace| ALL.map(|name| (namespace, name)))
        .collect();
    assert_eq!(listed, expected);
}

/// A request to make a key, whose algorithm is what it says.
fn create_body(agent: &Agent, local_name: &str, namespace: &str, id: &str) -> Value {
    let mut body = agent.create_key_body(local_name, id);
    let s1 = agent.s1(local_name, id).replace(NAMESPACE, namespace);
    let key_signature = sign("key password", &s1);
    let signed = format!("{s1}:{key_signature}:{}", body["nonce"].as_str().unwrap());
    body["requestSignature"] = json!(sign(&agent.password, &signed));
    body["keySignature"] = json!(key_signature);
    body["namespace"] = json!(namespace);
    body
}

#[tokio::test]
async fn every_listed_algorithm_makes_keys_in_both_namespaces_and_says_the_same_of_them() {
    let agent = alice().await;
    let listed = agent.post("Crypto/GetAlgorithms", &json!({})).await.json();
    for algorithm in listed["algorithms"].as_array().unwrap() {
        let text = |name: &str| algorithm[name].as_str().unwrap();
        let (name, namespace) = (text("localName"), text("namespace"));
        let id = format!("{name} {}", namespace.replace(':', "-"));
        let body = create_body(&agent, name, namespace, &id);
        agent.post("Crypto/CreateKey", &body).await.json();
        let public = agent.public_key(&id).await.json();
        assert_eq!(&public["Algorithm"], algorithm);
        assert!(!bytes(&public["key"]).is_empty());
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_listed_is_unknown_though_the_original_has_it() {
    let agent = alice().await;
    let vectors: Value = serde_json::from_str(include_str!("../vectors/create-key.json")).unwrap();
    let mut unknown: Vec<(String, &str)> = vectors["algorithms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["localName"].as_str().unwrap().to_owned())
        .filter(|name| !ALL.contains(&name.as_str()))
        .map(|name| (name, NAMESPACE))
        .collect();
    assert!(!unknown.is_empty());
    for name in ["ED448", "ed448 ", "", "aes", "ed448\0"] {
        unknown.push((name.to_owned(), NAMESPACE));
    }
    for namespace in ["", "urn:nf:iot:e2e:1.1", "URN:NF:IOT:E2E:1.0"] {
        unknown.push(("ed448".to_owned(), namespace));
    }
    for (name, namespace) in unknown {
        let body = create_body(&agent, &name, namespace, "first");
        let answer = agent.post("Crypto/CreateKey", &body).await;
        answer.refused(404, "algorithm_unknown");
    }
    agent.public_key("first").await.refused(404, "key_unknown");
}

#[tokio::test]
async fn a_key_does_only_what_its_algorithm_can() {
    let agent = alice().await;
    for name in ["x25519", "x448", "ed25519", "ed448", "ml128"] {
        agent.create_key(name, name).await.json();
    }
    for name in ["x25519", "x448"] {
        let answer = agent.sign_data(name, name, DATA).await;
        answer.refused(400, "unsuitable_key");
    }
    for name in ["ed25519", "ed448", "ml128"] {
        let public = agent.public_key(name).await.json()["key"].clone();
        let answer = agent
            .shared_secret(name, name, public.as_str().unwrap())
            .await;
        answer.refused(400, "unsuitable_key");
    }
}

#[tokio::test]
async fn a_weak_or_foreign_public_key_is_refused() {
    let agent = alice().await;
    for (name, length) in [("x25519", 32), ("x448", 56), ("p256", 65)] {
        agent.create_key(name, name).await.json();
        let one = [vec![1], vec![0; length - 1]].concat();
        for public in [vec![0; length], one, vec![9; length - 1], vec![]] {
            let peer = STANDARD.encode(public);
            let answer = agent.shared_secret(name, name, &peer).await;
            answer.refused(400, "invalid_member");
            assert!(answer.text.contains("publicKey"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn nothing_and_much_is_signed_alike() {
    let agent = alice().await;
    agent.create_key("ed25519", "first").await.json();
    for data in [vec![], vec![0; 32 * 1024]] {
        let signed = agent.sign_data("ed25519", "first", &data).await.json();
        assert_eq!(bytes(&signed["signature"]).len(), 64);
    }
}
