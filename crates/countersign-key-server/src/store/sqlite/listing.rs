//! Listings: one row after the other in the order of creation.

use rusqlite::{Connection, params};

use super::rows::{self, record_columns};
use crate::credential::Principal;
use crate::store::{Listing, Page, Position, StoreError, StoreErrorKind, Which};

/// The row that a position stands for.
pub(super) fn row_of(position: &Position) -> Result<i64, StoreError> {
    let row: Option<u64> = position.as_str().parse().ok();
    row.and_then(|row| i64::try_from(row).ok()).ok_or_else(|| {
        let message = "the position in a listing is no number of a row";
        StoreError::new(StoreErrorKind::InvalidPosition, message)
    })
}

pub(super) fn read(
    connection: &Connection,
    listing: &Listing,
    after: i64,
) -> rusqlite::Result<Page> {
    let principal = listing.principal.as_ref().map(Principal::as_str);
    // One more than asked for shows whether there is a next page.
    let most = i64::try_from(listing.limit).unwrap_or(i64::MAX);
    let mut statement =
        connection.prepare_cached(statement_for(principal.is_some(), listing.which))?;
    let mut found = statement.query(params![principal, after, most.saturating_add(1)])?;
    let mut page = Page::default();
    let mut last = after;
    while let Some(row) = found.next()? {
        if page.records.len() == listing.limit {
            page.next = Some(Position::new(last.to_string()));
            break;
        }
        page.records.push(rows::record(row)?);
        last = row.get("position")?;
    }
    Ok(page)
}

/// One principal's rows are found through its index.
fn statement_for(of_one: bool, which: Which) -> &'static str {
    macro_rules! statement {
        ($condition:literal) => {
            concat!(
                "SELECT ",
                record_columns!(),
                ", position FROM credentials WHERE position > ?2 ",
                $condition,
                " ORDER BY position LIMIT ?3"
            )
        };
    }
    match (of_one, which) {
        (false, Which::WithDeleted) => statement!(""),
        (false, Which::Present) => statement!("AND deleted_at IS NULL"),
        (true, Which::WithDeleted) => statement!("AND principal = ?1"),
        (true, Which::Present) => statement!("AND principal = ?1 AND deleted_at IS NULL"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::plan;
    use super::*;

    #[test]
    fn the_records_of_one_principal_are_listed_through_its_index_without_sorting() {
        for which in [Which::Present, Which::WithDeleted] {
            let plan = plan(statement_for(true, which));
            assert_eq!(plan.len(), 1, "{plan:?}");
            assert!(plan[0].contains("credentials_by_principal (principal=? AND rowid>?)"));
        }
    }

    #[test]
    fn everybodys_records_are_listed_in_the_order_of_the_rows() {
        for which in [Which::Present, Which::WithDeleted] {
            let plan = plan(statement_for(false, which));
            assert_eq!(
                plan,
                ["SEARCH credentials USING INTEGER PRIMARY KEY (rowid>?)"]
            );
        }
    }
}
