//! The HTTP API over a [`Registry`].
//!
//! Invariants:
//! * Whatever is wrong with a request, the answer is a problem+json (RFC 9457) with a stable code.
//! * A store that is down is answered 503, never 404.
//! * Without the scope that allows it no answer has a secret in it; those of deleted credentials
//!   are in none. No answer may be kept by a cache, and no page of another site reads one.
//! * A secret leaves, and something changes, only after its audit line was written.
//! * `/openapi.json` is made from the same attributes as the routes.

#[cfg(feature = "agent")]
mod agent;
mod body;
mod call;
mod credentials;
mod description;
mod gate;
mod limits;
mod members;
mod operation;
mod operator;
mod place;
mod precondition;
mod problem;
mod query;
mod representation;
mod settings;
mod verification;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use bytes::Bytes;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use self::credentials::{create, delete, list, patch, read, rotate};
use self::limits::Limiter;
pub use self::limits::RateLimits;
use self::problem::{Code, Problem, method_not_allowed};
pub use self::settings::{
    Access, AgentApi, ApiSettings, ClientAddress, InvalidPublicUrl, Transport,
};
use crate::registry::Registry;

/// What all requests share.
struct App {
    registry: Arc<Registry>,
    settings: ApiSettings,
    limiter: Limiter,
    #[cfg(feature = "agent")]
    agents: crate::agent::Agents,
    description: Bytes,
    /// How many requests have had audit lines.
    numbered: AtomicU64,
}

impl App {
    fn next_number(&self) -> u64 {
        self.numbered.fetch_add(1, Ordering::Relaxed)
    }
}

/// The API over `registry`.
///
/// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: rate limits and audit
/// lines need the caller's address.
pub fn router(registry: Arc<Registry>, settings: ApiSettings) -> Router {
    let collection = only("GET, POST", routes!(list::list, create::create));
    let with_slash = collection.2.clone();
    let (router, description) = OpenApiRouter::new()
        .routes(collection)
        .routes(only(
            "GET, PATCH, DELETE",
            routes!(read::read, patch::patch, delete::delete),
        ))
        .routes(only("POST", routes!(rotate::rotate)))
        .routes(only("POST", routes!(verification::verify)))
        .routes(only("GET", routes!(operator::live)))
        .routes(only("GET", routes!(operator::ready)))
        .routes(only("GET", routes!(operator::metrics)))
        .routes(only("GET", routes!(operator::description)))
        .split_for_parts();
    #[cfg(feature = "agent")]
    let router = match settings.agent_api {
        AgentApi::On => router.merge(agent::routes()),
        AgentApi::Off => router,
    };
    let app = Arc::new(App {
        #[cfg(feature = "agent")]
        agents: crate::agent::Agents::new(Arc::clone(&registry)),
        registry,
        limiter: Limiter::new(settings.rate_limits),
        settings,
        description: description::finish(description),
        numbered: AtomicU64::new(1),
    });
    router
        .route("/v1.0/creds/", with_slash)
        .fallback(|| async { Problem::from(Code::NotFound) })
        .layer(from_fn_with_state(Arc::clone(&app), gate::gate))
        .with_state(app)
}

/// The routes of a path, which has these methods and no others: not HEAD either, as the original.
fn only(
    allowed: &'static str,
    (schemas, paths, methods): UtoipaMethodRouter<Arc<App>>,
) -> UtoipaMethodRouter<Arc<App>> {
    let refuse = move || async move { method_not_allowed(allowed) };
    let methods: MethodRouter<Arc<App>> = methods.head(refuse).fallback(refuse);
    (schemas, paths, methods)
}
