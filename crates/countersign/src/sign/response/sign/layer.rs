//! The layer, and what it was told.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use countersign_core::{AuthKey, Clock, ConfigError, ResponseForm, SystemClock};
use tower_layer::Layer;

use super::service::SignResponse;
use crate::sign::response::{DEFAULT_MAX_BODY, wiki_only};

/// What becomes of an answer whose body is larger than what is hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LargerAnswers {
    /// The caller gets a signed 500 with the code `misconfigured` in its place.
    #[default]
    Refuse,
    /// It is sent as it is, unsigned. A caller that insists on signatures refuses it.
    SendUnsigned,
}

/// Signs the answers of the service inside with the key that the caller's request was verified
/// with. Goes inside an [`AuthKeyLayer`](crate::AuthKeyLayer) with the same principal type `P`.
///
/// See the [module](crate::sign::response) for the rules.
#[must_use]
pub struct SignResponseLayer<P = String> {
    settings: Settings,
    principal: PhantomData<fn() -> P>,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) scheme: AuthKey,
    pub(super) form: ResponseForm,
    pub(super) max_body: u64,
    pub(super) larger: LargerAnswers,
    pub(super) clock: Arc<dyn Clock>,
}

impl SignResponseLayer {
    /// Signs for principals that are text.
    pub fn new() -> Self {
        Self::for_principals()
    }
}

impl Default for SignResponseLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> SignResponseLayer<P> {
    /// Signs for principals of any type: that of the keys of the verifying layer.
    pub fn for_principals() -> Self {
        Self {
            settings: Settings {
                scheme: AuthKey::default(),
                form: ResponseForm::default(),
                max_body: DEFAULT_MAX_BODY,
                larger: LargerAnswers::default(),
                clock: Arc::new(SystemClock),
            },
            principal: PhantomData,
        }
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The scheme as the verifying layer has it, where its header, word or identifier differ.
    ///
    /// # Errors
    /// When it is not in the wiki's form.
    pub fn scheme(self, scheme: AuthKey) -> Result<Self, ConfigError> {
        let scheme = wiki_only(scheme)?;
        Ok(self.set(|settings| settings.scheme = scheme))
    }

    /// How the string to sign ends: three line feeds unless set.
    pub fn form(self, form: ResponseForm) -> Self {
        self.set(|settings| settings.form = form)
    }

    /// Hashes bodies up to `bytes` in memory, 1 MiB unless set.
    pub fn max_body(self, bytes: u64) -> Self {
        self.set(|settings| settings.max_body = bytes)
    }

    /// What becomes of larger answers: refused unless set.
    pub fn larger_answers(self, rule: LargerAnswers) -> Self {
        self.set(|settings| settings.larger = rule)
    }

    /// Takes the time from `clock`.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.set(|settings| settings.clock = Arc::new(clock))
    }
}

impl<T, P> Layer<T> for SignResponseLayer<P> {
    type Service = SignResponse<T, P>;

    fn layer(&self, inner: T) -> Self::Service {
        SignResponse::new(inner, self.settings.clone())
    }
}

impl<P> Clone for SignResponseLayer<P> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            principal: PhantomData,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("scheme", &self.scheme)
            .field("form", &self.form)
            .field("max_body", &self.max_body)
            .field("larger", &self.larger)
            .finish_non_exhaustive()
    }
}

impl<P> fmt::Debug for SignResponseLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SignResponseLayer")
            .field(&self.settings)
            .finish()
    }
}
