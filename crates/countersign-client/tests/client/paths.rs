//! What arrives at the server of an id that a stranger made up.

use countersign_client::{Connection, KeyServerClient};

use crate::stub::{Reply, Stub, find};

#[tokio::test]
async fn bad_46_a_hostile_id_arrives_as_one_escaped_segment() {
    for (id, segment) in [
        ("../../admin", "..%2F..%2Fadmin"),
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("?x=1", "%3Fx%3D1"),
        ("{\"$gt\":\"\"}", "%7B%22%24gt%22%3A%22%22%7D"),
        ("a\\..\\b", "a%5C..%5Cb"),
        ("#a", "%23a"),
        ("%2e%2e", "%252e%252e"),
        ("a;b=c", "a%3Bb%3Dc"),
        ("...", "..."),
    ] {
        let stub = Stub::always(Reply::problem(404, "credential_unknown")).await;
        assert!(find(&stub.lookup(), id).await.unwrap().is_none());
        assert_eq!(
            stub.lines(),
            [format!("GET /v1.0/creds/{segment} HTTP/1.1")]
        );
    }
}

#[tokio::test]
async fn dots_cannot_be_a_segment_and_are_not_asked_for() {
    let stub = Stub::always(Reply::credential()).await;
    for id in [".", ".."] {
        assert!(find(&stub.lookup(), id).await.unwrap().is_none());
    }
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn the_path_of_the_url_comes_first() {
    let stub = Stub::always(Reply::problem(404, "credential_unknown")).await;
    let connection = Connection::to(format!("{}/a%20b/keys/", stub.url())).unwrap();
    assert!(
        find(&KeyServerClient::new(connection), "x")
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(stub.lines(), ["GET /a%20b/keys/v1.0/creds/x HTTP/1.1"]);
}

#[tokio::test]
async fn bad_218_plain_http_leaves_the_machine_only_when_that_is_asked_for_by_name() {
    let url = "http://keys.example.com";
    assert!(Connection::to(url).is_err());
    let connection = Connection::builder(url).dangerously_allow_plain_http();
    assert!(connection.build().is_ok());
}
