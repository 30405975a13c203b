//! Finding several headers in one pass.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::trim;
use crate::reason::{Field, Reason, Refusal};

/// What [`Head::pick`](super::Head::pick) has found of one name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Picked<'a> {
    first: Option<&'a HeaderValue>,
    repeated: bool,
}

impl<'a> Picked<'a> {
    /// Whether it was not sent at all.
    pub(crate) const fn is_absent(&self) -> bool {
        self.first.is_none()
    }

    /// As [`Head::single`](super::Head::single).
    #[inline]
    pub(crate) fn single(self, field: Field) -> Result<Option<&'a [u8]>, Refusal> {
        Ok(self.value(field)?.map(|value| trim(value.as_bytes())))
    }

    #[inline]
    pub(super) fn value(self, field: Field) -> Result<Option<&'a HeaderValue>, Refusal> {
        if self.repeated {
            return Err(Refusal::new(Reason::DuplicateHeader).field(field));
        }
        Ok(self.first)
    }
}

impl<'a> Picked<'a> {
    /// Takes a value of the name into account.
    #[inline]
    pub(crate) fn add(&mut self, value: &'a HeaderValue) {
        self.repeated = self.first.is_some();
        self.first.get_or_insert(value);
    }
}

#[inline]
pub(super) fn pick<'a, const N: usize>(
    headers: &'a HeaderMap,
    names: [&HeaderName; N],
) -> [Picked<'a>; N] {
    let mut picked = [Picked::default(); N];
    for (sent, value) in headers {
        for (name, picked) in names.iter().zip(&mut picked) {
            if sent == *name {
                picked.add(value);
            }
        }
    }
    picked
}
