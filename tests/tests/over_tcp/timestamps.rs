//! Old requests, early requests, and the edges between them and fresh ones.

use countersign::{Timestamp, Window};
use countersign_tests::{Bench, Case, Client, NOW, Protocol, Wire};

use crate::{serve, served};

/// What a request signed `offset` seconds after now is told.
async fn told(client: &Client, case: &Case, offset: i64) -> (u16, String) {
    let wire = Wire::post(&format!("/at?{offset}"), "hello");
    client
        .send(&case.sign_at(&wire, NOW.plus(offset)))
        .await
        .told()
}

fn seconds(length: std::time::Duration) -> i64 {
    length.as_secs().try_into().unwrap()
}

#[tokio::test]
async fn bad_62_to_66_both_edges_of_the_window_are_inside_and_the_next_seconds_are_not() {
    for case in Case::signing() {
        for protocol in Protocol::BOTH {
            let bench = Bench::new();
            let (server, client) = served(&bench, &case, protocol).await;
            let window = case.scheme().default_window();
            let (past, future) = (seconds(window.past()), seconds(window.future()));
            for inside in [-past, 1 - past, -1, 0, 1, future] {
                assert_eq!(told(&client, &case, inside).await.0, 200, "{case} {inside}");
            }
            let calls = bench.echo.calls();
            for (outside, code) in [
                (-past - 1, "timestamp_expired"),
                (-past * 100, "timestamp_expired"),
                (future + 1, "timestamp_in_future"),
                (future * 100, "timestamp_in_future"),
            ] {
                let told = told(&client, &case, outside).await;
                assert_eq!(
                    told,
                    (401, code.to_owned()),
                    "{case} {protocol:?} {outside}"
                );
            }
            assert_eq!(bench.echo.calls(), calls, "{case}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn a_window_that_was_set_replaces_that_of_every_scheme() {
    let second = std::time::Duration::from_secs(1);
    let window = Window::new(second * 3, second * 2).unwrap();
    for case in Case::signing() {
        let bench = Bench::new();
        let layer = bench.layer(&case).window(window);
        let (server, client) = serve(&bench, layer, Protocol::Http1).await;
        let mut statuses = Vec::new();
        for offset in [-4, -3, 2, 3] {
            statuses.push(told(&client, &case, offset).await.0);
        }
        assert_eq!(statuses, [401, 200, 200, 401], "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_80_a_stale_request_is_told_the_time_and_no_signature() {
    for case in Case::signing() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, Protocol::Http1).await;
        let stale = case.sign_at(&Wire::get("/"), NOW.plus(-86_400));
        let answer = client.send(&stale).await;
        let json = answer.json();
        assert_eq!(json["server_time"], NOW.as_unix(), "{case}");
        let window = case.scheme().default_window();
        assert_eq!(json["window"]["past"], window.past().as_secs(), "{case}");
        let shown = format!("{answer:?}");
        assert!(!shown.contains(&case.signature(&stale)), "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_74_and_75_a_fresh_date_that_is_not_signed_refreshes_nothing() {
    for case in Case::signing() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, Protocol::Http1).await;
        let old = NOW.plus(-86_400);
        let stale = case.sign_at(&Wire::get("/"), old);
        let signs_date = stale.headers.get("date").is_some() && !has(&stale, "x-mac-date");
        let mut wire = stale.header("x-date", NOW.to_string());
        if !signs_date {
            wire = wire.set("date", NOW.to_string());
        }
        let told = client.send(&wire).await.told();
        assert_eq!(told, (401, "timestamp_expired".to_owned()), "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_75_an_unsigned_date_may_not_contradict_the_signed_one() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let (server, client) = served(&bench, &case, Protocol::Http1).await;
    for (offset, code) in [
        (300, ""),
        (301, "invalid_timestamp"),
        (-301, "invalid_timestamp"),
    ] {
        let date = NOW.plus(offset).to_string();
        let wire = case.sign(&Wire::get("/")).set("date", date);
        assert_eq!(client.send(&wire).await.told().1, code, "{offset}");
    }
    server.stop().await;
}

#[tokio::test]
async fn bad_79_no_clock_is_learnt_from_a_client() {
    for case in Case::signing() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, Protocol::Http1).await;
        for _ in 0..3 {
            assert_eq!(
                told(&client, &case, -31_536_000).await.1,
                "timestamp_expired",
                "{case}"
            );
        }
        assert_eq!(told(&client, &case, 0).await.0, 200, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_67_to_72_times_that_cannot_be_read_are_refused() {
    for (case, protocol) in Case::signing()
        .into_iter()
        .flat_map(|case| Protocol::BOTH.map(|protocol| (case.clone(), protocol)))
    {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let good = case.sign(&Wire::get("/"));
        let spelt = [NOW.to_string(), NOW.as_unix().to_string()];
        for bad in [
            "",
            "abc",
            "-1",
            "1e9",
            "12.5",
            "99999999999999999999",
            "Fri Nov 15 06:25:24 2013",
        ] {
            let mut wire = good.clone();
            for (name, value) in &good.headers {
                let mut text = value.to_str().unwrap().to_owned();
                for time in &spelt {
                    text = text.replace(time, bad);
                }
                wire = wire.set(name.as_str(), text);
            }
            let answer = client.send(&wire).await;
            assert_eq!(answer.status, 401, "{case} {bad:?}: {answer:?}");
        }
        assert_eq!(bench.echo.calls(), 0, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn the_time_is_that_of_the_clock_of_the_layer() {
    let (case, bench) = (Case::named("mac yar sha1"), Bench::new());
    let (server, client) = served(&bench, &case, Protocol::Http1).await;
    let wire = case.sign(&Wire::get("/"));
    bench.clock.set(Timestamp::from_unix(0));
    assert_eq!(client.send(&wire).await.told().1, "timestamp_in_future");
    bench.clock.set(NOW.plus(31));
    assert_eq!(client.send(&wire).await.told().1, "timestamp_expired");
    bench.clock.set(NOW);
    assert_eq!(client.send(&wire).await.status, 200);
    server.stop().await;
}

fn has(wire: &Wire, name: &str) -> bool {
    wire.headers.contains_key(name)
}
