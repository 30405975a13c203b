//! Reading many records, a page at a time.

use super::Record;
use crate::credential::Principal;

/// A page of which records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Those of one principal, or everybody's.
    pub principal: Option<Principal>,
    /// Whether deleted ones are among them.
    pub which: Which,
    /// Where the page before ended.
    pub after: Option<Position>,
    /// The most records of the page: at least 1.
    pub limit: usize,
}

/// Which records are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that were not deleted.
    Present,
    /// Those too that were.
    WithDeleted,
}

/// A place in a listing, in the words of the store: visible ASCII of at most
/// [`MAX_LEN`](Position::MAX_LEN) bytes, meaningful to the store and the listing that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(Box<str>);

impl Position {
    /// The longest position: a timestamp and an id.
    pub const MAX_LEN: usize = 300;

    /// The place that `text` stands for. A store must take any text: at worst the page is empty or
    /// [`StoreErrorKind::InvalidPosition`](super::StoreErrorKind::InvalidPosition).
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Some of the records that a listing asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records, at most as many as the listing's limit.
    pub records: Vec<Record>,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<Position>,
}
