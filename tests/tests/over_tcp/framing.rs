//! Hosts, targets, methods without bodies, and several requests on one connection.

use countersign_tests::{Bench, Case, Notice, Part, Protocol, Raw, Wire};

use crate::{everywhere, served};

#[tokio::test]
async fn a_refused_request_does_not_keep_the_next_on_the_connection_from_being_answered() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, _client) = served(&bench, &case, Protocol::Http1).await;
        let mut raw = Raw::connect(server.address()).await;
        let mut bytes = case.sign_badly(&Wire::get("/1")).bytes();
        bytes.extend(case.sign(&Wire::post("/2", "hello")).bytes());
        bytes.extend(Wire::get("/3").bytes());
        bytes.extend(case.sign(&Wire::get("/4")).bytes());
        raw.send(bytes).await;
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(raw.answer().await.status);
        }
        assert_eq!(statuses, [401, 200, 401, 200], "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_refused_small_body_is_not_taken_for_the_next_request() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, _client) = served(&bench, &case, Protocol::Http1).await;
        let inner = case.sign(&Wire::get("/inner")).bytes();
        let outer = case.sign_badly(&Wire::post("/outer", inner));
        let mut raw = Raw::connect(server.address()).await;
        raw.send(outer.bytes()).await;
        assert_eq!(raw.answer().await.status, 401, "{case}");
        raw.finish().await;
        assert_eq!(raw.rest().await, "", "{case}");
        assert_eq!(bench.echo.calls(), 0, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_187_a_refused_head_request_gets_the_headers_and_no_body() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let get = client.send(&case.sign_badly(&Wire::get("/"))).await;
        let head = client.send(&case.sign_badly(&Wire::new("HEAD", "/"))).await;
        assert_eq!(
            (get.status.as_u16(), head.status.as_u16()),
            (401, 401),
            "{case}"
        );
        assert!(head.body.is_empty() && !get.body.is_empty(), "{case}");
        for name in [
            "content-type",
            "content-length",
            "cache-control",
            "www-authenticate",
        ] {
            assert_eq!(
                head.header(name),
                get.header(name),
                "{case} {protocol:?} {name}"
            );
            assert!(!get.header(name).is_empty(), "{case} {protocol:?} {name}");
        }
        assert_eq!(
            client.send(&case.sign(&Wire::get("/"))).await.status,
            200,
            "{case}"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_120_an_absolute_target_must_name_the_host_of_the_header() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, _client) = served(&bench, &case, Protocol::Http1).await;
        let wire = case.sign(&Wire::get("/a?b"));
        let mut raw = Raw::connect(server.address()).await;
        for (target, told) in [
            ("http://evil.example.org/a?b", (400, "invalid_target")),
            ("http://user@api.example.org/a?b", (400, "invalid_target")),
            ("http://api.example.org:8080/a?b", (400, "invalid_target")),
            ("http://api.example.org/a?b", (200, "")),
        ] {
            let line = format!("GET {target} HTTP/1.1\r\n");
            raw.send(wire.head_after(&line)).await;
            let answer = raw.answer().await;
            assert_eq!(
                answer.told(),
                (told.0, told.1.to_owned()),
                "{case} {target}"
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_120_and_130_over_http2_the_authority_counts_and_a_host_beside_it_must_agree() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, Protocol::Http2).await;
        let wire = case.sign(&Wire::get("/"));
        let evil = wire.clone().header("host", "evil.example.org");
        let told = client.send(&evil).await.told();
        assert_eq!(told, (400, "invalid_target".to_owned()), "{case}");
        let twice = wire.clone().header("host", &wire.host);
        let told = client.send(&twice.header("host", &wire.host)).await.told();
        assert_eq!(told, (401, "duplicate_header".to_owned()), "{case}");
        assert_eq!(bench.echo.calls(), 0, "{case}");
        let same = wire.clone().header("host", &wire.host);
        assert_eq!(client.send(&same).await.status, 200, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_119_a_fragment_is_taken_off_before_anybody_sees_it() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, _client) = served(&bench, &case, Protocol::Http1).await;
        let mut raw = Raw::connect(server.address()).await;
        let wire = case.sign(&Wire::get("/a"));
        raw.send(wire.head_after("GET /a#/admin HTTP/1.1\r\n"))
            .await;
        let answer = raw.answer().await;
        assert_eq!(answer.status, 200, "{case}: {answer:?}");
        assert_eq!(bench.echo.last().target, "/a", "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_127_and_128_a_missing_repeated_or_unreadable_host_is_refused() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, _client) = served(&bench, &case, Protocol::Http1).await;
        let good = case.sign(&Wire::get("/"));
        let hosts: [&[&str]; 9] = [
            &[],
            &[""],
            &["api.example.org", "api.example.org"],
            &["evil@api.example.org:80"],
            &["api.example.org:80?x"],
            &["api.example.org/x"],
            &["api.example.org:0"],
            &["api.example.org:65536"],
            &["api example.org"],
        ];
        for hosts in hosts {
            let mut wire = good.clone();
            wire.host = String::new();
            for host in hosts {
                wire = wire.header("host", host);
            }
            let mut raw = Raw::connect(server.address()).await;
            raw.send(wire.bytes()).await;
            let answer = raw.answer().await;
            let expected = if hosts.len() == 2 { 401 } else { 400 };
            assert_eq!(answer.status, expected, "{case} {hosts:?}: {answer:?}");
        }
        assert_eq!(bench.echo.calls(), 0, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_132_without_a_host_http_1_0_passes_only_where_no_host_is_signed() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, _client) = served(&bench, &case, Protocol::Http1).await;
        let mut wire = case.sign(&Wire::get("/"));
        wire.host = String::new();
        let mut raw = Raw::connect(server.address()).await;
        raw.send(wire.head_after("GET / HTTP/1.0\r\n")).await;
        let answer = raw.answer().await;
        let signs_host = Part::Host.notice(&case);
        let expected = match signs_host {
            Notice::Refused => (400, "invalid_target".to_owned()),
            _ => (200, String::new()),
        };
        assert_eq!(answer.told(), expected, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_121_a_target_that_is_no_path_is_judged_like_any_other() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, _client) = served(&bench, &case, Protocol::Http1).await;
        for line in [
            "OPTIONS * HTTP/1.1\r\n",
            "CONNECT api.example.org:443 HTTP/1.1\r\n",
        ] {
            let mut raw = Raw::connect(server.address()).await;
            raw.send(case.sign_badly(&Wire::get("/")).head_after(line))
                .await;
            let answer = raw.answer().await;
            assert!(
                (400..402).contains(&answer.status),
                "{case} {line}: {answer:?}"
            );
        }
        assert_eq!(bench.echo.calls(), 0, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_188_no_refusal_can_be_cached_and_each_names_the_scheme() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let good = case.sign(&Wire::get("/"));
        let bad = case.sign_badly(&Wire::get("/"));
        for refused in [
            Wire::get("/"),
            bad,
            good.set(case.credential_header(), "MAC"),
        ] {
            let answer = client.send(&refused).await;
            assert_eq!(answer.status, 401, "{case} {protocol:?}");
            assert_eq!(answer.header("cache-control"), "no-store", "{case}");
            let challenges = answer.headers("www-authenticate");
            assert_eq!(challenges.len(), 1, "{case}");
            assert!(
                challenges[0].contains(" realm=\"api\""),
                "{case} {challenges:?}"
            );
        }
        server.stop().await;
    }
}
