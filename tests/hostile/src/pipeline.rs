//! From bytes on a connection through hyper and the layer to the service.

use std::cell::OnceCell;

use countersign_tests::{Bench, Case, Family, NOW, Seen, Wire};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::Runtime;
use tower::Layer as _;

use crate::cases;

const METHOD: &str = "POST";
const TARGET: &str = "/users/7?b=2&a=1";
const BODY: &str = "hello";
const NONCE: &str = "nonce-1";

/// One scheme of each family that may stand side by side.
const TOGETHER: [&str; 5] = [
    "auth-key wiki",
    "auth-key v3",
    "hmac-auth sha256",
    "moxie as built",
    "mac yar sha1",
];

/// A first byte below this picks a scheme, whose signed request is then edited as the other bytes
/// say: only what was signed may reach the service, and only once. With any other first byte all
/// bytes are sent as they are: nothing that nobody signed may reach it.
const EDITED: u8 = b' ';

/// Sends bytes to a server with the layer, over HTTP/1.1 or HTTP/2 as they begin.
pub fn pipeline(input: &[u8]) {
    match input.split_first() {
        Some((&first, edits)) if first < EDITED => {
            let case = &cases()[usize::from(first) % cases().len()];
            let signed = signed(case);
            let bytes = edited(signed.bytes(), edits);
            for seen in serve(&[case], &bytes) {
                assert_is_signed(case, &signed, &seen);
            }
        }
        _ => {
            let together = cases().iter().filter(|case| TOGETHER.contains(&case.name));
            let seen = serve(&together.collect::<Vec<_>>(), input);
            assert!(seen.is_empty(), "{seen:?}");
        }
    }
}

fn signed(case: &Case) -> Wire {
    let wire = Wire::new(METHOD, TARGET).body(BODY);
    let wire = wire.header("content-type", "text/plain");
    case.sign_as(&wire, &case.key(), NOW, Some(NONCE))
}

/// Four bytes to an edit: where (two of them), what, and with which byte.
fn edited(mut bytes: Vec<u8>, edits: &[u8]) -> Vec<u8> {
    for edit in edits.chunks_exact(4).take(16) {
        let at = usize::from(u16::from_be_bytes([edit[0], edit[1]]));
        let at = at % (bytes.len() + 1);
        let (what, byte) = (edit[2] % 6, edit[3]);
        match what {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => bytes[at] = byte,
            2 if at < bytes.len() => drop(bytes.remove(at)),
            // A line, or what is left of it, once more.
            3 => {
                let end = bytes[at..].iter().position(|&byte| byte == b'\n');
                let end = end.map_or(bytes.len(), |end| at + end + 1);
                let line = bytes[at..end].to_vec();
                bytes.splice(at..at, line);
            }
            4 => bytes.truncate(at),
            // The whole of it once more: a replay on the same connection.
            _ => bytes.extend_from_within(..at),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// What reached the service has everything that the scheme covers.
fn assert_is_signed(case: &Case, signed: &Wire, seen: &Seen) {
    assert_eq!(seen.principal.as_deref(), Some(case.principal()), "{case}");
    if case.family == Family::Basic {
        return; // it signs nothing
    }
    let target = seen.target.path_and_query().map_or("", |it| it.as_str());
    let same = match case.family {
        // It folds the case of everything.
        Family::Moxie(countersign::MoxieCanonical::AsDocumented) => {
            target.eq_ignore_ascii_case(TARGET) && seen.method.as_str().eq_ignore_ascii_case(METHOD)
        }
        _ => target == TARGET && seen.method == METHOD,
    };
    assert!(same, "{case}: {} {target}", seen.method);

    if !case.covers_body() {
        return;
    }
    let body = seen.body.as_ref().expect("it was verified before the call");
    match case.family {
        // Its ext joins the two without a separator.
        Family::MacYar => {
            let kind = |headers: &http::HeaderMap| {
                let kind = headers.get("content-type");
                kind.map_or(Vec::new(), |kind| kind.as_bytes().trim_ascii().to_vec())
            };
            let joined = [&kind(&seen.headers)[..], body].concat();
            let expected = [&kind(&signed.headers)[..], BODY.as_bytes()].concat();
            assert_eq!(joined, expected, "{case}");
        }
        _ => assert_eq!(body, BODY, "{case}"),
    }
}

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Sends `bytes` and the end of them, and waits for the connection to end. What the service saw.
fn serve(cases: &[&Case], bytes: &[u8]) -> Vec<Seen> {
    let bench = Bench::with_capacity(64);
    let service = bench.any(cases.iter().copied()).layer(bench.echo.clone());
    let remembers = cases.iter().all(|case| case.remembers());
    let (client, server) = tokio::io::duplex(1 << 20);
    RUNTIME.with(|runtime| {
        let runtime = runtime.get_or_init(|| {
            let runtime = tokio::runtime::Builder::new_current_thread();
            { runtime }.enable_all().build().expect("a runtime")
        });
        runtime.block_on(async {
            let builder = auto::Builder::new(TokioExecutor::new());
            let service = TowerToHyperService::new(service);
            let connection = builder.serve_connection(TokioIo::new(server), service);
            // How a connection ends is up to hyper; what is sent may be nothing at all.
            let (_, ()) = tokio::join!(connection, send(client, bytes));
        });
    });
    let seen = bench.echo.all();
    assert!(!remembers || seen.len() <= 1, "replayed: {seen:?}");
    seen
}

async fn send(mut client: DuplexStream, bytes: &[u8]) {
    // The server may be gone already.
    let _ = client.write_all(bytes).await;
    let _ = client.shutdown().await;
    let _ = client.read_to_end(&mut Vec::new()).await;
}
