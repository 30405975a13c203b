//! Calls of CouchDB.
//!
//! Invariants:
//! * Every call ends within its [`Wait`], and no more than [`MAX_ANSWER`] bytes are read.
//! * A write is sent once. What may have reached CouchDB is not sent again; what cannot have, and
//!   what only reads, is.
//! * No redirect is followed and no proxy of the environment is used: either would carry the
//!   password elsewhere.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde_json::Value;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::address::{Address, Transport};
use super::tls;
use super::trouble::{misconfigured, nonsense, refused, unavailable};
use crate::store::StoreError;

/// How long a call may take. A key server that waits longer keeps its callers waiting, who have
/// given up by then.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a call of a view may take: CouchDB brings the index up to date first.
const VIEW_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The most bytes of an answer: 8 MB, the size that CouchDB allows a document by default. The
/// pages that are asked for are far smaller.
const MAX_ANSWER: usize = 8 << 20;

/// The most calls at a time, and so the most connections, and the most answers in memory.
const MAX_CALLS: usize = 64;

/// How long an unused connection is kept: less than the minutes after which proxies and firewalls
/// forget them silently.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a call is sent that nobody can have received, or that changes nothing.
const ATTEMPTS: usize = 2;

/// How long is waited for an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    /// [`CALL_TIMEOUT`]
    Call,
    /// [`VIEW_TIMEOUT`]
    View,
}

impl Wait {
    const fn limit(self) -> Duration {
        match self {
            Self::Call => CALL_TIMEOUT,
            Self::View => VIEW_TIMEOUT,
        }
    }
}

/// Connections to the server of a database.
pub(super) struct Connections {
    client: Client,
    /// Ends with a slash and the name of the database.
    root: Url,
    authorization: Option<HeaderValue>,
    calls: Semaphore,
}

/// What CouchDB answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    bytes: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// The body, or nothing if it is no JSON: CouchDB answers in nothing else.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.bytes).ok()
    }

    /// The error that an answer with an unexpected status is.
    pub(super) fn refusal(&self) -> StoreError {
        refused(self.status, self.json().as_ref())
    }
}

enum Failure {
    NotSent,
    Uncertain,
    TooLong,
}

impl Connections {
    /// None as yet: they are made when they are needed.
    ///
    /// # Errors
    /// When a file that `address` names cannot be used.
    pub(super) fn new(address: Address) -> Result<Self, StoreError> {
        let (scheme, authorities) = match &address.transport {
            Transport::Plain => ("http", None),
            Transport::Tls { authorities } => ("https", authorities.as_deref()),
        };
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config(authorities)?)
            .http1_only()
            .no_proxy()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(MAX_CALLS)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()
            .map_err(|_| misconfigured("the HTTP client for CouchDB cannot be set up"))?;
        let root = format!(
            "{scheme}://{}:{}/{}",
            address.host, address.port, address.database
        );
        let root = Url::parse(&root).map_err(|_| misconfigured("no address of CouchDB"))?;
        Ok(Self {
            client,
            root,
            authorization: address.authorization,
            calls: Semaphore::new(MAX_CALLS),
        })
    }

    /// Sends `body` to `path`, which follows the database's name, or is `../` for the server.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        wait: Wait,
    ) -> Result<Answer, StoreError> {
        let url = self.url(path)?;
        let body = body.map(|body| Bytes::from(body.to_string()));
        let mut attempt = 1;
        loop {
            let sent = self.send(method.clone(), url.clone(), body.clone());
            let failure = match tokio::time::timeout(wait.limit(), sent).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failure)) => failure,
                Err(_) => {
                    let seconds = wait.limit().as_secs();
                    return Err(unavailable(format!("CouchDB took longer than {seconds} s")));
                }
            };
            let again = match failure {
                Failure::NotSent => true,
                Failure::Uncertain => method == Method::GET,
                Failure::TooLong => return Err(nonsense()),
            };
            if !again || attempt >= ATTEMPTS {
                let (host, port) = (url.host_str().unwrap_or_default(), url.port());
                let port = port.map(|it| format!(":{it}")).unwrap_or_default();
                return Err(unavailable(match failure {
                    Failure::NotSent => format!("CouchDB at {host}{port} cannot be reached"),
                    _ => format!("the connection to CouchDB at {host}{port} broke"),
                }));
            }
            attempt = attempt.saturating_add(1);
        }
    }

    fn url(&self, path: &str) -> Result<Url, StoreError> {
        let whole = if path == "../" {
            return self.root.join("/").map_err(|_| nonsense());
        } else {
            format!("{}{path}", self.root)
        };
        Url::parse(&whole).map_err(|_| nonsense())
    }

    async fn send(&self, method: Method, url: Url, body: Option<Bytes>) -> Result<Answer, Failure> {
        let _permit = self.calls.acquire().await.map_err(|_| Failure::NotSent)?;
        // CouchDB before 3.0 may otherwise answer before a change is on the disk.
        let changes = method != Method::GET;
        let mut request = self.client.request(method, url);
        request = request.header(header::ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization.clone());
        }
        if changes {
            request = request.header("x-couch-full-commit", "true");
        }
        if let Some(body) = body {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body);
        }
        let response = request.send().await.map_err(|error| {
            if error.is_connect() {
                Failure::NotSent
            } else {
                Failure::Uncertain
            }
        })?;
        let status = response.status();
        let bytes = read_bounded(response).await?;
        Ok(Answer { status, bytes })
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections")
            .field("root", &self.root.as_str())
            .finish_non_exhaustive()
    }
}

async fn read_bounded(mut response: Response) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|_| Failure::Uncertain)? {
        if bytes.len().saturating_add(chunk.len()) > MAX_ANSWER {
            return Err(Failure::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(address: &str) -> Connections {
        Connections::new(Address::parse(address).unwrap()).unwrap()
    }

    #[test]
    fn the_address_of_a_request_is_the_databases_and_what_follows() {
        let connections = connections("127.0.0.1:1/creds");
        let url = |path: &str| connections.url(path).unwrap().to_string();
        assert_eq!(url(""), "http://127.0.0.1:1/creds");
        assert_eq!(url("../"), "http://127.0.0.1:1/");
        let odd = url("/credential%3A%2E%2E");
        assert_eq!(odd, "http://127.0.0.1:1/creds/credential%3A%2E%2E");
    }

    #[test]
    fn nothing_shows_the_password() {
        let connections = connections("couchdb://admin:hunter2@127.0.0.1:1/creds");
        let shown = format!("{connections:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("admin"),
            "{shown}"
        );
    }
}
