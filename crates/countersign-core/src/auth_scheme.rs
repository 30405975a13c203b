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
    /// An api key of the agent API, whose secret signs the creation of accounts. It belongs to no
    /// scheme of requests and verifies none.
    Agent,
}

impl AuthScheme {
    /// Every scheme, in the order in which they are listed to people.
    pub const ALL: [Self; 6] = [
        Self::Basic,
        Self::Mac,
        Self::AuthKey,
        Self::HmacAuth,
        Self::Moxie,
        Self::Agent,
    ];

    /// Its name on the wire: `basic`, `mac`, `auth-key`, `hmac-auth`, `moxie`, `agent`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Mac => "mac",
            Self::AuthKey => "auth-key",
            Self::HmacAuth => "hmac-auth",
            Self::Moxie => "moxie",
            Self::Agent => "agent",
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

    /// The schemes of the wire under which such a credential verifies, and no other; of `agent`
    /// there is none.
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
            (Self::Agent, _) => &[],
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

    #[test]
    fn every_credential_but_the_agents_verifies_requests() {
        for scheme in AuthScheme::ALL {
            for algorithm in Algorithm::ALL {
                let verifies = !scheme.verifies_under(algorithm).is_empty();
                assert_eq!(verifies, scheme != AuthScheme::Agent, "{scheme:?}");
            }
        }
    }
}
