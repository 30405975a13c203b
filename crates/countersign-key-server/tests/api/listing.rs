//! Listing credentials.

use serde_json::{Value, json};

use crate::support::Server;

fn principals(page: &Value) -> Vec<&str> {
    let creds = page["creds"].as_array().unwrap();
    creds
        .iter()
        .map(|it| it["principal"].as_str().unwrap())
        .collect()
}

fn next(page: &Value) -> Option<String> {
    let href = page["links"]["next"]["href"].as_str()?;
    Some(
        href.strip_prefix("http://127.0.0.1:8070")
            .unwrap()
            .to_owned(),
    )
}

#[tokio::test]
async fn the_pages_of_a_listing_have_everything_once() {
    let server = Server::start().await;
    let expected: Vec<_> = (0..25).map(|it| format!("p{it}")).collect();
    for principal in &expected {
        server.create(principal, "mac").await;
    }
    for limit in [1, 7, 24, 25, 26, 1000] {
        let mut found = Vec::new();
        let mut target = Some(format!("/v1.0/creds?deleted=true&limit={limit}"));
        while let Some(it) = target {
            let page = server.get(&it).await.json();
            assert!(principals(&page).len() <= limit);
            found.extend(principals(&page).iter().map(|it| (*it).to_owned()));
            target = next(&page);
        }
        assert_eq!(found, expected, "limit {limit}");
    }
    let all = server.get("/v1.0/creds?deleted=true").await.json();
    assert_eq!(all.get("links"), None);
}

#[tokio::test]
async fn a_page_has_100_credentials_unless_told_otherwise() {
    let server = Server::start().await;
    for _ in 0..101 {
        server.create("p", "basic").await;
    }
    let page = server.get("/v1.0/creds?principal=p").await.json();
    assert_eq!(principals(&page).len(), 100);
    assert_eq!(
        principals(&server.get(&next(&page).unwrap()).await.json()).len(),
        1
    );
}

#[tokio::test]
async fn bad_207_a_listing_says_whose_or_all() {
    let server = Server::start().await;
    for target in [
        "/v1.0/creds",
        "/v1.0/creds/",
        "/v1.0/creds?deleted=false",
        "/v1.0/creds?limit=1",
    ] {
        server
            .get(target)
            .await
            .is_problem(400, "missing_parameter");
    }
    server
        .get("/v1.0/creds?principal=")
        .await
        .is_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn bad_208_principals_are_matched_exactly() {
    let server = Server::start().await;
    for principal in [
        "dave@example.com",
        "Dave@example.com",
        "a+b@x",
        "a b@x",
        "a;b",
        "\u{e9}",
        "e\u{301}",
        "%40",
    ] {
        server.create(principal, "mac").await;
    }
    for (query, expected) in [
        ("dave%40example.com", "dave@example.com"),
        ("dave@example.com", "dave@example.com"),
        ("a%2Bb@x", "a+b@x"),
        ("a+b@x", "a+b@x"),
        ("a%20b@x", "a b@x"),
        ("a;b", "a;b"),
        ("%C3%A9", "\u{e9}"),
        ("e%CC%81", "e\u{301}"),
        ("%2540", "%40"),
    ] {
        let page = server
            .get(&format!("/v1.0/creds?principal={query}"))
            .await
            .json();
        assert_eq!(principals(&page), [expected], "{query}");
    }
    for query in ["dave", "*", "dave@example.com%20", "%2540%25"] {
        let page = server
            .get(&format!("/v1.0/creds?principal={query}"))
            .await
            .json();
        assert_eq!(page, json!({"creds": []}), "{query}");
    }
    for query in ["%00", "a%00", "%ff", "a%0d%0aX", "%C3", &"p".repeat(257)] {
        let answer = server.get(&format!("/v1.0/creds?principal={query}")).await;
        answer.is_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn bad_209_limits_out_of_range_are_refused() {
    let server = Server::start().await;
    for limit in [
        "0",
        "1001",
        "1000000000",
        "-1",
        "1.0",
        "%201",
        "",
        "99999999999999999999",
        "0x10",
        "+1",
    ] {
        let answer = server
            .get(&format!("/v1.0/creds?principal=p&limit={limit}"))
            .await;
        answer.is_problem(400, "invalid_parameter");
        assert_eq!(answer.json()["parameter"], "limit");
    }
}

#[tokio::test]
async fn bad_209_a_cursor_is_good_for_its_own_listing_and_unchanged_only() {
    let server = Server::start().await;
    for principal in ["p", "p", "p", "q", "q"] {
        server.create(principal, "mac").await;
    }
    let page = server.get("/v1.0/creds?principal=p&limit=1").await.json();
    let target = next(&page).unwrap();
    let query = target.split_once('?').unwrap().1;
    let cursor = query
        .split('&')
        .find_map(|it| it.strip_prefix("cursor="))
        .unwrap();
    let with = |rest: String| format!("/v1.0/creds?limit=1&{rest}");
    assert_eq!(
        server
            .get(&with(format!("principal=p&cursor={cursor}")))
            .await
            .status,
        200
    );

    let refused = async |rest: String| {
        let answer = server.get(&with(rest.clone())).await;
        answer.is_problem(400, "invalid_parameter");
        assert_eq!(answer.json()["parameter"], "cursor", "{rest}");
    };
    refused(format!("principal=q&cursor={cursor}")).await;
    refused(format!("deleted=true&cursor={cursor}")).await;
    refused(format!("principal=p&deleted=true&cursor={cursor}")).await;
    for index in 0..cursor.len() {
        let mut changed = cursor.as_bytes().to_vec();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        refused(format!("principal=p&cursor={changed}")).await;
    }
    for junk in ["", "1", "MQ", "%00", "..%2f", &"A".repeat(60_000)] {
        refused(format!("principal=p&cursor={junk}")).await;
    }
    let other_server = Server::start().await;
    let foreign = other_server
        .get(&with(format!("principal=p&cursor={cursor}")))
        .await;
    foreign.is_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn known_parameters_are_given_once_and_others_are_ignored() {
    let server = Server::start().await;
    for query in [
        "principal=p&principal=p",
        "principal=p&limit=1&limit=1",
        "principal=p&deleted=true&deleted=true",
    ] {
        let answer = server.get(&format!("/v1.0/creds?{query}")).await;
        answer.is_problem(400, "repeated_parameter");
    }
    assert_eq!(
        server
            .get("/v1.0/creds?principal=p&a=b&a=b&%zz")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn bad_212_a_listing_shows_deleted_credentials_only_when_asked_and_without_secrets() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let kept = server.create_mac().await;
    server.delete(&id).await;
    let present = server
        .get("/v1.0/creds?principal=dave@example.com")
        .await
        .json();
    assert_eq!(present["creds"].as_array().unwrap().len(), 1);
    assert_eq!(present["creds"][0]["mac"]["mac_key_identifier"], kept);
    assert!(present["creds"][0]["mac"]["mac_key"].is_string());
    for target in [
        "/v1.0/creds/?deleted=true",
        "/v1.0/creds?principal=dave@example.com&deleted=true",
    ] {
        let all = server.get(target).await.json();
        assert_eq!(all["creds"][0]["is_deleted"], true);
        assert_eq!(all["creds"][0]["mac"].get("mac_key"), None);
        assert!(all["creds"][1]["mac"]["mac_key"].is_string());
    }
}
