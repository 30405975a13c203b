//! The documents of the original.
//!
//! Its versions have written them in several ways. The last: `type` is `creds_v1.0`, whose it is is
//! in `principal`, and either `mac` has `mac_key`, `mac_key_identifier` and `mac_algorithm`, or
//! `basic` has `api_key`. Before: `owner` for `principal`, and `hmac` for `mac`. In the beginning
//! `type` was `cred_v1.0`, and the members of `mac` stood beside it, with an `issue_time`.

use countersign_core::{Algorithm, Timestamp};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::credential::{CredentialId, Principal};
use crate::seal::Keyring;
use crate::store::couchdb::ForeignDocument;

/// The longest secret: many times what the original makes, 43 characters.
const MAX_SECRET: usize = 1024;

/// How much is shown of a name that is a secret.
const SHOWN_OF_SECRET: usize = 6;

/// What a document is.
pub(super) enum Reading {
    /// Something else than a credential: a view, for instance.
    Alien,
    /// Meant to be a credential.
    Invalid { name: String, problem: &'static str },
    /// A credential.
    Credential { name: String, original: Original },
}

/// A credential of the original.
pub(super) struct Original {
    pub(super) principal: Principal,
    /// `None` for basic authentication, where there is nothing but the secret.
    pub(super) id: Option<CredentialId>,
    pub(super) secret: Zeroizing<String>,
    /// Of a MAC.
    pub(super) algorithm: Option<Algorithm>,
    pub(super) is_deleted: bool,
    pub(super) created_at: Option<Timestamp>,
}

/// Reads a document.
pub(super) fn read(document: &mut ForeignDocument) -> Reading {
    let name = name_of(document);
    let Value::Object(members) = &mut document.body else {
        return Reading::Alien;
    };
    if document.id.starts_with("_design/") {
        return Reading::Alien;
    }
    match members.get("type").and_then(Value::as_str) {
        Some("creds_v1.0" | "cred_v1.0") => {}
        Some(other) if !other.starts_with("cred") => return Reading::Alien,
        // The original takes every version for its own, and a document without a type fails it.
        _ => {
            let problem = "its type is none that the original is known to have written";
            return Reading::Invalid { name, problem };
        }
    }
    match credential(members) {
        Ok(original) => Reading::Credential { name, original },
        Err(problem) => Reading::Invalid { name, problem },
    }
}

/// What the document is called in reports. The original once named it after the api key in it.
fn name_of(document: &ForeignDocument) -> String {
    let api_key = document
        .body
        .pointer("/basic/api_key")
        .and_then(Value::as_str);
    let is_secret = api_key == Some(document.id.as_str());
    if is_secret {
        let mut shown: String = document.id.chars().take(SHOWN_OF_SECRET).collect();
        shown.push_str("...");
        shown
    } else {
        document.id.clone()
    }
}

fn credential(members: &mut Map<String, Value>) -> Result<Original, &'static str> {
    let principal = match (members.get("principal"), members.get("owner")) {
        (Some(Value::String(name)), None) | (None, Some(Value::String(name))) => Principal::parse(
            name.as_str(),
        )
        .map_err(|_| "its principal is not 1 to 256 characters without control characters")?,
        _ => return Err("it does not have one principal, as text"),
    };
    let is_deleted = match members.get("is_deleted") {
        None => false,
        Some(Value::Bool(is_deleted)) => *is_deleted,
        Some(_) => return Err("is_deleted is neither true nor false"),
    };
    let created_at = match members.get("issue_time") {
        None => None,
        Some(time) => time.as_str().and_then(Timestamp::parse_imf_fixdate),
    };
    let (id, secret, algorithm) = match form(members)? {
        Form::Mac(mac) => {
            let id = mac_id(mac)?;
            let algorithm = mac_algorithm(mac)?;
            (Some(id), secret(mac, "mac_key")?, Some(algorithm))
        }
        Form::Basic(basic) => (None, secret(basic, "api_key")?, None),
    };
    Ok(Original {
        principal,
        id,
        secret,
        algorithm,
        is_deleted,
        created_at,
    })
}

/// Where the secret is.
enum Form<'a> {
    Mac(&'a mut Map<String, Value>),
    Basic(&'a mut Map<String, Value>),
}

fn form(members: &mut Map<String, Value>) -> Result<Form<'_>, &'static str> {
    let places = ["mac", "hmac", "basic", "mac_key_identifier"];
    let mut found = places.into_iter().filter(|it| members.contains_key(*it));
    let (Some(place), None) = (found.next(), found.next()) else {
        return Err("it does not have one of mac and basic");
    };
    if place == "mac_key_identifier" {
        return Ok(Form::Mac(members));
    }
    let form = if place == "basic" {
        Form::Basic
    } else {
        Form::Mac
    };
    match members.get_mut(place) {
        Some(Value::Object(inner)) => Ok(form(inner)),
        _ => Err("its mac or basic is no JSON object"),
    }
}

fn mac_id(mac: &Map<String, Value>) -> Result<CredentialId, &'static str> {
    let text = mac.get("mac_key_identifier").and_then(Value::as_str);
    let id = text.and_then(|text| CredentialId::parse(text).ok());
    id.filter(|id| !Keyring::is_handle(id))
        .ok_or("its mac_key_identifier is not 1 to 256 visible ASCII characters")
}

fn mac_algorithm(mac: &Map<String, Value>) -> Result<Algorithm, &'static str> {
    let name = mac.get("mac_algorithm").and_then(Value::as_str);
    name.and_then(Algorithm::from_name)
        .ok_or("its mac_algorithm is neither hmac-sha-1 nor hmac-sha-256")
}

fn secret(members: &mut Map<String, Value>, name: &str) -> Result<Zeroizing<String>, &'static str> {
    let secret = match members.get_mut(name).map(Value::take) {
        Some(Value::String(secret)) => Zeroizing::new(secret),
        _ => return Err("its key is missing, or no text"),
    };
    let is_usable =
        (1..=MAX_SECRET).contains(&secret.len()) && secret.bytes().all(|it| it.is_ascii_graphic());
    if is_usable {
        Ok(secret)
    } else {
        Err("its key is not 1 to 1024 visible ASCII characters")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "4g_Lw8gVbIrD44EuEuwl-LxflXkSVjVp_5vsotxDk-0";

    fn reading(id: &str, body: Value) -> Reading {
        read(&mut ForeignDocument {
            id: id.to_owned(),
            body,
        })
    }

    fn good(body: Value) -> Original {
        match reading("d", body) {
            Reading::Credential { original, .. } => original,
            Reading::Invalid { problem, .. } => panic!("{problem}"),
            Reading::Alien => panic!("alien"),
        }
    }

    fn mac() -> Value {
        json!({"mac_key": KEY, "mac_key_identifier": "a55a", "mac_algorithm": "hmac-sha-1"})
    }

    #[test]
    fn every_form_that_the_original_has_written_is_read() {
        let last = json!({"type": "creds_v1.0", "principal": "dave", "is_deleted": true,
            "mac": mac()});
        let before = json!({"type": "creds_v1.0", "owner": "dave", "hmac": mac()});
        let mut first = mac();
        first["type"] = "cred_v1.0".into();
        first["owner"] = "dave".into();
        first["issue_time"] = "Thu, 02 Dec 2010 21:39:45 GMT".into();
        for (body, deleted, created) in [
            (last, true, None),
            (before, false, None),
            (first, false, Some(1_291_325_985)),
        ] {
            let original = good(body);
            assert_eq!(original.principal.as_str(), "dave");
            assert_eq!(original.id.unwrap().as_str(), "a55a");
            assert_eq!(
                (original.secret.as_str(), original.is_deleted),
                (KEY, deleted)
            );
            assert_eq!(original.algorithm, Some(Algorithm::Sha1));
            assert_eq!(original.created_at.map(Timestamp::as_unix), created);
        }
        let basic = good(json!({"type": "creds_v1.0", "principal": "dave",
            "basic": {"api_key": "98ab"}}));
        assert!(basic.id.is_none() && basic.algorithm.is_none());
        assert_eq!(basic.secret.as_str(), "98ab");
    }

    #[test]
    fn what_is_no_credential_is_told_from_a_broken_one() {
        for alien in [json!({"type": "session"}), Value::Null, json!([])] {
            assert!(matches!(reading("d", alien), Reading::Alien));
        }
        assert!(matches!(
            reading("_design/creds", json!({})),
            Reading::Alien
        ));
        let whole = json!({"type": "creds_v1.0", "principal": "dave", "mac": mac()});
        for (pointer, value) in [
            ("/type", json!("creds_v2.0")),
            ("/type", Value::Null),
            ("/principal", json!("")),
            ("/principal", json!("da\nve")),
            ("/principal", json!(7)),
            ("/mac", json!("key")),
            ("/mac/mac_key", json!("")),
            ("/mac/mac_key", json!("x".repeat(MAX_SECRET + 1))),
            ("/mac/mac_key", json!(["x"])),
            ("/mac/mac_key_identifier", json!("a b")),
            ("/mac/mac_key_identifier", json!("basic-0123")),
            ("/mac/mac_algorithm", json!("md5")),
        ] {
            let mut broken = whole.clone();
            *broken.pointer_mut(pointer).unwrap() = value;
            let read = reading("d", broken);
            assert!(matches!(read, Reading::Invalid { .. }), "{pointer}");
        }
        let mut both = whole;
        both["basic"] = json!({"api_key": "x"});
        assert!(matches!(reading("d", both), Reading::Invalid { .. }));
    }

    #[test]
    fn a_document_named_after_its_api_key_is_not_named_in_full() {
        let key = "983f8dd10d3b4519a18632d8df6f998d";
        for whose in [json!("dave"), json!("")] {
            let body = json!({"type": "creds_v1.0", "principal": whose, "basic": {"api_key": key}});
            let (Reading::Credential { name, .. } | Reading::Invalid { name, .. }) =
                reading(key, body)
            else {
                panic!("alien")
            };
            assert_eq!(name, "983f8d...");
        }
    }
}
