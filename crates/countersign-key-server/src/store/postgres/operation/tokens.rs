//! API tokens.

use async_trait::async_trait;
use countersign_core::Timestamp;
use deadpool_postgres::Client;

use crate::store::postgres::error::Trouble;
use crate::store::postgres::pool::Operation;
use crate::store::postgres::row::{self, TOKEN, scope_code, seconds};
use crate::store::{TokenId, TokenRecord};

/// Keeps a new token.
pub(in crate::store::postgres) struct AddToken(pub(in crate::store::postgres) TokenRecord);

#[async_trait]
impl Operation for AddToken {
    type Answer = bool;

    async fn run(&self, connection: &mut Client) -> Result<bool, Trouble> {
        let statement = format!(
            "INSERT INTO countersign_tokens ({TOKEN}) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT DO NOTHING"
        );
        let statement = connection.prepare_cached(&statement).await?;
        let token = &self.0;
        let kept = connection
            .execute(
                &statement,
                &[
                    &token.id.as_str(),
                    &token.name,
                    &scope_code(token.scope),
                    &token.hash.0.as_slice(),
                    &token.created_at.as_unix(),
                    &seconds(token.revoked_at),
                ],
            )
            .await?;
        Ok(kept == 1)
    }
}

/// Reads all tokens.
pub(in crate::store::postgres) struct ReadTokens;

#[async_trait]
impl Operation for ReadTokens {
    type Answer = Vec<TokenRecord>;

    async fn run(&self, connection: &mut Client) -> Result<Vec<TokenRecord>, Trouble> {
        let statement = format!("SELECT {TOKEN} FROM countersign_tokens ORDER BY ordinal");
        let statement = connection.prepare_cached(&statement).await?;
        let rows = connection.query(&statement, &[]).await?;
        rows.iter().map(row::token).collect()
    }
}

/// Marks a token as revoked.
pub(in crate::store::postgres) struct RevokeToken {
    pub(in crate::store::postgres) id: TokenId,
    pub(in crate::store::postgres) now: Timestamp,
}

#[async_trait]
impl Operation for RevokeToken {
    type Answer = bool;

    async fn run(&self, connection: &mut Client) -> Result<bool, Trouble> {
        let statement = connection
            .prepare_cached(
                "UPDATE countersign_tokens SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1",
            )
            .await?;
        let found = connection
            .execute(&statement, &[&self.id.as_str(), &self.now.as_unix()])
            .await?;
        Ok(found == 1)
    }
}
