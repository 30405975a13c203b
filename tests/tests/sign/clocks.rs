//! Clocks that are wrong.

use bytes::Bytes;
use countersign::sign::{CallError, CallErrorKind, SignedBody};
use countersign::{BodyHasher, ManualClock};
use countersign_tests::{Bench, Case, NOW, Protocol, Server, outgoing};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_http::follow_redirect::FollowRedirectLayer;

use crate::{Recorder, call, get, hyper_client, post, signing_by, verifying};

const DAY: i64 = 86_400;
const OURS: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
const TOMORROW: &str = "Wed, 15 Nov 2023 22:13:20 GMT";

/// The schemes that sign a time.
fn timed() -> Vec<Case> {
    Case::signing()
}

#[tokio::test]
async fn a_client_whose_clock_is_a_day_off_succeeds_on_its_second_attempt_when_allowed() {
    for case in timed() {
        for protocol in Protocol::BOTH {
            for off in [-DAY, DAY] {
                let bench = Bench::new();
                let counted = Recorder::new();
                let server = Server::start(counting(&bench, &case, &counted)).await;
                let clock = ManualClock::new(NOW.plus(off));
                let layer = signing_by(&case, clock).adjust_clock();
                let client = layer.layer(hyper_client(protocol));
                let url = format!("http://{}/", server.address());
                let answer = call(&client, post(&url, "hello")).await.unwrap();
                assert_eq!(answer.status, 200, "{case} {off}: {:?}", answer.body);
                assert_eq!(bench.echo.last().body.unwrap(), "hello", "{case}");
                assert_eq!(
                    (counted.heads().len(), bench.echo.calls()),
                    (2, 1),
                    "{case}"
                );
                // From now on the first attempt is good.
                let answer = call(&client, get(&url)).await.unwrap();
                assert_eq!(answer.status, 200, "{case} {off}");
                assert_eq!(
                    (counted.heads().len(), bench.echo.calls()),
                    (3, 2),
                    "{case}"
                );
                server.stop().await;
            }
        }
    }
}

/// The verifying service, behind a recorder of what arrives.
fn counting(
    bench: &Bench,
    case: &Case,
    counted: &Recorder,
) -> impl tower::Service<
    Request<hyper::body::Incoming>,
    Response = Response<countersign::ResponseBody<Full<Bytes>>>,
    Error = std::convert::Infallible,
    Future: Send,
> + Clone
+ Send
+ 'static {
    let (verifying, counted) = (bench.layer(case).layer(bench.echo.clone()), counted.clone());
    service_fn(move |request: Request<hyper::body::Incoming>| {
        let (verifying, counted) = (verifying.clone(), counted.clone());
        async move {
            let (head, body) = request.into_parts();
            counted
                .oneshot(Request::from_parts(head.clone(), ()))
                .await?;
            verifying.oneshot(Request::from_parts(head, body)).await
        }
    })
}

#[tokio::test]
async fn when_not_allowed_it_fails_with_a_sentence_naming_both_times() {
    for case in timed() {
        let bench = Bench::new();
        bench.clock.advance(DAY);
        let server = verifying(&case, &bench).await;
        let layer = signing_by(&case, ManualClock::new(NOW));
        let client = layer.layer(hyper_client(Protocol::Http1));
        let url = format!("http://{}/", server.address());
        let error = call(&client, get(&url)).await.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::ClockOff, "{case}");
        let told = error.to_string();
        assert!(
            told.contains(OURS) && told.contains(TOMORROW),
            "{case}: {told}"
        );
        assert!(told.contains("adjust_clock"), "{told}");
        assert_eq!(bench.echo.calls(), 0);
        server.stop().await;
    }
}

/// Answers every request as a service whose clock shows tomorrow, which never comes.
fn always_tomorrow() -> Recorder {
    Recorder::answering(|_| stale(NOW.plus(DAY).as_unix()))
}

fn stale(server_time: i64) -> Response<Full<Bytes>> {
    let text = format!(r#"{{"code":"timestamp_expired","server_time":{server_time}}}"#);
    let response = Response::builder().status(401);
    let response = response.header("content-type", "application/problem+json");
    response.body(Full::from(text)).unwrap()
}

fn auth_key() -> Case {
    Case::named("auth-key wiki")
}

async fn refused(url: &str, inner: Recorder) -> (CallError, usize) {
    let layer = signing_by(&auth_key(), ManualClock::new(NOW)).adjust_clock();
    let error = call(&layer.layer(inner.clone()), get(url))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::ClockOff, "{error}");
    (error, inner.heads().len())
}

#[tokio::test]
async fn it_is_sent_twice_and_no_more() {
    let (error, attempts) = refused("https://api.example.org/", always_tomorrow()).await;
    assert!(error.to_string().contains("a second time"), "{error}");
    assert!(error.to_string().contains(TOMORROW), "{error}");
    assert_eq!(attempts, 2);
}

#[tokio::test]
async fn over_plain_http_nobody_is_followed() {
    let (error, attempts) = refused("http://api.example.org/", always_tomorrow()).await;
    assert!(error.to_string().contains("use https"), "{error}");
    assert_eq!(attempts, 1);
}

#[tokio::test]
async fn a_clock_beyond_48_hours_is_not_followed() {
    let far = || Recorder::answering(|_| stale(NOW.plus(2 * DAY + 1).as_unix()));
    let (error, attempts) = refused("https://api.example.org/", far()).await;
    assert!(error.to_string().contains("48 hours"), "{error}");
    assert_eq!(attempts, 1);
}

#[tokio::test]
async fn a_body_that_cannot_be_sent_twice_fails_once_and_passes_the_next_time() {
    let (case, bench) = (auth_key(), Bench::new());
    bench.clock.advance(DAY);
    let server = verifying(&case, &bench).await;
    let layer = signing_by(&case, ManualClock::new(NOW)).adjust_clock();
    let client = layer.layer(hyper_client(Protocol::Http1));
    let streamed = || {
        let mut hasher = BodyHasher::new(b"");
        hasher.update(b"hello");
        let frame = Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"hello")));
        let body = StreamBody::new(futures_util::stream::iter([frame]));
        let mut request = Request::post(format!("http://{}/", server.address()))
            .body(outgoing(body))
            .unwrap();
        request.extensions_mut().insert(hasher.finish());
        request
    };
    let error = call(&client, streamed()).await.unwrap_err();
    assert!(
        error.to_string().contains("send the request again"),
        "{error}"
    );
    let answer = call(&client, streamed()).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"hello"[..]));
    server.stop().await;
}

#[tokio::test]
async fn a_service_reached_through_a_redirect_does_not_set_the_clock_of_the_first() {
    let (case, clock) = (auth_key(), ManualClock::new(NOW));
    let home = "https://api.example.org/";
    let inner = service_fn(|request: Request<SignedBody<Full<Bytes>>>| async move {
        Ok::<_, std::convert::Infallible>(match request.uri().host() {
            Some("evil.example") => stale(NOW.plus(DAY).as_unix()),
            _ if request.uri().path() == "/leave" => Response::builder()
                .status(307)
                .header("location", "https://evil.example/")
                .body(Full::default())
                .unwrap(),
            _ => {
                let date = request.headers()["x-mac-date"].to_str().unwrap().to_owned();
                Response::new(Full::from(date))
            }
        })
    });
    for authorities in [
        &["https://api.example.org"][..],
        &["https://api.example.org", "https://evil.example"],
    ] {
        let layer = signing_by(&case, clock.clone()).adjust_clock();
        let client = ServiceBuilder::new()
            .layer(FollowRedirectLayer::new())
            .layer(layer.for_authorities(authorities).unwrap())
            .service(inner);
        // Unsigned, its complaint is none of ours; signed, it counts for itself alone.
        let led_away = call(&client, get(&format!("{home}leave"))).await;
        assert_eq!(led_away.is_err(), authorities.len() == 2);
        let answer = call(&client, get(home)).await.unwrap();
        assert_eq!(answer.body, OURS);
    }
}

#[tokio::test]
async fn each_adjustment_is_recorded() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let guard = metrics::set_default_local_recorder(&recorder);
    let _refused = refused("https://api.example.org/", always_tomorrow()).await;
    drop(guard);
    let metrics = snapshotter.snapshot().into_vec();
    let offsets = metrics.into_iter().find_map(|(key, _, _, value)| {
        (key.key().name() == "countersign_clock_offset_seconds").then_some(value)
    });
    let Some(DebugValue::Histogram(offsets)) = offsets else {
        panic!("{offsets:?}");
    };
    let [offset] = offsets[..] else {
        panic!("{offsets:?}");
    };
    assert_eq!(offset, 86_400.0);
}

#[tokio::test]
async fn any_other_refusal_is_an_answer_like_any_other() {
    for (status, code) in [(401, "invalid_credentials"), (401, "nonce_replayed")] {
        let text = format!(r#"{{"code":"{code}","server_time":1}}"#);
        let expected = text.clone();
        let inner = Recorder::answering(move |_| {
            let response = Response::builder().status(status);
            let response = response.header("content-type", "application/problem+json");
            response.body(Full::from(text.clone())).unwrap()
        });
        let layer = signing_by(&auth_key(), ManualClock::new(NOW)).adjust_clock();
        let answer = call(&layer.layer(inner.clone()), get("https://h/"))
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.body),
            (status, Bytes::from(expected))
        );
        assert_eq!(inner.heads().len(), 1);
    }
}
