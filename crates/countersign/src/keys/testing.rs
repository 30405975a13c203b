//! Sources of keys that answer as they are told, files that vanish, and a subscriber that
//! remembers.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use countersign_core::{KeyId, KeyLookup, KeySet, LookupError, SigningKey};
use tokio::sync::Semaphore;

use super::lock;

pub(crate) fn key(id: &str, secret: &str) -> SigningKey {
    SigningKey::new(id, secret, format!("holder of {id}")).unwrap()
}

pub(crate) async fn find<K: KeyLookup>(
    keys: &K,
    id: &str,
) -> Result<Option<KeySet<K::Principal>>, LookupError> {
    keys.lookup(KeyId::parse(id.as_bytes()).unwrap()).await
}

/// What a [`Backend`] answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reply {
    Known,
    Unknown,
    Down,
    Panic,
}

/// Counts its calls; when held, they wait until they are released.
#[derive(Clone, Debug)]
pub(crate) struct Backend(Arc<Told>);

#[derive(Debug)]
struct Told {
    reply: Mutex<Reply>,
    calls: AtomicUsize,
    gate: Semaphore,
}

impl Backend {
    pub(crate) fn that(reply: Reply) -> Self {
        Self::with_gate(reply, Semaphore::MAX_PERMITS)
    }

    pub(crate) fn held(reply: Reply) -> Self {
        Self::with_gate(reply, 0)
    }

    fn with_gate(reply: Reply, permits: usize) -> Self {
        Self(Arc::new(Told {
            reply: Mutex::new(reply),
            calls: AtomicUsize::new(0),
            gate: Semaphore::new(permits),
        }))
    }

    pub(crate) fn now(&self, reply: Reply) {
        *lock(&self.0.reply) = reply;
    }

    /// Lets `calls` calls, waiting or to come, go on.
    pub(crate) fn release(&self, calls: usize) {
        self.0.gate.add_permits(calls);
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }
}

impl KeyLookup for Backend {
    type Principal = String;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet>, LookupError> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        // The answer is that of the moment of asking, however late it arrives.
        let reply = *lock(&self.0.reply);
        self.0.gate.acquire().await.unwrap().forget();
        match reply {
            Reply::Known => Ok(Some(key(id.as_str(), "a secret of enough bytes").into())),
            Reply::Unknown => Ok(None),
            Reply::Down => Err(LookupError::new("the backend is down")),
            Reply::Panic => panic!("the backend panics"),
        }
    }
}

/// A directory that is removed with everything in it when dropped.
pub(crate) struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "countersign-keys-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::SeqCst)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // A directory left behind fails no test.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Everything that this thread logs while the guard lives.
#[cfg(feature = "tracing")]
pub(crate) struct Logs {
    text: Arc<Mutex<Vec<u8>>>,
    _guard: tracing::subscriber::DefaultGuard,
}

#[cfg(feature = "tracing")]
impl Logs {
    pub(crate) fn capture() -> Self {
        // While there is only one subscriber, an event that first happens on a thread of another
        // test is switched off for good. So there are always two.
        static OTHER: std::sync::OnceLock<tracing::Dispatch> = std::sync::OnceLock::new();
        OTHER.get_or_init(|| {
            let silent = tracing_subscriber::fmt().with_writer(std::io::sink);
            tracing::Dispatch::new(silent.finish())
        });
        let text = Arc::new(Mutex::new(Vec::new()));
        let writer = Writer(Arc::clone(&text));
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        Self {
            text,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(lock(&self.text).clone()).unwrap()
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.text().matches(what).count()
    }
}

#[cfg(feature = "tracing")]
#[derive(Clone)]
struct Writer(Arc<Mutex<Vec<u8>>>);

#[cfg(feature = "tracing")]
impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
