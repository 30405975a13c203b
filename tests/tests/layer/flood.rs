//! A million requests with bad signatures.

use bytes::Bytes;
use countersign_tests::{Bench, Case, Wire};
use http::Request;
use http_body_util::Empty;
use tower::{Layer, Service, ServiceExt};

const REQUESTS: usize = 1_000_000;
const TASKS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_84_a_million_bad_signatures_leave_no_trace_in_the_replay_cache() {
    let (case, bench) = (Case::named("mac draft sha1"), Bench::new());
    let service = bench.layer(&case).layer(bench.echo.clone());
    let genuine = case.sign(&Wire::post("/", ""));
    let header = case.credential_header().to_owned();
    // Half of each credential is the same for all: only the nonce differs.
    let credential = case.sign_badly(&genuine).value(&header);
    let (before, rest) = credential.split_once("nonce=\"").unwrap();
    let (_, after) = rest.split_once('"').unwrap();

    let mut flood = Vec::new();
    for task in 0..TASKS {
        let mut service = service.clone();
        let (before, after) = (before.to_owned(), after.to_owned());
        let (head, ()) = genuine.http1(()).into_parts();
        flood.push(tokio::spawn(async move {
            let mut refused = 0;
            for number in 0..REQUESTS / TASKS {
                let value = format!("{before}nonce=\"{task}-{number}\"{after}");
                let mut request = Request::from_parts(head.clone(), Empty::new());
                request
                    .headers_mut()
                    .insert("authorization", value.parse().unwrap());
                let ready = ServiceExt::<Request<Empty<Bytes>>>::ready(&mut service).await;
                let response = ready.unwrap().call(request).await.unwrap();
                refused += usize::from(response.status() == 401);
            }
            refused
        }));
    }
    let mut refused = 0;
    for task in flood {
        refused += task.await.unwrap();
    }
    assert_eq!(
        (refused, bench.replay.len(), bench.echo.calls()),
        (REQUESTS, 0, 0)
    );

    // Nobody else's nonce was burnt either.
    let response = service.oneshot(genuine.request_in_memory()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(bench.replay.len(), 1);
}
