//! What goes into the head of a signed request, and what cannot.

use countersign::sign::{CallErrorKind, Rotating};
use countersign::{Basic, SignLayer, SigningKey};
use countersign_tests::{Bench, Case, NOW, Protocol};
use http::{HeaderValue, Method, Version};
use tower::Layer;

use crate::{Recorder, call, get, hyper_client, post, signing, verifying};

#[tokio::test]
async fn the_credential_is_marked_sensitive() {
    for case in Case::all() {
        let (bench, recorder) = (Bench::new(), Recorder::new());
        let service = signing(&case, &bench).layer(recorder.clone());
        call(&service, get("http://h/")).await.unwrap();
        let headers = recorder.last().headers;
        assert!(headers[case.credential_header()].is_sensitive(), "{case}");
    }
}

#[tokio::test]
async fn bad_134_no_value_can_carry_a_line_into_a_signed_request() {
    for value in ["a\r\nx-admin: 1", "a\r\n folded", "a\nb", "a\rb", "a\0b"] {
        assert!(
            HeaderValue::from_bytes(value.as_bytes()).is_err(),
            "{value:?}"
        );
        assert!(SigningKey::new(value, "a secret of enough bytes", "").is_err());
        assert!(Method::from_bytes(value.as_bytes()).is_err());
        assert!(format!("http://h/{value}").parse::<http::Uri>().is_err());
    }
}

#[tokio::test]
async fn what_the_service_would_refuse_is_not_sent() {
    let (case, bench, recorder) = (Case::named("auth-key wiki"), Bench::new(), Recorder::new());
    let service = signing(&case, &bench).layer(recorder.clone());
    let mut twice = get("http://h/");
    twice
        .headers_mut()
        .append("x-mac-role", HeaderValue::from_static("a"));
    twice
        .headers_mut()
        .append("x-mac-role", HeaderValue::from_static("b"));
    let mut alias = get("http://h/");
    alias
        .headers_mut()
        .append("x_mac_role", HeaderValue::from_static("a"));
    for request in [twice, alias, get("http://h/a?")] {
        let error = call(&service, request).await.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Unsignable);
        let mut told = format!("{error}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            told = format!("{told}: {cause}");
            source = cause.source();
        }
        assert!(told.contains("was not sent"), "{told}");
        assert!(told.len() > "the request was not sent: the request cannot be signed".len());
    }
    assert_eq!(recorder.heads().len(), 0);
}

#[tokio::test]
async fn headers_of_an_earlier_signature_are_replaced() {
    for case in Case::all() {
        let bench = Bench::new();
        let server = verifying(&case, &bench).await;
        let (layer, recorder) = (signing(&case, &bench), Recorder::new());
        let url = format!("http://{}/", server.address());
        call(&layer.layer(recorder.clone()), post(&url, "hello"))
            .await
            .unwrap();
        let mut again = get(&url);
        *again.headers_mut() = recorder.last().headers;
        let client = layer.layer(hyper_client(Protocol::Http1));
        let answer = call(&client, again).await.unwrap();
        assert_eq!(answer.status, 200, "{case}: {:?}", answer.body);
        server.stop().await;
    }
}

#[tokio::test]
async fn the_host_is_signed_as_it_is_sent() {
    for case in Case::all() {
        for protocol in Protocol::BOTH {
            let bench = Bench::new();
            let server = verifying(&case, &bench).await;
            let client = signing(&case, &bench).layer(hyper_client(protocol));
            let port = server.address().port();
            let mut request = get(&format!("HTTP://LocalHost:{port}"));
            if protocol == Protocol::Http1 {
                let host = format!("LOCALHOST:{port}").parse().unwrap();
                request.headers_mut().insert("host", host);
            }
            let answer = call(&client, request).await.unwrap();
            assert_eq!(answer.status, 200, "{case} {protocol:?}: {:?}", answer.body);
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn another_host_than_that_of_the_target_is_refused_unless_allowed() {
    for case in Case::all() {
        let bench = Bench::new();
        let server = verifying(&case, &bench).await;
        let request = || {
            let mut request = get(&format!("http://{}/", server.address()));
            let host = HeaderValue::from_static("api.example.org");
            request.headers_mut().insert("host", host);
            request
        };
        let refusing = signing(&case, &bench).layer(hyper_client(Protocol::Http1));
        let error = call(&refusing, request()).await.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Authority, "{case}");
        assert!(error.to_string().contains("allow_other_host"), "{error}");
        let allowing = signing(&case, &bench).allow_other_host();
        let allowing = allowing.layer(hyper_client(Protocol::Http1));
        assert_eq!(
            call(&allowing, request()).await.unwrap().status,
            200,
            "{case}"
        );
        assert_eq!(bench.echo.last().headers["host"], "api.example.org");
        server.stop().await;
    }
}

#[tokio::test]
async fn no_error_and_no_debug_shows_a_secret() {
    let secret = "an-api-key-that-is-a-secret";
    let key = || Basic::key(secret, String::new()).unwrap();
    let rotating = Rotating::new(key());
    let layer = SignLayer::new(Basic, rotating.clone());
    let service = layer.clone().layer(Recorder::new());
    rotating.rotate(key().not_after(NOW));
    let error = call(&service, get("http://h/")).await.unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Credentials);
    let shown = format!("{error} {error:?} {layer:?} {rotating:?}");
    assert!(!shown.contains(secret), "{shown}");
}

#[tokio::test]
async fn the_version_is_left_alone() {
    let (case, bench, recorder) = (Case::named("moxie as built"), Bench::new(), Recorder::new());
    let service = signing(&case, &bench).layer(recorder.clone());
    let mut request = get("https://h/");
    *request.version_mut() = Version::HTTP_2;
    call(&service, request).await.unwrap();
    assert_eq!(recorder.last().version, Version::HTTP_2);
    assert!(!recorder.last().headers.contains_key("host"));
}
