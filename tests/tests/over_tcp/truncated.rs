//! Bodies that end before their end.

use countersign_tests::{Bench, Case, Client, Protocol, Raw, Wire, broken};

use crate::{everywhere, served};

#[tokio::test]
async fn bad_157_a_connection_that_ends_within_the_body_calls_nobody() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, Protocol::Http1).await;
        let wire = case.sign(&Wire::post("/", "hello dave"));
        for framing in [
            wire.clone(),
            wire.clone().header("transfer-encoding", "chunked"),
        ] {
            let mut raw = Raw::connect(server.address()).await;
            raw.send(framing.head()).await;
            let chunked = framing.headers.contains_key("transfer-encoding");
            raw.send(if chunked { "a\r\nhello" } else { "hello" }).await;
            raw.finish().await;
            let rest = raw.rest().await;
            assert!(
                rest.is_empty() || rest.starts_with("HTTP/1.1 400 "),
                "{case}: {rest}"
            );
            assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
        }
        // The nonce is not spent: the same request passes as a whole.
        assert_eq!(client.send(&wire).await.status, 200, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_157_a_stream_that_is_reset_within_the_body_calls_nobody() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let sent = client.try_send(&wire, broken(&["hello"])).await;
        let status = sent.map(|response| response.status().as_u16());
        assert!(
            status.is_err() || matches!(status, Ok(400)),
            "{case} {protocol:?}: {status:?}"
        );

        let client = Client::connect(server.address(), protocol).await;
        assert_eq!(client.send(&wire).await.status, 200, "{case} {protocol:?}");
        assert_eq!(bench.echo.calls(), 1, "{case} {protocol:?}");
        server.stop().await;
    }
}
