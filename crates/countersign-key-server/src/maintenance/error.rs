//! Why something could not be done.

use std::error::Error;
use std::fmt;

use crate::store::StoreError;

/// Something could not be done to a store. Its text is a sentence for the operator, without any
/// secret.
#[derive(Debug)]
pub struct MaintenanceError {
    sentence: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl MaintenanceError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            source: None,
        }
    }

    pub(crate) fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}

impl fmt::Display for MaintenanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Error for MaintenanceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|it| it as _)
    }
}

impl From<StoreError> for MaintenanceError {
    fn from(error: StoreError) -> Self {
        Self::new(format!("the key store: {error}")).because(error)
    }
}

impl From<getrandom::Error> for MaintenanceError {
    fn from(error: getrandom::Error) -> Self {
        Self::new(format!(
            "the operating system gives no random numbers: {error}"
        ))
    }
}
