//! The signing layer around real clients, against the verifying layer and against verifiers that
//! know nothing of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![allow(clippy::arithmetic_side_effects)]

mod bodies;
mod clocks;
mod dropped;
mod headers;
mod independent;
mod keys;
mod nonces;
mod openssl;
mod readiness;
mod redirects;
mod reqwest_client;
mod responses;
mod round_trip;
mod stack;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use countersign::{Clock, KeySet, SignLayer};
use countersign_tests::{Bench, Case, Protocol, Server, within};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::{Layer, Service, ServiceExt};

/// A hyper client with a pool.
fn hyper_client<B>(protocol: Protocol) -> Client<HttpConnector, B>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    Client::builder(TokioExecutor::new())
        .http2_only(protocol == Protocol::Http2)
        .build_http()
}

/// Signs as `case` does, by the clock of `bench`.
fn signing(case: &Case, bench: &Bench) -> SignLayer<KeySet> {
    signing_by(case, bench.clock.clone())
}

fn signing_by(case: &Case, clock: impl Clock) -> SignLayer<KeySet> {
    SignLayer::new(case.any_scheme(), case.key()).clock(clock)
}

/// A server that verifies as `case` does.
async fn verifying(case: &Case, bench: &Bench) -> Server {
    Server::start(bench.layer(case).layer(bench.echo.clone())).await
}

/// An answer, read to its end.
#[derive(Debug)]
struct Read {
    status: u16,
    caller: String,
    body: Bytes,
}

/// Calls `service`, and reads the answer.
async fn call<S, B, A>(service: &S, request: Request<B>) -> Result<Read, S::Error>
where
    S: Service<Request<B>, Response = Response<A>> + Clone,
    A: http_body::Body<Data = Bytes>,
    A::Error: std::fmt::Debug,
{
    let answering = async {
        let (head, body) = service.clone().oneshot(request).await?.into_parts();
        let caller = head.headers.get("x-caller");
        Ok(Read {
            status: head.status.as_u16(),
            caller: caller.map_or("", |name| name.to_str().unwrap()).to_owned(),
            body: body.collect().await.expect("a whole answer").to_bytes(),
        })
    };
    within("the answer", answering).await
}

fn get(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).unwrap()
}

fn post(url: &str, body: &str) -> Request<Full<Bytes>> {
    let body = Full::from(body.to_owned());
    let request = Request::post(url).header("content-type", "text/plain");
    request.body(body).unwrap()
}

/// Remembers the heads of requests, and answers all of them in the same way.
#[derive(Clone)]
struct Recorder {
    heads: Arc<Mutex<Vec<http::request::Parts>>>,
    answer: Arc<dyn Fn(usize) -> Response<Full<Bytes>> + Send + Sync>,
}

impl Recorder {
    /// Answers 200.
    fn new() -> Self {
        Self::answering(|_| Response::new(Full::default()))
    }

    /// Answers the request with each number, from 0, as told.
    fn answering(answer: impl Fn(usize) -> Response<Full<Bytes>> + Send + Sync + 'static) -> Self {
        Self {
            heads: Arc::default(),
            answer: Arc::new(answer),
        }
    }

    fn heads(&self) -> Vec<http::request::Parts> {
        self.heads.lock().unwrap().clone()
    }

    fn last(&self) -> http::request::Parts {
        self.heads().pop().expect("it was called")
    }
}

impl<B> Service<Request<B>> for Recorder {
    type Response = Response<Full<Bytes>>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(
        &mut self,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut heads = self.heads.lock().unwrap();
        heads.push(request.into_parts().0);
        std::future::ready(Ok((self.answer)(heads.len() - 1)))
    }
}
