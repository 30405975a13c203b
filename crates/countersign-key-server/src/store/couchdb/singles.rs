//! The documents of which there is one: the keyring, and the tokens.
//!
//! All tokens are in one document, because only a document is changed as a whole: that is what
//! keeps two tokens from having one id or one hash. Tokens are few, and a document may be 8 MB
//! long, so some 30 000 of them fit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::database::Write;
use super::document::{Draft, Kind, PLACE_OF_KEYRING, PLACE_OF_TOKENS};
use super::inner::{ATTEMPTS, Inner};
use super::trouble::{contended, damaged};
use crate::store::{Revision, Scope, StoreError, TokenHash, TokenId, TokenRecord};

#[derive(Serialize, Deserialize)]
struct KeyringDocument {
    sealed: String,
    revision: u32,
}

#[derive(Default, Serialize, Deserialize)]
struct TokensDocument {
    /// From the oldest to the newest.
    tokens: Vec<TokenMembers>,
}

#[derive(Clone, Serialize, Deserialize)]
struct TokenMembers {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    scope: String,
    hash: String,
    created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<i64>,
}

impl TokenMembers {
    fn new(token: &TokenRecord) -> Self {
        Self {
            id: token.id.as_str().to_owned(),
            name: token.name.clone(),
            scope: token.scope.name().to_owned(),
            hash: STANDARD_NO_PAD.encode(token.hash.0),
            created_at: token.created_at.as_unix(),
            revoked_at: token.revoked_at.map(Timestamp::as_unix),
        }
    }

    fn to_record(&self) -> Option<TokenRecord> {
        let hash = STANDARD_NO_PAD.decode(&self.hash).ok()?;
        Some(TokenRecord {
            id: TokenId::parse(&self.id)?,
            name: self.name.clone(),
            scope: Scope::from_name(&self.scope)?,
            hash: TokenHash(hash.try_into().ok()?),
            created_at: Timestamp::from_unix(self.created_at),
            revoked_at: self.revoked_at.map(Timestamp::from_unix),
        })
    }
}

impl Inner {
    pub(super) async fn keyring(&self) -> Result<Option<(Vec<u8>, Revision)>, StoreError> {
        let kept = self.keyring_document().await?;
        Ok(kept.map(|(_, sealed, revision)| (sealed, revision)))
    }

    pub(super) async fn put_keyring(
        &self,
        sealed: &[u8],
        expected: Option<Revision>,
    ) -> Result<bool, StoreError> {
        let rev = match (self.keyring_document().await?, expected) {
            (None, None) => None,
            (Some((rev, _, revision)), Some(expected)) if revision == expected => Some(rev),
            _ => return Ok(false),
        };
        let document = KeyringDocument {
            sealed: STANDARD_NO_PAD.encode(sealed),
            revision: expected.map_or(Revision::FIRST, Revision::next).number(),
        };
        let document = Draft::new(Kind::Keyring, &document)?;
        let write = self
            .database
            .write(PLACE_OF_KEYRING, rev.as_deref(), &document);
        // Nothing but a new revision changes this document.
        Ok(matches!(write.await?, Write::Written(_)))
    }

    async fn keyring_document(&self) -> Result<Option<(String, Vec<u8>, Revision)>, StoreError> {
        let Some(found) = self.database.read(PLACE_OF_KEYRING).await? else {
            return Ok(None);
        };
        let rev = found.rev.clone();
        let document: KeyringDocument = found.members(Kind::Keyring)?;
        let sealed = STANDARD_NO_PAD.decode(&document.sealed).map_err(|_| {
            damaged("the keyring in CouchDB was changed by something else; restore it")
        })?;
        Ok(Some((
            rev,
            sealed,
            Revision::from_number(document.revision),
        )))
    }

    pub(super) async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        let (_, document) = self.tokens_document().await?;
        let tokens = document.tokens.iter().map(TokenMembers::to_record);
        tokens
            .collect::<Option<_>>()
            .ok_or_else(|| damaged("the tokens in CouchDB were changed by something else"))
    }

    pub(super) async fn add_token(&self, token: TokenRecord) -> Result<bool, StoreError> {
        let new = TokenMembers::new(&token);
        self.change_tokens(|tokens| {
            if tokens
                .iter()
                .any(|it| it.id == new.id || it.hash == new.hash)
            {
                return Change::None(false);
            }
            tokens.push(new.clone());
            Change::Made
        })
        .await
    }

    pub(super) async fn revoke_token(
        &self,
        id: &TokenId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change_tokens(
            |tokens| match tokens.iter_mut().find(|it| it.id == id.as_str()) {
                None => Change::None(false),
                Some(token) if token.revoked_at.is_some() => Change::None(true),
                Some(token) => {
                    token.revoked_at = Some(now.as_unix());
                    Change::Made
                }
            },
        )
        .await
    }

    async fn change_tokens(
        &self,
        mut change: impl FnMut(&mut Vec<TokenMembers>) -> Change,
    ) -> Result<bool, StoreError> {
        for attempt in 0..ATTEMPTS {
            let (rev, mut document) = self.tokens_document().await?;
            if let Change::None(answer) = change(&mut document.tokens) {
                return Ok(answer);
            }
            let document = Draft::new(Kind::Tokens, &document)?;
            let write = self
                .database
                .write(PLACE_OF_TOKENS, rev.as_deref(), &document);
            if let Write::Written(_) = write.await? {
                return Ok(true);
            }
            self.give_way(attempt).await;
        }
        Err(contended())
    }

    async fn tokens_document(&self) -> Result<(Option<String>, TokensDocument), StoreError> {
        match self.database.read(PLACE_OF_TOKENS).await? {
            None => Ok((None, TokensDocument::default())),
            Some(found) => {
                let rev = found.rev.clone();
                Ok((Some(rev), found.members(Kind::Tokens)?))
            }
        }
    }
}

/// What a change did to the tokens.
enum Change {
    /// There is something to be written.
    Made,
    /// There is not, and this is the answer.
    None(bool),
}
