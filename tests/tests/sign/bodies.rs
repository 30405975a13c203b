//! Bodies: hashed in memory, covered by a digest given ahead, or not sent.

use bytes::Bytes;
use countersign::sign::CallErrorKind;
use countersign::{BodyDigest, BodyHasher};
use countersign_tests::{
    Bench, Case, Outgoing, Protocol, Scripted, Step, broken, outgoing, unsized_body,
};
use http::Request;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use tower::Layer;

use crate::{Recorder, call, get, hyper_client, post, signing, verifying};

const MEBIBYTE: usize = 1 << 20;

fn streamed(pieces: usize) -> Outgoing {
    let piece = Bytes::from(vec![b'x'; MEBIBYTE]);
    let frames = (0..pieces).map(move |_| Ok::<_, std::io::Error>(Frame::data(piece.clone())));
    outgoing(StreamBody::new(futures_util::stream::iter(frames)))
}

fn request(url: &str, body: Outgoing) -> Request<Outgoing> {
    let request = Request::post(url).header("content-type", " text/plain");
    request.body(body).unwrap()
}

#[tokio::test]
async fn a_large_body_is_streamed_under_a_digest_given_ahead() {
    for case in Case::all() {
        for protocol in Protocol::BOTH {
            let bench = Bench::new();
            let layer = bench.layer(&case).max_body(4 << 20);
            let server = countersign_tests::Server::start(layer.layer(bench.echo.clone())).await;
            let client = signing(&case, &bench).layer(hyper_client(protocol));
            let url = format!("http://{}/", server.address());
            let mut hasher = BodyHasher::new(b"text/plain");
            for _ in 0..3 {
                hasher.update(&vec![b'x'; MEBIBYTE]);
            }
            let mut upload = request(&url, streamed(3));
            upload.extensions_mut().insert(hasher.finish());
            let answer = call(&client, upload).await.unwrap();
            assert_eq!(answer.status, 200, "{case} {protocol:?}: {:?}", answer.body);
            assert_eq!(bench.echo.last().body.unwrap().len(), 3 * MEBIBYTE);
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn bad_149_a_body_that_cannot_be_hashed_is_not_sent_unsigned() {
    for case in Case::all() {
        let (bench, recorder) = (Bench::new(), Recorder::new());
        let service = signing(&case, &bench).layer(recorder.clone());
        let answer = call(&service, request("http://h/", streamed(2))).await;
        match answer {
            Err(error) => {
                assert!(case.covers_body(), "{case}");
                assert_eq!(error.kind(), CallErrorKind::BodyTooLarge, "{case}");
                assert_eq!(recorder.heads().len(), 0, "{case}");
            }
            // The scheme has no place for a digest, so the body need not be known.
            Ok(answer) => {
                assert!(!case.covers_body(), "{case}");
                assert_eq!(answer.status, 200);
            }
        }
    }
}

#[tokio::test]
async fn the_wrong_digest_for_the_scheme_is_an_error_that_says_which() {
    for case in Case::all() {
        let (bench, recorder) = (Bench::new(), Recorder::new());
        let service = signing(&case, &bench).layer(recorder.clone());
        let mut upload = request("http://h/", streamed(2));
        upload.extensions_mut().insert(BodyDigest::new());
        if let Err(error) = call(&service, upload).await {
            let source = std::error::Error::source(&error)
                .expect("a source")
                .to_string();
            assert!(source.contains("BodyDigest::"), "{case}: {source}");
            assert_eq!(error.kind(), CallErrorKind::Unsignable);
            assert!(case.covers_body(), "{case}");
            assert_eq!(recorder.heads().len(), 0, "{case}");
        }
    }
}

#[tokio::test]
async fn bad_147_a_digest_of_another_body_is_refused_by_the_service() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let server = verifying(&case, &bench).await;
    let client = signing(&case, &bench).layer(hyper_client(Protocol::Http1));
    let mut upload = post(&format!("http://{}/", server.address()), "hullo");
    let mut hasher = BodyHasher::new(b"");
    hasher.update(b"hello");
    upload.extensions_mut().insert(hasher.finish());
    assert_eq!(call(&client, upload).await.unwrap().status, 401);
    assert_eq!(bench.echo.calls(), 0);
    server.stop().await;
}

#[tokio::test]
async fn a_body_of_unknown_length_is_hashed_and_sent_with_its_length() {
    for case in Case::all() {
        let bench = Bench::new();
        let server = verifying(&case, &bench).await;
        let client = signing(&case, &bench).layer(hyper_client(Protocol::Http1));
        let url = format!("http://{}/", server.address());
        let answer = call(
            &client,
            request(&url, outgoing(unsized_body([Bytes::from("hello")]))),
        )
        .await;
        assert_eq!(answer.unwrap().status, 200, "{case}");
        let seen = bench.echo.last();
        assert_eq!(seen.body.unwrap(), "hello", "{case}");
        let length = seen
            .headers
            .get("content-length")
            .map(|v| v.as_bytes().to_vec());
        assert_eq!(
            length.as_deref(),
            case.covers_body().then_some(&b"5"[..]),
            "{case}"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_body_that_breaks_is_an_error_and_nothing_is_sent() {
    let (case, bench, recorder) = (Case::named("auth-key wiki"), Bench::new(), Recorder::new());
    let service = signing(&case, &bench).layer(recorder.clone());
    let error = call(&service, request("http://h/", outgoing(broken(&["hel"])))).await;
    assert_eq!(error.unwrap_err().kind(), CallErrorKind::Body);
    assert_eq!(recorder.heads().len(), 0);
}

#[tokio::test]
async fn the_limit_is_a_setting() {
    let (case, bench, recorder) = (Case::named("auth-key wiki"), Bench::new(), Recorder::new());
    let small = signing(&case, &bench).max_buffered_body(4);
    let service = small.layer(recorder.clone());
    assert!(call(&service, post("http://h/", "12345")).await.is_err());
    assert_eq!(
        call(&service, post("http://h/", "1234"))
            .await
            .unwrap()
            .status,
        200
    );
    let large = signing(&case, &bench).max_buffered_body(3 << 20);
    let service = large.layer(recorder.clone());
    let answer = call(&service, request("http://h/", streamed(3))).await;
    assert_eq!(answer.unwrap().status, 200);
}

#[tokio::test]
async fn trailers_stay_but_are_not_covered() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let trailing = tower::service_fn(
        |request: Request<countersign::sign::SignedBody<Scripted>>| async move {
            let collected = request.into_body().collect().await.expect("a body");
            let trailers = collected.trailers().cloned().expect("trailers");
            assert_eq!(trailers["x-checksum"], "1");
            Ok::<_, std::convert::Infallible>(http::Response::new(Full::from(collected.to_bytes())))
        },
    );
    let service = signing(&case, &bench).layer(trailing);
    let trailers = http::HeaderMap::from_iter([(
        http::HeaderName::from_static("x-checksum"),
        http::HeaderValue::from_static("1"),
    )]);
    let body = Scripted::new([Step::data("hello"), Step::Trailers(trailers)]);
    let request = Request::post("http://h/").body(body).unwrap();
    let answer = call(&service, request).await.unwrap();
    assert_eq!(answer.body, "hello");
}

#[tokio::test]
async fn a_digest_beside_an_empty_body_is_not_signed() {
    for case in Case::all() {
        let bench = Bench::new();
        let server = verifying(&case, &bench).await;
        let client = signing(&case, &bench).layer(hyper_client(Protocol::Http1));
        let mut request = get(&format!("http://{}/", server.address()));
        assert!(request.body().is_end_stream());
        let mut hasher = BodyHasher::new(b"");
        hasher.update(b"of the request before the redirect");
        request.extensions_mut().insert(hasher.finish());
        assert_eq!(call(&client, request).await.unwrap().status, 200, "{case}");
        server.stop().await;
    }
}
