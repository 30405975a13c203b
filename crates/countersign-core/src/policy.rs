//! What a service demands beyond a good signature.

use crate::claim::BodyBinding;
use crate::mac::Strength;
use crate::window::Window;

/// Which requests without a nonce of their own are remembered by their signature.
///
/// A request with a nonce is always remembered, save under [`Off`](ReplayPolicy::Off).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplayPolicy {
    /// Nothing is remembered: within the window any request can be replayed.
    Off,
    /// Those whose method is not safe (POST, PUT, PATCH, DELETE, …). The default: two honest,
    /// identical GETs in one second are one request to a scheme without nonces, and letting a
    /// repeated GET pass changes nothing.
    #[default]
    UnsafeMethods,
    /// All. Two identical requests signed in the same second are one; the second is refused.
    All,
}

/// Whether a request must carry a nonce of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NonceRule {
    /// Where the scheme makes it optional, it may be left out.
    #[default]
    Optional,
    /// A request without one is refused with `missing_nonce`.
    Required,
}

/// What happens to bodies that the signature does not cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyPolicy {
    /// Refused with `missing_digest` where the scheme could have covered it (Auth-Key, HMAC-Auth,
    /// MAC's yar profile). Schemes that cannot (Moxie, MAC's draft profile, Basic) pass theirs.
    #[default]
    Require,
    /// Refused under every scheme.
    RequireEverywhere,
    /// Passed. Whoever can change a request on its way can change its body.
    AllowUnsigned,
}

/// The weakest digest that counts as covering a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum DigestStrength {
    /// MD5: two bodies with one digest can be made at will, by whoever writes the first.
    #[default]
    Md5,
    /// SHA-1 (yar's `ext`): the same, at a price.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// The demands of a service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// The window in force for the scheme at hand.
    pub window: Window,
    /// Weaker proofs are refused.
    pub min_strength: Strength,
    /// Weaker digests do not cover a body.
    pub min_digest: DigestStrength,
    /// What happens to bodies that no digest covers.
    pub body: BodyPolicy,
    /// What is remembered.
    pub replay: ReplayPolicy,
    /// Whether a nonce is required.
    pub nonce: NonceRule,
}

impl Policy {
    /// Whether a body bound like this may be non-empty.
    pub(crate) fn allows_body(&self, binding: &BodyBinding<'_>) -> bool {
        if self.body == BodyPolicy::AllowUnsigned {
            return true;
        }
        match binding {
            BodyBinding::Unbound => self.body == BodyPolicy::Require,
            BodyBinding::Digests {
                sha256: Some(_), ..
            } => true,
            BodyBinding::Digests { md5, .. } => {
                md5.is_some() && self.min_digest <= DigestStrength::Md5
            }
            BodyBinding::Ext { .. } => self.min_digest <= DigestStrength::Sha1,
        }
    }
}
