//! A request whose caller is known.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::operation::Operation;
use super::problem::{Code, Problem};
use super::settings::{Access, ApiSettings, ClientAddress};
use super::{App, place};
use crate::audit::Entry;
use crate::registry::{Caller, Permission};
use crate::store::Record;

/// A request whose caller is known.
pub(super) struct Call {
    pub(super) app: Arc<App>,
    pub(super) caller: Caller,
    address: Option<IpAddr>,
    operation: Operation,
    /// What its audit lines have in common.
    number: u64,
}

/// What an audit line is about.
#[derive(Clone, Default)]
pub(super) struct Subject<'a> {
    pub(super) credential: Option<&'a str>,
    pub(super) credentials: Option<Vec<&'a str>>,
    pub(super) principal: Option<&'a str>,
}

impl<'a> Subject<'a> {
    pub(super) fn of(record: &'a Record) -> Self {
        Self {
            credential: Some(record.id.as_str()),
            credentials: None,
            principal: Some(record.principal.as_str()),
        }
    }
}

impl Call {
    /// Refuses callers that may not do this.
    pub(super) fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.caller.may(permission) {
            Ok(())
        } else {
            Err(Code::ScopeInsufficient.into())
        }
    }

    /// What links begin with.
    pub(super) fn base(&self, parts: &Parts) -> Cow<'_, str> {
        place::base(&self.app.settings, parts)
    }

    /// Writes an audit line.
    pub(super) fn audit(&self, subject: &Subject<'_>, result: &str) -> Result<(), Problem> {
        let log = &self.app.settings.audit;
        if !log.is_on() {
            return Ok(());
        }
        let entry = Entry {
            time: self.app.registry.now(),
            request: self.number,
            caller: self.caller.name(),
            address: self.address,
            operation: self.operation.name(),
            credential: subject.credential,
            credentials: subject.credentials.clone(),
            principal: subject.principal,
            result,
        };
        log.write(&entry).map_err(|error| {
            let operation = self.operation.name();
            tracing::error!(%error, operation, result, "an audit line cannot be written");
            Code::AuditUnavailable.into()
        })
    }

    /// Writes the audit line that says what became of a mutation, and gives its outcome back.
    pub(super) fn audited<T, E: Into<Problem>>(
        &self,
        subject: &Subject<'_>,
        outcome: Result<T, E>,
    ) -> Result<T, Problem> {
        match outcome {
            Ok(done) => self.audit(subject, "done").map(|()| done),
            Err(error) => {
                let problem = error.into();
                self.audit(subject, problem.code().name())?;
                Err(problem)
            }
        }
    }
}

impl FromRequestParts<Arc<App>> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let address = address(&app.settings, parts);
        let caller = match authenticate(parts, app).await {
            Err(problem) if problem.code() == Code::TokenRequired => {
                app.limiter.admit_failure(address)?;
                return Err(problem);
            }
            other => other?,
        };
        if let Caller::Token(token) = &caller {
            app.limiter.admit_token(&token.id)?;
        }
        Ok(Self {
            address,
            operation: parts.extensions.get().copied().unwrap_or(Operation::Other),
            number: app.next_number(),
            app: Arc::clone(app),
            caller,
        })
    }
}

/// The address of whoever sent a request, if the server was told: by the connection, or by the
/// proxy at its other end, which appends it to what it was sent.
pub(super) fn address(settings: &ApiSettings, parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
    match settings.client_address {
        ClientAddress::OfConnection => peer,
        ClientAddress::LastForwardedFor => last_forwarded_for(&parts.headers).or(peer),
    }
}

fn last_forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    let text = last.to_str().ok()?;
    let (_, address) = text.rsplit_once(',').unwrap_or(("", text));
    let address: IpAddr = address.trim().parse().ok()?;
    Some(address.to_canonical())
}

async fn authenticate(parts: &Parts, app: &App) -> Result<Caller, Problem> {
    let open =
        app.settings.access == Access::OpenOnLoopback && app.settings.listener.ip().is_loopback();
    if open && !app.registry.is_guarded().await? {
        return Ok(Caller::Anonymous);
    }
    let token = bearer(&parts.headers).ok_or(Code::TokenRequired)?;
    let caller = app.registry.authenticate(token).await?;
    caller.ok_or_else(|| Code::TokenRequired.into())
}

/// The token of the one `Authorization: Bearer` header that a request has.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("Bearer")
        .then(|| token.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_proxy_appended_is_believed() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            last_forwarded_for(&headers).map(|it| it.to_string())
        };
        assert_eq!(of(&["192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(of(&["10.0.0.1, 192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(
            of(&["10.0.0.1", "::ffff:192.0.2.1"]).as_deref(),
            Some("192.0.2.1")
        );
        for bad in [&[][..], &["unknown"], &["192.0.2.1,"], &["192.0.2.1:80"]] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
