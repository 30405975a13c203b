//! SIGHUP, on which the keys are read again.

use countersign::KeysFile;
use tokio::signal::unix::{SignalKind, signal};

use super::keys::Keys;
use crate::failure::Failure;

/// From now on, reads `keys` again on every SIGHUP: a file at once, and what a key server said when
/// it is needed next.
pub(super) fn on_hangup(keys: Keys) -> Result<(), Failure> {
    let mut hangup = signal(SignalKind::hangup())
        .map_err(|error| Failure::failed(format!("signals cannot be caught: {error}")))?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match &keys {
                Keys::File(keys) => read_again(keys.clone()).await,
                Keys::Server(keys) => {
                    keys.invalidate_all();
                    tracing::info!("SIGHUP: the key server is asked for every key again");
                }
            }
        }
    });
    Ok(())
}

/// A file that cannot be used leaves the keys as they are.
async fn read_again(keys: KeysFile) {
    let reloaded = tokio::task::spawn_blocking(move || {
        let reloaded = keys.reload();
        (reloaded, keys.key_count())
    });
    match reloaded.await {
        Ok((Ok(_), count)) => tracing::info!("SIGHUP: {count} keys are in use"),
        Ok((Err(error), _)) => {
            tracing::error!("SIGHUP: the keys stay as they are: {error}");
        }
        Err(error) => tracing::error!("SIGHUP: the keys were not read: {error}"),
    }
}
