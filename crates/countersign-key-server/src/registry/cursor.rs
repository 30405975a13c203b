//! Cursors of listings: the place of a page, which nobody but the server can make.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Registry;
use crate::credential::Principal;
use crate::seal::MARK_LEN;
use crate::store::{Position, Which};

/// The longest cursor that is read: the longest position and its mark, in base64.
const MAX_CURSOR_LEN: usize = (Position::MAX_LEN + MARK_LEN).div_ceil(3) * 4;

impl Registry {
    /// The cursor for the page of this listing that begins at `position`.
    pub(super) fn cursor_at(
        &self,
        position: &Position,
        principal: Option<&Principal>,
        which: Which,
    ) -> String {
        let place = position.as_str().as_bytes();
        let mark = self.keyring.mark(&marked(place, principal, which));
        URL_SAFE_NO_PAD.encode([&mark[..], place].concat())
    }

    /// Where the page begins that `cursor` stands for, if it is one of this listing.
    pub(super) fn position_of(
        &self,
        cursor: &str,
        principal: Option<&Principal>,
        which: Which,
    ) -> Option<Position> {
        if cursor.len() > MAX_CURSOR_LEN {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (mark, place) = bytes.split_first_chunk::<MARK_LEN>()?;
        let genuine = self
            .keyring
            .is_mark_of(&marked(place, principal, which), mark);
        let place = std::str::from_utf8(place).ok().filter(|_| genuine)?;
        Some(Position::new(place))
    }
}

/// What a cursor is good for: one place in one listing.
fn marked<'a>(place: &'a [u8], principal: Option<&'a Principal>, which: Which) -> [&'a [u8]; 4] {
    let of: &[u8] = match which {
        Which::Present => b"present",
        Which::WithDeleted => b"with deleted",
    };
    // No principal is empty.
    let principal = principal.map_or("", Principal::as_str).as_bytes();
    [b"cursor", of, principal, place]
}
