//! Whatever is signed, verifies: every scheme, any request, both versions of HTTP, over TCP.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign::sign::SignedBody;
use countersign::{Sign, SignLayer};
use countersign_tests::{Bench, Case, Outgoing, Protocol, Server, outgoing};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tower::Layer;

use crate::{call, hyper_client, signing, verifying};

type Signing = Sign<Client<HttpConnector, SignedBody<Outgoing>>, countersign::KeySet>;

/// A request that any client might send.
#[derive(Clone, Debug)]
struct Drawn {
    method: String,
    host: String,
    target: String,
    headers: BTreeMap<String, Vec<u8>>,
    content_type: Option<String>,
    frames: Vec<Vec<u8>>,
    sized: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let method = prop_oneof![
        prop::sample::select(vec![
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"
        ])
        .prop_map(str::to_owned),
        "[A-Z]{2,7}X",
    ];
    let host = prop::sample::select(vec!["127.0.0.1", "localhost", "LOCALhost"]);
    let path = "(/([a-zA-Z0-9._~!$&'()*+,;=:@|-]|%[0-9A-Fa-f]{2}){0,6}){1,4}";
    let query = "[a-zA-Z0-9=&+/?%.;:-]{1,16}";
    let target = (path, prop::option::of(query)).prop_map(|(path, query)| match query {
        Some(query) => format!("{path}?{query}"),
        None => path,
    });
    let byte = prop_oneof![8 => 0x20..0x7f_u8, 1 => Just(b'\t'), 1 => 0x80..0xff_u8];
    let headers = btree_map("x-(mac|other)-z[a-z0-9]{0,6}", vec(byte, 0..24), 0..5);
    let content_type = prop::option::of("[ -~]{0,20}");
    let frames = vec(vec(any::<u8>(), 0..1500), 0..4);
    (
        method,
        host,
        target,
        headers,
        content_type,
        frames,
        any::<bool>(),
    )
        .prop_map(
            |(method, host, target, headers, content_type, frames, sized)| Drawn {
                // The service echoes the body, and the answer to a HEAD must have none.
                frames: if method == "HEAD" { Vec::new() } else { frames },
                method,
                host: host.to_owned(),
                target,
                headers,
                content_type,
                sized,
            },
        )
}

impl Drawn {
    fn request(&self, port: u16) -> Request<Outgoing> {
        // hyper sends no body of unknown length with a GET.
        let sized = self.sized || self.method == "GET";
        let body = if sized {
            outgoing(Full::new(Bytes::from(self.frames.concat())))
        } else {
            let frames = self.frames.clone().into_iter();
            let frames = frames.map(|data| Ok::<_, std::io::Error>(Frame::data(data.into())));
            outgoing(StreamBody::new(futures_util::stream::iter(frames)))
        };
        let url = format!("http://{}:{port}{}", self.host, self.target);
        let mut request = Request::new(body);
        *request.method_mut() = Method::from_bytes(self.method.as_bytes()).unwrap();
        *request.uri_mut() = url.parse().unwrap();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            let value = HeaderValue::from_bytes(value).unwrap();
            request.headers_mut().insert(name, value);
        }
        if let Some(content_type) = &self.content_type {
            let value = HeaderValue::from_str(content_type).unwrap();
            request.headers_mut().insert("content-type", value);
        }
        request
    }
}

struct Place {
    case: Case,
    protocol: Protocol,
    bench: Bench,
    server: Server,
    client: Signing,
}

impl Place {
    async fn open(case: Case, protocol: Protocol) -> Self {
        let bench = Bench::new();
        let server = verifying(&case, &bench).await;
        let layer: SignLayer<_> = signing(&case, &bench);
        let client = layer.layer(hyper_client(protocol));
        Self {
            case,
            protocol,
            bench,
            server,
            client,
        }
    }

    async fn check(&self, drawn: &Drawn) {
        let here = format!("{} {:?} {drawn:?}", self.case, self.protocol);
        let request = drawn.request(self.server.address().port());
        let answer = call(&self.client, request).await;
        let answer = answer.unwrap_or_else(|error| panic!("{here}: {error:?}"));
        assert_eq!(answer.status, 200, "{here}: {:?}", answer.body);
        assert_eq!(answer.caller, self.case.principal(), "{here}");
        let seen = self.bench.echo.last();
        assert_eq!(seen.body.unwrap(), drawn.frames.concat(), "{here}");
        assert_eq!(seen.method.as_str(), drawn.method, "{here}");
        let target = seen.target.path_and_query().unwrap();
        assert_eq!(target.as_str(), drawn.target, "{here}");
    }
}

#[test]
fn whatever_is_signed_verifies_under_every_scheme_and_over_both_versions() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let places = runtime.block_on(async {
        let mut places = Vec::new();
        for case in Case::all() {
            for protocol in Protocol::BOTH {
                places.push(Place::open(case.clone(), protocol).await);
            }
        }
        places
    });
    let mut runner = TestRunner::new(Config::with_cases(64));
    let result = runner.run(&drawn(), |drawn| {
        runtime.block_on(async {
            for place in &places {
                place.check(&drawn).await;
            }
        });
        Ok(())
    });
    result.unwrap_or_else(|failed| panic!("{failed}"));
}
