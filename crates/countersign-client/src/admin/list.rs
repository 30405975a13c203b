//! Credentials, page by page.
//!
//! Invariant: at most one page is in memory.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use http::Method;

use super::{CREDS, Deleted};
use crate::connection::{BaseUrl, Call, Connection, Repeat};
use crate::credential::Credential;
use crate::error::ClientError;
use crate::wire::{self, ListBody};

/// The most bytes of a page: a hundred credentials have 50 KiB, a thousand of the longest 4 MiB.
const MAX_PAGE: usize = 8 * 1024 * 1024;

/// Which credentials are listed.
#[derive(Clone, Debug)]
#[must_use]
pub struct Listing {
    principal: Option<String>,
    deleted: Deleted,
    page_size: Option<u16>,
}

impl Listing {
    /// Those of `principal`.
    pub fn of(principal: impl Into<String>) -> Self {
        Self {
            principal: Some(principal.into()),
            deleted: Deleted::Hidden,
            page_size: None,
        }
    }

    /// All of everybody, deleted ones too.
    pub fn everything() -> Self {
        Self {
            principal: None,
            deleted: Deleted::Shown,
            page_size: None,
        }
    }

    /// With the deleted ones.
    pub fn with_deleted(mut self) -> Self {
        self.deleted = Deleted::Shown;
        self
    }

    /// How many are fetched at once, at most 1000; 100 unless set.
    pub fn page_size(mut self, credentials: u16) -> Self {
        self.page_size = Some(credentials);
        self
    }
}

/// Credentials as they arrive: a `Stream`, which can also be read with
/// [`next`](Credentials::next) alone. It ends after the first error.
#[must_use = "nothing is fetched before it is asked for"]
pub struct Credentials(BoxStream<'static, Result<Credential, ClientError>>);

impl Credentials {
    pub(super) fn new(connection: Connection, listing: Listing) -> Self {
        let state = Progress {
            connection,
            listing,
            page: VecDeque::new(),
            next: Next::First,
        };
        Self(stream::try_unfold(state, Progress::step).boxed())
    }

    /// The next credential; `None` after the last.
    ///
    /// # Errors
    /// When the next page cannot be had.
    pub async fn next(&mut self) -> Option<Result<Credential, ClientError>> {
        self.0.next().await
    }
}

impl Stream for Credentials {
    type Item = Result<Credential, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

struct Progress {
    connection: Connection,
    listing: Listing,
    page: VecDeque<Credential>,
    next: Next,
}

enum Next {
    First,
    After(String),
    Nothing,
}

impl Progress {
    async fn step(mut self) -> Result<Option<(Credential, Self)>, ClientError> {
        loop {
            if let Some(credential) = self.page.pop_front() {
                return Ok(Some((credential, self)));
            }
            let cursor = match &self.next {
                Next::First => None,
                Next::After(cursor) => Some(cursor.clone()),
                Next::Nothing => return Ok(None),
            };
            self.fetch(cursor.as_deref()).await?;
        }
    }

    async fn fetch(&mut self, cursor: Option<&str>) -> Result<(), ClientError> {
        let size = self.listing.page_size.map(|size| size.to_string());
        let is_deleted = (self.listing.deleted == Deleted::Shown).then_some("true");
        let parameters: Vec<_> = [
            ("principal", self.listing.principal.as_deref()),
            ("deleted", is_deleted),
            ("limit", size.as_deref()),
            ("cursor", cursor),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        let url = BaseUrl::with_query(self.connection.base().below(CREDS), &parameters);
        let call = Call::new(Method::GET, url, Repeat::Allowed, MAX_PAGE);
        let answer = self.connection.call(&call).await?;
        let (page, next) = wire::json::<ListBody>(&answer.body)
            .and_then(ListBody::read)
            .map_err(|wrong| self.connection.protocol(wrong))?;
        if next.is_some() && next.as_deref() == cursor {
            let sentence = "answered with a page that leads to itself";
            return Err(self.connection.protocol(sentence));
        }
        self.page = page.into();
        self.next = next.map_or(Next::Nothing, Next::After);
        Ok(())
    }
}
