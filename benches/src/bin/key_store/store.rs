//! The file: how large it is, and how long it takes to open.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::Algorithm;
use countersign_key_server::credential::{AuthScheme, Principal};
use countersign_key_server::maintenance::read_or_make_master_key;
use countersign_key_server::registry::{Caller, NewCredential, Registry};
use countersign_key_server::store::CredentialStore;
use countersign_key_server::store::sqlite::SqliteStore;
use tokio::task::JoinSet;

use crate::child::{Child, Role};
use crate::{CREDENTIALS, Result, verdict};

/// How many fill the store at once: more than are measured, as this is not.
const FILLERS: usize = 512;

/// How many times it is opened; the median counts.
const OPENINGS: usize = 5;

const MOST_BYTES: f64 = 700.0;
const LONGEST_OPENING: Duration = Duration::from_millis(100);

pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("creds.db")
}

/// The registry over the store in `folder`.
pub(crate) async fn registry(folder: &Path) -> Result<Arc<Registry>> {
    let store: Arc<dyn CredentialStore> = Arc::new(SqliteStore::open(database(folder))?);
    let master = read_or_make_master_key(&folder.join("master-key"))?;
    Ok(Arc::new(Registry::open(store, &master).await?))
}

/// A credential to be issued, two to a principal.
pub(crate) fn credential(number: usize) -> Result<NewCredential> {
    let principal = format!("user-{:07}@example.com", number / 2);
    Ok(NewCredential {
        principal: Principal::parse(principal)?,
        scheme: AuthScheme::Mac,
        algorithm: Algorithm::Sha1,
    })
}

/// Fills the store, and measures the file.
pub(crate) async fn measure(folder: &Path) -> Result<bool> {
    let begun = Instant::now();
    let registry = registry(folder).await?;
    let mut fillers = JoinSet::new();
    for filler in 0..FILLERS {
        let registry = Arc::clone(&registry);
        fillers.spawn(async move {
            for number in (filler..CREDENTIALS).step_by(FILLERS) {
                registry
                    .create(&Caller::Anonymous, &credential(number)?, None)
                    .await?;
            }
            Result::Ok(())
        });
    }
    while let Some(filled) = fillers.join_next().await {
        filled??;
    }
    registry.close().await;
    println!("  filled in {} s", begun.elapsed().as_secs());

    let bytes = u32::try_from(std::fs::metadata(database(folder))?.len())?;
    let each = f64::from(bytes) / f64::from(u32::try_from(CREDENTIALS)?);
    let small = each <= MOST_BYTES;
    println!(
        "  {each:.0} bytes of disk per credential, goal ≤ {MOST_BYTES:.0}: {}",
        verdict(small)
    );
    let clean = openings(folder, None).await?;
    let killed = openings(folder, Some(Role::Writer)).await?;
    Ok(small && clean && killed)
}

/// How long it takes until the first record can be read, after `before` was killed each time.
async fn openings(folder: &Path, before: Option<Role>) -> Result<bool> {
    let mut times = Vec::new();
    for _ in 0..OPENINGS {
        if let Some(role) = before {
            drop(Child::start(role, folder)?);
        }
        let begun = Instant::now();
        let store = SqliteStore::open(database(folder))?;
        store.keyring().await?.ok_or("the store is empty")?;
        times.push(begun.elapsed());
        store.close().await;
    }
    times.sort_unstable();
    let median = times.get(OPENINGS / 2).ok_or("not opened")?;
    let met = *median < LONGEST_OPENING;
    let after = before.map_or("closing it", |_| "kill -9 under load");
    println!(
        "  opened in {:.1} ms after {after}, goal < {} ms: {}",
        median.as_secs_f64() * 1e3,
        LONGEST_OPENING.as_millis(),
        verdict(met)
    );
    Ok(met)
}
