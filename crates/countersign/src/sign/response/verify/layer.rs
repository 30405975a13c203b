//! The layer, and what it was told.

use std::fmt;
use std::sync::Arc;

use countersign_core::{
    AuthKey, Clock, ConfigError, RequestBinding, ResponseForm, ResponseRules, SystemClock, Window,
};
use tower_layer::Layer;

use super::service::VerifyResponse;
use crate::sign::response::{DEFAULT_MAX_BODY, wiki_only};
use crate::sign::source::IntoCredentials;

/// What becomes of an answer without a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnsignedAnswers {
    /// It is an error, whatever its status.
    #[default]
    Refuse,
    /// It is given out, so that nothing is protected from whoever takes a signature off: for the
    /// time in which services learn to sign.
    Accept,
}

/// What becomes of a request that is not signed, whose answer nothing can be expected of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnsignedRequests {
    /// It is an error, and not sent: the layer is in the wrong place.
    #[default]
    Refuse,
    /// It is sent, and its answer is given out as it is: for clients that also call others than
    /// the hosts they sign for.
    PassOn,
}

/// Verifies the answers to requests that a [`SignLayer`](crate::SignLayer) outside of it signed.
///
/// See the [module](crate::sign::response) for the rules.
#[must_use]
pub struct VerifyResponseLayer<C> {
    settings: Settings,
    credentials: Arc<C>,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) scheme: AuthKey,
    pub(super) rules: ResponseRules,
    pub(super) max_body: u64,
    pub(super) unsigned_answers: UnsignedAnswers,
    pub(super) unsigned_requests: UnsignedRequests,
    pub(super) clock: Arc<dyn Clock>,
}

impl<C> VerifyResponseLayer<C> {
    /// Verifies with `credentials`, which must be those that sign the requests.
    pub fn new(credentials: impl IntoCredentials<Source = C>) -> Self {
        Self {
            settings: Settings {
                scheme: AuthKey::default(),
                rules: ResponseRules::default(),
                max_body: DEFAULT_MAX_BODY,
                unsigned_answers: UnsignedAnswers::default(),
                unsigned_requests: UnsignedRequests::default(),
                clock: Arc::new(SystemClock),
            },
            credentials: Arc::new(credentials.into_credentials()),
        }
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The scheme as the requests are signed under it, where its header, word or identifier
    /// differ.
    ///
    /// # Errors
    /// When it is not in the wiki's form.
    pub fn scheme(self, scheme: AuthKey) -> Result<Self, ConfigError> {
        let scheme = wiki_only(scheme)?;
        Ok(self.set(|settings| settings.scheme = scheme))
    }

    /// How the string to sign ends: three line feeds unless set.
    pub fn form(self, form: ResponseForm) -> Self {
        self.set(|settings| settings.rules.form = form)
    }

    /// Whether answers must say to which request, status and body they belong: yes unless set.
    pub fn request_binding(self, rule: RequestBinding) -> Self {
        self.set(|settings| settings.rules.binding = rule)
    }

    /// How old or early the date of an answer may be: 300 s and 60 s unless set.
    pub fn window(self, window: Window) -> Self {
        self.set(|settings| settings.rules.window = window)
    }

    /// Reads bodies up to `bytes` into memory, 1 MiB unless set. An answer with a larger one is
    /// an error.
    pub fn max_body(self, bytes: u64) -> Self {
        self.set(|settings| settings.max_body = bytes)
    }

    /// What becomes of unsigned answers: refused unless set.
    pub fn unsigned_answers(self, rule: UnsignedAnswers) -> Self {
        self.set(|settings| settings.unsigned_answers = rule)
    }

    /// What becomes of unsigned requests: refused unless set.
    pub fn unsigned_requests(self, rule: UnsignedRequests) -> Self {
        self.set(|settings| settings.unsigned_requests = rule)
    }

    /// Takes the time from `clock`.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.set(|settings| settings.clock = Arc::new(clock))
    }
}

impl<T, C> Layer<T> for VerifyResponseLayer<C> {
    type Service = VerifyResponse<T, C>;

    fn layer(&self, inner: T) -> Self::Service {
        VerifyResponse::new(inner, self.settings.clone(), Arc::clone(&self.credentials))
    }
}

impl<C> Clone for VerifyResponseLayer<C> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            credentials: Arc::clone(&self.credentials),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("scheme", &self.scheme)
            .field("rules", &self.rules)
            .field("max_body", &self.max_body)
            .field("unsigned_answers", &self.unsigned_answers)
            .field("unsigned_requests", &self.unsigned_requests)
            .finish_non_exhaustive()
    }
}

impl<C> fmt::Debug for VerifyResponseLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyResponseLayer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
