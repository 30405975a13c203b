//! The schemes by name, each with the window it is used with.

use std::sync::Arc;
use std::time::Duration;

use countersign::{
    Algorithm, AuthKey, Basic, BodyBinding, Canonical, Claim, ConfigError, Dialect, DigestStrength,
    Head, HmacAuth, Mac, Moxie, Refusal, Scheme, SchemeId, SignError, Signature, Signing, Strength,
    Window,
};
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};

/// What a scheme may be called.
pub const SCHEME_NAMES: [&str; 10] = [
    "auth-key",
    "auth-key-v1",
    "auth-key-v2",
    "auth-key-v3",
    "hmac-auth",
    "hmac-auth-sha256",
    "moxie",
    "mac",
    "mac-draft",
    "basic",
];

/// The scheme called `name`.
fn named(name: &str, base_path: Option<&str>) -> Result<Arc<dyn Scheme>, ConfigError> {
    let hmac_auth = |scheme: HmacAuth| -> Result<Arc<dyn Scheme>, ConfigError> {
        Ok(Arc::new(match base_path {
            Some(path) => scheme.base_path(path)?,
            None => scheme,
        }))
    };
    Ok(match name {
        "auth-key" => Arc::new(AuthKey::default()),
        "auth-key-v1" => Arc::new(AuthKey::dialect(Dialect::V1)),
        "auth-key-v2" => Arc::new(AuthKey::dialect(Dialect::V2)),
        "auth-key-v3" => Arc::new(AuthKey::dialect(Dialect::V3)),
        "hmac-auth" => hmac_auth(HmacAuth::sha1())?,
        "hmac-auth-sha256" => hmac_auth(HmacAuth::sha256())?,
        "moxie" => Arc::new(Moxie::default()),
        "mac" => Arc::new(Mac::yar()),
        "mac-draft" => Arc::new(Mac::draft()),
        "basic" => Arc::new(Basic),
        _ => {
            return Err(ConfigError::new(
                "scheme",
                name.to_owned(),
                format!("use one of {}", SCHEME_NAMES.join(", ")),
            ));
        }
    })
}

/// What all schemes of a gateway have in common.
pub(super) struct Common<'a> {
    pub(super) base_path: Option<&'a str>,
    pub(super) past: Option<Duration>,
    pub(super) future: Option<Duration>,
}

/// The schemes called `names`.
pub(super) fn all(names: &[String], common: &Common<'_>) -> Result<Vec<Configured>, ConfigError> {
    if names.is_empty() {
        return Err(ConfigError::new(
            "scheme",
            "none",
            format!("give at least one of {}", SCHEME_NAMES.join(", ")),
        ));
    }
    if let Some(path) = common.base_path
        && !names.iter().any(|name| name.starts_with("hmac-auth"))
    {
        return Err(ConfigError::new(
            "base-path",
            path.to_owned(),
            "leave it out: only hmac-auth and hmac-auth-sha256 sign paths without it",
        ));
    }
    names
        .iter()
        .map(|name| {
            let scheme = named(name, common.base_path)?;
            let own = scheme.default_window();
            let window = Window::new(
                common.past.unwrap_or(own.past()),
                common.future.unwrap_or(own.future()),
            )?;
            Ok(Configured {
                scheme,
                window,
                bodies: Bodies::Seen,
            })
        })
        .collect()
}

/// Whether the gateway gets to see the bodies it verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bodies {
    Seen,
    /// A scheme that signs bodies is refused when there is one.
    Unseen,
}

/// A scheme with its window, where only one side of it was set.
#[derive(Clone, Debug)]
pub(crate) struct Configured {
    scheme: Arc<dyn Scheme>,
    window: Window,
    bodies: Bodies,
}

impl Configured {
    pub(crate) fn without_bodies(&self) -> Self {
        Self {
            bodies: Bodies::Unseen,
            ..self.clone()
        }
    }
}

/// Whether the head declares a body. A length that cannot be read counts as one.
pub(crate) fn declares_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        || headers
            .get_all(CONTENT_LENGTH)
            .iter()
            .any(|length| length.as_bytes().trim_ascii() != b"0")
}

impl Scheme for Configured {
    fn id(&self) -> SchemeId {
        self.scheme.id()
    }

    fn strength(&self) -> Strength {
        self.scheme.strength()
    }

    fn body_digest(&self) -> Option<DigestStrength> {
        self.scheme.body_digest()
    }

    fn default_window(&self) -> Window {
        self.window
    }

    fn credential_header(&self) -> &HeaderName {
        self.scheme.credential_header()
    }

    fn credential_word(&self) -> Option<&str> {
        self.scheme.credential_word()
    }

    fn has_nonce(&self) -> bool {
        self.scheme.has_nonce()
    }

    fn claim<'a>(&'a self, head: &Head<'a>) -> Option<Result<Claim<'a>, Refusal>> {
        let claim = self.scheme.claim(head)?;
        let unseen = self.bodies == Bodies::Unseen
            && self.body_digest().is_some()
            && declares_body(head.headers());
        // To the pipeline a digest that nobody can compare is none.
        let none = BodyBinding::Digests {
            md5: None,
            sha256: None,
        };
        Some(claim.map(|claim| if unseen { claim.body(none) } else { claim }))
    }

    fn canonical(&self, head: &Head<'_>, claim: &Claim<'_>, text: &mut Canonical<'_>) {
        self.scheme.canonical(head, claim, text);
    }

    fn challenge(&self, realm: &str, refusal: Option<&Refusal>) -> HeaderValue {
        self.scheme.challenge(realm, refusal)
    }

    fn signing_algorithm(&self, of_key: Algorithm) -> Algorithm {
        self.scheme.signing_algorithm(of_key)
    }

    fn dress(
        &self,
        headers: &mut HeaderMap,
        signing: &Signing<'_>,
        signature: &Signature,
    ) -> Result<(), SignError> {
        self.scheme.dress(headers, signing, signature)
    }

    fn undress(&self, headers: &mut HeaderMap) {
        self.scheme.undress(headers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common() -> Common<'static> {
        Common {
            base_path: None,
            past: None,
            future: None,
        }
    }

    #[test]
    fn every_name_leads_to_the_scheme_of_that_name() {
        for name in SCHEME_NAMES {
            assert_eq!(named(name, None).unwrap().id().name(), name);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = all(&["hmac".to_owned()], &common())
            .unwrap_err()
            .to_string();
        for part in ["scheme", "\"hmac\"", "hmac-auth-sha256", "mac-draft"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(all(&[], &common()).is_err());
    }

    #[test]
    fn one_side_of_the_window_leaves_the_other_to_the_scheme() {
        let names = ["mac".to_owned(), "moxie".to_owned()];
        let common = Common {
            past: Some(Duration::from_secs(90)),
            ..common()
        };
        let found: Vec<_> = all(&names, &common)
            .unwrap()
            .iter()
            .map(Scheme::default_window)
            .map(|window| (window.past().as_secs(), window.future().as_secs()))
            .collect();
        assert_eq!(found, [(90, 5), (90, 60)]);
    }

    #[test]
    fn a_base_path_needs_a_scheme_that_has_one() {
        let common = Common {
            base_path: Some("/p"),
            ..common()
        };
        assert!(all(&["moxie".to_owned()], &common).is_err());
        assert!(all(&["hmac-auth".to_owned()], &common).is_ok());
    }
}
