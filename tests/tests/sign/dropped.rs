//! A call that is given up leaves nothing half done, wherever it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use countersign::sign::{CredentialError, CredentialSource, SignedBody};
use countersign::{AuthKey, KeySet, SignLayer};
use countersign_tests::{Bench, Case, Outgoing, outgoing, pending};
use futures_util::{FutureExt, StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use tower::limit::ConcurrencyLimitLayer;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

/// Gives its key only after having been polled a few times.
struct Slow(Case);

impl CredentialSource for Slow {
    type Principal = String;

    async fn credentials(&self) -> Result<KeySet, CredentialError> {
        pending(2).await;
        Ok(self.0.key().into())
    }
}

fn slow_post() -> Request<Outgoing> {
    let frames = stream::iter(["he", "llo"]).then(|text| async move {
        pending(1).await;
        Ok::<_, std::io::Error>(Frame::data(Bytes::from(text)))
    });
    let body = StreamBody::new(frames);
    Request::post("https://h/").body(outgoing(body)).unwrap()
}

#[tokio::test]
async fn dropped_at_any_await_it_gives_its_place_back_and_the_next_call_is_whole() {
    let case = Case::named("auth-key wiki");
    let bench = Bench::new();
    let called = Arc::new(AtomicUsize::new(0));
    let inner = {
        let called = Arc::clone(&called);
        service_fn(move |request: Request<SignedBody<Outgoing>>| {
            let called = Arc::clone(&called);
            async move {
                assert!(request.headers().contains_key("auth-key"), "never unsigned");
                pending(2).await;
                called.fetch_add(1, Ordering::SeqCst);
                Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
            }
        })
    };
    let layer = SignLayer::new(AuthKey::default(), Slow(case)).clock(bench.clock.clone());
    let mut service = ServiceBuilder::new()
        .layer(layer.adjust_clock())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(inner);
    let mut polls = 0;
    loop {
        let ready = service.ready().now_or_never().expect("the permit is free");
        let mut calling = ready.unwrap().call(slow_post());
        let mut answered = false;
        for _ in 0..=polls {
            if (&mut calling).now_or_never().is_some() {
                answered = true;
                break;
            }
        }
        drop(calling);
        let calls = called.load(Ordering::SeqCst);
        assert_eq!(calls, usize::from(answered), "after {polls} polls");
        if answered {
            break;
        }
        polls += 1;
        assert!(polls < 100, "it never answers");
    }
    assert!(
        polls >= 6,
        "body, key and client each had to be waited for: {polls}"
    );
}
