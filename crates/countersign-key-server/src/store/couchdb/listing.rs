//! Listing credentials, in the order in which they were created.

use serde_json::{Value, json};

use super::credential::{CredentialDocument, Versioned, hash_of};
use super::database::{Documents, Range};
use super::design::View;
use super::inner::Inner;
use super::trouble::nonsense;
use crate::credential::CredentialId;
use crate::store::{Listing, Page, Position, StoreError, StoreErrorKind, Which};

/// The most rows that are asked for at a time: with the longest ids, principals and secrets that
/// is less than 1 MB.
const MOST_ROWS: usize = 200;

/// The largest whole number that every reader of JSON keeps exactly.
const MOST_ORDER: u64 = 1 << 53;

/// Where in a view a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cursor {
    order: u64,
    id: String,
}

impl Cursor {
    fn parse(position: &Position) -> Result<Self, StoreError> {
        let alien = || {
            let message = "the position is not one of CouchDB's store";
            StoreError::new(StoreErrorKind::InvalidPosition, message)
        };
        let (order, id) = position.as_str().split_once('.').ok_or_else(alien)?;
        let order = order.parse().ok().filter(|order| *order < MOST_ORDER);
        let id = CredentialId::parse(id).map_err(|_| alien())?;
        Ok(Self {
            order: order.ok_or_else(alien)?,
            id: id.as_str().to_owned(),
        })
    }

    /// Where `row` is: the last two parts of its key.
    fn of(row: &Value) -> Option<Self> {
        let (id, rest) = row.get("key")?.as_array()?.split_last()?;
        Some(Self {
            order: rest.last()?.as_u64()?,
            id: id.as_str()?.to_owned(),
        })
    }

    fn to_position(&self) -> Position {
        Position::new(format!("{}.{}", self.order, self.id))
    }
}

impl Inner {
    pub(super) async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        let mut page = Page::default();
        let mut last = listing.after.as_ref().map(Cursor::parse).transpose()?;
        let mut kept: Option<Cursor> = None;
        loop {
            // One more than is missing tells whether there is a next page; another one is where
            // the last page ended, which the range begins with.
            let missing = listing.limit.saturating_sub(page.records.len());
            let limit = missing.saturating_add(2).min(MOST_ROWS);
            let rows = self.rows_after(listing, last.as_ref(), limit).await?;
            let is_last = rows.len() < limit;
            for row in rows {
                let cursor = Cursor::of(&row).ok_or_else(nonsense)?;
                if last.as_ref() == Some(&cursor) {
                    continue;
                }
                if let Some(document) = listed(row, listing)? {
                    if page.records.len() >= listing.limit {
                        page.next = kept.as_ref().map(Cursor::to_position);
                        return Ok(page);
                    }
                    page.records.push(document.to_record()?);
                    kept = Some(cursor.clone());
                }
                last = Some(cursor);
            }
            if is_last {
                return Ok(page);
            }
        }
    }

    async fn rows_after(
        &self,
        listing: &Listing,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Value>, StoreError> {
        let (order, id) = match after {
            None => (0, ""),
            Some(cursor) => (cursor.order, cursor.id.as_str()),
        };
        let hash = listing.principal.as_ref().map(hash_of);
        let (start, end) = match &hash {
            // An object comes after every number.
            Some(hash) => (json!([hash, order, id]), Some(json!([hash, {}]))),
            None => (json!([order, id]), None),
        };
        let view = match (&hash, listing.which) {
            (None, Which::WithDeleted) => View::All,
            (None, Which::Present) => View::Present,
            (Some(_), Which::WithDeleted) => View::AllOfPrincipal,
            (Some(_), Which::Present) => View::PresentOfPrincipal,
        };
        let range = Range {
            start: Some(start),
            end,
            limit,
            documents: Documents::Included,
        };
        self.database.rows(&view.path(), &range).await
    }
}

/// The credential in a row, if it still is what the listing asks for: a document is read after
/// the row that stands for it.
fn listed(row: Value, listing: &Listing) -> Result<Option<CredentialDocument>, StoreError> {
    let found = Versioned::from_row(row)?.map(|it| it.document);
    Ok(found.filter(|it| listing.which == Which::WithDeleted || !it.is_deleted()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_back() {
        let longest = Cursor {
            order: MOST_ORDER - 1,
            id: ".".repeat(CredentialId::MAX_LEN),
        };
        let position = longest.to_position();
        assert!(position.as_str().len() <= Position::MAX_LEN);
        assert_eq!(Cursor::parse(&position).unwrap(), longest);
    }

    #[test]
    fn bad_209_an_alien_position_is_refused() {
        for alien in [
            "",
            "1",
            ".",
            "1.",
            ".a",
            "-1.a",
            "9007199254740992.a",
            "1.a b",
            "x.a",
        ] {
            let error = Cursor::parse(&Position::new(alien)).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::InvalidPosition, "{alien:?}");
        }
    }
}
