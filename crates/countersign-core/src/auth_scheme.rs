//! The kinds of credential that a creds key server issues.

use crate::mac::Algorithm;
use crate::scheme::SchemeId;

/// What a credential is for: its `auth_scheme`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthScheme {
    /// An api key that is sent as it is. What the original issues when no scheme is named.
    Basic,
    /// OAuth MAC.
    Mac,
    /// Auth-Key, in all its dialects.
    AuthKey,
    /// HMAC-Auth, with SHA-1 or SHA-256.
    HmacAuth,
    /// Moxie HMACDigest.
    Moxie,
}

impl AuthScheme {
    /// Every scheme, in the order in which they are listed to people.
    pub const ALL: [Self; 5] = [
        Self::Basic,
        Self::Mac,
        Self::AuthKey,
        Self::HmacAuth,
        Self::Moxie,
    ];

    /// Its name on the wire: `basic`, `mac`, `auth-key`, `hmac-auth`, `moxie`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Mac => "mac",
            Self::AuthKey => "auth-key",
            Self::HmacAuth => "hmac-auth",
            Self::Moxie => "moxie",
        }
    }

    /// The scheme with this name, which is matched exactly.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }

    /// Whether a credential of this scheme says which hash function it is used with.
    pub const fn has_algorithm(self) -> bool {
        matches!(self, Self::Mac | Self::HmacAuth)
    }

    /// The schemes of the wire under which such a credential verifies, and no other.
    pub const fn verifies_under(self, algorithm: Algorithm) -> &'static [SchemeId] {
        match (self, algorithm) {
            (Self::Basic, _) => &[SchemeId::BASIC],
            (Self::Mac, _) => &[SchemeId::MAC, SchemeId::MAC_DRAFT],
            (Self::AuthKey, _) => &[
                SchemeId::AUTH_KEY,
                SchemeId::AUTH_KEY_V1,
                SchemeId::AUTH_KEY_V2,
                SchemeId::AUTH_KEY_V3,
            ],
            (Self::HmacAuth, Algorithm::Sha1) => &[SchemeId::HMAC_AUTH],
            (Self::HmacAuth, Algorithm::Sha256) => &[SchemeId::HMAC_AUTH_SHA256],
            (Self::Moxie, _) => &[SchemeId::MOXIE],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_exactly() {
        for scheme in AuthScheme::ALL {
            assert_eq!(AuthScheme::from_name(scheme.name()), Some(scheme));
        }
        assert_eq!(AuthScheme::from_name("MAC"), None);
    }
}
