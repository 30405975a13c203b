//! Framing on which two servers could disagree: hyper refuses it before the layer is asked, and
//! this pins that it does.

use countersign_tests::{Bench, Case, Protocol, Raw, Wire};

use crate::served;

/// Sends `bytes` on a connection of their own and gives the status line of the first answer.
async fn first_line(raw: &mut Raw, bytes: &[u8]) -> String {
    raw.send(bytes).await;
    raw.finish().await;
    let rest = raw.rest().await;
    rest.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn bad_181_ambiguous_framing_never_reaches_the_service() {
    let case = Case::named("auth-key wiki");
    let bench = Bench::new();
    let (server, _client) = served(&bench, &case, Protocol::Http1).await;
    let good = case.sign(&Wire::post("/", "hello"));
    let hostile = [
        good.clone()
            .header("content-length", "5")
            .header("content-length", "6"),
        good.clone().header("content-length", "5, 6"),
        good.clone().header("content-length", "+5"),
        good.clone()
            .header("content-length", "5")
            .header("transfer-encoding", "xchunked"),
        good.clone().header("transfer-encoding", "xchunked"),
        good.clone()
            .header("transfer-encoding", "chunked, identity"),
    ];
    for wire in hostile {
        let mut raw = Raw::connect(server.address()).await;
        let line = first_line(&mut raw, &wire.bytes()).await;
        assert!(line.starts_with("HTTP/1.1 400"), "{wire:?}: {line:?}");
    }
    assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0));
    server.stop().await;
}

#[tokio::test]
async fn bad_181_with_both_framings_the_chunks_are_the_body_and_nothing_follows_them() {
    let case = Case::named("auth-key wiki");
    let bench = Bench::new();
    let (server, _client) = served(&bench, &case, Protocol::Http1).await;
    let smuggled = case.sign(&Wire::get("/smuggled"));
    let wire = case.sign(&Wire::post("/", "hello"));
    let both = wire
        .header("content-length", "5")
        .header("transfer-encoding", "chunked");
    let mut bytes = both.head();
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes.extend(smuggled.bytes());
    let mut raw = Raw::connect(server.address()).await;
    let line = first_line(&mut raw, &bytes).await;
    assert!(line.starts_with("HTTP/1.1 4"), "{line:?}");
    assert_eq!(bench.echo.calls(), 0);
    server.stop().await;
}

#[tokio::test]
async fn bad_134_folded_bare_and_overlong_lines_never_reach_the_service() {
    let case = Case::named("hmac-auth sha256");
    let bench = Bench::new();
    let (server, _client) = served(&bench, &case, Protocol::Http1).await;
    let good = String::from_utf8(case.sign(&Wire::get("/")).bytes()).unwrap();
    let credential = case.credential_header();
    let hostile = [
        good.replace("\r\n\r\n", "\r\nx-folded: a\r\n b\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\nx-nul: a\0b\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\nx-bare: a\rb\r\n\r\n"),
        good.replace(&format!("{credential}:"), &format!("{credential} :")),
        good.replace("GET / HTTP", "GET  / HTTP"),
    ];
    for bytes in hostile {
        let mut raw = Raw::connect(server.address()).await;
        let line = first_line(&mut raw, bytes.as_bytes()).await;
        assert!(
            line.is_empty() || line.starts_with("HTTP/1.1 400"),
            "{bytes:?}: {line:?}"
        );
    }
    assert_eq!(bench.echo.calls(), 0);
    server.stop().await;
}

#[tokio::test]
async fn bad_181_an_overlong_chunk_extension_ends_the_request() {
    let case = Case::named("auth-key wiki");
    let bench = Bench::new();
    let (server, _client) = served(&bench, &case, Protocol::Http1).await;
    let wire = case
        .sign(&Wire::post("/", "hello"))
        .header("transfer-encoding", "chunked");
    let mut bytes = wire.head();
    bytes.extend_from_slice(b"5;");
    bytes.extend(std::iter::repeat_n(b'x', 32 * 1024));
    bytes.extend_from_slice(b"\r\nhello\r\n0\r\n\r\n");
    let mut raw = Raw::connect(server.address()).await;
    let line = first_line(&mut raw, &bytes).await;
    assert!(
        line.is_empty() || line.starts_with("HTTP/1.1 4"),
        "{line:?}"
    );
    assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0));
    server.stop().await;
}
