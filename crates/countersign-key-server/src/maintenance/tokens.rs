//! API tokens: 256 random bits, of which a store keeps a hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::Timestamp;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{MaintenanceError, hexadecimal};
use crate::store::{CredentialStore, Scope, TokenHash, TokenId, TokenRecord};

/// How tokens begin, so that they are recognised where they should not be: in a log, in a commit.
pub const PREFIX: &str = "cst_";

/// The random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// The random bytes of an id: enough that few people ever see two alike, and short to type.
const ID_BYTES: usize = 5;

/// How often another id is drawn when one is taken.
const DRAWS: usize = 8;

/// The longest name of a token, in characters: it is for one line of a list.
const MAX_NAME: usize = 100;

/// A token at the one moment at which it is known.
pub struct NewToken {
    /// The token itself: `cst_` and 43 characters of base64url.
    pub text: Zeroizing<String>,
    /// What is kept of it.
    pub record: TokenRecord,
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewToken({}, ***)", self.record.id)
    }
}

/// What a store keeps of the token `text`.
fn hash_of(text: &str) -> TokenHash {
    TokenHash(Sha256::digest(text.as_bytes()).into())
}

/// Makes a token and keeps its hash.
///
/// # Errors
/// When the name is not 1 to 100 characters without control characters, or the store cannot be
/// written.
pub async fn create(
    store: &dyn CredentialStore,
    scope: Scope,
    name: Option<String>,
    now: Timestamp,
) -> Result<NewToken, MaintenanceError> {
    if let Some(name) = &name
        && (name.is_empty()
            || name.chars().count() > MAX_NAME
            || name.chars().any(char::is_control))
    {
        return Err(MaintenanceError::new(format!(
            "the name of a token is 1 to {MAX_NAME} characters without control characters"
        )));
    }
    for _ in 0..DRAWS {
        let text = text()?;
        let record = TokenRecord {
            id: id()?,
            name: name.clone(),
            scope,
            hash: hash_of(&text),
            created_at: now,
            revoked_at: None,
        };
        if store.add_token(record.clone()).await? {
            return Ok(NewToken { text, record });
        }
    }
    Err(MaintenanceError::new(
        "the key store takes no id for a new token: all that were tried are taken; try again",
    ))
}

/// Revokes the token `id`; again: nothing changes.
///
/// # Errors
/// When there is no such token, or the store cannot be written.
pub async fn revoke(
    store: &dyn CredentialStore,
    id: &str,
    now: Timestamp,
) -> Result<(), MaintenanceError> {
    let known = match TokenId::parse(id) {
        Some(id) => store.revoke_token(&id, now).await?,
        None => false,
    };
    if known {
        return Ok(());
    }
    // A token given in place of its id must not be repeated.
    Err(MaintenanceError::new(
        "there is no token with this id; `token list` shows the ids",
    ))
}

fn text() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
    getrandom::fill(&mut *bytes)?;
    let mut text = Zeroizing::new(String::with_capacity(64));
    text.push_str(PREFIX);
    URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
    Ok(text)
}

fn id() -> Result<TokenId, MaintenanceError> {
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes)?;
    TokenId::parse(&hexadecimal(&bytes))
        .ok_or_else(|| MaintenanceError::new("an id of a token is 1 to 32 letters"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    const NOW: Timestamp = Timestamp::from_unix(1000);

    #[tokio::test]
    async fn a_token_is_shown_once_and_kept_as_a_hash() {
        let store = MemoryStore::new();
        let made = create(&store, Scope::Lookup, Some("gateway".to_owned()), NOW)
            .await
            .unwrap();
        assert!(made.text.starts_with(PREFIX) && made.text.len() == 47);
        let kept = store.tokens().await.unwrap();
        assert_eq!(kept, std::slice::from_ref(&made.record));
        assert_eq!(kept[0].hash, hash_of(&made.text));
        let shown = format!("{made:?} {kept:?}");
        assert!(!shown.contains(&made.text[4..20]), "{shown}");
    }

    #[tokio::test]
    async fn a_token_is_revoked_by_its_id_and_an_unknown_one_is_not_repeated() {
        let store = MemoryStore::new();
        let made = create(&store, Scope::Admin, None, NOW).await.unwrap();
        revoke(&store, made.record.id.as_str(), NOW).await.unwrap();
        assert_eq!(store.tokens().await.unwrap()[0].revoked_at, Some(NOW));
        let error = revoke(&store, &made.text, NOW).await.unwrap_err();
        assert!(!error.to_string().contains(&*made.text), "{error}");
    }

    #[tokio::test]
    async fn a_name_that_breaks_a_list_is_refused() {
        let store = MemoryStore::new();
        for bad in ["", "a\nb", &"a".repeat(101)] {
            let made = create(&store, Scope::Admin, Some(bad.to_owned()), NOW).await;
            assert!(made.is_err(), "{bad:?}");
        }
        assert!(store.tokens().await.unwrap().is_empty());
    }
}
