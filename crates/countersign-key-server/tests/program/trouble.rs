//! A store that gets into trouble under a running server.

use crate::ANY_PORT;
use crate::http::{Client, create_body, id_of, send};
use crate::postgres_server::PostgresServer;
use crate::run::{eventually, key_server, key_server_with_full_disk};

#[test]
fn bad_220_a_full_disk_is_answered_503_and_nothing_that_was_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let server = key_server_with_full_disk(folder.path(), 512, &ANY_PORT).serve();
    let mut client = Client::connect(server.address()).unwrap();
    let mut acknowledged = Vec::new();
    let refused = loop {
        let made = client
            .send("POST", "/v1.0/creds", &create_body("dave", "mac"))
            .unwrap();
        if made.status != 201 {
            break made;
        }
        acknowledged.push(id_of(&made.json()));
        assert!(acknowledged.len() < 100_000, "the disk is not full");
    };
    assert!(acknowledged.len() > 10);
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(
        refused.head.to_ascii_lowercase().contains("retry-after"),
        "{refused:?}"
    );
    eventually("it is not ready", || {
        send(server.address(), "GET", "/readyz", "").status == 503
    });
    assert_eq!(client.send("GET", "/livez", "").unwrap().status, 200);
    for id in &acknowledged {
        let found = client
            .send("GET", &format!("/v1.0/creds/{id}"), "")
            .unwrap();
        assert_eq!(found.status, 200, "{found:?}");
    }
    assert_eq!(server.stop().status, Some(0));

    let server = key_server(folder.path(), ANY_PORT).serve();
    let mut client = Client::connect(server.address()).unwrap();
    for id in &acknowledged {
        let found = client
            .send("GET", &format!("/v1.0/creds/{id}"), "")
            .unwrap();
        assert_eq!(found.status, 200, "{found:?}");
    }
    let all = client
        .send("GET", "/v1.0/creds/?deleted=true&limit=1000", "")
        .unwrap();
    let kept = all.json()["creds"].as_array().unwrap().len();
    assert_eq!(kept, acknowledged.len().min(1000), "a refused one was made");
    assert_eq!(client.send("GET", "/readyz", "").unwrap().status, 200);
    let made = client
        .send("POST", "/v1.0/creds", &create_body("dave", "mac"))
        .unwrap();
    assert_eq!(made.status, 201, "{made:?}");
}

#[test]
#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
fn bad_220_a_database_that_is_down_is_answered_503_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = PostgresServer::start();
    let url = database.url(&database.create_database());
    let server = key_server(
        folder.path(),
        ANY_PORT.iter().chain(&["--master-key-file=key"]),
    )
    .variable("COUNTERSIGN_KEY_STORE", &url)
    .serve();
    let mut client = Client::connect(server.address()).unwrap();
    let made = client
        .send("POST", "/v1.0/creds", &create_body("dave", "mac"))
        .unwrap();
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/v1.0/creds/{}", id_of(&made.json()));
    database.kill_9();
    eventually("the outage shows", || {
        client.send("GET", "/readyz", "").unwrap().status == 503
    });
    let found = client.send("GET", &path, "").unwrap();
    assert_eq!(found.status, 503, "{found:?}");
    assert_eq!(client.send("GET", "/livez", "").unwrap().status, 200);
    database.restart();
    eventually("it is ready again", || {
        client.send("GET", "/readyz", "").unwrap().status == 200
    });
    assert_eq!(client.send("GET", &path, "").unwrap().status, 200);
    assert_eq!(server.stop().status, Some(0));
}
