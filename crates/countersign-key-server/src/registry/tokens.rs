//! API tokens: a snapshot of all of them, at most a second old.
//!
//! A revoked token is refused, and a new one taken, after a second at the latest. When the tokens
//! cannot be read, nobody is let in.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::{Caller, OperationError, Registry};
use crate::store::{TokenHash, TokenRecord};

/// How old the snapshot may be, and how long a failure to read the tokens is believed.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The longest text that is hashed to see whether it is a token: several times what is issued.
const MAX_TOKEN_LEN: usize = 256;

type Loaded = (Instant, Result<Arc<Snapshot>, OperationError>);

#[derive(Default)]
pub(super) struct Tokens {
    last: RwLock<Option<Loaded>>,
    loading: tokio::sync::Mutex<()>,
}

/// All tokens that are taken.
struct Snapshot {
    /// By hash: finding one takes a time that tells of the hash, which is no secret's prefix.
    accepted: HashMap<TokenHash, Arc<TokenRecord>>,
    /// Whether there ever was a token.
    guarded: bool,
}

impl Tokens {
    fn recent(&self) -> Option<Result<Arc<Snapshot>, OperationError>> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        let (loaded_at, snapshot) = last.as_ref()?;
        (loaded_at.elapsed() < MAX_AGE).then(|| snapshot.clone())
    }
}

impl Registry {
    /// Whoever holds the token with this text; `None` when there is no such token, or it was
    /// revoked.
    ///
    /// # Errors
    /// When the tokens cannot be read.
    pub async fn authenticate(&self, bearer: &str) -> Result<Option<Caller>, OperationError> {
        if bearer.len() > MAX_TOKEN_LEN {
            return Ok(None);
        }
        let snapshot = self.tokens().await?;
        let hash = TokenHash(Sha256::digest(bearer.as_bytes()).into());
        let token = snapshot.accepted.get(&hash);
        Ok(token.map(|token| Caller::Token(Arc::clone(token))))
    }

    /// Whether a token was ever created: from then on callers need one, even when all of them are
    /// revoked.
    ///
    /// # Errors
    /// When the tokens cannot be read.
    pub async fn is_guarded(&self) -> Result<bool, OperationError> {
        Ok(self.tokens().await?.guarded)
    }

    async fn tokens(&self) -> Result<Arc<Snapshot>, OperationError> {
        if let Some(recent) = self.tokens.recent() {
            return recent;
        }
        // One reads; the others wait for what it finds, a failure too.
        let _loading = self.tokens.loading.lock().await;
        if let Some(recent) = self.tokens.recent() {
            return recent;
        }
        let loaded = self.ask(self.store.tokens()).await.map(|tokens| {
            let guarded = !tokens.is_empty();
            let accepted = tokens
                .into_iter()
                .filter(|token| token.revoked_at.is_none())
                .map(|token| (token.hash, Arc::new(token)))
                .collect();
            Arc::new(Snapshot { accepted, guarded })
        });
        let mut last = self
            .tokens
            .last
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some((Instant::now(), loaded.clone()));
        loaded
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;

    use super::*;
    use crate::seal::MasterKey;
    use crate::store::{CredentialStore, MemoryStore, Scope, TokenId};

    fn token(id: &str, text: &str) -> TokenRecord {
        TokenRecord {
            id: TokenId::parse(id).unwrap(),
            name: None,
            scope: Scope::Lookup,
            hash: TokenHash(Sha256::digest(text.as_bytes()).into()),
            created_at: Timestamp::from_unix(0),
            revoked_at: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_counts_a_second_after_its_creation_and_not_a_second_after_its_end() {
        let store = Arc::new(MemoryStore::new());
        let shared = Arc::clone(&store) as Arc<dyn CredentialStore>;
        let master = MasterKey::generate().unwrap();
        let registry = Registry::open(shared, &master).await.unwrap();
        assert!(!registry.is_guarded().await.unwrap());

        store.add_token(token("a", "text")).await.unwrap();
        tokio::time::advance(MAX_AGE).await;
        assert!(registry.is_guarded().await.unwrap());
        let caller = registry.authenticate("text").await.unwrap();
        assert_eq!(caller.unwrap().name(), "a");
        assert_eq!(registry.authenticate("other").await, Ok(None));

        let id = TokenId::parse("a").unwrap();
        store
            .revoke_token(&id, Timestamp::from_unix(1))
            .await
            .unwrap();
        tokio::time::advance(MAX_AGE).await;
        assert_eq!(registry.authenticate("text").await, Ok(None));
        assert!(
            registry.is_guarded().await.unwrap(),
            "the last token opened the door"
        );
    }
}
