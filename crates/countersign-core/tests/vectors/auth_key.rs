//! Auth-Key as its wiki describes it, and the signatures nobody can reproduce.

use countersign_core::{AuthKey, ResponseForm, Scheme, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use crate::common::{Request, Service, base64, hex, hmac_sha256, key, sha256};
use crate::tally::{File, Tally};

#[derive(Debug, Deserialize)]
struct Wiki {
    name: String,
    timestamp: String,
    string_to_sign: String,
    signing_key_hex: Option<String>,
    signature: String,
    #[serde(flatten)]
    request: Option<WikiRequest>,
}

#[derive(Debug, Deserialize)]
struct WikiRequest {
    account_id: String,
    secret_key: String,
    method: String,
    x_headers: Vec<(String, String)>,
    path: String,
    query: String,
    header: String,
}

#[derive(Debug, Deserialize)]
struct Unreproduced {
    source: String,
    printed_signature: Option<String>,
    printed_header: Option<String>,
}

/// The secret of the file's examples; its responses do not repeat it.
pub(crate) const SECRET: &str = "U7ZPJyFAX8Gr3Hm2DFrSQy3x1I3nLdNT2U1c+ToE5Vk=";

pub(crate) fn run(tally: &mut Tally) {
    wiki(tally);
    unreproduced(tally);
}

fn wiki(tally: &mut Tally) {
    for entry in File::AuthKey.section::<Wiki>("wiki") {
        tally.entry(File::AuthKey, "wiki", &entry.name);
        let signing_key = sha256(format!("{}{SECRET}", entry.timestamp));
        if let Some(expected) = &entry.signing_key_hex {
            assert_eq!(&hex(&signing_key), expected, "{}", entry.name);
        }
        let independent = base64(hmac_sha256(&signing_key, &entry.string_to_sign));
        assert_eq!(independent, entry.signature, "{}", entry.name);
        match &entry.request {
            Some(request) => signs_and_verifies(&entry, request),
            None => signs_and_verifies_response(&entry),
        }
    }
}

fn target(request: &WikiRequest) -> String {
    match request.query.as_str() {
        "" => request.path.clone(),
        query => format!("{}?{query}", request.path),
    }
}

fn signs_and_verifies(entry: &Wiki, wanted: &WikiRequest) {
    let scheme = AuthKey::default();
    let at = Timestamp::parse_imf_fixdate(&entry.timestamp).expect("a date");
    let mut request = Request::new(&wanted.method, &target(wanted));
    for (name, value) in &wanted.x_headers {
        request = request.header(name, value);
    }
    let key = || key(&wanted.account_id, &wanted.secret_key);
    let signed = request.try_sign(&scheme, &key(), at, None).expect("signed");

    let header = format!("Auth-Key: {}", signed.value("auth-key"));
    assert_eq!(header, wanted.header, "{}", entry.name);
    let text = signed.canonical(&scheme).expect("claimed");
    assert_eq!(text, entry.string_to_sign.as_bytes(), "{}", entry.name);

    // The one entry with a digest gives that of this body.
    let digest = signed.headers.contains_key("x-mac-content-md5");
    let received = signed.body(if digest { "foo=bar&baz=blu" } else { "" });
    let verified = Service::new([key()]).at(at).verify(&scheme, &received);
    assert_eq!(verified.expect("accepted").key_id(), wanted.account_id);
}

fn signs_and_verifies_response(entry: &Wiki) {
    let scheme = AuthKey::default();
    let key = key("example-id", SECRET);
    let form = if entry.name.contains("three LF") {
        ResponseForm::ThreeLineFeeds
    } else {
        ResponseForm::TwoLineFeeds
    };
    let mut headers = HeaderMap::new();
    for line in entry.string_to_sign.lines().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').expect("a header");
        let value = HeaderValue::from_str(value).expect("a value");
        headers.append(name.parse::<HeaderName>().expect("a name"), value);
    }
    let text = scheme.response_string(&headers, "", form).expect("text");
    assert_eq!(text, entry.string_to_sign.as_bytes(), "{}", entry.name);
    let signature = scheme
        .sign_response(&key, &headers, "", form)
        .expect("signed");
    assert_eq!(signature, entry.signature, "{}", entry.name);
    scheme
        .verify_response(&key, &headers, "", form, &signature)
        .expect("verified");
    let other = match form {
        ResponseForm::ThreeLineFeeds => ResponseForm::TwoLineFeeds,
        ResponseForm::TwoLineFeeds => ResponseForm::ThreeLineFeeds,
    };
    let mixed_up = scheme.verify_response(&key, &headers, "", other, &signature);
    assert!(mixed_up.is_err(), "{}", entry.name);
}

/// They were printed without date and secret. What can be said is that the published example
/// inputs do not give them under any dialect.
fn unreproduced(tally: &mut Tally) {
    let ours = signatures_of_the_published_inputs();
    for entry in File::AuthKey.section::<Unreproduced>("unreproduced") {
        tally.entry(File::AuthKey, "unreproduced", &entry.source);
        let printed = entry.printed_signature.or(entry.printed_header);
        let printed = printed.expect("a signature or a header");
        let signature = printed.rsplit(':').next().expect("a signature");
        assert!(
            !ours.iter().any(|ours| ours == signature),
            "{}",
            entry.source
        );
    }
}

fn signatures_of_the_published_inputs() -> Vec<String> {
    use countersign_core::Dialect::{V1, V2, V3, Wiki};
    let at = Timestamp::from_unix(1_348_748_096);
    let mut signatures = Vec::new();
    for dialect in [Wiki, V1, V2, V3] {
        let scheme = AuthKey::dialect(dialect);
        for target in ["/", "/api", "/api/", "/api/users", "/api?b=2&a=1"] {
            for (id, nonce) in [
                ("example-id", None),
                ("client-id", None),
                ("client-id", Some("1")),
            ] {
                let request = Request::new("GET", target);
                if let Ok(signed) = request.try_sign(&scheme, &key(id, SECRET), at, nonce) {
                    let credential = signed.value(scheme.credential_header().as_str());
                    signatures.push(credential.rsplit(':').next().expect("one").to_owned());
                }
            }
        }
    }
    signatures
}

#[test]
fn the_wiki_entries_are_signed_and_verified_as_computed() {
    wiki(&mut Tally::default());
}

#[test]
fn no_recipe_gives_the_signatures_that_cannot_be_reproduced() {
    unreproduced(&mut Tally::default());
}
