//! The layer at the bottom of a stack of clients' layers.

use std::future::{Ready, ready};

use bytes::Bytes;
use countersign::sign::CallErrorKind;
use countersign::{Outcome, ResponseBody};
use countersign_tests::{Bench, Case, Protocol, Server};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::retry::{Policy, RetryLayer};
use tower::{ServiceBuilder, ServiceExt};
use tower_http::compression::CompressionLayer;
use tower_http::decompression::DecompressionLayer;
use tower_http::follow_redirect::FollowRedirectLayer;

use crate::{call, get, hyper_client, post, signing};

/// Tries again after a 5xx, and after an error of the client, never after one of signing.
#[derive(Clone)]
struct Twice(usize);

impl<A> Policy<Request<Full<Bytes>>, Response<A>, countersign::sign::CallError> for Twice {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _request: &mut Request<Full<Bytes>>,
        result: &mut Result<Response<A>, countersign::sign::CallError>,
    ) -> Option<Ready<()>> {
        let again = match result {
            Ok(response) => response.status().is_server_error(),
            Err(error) => error.kind() == CallErrorKind::Inner,
        };
        self.0 = self.0.checked_sub(usize::from(again))?;
        again.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn under_retries_redirects_and_decompression_every_attempt_verifies() {
    for case in Case::all() {
        for protocol in Protocol::BOTH {
            let bench = Bench::new();
            let (echo, clock) = (bench.echo.clone(), bench.clock.clone());
            let service = ServiceBuilder::new()
                .layer(CompressionLayer::new())
                .map_response(move |mut response: Response<ResponseBody<Full<Bytes>>>| {
                    let seen: &Outcome = response.extensions().get().unwrap();
                    assert_eq!(seen.reason(), None, "every attempt is good");
                    // HMAC-Auth has no nonce: signed in one second, two attempts are one.
                    clock.advance(1);
                    // The first fails, the second leads on, the third is the answer.
                    *response.status_mut() = match echo.calls() {
                        1 => StatusCode::BAD_GATEWAY,
                        2 => StatusCode::PERMANENT_REDIRECT,
                        _ => StatusCode::OK,
                    };
                    let headers = response.headers_mut();
                    headers.insert("content-type", HeaderValue::from_static("text/plain"));
                    headers.insert("location", HeaderValue::from_static("/after?moved"));
                    response
                })
                .layer(bench.layer(&case))
                .service(bench.echo.clone());
            let server = Server::start(service).await;
            let client = ServiceBuilder::new()
                .layer(DecompressionLayer::new())
                .layer(FollowRedirectLayer::new())
                .layer(RetryLayer::new(Twice(2)))
                .layer(signing(&case, &bench))
                .service(hyper_client(protocol));
            let text = "hello ".repeat(1000);
            let request = post(&format!("http://{}/", server.address()), &text);
            // A redirect of a POST with a body needs the body again; GET has none.
            let request = if protocol == Protocol::Http2 {
                get(&request.uri().to_string())
            } else {
                request
            };
            let response = client.oneshot(request).await.unwrap();
            let status = response.status();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            if protocol == Protocol::Http2 {
                assert_eq!((status.as_u16(), bench.echo.calls()), (200, 3), "{case}");
            } else {
                assert_eq!((status.as_u16(), bench.echo.calls()), (308, 2), "{case}");
                assert_eq!(body, text, "{case}: compressed on its way");
            }
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn an_error_of_signing_is_told_from_one_of_the_client() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let client = ServiceBuilder::new()
        .layer(RetryLayer::new(Twice(2)))
        .layer(signing(&case, &bench))
        .service(hyper_client(Protocol::Http1));
    // Nobody listens on port 1 of the loopback.
    let error = call(&client, get("http://127.0.0.1:1/")).await.unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Inner);
    let source = std::error::Error::source(&error).unwrap();
    assert!(
        source
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some()
    );
    let error = call(&client, get("http://127.0.0.1:1/a?"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Unsignable);
}
