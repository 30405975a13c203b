//! The checks of the core, run on one request as a service would run them.

use std::fmt;

use countersign::{
    Accepted, AuthKey, Clock, DeclaredLength, Head, HmacAuth, KeyLookup, Moxie, Origin, Policy,
    Reason, Refusal, ReplayCache, ReplayPolicy, Scheme, StaticKeys, Timestamp,
};
use futures_util::FutureExt as _;
use http::{HeaderValue, Version};

use crate::Result;
use crate::contest::Once;
use crate::requests::{self, BUSY, KEYS, NOW, Received};
use crate::traffic::Traffic;

/// Larger than every body here.
const MAX_BODY: u64 = 1 << 30;

/// The schemes that have goals.
///
/// Under HMAC-Auth, which has no nonce, every signature is remembered where replays are refused.
pub fn schemes() -> [Box<dyn Scheme>; 3] {
    [
        Box::new(AuthKey::default()),
        Box::new(HmacAuth::sha1()),
        Box::new(Moxie::default()),
    ]
}

/// Whether accepted requests are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// None is.
    Nothing,
    /// All are.
    Everything,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It was signed too long ago.
    Stale,
    /// It has no credentials.
    Missing,
    /// Its credentials cannot be read.
    Malformed,
    /// Nobody has a key with its id. All the work of a wrong signature is done.
    UnknownKey,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Stale,
        Self::Missing,
        Self::Malformed,
        Self::UnknownKey,
    ];

    const fn reason(self) -> Reason {
        match self {
            Self::Stale => Reason::TimestampExpired,
            Self::Missing => Reason::MissingCredentials,
            Self::Malformed => Reason::MalformedCredentials,
            Self::UnknownKey => Reason::InvalidCredentials,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stale => "stale",
            Self::Missing => "without credentials",
            Self::Malformed => "malformed",
            Self::UnknownKey => "of an unknown key",
        })
    }
}

/// A service with many keys that has accepted many requests.
#[derive(Debug)]
pub struct Service {
    keys: StaticKeys,
    traffic: Traffic,
}

impl Service {
    /// With [`KEYS`] keys and `live` requests remembered.
    ///
    /// # Errors
    /// Never, unless the system gives no random bytes.
    pub fn new(live: u32) -> Result<Self> {
        Self::with_keys(KEYS, live)
    }

    /// With so many keys, and `live` requests remembered.
    ///
    /// # Errors
    /// As [`Service::new`].
    pub fn with_keys(keys: u32, live: u32) -> Result<Self> {
        Ok(Self {
            keys: requests::keys(keys)?,
            traffic: Traffic::with_live(live)?,
        })
    }

    /// Accepts requests with a body of `length` bytes, by as many callers as are busy at a time.
    ///
    /// # Errors
    /// When they cannot be signed.
    pub fn accepting<'a>(
        &'a self,
        scheme: &'a dyn Scheme,
        remembered: Remembered,
        length: usize,
    ) -> Result<Once<'a>> {
        let requests = (0..BUSY).map(|number| match length {
            0 => Received::get(scheme, number),
            _ => Received::post(scheme, number, vec![7; length].into()),
        });
        let requests = requests.collect::<Result<_>>()?;
        Ok(self.repeat(scheme, remembered, NOW, requests, None))
    }

    /// Refuses requests.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn refusing<'a>(&'a self, scheme: &'a dyn Scheme, fault: Fault) -> Result<Once<'a>> {
        let spoilt = |number| -> Result<Received> {
            let number = match fault {
                Fault::UnknownKey => KEYS.saturating_add(number),
                _ => number,
            };
            let mut request = Received::get(scheme, number)?;
            let headers = &mut request.headers;
            match fault {
                Fault::Missing => scheme.undress(headers),
                Fault::Malformed => {
                    let credential = HeaderValue::from_static("MAC key-00000001:c2lnbmF0dXJl");
                    headers.insert(scheme.credential_header(), credential);
                }
                Fault::Stale | Fault::UnknownKey => {}
            }
            Ok(request)
        };
        let requests = (0..BUSY).map(spoilt).collect::<Result<_>>()?;
        let now = match fault {
            Fault::Stale => NOW.plus(1000),
            _ => NOW,
        };
        let expected = Some(fault.reason());
        Ok(self.repeat(scheme, Remembered::Everything, now, requests, expected))
    }

    fn repeat<'a>(
        &'a self,
        scheme: &'a dyn Scheme,
        remembered: Remembered,
        now: Timestamp,
        requests: Vec<Received>,
        expected: Option<Reason>,
    ) -> Once<'a> {
        let checks = Checks {
            scheme,
            keys: &self.keys,
            replay: &self.traffic,
            policy: Policy {
                replay: match remembered {
                    Remembered::Nothing => ReplayPolicy::Off,
                    Remembered::Everything => ReplayPolicy::All,
                },
                ..Policy::default()
            },
            now,
        };
        let mut next = 0_usize;
        Box::new(move || {
            let Some(request) = requests.get(next) else {
                return false;
            };
            next = next.saturating_add(1);
            if next == requests.len() {
                next = 0;
            }
            let refused = checks.verify(request).err();
            refused.map(|refusal| refusal.reason()) == expected
        })
    }
}

struct Checks<'a, K, R> {
    scheme: &'a dyn Scheme,
    keys: &'a K,
    replay: &'a R,
    policy: Policy,
    now: Timestamp,
}

/// A clock that always shows the same time.
#[derive(Debug)]
struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

impl<K: KeyLookup, R: ReplayCache> Checks<'_, K, R> {
    fn verify(&self, request: &Received) -> std::result::Result<Accepted<K::Principal>, Refusal> {
        // Nothing here ever waits.
        let unavailable = || Err(Reason::KeyLookupUnavailable.into());
        self.run(request).now_or_never().unwrap_or_else(unavailable)
    }

    async fn run(
        &self,
        request: &Received,
    ) -> std::result::Result<Accepted<K::Principal>, Refusal> {
        let (scheme, origin) = (self.scheme, Origin::default());
        let Received {
            method,
            target,
            headers,
            body,
        } = request;
        let head = Head::new(method, target, Version::HTTP_11, headers, &origin)?;
        let claim = scheme.claim(&head).ok_or(Reason::MissingCredentials)??;
        let fresh = claim.fresh(&self.policy, self.now)?;
        let authenticated = fresh.verify(scheme, &head, self.keys).await?;
        let checked = if body.is_empty() {
            authenticated.without_body()?
        } else {
            let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
            let declared = DeclaredLength::Exact(length);
            let mut verifier = authenticated.body_verifier(declared, MAX_BODY)?;
            verifier.update(body)?;
            authenticated.checked(verifier)?
        };
        let clock = Stopped(self.now);
        checked.accept(method, self.replay, &clock, &[]).await
    }
}
