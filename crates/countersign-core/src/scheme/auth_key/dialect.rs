//! The wiki's form and the three dialects of the original program: what the credential holds and
//! in which order the string to sign is put together.
//!
//! | | credential | string to sign, line by line | signing key |
//! |---|---|---|---|
//! | wiki | `id:sig` | verb, x-headers, path, query | SHA256(ts ‖ secret) |
//! | v1 | `ts:id:sig` | verb, x-headers, path, query, ts | SHA256(secret ‖ ts) |
//! | v2 | `ts:id:sig` | verb, path, query, x-headers, word, ts | SHA256(secret ‖ ts) |
//! | v3 | `ts:id:requestId:sig` | verb, path, query, x-headers, word, ts, requestId | SHA256(secret ‖ ts) |
//!
//! `ts` is an IMF-fixdate in the wiki's form and decimal seconds in the others, where no x-headers
//! mean no line.

use super::x_headers::{self, Line};
use crate::canonical::Canonical;
use crate::encoding;
use crate::key::KeyId;
use crate::mac::Derivation;
use crate::scheme::SchemeId;
use crate::sign::Signing;

/// Which form of Auth-Key is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As the wiki page describes it.
    #[default]
    Wiki,
    /// The original program's first.
    V1,
    /// Its second.
    V2,
    /// Its third and last, whose request id is a nonce.
    V3,
}

/// A credential, taken apart.
pub(super) struct Credential<'a> {
    pub(super) time: Option<&'a [u8]>,
    pub(super) account_id: KeyId<'a>,
    pub(super) request_id: Option<&'a [u8]>,
    pub(super) signature: [u8; 32],
}

/// What the string to sign is made of, beside the x-headers. All empty but the time in a response.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) verb: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) time: &'a [u8],
    pub(super) request_id: &'a [u8],
}

impl Dialect {
    pub(super) const fn scheme_id(self) -> SchemeId {
        match self {
            Self::Wiki => SchemeId::AUTH_KEY,
            Self::V1 => SchemeId::AUTH_KEY_V1,
            Self::V2 => SchemeId::AUTH_KEY_V2,
            Self::V3 => SchemeId::AUTH_KEY_V3,
        }
    }

    /// Reads what follows the scheme word. The number of colons is fixed: one more or fewer is
    /// malformed. The last field is all that is left, and no signature has a colon in it.
    pub(super) fn parse(self, text: &[u8]) -> Option<Credential<'_>> {
        let number = match self {
            Self::Wiki => 2,
            Self::V1 | Self::V2 => 3,
            Self::V3 => 4,
        };
        let mut fields = text.splitn(number, |&b| b == b':');
        let time = if self == Self::Wiki {
            None
        } else {
            Some(fields.next()?)
        };
        let account_id = KeyId::parse(fields.next()?)?;
        let request_id = if self == Self::V3 {
            Some(fields.next()?)
        } else {
            None
        };
        let signature = encoding::base64_padded_exact(fields.next()?)?;
        Some(Credential {
            time,
            account_id,
            request_id,
            signature,
        })
    }

    /// Writes what follows the scheme word.
    pub(super) fn credential(self, signing: &Signing<'_>, signature: &str) -> String {
        let (id, at) = (signing.key_id, signing.at.as_unix());
        match self {
            Self::Wiki => format!("{id}:{signature}"),
            Self::V1 | Self::V2 => format!("{at}:{id}:{signature}"),
            Self::V3 => format!(
                "{at}:{id}:{}:{signature}",
                signing.nonce.unwrap_or_default()
            ),
        }
    }

    pub(super) const fn derivation(self, time: &[u8]) -> Derivation<'_> {
        match self {
            Self::Wiki => Derivation::HashOfTextThenSecret(time),
            Self::V1 | Self::V2 | Self::V3 => Derivation::HashOfSecretThenText(time),
        }
    }

    /// Writes the string to sign.
    pub(super) fn write(
        self,
        parts: &Parts<'_>,
        x_headers: &[Line<'_>],
        word: &str,
        text: &mut Canonical<'_>,
    ) {
        let Parts {
            verb,
            path,
            query,
            time,
            request_id,
        } = *parts;
        text.put(verb.as_bytes());
        match self {
            Self::Wiki => {
                text.lf();
                x_headers::write(x_headers, text);
                put_line(text, path.as_bytes());
                put_line(text, query.as_bytes());
            }
            Self::V1 => {
                put_x_headers(text, x_headers);
                put_line(text, path.as_bytes());
                put_line(text, query.as_bytes());
                put_line(text, time);
            }
            Self::V2 | Self::V3 => {
                put_line(text, path.as_bytes());
                put_line(text, query.as_bytes());
                put_x_headers(text, x_headers);
                put_line(text, word.as_bytes());
                put_line(text, time);
                if self == Self::V3 {
                    put_line(text, request_id);
                }
            }
        }
    }
}

fn put_line(text: &mut Canonical<'_>, line: &[u8]) {
    text.lf();
    text.put(line);
}

/// No x-headers, no line.
fn put_x_headers(text: &mut Canonical<'_>, x_headers: &[Line<'_>]) {
    if !x_headers.is_empty() {
        text.lf();
        x_headers::write(x_headers, text);
    }
}
