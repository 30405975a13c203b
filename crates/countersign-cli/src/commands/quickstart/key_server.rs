//! The creds key server of the quickstart, with its embedded store.

use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use countersign_client::Connection;
use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::audit::AuditLog;
use countersign_key_server::maintenance::master_key_of;
use countersign_key_server::registry::Registry;
use countersign_key_server::store::CredentialStore;
use countersign_key_server::store::sqlite::SqliteStore;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::failure::Failure;
use crate::server;

/// What is kept in the directory: the database, its master key, and who did what.
const DATABASE: &str = "creds.db";
const MASTER_KEY: &str = "creds.db.master-key";
const AUDIT_LOG: &str = "audit.log";

/// A key server that runs.
#[derive(Debug)]
pub(super) struct KeyServer {
    pub(super) url: String,
    pub(super) connection: Connection,
    pub(super) running: JoinHandle<()>,
}

impl KeyServer {
    /// Starts it over the database in `directory`, on a free port of the loopback interface; it
    /// runs until `stopped` resolves.
    pub(super) async fn start(
        directory: &Path,
        stopped: watch::Receiver<()>,
    ) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::failed(error.to_string());
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| {
                failed(&format_args!(
                    "{} cannot be made: {error}",
                    directory.display()
                ))
            })?;
        let store: Arc<dyn CredentialStore> =
            Arc::new(SqliteStore::open(directory.join(DATABASE)).map_err(|error| failed(&error))?);
        // Closed here and not when the process ends, or its files beside the database may stay.
        let registry = match open(&store, directory).await {
            Ok(registry) => registry,
            Err(failure) => {
                store.close().await;
                return Err(failure);
            }
        };
        let registry = Arc::new(registry);

        let audit_log = directory.join(AUDIT_LOG);
        let audit = AuditLog::file(&audit_log).map_err(|error| {
            failed(&format_args!(
                "{} cannot be written: {error}",
                audit_log.display()
            ))
        })?;
        let listener = server::bind("the key server", "127.0.0.1:0").await?;
        let address = listener
            .local_addr()
            .map_err(|error| failed(&format_args!("the key server has no address: {error}")))?;
        let settings = ApiSettings::new(address).audit(audit);
        let running = tokio::spawn(serve(listener, registry, settings, stopped));
        let url = format!("http://{address}");
        Ok(Self {
            connection: Connection::to(url.as_str()).map_err(|error| failed(&error))?,
            url,
            running,
        })
    }
}

async fn open(store: &Arc<dyn CredentialStore>, directory: &Path) -> Result<Registry, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::failed(error.to_string());
    let master = master_key_of(&**store, &directory.join(MASTER_KEY))
        .await
        .map_err(|error| failed(&error))?;
    Registry::open(Arc::clone(store), &master)
        .await
        .map_err(|error| failed(&error))
}

async fn serve(
    listener: TcpListener,
    registry: Arc<Registry>,
    settings: ApiSettings,
    stopped: watch::Receiver<()>,
) {
    let router = router(Arc::clone(&registry), settings);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(super::closed(stopped))
        .await;
    if let Err(error) = served {
        tracing::error!("the key server has ended: {error}");
    }
    registry.close().await;
}
