//! The three dialects of Auth-Key's original program, as it signed and verified them.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_core::{AuthKey, Dialect, Policy, ResponseForm, Timestamp, Window};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use crate::auth_key::SECRET;
use crate::common::{Request, Service, base64, hmac_sha256, key, sha256};
use crate::tally::{File, Tally, verdict};

const DIALECTS: [(&str, Dialect); 3] = [
    ("v1", Dialect::V1),
    ("v2", Dialect::V2),
    ("v3", Dialect::V3),
];

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Server(Server),
    Client(Client),
    Response(Response),
}

#[derive(Debug, Deserialize)]
struct Client {
    name: String,
    method: String,
    url: String,
    timestamp: i64,
    account_id: String,
    account_key: String,
    request_id: Option<String>,
    string_to_sign: Option<String>,
    /// `false` when the program failed.
    headers: Value,
    error: String,
}

#[derive(Debug, Deserialize)]
struct Response {
    name: String,
    timestamp: i64,
    string_to_sign: Option<String>,
    headers: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Server {
    name: String,
    #[serde(rename = "server")]
    environment: BTreeMap<String, String>,
    now: i64,
    check: Option<bool>,
    string_to_sign: Option<String>,
    #[serde(rename = "errorCode")]
    error_code: String,
}

pub(crate) fn run(tally: &mut Tally) {
    for (section, dialect) in DIALECTS {
        for entry in File::AuthKey.section::<Entry>(section) {
            match entry {
                Entry::Client(entry) => client(tally, section, dialect, &entry),
                Entry::Response(entry) => response(tally, section, dialect, &entry),
                Entry::Server(entry) => server(tally, section, dialect, &entry),
            }
        }
    }
}

fn client(tally: &mut Tally, section: &str, dialect: Dialect, entry: &Client) {
    let name = tally.entry(File::AuthKey, section, &entry.name);
    let scheme = AuthKey::dialect(dialect);
    let key = || key(&entry.account_id, &entry.account_key);
    let at = Timestamp::from_unix(entry.timestamp);
    let nonce = (dialect == Dialect::V3).then_some(match entry.request_id.as_deref() {
        None | Some("") => "5EZFSkMOSZmL7geEqL2cy",
        Some(id) => id,
    });
    let Some(recorded) = entry.headers.as_array() else {
        let signed = Request::new(&entry.method, &entry.url).try_sign(&scheme, &key(), at, nonce);
        let ours = if signed.is_ok() { "signed" } else { "refused" };
        let of = (File::AuthKey, name.as_str());
        return tally.compare(of, "sign", &entry.error, ours, signed.is_err().into());
    };
    let headers = recorded.iter().map(|header| header.as_str().expect("text"));
    let (x_headers, credential): (Vec<_>, Vec<_>) = headers
        .filter_map(|header| header.split_once(": "))
        .partition(|(name, _)| name.starts_with("x-mac-"));
    let sign = |method: &str| {
        let mut request = Request::new(method, &entry.url).set("host", "example.com");
        for (name, value) in &x_headers {
            request = request.header(name, value);
        }
        request
            .try_sign(&scheme, &key(), at, nonce)
            .expect("signed")
    };
    let signed = sign(&entry.method.to_ascii_uppercase());
    assert_eq!(
        credential,
        [("Auth-Key", signed.value("auth-key").as_str())],
        "{name}"
    );
    if let Some(text) = &entry.string_to_sign {
        let ours = signed.canonical(&scheme).expect("claimed");
        assert_eq!(ours, text.as_bytes(), "{name}");
        let signing_key = sha256(format!("{}{}", entry.account_key, entry.timestamp));
        let independent = base64(hmac_sha256(signing_key, text));
        assert!(
            credential[0].1.ends_with(&format!(":{independent}")),
            "{name}"
        );
    }
    let verified = Service::new([key()]).at(at).verify(&scheme, &signed);
    assert_eq!(verdict(&verified), "accepted", "{name}");

    let as_given = sign(&entry.method).value("auth-key");
    tally.compare(
        (File::AuthKey, &name),
        "sign",
        &format!("signs {}", signed.method),
        &format!("signs {}", entry.method),
        (as_given == credential[0].1).into(),
    );
}

fn response(tally: &mut Tally, section: &str, dialect: Dialect, entry: &Response) {
    let name = tally.entry(File::AuthKey, section, &entry.name);
    let scheme = AuthKey::dialect(dialect);
    let key = key("example-id", SECRET);
    let time = entry.timestamp.to_string();
    let mut headers = HeaderMap::new();
    let mut recorded = "";
    for header in &entry.headers {
        let (name, value) = header.split_once(": ").expect("a header");
        if name == "Auth-Key" {
            recorded = value.rsplit(':').next().expect("a signature");
        } else {
            let value = HeaderValue::from_str(value).expect("a value");
            headers.append(name.parse::<HeaderName>().expect("a name"), value);
        }
    }
    for form in [ResponseForm::ThreeLineFeeds, ResponseForm::TwoLineFeeds] {
        // The choice is the wiki's; it changes nothing here.
        let text = scheme.response_string(&headers, &time, form).expect("text");
        if let Some(expected) = &entry.string_to_sign {
            assert_eq!(text, expected.as_bytes(), "{name}");
        }
        let signature = scheme.sign_response(&key, &headers, &time, form);
        assert_eq!(signature.expect("signed"), recorded, "{name}");
        scheme
            .verify_response(&key, &headers, &time, form, recorded)
            .expect("verified");
    }
}

fn server(tally: &mut Tally, section: &str, dialect: Dialect, entry: &Server) {
    let name = tally.entry(File::AuthKey, section, &entry.name);
    let scheme = AuthKey::dialect(dialect);
    let request = received(&entry.environment);
    let window = Duration::from_secs(600);
    let service = Service::new([key("example-id", SECRET)])
        .at(Timestamp::from_unix(entry.now))
        .window(Window::new(window, window).expect("a window"))
        .policy(Policy::default());
    let ours = verdict(&service.verify(&scheme, &request));

    // Without a credential the original refuses, or passes the request on unauthenticated when
    // told that the header is optional: both are `missing_credentials` here, and up to the layer.
    let original = match entry.check {
        _ if !entry.environment.contains_key("HTTP_AUTH_KEY") => "missing_credentials",
        Some(true) => "accepted",
        _ => entry.error_code.as_str(),
    };
    let agree = ["accepted", "missing_credentials"]
        .iter()
        .all(|verdict| (original == *verdict) == (ours == *verdict));
    tally.compare(
        (File::AuthKey, &name),
        "verify",
        original,
        ours,
        agree.into(),
    );
    if let (Some(text), "accepted", true) = (&entry.string_to_sign, ours, agree) {
        let canonical = request.canonical(&scheme).expect("claimed");
        assert_eq!(canonical, text.as_bytes(), "{name}");
    }
}

/// The request behind a CGI environment.
fn received(server: &BTreeMap<String, String>) -> Request {
    let uri = &server["REQUEST_URI"];
    let target = match server["QUERY_STRING"].as_str() {
        "" => uri.clone(),
        _ if uri.contains('?') => uri.clone(),
        query => format!("{uri}?{query}"),
    };
    let mut request = Request::new(&server["REQUEST_METHOD"], &target);
    for (variable, value) in server {
        if let Some(name) = variable.strip_prefix("HTTP_") {
            request = request.header(&name.to_ascii_lowercase().replace('_', "-"), value);
        }
    }
    request
}

#[test]
fn the_dialects_sign_answer_and_verify_as_the_original_did() {
    run(&mut Tally::default());
}
