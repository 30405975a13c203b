//! What the API can be asked for, as metrics and audit lines call it.

use axum::extract::MatchedPath;
use http::{Method, Request};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Read,
    List,
    Patch,
    Rotate,
    Delete,
    Verify,
    Live,
    Ready,
    Metrics,
    Description,
    /// Nothing that there is.
    Other,
}

impl Operation {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read_secret",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Rotate => "rotate",
            Self::Delete => "delete",
            Self::Verify => "verify",
            Self::Live => "livez",
            Self::Ready => "readyz",
            Self::Metrics => "metrics",
            Self::Description => "openapi",
            Self::Other => "other",
        }
    }

    /// What `request` asks for.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let path = request.extensions().get().map_or("", MatchedPath::as_str);
        match (request.method(), path) {
            (&Method::GET, "/v1.0/creds/{id}") => Self::Read,
            (&Method::GET, "/v1.0/creds" | "/v1.0/creds/") => Self::List,
            (&Method::POST, "/v1.0/creds" | "/v1.0/creds/") => Self::Create,
            (&Method::DELETE, "/v1.0/creds/{id}") => Self::Delete,
            (&Method::PATCH, "/v1.0/creds/{id}") => Self::Patch,
            (&Method::POST, "/v1.0/creds/{id}/rotate") => Self::Rotate,
            (&Method::POST, "/v1.0/verify") => Self::Verify,
            (&Method::GET, "/livez") => Self::Live,
            (&Method::GET, "/readyz") => Self::Ready,
            (&Method::GET, "/metrics") => Self::Metrics,
            (&Method::GET, "/openapi.json") => Self::Description,
            _ => Self::Other,
        }
    }
}
