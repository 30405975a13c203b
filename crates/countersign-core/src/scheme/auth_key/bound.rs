//! Binding a response to its request, by three signed x-headers of ours.
//!
//! | header | value |
//! |---|---|
//! | `x-mac-request-signature` | the request's signature, as its credential spells it |
//! | `x-mac-status` | the status, in decimal |
//! | `x-mac-content-sha256` | the SHA-256 of the body in Base64; of nothing where there is none |
//!
//! The page signs none of the three, so that without them a response can be given for another
//! request, under another status and with another body.

use std::fmt;

use http::header::HeaderMap;
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::x_headers::XHeaders;
use super::{AuthKey, Dialect, ResponseForm};
use crate::encoding;
use crate::head;
use crate::http_date;
use crate::key::{KeySet, SigningKey};
use crate::scheme::{Scheme, after_scheme_word, set, set_credential};
use crate::sign::SignError;
use crate::time::Timestamp;
use crate::window::{Freshness, Window};

/// The SHA-256 of a response's body, taken piece by piece.
#[derive(Clone, Default)]
pub struct ResponseHasher(Sha256);

impl ResponseHasher {
    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl fmt::Debug for ResponseHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHasher").finish_non_exhaustive()
    }
}

/// A response about to be signed: what binds it to its request.
#[derive(Clone, Copy, Debug)]
pub struct ResponseToSign<'a> {
    /// The request's signature, as its credential spells it: see
    /// [`AuthKey::signature_in`].
    pub request_signature: &'a str,
    /// The status it is sent with.
    pub status: StatusCode,
    /// The SHA-256 of the body as sent; of nothing where the response can have none.
    pub body_sha256: [u8; 32],
    /// When it is signed.
    pub at: Timestamp,
}

/// Whether a response must say to which request, status and body it belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestBinding {
    /// One that does not is refused.
    #[default]
    Required,
    /// What it says must be true, but it need not say anything: for services that sign as the
    /// page describes and no more. Their status and body are then covered by nothing, and a
    /// response to one request passes for that to another inside the window.
    NotRequired,
}

/// What a response must be like to be believed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResponseRules {
    /// How the string to sign ends.
    pub form: ResponseForm,
    /// Whether it must be bound to its request.
    pub binding: RequestBinding,
    /// How old or early its date may be.
    pub window: Window,
}

/// Why a response is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseFault {
    /// It has no signature.
    Unsigned,
    /// Its credential, date or x-headers cannot be read.
    Unreadable,
    /// It names another key than the request's.
    OtherKey,
    /// The signature is not that of its x-headers.
    Signature,
    /// It was signed too long ago.
    Expired,
    /// It was signed at a time to come.
    InFuture,
    /// It does not say to which request, status and body it belongs.
    Unbound,
    /// It belongs to another request.
    OtherRequest,
    /// It was signed with another status.
    OtherStatus,
    /// It was signed with another body.
    OtherBody,
    /// Its body is larger than what is read to verify it.
    TooLarge,
}

impl fmt::Display for ResponseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsigned => "it is not signed",
            Self::Unreadable => "its credential, date or x-headers cannot be read",
            Self::OtherKey => "it names another key than that of the request",
            Self::Signature => "its signature is not that of its x-headers",
            Self::Expired => "it was signed too long ago; compare the two clocks",
            Self::InFuture => "it was signed at a time to come; compare the two clocks",
            Self::Unbound => "it does not say to which request, status and body it belongs",
            Self::OtherRequest => "it was signed for another request",
            Self::OtherStatus => "it was signed with another status",
            Self::OtherBody => "it was signed with another body",
            Self::TooLarge => "its body is larger than what is read to verify it",
        })
    }
}

impl AuthKey {
    /// The signature in the credential of a request or a response in the wiki's form, as it
    /// spells it; `None` when there is none that can be read.
    pub fn signature_in<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        self.id_and_signature(headers)
            .map(|(_, signature)| signature)
    }

    fn id_and_signature<'h>(&self, headers: &'h HeaderMap) -> Option<(&'h str, &'h str)> {
        let mut values = headers.get_all(&self.header).iter();
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        let text = after_scheme_word(head::trim(value.as_bytes()), &self.word)?;
        Dialect::Wiki.parse(text)?;
        std::str::from_utf8(text).ok()?.split_once(':')
    }

    /// Signs a response with `key`, and binds it to its request. Headers of ours that are there
    /// already are replaced.
    ///
    /// # Errors
    /// In another dialect than the wiki's; when an x-header is repeated, has an unusable name or
    /// is one too many. The headers are then as they were, save for those of ours.
    pub fn dress_response<P>(
        &self,
        key: &SigningKey<P>,
        headers: &mut HeaderMap,
        response: &ResponseToSign<'_>,
        form: ResponseForm,
    ) -> Result<(), SignError> {
        if self.dialect != Dialect::Wiki {
            return Err(SignError::new(
                "only the wiki's form of Auth-Key signs responses",
            ));
        }
        self.undress_response(headers);
        let names = &self.names;
        let sha256 = encoding::to_base64(&response.body_sha256);
        set(headers, &names.date, &response.at.to_string())?;
        set(
            headers,
            &names.request_signature,
            response.request_signature,
        )?;
        set(headers, &names.status, response.status.as_str())?;
        set(headers, &names.content_sha256, &sha256)?;
        let signature = self.sign_response(key, headers, "", form)?;
        let credential = format!("{} {}:{signature}", self.word, key.id());
        set_credential(headers, &self.header, &credential)
    }

    /// Takes off what [`dress_response`](AuthKey::dress_response) puts on.
    pub fn undress_response(&self, headers: &mut HeaderMap) {
        let names = &self.names;
        for name in [
            &self.header,
            &names.date,
            &names.request_signature,
            &names.status,
            &names.content_sha256,
        ] {
            headers.remove(name);
        }
    }

    /// Whether a response claims to be signed.
    pub fn is_signed(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(&self.header)
    }

    /// Checks everything about a response but its body, whose SHA-256 it gives where the response
    /// is bound to one.
    ///
    /// `request_signature` is that of the request as it was sent, and `keys` those it may have
    /// been signed with. Constant time where the signature is compared.
    ///
    /// # Errors
    /// When the response is not to be believed.
    pub fn check_response<P>(
        &self,
        keys: &KeySet<P>,
        headers: &HeaderMap,
        (request_signature, status): (&str, StatusCode),
        rules: &ResponseRules,
        now: Timestamp,
    ) -> Result<Option<[u8; 32]>, ResponseFault> {
        if !self.is_signed(headers) {
            return Err(ResponseFault::Unsigned);
        }
        let (id, signature) = self
            .id_and_signature(headers)
            .ok_or(ResponseFault::Unreadable)?;
        if id != keys.id() {
            return Err(ResponseFault::OtherKey);
        }
        let names = &self.names;
        let date = headers
            .get(&names.date)
            .and_then(|date| http_date::parse_as(head::trim(date.as_bytes()), self.dates));
        let mut x_headers = XHeaders::none();
        let (Ok(_), Some(signed_at)) = (self.collect(headers, &mut x_headers), date) else {
            return Err(ResponseFault::Unreadable);
        };
        let allowed = keys.keys().iter().filter(|key| key.allows(self.id()));
        let mut verified = allowed.map(|key| {
            self.verify_response(key, headers, "", rules.form, signature)
                .is_ok()
        });
        if !verified.any(|verified| verified) {
            return Err(ResponseFault::Signature);
        }
        match rules.window.place(signed_at, now) {
            Freshness::Fresh => {}
            Freshness::Expired => return Err(ResponseFault::Expired),
            Freshness::InFuture => return Err(ResponseFault::InFuture),
        }
        let text = |name| match headers.get(name).map(HeaderValue::as_bytes) {
            None if rules.binding == RequestBinding::Required => Err(ResponseFault::Unbound),
            value => Ok(value.map(head::trim)),
        };
        let others = |found: Option<&[u8]>, expected: &str| {
            found.is_some_and(|found| found != expected.as_bytes())
        };
        if others(text(&names.request_signature)?, request_signature) {
            return Err(ResponseFault::OtherRequest);
        }
        if others(text(&names.status)?, status.as_str()) {
            return Err(ResponseFault::OtherStatus);
        }
        match text(&names.content_sha256)? {
            None => Ok(None),
            Some(sha256) => match encoding::base64_exact(sha256) {
                Some(sha256) => Ok(Some(sha256)),
                None => Err(ResponseFault::Unreadable),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "aP+S4na/H9pRNqsdx4wWjGvhFpqfcCgbffgKhl0+ggk=";

    fn dressed(scheme: &AuthKey, form: ResponseForm) -> Result<HeaderMap, SignError> {
        let key = SigningKey::new("id", "a secret of enough bytes", "dave").unwrap();
        let mut hasher = ResponseHasher::default();
        hasher.update(b"hel");
        hasher.update(b"lo");
        let response = ResponseToSign {
            request_signature: REQUEST,
            status: StatusCode::NOT_FOUND,
            body_sha256: hasher.finish(),
            at: Timestamp::parse_imf_fixdate("Thu, 27 Sep 2012 12:14:56 GMT").unwrap(),
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-mac-role", HeaderValue::from_static("admin"));
        scheme.dress_response(&key, &mut headers, &response, form)?;
        Ok(headers)
    }

    /// The signatures were computed by another program, in Python.
    #[test]
    fn a_bound_response_has_the_signature_that_the_page_describes() {
        for (form, signature) in [
            (
                ResponseForm::ThreeLineFeeds,
                "Zb8Bo8LVjRf7QrQLvECM0Vz4qppul8VDWej+9IuPkqc=",
            ),
            (
                ResponseForm::TwoLineFeeds,
                "6WzY3orDJeb0JsA98FvSq6SSwn6NTS1LLZS5wxT/SwE=",
            ),
        ] {
            let headers = dressed(&AuthKey::default(), form).unwrap();
            assert_eq!(
                headers["auth-key"],
                format!("MAC id:{signature}"),
                "{form:?}"
            );
            assert_eq!(AuthKey::default().signature_in(&headers), Some(signature));
        }
    }

    #[test]
    fn taken_off_again_nothing_of_ours_is_left() {
        let mut headers = dressed(&AuthKey::default(), ResponseForm::default()).unwrap();
        AuthKey::default().undress_response(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["x-mac-role"]);
    }

    #[test]
    fn only_the_form_of_the_wiki_signs_responses() {
        for dialect in [Dialect::V1, Dialect::V2, Dialect::V3] {
            assert!(dressed(&AuthKey::dialect(dialect), ResponseForm::default()).is_err());
        }
    }
}
