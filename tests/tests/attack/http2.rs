//! What of the catalogue can be told over HTTP/2, and what only HTTP/2 can tell, frame by frame.

use std::net::SocketAddr;
use std::time::Duration;

use countersign::RestartGuard;
use countersign_gateway::GatewayConfig;
use countersign_tests::{Bench, Case, Echo, Server, Wire};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::gateway::Running;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:status: 200`, which is one byte of HPACK.
const OK: u8 = 0x88;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    Refused,
    Reset,
    /// The connection was ended.
    Ended,
}

/// A connection on which a test writes whatever frames it likes.
struct Frames(TcpStream);

impl Frames {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut frames = Self(stream);
        frames
            .0
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .unwrap();
        assert!(frames.send(SETTINGS, 0, 0, &[]).await);
        frames
    }

    /// Whether it could be sent: a server that has had enough closes.
    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.0.write_all(&frame).await.is_ok()
    }

    async fn ask(&mut self, stream: u32, fields: &[(String, Vec<u8>)]) {
        let block = hpack(fields);
        let mut pieces = block.chunks(16_384).peekable();
        let mut kind = HEADERS;
        while let Some(piece) = pieces.next() {
            let mut flags = if kind == HEADERS { END_STREAM } else { 0 };
            if pieces.peek().is_none() {
                flags |= END_HEADERS;
            }
            self.send(kind, flags, stream, piece).await;
            kind = CONTINUATION;
        }
    }

    /// The next frame; `None` at the end.
    async fn next(&mut self) -> Option<(u8, u8, Vec<u8>)> {
        let reading = async {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.0.read_exact(&mut payload).await.ok()?;
            Some((head[3], head[4], payload))
        };
        let read = tokio::time::timeout(Duration::from_secs(20), reading).await;
        read.expect("an answer, or the end of the connection")
    }

    async fn outcome(&mut self) -> Outcome {
        loop {
            match self.next().await {
                Some((HEADERS, _, block)) if block.first() == Some(&OK) => {
                    return Outcome::Accepted;
                }
                Some((HEADERS, ..)) => return Outcome::Refused,
                Some((RST_STREAM, ..)) => return Outcome::Reset,
                Some((SETTINGS, flags, _)) if flags & ACK == 0 => {
                    self.send(SETTINGS, ACK, 0, &[]).await;
                }
                Some((GOAWAY, ..)) | None => return Outcome::Ended,
                Some(_) => {}
            }
        }
    }
}

/// Every field as a literal with a name of its own (RFC 7541, 6.2.2), so that nothing is checked on
/// this side.
fn hpack(fields: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut block = Vec::new();
    let text = |block: &mut Vec<u8>, bytes: &[u8]| {
        match bytes.len().checked_sub(127) {
            None => block.push(u8::try_from(bytes.len()).unwrap()),
            Some(mut rest) => {
                block.push(127);
                while rest >= 128 {
                    block.push(u8::try_from(rest % 128).unwrap() | 128);
                    rest /= 128;
                }
                block.push(u8::try_from(rest).unwrap());
            }
        }
        block.extend(bytes);
    };
    for (name, value) in fields {
        block.push(0);
        text(&mut block, name.as_bytes());
        text(&mut block, value);
    }
    block
}

/// The fields of a request that is good, each time another.
fn good(case: &Case) -> Vec<(String, Vec<u8>)> {
    let wire = case.sign(&Wire::get("/users?page=2"));
    let pseudo = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", &wire.host),
        (":path", "/users?page=2"),
    ];
    let pseudo = pseudo.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let headers = wire.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    pseudo.into_iter().chain(headers).collect()
}

struct Attacked {
    case: Case,
    echo: Echo,
    behind: Server,
    gateway: Running,
}

impl Attacked {
    async fn start() -> Self {
        let case = Case::named("moxie as built");
        let bench = Bench::new();
        let echo = bench.echo.clone();
        let behind = Server::start(echo.clone()).await;
        let config = GatewayConfig::reverse_proxy(format!("http://{}", behind.address()))
            .listen("127.0.0.1:0")
            .scheme("moxie")
            .keys(case.static_keys())
            .restart_guard(RestartGuard::Off)
            .clock(bench.clock.clone());
        let gateway = Running::start(config).await;
        Self {
            case,
            echo,
            behind,
            gateway,
        }
    }

    async fn connect(&self) -> Frames {
        Frames::connect(self.gateway.address).await
    }

    /// What becomes of the good request after `edit`, on a connection of its own.
    async fn after(&self, edit: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> Outcome {
        let mut fields = good(&self.case);
        edit(&mut fields);
        let mut frames = self.connect().await;
        frames.ask(1, &fields).await;
        frames.outcome().await
    }

    async fn stop(self) {
        self.gateway.stop().await;
        self.behind.stop().await;
    }
}

fn field(name: &str, value: &str) -> (String, Vec<u8>) {
    (name.to_owned(), value.as_bytes().to_vec())
}

#[tokio::test]
async fn bad_9_and_127_over_http2_no_pseudo_header_is_there_twice_or_missing_or_late() {
    let attacked = Attacked::start().await;
    assert_eq!(attacked.after(|_| {}).await, Outcome::Accepted);
    let calls = attacked.echo.calls();
    for name in [":method", ":scheme", ":authority", ":path", ":status", ":x"] {
        let outcome = attacked
            .after(|fields| fields.insert(4, field(name, "/other")))
            .await;
        assert!(
            matches!(outcome, Outcome::Reset | Outcome::Ended),
            "{name} more: {outcome:?}"
        );
        let outcome = attacked
            .after(|fields| fields.push(field(name, "/other")))
            .await;
        assert!(
            matches!(outcome, Outcome::Reset | Outcome::Ended),
            "{name} late: {outcome:?}"
        );
    }
    for index in [0, 1, 3] {
        let outcome = attacked.after(|fields| drop(fields.remove(index))).await;
        assert_ne!(outcome, Outcome::Accepted, "without {index}");
    }
    let none = attacked.after(|fields| drop(fields.remove(2))).await;
    assert_eq!(none, Outcome::Refused, "without :authority and host");
    assert_eq!(attacked.echo.calls(), calls);
    attacked.stop().await;
}

#[tokio::test]
async fn bad_20_and_181_over_http2_names_in_upper_case_and_fields_of_connections_are_malformed() {
    let attacked = Attacked::start().await;
    for (name, value) in [
        ("X-Moxie-Key", "example-id"),
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "websocket"),
        ("te", "gzip"),
        ("x y", "z"),
        ("x-line", "a\r\nb: c"),
        ("x-nul", "\0"),
        ("", "x"),
    ] {
        let outcome = attacked
            .after(|fields| fields.push(field(name, value)))
            .await;
        let refused = matches!(outcome, Outcome::Reset | Outcome::Ended);
        assert!(refused, "{name:?}: {value:?}: {outcome:?}");
    }
    assert_eq!(attacked.echo.calls(), 0);
    attacked.stop().await;
}

#[tokio::test]
async fn bad_18_over_http2_a_list_of_headers_beyond_the_limit_is_refused() {
    let attacked = Attacked::start().await;
    let large = "x".repeat(80 << 10);
    let one = attacked
        .after(|fields| fields.push(field("x-large", &large)))
        .await;
    assert_ne!(one, Outcome::Accepted);
    let many = attacked
        .after(|fields| {
            fields.extend((0..5000).map(|number| field(&format!("x-{number}"), "y")));
        })
        .await;
    assert_ne!(many, Outcome::Accepted);
    assert_eq!(attacked.echo.calls(), 0);
    attacked.stop().await;
}

#[tokio::test]
async fn bad_18_over_http2_a_head_that_never_ends_is_cut_off() {
    let attacked = Attacked::start().await;
    let mut frames = attacked.connect().await;
    let piece = hpack(&[field("x-large", &"x".repeat(16_000))]);
    assert!(
        frames
            .send(HEADERS, END_STREAM, 1, &hpack(&good(&attacked.case)))
            .await
    );
    let mut sent = 0;
    // 64 MiB, a thousand times what a head may have.
    while sent < 4096 && frames.send(CONTINUATION, 0, 1, &piece).await {
        sent += 1;
    }
    assert!(sent < 4096, "all of it was read");
    assert_eq!(attacked.echo.calls(), 0);
    assert_eq!(attacked.after(|_| {}).await, Outcome::Accepted);
    attacked.stop().await;
}

#[tokio::test]
async fn bad_183_over_http2_streams_that_are_reset_at_once_end_the_connection() {
    let attacked = Attacked::start().await;
    let mut frames = attacked.connect().await;
    let block = hpack(&good(&attacked.case));
    let mut stream = 1;
    let flags = END_STREAM | END_HEADERS;
    while stream < 40_000
        && frames.send(HEADERS, flags, stream, &block).await
        && frames
            .send(RST_STREAM, 0, stream, &8_u32.to_be_bytes())
            .await
    {
        stream += 2;
    }
    // It has told so, unless the connection broke under what was still being sent.
    let ended = async { while frames.next().await.is_some_and(|(kind, ..)| kind != GOAWAY) {} };
    ended.await;
    assert!(
        attacked.echo.calls() <= 1,
        "of copies of one request one may pass"
    );
    assert_eq!(attacked.after(|_| {}).await, Outcome::Accepted);
    attacked.stop().await;
}
