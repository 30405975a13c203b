//! The API token.
//!
//! Invariants: it is shown nowhere; it is held in memory that is wiped when it is dropped.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use countersign_core::ConfigError;
use http::HeaderValue;
use zeroize::Zeroizing;

/// The longest token, in bytes: the key server's have 43 characters; signed ones may be longer.
const MAX_TOKEN: usize = 4096;

/// A token that can be sent.
pub(super) type Token = Arc<Zeroizing<String>>;

/// Where the token comes from, and what it was when last looked at.
pub(super) struct TokenSource {
    file: Option<PathBuf>,
    token: RwLock<Option<Token>>,
}

impl TokenSource {
    pub(super) fn none() -> Self {
        Self {
            file: None,
            token: RwLock::new(None),
        }
    }

    pub(super) fn given(token: &str) -> Result<Self, ConfigError> {
        let token =
            checked(token).map_err(|wrong| ConfigError::new("key-server-token", "***", wrong))?;
        Ok(Self {
            file: None,
            token: RwLock::new(Some(token)),
        })
    }

    pub(super) fn file(path: PathBuf) -> Result<Self, ConfigError> {
        let token = read(&path).map_err(|wrong| {
            ConfigError::new("key-server-token-file", path.display().to_string(), wrong)
        })?;
        Ok(Self {
            file: Some(path),
            token: RwLock::new(Some(token)),
        })
    }

    pub(super) fn current(&self) -> Option<Token> {
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner);
        token.clone()
    }

    /// Reads the file again, after `refused` was; whether there is another token now.
    pub(super) async fn changed_since(&self, refused: Option<&Token>) -> bool {
        let Some(path) = self.file.clone() else {
            return false;
        };
        let found = match tokio::task::spawn_blocking(move || read(&path)).await {
            Ok(Ok(token)) => token,
            Ok(Err(wrong)) => {
                tracing::warn!("the file with the token for the key server: {wrong}");
                return false;
            }
            Err(_) => return false,
        };
        if refused.is_some_and(|refused| refused.as_str() == found.as_str()) {
            return false;
        }
        let mut token = self.token.write().unwrap_or_else(PoisonError::into_inner);
        *token = Some(found);
        true
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.current()) {
            (Some(path), _) => write!(f, "TokenSource({})", path.display()),
            (None, Some(_)) => f.write_str("TokenSource(***)"),
            (None, None) => f.write_str("TokenSource(none)"),
        }
    }
}

/// The `Authorization` that `token` makes.
pub(crate) fn authorization(token: &str) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("Bearer {token}"));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn read(path: &Path) -> Result<Token, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = Zeroizing::new(String::with_capacity(MAX_TOKEN.saturating_add(2)));
    let most = u64::try_from(MAX_TOKEN.saturating_add(2)).unwrap_or(u64::MAX);
    file.take(most)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    checked(text.trim())
}

fn checked(token: &str) -> Result<Token, String> {
    if token.is_empty() {
        return Err("there is no token in it; put one there that `token create` printed".into());
    }
    if token.len() > MAX_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "that is no token; give one line of at most {MAX_TOKEN} visible ASCII characters"
        ));
    }
    Ok(Arc::new(Zeroizing::new(token.to_owned())))
}
