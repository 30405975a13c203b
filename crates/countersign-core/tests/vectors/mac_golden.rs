//! What the original yar answered.

use std::collections::BTreeMap;

use countersign_core::{Accepted, Basic, Mac, Reason, Refusal, Scheme, SigningKey};
use serde::Deserialize;
use serde_json::Value;

use crate::common::{Request, Service, key};
use crate::mac::unix;
use crate::tally::{File, Tally, verdict};

#[derive(Debug, Deserialize)]
struct Golden {
    name: String,
    request: GoldenRequest,
    mac_key: String,
    normalized_request_string: String,
    response: Response,
}

#[derive(Debug, Deserialize)]
struct GoldenRequest {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Response {
    status: u16,
    body: String,
}

const MAC_ID: &str = "ad6d7c3b3f714ba0b6d7aebf6fc3c2a3";
const API_KEY: &str = "0f42b8e74530462c860f80b7c97801fa";

pub(crate) fn run(tally: &mut Tally) {
    let entries = File::Mac.section::<Golden>("golden");
    // All of them were sent within one second, that of the first, to one server.
    let first = &entries.first().expect("entries").normalized_request_string;
    let at = unix(first.lines().next().expect("a time"));
    let mac_key: SigningKey = key(MAC_ID, &entries[0].mac_key);
    let api_key = Basic::key(API_KEY, "bob@example.com".to_owned()).expect("a key");
    let service = Service::new([mac_key, api_key]).at(at);
    for entry in &entries {
        let name = tally.entry(File::Mac, "golden", &entry.name);
        let mut request = Request::new(&entry.request.method, &entry.request.path).without("host");
        for (name, value) in &entry.request.headers {
            request = request.header(name, value);
        }
        let request = request.body(entry.request.body.as_deref().unwrap_or_default());
        let result = under_any(&service, &request);
        let status = entry.response.status.to_string();
        let agree = (entry.response.status < 300) == result.is_ok();
        tally.compare(
            (File::Mac, &name),
            "verify",
            &status,
            verdict(&result),
            agree.into(),
        );

        let Ok(verified) = result else { continue };
        if let Some(text) = request.canonical(&Mac::yar()) {
            assert_eq!(text, entry.normalized_request_string.as_bytes(), "{name}");
        }
        // The protected service answered with whom it was told had sent the request.
        if let Ok(body) = serde_json::from_str::<Value>(&entry.response.body) {
            assert_eq!(
                body["auth"],
                format!("YAR {}", verified.principal()),
                "{name}"
            );
        }
    }
}

/// As a layer with both schemes does: the one that claims the request decides.
fn under_any(service: &Service, request: &Request) -> Result<Accepted, Refusal> {
    let schemes: [&dyn Scheme; 2] = [&Mac::yar(), &Basic];
    let mut claiming = schemes
        .into_iter()
        .filter(|scheme| request.claim(*scheme).is_some());
    match claiming.next() {
        Some(scheme) => service.verify(scheme, request),
        None => Err(Reason::MissingCredentials.into()),
    }
}

#[test]
fn the_verdicts_are_those_of_the_original_server() {
    run(&mut Tally::default());
}
