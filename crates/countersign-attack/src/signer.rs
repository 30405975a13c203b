//! Signs the good requests, and the ones that no honest client would sign.

use std::error::Error;
use std::sync::Arc;

use countersign_core::{
    Algorithm, Explain, Origin, Scheme, SchemeId, SigningKey, Timestamp, ToSign, UrlScheme, Window,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::forge;
use crate::message::Message;
use crate::text::replace;

/// A scheme, and a key to use with it.
#[derive(Debug)]
pub(crate) struct Signer {
    scheme: Arc<dyn Scheme>,
    key: SigningKey<String>,
    origin: Origin,
}

/// A request, with what was signed of it.
#[derive(Clone, Default)]
pub(crate) struct Draft {
    pub(crate) message: Message,
    /// The string to sign; empty when nothing is signed.
    text: Vec<u8>,
    /// The time as it was signed.
    pub(crate) time: Vec<u8>,
}

impl From<Message> for Draft {
    fn from(message: Message) -> Self {
        Self {
            message,
            ..Self::default()
        }
    }
}

impl Signer {
    pub(crate) fn new(scheme: Arc<dyn Scheme>, key: SigningKey<String>, url: &Uri) -> Self {
        let served = match url.scheme_str() {
            Some("https") => UrlScheme::Https,
            _ => UrlScheme::Http,
        };
        Self {
            scheme,
            key,
            origin: Origin::served_over(served),
        }
    }

    pub(crate) fn id(&self) -> SchemeId {
        self.scheme.id()
    }

    pub(crate) fn key_id(&self) -> &str {
        self.key.id()
    }

    pub(crate) fn secret(&self) -> &[u8] {
        self.key.secret().expose()
    }

    pub(crate) fn window(&self) -> Window {
        self.scheme.default_window()
    }

    pub(crate) fn header(&self) -> &str {
        self.scheme.credential_header().as_str()
    }

    /// Adds credentials to `message`, which goes to `authority`.
    pub(crate) fn sign(
        &self,
        mut message: Message,
        authority: &str,
        at: Timestamp,
        nonce: &str,
    ) -> Result<Draft, Box<dyn Error + Send + Sync>> {
        let method = Method::from_bytes(&message.method)?;
        let target = std::str::from_utf8(&message.target)?;
        let scheme = self.origin.scheme().as_str();
        let url: Uri = format!("{scheme}://{authority}{target}").parse()?;
        let mut before = HeaderMap::new();
        for (name, value) in &message.headers {
            before.append(
                HeaderName::from_bytes(name)?,
                HeaderValue::from_bytes(value)?,
            );
        }
        let mut headers = before.clone();
        let mut to_sign = ToSign::new(&method, &url, at)
            .body(&message.body)
            .origin(self.origin.clone());
        let nonceless = [
            SchemeId::HMAC_AUTH,
            SchemeId::HMAC_AUTH_SHA256,
            SchemeId::BASIC,
        ];
        if !nonceless.contains(&self.id()) {
            to_sign = to_sign.nonce(nonce);
        }
        to_sign.sign(&*self.scheme, &self.key, &mut headers)?;
        let explanation = Explain::new(&method, &url, &headers)
            .origin(self.origin.clone())
            .body(&message.body)
            .against(&*self.scheme, &self.key);
        let time = match self.id() {
            SchemeId::AUTH_KEY
            | SchemeId::HMAC_AUTH
            | SchemeId::HMAC_AUTH_SHA256
            | SchemeId::MOXIE => at.to_string(),
            _ => at.as_unix().to_string(),
        };
        for (name, value) in &headers {
            if before.get(name) != Some(value) {
                message.set(name.as_str().as_bytes(), value.as_bytes());
            }
        }
        let text = explanation.string_to_sign();
        Ok(Draft {
            message,
            text: text.map_or_else(Vec::new, |text| text.as_bytes().to_vec()),
            time: time.into_bytes(),
        })
    }

    /// Signs `draft` again, with `to` in the place of `from` in what is signed.
    pub(crate) fn sign_again(&self, draft: &mut Draft, from: &[u8], to: &[u8]) {
        draft.text = replace(&draft.text, from, to);
        draft.time = replace(&draft.time, from, to);
        let before = forge::decoded(&self.signature(&draft.message));
        let algorithm = match before.len() {
            20 => Algorithm::Sha1,
            _ => Algorithm::Sha256,
        };
        let secret = self.secret();
        let signed = forge::signature(self.id(), algorithm, secret, &draft.text, &draft.time);
        if let Some(signature) = signed {
            self.put_signature(&mut draft.message, signature.as_bytes());
        }
    }

    /// The signature in `message` as its credential spells it.
    pub(crate) fn signature(&self, message: &Message) -> Vec<u8> {
        let credential = message.value(self.header().as_bytes()).unwrap_or_default();
        let text = String::from_utf8_lossy(credential).into_owned();
        let found = match self.id() {
            SchemeId::MOXIE => text.as_str(),
            SchemeId::MAC | SchemeId::MAC_DRAFT => text
                .rsplit_once("mac=\"")
                .map_or("", |(_, mac)| mac.trim_end_matches('"')),
            SchemeId::BASIC => text.split_once(' ').map_or("", |(_, rest)| rest),
            _ => text.rsplit_once(':').map_or("", |(_, signature)| signature),
        };
        found.as_bytes().to_vec()
    }

    /// Puts `text` in the place of the signature.
    pub(crate) fn put_signature(&self, message: &mut Message, text: &[u8]) {
        let name = self.header().as_bytes();
        let old = self.signature(message);
        let credential = message.value(name).unwrap_or_default().to_vec();
        let changed = if old.is_empty() {
            [&*credential, text].concat()
        } else {
            replace(&credential, &old, text)
        };
        message.set(name, &changed);
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{AuthKey, Dialect, HmacAuth, Mac, Moxie};

    use super::*;

    /// 32 bytes in base64url, which every scheme can read.
    const SECRET: &str = "c2VjcmV0LW9mLWV4YWN0bHktMzItYnl0ZXMtbG9uZyE";

    fn signers() -> Vec<Signer> {
        let url = Uri::from_static("http://api.example.org/");
        let schemes: [Arc<dyn Scheme>; 9] = [
            Arc::new(AuthKey::default()),
            Arc::new(AuthKey::dialect(Dialect::V1)),
            Arc::new(AuthKey::dialect(Dialect::V2)),
            Arc::new(AuthKey::dialect(Dialect::V3)),
            Arc::new(HmacAuth::sha1()),
            Arc::new(HmacAuth::sha256()),
            Arc::new(Moxie::default()),
            Arc::new(Mac::yar()),
            Arc::new(Mac::draft()),
        ];
        let mut signers = Vec::new();
        for scheme in schemes {
            for algorithm in Algorithm::ALL {
                let key = SigningKey::new("example-id", SECRET, String::new()).unwrap();
                signers.push(Signer::new(
                    Arc::clone(&scheme),
                    key.algorithm(algorithm),
                    &url,
                ));
            }
        }
        signers
    }

    fn signed(signer: &Signer) -> Draft {
        let message = Message {
            method: b"POST".to_vec(),
            target: b"/a?b=c".to_vec(),
            headers: vec![(b"Host".to_vec(), b"api.example.org".to_vec())],
            body: b"hello".to_vec(),
            ..Message::default()
        };
        let at = Timestamp::from_unix(1_700_000_000);
        signer
            .sign(message, "api.example.org", at, "a-nonce")
            .unwrap()
    }

    #[test]
    fn signing_again_gives_the_signature_of_the_library() {
        for signer in signers() {
            let before = signed(&signer);
            let mut after = before.clone();
            signer.sign_again(&mut after, b"", b"");
            assert_eq!(after.message.bytes(), before.message.bytes(), "{signer:?}");
        }
    }

    #[test]
    fn what_is_forged_is_another_signature_in_the_same_place() {
        for signer in signers() {
            let before = signed(&signer);
            let mut after = before.clone();
            let time = before.time.clone();
            signer.sign_again(&mut after, &time, b"abc");
            assert_eq!(after.time, b"abc");
            let [old, new] = [&before, &after].map(|draft| signer.signature(&draft.message));
            assert_eq!((old.len(), old == new), (new.len(), false), "{signer:?}");
        }
    }
}
