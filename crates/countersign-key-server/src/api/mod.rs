//! The HTTP API.

mod limits;
mod settings;

use std::sync::Arc;

use axum::Router;

pub use self::limits::RateLimits;
pub use self::settings::{Access, ApiSettings, InvalidPublicUrl, Transport};
use crate::registry::Registry;

/// The API over `registry`.
///
/// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: rate limits and audit
/// lines need the caller's address.
pub fn router(_registry: Arc<Registry>, _settings: ApiSettings) -> Router {
    Router::new()
}
