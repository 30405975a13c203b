//! Requests as they are sent over loopback.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign::{Clock, SystemClock, ToSign};
use countersign_benches::requests::{BUSY, TARGET, URL, key};
use countersign_benches::{Result, loopback, requests};
use http::{Method, Uri};

use crate::peers::{Hawk, JsonWebToken, MessageSignature, Peer, StandardWebhooks};
use crate::roles::Role;

/// Makes requests that are signed under one role, each of them new.
pub(crate) struct Requests {
    role: Role,
    keys: Vec<countersign::SigningKey>,
    scheme: Option<Box<dyn countersign::Scheme>>,
    /// Of a peer, none of which minds a replay: one request for all.
    same: Option<Vec<u8>>,
}

impl Requests {
    /// # Errors
    /// When a request cannot be signed.
    pub(crate) fn of(role: Role) -> Result<Self> {
        let mut headers = requests::plain_headers();
        match role {
            Role::Hawk => Hawk::new()?.sign(URL, &mut headers)?,
            Role::JsonWebToken => JsonWebToken::new()?.sign(URL, &mut headers)?,
            Role::StandardWebhooks => StandardWebhooks::new()?.sign(URL, &mut headers)?,
            Role::MessageSignature => MessageSignature::new()?.sign(URL, &mut headers)?,
            Role::AuthKey | Role::HmacAuth | Role::Moxie => {}
        }
        let scheme = role.scheme();
        let same = scheme.is_none().then(|| loopback::get(TARGET, &headers));
        Ok(Self {
            role,
            keys: (0..BUSY).map(key).collect::<std::result::Result<_, _>>()?,
            scheme,
            same,
        })
    }

    /// So many.
    ///
    /// # Errors
    /// When one cannot be signed.
    pub(crate) fn some(&self, number: usize) -> Result<Vec<Vec<u8>>> {
        (0..number).map(|_| self.next()).collect()
    }

    fn next(&self) -> Result<Vec<u8>> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        if let Some(same) = &self.same {
            return Ok(same.clone());
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let nonce = format!("{number:024x}");
        let keys = u64::from(BUSY);
        #[allow(clippy::arithmetic_side_effects)] // not zero
        let index = usize::try_from(number % keys)?;
        let (key, scheme) = (self.keys.get(index), self.scheme.as_deref());
        let (Some(key), Some(scheme)) = (key, scheme) else {
            return Err(format!("{} has no requests", self.role.name()).into());
        };
        let (method, url) = (Method::GET, Uri::from_static(URL));
        let mut headers = requests::plain_headers();
        let request = ToSign::new(&method, &url, SystemClock.now());
        let request = if scheme.has_nonce() {
            request.nonce(&nonce)
        } else {
            request
        };
        request.sign(scheme, key, &mut headers)?;
        Ok(loopback::get(TARGET, &headers))
    }
}
