//! Requests, each of them new.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::{Clock, HmacAuth, SigningKey, SystemClock, ToSign};
use countersign_benches::requests::{key, plain_headers};
use countersign_benches::{Result, loopback};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderValue, Method, Uri};
use sha2::Sha256;

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    HmacAuth,
    Hawk,
}

/// Makes requests.
pub(crate) struct Signer {
    signed: Signed,
    key: SigningKey,
}

impl Signer {
    /// # Errors
    /// Never.
    pub(crate) fn new(signed: Signed) -> Result<Self> {
        Ok(Self {
            signed,
            key: key(0)?,
        })
    }

    /// So many new ones.
    ///
    /// # Errors
    /// When one cannot be signed.
    pub(crate) fn requests(&self, number: u32) -> Result<Vec<Vec<u8>>> {
        (0..number).map(|_| self.next()).collect()
    }

    fn next(&self) -> Result<Vec<u8>> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let target = format!("/v1/accounts/4711/orders?number={number}");
        let mut headers = plain_headers();
        let now = SystemClock.now();
        match self.signed {
            Signed::HmacAuth => {
                let url: Uri = format!("http://api.example.org{target}").parse()?;
                let request = ToSign::new(&Method::GET, &url, now);
                request.sign(&HmacAuth::sha1(), &self.key, &mut headers)?;
            }
            Signed::Hawk => {
                let value = self.hawk(&target, now.as_unix(), number)?;
                headers.insert(http::header::AUTHORIZATION, value);
            }
        }
        Ok(loopback::get(&target, &headers))
    }

    /// The header of Hawk for a request without a payload.
    fn hawk(&self, target: &str, now: i64, number: u64) -> Result<HeaderValue> {
        let nonce = format!("{number:x}");
        let text =
            format!("hawk.1.header\n{now}\n{nonce}\nGET\n{target}\napi.example.org\n80\n\n\n");
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.secret().expose())?;
        mac.update(text.as_bytes());
        let mac = STANDARD.encode(mac.finalize().into_bytes());
        let id = self.key.id();
        let value = format!(r#"Hawk id="{id}", ts="{now}", nonce="{nonce}", mac="{mac}""#);
        Ok(value.parse()?)
    }
}
