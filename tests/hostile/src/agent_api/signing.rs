//! Signatures, which no fuzzer guesses: `{right}` stands for the one that is due.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::form::Members;
use super::server::{PASSWORD, Server, USER};

const RIGHT: &str = "{right}";

/// What opens every key.
const KEY_PASSWORD: &str = "key password";

/// Takes seconds to make, for which the fuzzer has better uses.
const SLOW: &str = "rsa";

/// `members`, with the API key where `apiKey` is `{right}`, and the signatures as well.
pub(super) fn signed(server: &Server, path: &str, mut members: Members) -> Members {
    if members.text("localName") == SLOW {
        return members;
    }
    fill(&mut members, "apiKey", || server.api_key.clone());
    let key = |members: &Members, id: &str| {
        let host = Server::host();
        // A key that there is has the algorithm and the namespace of the seeds.
        let (algorithm, namespace) = match path {
            "/Agent/Crypto/CreateKey" => (members.text("localName"), members.text("namespace")),
            _ => ("ed25519", "urn:ieee:iot:e2e:1.0"),
        };
        [USER, host, algorithm, namespace, members.text(id)].join(":")
    };
    let (name, secret, parts) = match path {
        "/Agent/Account/Create" => {
            let phone = Some(members.text("phoneNr")).filter(|text| !text.is_empty());
            let before = [
                members.text("userName"),
                Server::host(),
                members.text("eMail"),
            ];
            let after = ["password", "apiKey", "nonce"].map(|name| members.text(name));
            let parts: Vec<&str> = { before.into_iter() }.chain(phone).chain(after).collect();
            ("signature", &*server.api_secret, parts.join(":"))
        }
        "/Agent/Account/Login" => {
            let parts = [
                members.text("userName"),
                Server::host(),
                members.text("nonce"),
            ];
            ("signature", PASSWORD, parts.join(":"))
        }
        _ => {
            let id = match path {
                "/Agent/Crypto/CreateKey" => "id",
                _ => "keyId",
            };
            let of_key = key(&members, id);
            fill(&mut members, "keySignature", || mac(KEY_PASSWORD, &of_key));
            let mut parts = vec![of_key.as_str(), members.text("keySignature")];
            match path {
                "/Agent/Crypto/SignData" => parts.push(members.text("data")),
                "/Agent/Crypto/GetSharedSecret" => {
                    parts.extend(["shared-secret", members.text("publicKey")]);
                }
                _ => {}
            }
            parts.push(members.text("nonce"));
            ("requestSignature", PASSWORD, parts.join(":"))
        }
    };
    fill(&mut members, name, || mac(secret, &parts));
    members
}

fn fill(members: &mut Members, name: &str, right: impl FnOnce() -> String) {
    if let Some(value) = members.0.get_mut(name).filter(|value| **value == RIGHT) {
        *value = Value::String(right());
    }
}

/// An HMAC-SHA256 in base64, as agents write it.
pub(super) fn mac(password: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(password.as_bytes()).expect("any length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
