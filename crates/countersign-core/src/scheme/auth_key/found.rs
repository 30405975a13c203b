//! What one pass over the headers of a request has found.

use crate::claim::BodyBinding;
use crate::encoding;
use crate::head::Picked;
use crate::reason::{Field, Reason, Refusal};

/// What the headers of a request hold.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) credential: Picked<'a>,
    pub(super) date: Picked<'a>,
    pub(super) named: Named<'a>,
    /// Whether there are x-headers beside the date and the nonce.
    pub(super) has_others: bool,
    /// What is wrong with the x-headers, told only once the credential is found to be good.
    pub(super) refusal: Option<Refusal>,
}

/// The x-headers with a meaning of their own, as sent.
#[derive(Default)]
pub(super) struct Named<'a> {
    pub(super) date: Option<&'a [u8]>,
    pub(super) nonce: Option<&'a [u8]>,
    pub(super) content_md5: Option<&'a [u8]>,
    pub(super) content_sha256: Option<&'a [u8]>,
    pub(super) content_type: Option<&'a [u8]>,
}

impl<'a> Named<'a> {
    /// Notes the value of the header whose name ends in `rest`, if it has a meaning.
    pub(super) fn note(&mut self, rest: &str, value: &'a [u8]) {
        let place = match rest {
            "date" => &mut self.date,
            "nonce" => &mut self.nonce,
            "content-md5" => &mut self.content_md5,
            "content-sha256" => &mut self.content_sha256,
            "content-type" => &mut self.content_type,
            _ => return,
        };
        *place = Some(value);
    }

    pub(super) fn digests(&self) -> Result<BodyBinding<'static>, Refusal> {
        let invalid = || Refusal::new(Reason::InvalidDigest).field(Field::Digest);
        let md5 = match self.content_md5 {
            Some(text) => Some(encoding::base64_exact(text).ok_or_else(invalid)?),
            None => None,
        };
        let sha256 = match self.content_sha256 {
            Some(text) => Some(encoding::base64_exact(text).ok_or_else(invalid)?),
            None => None,
        };
        Ok(BodyBinding::Digests { md5, sha256 })
    }
}
