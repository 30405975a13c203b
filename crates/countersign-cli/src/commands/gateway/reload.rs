//! SIGHUP, on which the keys are read again.

use countersign::KeysFile;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;

/// From now on, reads `keys` again on every SIGHUP. A file that cannot be used leaves them as they
/// are.
pub(super) fn on_hangup(keys: KeysFile) -> Result<(), Failure> {
    let mut hangup = signal(SignalKind::hangup())
        .map_err(|error| Failure::failed(format!("signals cannot be caught: {error}")))?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let keys = keys.clone();
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
    });
    Ok(())
}
