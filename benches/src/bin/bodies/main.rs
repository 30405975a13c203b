//! Bodies through the layer, buffered and streamed, beside the bare digest of the same bytes.
//!
//! Exits with 0, or with 2 when something could not be measured.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign::{AuthKey, AuthKeyLayer, Clock, StaticKeys, Timestamp, VerifiedBody};
use countersign_benches::Result;
use countersign_benches::contest::{Contest, Once};
use countersign_benches::goal::{self, Goal};
use countersign_benches::requests::{self, NOW, Received};
use countersign_benches::traffic::Traffic;
use futures_util::{FutureExt as _, stream};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Empty, StreamBody};
use sha2::{Digest, Sha256};
use tower_layer::Layer as _;
use tower_service::Service;

const KIB: usize = 1024;

const SIZES: [usize; 5] = [0, 4 * KIB, 64 * KIB, 1024 * KIB, 16 * 1024 * KIB];

/// How much of a body a server reads at once.
const PIECE: usize = 16 * KIB;

const ROUNDS: usize = 31;

fn main() -> ExitCode {
    goal::exit("bodies", measure())
}

fn measure() -> Result<Goal> {
    println!("Bodies under Auth-Key, in pieces of 16 KiB; median of {ROUNDS} interleaved rounds");
    for size in SIZES {
        let mut contest = Contest::new();
        let body = vec![7; size];
        let raw = contest.enter("raw", digest(body.clone()));
        let buffered = contest.enter("buffered", through(&layer()?, &body)?);
        let streamed = contest.enter("streamed", through(&layer()?.stream_bodies(), &body)?);
        let results = contest.run(ROUNDS)?;
        println!(
            "  {:>6} KiB  SHA-256 alone {:>9.1} µs  buffered {:>9.1} µs  streamed {:>9.1} µs",
            size / KIB,
            results.nanoseconds(raw) / 1e3,
            results.nanoseconds(buffered) / 1e3,
            results.nanoseconds(streamed) / 1e3,
        );
    }
    Ok(Goal::Met)
}

fn digest(body: Vec<u8>) -> Once<'static> {
    Box::new(move || {
        black_box(Sha256::digest(black_box(&body)));
        true
    })
}

fn layer() -> Result<AuthKeyLayer<StaticKeys, Traffic>> {
    let layer = AuthKeyLayer::new(requests::keys(requests::BUSY)?)
        .replay(Traffic::with_live(1_000)?)
        .clock(Stopped)
        // There is no runtime here that could have a timer.
        .without_body_deadline()
        .max_body(64 * 1024 * 1024);
    layer.check()?;
    Ok(layer)
}

fn through(layer: &AuthKeyLayer<StaticKeys, Traffic>, body: &[u8]) -> Result<Once<'static>> {
    let mut service = layer.layer(Reader);
    let received = Received::post(&AuthKey::default(), 0, Bytes::from(body.to_vec()))?;
    Ok(Box::new(move || {
        let mut rest = received.body.clone();
        let pieces = std::iter::from_fn(move || {
            let piece = rest.split_to(rest.len().min(PIECE));
            (!piece.is_empty()).then(|| Ok::<_, Infallible>(Frame::data(piece)))
        });
        let mut request = Request::new(StreamBody::new(stream::iter(pieces)));
        *request.method_mut() = received.method.clone();
        *request.uri_mut() = received.target.clone();
        *request.headers_mut() = received.headers.clone();
        let answered = service.call(request).now_or_never();
        answered.is_some_and(|answered| {
            answered.is_ok_and(|response| response.status() == StatusCode::OK)
        })
    }))
}

#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Reads each body to its end.
#[derive(Clone, Copy, Debug)]
struct Reader;

impl<B> Service<Request<VerifiedBody<B>>> for Reader
where
    VerifiedBody<B>: Body<Data = Bytes>,
    B: Send + 'static,
{
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future =
        Pin<Box<dyn Future<Output = std::result::Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<VerifiedBody<B>>) -> Self::Future {
        Box::pin(async move {
            let mut body = Box::pin(request.into_body());
            let mut response = Response::new(Empty::new());
            while let Some(frame) = body.frame().await {
                if frame.is_err() {
                    *response.status_mut() = StatusCode::BAD_REQUEST;
                }
            }
            Ok(response)
        })
    }
}
