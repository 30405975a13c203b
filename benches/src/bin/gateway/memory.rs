//! Memory of the gateway under many connections, one that never ends its request, and an upload
//! far larger than memory should be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use countersign_benches::child::Child;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Request};
use http_body::Frame;
use http_body_util::StreamBody;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Barrier, watch};
use tokio::task::JoinSet;
use tokio::time;

use crate::client::{self, Connection, Credentials, Signer};
use crate::roles::Role;
use crate::{Goal, Result, upstream};

const CONNECTIONS: usize = 1_000;

/// How often each connection is used: the gateway closes one that is idle for 30 s.
const USED_EVERY: Duration = Duration::from_secs(10);

const GIB: u64 = 1024 * 1024 * 1024;
const UPLOAD_GIB: u64 = 2;
const PIECE: usize = 64 * 1024;
const PIECES_PER_GIB: u64 = GIB / (64 * 1024);
const TARGET: &str = "/upload";

/// How often the slow client sends a byte.
const BYTE_EVERY: Duration = Duration::from_millis(500);

/// The gateway ends a connection whose head takes longer than 30 s; the rest is for a busy machine.
const CUT_WITHIN: Duration = Duration::from_secs(45);

const MOST_MIB: f64 = 100.0;

/// Prints the table, and says whether the goals are met.
///
/// # Errors
/// When a part cannot be started, or answers what it should not.
pub(crate) async fn measure() -> Result<Goal> {
    let echo = Child::start(Role::Upstream.name(), None)?;
    let gateway = Child::start(Role::Streaming.name(), Some(echo.address()))?;
    let address = gateway.address();
    let signer = Arc::new(Signer::new()?);
    println!("Memory of the gateway, resident");
    report(&gateway, "idle")?;

    let slow = tokio::spawn(slow_client(address));
    let (done, stop) = watch::channel(());
    let everybody = Arc::new(Barrier::new(CONNECTIONS.saturating_add(1)));
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (signer, everybody, stop) = (Arc::clone(&signer), Arc::clone(&everybody), stop.clone());
        clients.spawn(keep_using(address, signer, everybody, stop));
    }
    tokio::select! {
        _ = everybody.wait() => {}
        Some(ended) = clients.join_next() => return Err(early(ended?)),
    }
    report(&gateway, "1,000 connections, each used, and a slow client")?;

    let started = Instant::now();
    upload(address, &signer).await?;
    let took = started.elapsed().as_secs_f64();
    let what = format!("the same and {UPLOAD_GIB} GiB streamed, in {took:.0} s");
    report(&gateway, &what)?;

    let slow = slow.await??;
    drop(done);
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let peak = mib(gateway.memory()?.peak);
    let memory = Goal::of(peak < MOST_MIB);
    println!("  peak of all: {peak:.1} MiB, goal < {MOST_MIB:.0}: {memory}");
    let cut = Goal::of(slow.is_some());
    match slow {
        Some(after) => print!("  slow client cut after {:.0} s", after.as_secs_f64()),
        None => print!("  slow client still connected"),
    }
    println!(", goal < {} s: {cut}", CUT_WITHIN.as_secs());
    Ok(memory.and(cut))
}

fn report(gateway: &Child, what: &str) -> Result<()> {
    let memory = gateway.memory()?;
    let (now, peak) = (mib(memory.now), mib(memory.peak));
    println!("  {what:<50} {now:>6.1} MiB  peak so far {peak:>6.1} MiB");
    Ok(())
}

fn mib(kib: u32) -> f64 {
    f64::from(kib) / 1024.0
}

fn early(ended: Result<()>) -> Box<dyn std::error::Error + Send + Sync> {
    match ended {
        Err(error) => error,
        Ok(()) => "a connection ended before all were open".into(),
    }
}

/// A connection that is open until the end, and used now and then. All have had their first
/// answer before any sends its second request.
async fn keep_using(
    address: SocketAddr,
    signer: Arc<Signer>,
    everybody: Arc<Barrier>,
    mut stop: watch::Receiver<()>,
) -> Result<()> {
    const TARGET: &str = "/kept";
    let expected = upstream::echoed(TARGET, 0);
    let mut connection = Connection::open(address).await?;
    let request = signer.get(TARGET, Credentials::Signed)?;
    connection.send(request, &expected).await?;
    everybody.wait().await;
    while time::timeout(USED_EVERY, stop.changed()).await.is_err() {
        let request = signer.get(TARGET, Credentials::Signed)?;
        connection.send(request, &expected).await?;
    }
    Ok(())
}

/// One byte of a head after the other. How long until the gateway had enough, if it had.
async fn slow_client(address: SocketAddr) -> Result<Option<Duration>> {
    let stream = TcpStream::connect(address).await?;
    let started = Instant::now();
    let (mut read, mut write) = stream.into_split();
    let mut head = b"GET /slow HTTP/1.1\r\nX-Slow: ".iter().copied();
    let sending = async {
        loop {
            if write.write_u8(head.next().unwrap_or(b'a')).await.is_err() {
                return;
            }
            time::sleep(BYTE_EVERY).await;
        }
    };
    let mut answer = Vec::new();
    let cut = async {
        tokio::select! {
            () = sending => {}
            _ = read.read_to_end(&mut answer) => {}
        }
    };
    let cut = time::timeout(CUT_WITHIN, cut).await;
    Ok(cut.ok().map(|()| started.elapsed()))
}

/// Zeros, signed by their digest ahead of them.
async fn upload(address: SocketAddr, signer: &Signer) -> Result<()> {
    let length = UPLOAD_GIB.saturating_mul(GIB);
    let pieces = UPLOAD_GIB.saturating_mul(PIECES_PER_GIB);
    let piece = Bytes::from(vec![0; PIECE]);
    let mut digest = Sha256::new();
    for _ in 0..pieces {
        digest.update(&piece);
    }
    let digest = STANDARD.encode(digest.finalize());

    let mut headers = client::headers();
    headers.insert("x-mac-content-sha256", digest.parse()?);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    signer.sign(&Method::POST, TARGET, &mut headers)?;
    let frames = (0..pieces).map(move |_| Ok::<_, std::io::Error>(Frame::data(piece.clone())));
    let body = StreamBody::new(futures_util::stream::iter(frames));
    let mut request = Request::post(TARGET).body(body)?;
    *request.headers_mut() = headers;
    let mut connection = Connection::open(address).await?;
    let expected = upstream::echoed(TARGET, length);
    connection.send(request, &expected).await
}
