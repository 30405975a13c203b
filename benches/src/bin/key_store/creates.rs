//! Durable creations: what committing together saves.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::{Algorithm, Timestamp};
use countersign_key_server::credential::{AuthScheme, CredentialId, Principal, generate};
use countersign_key_server::seal::Sealed;
use countersign_key_server::store::sqlite::SqliteStore;
use countersign_key_server::store::{Creation, CredentialStore, Life, NewRecord, Record, Revision};
use tokio::task::JoinSet;

use crate::{Result, verdict};

/// How many create at once.
pub(crate) const CLIENTS: usize = 64;

/// How long each way is measured, a few times in turn.
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 3;

const LEAST_GAIN: f64 = 4.0;

pub(crate) async fn measure(folder: &Path) -> Result<bool> {
    let path = folder.join("creates.db");
    let shared = vec![Arc::new(SqliteStore::open(&path)?)];
    // Each of these has a connection that commits for itself.
    let own: Vec<_> = (0..CLIENTS)
        .map(|_| Ok(Arc::new(SqliteStore::open(&path)?)))
        .collect::<Result<_>>()?;
    let (mut together, mut apart, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        together.push(per_second(&shared, CLIENTS).await?);
        apart.push(per_second(&own, CLIENTS).await?);
        alone.push(per_second(&shared, 1).await?);
    }
    let [together, apart, alone] = [together, apart, alone].map(median);
    let gain = together / apart;
    let met = gain >= LEAST_GAIN;
    println!(
        "  durable creations per second: {CLIENTS} clients committed together {together:.0}, \
         {CLIENTS} with a commit each {apart:.0}, one client {alone:.0}"
    );
    println!(
        "  together / a commit each: {gain:.1}, goal ≥ {LEAST_GAIN:.0}: {} (together / one \
         client: {:.1})",
        verdict(met),
        together / alone
    );
    Ok(met)
}

async fn per_second(stores: &[Arc<SqliteStore>], clients: usize) -> Result<f64> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for store in stores.iter().cycle().take(clients) {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let mut made = 0_u32;
            while begun.elapsed() < ROUND {
                match store.create(record()?).await {
                    Ok(Creation::Created) => made = made.saturating_add(1),
                    Ok(other) => return Err(format!("{other:?}").into()),
                    // With a commit each, somebody may wait too long for the lock.
                    Err(error) => eprintln!("a creation failed: {error}"),
                }
            }
            Result::Ok(made)
        });
    }
    let mut made = 0_u32;
    while let Some(count) = tasks.join_next().await {
        made = made.saturating_add(count??);
    }
    Ok(f64::from(made) / begun.elapsed().as_secs_f64())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(ROUNDS / 2).copied().unwrap_or_default()
}

/// A record as the registry makes them; what is sealed does not matter here.
fn record() -> Result<NewRecord> {
    let new = generate(AuthScheme::Mac)?;
    Ok(Record {
        id: CredentialId::parse(new.id.as_str())?,
        principal: Principal::parse("user-0000000@example.com")?,
        scheme: AuthScheme::Mac,
        algorithm: Algorithm::Sha1,
        created_at: Timestamp::from_unix(1_700_000_000),
        life: Life::default(),
        last_used_at: None,
        sealed: Sealed::from_bytes([7; 87]),
        revision: Revision::FIRST,
    }
    .into())
}
