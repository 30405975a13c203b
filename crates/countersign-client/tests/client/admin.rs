//! What the admin client sends, and what it makes of the answers.

use std::time::Duration;

use countersign_client::{
    AuthScheme, Change, Deleted, ETag, ErrorKind, Listing, NewCredential, State, Verification,
};
use countersign_core::{Algorithm, SchemeId, Timestamp};
use futures_util::TryStreamExt as _;

use crate::stub::{ID, Reply, SECRET, Stub, mac_body};

#[tokio::test]
async fn every_call_is_the_apis() {
    let stub = Stub::that(|_, asked| {
        if asked.line.starts_with("DELETE") || asked.line.contains("readyz") {
            Reply::new(200, "", "")
        } else if asked.line.contains("verify") {
            Reply::json(200, r#"{"valid":true,"principal":"dave@example.com"}"#)
        } else {
            Reply::new(
                200,
                "Content-Type: application/json\r\nETag: \"7\"\r\n",
                &mac_body(),
            )
        }
    })
    .await;
    let admin = stub.admin();
    let new = NewCredential::new("dave", AuthScheme::HmacAuth).algorithm(Algorithm::Sha256);
    let made = admin.create(&new).await.unwrap();
    let change = Change::new()
        .state(State::Inactive)
        .expires_at(Timestamp::from_unix(1_348_748_096))
        .if_match(made.etag().unwrap());
    admin.change(ID, &change).await.unwrap();
    admin
        .change(ID, &Change::new().never_expires())
        .await
        .unwrap();
    admin.rotate(ID, Duration::from_secs(60)).await.unwrap();
    admin.find(ID, Deleted::Shown).await.unwrap();
    admin.delete(ID).await.unwrap();
    admin.ready().await.unwrap();
    let question =
        Verification::new(SchemeId::AUTH_KEY, ID, "text", "c2ln").derived_with("1348748096");
    let verdict = admin.verify(&question).await.unwrap();
    assert_eq!(
        (verdict.is_valid(), verdict.principal()),
        (true, Some("dave@example.com"))
    );

    let asked: Vec<_> = stub
        .asked()
        .into_iter()
        .map(|asked| format!("{} {}", asked.line.replace(" HTTP/1.1", ""), asked.body))
        .collect();
    assert_eq!(
        asked,
        [
            r#"POST /v1.0/creds {"algorithm":"hmac-sha-256","auth_scheme":"hmac-auth","principal":"dave"}"#
                .to_owned(),
            format!(
                r#"PATCH /v1.0/creds/{ID} {{"expires_at":"2012-09-27T12:14:56Z","state":"inactive"}}"#
            ),
            format!(r#"PATCH /v1.0/creds/{ID} {{"expires_at":null}}"#),
            format!(r#"POST /v1.0/creds/{ID}/rotate {{"overlap_seconds":60}}"#),
            format!("GET /v1.0/creds/{ID}?deleted=true "),
            format!("DELETE /v1.0/creds/{ID} "),
            "GET /readyz ".to_owned(),
            format!(
                r#"POST /v1.0/verify {{"derivation":{{"text":"MTM0ODc0ODA5Ng=="}},"id":"{ID}","scheme":"auth-key","signature":"c2ln","string_to_sign":"dGV4dA=="}}"#
            ),
        ]
    );
    assert_eq!(stub.asked()[1].header("if-match"), Some("\"7\""));
    assert_eq!(stub.asked()[2].header("if-match"), None);
}

#[tokio::test]
async fn a_credential_is_read_whole() {
    let text = mac_body().replace(
        "\"is_deleted\"",
        "\"state\":\"inactive\",\"created_at\":\"2026-01-01T00:00:00Z\",\"expires_at\":null,
         \"last_used_at\":\"2026-01-02T00:00:00Z\",\"rotated_to\":\"next\",\"later\":[1],\"is_deleted\"",
    );
    let stub = Stub::always(Reply::json(200, &text)).await;
    let found = stub.admin().find(ID, Deleted::Hidden).await.unwrap();
    assert_eq!((found.id(), found.principal()), (ID, "dave@example.com"));
    assert_eq!(
        (found.scheme(), found.algorithm()),
        (AuthScheme::Mac, Algorithm::Sha1)
    );
    assert_eq!(found.secret().unwrap().expose(), SECRET);
    assert_eq!(
        (found.is_deleted(), found.state()),
        (false, State::Inactive)
    );
    let created = Timestamp::from_unix(1_767_225_600);
    assert_eq!(found.created_at(), Some(created));
    assert_eq!(
        (found.expires_at(), found.last_used_at()),
        (None, Some(created.plus(86_400)))
    );
    assert_eq!((found.rotated_to(), found.etag()), (Some("next"), None));
}

#[tokio::test]
async fn every_failure_has_its_kind_and_the_servers_words() {
    let none = None;
    for (status, code, kind) in [
        (400, "bad_request", ErrorKind::Invalid),
        (401, "token_required", ErrorKind::Refused),
        (403, "scope_insufficient", ErrorKind::Refused),
        (404, "credential_unknown", ErrorKind::NotFound),
        (404, "not_found", ErrorKind::Protocol),
        (409, "limit_reached", ErrorKind::Conflict),
        (412, "stale", ErrorKind::Stale),
        (413, "too_large", ErrorKind::Invalid),
        (415, "media_type", ErrorKind::Invalid),
        (418, "teapot", ErrorKind::Protocol),
        (
            429,
            "rate_limited",
            ErrorKind::Limited { retry_after: none },
        ),
        (
            503,
            "store_unavailable",
            ErrorKind::Unavailable { retry_after: none },
        ),
    ] {
        let stub = Stub::always(Reply::problem(status, code)).await;
        let change = Change::new()
            .state(State::Active)
            .if_match(&ETag::new("\"1\""));
        let error = stub.admin().change(ID, &change).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {code}");
        assert_eq!((error.status(), error.code()), (Some(status), Some(code)));
        assert_eq!(error.detail(), Some("a sentence"));
    }
}

#[tokio::test]
async fn what_a_proxy_says_is_no_answer_of_the_key_server() {
    let html = "Content-Type: text/html\r\n";
    for status in [400, 404, 409, 412] {
        let stub = Stub::always(Reply::new(status, html, "<h1>no</h1>")).await;
        let error = stub.admin().delete(ID).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, None));
    }
    let stub = Stub::always(Reply::new(200, html, "<h1>Log in</h1>")).await;
    let error = stub.admin().find(ID, Deleted::Hidden).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_sent() {
    let stub = Stub::always(Reply::credential()).await;
    let admin = stub.admin();
    let split = NewCredential::new("dave", AuthScheme::Mac).idempotency_key("a\r\nX-Evil: 1");
    assert_eq!(
        admin.create(&split).await.unwrap_err().kind(),
        ErrorKind::Invalid
    );
    let never = Change::new().expires_at(Timestamp::from_unix(i64::MAX));
    assert_eq!(
        admin.change(ID, &never).await.unwrap_err().kind(),
        ErrorKind::Invalid
    );
    assert_eq!(
        admin.delete("..").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert!(stub.asked().is_empty());
}

/// A page with one credential of each of `ids`, and the cursor of the next.
fn page(ids: &[String], next: Option<&str>) -> Reply {
    let creds: Vec<_> = ids.iter().map(|id| mac_body().replace(ID, id)).collect();
    let links = next.map_or_else(String::new, |cursor| {
        format!(
            r#","links":{{"next":{{"href":"http://evil.example/v1.0/creds?cursor={cursor}"}}}}"#
        )
    });
    Reply::json(200, &format!(r#"{{"creds":[{}]{links}}}"#, creds.join(",")))
}

#[tokio::test]
async fn a_listing_fetches_pages_as_they_are_taken_and_only_from_the_server_itself() {
    let stub = Stub::that(|number, _| match number {
        0 => page(&["a1".to_owned(), "a2".to_owned()], Some("c%2B1")),
        1 => page(&[], Some("c2")),
        _ => page(&["a3".to_owned()], None),
    })
    .await;
    let mut listed = stub
        .admin()
        .list(Listing::of("d&e=f @+").with_deleted().page_size(2));
    assert!(stub.asked().is_empty());
    let mut ids = vec![listed.next().await.unwrap().unwrap()];
    ids.push(listed.next().await.unwrap().unwrap());
    assert_eq!(stub.asked().len(), 1);
    ids.extend(listed.try_collect::<Vec<_>>().await.unwrap());
    let ids: Vec<_> = ids.iter().map(countersign_client::Credential::id).collect();
    assert_eq!(ids, ["a1", "a2", "a3"]);
    let query = "principal=d%26e%3Df%20%40%2B&deleted=true&limit=2";
    assert_eq!(
        stub.lines(),
        [
            format!("GET /v1.0/creds?{query} HTTP/1.1"),
            format!("GET /v1.0/creds?{query}&cursor=c%2B1 HTTP/1.1"),
            format!("GET /v1.0/creds?{query}&cursor=c2 HTTP/1.1"),
        ]
    );
}

#[tokio::test]
async fn a_listing_ends_with_its_first_error_and_does_not_turn_in_circles() {
    let stub = Stub::always(page(&["a".to_owned()], Some("again"))).await;
    let mut listed = stub.admin().list(Listing::everything());
    assert!(listed.next().await.unwrap().is_ok());
    let error = listed.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(listed.next().await.is_none());
    assert_eq!(stub.lines()[0], "GET /v1.0/creds?deleted=true HTTP/1.1");
    assert_eq!(stub.lines().len(), 2);
}
