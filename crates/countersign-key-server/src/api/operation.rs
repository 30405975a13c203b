//! What the API can be asked for, as metrics and audit lines call it.

use axum::extract::MatchedPath;
use axum::response::{IntoResponse as _, Response};
use http::{Method, Request};

#[cfg(feature = "agent")]
use super::agent::Resource;
use super::problem::Problem;

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
    /// Of the agent API.
    #[cfg(feature = "agent")]
    Agent(Resource),
    /// A path of the agent API that there is not.
    #[cfg(feature = "agent")]
    AgentOther,
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
            #[cfg(feature = "agent")]
            Self::Agent(resource) => resource.operation(),
            #[cfg(feature = "agent")]
            Self::AgentOther => "agent_other",
            Self::Other => "other",
        }
    }

    /// Whether it is of the agent API, whose refusals are plain text.
    pub(super) const fn is_of_agents(self) -> bool {
        match self {
            #[cfg(feature = "agent")]
            Self::Agent(_) | Self::AgentOther => true,
            _ => false,
        }
    }

    /// The answer that says no.
    pub(super) fn refuse(self, problem: Problem) -> Response {
        if self.is_of_agents() {
            problem.into_text()
        } else {
            problem.into_response()
        }
    }

    /// What `request` asks for.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let path = request.extensions().get().map_or("", MatchedPath::as_str);
        #[cfg(feature = "agent")]
        if path == "/Agent" || path.starts_with("/Agent/") {
            return Resource::of(path).map_or(Self::AgentOther, Self::Agent);
        }
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
