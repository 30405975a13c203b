//! tower's contract of readiness, and back pressure.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign::VerifiedBody;
use countersign_tests::{Bench, Case, Wire, call, within};
use futures_util::FutureExt;
use futures_util::future::{Ready, ready};
use http::{Request, Response};
use http_body_util::Full;
use tokio::sync::Notify;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

/// A service that panics when it is called without having been polled ready; a clone never is.
#[derive(Debug, Default)]
struct Touchy {
    ready: bool,
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<B> Service<Request<VerifiedBody<B>>> for Touchy {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<VerifiedBody<B>>) -> Self::Future {
        assert!(self.ready, "called unready");
        self.ready = false;
        ready(Ok(Response::new(Full::default())))
    }
}

#[tokio::test]
async fn bad_184_the_service_that_was_polled_ready_is_the_one_that_is_called() {
    for case in Case::all() {
        let bench = Bench::new();
        let mut service = bench.layer(&case).layer(Touchy::default());
        for number in 0..3 {
            let wire = case.sign(&Wire::post(&format!("/{number}"), "hello"));
            let bad = case.sign_badly(&wire);
            for (wire, status) in [(wire, 200), (bad, 401)] {
                let request = wire.request_in_memory();
                let ready = ServiceExt::<Request<Full<Bytes>>>::ready(&mut service).await;
                let response = ready.unwrap().call(request).await.unwrap();
                assert_eq!(response.status(), status, "{case}");
            }
        }
        // Clones of a service in use start from the beginning.
        let wire = case.sign(&Wire::get("/"));
        assert_eq!(
            call(&service.clone(), wire.request_in_memory())
                .await
                .status,
            200,
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_184_back_pressure_reaches_the_caller_and_ends_with_the_answer() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let (arrived, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (arrived_inside, go_inside) = (Arc::clone(&arrived), Arc::clone(&go));
    let waiting = service_fn(move |_: Request<VerifiedBody<Full<Bytes>>>| {
        let (arrived, go) = (Arc::clone(&arrived_inside), Arc::clone(&go_inside));
        async move {
            arrived.notify_one();
            go.notified().await;
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }
    });
    let service = ServiceBuilder::new()
        .layer(bench.layer(&case))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(waiting);

    let first = case.sign(&Wire::get("/first")).request_in_memory();
    let first = tokio::spawn(service.clone().oneshot(first));
    within("the first call", arrived.notified()).await;
    let mut second = service.clone();
    assert!(
        second.ready().now_or_never().is_none(),
        "there is no place free"
    );
    go.notify_one();
    assert_eq!(
        within("the first answer", first)
            .await
            .unwrap()
            .unwrap()
            .status(),
        200
    );

    let ready = within("a free place", second.ready()).await.unwrap();
    go.notify_one();
    let answering = ready.call(case.sign(&Wire::get("/second")).request_in_memory());
    assert_eq!(
        within("the second answer", answering)
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn a_refused_request_gives_its_place_back() {
    let (case, bench) = (Case::named("moxie as built"), Bench::new());
    let service = ServiceBuilder::new()
        .layer(bench.layer(&case))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(bench.echo.clone());
    for _ in 0..10 {
        let bad = case.sign_badly(&Wire::get("/"));
        assert_eq!(call(&service, bad.request_in_memory()).await.status, 401);
    }
    let dropped = service
        .clone()
        .oneshot(case.sign(&Wire::get("/")).request_in_memory());
    drop(dropped);
    let good = case.sign(&Wire::get("/"));
    assert_eq!(call(&service, good.request_in_memory()).await.status, 200);
}

#[tokio::test]
async fn a_service_that_cannot_become_ready_fails_before_anything_is_verified() {
    #[derive(Clone)]
    struct Gone(Arc<AtomicBool>);

    impl<B> Service<Request<B>> for Gone {
        type Response = Response<Full<Bytes>>;
        type Error = &'static str;
        type Future = Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Err("gone"))
        }

        fn call(&mut self, _request: Request<B>) -> Self::Future {
            self.0.store(true, Ordering::SeqCst);
            ready(Err("called"))
        }
    }

    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let called = Arc::new(AtomicBool::new(false));
    let service = bench.layer(&case).layer(Gone(Arc::clone(&called)));
    let wire = case.sign(&Wire::post("/", "hello"));
    let answered = service.oneshot(wire.request_in_memory()).await;
    assert_eq!(answered.map(|response| response.status()), Err("gone"));
    assert!(!called.load(Ordering::SeqCst));
    assert!(bench.replay.is_empty());
}
