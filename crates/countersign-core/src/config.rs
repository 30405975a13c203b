//! What is wrong with a configuration.

use std::borrow::Cow;
use std::fmt;

/// A setting that cannot be used: which one, what it was, and what to do instead.
///
/// Returned, or shown in a panic, while a layer is being built: never while it serves.
#[derive(Clone, Debug)]
pub struct ConfigError {
    key: Cow<'static, str>,
    value: Cow<'static, str>,
    fix: Cow<'static, str>,
}

impl ConfigError {
    /// The setting `key` has the unusable `value`; `fix` says which values are usable.
    pub fn new(
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
        fix: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
            fix: fix.into(),
        }
    }

    /// The name of the setting.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} = {:?} cannot be used: {}",
            self.key, self.value, self.fix
        )
    }
}

impl std::error::Error for ConfigError {}
