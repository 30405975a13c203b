//! The agent API: a few requests in a row to two servers that differ in nothing, one of which is
//! asked in JSON and the other in XML.

mod form;
mod server;
mod signing;

use axum::body::to_bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde_json::Value;

use self::form::{Form, Members};
use self::server::Server;
use crate::written::{Written, split};

/// Stands before each request but the first.
const NEXT: &[u8] = b"\n---\n";

/// What `{jwt}` stands for: the session of the account that there is.
const JWT: &[u8] = b"{jwt}";

/// More requests than any bug should need.
const MOST: usize = 6;

/// The longest refusal: a code, a member, the members that there are, and a sentence.
const LONGEST_REFUSAL: usize = 1024;

/// Every request has an answer of its media type and a bounded size, none of them says that the
/// server is broken, and what says the same in JSON and in XML is judged alike.
///
/// A request whose body is an object that XML can tell is sent in both forms, and signed where a
/// signature is `{right}`; any other is sent as it is, to both.
pub fn agent_api(input: &[u8]) {
    judgements(input);
}

fn judgements(input: &[u8]) -> Vec<Judgement> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    // Whoever signs wrongly is made to wait, which costs the fuzzer nothing on a clock of its own.
    let runtime = { runtime }.enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let servers = [Server::start().await, Server::start().await];
        let mut all = Vec::new();
        for text in split(input, NEXT).into_iter().take(MOST) {
            let mut judged = Vec::new();
            for (server, form) in servers.iter().zip([Form::Json, Form::Xml]) {
                let text = split(text, JWT).join(server.jwt.as_bytes());
                let Some(written) = Written::read(&text) else {
                    continue;
                };
                judged.push(ask(server, written, form).await);
            }
            judged.dedup();
            assert!(judged.len() < 2, "{judged:?}");
            all.extend(judged);
        }
        all
    })
}

/// The status, and the code of a refusal.
type Judgement = (StatusCode, String);

async fn ask(server: &Server, mut written: Written, form: Form) -> Judgement {
    let path = written.target.path().to_owned();
    if let Some(members) = Members::read(&written.body) {
        let members = signing::signed(server, &path, members);
        form.write(&path, &members, &mut written);
    }
    let has_body = written.method != Method::HEAD;
    let answer = server.send(written).await;
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a short body");
    let text = std::str::from_utf8(&body).expect("UTF-8");
    let told = || format!("{head:?} {text}");
    assert!(head.status.as_u16() < 500, "{}", told());
    assert_eq!(head.headers[CACHE_CONTROL], "no-store", "{}", told());
    if !has_body {
        assert!(body.is_empty(), "{}", told());
        return (head.status, String::new());
    }
    let kind = head.headers.get(CONTENT_TYPE);
    let kind = kind.map(HeaderValue::as_bytes);
    if !path.starts_with("/Agent/") || !head.status.is_success() && kind != Some(server::PLAIN) {
        // The rest of the API has a target of its own.
        assert!(!path.starts_with("/Agent/"), "{}", told());
        return (head.status, String::new());
    }
    let code = match kind {
        Some(server::PLAIN) => {
            assert!(body.len() <= LONGEST_REFUSAL, "{}", told());
            assert!(!text.contains(char::is_control), "{}", told());
            text.split(':').next().unwrap_or_default().to_owned()
        }
        Some(b"application/json") => {
            let json: Result<Value, _> = serde_json::from_str(text);
            assert!(json.is_ok_and(|json| json.is_object()), "{}", told());
            String::new()
        }
        Some(b"text/xml; charset=utf-8" | b"application/xml; charset=utf-8") => {
            form::assert_well_formed(text);
            String::new()
        }
        _ => panic!("{}", told()),
    };
    assert_eq!(head.status.is_success(), code.is_empty(), "{}", told());
    (head.status, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(seed: &str) -> Vec<String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/agent_api");
        let input = std::fs::read(format!("{path}/{seed}")).expect("the seed");
        let told = |(status, code): Judgement| format!("{} {code}", status.as_u16());
        judgements(&input).into_iter().map(told).collect()
    }

    #[test]
    fn what_is_signed_rightly_is_taken() {
        assert_eq!(
            codes("life-of-a-key"),
            ["200 ", "200 ", "200 ", "400 unsuitable_key"]
        );
        assert_eq!(
            codes("account"),
            ["200 ", "200 ", "200 ", "401 session_required"]
        );
        assert_eq!(codes("replayed"), ["200 ", "400 nonce_reused"]);
        assert_eq!(codes("xml-algorithms"), ["200 ", "404 key_unknown"]);
    }
}
