//! Credential headers: missing, repeated, foreign, and of two schemes at once.

use countersign_tests::{Bench, Case, Client, Family, Protocol, Server, Wire};
use tower::Layer;

use crate::{everywhere, served};

#[tokio::test]
async fn bad_1_to_3_without_credentials_of_its_own_the_scheme_challenges() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let none = client.send(&Wire::get("/")).await;
        assert_eq!(
            none.told(),
            (401, "missing_credentials".to_owned()),
            "{case}"
        );
        let empty = client
            .send(&Wire::get("/").header("authorization", ""))
            .await;
        assert_eq!(empty.told(), none.told(), "{case}");
        let bearer = client
            .send(&Wire::get("/").header("authorization", "Bearer x"))
            .await;
        assert_eq!(
            bearer.told(),
            (401, "unsupported_scheme".to_owned()),
            "{case}"
        );
        for answer in [none, empty, bearer] {
            assert_eq!(
                answer.headers("www-authenticate").len(),
                1,
                "{case} {protocol:?}"
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_8_to_10_a_credential_that_is_there_twice_is_refused() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let wire = case.sign(&Wire::get("/"));
        let header = case.credential_header();
        let credential = wire.value(header);
        let other = case.sign(&Wire::get("/other")).value(header);
        for second in [credential.as_str(), &other, "Bearer x", ""] {
            let twice = wire.clone().header(header, second);
            let told = client.send(&twice).await.told();
            assert_eq!(
                told,
                (401, "duplicate_header".to_owned()),
                "{case} {protocol:?} {second:?}"
            );
        }
        let joined = wire
            .clone()
            .set(header, format!("{credential}, {credential}"));
        assert_eq!(
            client.send(&joined).await.told().1,
            "malformed_credentials",
            "{case}"
        );
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_9_what_is_signed_once_may_not_be_there_twice() {
    let signed = [
        "date",
        "x-mac-date",
        "x-mac-nonce",
        "x-mac-role",
        "x-mac-content-sha256",
    ];
    let more = ["x-hmac-nonce", "x-moxie-key", "content-md5"];
    let mut tried = 0;
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let wire = case.sign_with_nonce(&Wire::post("/", "hello").header("x-mac-role", "reader"));
        for name in signed.iter().chain(&more) {
            let belongs = match case.family {
                Family::AuthKey(_) => true,
                _ => !name.starts_with("x-mac-"),
            };
            if let Some(value) = wire.headers.get(*name).filter(|_| belongs) {
                let twice = wire.clone().header(name, value);
                let told = client.send(&twice).await.told();
                assert_eq!(told, (401, "duplicate_header".to_owned()), "{case} {name}");
                tried += 1;
            }
        }
        assert_eq!(bench.echo.calls(), 0, "{case} {protocol:?}");
        server.stop().await;
    }
    assert_eq!(tried, 2 * (5 + 3 + 3 + 2 + 2 * 2 + 2 * 3));
}

#[tokio::test]
async fn bad_34_credentials_in_the_query_count_for_nothing() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let signed = case.sign(&Wire::get("/"));
        let pairs = signed.headers.iter().map(|(name, value)| {
            let escape = |byte: &u8| format!("%{byte:02x}");
            let value: String = value.as_bytes().iter().map(escape).collect();
            format!("{name}={value}")
        });
        let query = pairs.collect::<Vec<_>>().join("&");
        let told = client.send(&Wire::get(&format!("/?{query}"))).await.told();
        assert_eq!(
            told,
            (401, "missing_credentials".to_owned()),
            "{case} {protocol:?}"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_11_credentials_of_two_kinds_are_ambiguous_even_if_both_are_good() {
    let cases = ["auth-key wiki", "hmac-auth sha256", "mac yar sha1"].map(Case::named);
    for protocol in Protocol::BOTH {
        let bench = Bench::new();
        let service = bench.any(&cases).layer(bench.echo.clone());
        let server = Server::start(service).await;
        let client = Client::connect(server.address(), protocol).await;
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let wire = Wire::get("/");
            let mut both = cases[one].sign(&wire);
            both.headers.extend(cases[other].sign(&wire).headers);
            let told = client.send(&both).await.told();
            assert_eq!(
                told,
                (400, "ambiguous_credentials".to_owned()),
                "{one} {other}"
            );
        }
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0));
        for case in &cases {
            let answer = client.send(&case.sign(&Wire::get("/"))).await;
            assert_eq!(
                (answer.status.as_u16(), answer.caller()),
                (200, case.principal())
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_18_and_22_long_and_unreadable_credentials_are_malformed() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let wire = case.sign(&Wire::get("/"));
        let header = case.credential_header();
        let credential = wire.value(header);
        let long = format!("{credential}{}", "x".repeat(4097));
        let unreadable = [credential.as_bytes(), b"\xff\xfe"].concat();
        for bad in [
            long.as_bytes(),
            &unreadable,
            format!("{credential}\t\"").as_bytes(),
        ] {
            let told = client.send(&wire.clone().set(header, bad)).await.told();
            assert_eq!(
                told,
                (401, "malformed_credentials".to_owned()),
                "{case} {protocol:?}"
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_93_a_nonce_that_was_signed_cannot_be_left_out() {
    let headers = ["x-mac-nonce", "x-hmac-nonce"];
    let mut tried = 0;
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let wire = case.sign_with_nonce(&Wire::get("/"));
        let mut without = Vec::new();
        for header in headers {
            if wire.headers.contains_key(header) {
                without.push(wire.clone().without(header));
            }
        }
        if let Some((before, rest)) = wire.value(case.credential_header()).split_once("nonce=\"") {
            let after = rest.split_once("\", ").unwrap().1;
            let credential = format!("{before}{after}");
            without.push(wire.clone().set(case.credential_header(), credential));
        }
        for wire in without {
            let answer = client.send(&wire).await;
            assert_eq!(answer.status, 401, "{case} {protocol:?}: {answer:?}");
            tried += 1;
        }
        assert_eq!(bench.echo.calls(), 0, "{case}");
        server.stop().await;
    }
    assert_eq!(tried, 2 * (3 + 2 + 4));
}
