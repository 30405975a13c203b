//! Which host the server is, and whose pages may call it.

use axum::body::Body;
use countersign_key_server::api::{ApiSettings, Transport};
use countersign_key_server::store::Scope;
use http::Request;

use crate::support::{Answer, Server};

async fn get(server: &Server, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get("/v1.0/creds?principal=p");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::empty()).unwrap()).await
}

/// The beginning of the link of a new credential.
async fn link(server: &Server, host: &str) -> String {
    let request = Request::post("/v1.0/creds")
        .header("content-type", "application/json")
        .header("host", host);
    let body = Body::from(r#"{"principal":"p","auth_scheme":"mac"}"#);
    let answer = server.send(request.body(body).unwrap()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = answer.json();
    let href = json["links"]["self"]["href"].as_str().unwrap();
    assert_eq!(href, answer.header("location"));
    href.split_once("/v1.0/").unwrap().0.to_owned()
}

#[tokio::test]
async fn bad_215_a_loopback_listener_refuses_every_host_that_is_not_one() {
    let server = Server::start().await;
    for host in [
        "localhost:8070",
        "LOCALHOST",
        "127.0.0.1:8070",
        "127.0.0.2:1",
        "[::1]:8070",
    ] {
        assert_eq!(get(&server, &[("host", host)]).await.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:8070",
        "127.0.0.1.evil.example:8070",
        "localhost.evil.example",
        "192.0.2.1:8070",
        "0.0.0.0:8070",
        "localhost@evil.example",
        "evil.example@localhost",
        "",
        "a b",
    ] {
        get(&server, &[("host", host)])
            .await
            .is_problem(421, "foreign_host");
    }
    let twice = get(&server, &[("host", "localhost"), ("host", "localhost")]).await;
    twice.is_problem(421, "foreign_host");
    let absolute = Request::get("http://evil.example/v1.0/creds?principal=p")
        .header("host", "localhost")
        .body(Body::empty())
        .unwrap();
    server.send(absolute).await.is_problem(421, "foreign_host");
}

#[tokio::test]
async fn bad_215_pages_of_other_sites_are_refused() {
    let server = Server::start().await;
    for origin in [
        "http://evil.example",
        "null",
        "",
        "https://127.0.0.1:8070",
        "http://127.0.0.1:8071",
        "http://127.0.0.1:8070.evil.example",
    ] {
        let answer = get(&server, &[("origin", origin)]).await;
        answer.is_problem(403, "cross_site");
    }
    let own = get(&server, &[("origin", "http://127.0.0.1:8070")]).await;
    assert_eq!(own.status, 200);
    let both = [
        ("origin", "http://127.0.0.1:8070"),
        ("origin", "http://evil.example"),
    ];
    get(&server, &both).await.is_problem(403, "cross_site");
    // A form can post without a preflight.
    let form = Request::post("/v1.0/creds")
        .header("content-type", "application/json")
        .header("origin", "http://evil.example")
        .body(Body::from(r#"{"principal":"p"}"#))
        .unwrap();
    server.send(form).await.is_problem(403, "cross_site");
}

#[tokio::test]
async fn links_begin_with_the_host_that_names_the_listener() {
    let server = Server::start().await;
    assert_eq!(
        link(&server, "localhost:8070").await,
        "http://localhost:8070"
    );
    assert_eq!(
        link(&server, "127.0.0.1:18070").await,
        "http://127.0.0.1:18070"
    );
    let request = Request::post("http://[::1]:8070/v1.0/creds")
        .header("content-type", "application/json")
        .body(Body::from(r#"{"principal":"p"}"#))
        .unwrap();
    let answer = server.send(request).await;
    assert!(
        answer
            .header("location")
            .starts_with("http://[::1]:8070/v1.0/"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn links_begin_with_the_public_url_where_there_is_one() {
    let server = Server::with_settings(|it| {
        it.public_url("https://Keys.example.org/creds-server/")
            .unwrap()
    })
    .await;
    let base = "https://keys.example.org/creds-server";
    assert_eq!(link(&server, "127.0.0.1:8070").await, base);
    assert_eq!(link(&server, "keys.example.org").await, base);
    let own = get(&server, &[("origin", "https://keys.example.org")]).await;
    assert_eq!(own.status, 200);
    server.create("p", "mac").await;
    let page = server.get("/v1.0/creds?principal=p&limit=1").await.json();
    let next = page["links"]["next"]["href"].as_str().unwrap();
    assert!(next.starts_with(&format!("{base}/v1.0/creds?")), "{next}");
    for bad in [
        "keys.example.org",
        "ftp://a",
        "https://u:p@a",
        "https://a?b",
        "https://a#b",
        "",
    ] {
        assert!(ApiSettings::default().public_url(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn on_other_listeners_a_host_is_believed_only_when_it_is_the_listeners_address() {
    for (listener, host, expected) in [
        ("192.0.2.1:8070", "192.0.2.1:8070", "https://192.0.2.1:8070"),
        ("192.0.2.1:8070", "evil.example", "https://192.0.2.1:8070"),
        ("192.0.2.1:443", "192.0.2.1", "https://192.0.2.1"),
        (
            "[2001:db8::1]:8070",
            "evil.example",
            "https://[2001:db8::1]:8070",
        ),
        ("0.0.0.0:8070", "192.0.2.7:8070", "https://192.0.2.7:8070"),
        ("0.0.0.0:8070", "evil.example:8070", ""),
    ] {
        let server = Server::with_settings(|_| {
            ApiSettings::new(listener.parse().unwrap()).transport(Transport::Tls)
        })
        .await;
        let admin = server.add_token("a", Scope::Admin).await;
        assert_eq!(link(&admin, host).await, expected, "{listener} {host}");
    }
}
