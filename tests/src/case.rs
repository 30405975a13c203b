//! Every scheme in every form, behind one interface.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::{
    Algorithm, AnyScheme, AuthKey, Basic, Dialect, HmacAuth, Mac, Moxie, MoxieCanonical, Scheme,
    SigningKey, StaticKeys, Timestamp, ToSign,
};

use crate::wire::Wire;

/// The time at which everything happens unless a test says otherwise.
pub const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

/// The secrets of the two keys of every signing case, in the one form that all schemes can read:
/// 32 bytes in base64url.
pub const SECRETS: [&str; 2] = [
    "c2VjcmV0LW9mLWV4YWN0bHktMzItYnl0ZXMtbG9uZyE",
    "YW5vdGhlci1zZWNyZXQtb2YtMzItYnl0ZXMtbG9uZyE",
];

const PRINCIPALS: [&str; 2] = ["dave@example.com", "erin@example.com"];
const IDS: [&str; 2] = ["example-id", "other-id"];
const API_KEYS: [&str; 2] = [
    "an-api-key-of-enough-bytes",
    "one-more-api-key-of-enough-bytes",
];

/// Which family of schemes a case belongs to, as far as tests have to tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Auth-Key in one of its dialects.
    AuthKey(Dialect),
    /// HMAC-Auth with either hash function.
    HmacAuth,
    /// Moxie in one of its readings.
    Moxie(MoxieCanonical),
    /// MAC in the yar profile.
    MacYar,
    /// MAC in the draft profile.
    MacDraft,
    /// Basic with an API key.
    Basic,
}

/// Whether requests carry a nonce of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceUse {
    /// Every one of them.
    Always,
    /// Those whose client adds one.
    Offered,
    /// None.
    Never,
}

/// One scheme in one form.
#[derive(Clone)]
pub struct Case {
    /// What to call it in a message.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    scheme: Arc<dyn Scheme>,
    any: AnyScheme,
    algorithm: Algorithm,
}

impl Case {
    fn new(name: &'static str, family: Family, scheme: impl Scheme + Clone) -> Self {
        Self {
            name,
            family,
            scheme: Arc::new(scheme.clone()),
            any: scheme.into(),
            algorithm: Algorithm::Sha1,
        }
    }

    /// Every case there is.
    pub fn all() -> Vec<Self> {
        use Family::{AuthKey as FamilyAuthKey, HmacAuth as FamilyHmacAuth, MacDraft, MacYar};

        let auth_key =
            |name, dialect| Self::new(name, FamilyAuthKey(dialect), AuthKey::dialect(dialect));
        let moxie = |name, form| {
            let scheme = Moxie::default().canonical_form(form);
            Self::new(name, Family::Moxie(form), scheme)
        };
        let sha256 = |case: Self| Self {
            algorithm: Algorithm::Sha256,
            ..case
        };
        vec![
            auth_key("auth-key wiki", Dialect::Wiki),
            auth_key("auth-key v1", Dialect::V1),
            auth_key("auth-key v2", Dialect::V2),
            auth_key("auth-key v3", Dialect::V3),
            Self::new("hmac-auth sha1", FamilyHmacAuth, HmacAuth::sha1()),
            Self::new("hmac-auth sha256", FamilyHmacAuth, HmacAuth::sha256()),
            moxie("moxie as built", MoxieCanonical::AsBuilt),
            moxie("moxie as documented", MoxieCanonical::AsDocumented),
            Self::new("mac yar sha1", MacYar, Mac::yar()),
            sha256(Self::new("mac yar sha256", MacYar, Mac::yar())),
            Self::new("mac draft sha1", MacDraft, Mac::draft()),
            sha256(Self::new("mac draft sha256", MacDraft, Mac::draft())),
            Self::new("basic", Family::Basic, Basic),
        ]
    }

    /// Every case whose requests are signed: all but Basic.
    pub fn signing() -> Vec<Self> {
        let mut cases = Self::all();
        cases.retain(|case| case.family != Family::Basic);
        cases
    }

    /// The case with this name.
    pub fn named(name: &str) -> Self {
        let found = Self::all().into_iter().find(|case| case.name == name);
        found.unwrap_or_else(|| panic!("no case is called {name}"))
    }

    /// The scheme.
    pub fn scheme(&self) -> &dyn Scheme {
        &*self.scheme
    }

    /// The scheme, to be shared.
    pub fn shared_scheme(&self) -> Arc<dyn Scheme> {
        Arc::clone(&self.scheme)
    }

    /// The scheme, for a layer.
    pub fn any_scheme(&self) -> AnyScheme {
        self.any.clone()
    }

    /// Whether requests carry a nonce of their own.
    pub const fn nonce_use(&self) -> NonceUse {
        match self.family {
            Family::AuthKey(Dialect::V3) | Family::Moxie(_) | Family::MacYar | Family::MacDraft => {
                NonceUse::Always
            }
            Family::AuthKey(_) => NonceUse::Offered,
            Family::HmacAuth | Family::Basic => NonceUse::Never,
        }
    }

    /// Whether the signature reaches the body.
    pub fn covers_body(&self) -> bool {
        self.scheme.body_digest().is_some()
    }

    /// Whether two requests signed under the scheme can be told from one sent twice.
    pub fn remembers(&self) -> bool {
        self.family != Family::Basic
    }

    /// The two keys of the case, the first of which signs.
    pub fn keys(&self) -> [SigningKey; 2] {
        [self.key(), self.other_key()]
    }

    /// The two keys, looked up in memory.
    pub fn static_keys(&self) -> StaticKeys {
        StaticKeys::new(self.keys())
    }

    /// The key that signs, of [`principal`](Case::principal).
    pub fn key(&self) -> SigningKey {
        self.key_at(0)
    }

    /// The key of somebody else.
    pub fn other_key(&self) -> SigningKey {
        self.key_at(1)
    }

    fn key_at(&self, index: usize) -> SigningKey {
        let pick = |texts: [&'static str; 2]| *texts.get(index).expect("there are two");
        let key = match self.family {
            Family::Basic => Basic::key(pick(API_KEYS), pick(PRINCIPALS).to_owned()),
            _ => SigningKey::new(pick(IDS), pick(SECRETS), pick(PRINCIPALS)),
        };
        key.expect("valid literals").algorithm(self.algorithm)
    }

    /// A key of the case's kind with another id or secret. Under Basic the id is the secret, and
    /// is made long enough to be one.
    pub fn key_of(&self, id: &str, secret: &str) -> SigningKey {
        let key = match self.family {
            Family::Basic => Basic::key(&format!("{id:_<16}"), "nobody".to_owned()),
            _ => SigningKey::new(id, secret, "nobody"),
        };
        key.expect("a usable id and secret")
            .algorithm(self.algorithm)
    }

    /// Whose the key is that signs.
    pub const fn principal(&self) -> &'static str {
        PRINCIPALS[0]
    }

    /// Whose the other key is.
    pub const fn other_principal(&self) -> &'static str {
        PRINCIPALS[1]
    }

    /// `wire`, signed at [`NOW`], with a fresh nonce where the scheme must have one.
    pub fn sign(&self, wire: &Wire) -> Wire {
        self.sign_at(wire, NOW)
    }

    /// `wire`, signed at `at`, with a fresh nonce where the scheme must have one.
    pub fn sign_at(&self, wire: &Wire, at: Timestamp) -> Wire {
        let nonce = (self.nonce_use() == NonceUse::Always).then(fresh_nonce);
        self.sign_as(wire, &self.key(), at, nonce.as_deref())
    }

    /// `wire`, signed at [`NOW`], with a fresh nonce where the scheme can have one.
    pub fn sign_with_nonce(&self, wire: &Wire) -> Wire {
        self.sign_as(wire, &self.key(), NOW, Some(&fresh_nonce()))
    }

    /// `wire`, signed with `key` at `at`; a `nonce` for which the scheme has no place is left out.
    pub fn sign_as(
        &self,
        wire: &Wire,
        key: &SigningKey,
        at: Timestamp,
        nonce: Option<&str>,
    ) -> Wire {
        let mut signed = wire.clone();
        let target = wire.url();
        let mut to_sign = ToSign::new(&wire.method, &target, at).body(&wire.body);
        if let Some(nonce) = nonce.filter(|_| self.nonce_use() != NonceUse::Never) {
            to_sign = to_sign.nonce(nonce);
        }
        to_sign
            .sign(self.scheme(), key, &mut signed.headers)
            .unwrap_or_else(|error| panic!("{self}: {error}"));
        signed
    }

    /// `wire`, signed with the wrong secret under the right id. Under Basic, where that does not
    /// exist, with an API key that nobody has.
    pub fn sign_badly(&self, wire: &Wire) -> Wire {
        let wrong = "d3Jvbmctc2VjcmV0LW9mLTMyLWJ5dGVzLWxvbmchISE";
        let key = match self.family {
            Family::Basic => self.key_of("an-api-key-that-nobody-has", ""),
            _ => self.key_of(self.key().id(), wrong),
        };
        self.sign_as(wire, &key, NOW, Some(&fresh_nonce()))
    }

    /// The header with the credential.
    pub fn credential_header(&self) -> &str {
        self.scheme.credential_header().as_str()
    }

    /// The signature of a signed request as its credential spells it.
    pub fn signature(&self, wire: &Wire) -> String {
        let credential = wire.value(self.credential_header());
        let text = match self.family {
            Family::Moxie(_) => credential.as_str(),
            Family::MacYar | Family::MacDraft => {
                let (_, mac) = credential.split_once("mac=\"").expect("a MAC");
                mac.trim_end_matches('"')
            }
            Family::AuthKey(_) | Family::HmacAuth => {
                credential.rsplit(':').next().expect("a signature")
            }
            Family::Basic => panic!("Basic has no signature"),
        };
        text.to_owned()
    }

    /// `wire` with another text in the place of its signature.
    pub fn with_signature(&self, wire: &Wire, signature: &str) -> Wire {
        let header = self.credential_header();
        let credential = wire.value(header);
        let changed = credential.replace(&self.signature(wire), signature);
        wire.clone().set(header, changed)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// A secret that every scheme can read, made of `text`, of which 32 bytes count.
pub fn secret(text: &str) -> String {
    let mut bytes = [b'.'; 32];
    for (byte, character) in bytes.iter_mut().zip(text.bytes()) {
        *byte = character;
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A nonce that was never used before in this process.
pub fn fresh_nonce() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("Nonce-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
