//! Noting when credentials were last used.

use std::collections::BTreeMap;

use async_trait::async_trait;
use countersign_core::Timestamp;
use deadpool_postgres::Client;

use crate::credential::CredentialId;
use crate::store::postgres::error::Trouble;
use crate::store::postgres::pool::Operation;

/// The most credentials in one statement: it holds their rows locked until it is done.
const AT_ONCE: usize = 1_000;

/// Notes the use of some credentials, each named once.
pub(in crate::store::postgres) struct Touch {
    ids: Vec<String>,
    times: Vec<i64>,
}

impl Touch {
    /// The latest use of each credential, in statements of bounded size.
    pub(in crate::store::postgres) fn parts(used: &[(CredentialId, Timestamp)]) -> Vec<Self> {
        let mut latest = BTreeMap::new();
        for (id, time) in used {
            let kept = latest.entry(id.as_str()).or_insert(*time);
            *kept = (*kept).max(*time);
        }
        let latest: Vec<_> = latest.into_iter().collect();
        let part = |some: &[(&str, Timestamp)]| Self {
            ids: some.iter().map(|(id, _)| (*id).to_owned()).collect(),
            times: some.iter().map(|(_, time)| time.as_unix()).collect(),
        };
        latest.chunks(AT_ONCE).map(part).collect()
    }
}

/// Rows are locked in the order of their ids, so that two of these cannot wait for each other.
const STATEMENT: &str = "\
    WITH used AS MATERIALIZED (\
        SELECT kept.ordinal, given.time \
        FROM unnest($1::text[], $2::bigint[]) AS given (id, time) \
        JOIN countersign_credentials AS kept ON kept.id = given.id \
        WHERE kept.last_used_at IS NULL OR kept.last_used_at < given.time \
        ORDER BY kept.id FOR NO KEY UPDATE OF kept) \
    UPDATE countersign_credentials AS kept SET last_used_at = used.time FROM used \
    WHERE kept.ordinal = used.ordinal \
    AND (kept.last_used_at IS NULL OR kept.last_used_at < used.time)";

#[async_trait]
impl Operation for Touch {
    type Answer = ();

    async fn run(&self, connection: &mut Client) -> Result<(), Trouble> {
        let statement = connection.prepare_cached(STATEMENT).await?;
        connection
            .execute(&statement, &[&self.ids, &self.times])
            .await?;
        Ok(())
    }
}
