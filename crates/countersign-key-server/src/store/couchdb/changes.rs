//! Reading and changing one credential.

use std::collections::HashMap;

use countersign_core::Timestamp;

use super::credential::Versioned;
use super::database::Write;
use super::document::place_of_credential;
use super::inner::{ATTEMPTS, Inner};
use super::trouble::contended;
use crate::credential::CredentialId;
use crate::store::{Change, Record, Revision, StoreError, Update};

/// How many credentials are read and written in one call: some 100 KB.
const TOUCHED_AT_ONCE: usize = 100;

impl Inner {
    pub(super) async fn get(&self, id: &CredentialId) -> Result<Option<Record>, StoreError> {
        match self.credential(id.as_str()).await? {
            None => Ok(None),
            Some(found) => found.document.to_record().map(Some),
        }
    }

    pub(super) async fn update(
        &self,
        id: &CredentialId,
        expected: Revision,
        change: Change,
    ) -> Result<Update, StoreError> {
        for attempt in 0..ATTEMPTS {
            let Some(found) = self.credential(id.as_str()).await? else {
                return Ok(Update::Unknown);
            };
            let Versioned { rev, mut document } = found;
            if document.revision() != expected {
                return Ok(Update::Stale);
            }
            match &change {
                Change::Life(life) => document.live(life),
                Change::Sealed(sealed) => document.seal(sealed),
            }
            document.advance();
            let record = document.to_record()?;
            match self.save(&rev, &document).await? {
                Write::Written(_) => return Ok(Update::Updated(record)),
                // Perhaps somebody only noted a use, which leaves the revision as it is.
                Write::Conflict => self.give_way(attempt).await,
            }
        }
        Err(contended())
    }

    pub(super) async fn touch(&self, used: &[(CredentialId, Timestamp)]) -> Result<(), StoreError> {
        let mut latest: HashMap<String, Timestamp> = HashMap::new();
        for (id, time) in used {
            let noted = latest
                .entry(place_of_credential(id.as_str()))
                .or_insert(*time);
            *noted = (*noted).max(*time);
        }
        let places: Vec<String> = latest.keys().cloned().collect();
        for chunk in places.chunks(TOUCHED_AT_ONCE) {
            self.touch_chunk(chunk.to_vec(), &latest).await?;
        }
        Ok(())
    }

    async fn touch_chunk(
        &self,
        mut places: Vec<String>,
        latest: &HashMap<String, Timestamp>,
    ) -> Result<(), StoreError> {
        for attempt in 0..ATTEMPTS {
            let mut touched = Vec::new();
            for row in self.database.read_many(&places).await? {
                let Some(Versioned { rev, mut document }) = Versioned::from_row(row)? else {
                    continue;
                };
                let place = document.place();
                if latest.get(&place).is_some_and(|time| document.touch(*time)) {
                    touched.push(document.to_draft()?.to_json(&place, Some(&rev)));
                }
            }
            if touched.is_empty() {
                return Ok(());
            }
            places = self.database.write_many(touched).await?;
            if places.is_empty() {
                return Ok(());
            }
            self.give_way(attempt).await;
        }
        Err(contended())
    }
}
