//! What is asked for with an idempotency key, written down before it is done.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::credential::CredentialDocument;
use super::database::{Range, Write};
use super::design::View;
use super::document::{Draft, Kind, place_of_idempotency};
use super::inner::{ATTEMPTS, Inner};
use super::rotation::{Replaced, Replacement};
use super::trouble::{contended, damaged};
use crate::credential::CredentialId;
use crate::store::{Creation, Idempotency, StoreError};

/// After how many intents those that are out of date are looked for.
const INTENTS_PER_SWEEP: u64 = 64;

/// How many of them are removed at a time: more than were made since the last time.
const SWEPT: usize = 256;

/// The members of an idempotency key's document: everything that a retry needs to finish what the
/// first attempt began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Intent {
    fingerprint: String,
    until: i64,
    credential: CredentialDocument,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replacement: Option<Replacement>,
}

/// What became of writing an intent down.
pub(super) enum Claim {
    /// It is written down, at this place and with this `_rev`.
    Claimed(Claimed),
    /// It is not: there is an earlier one, which is done by now.
    Repeated(Creation),
}

/// An intent that is written down.
pub(super) struct Claimed {
    place: String,
    rev: String,
}

/// What can become of an intent.
enum Settled {
    Done,
    /// It never was done and never can be.
    Impossible,
}

impl Intent {
    pub(super) fn new(
        idempotency: &Idempotency,
        credential: CredentialDocument,
        replacement: Option<Replacement>,
    ) -> Self {
        Self {
            fingerprint: STANDARD_NO_PAD.encode(idempotency.fingerprint),
            until: idempotency.until.as_unix(),
            credential,
            replacement,
        }
    }

    fn repeated(&self) -> Result<Creation, StoreError> {
        let foreign = || damaged("an idempotency key in CouchDB was changed by something else");
        let fingerprint = STANDARD_NO_PAD.decode(&self.fingerprint).ok();
        Ok(Creation::Repeated {
            id: CredentialId::parse(self.credential.id.as_str()).map_err(|_| foreign())?,
            fingerprint: fingerprint
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(foreign)?,
        })
    }
}

impl Inner {
    /// What was asked for with this key before, brought to its end; nothing if it was not, is
    /// forgotten at `now`, or could not be done.
    pub(super) async fn recall(
        &self,
        idempotency: &Idempotency,
        now: Timestamp,
    ) -> Result<Option<Creation>, StoreError> {
        let place = place_of_idempotency(&idempotency.key);
        let Some(found) = self.database.read(&place).await? else {
            return Ok(None);
        };
        let earlier: Intent = found.members(Kind::Idempotency)?;
        if earlier.until < now.as_unix() {
            return Ok(None);
        }
        match self.settle(&earlier).await? {
            Settled::Done => earlier.repeated().map(Some),
            Settled::Impossible => Ok(None),
        }
    }

    /// Writes `intent` down, unless an earlier one with its key is still remembered and was done.
    pub(super) async fn claim(
        &self,
        idempotency: &Idempotency,
        intent: &Intent,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let place = place_of_idempotency(&idempotency.key);
        let document = Draft::new(Kind::Idempotency, intent)?;
        let mut replaced: Option<String> = None;
        for attempt in 0..ATTEMPTS {
            let write = self.database.write(&place, replaced.as_deref(), &document);
            if let Write::Written(rev) = write.await? {
                return Ok(Claim::Claimed(Claimed { place, rev }));
            }
            replaced = None;
            if let Some(found) = self.database.read(&place).await? {
                let rev = found.rev.clone();
                let earlier: Intent = found.members(Kind::Idempotency)?;
                if earlier.until >= now.as_unix()
                    && let Settled::Done = self.settle(&earlier).await?
                {
                    return Ok(Claim::Repeated(earlier.repeated()?));
                }
                replaced = Some(rev);
            }
            self.give_way(attempt).await;
        }
        Err(contended())
    }

    /// Forgets an intent that cannot be done. That it stays if this fails does no harm: whoever
    /// comes with its key finds out again that it cannot be done.
    pub(super) async fn release(&self, claimed: Claimed) {
        let _ = self.database.remove(&claimed.place, &claimed.rev).await;
    }

    /// Does what is left to do of an intent, which another may be doing at the same moment.
    async fn settle(&self, intent: &Intent) -> Result<Settled, StoreError> {
        let credential = &intent.credential;
        let is_there = match self.creation_at(&credential.place()).await? {
            Some(creation) => creation == credential.creation,
            None => self.place(credential).await?,
        };
        if !is_there {
            return Ok(Settled::Impossible);
        }
        let Some(replacement) = &intent.replacement else {
            return Ok(Settled::Done);
        };
        match self.replace(replacement, &credential.id, None).await? {
            Replaced::Done => Ok(Settled::Done),
            Replaced::Stale | Replaced::Unknown => {
                self.withdraw(credential).await?;
                Ok(Settled::Impossible)
            }
        }
    }

    /// Now and then removes intents that nobody remembers at `now`. It may fail: the next one
    /// finds them too.
    pub(super) async fn sweep_sometimes(&self, now: Timestamp) {
        if self.count_intent().is_multiple_of(INTENTS_PER_SWEEP) {
            let _ = self.sweep(now).await;
        }
    }

    async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        let range = Range {
            end: Some(json!(now.as_unix().saturating_sub(1))),
            limit: SWEPT,
            ..Range::default()
        };
        let rows = self.database.rows(&View::Remembered.path(), &range).await?;
        let text = |row: &Value, name| row.get(name).and_then(Value::as_str).map(str::to_owned);
        let removed: Vec<_> = rows
            .iter()
            .filter_map(|row| Some((text(row, "id")?, text(row, "value")?)))
            .map(|(id, rev)| json!({ "_id": id, "_rev": rev, "_deleted": true }))
            .collect();
        if !removed.is_empty() {
            self.database.write_many(removed).await?;
        }
        Ok(())
    }
}
