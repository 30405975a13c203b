//! What a lookup makes of the answers that the API has.

use countersign::{Clock as _, Mac, ManualClock, Scheme, SigningKey, SystemClock, Timestamp};

use crate::stub::{ID, Reply, SECRET, Stub, find, mac_body};

fn body(members: &str) -> String {
    format!(r#"{{"principal":"dave","is_deleted":false,{members}}}"#)
}

async fn key_from(id: &str, body: &str) -> String {
    let stub = Stub::always(Reply::json(200, body)).await;
    let keys = find(&stub.lookup(), id).await.unwrap().unwrap();
    assert_eq!(keys.keys()[0].principal(), "dave");
    assert_eq!(
        keys.keys()[0].secret().expose(),
        match id {
            "983f8dd10d3b4519a18632d8df6f998d" => id.as_bytes(),
            _ => SECRET.as_bytes(),
        }
    );
    format!("{:?}", keys.keys()[0])
}

#[tokio::test]
async fn every_credential_is_pinned_to_the_schemes_it_was_issued_for() {
    for (id, members, schemes) in [
        (
            ID,
            format!(
                r#""mac":{{"mac_algorithm":"hmac-sha-256","mac_key":"{SECRET}","mac_key_identifier":"{ID}"}}"#
            ),
            "[mac, mac-draft]",
        ),
        (
            ID,
            format!(r#""auth_key":{{"account_id":"{ID}","secret_key":"{SECRET}"}}"#),
            "[auth-key, auth-key-v1, auth-key-v2, auth-key-v3]",
        ),
        (
            "Ab3dE6gh",
            format!(
                r#""hmac_auth":{{"key_id":"Ab3dE6gh","key_data":"{SECRET}","algorithm":"hmac-sha-1"}}"#
            ),
            "[hmac-auth]",
        ),
        (
            "Ab3dE6gh",
            format!(
                r#""hmac_auth":{{"key_id":"Ab3dE6gh","key_data":"{SECRET}","algorithm":"hmac-sha-256"}}"#
            ),
            "[hmac-auth-sha256]",
        ),
        (
            "0b1c-d",
            format!(r#""moxie":{{"api_key":"0b1c-d","shared_secret":"{SECRET}"}}"#),
            "[moxie]",
        ),
        (
            "983f8dd10d3b4519a18632d8df6f998d",
            r#""basic":{"api_key":"983f8dd10d3b4519a18632d8df6f998d"}"#.to_owned(),
            "[basic]",
        ),
    ] {
        let shown = key_from(id, &body(&members)).await;
        assert!(
            shown.contains(&format!("schemes: Some({schemes})")),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn the_algorithm_and_the_end_are_the_credentials() {
    let text = mac_body()
        .replace("hmac-sha-1\"", "hmac-sha-256\"")
        .replace(
            "\"is_deleted\"",
            "\"state\":\"active\",\"expires_at\":\"2026-01-01T00:00:00.5Z\",\"is_deleted\"",
        );
    let stub = Stub::always(Reply::json(200, &text)).await;
    let keys = find(&stub.lookup(), ID).await.unwrap().unwrap();
    let shown = format!("{keys:?}");
    assert!(
        shown.contains("not_after: Some(Timestamp(1767225600))"),
        "{shown}"
    );
    assert!(shown.contains("algorithm: Sha256"), "{shown}");
}

/// Whether requests signed with the secret are accepted with what `text` gives.
async fn is_accepted(text: &str) -> bool {
    use countersign::{DeclaredLength, Head, Origin, Policy, ToSign};
    let stub = Stub::always(Reply::json(200, text)).await;
    let scheme = Mac::yar();
    let key = SigningKey::new(ID, SECRET, "dave").unwrap();
    let (method, target) = (http::Method::GET, http::Uri::from_static("http://h/"));
    let mut headers = http::HeaderMap::new();
    headers.insert("host", "h".parse().unwrap());
    let now = SystemClock.now();
    ToSign::new(&method, &target, now)
        .nonce("n1")
        .sign(&scheme, &key, &mut headers)
        .unwrap();
    let origin = Origin::default();
    let head = Head::new(&method, &target, http::Version::HTTP_11, &headers, &origin).unwrap();
    let claim = scheme.claim(&head).unwrap().unwrap();
    let fresh = claim.fresh(&Policy::default(), now).unwrap();
    let verified = fresh.verify(&scheme, &head, &stub.lookup()).await;
    verified
        .and_then(|verified| {
            verified
                .body_verifier(DeclaredLength::Exact(0), 0)
                .map(drop)
        })
        .is_ok()
}

#[tokio::test]
async fn inactive_and_deleted_credentials_have_a_key_that_verifies_nothing() {
    assert!(is_accepted(&mac_body()).await);
    let active = mac_body().replace("\"is_deleted\"", "\"state\":\"active\",\"is_deleted\"");
    assert!(is_accepted(&active).await);
    let inactive = active.replace("\"active\"", "\"inactive\"");
    assert!(!is_accepted(&inactive).await);
    let inactive_for_long = inactive.replace(
        "\"is_deleted\"",
        "\"expires_at\":\"2099-01-01T00:00:00Z\",\"is_deleted\"",
    );
    assert!(!is_accepted(&inactive_for_long).await);
    let deleted = mac_body().replace("false", "true");
    assert!(!is_accepted(&deleted).await);
}

#[tokio::test]
async fn bad_211_what_the_server_does_not_know_or_has_deleted_has_no_keys() {
    let stub = Stub::always(Reply::problem(404, "credential_unknown")).await;
    assert!(find(&stub.lookup(), ID).await.unwrap().is_none());
    assert_eq!(stub.asked().len(), 1);
}

#[tokio::test]
async fn bad_35_an_api_key_of_the_agent_api_has_no_keys_and_must_be_the_one_asked_for() {
    let text = body(&format!(
        r#""agent":{{"api_key":"{ID}","secret":"{SECRET}"}}"#
    ));
    let stub = Stub::always(Reply::json(200, &text)).await;
    assert!(find(&stub.lookup(), ID).await.unwrap().is_none());
    assert!(find(&stub.lookup(), "another").await.is_err());
}

#[tokio::test]
async fn the_handle_of_an_api_key_is_nobodys_api_key() {
    let text = body(
        r#""basic":{"api_key":"983f8dd10d3b4519a18632d8df6f998d"},"links":{"self":{"href":"http://h/p/v1.0/creds/983f8dd10d3b4519a18632d8df6f998d"}}"#,
    );
    let stub = Stub::always(Reply::json(200, &text)).await;
    assert!(find(&stub.lookup(), "basic-4711").await.unwrap().is_none());
    assert!(find(&stub.lookup(), "x4712").await.is_err());
}

#[tokio::test]
async fn a_wait_until_a_date_is_counted_by_the_given_clock() {
    let headers = "Retry-After: Thu, 27 Sep 2012 12:15:56 GMT\r\n";
    let stub = Stub::always(Reply::problem_with(503, "store_unavailable", headers)).await;
    let clock = ManualClock::new(Timestamp::from_unix(1_348_748_096));
    let connection = stub.connection().clock(clock).build().unwrap();
    let error = countersign_client::AdminClient::new(connection)
        .ready()
        .await;
    let retry_after = error.unwrap_err().retry_after();
    assert_eq!(retry_after, Some(std::time::Duration::from_secs(60)));
}
