//! Lookups through HTTP: how many one processor answers.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use countersign_key_server::credential::CredentialId;
use countersign_key_server::store::sqlite::SqliteStore;
use countersign_key_server::store::{CredentialStore, Listing, Position, Which};
use http::header::HOST;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::child::{Child, Role};
use crate::{Result, store, verdict};

const ROUNDS: usize = 5;

/// How many lookups a round has: hundreds of ticks of the system's clock.
const LOOKUPS: usize = 64_000;

const CONNECTIONS: usize = 32;

/// How many different credentials are looked up, from all over the file.
const DIFFERENT: usize = 20_000;

const TICKS_PER_SECOND: f64 = 100.0;

const FEWEST_PER_SECOND: f64 = 20_000.0;

pub(crate) async fn measure(folder: &Path) -> Result<bool> {
    let ids = Arc::new(ids(folder).await?);
    let server = Child::start(Role::Server, folder)?;
    let address = server.address()?;
    look_up(address, &ids).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let before = server.cpu_ticks()?;
        look_up(address, &ids).await?;
        rounds.push(server.cpu_ticks()?.saturating_sub(before));
    }
    rounds.sort_unstable();
    let median = f64::from(*rounds.get(ROUNDS / 2).ok_or("no rounds")?);
    let lookups = f64::from(u32::try_from(LOOKUPS)?);
    let per_second = lookups * TICKS_PER_SECOND / median;
    let met = per_second >= FEWEST_PER_SECOND;
    println!(
        "  {per_second:.0} lookups per second of one processor through HTTP, with an audit line \
         each ({:.1} µs; ticks by round {rounds:?}), goal ≥ {FEWEST_PER_SECOND:.0}: {}",
        1e6 / per_second,
        verdict(met)
    );
    Ok(met)
}

/// Ids from all over the file, in an order that has nothing to do with theirs.
async fn ids(folder: &Path) -> Result<Vec<CredentialId>> {
    let store = SqliteStore::open(store::database(folder))?;
    let step = crate::CREDENTIALS / DIFFERENT;
    let mut ids = Vec::with_capacity(DIFFERENT);
    for place in 0..DIFFERENT {
        // 7,919 is a prime that does not divide the number of places.
        let place = place.wrapping_mul(7919) % DIFFERENT;
        let position = Position::new(place.wrapping_mul(step).to_string());
        let listing = Listing {
            principal: None,
            which: Which::Present,
            after: Some(position),
            limit: 1,
        };
        let page = store.list(&listing).await?;
        ids.extend(page.records.into_iter().map(|record| record.id));
    }
    store.close().await;
    Ok(ids)
}

async fn look_up(address: SocketAddr, ids: &Arc<Vec<CredentialId>>) -> Result<()> {
    let mut clients = JoinSet::new();
    for client in 0..CONNECTIONS {
        let ids = Arc::clone(ids);
        clients.spawn(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            let mine = ids.iter().cycle().skip(client).step_by(CONNECTIONS);
            for id in mine.take(LOOKUPS / CONNECTIONS) {
                let request = Request::get(format!("/v1.0/creds/{id}"))
                    .header(HOST, address.to_string())
                    .body(Empty::<Bytes>::new())?;
                sender.ready().await?;
                let answer = sender.send_request(request).await?;
                let status = answer.status();
                let body = answer.into_body().collect().await?.to_bytes();
                if status != StatusCode::OK {
                    return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
                }
            }
            Result::Ok(())
        });
    }
    while let Some(done) = clients.join_next().await {
        done??;
    }
    Ok(())
}
