//! A redirect to somebody else carries nothing of ours.

use bytes::Bytes;
use countersign::{KeySet, SignLayer};
use countersign_tests::{Bench, Case, Protocol, Server};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceBuilder};
use tower_http::follow_redirect::FollowRedirectLayer;

use crate::{Recorder, call, get, hyper_client, post, signing, verifying};

fn redirect_to(url: String) -> Recorder {
    redirect(StatusCode::TEMPORARY_REDIRECT, url)
}

fn redirect(status: StatusCode, url: String) -> Recorder {
    Recorder::answering(move |_| {
        let response = Response::builder().status(status).header("location", &url);
        response.body(Full::default()).unwrap()
    })
}

fn ours(headers: &HeaderMap) -> Vec<String> {
    let names = headers.keys().map(|name| name.as_str().to_owned());
    names
        .filter(|name| {
            name.starts_with("x-mac-")
                || [
                    "auth-key",
                    "hmac-auth",
                    "authorization",
                    "x-moxie-key",
                    "x-hmac-nonce",
                ]
                .contains(&name.as_str())
        })
        .collect()
}

fn only_for(layer: SignLayer<KeySet>, server: &Server) -> SignLayer<KeySet> {
    let address = server.address().to_string();
    layer.for_authorities([address]).unwrap()
}

#[tokio::test]
async fn a_redirect_to_another_authority_carries_no_credentials() {
    for case in Case::all() {
        for protocol in Protocol::BOTH {
            let (bench, stranger) = (Bench::new(), Recorder::new());
            let elsewhere = Server::start(stranger.clone()).await;
            let there = redirect_to(format!("http://{}/stolen", elsewhere.address()));
            let server = Server::start(there.clone()).await;
            let client = ServiceBuilder::new()
                .layer(FollowRedirectLayer::new())
                .layer(only_for(signing(&case, &bench), &server))
                .service(hyper_client(protocol));
            let url = format!("http://{}/", server.address());
            let answer = call(&client, get(&url)).await.unwrap();
            assert_eq!(answer.status, 200, "{case}");
            assert_ne!(
                ours(&there.last().headers),
                [""; 0],
                "{case}: signed at first"
            );
            assert_eq!(ours(&stranger.last().headers), [""; 0], "{case}");
            elsewhere.stop().await;
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn credentials_of_an_earlier_signature_do_not_go_elsewhere_either() {
    for case in Case::all() {
        let (bench, stranger) = (Bench::new(), Recorder::new());
        let layer = signing(&case, &bench);
        let inside = layer.clone().for_authorities(["api.example.org"]).unwrap();
        // Signed once outside, as if the layers were in the wrong order, and then sent elsewhere.
        let service = ServiceBuilder::new()
            .layer(layer)
            .layer(inside)
            .service(stranger.clone());
        let answer = call(&service, post("http://evil.example/", "hello"))
            .await
            .unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(ours(&stranger.last().headers), [""; 0], "{case}");
    }
}

#[tokio::test]
async fn what_was_never_ours_is_passed_on_elsewhere_untouched() {
    let (bench, stranger) = (Bench::new(), Recorder::new());
    let layer = signing(&Case::named("mac yar sha1"), &bench);
    let layer = layer.for_authorities(["api.example.org"]).unwrap();
    let service = layer.layer(stranger.clone());
    let mut request = get("HTTP://Other.example:80/a");
    let bearer = "Bearer somebody-else's".parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    let before = request.headers().clone();
    call(&service, request).await.unwrap();
    assert_eq!(stranger.last().headers, before);
    assert_eq!(stranger.last().uri.authority().unwrap(), "Other.example:80");
}

#[tokio::test]
async fn a_redirect_to_the_same_authority_is_signed_anew() {
    for case in Case::all() {
        let bench = Bench::new();
        let target = verifying(&case, &bench).await;
        let there = redirect(
            StatusCode::SEE_OTHER,
            format!("http://{}/after?x=1", target.address()),
        );
        let server = Server::start(there).await;
        let layer = signing(&case, &bench);
        let both = [server.address(), target.address()].map(|address| address.to_string());
        let client = ServiceBuilder::new()
            .layer(FollowRedirectLayer::new())
            .layer(layer.for_authorities(both).unwrap())
            .service(hyper_client(Protocol::Http1));
        // A POST that becomes a GET: nothing of its body may be left in what is signed.
        let url = format!("http://{}/", server.address());
        let mut request = post(&url, "hello");
        let stale = "1B2M2Y8AsgTpgAmY7PhCfg==".parse().unwrap();
        request.headers_mut().insert("x-mac-content-md5", stale);
        let answer = call(&client, request).await.unwrap();
        assert_eq!(answer.status, 200, "{case}: {:?}", answer.body);
        let seen = bench.echo.last();
        assert_eq!((seen.method.as_str(), seen.body), ("GET", Ok(Bytes::new())));
        target.stop().await;
        server.stop().await;
    }
}

#[tokio::test]
async fn a_downgrade_to_plain_http_is_not_signed_when_tls_was_named() {
    let (bench, stranger) = (Bench::new(), Recorder::new());
    let layer = signing(&Case::named("auth-key wiki"), &bench);
    let layer = layer.for_authorities(["https://api.example.org"]).unwrap();
    let service = layer.layer(stranger.clone());
    call(&service, get("https://api.example.org/"))
        .await
        .unwrap();
    assert!(!ours(&stranger.last().headers).is_empty());
    call(&service, get("http://api.example.org/"))
        .await
        .unwrap();
    assert!(ours(&stranger.last().headers).is_empty());
}
