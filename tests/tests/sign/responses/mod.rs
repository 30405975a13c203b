//! Signed responses, between the two layers and over TCP.

mod refused;
mod round_trip;
mod settings;

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use countersign::sign::response::ResponseFault;
use countersign::sign::{CallError, CallErrorKind};
use countersign::{
    AuthKey, KeySet, ResponseForm, ResponseToSign, SignResponseLayer, SigningKey, Timestamp,
    VerifyResponseLayer,
};
use countersign_tests::{Bench, Case, NOW, Protocol, Server};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::{hyper_client, signing};

/// The headers of ours in a signed response.
const OURS: [&str; 5] = [
    "auth-key",
    "x-mac-date",
    "x-mac-request-signature",
    "x-mac-status",
    "x-mac-content-sha256",
];

fn wiki() -> Case {
    Case::named("auth-key wiki")
}

fn large() -> Bytes {
    Bytes::from(vec![b'x'; 100 * 1024])
}

/// What the service behind the layers answers, by path.
fn handle(path: &str) -> Response<Full<Bytes>> {
    let answer = Response::builder().header("x-mac-role", "admin");
    let (status, body) = match path {
        "/empty" => (200, Bytes::new()),
        "/204" => (204, Bytes::new()),
        "/304" => (304, Bytes::new()),
        "/404" => (404, Bytes::from_static(b"no such thing")),
        "/500" => (500, Bytes::from_static(b"broken")),
        "/large" => (200, large()),
        _ => (200, Bytes::from_static(b"hello")),
    };
    let mut answer = answer.status(status).body(Full::from(body)).unwrap();
    let headers = answer.headers_mut();
    match path {
        // What a careless service might send along.
        "/ours" => {
            for name in OURS {
                headers.append(name, HeaderValue::from_static("one"));
                headers.append(name, HeaderValue::from_static("two"));
            }
        }
        "/repeated" => {
            headers.append("x-mac-role", HeaderValue::from_static("user"));
        }
        "/304" => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("5"));
        }
        _ => {}
    }
    answer
}

fn signing_answers(bench: &Bench) -> SignResponseLayer {
    SignResponseLayer::new().clock(bench.clock.clone())
}

fn service<B>()
-> impl Service<Request<B>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ 'static {
    tower::service_fn(|request: Request<B>| ready(Ok(handle(request.uri().path()))))
}

async fn server(bench: &Bench, layer: SignResponseLayer) -> Server {
    Server::start(bench.layer(&wiki()).layer(layer.layer(service()))).await
}

/// The same without signed answers.
async fn plain_server(bench: &Bench) -> Server {
    Server::start(bench.layer(&wiki()).layer(service())).await
}

fn verifying_answers(bench: &Bench) -> VerifyResponseLayer<KeySet> {
    VerifyResponseLayer::new(wiki().key()).clock(bench.clock.clone())
}

type Whole = Response<Bytes>;

/// Signs `request`, lets `meddle` change the answer on its way, and verifies it.
async fn call_through(
    bench: &Bench,
    protocol: Protocol,
    layer: VerifyResponseLayer<KeySet>,
    request: Request<Full<Bytes>>,
    meddle: impl Fn(&HeaderMap, &mut Response<Bytes>) + Clone + Send + Sync + 'static,
) -> Result<Whole, CallError> {
    let client = hyper_client(protocol);
    let meddled = tower::service_fn(move |request: Request<_>| {
        let (client, meddle) = (client.clone(), meddle.clone());
        async move {
            let sent = request.headers().clone();
            let (head, body) = client.oneshot(request).await?.into_parts();
            let body = body.collect().await.expect("a whole answer").to_bytes();
            let mut answer = Response::from_parts(head, body);
            meddle(&sent, &mut answer);
            Ok::<_, hyper_util::client::legacy::Error>(answer.map(Full::from))
        }
    });
    let client = ServiceBuilder::new()
        .layer(signing(&wiki(), bench))
        .layer(layer)
        .service(meddled);
    read(client, request).await
}

/// The answer, read to its end.
async fn read<S, A>(mut client: S, request: Request<Full<Bytes>>) -> Result<Whole, S::Error>
where
    S: Service<Request<Full<Bytes>>, Response = Response<A>>,
    A: http_body::Body<Data = Bytes>,
    A::Error: std::fmt::Debug,
{
    let answering = async {
        let (head, body) = client.ready().await?.call(request).await?.into_parts();
        let body = body.collect().await.expect("a whole answer");
        assert!(body.trailers().is_none());
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    countersign_tests::within("the answer", answering).await
}

/// What is wrong with the answer, by the error.
fn fault(outcome: Result<Whole, CallError>) -> ResponseFault {
    let error = outcome.expect_err("the answer is refused");
    assert_eq!(error.kind(), CallErrorKind::Answer);
    error.refused_answer().expect("why").fault()
}

/// Signs an answer anew, as whoever has `key` could.
fn sign_anew(key: &SigningKey, sent: &HeaderMap, answer: &mut Response<Bytes>, at: Timestamp) {
    let scheme = AuthKey::default();
    let mut hasher = countersign::ResponseHasher::default();
    hasher.update(answer.body());
    let to_sign = ResponseToSign {
        request_signature: scheme.signature_in(sent).expect("a signed request"),
        status: answer.status(),
        body_sha256: hasher.finish(),
        at,
    };
    scheme
        .dress_response(key, answer.headers_mut(), &to_sign, ResponseForm::default())
        .unwrap();
}

/// Signs an answer as the page describes it and no more.
fn sign_unbound(answer: &mut Response<Bytes>) {
    let (scheme, key) = (AuthKey::default(), wiki().key());
    let headers = answer.headers_mut();
    scheme.undress_response(headers);
    let date = HeaderValue::from_str(&NOW.to_string()).unwrap();
    headers.insert("x-mac-date", date);
    let signature = scheme
        .sign_response(&key, headers, "", ResponseForm::default())
        .unwrap();
    let credential = format!("MAC {}:{signature}", key.id());
    headers.insert("auth-key", credential.parse().unwrap());
}

fn request(method: &str, server: &Server, path: &str) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method);
    let request = request.uri(format!("http://{}{path}", server.address()));
    request.body(Full::default()).unwrap()
}

fn is_signed_once(answer: &Whole) -> bool {
    let once = |name: &str| answer.headers().get_all(name).iter().count() == 1;
    let status = answer.headers().get("x-mac-status");
    OURS.into_iter().all(once)
        && status.is_some_and(|status| status == answer.status().as_str())
        && answer.status() != StatusCode::SWITCHING_PROTOCOLS
}
