//! What the operator is told; without the feature `tracing`, nothing.

use std::path::Path;

use super::error::KeysFileError;
use super::shared::News;

/// The keys were replaced.
pub(super) fn changed(path: &Path, news: &News) {
    #[cfg(feature = "tracing")]
    tracing::info!(path = %path.display(), keys = news.keys, "keys reloaded");
    #[cfg(not(feature = "tracing"))]
    let _ = news.keys;
    short_secrets(path, news);
}

/// Names the keys whose secrets can be found by trying.
pub(super) fn short_secrets(path: &Path, news: &News) {
    #[cfg(feature = "tracing")]
    for id in &news.short_secrets {
        tracing::warn!(
            path = %path.display(),
            key = %id,
            "the secret is shorter than 16 bytes and can be found by trying; have it replaced"
        );
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (path, &news.short_secrets);
}

/// A new version of the file cannot be used.
pub(super) fn failed(error: &KeysFileError) {
    #[cfg(feature = "tracing")]
    tracing::error!(%error, "keys not reloaded; those of before are still used");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
}
