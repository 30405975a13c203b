//! The gateway as forward authentication, asked by a proxy as nginx asks.

use std::io;

use countersign::RestartGuard;
use countersign_attack::{Attack, BoxFuture, Catalogue, Connect, Stream, Strictness};
use countersign_gateway::GatewayConfig;
use countersign_tests::{Bench, Case};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;

use crate::flaws;
use crate::gateway::{Running, SCHEMES};

/// A proxy in front, which turns every request into a question.
#[derive(Debug)]
struct Proxy(std::net::SocketAddr);

impl Connect for Proxy {
    fn connect(&self) -> BoxFuture<'_, io::Result<Box<dyn Stream>>> {
        let address = self.0;
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            let (near, far) = tokio::io::duplex(4 << 20);
            tokio::spawn(ask(far, stream));
            Ok(Box::new(near) as Box<dyn Stream>)
        })
    }
}

/// Reads a head, asks about it and passes the answer back.
async fn ask(mut client: DuplexStream, mut gateway: TcpStream) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
        if client.read_buf(&mut request).await? == 0 {
            break;
        }
    }
    gateway.write_all(&question(&request)).await?;
    let mut answer = Vec::new();
    gateway.read_to_end(&mut answer).await?;
    // Proxies know yes, 401 and 403: what is 400 elsewhere is 403 to them.
    if let Some(rest) = answer.strip_prefix(b"HTTP/1.1 403 Forbidden") {
        answer = [b"HTTP/1.1 400 Bad Request", rest].concat();
    }
    client.write_all(&answer).await?;
    client.shutdown().await
}

/// The question about `request`, as nginx writes it with the configuration in the documentation.
fn question(request: &[u8]) -> Vec<u8> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n");
    let head = &request[..end.unwrap_or(request.len())];
    let (line, headers) = match head.windows(2).position(|two| two == b"\r\n") {
        Some(at) => (&head[..at], &head[at..]),
        None => (head, &b""[..]),
    };
    let mut words = line.splitn(2, |byte| *byte == b' ');
    let method = words.next().unwrap_or_default();
    let rest = words.next().unwrap_or_default();
    let target = rest.rsplitn(2, |byte| *byte == b' ').last();
    [
        b"GET /verify HTTP/1.1\r\nX-Original-Method: ",
        method,
        b"\r\nX-Original-URI: ",
        target.unwrap_or_default(),
        b"\r\nX-Original-Content-Length: 0",
        headers,
        b"\r\n\r\n",
    ]
    .concat()
}

/// What a proxy reads itself: framing, bodies, fragments, and targets that it makes relative before it
/// asks. Of a second description of the request there are tests beside the gateway.
const NOT_ASKED: [&str; 18] = [
    "96-absolute-form",
    "119-fragment",
    "123-original-uri",
    "147-other-body",
    "150-every-method",
    "154-chunked",
    "154-chunked-other-body",
    "155-too-large",
    "157-cut",
    "160-encoded",
    "161-padding",
    "165-content-type",
    "180-upgrade",
    "181-two-lengths",
    "181-codings",
    "181-length-and-chunks",
    "181-chunk-sizes",
    "169-continue",
];

#[tokio::test]
async fn forward_auth_judges_every_request_that_a_proxy_can_ask_about_as_it_must() {
    let catalogue = Catalogue::requests().unwrap().without(&NOT_ASKED);
    let mut found = Vec::new();
    for (case, scheme) in SCHEMES {
        let case = Case::named(case);
        let bench = Bench::new();
        let config = GatewayConfig::forward_auth()
            .listen("127.0.0.1:0")
            .trusted_proxy("127.0.0.1")
            .scheme(scheme)
            .keys(case.static_keys())
            .restart_guard(RestartGuard::Off)
            .clock(bench.clock.clone());
        let gateway = Running::start(config).await;
        let address = gateway.address;
        let url = format!("http://{address}/").parse().unwrap();
        let attack = Attack::new(case.shared_scheme(), case.key(), &url)
            .unwrap()
            .strictness(Strictness::Exact)
            .clock(bench.clock.clone());
        let scorecard = attack.run(&catalogue, &Proxy(address)).await;
        found.extend(flaws(scheme, &scorecard));
        gateway.stop().await;
    }
    assert!(found.is_empty(), "{}", found.concat());
}
