//! Signing a response: the same recipe with everything but the x-headers empty.
//!
//! A response string begins with an empty verb, which no request has, so the two never coincide.
//! It is not bound to its request by itself; put the request's signature into a signed x-header
//! for that.

use http::HeaderMap;

use super::AuthKey;
use super::dialect::{Dialect, Parts};
use super::x_headers::{Line, XHeaders};
use crate::canonical::Canonical;
use crate::encoding;
use crate::head;
use crate::key::SigningKey;
use crate::mac::{Algorithm, Signature};
use crate::reason::{Field, Reason, Refusal};
use crate::sign::SignError;

/// How many line feeds end a response's string to sign in the wiki's form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseForm {
    /// Three, as the page's formula for responses says literally.
    #[default]
    ThreeLineFeeds,
    /// Two, as the formula for requests gives with empty parts.
    TwoLineFeeds,
}

impl AuthKey {
    /// The string to sign of a response with these headers.
    ///
    /// `time` is the time as the credential spells it, needed in the dialects v1 to v3 only; in
    /// the wiki's form the signed time is one of the x-headers.
    ///
    /// # Errors
    /// When an x-header is repeated or has an unusable name.
    pub fn response_string(
        &self,
        headers: &HeaderMap,
        time: &str,
        form: ResponseForm,
    ) -> Result<Vec<u8>, Refusal> {
        let mut x_headers = XHeaders::none();
        let x_headers = self.collect(headers, &mut x_headers)?;
        Ok(Canonical::collect(|text| {
            self.write_response(x_headers, time, form, text);
        }))
    }

    /// The signature of a response with these headers, in Base64.
    ///
    /// # Errors
    /// When an x-header is repeated or has an unusable name, or the signed time is missing.
    pub fn sign_response<P>(
        &self,
        key: &SigningKey<P>,
        headers: &HeaderMap,
        time: &str,
        form: ResponseForm,
    ) -> Result<String, SignError> {
        let mut x_headers = XHeaders::none();
        let x_headers = self.collect(headers, &mut x_headers)?;
        let time = self.response_time(headers, time)?;
        let signature = key
            .sign(
                self.dialect.derivation(time.as_bytes()),
                Algorithm::Sha256,
                |text| {
                    self.write_response(x_headers, time, form, text);
                },
            )
            .ok_or(SignError::new("the secret cannot be used"))?;
        Ok(signature.to_base64())
    }

    /// Whether `signature`, in Base64, is that of a response with these headers. Constant time.
    ///
    /// # Errors
    /// When the signature or an x-header cannot be read, or the signed time is missing.
    pub fn verify_response<P>(
        &self,
        key: &SigningKey<P>,
        headers: &HeaderMap,
        time: &str,
        form: ResponseForm,
        signature: &str,
    ) -> Result<(), Refusal> {
        let received = encoding::base64_padded_exact(head::trim(signature.as_bytes()))
            .ok_or(Refusal::new(Reason::MalformedCredentials).field(Field::Credential))?;
        let mut x_headers = XHeaders::none();
        let x_headers = self.collect(headers, &mut x_headers)?;
        let time = self.response_time(headers, time)?;
        let mismatch = || Refusal::invalid_credentials(crate::reason::Cause::SignatureMismatch);
        let mut keyed = key
            .keyed(self.dialect.derivation(time.as_bytes()), Algorithm::Sha256)
            .ok_or_else(mismatch)?;
        Canonical::stream(&mut |piece| keyed.update(piece), |text| {
            self.write_response(x_headers, time, form, text);
        });
        if keyed.verify(&Signature::Sha256(received)) {
            Ok(())
        } else {
            Err(mismatch())
        }
    }

    /// In the wiki's form the time is the `x-mac-date` of the response itself.
    fn response_time<'a>(&self, headers: &'a HeaderMap, time: &'a str) -> Result<&'a str, Refusal> {
        if self.dialect != Dialect::Wiki {
            return Ok(time);
        }
        let date = headers
            .get(&self.names.date)
            .and_then(|value| value.to_str().ok());
        date.map(str::trim)
            .ok_or(Refusal::new(Reason::MissingHeader).field(Field::SignedDate))
    }

    fn write_response(
        &self,
        x_headers: &[Line<'_>],
        time: &str,
        form: ResponseForm,
        text: &mut Canonical<'_>,
    ) {
        let parts = Parts {
            time: time.as_bytes(),
            ..Parts::default()
        };
        self.dialect.write(&parts, x_headers, &self.word, text);
        if self.dialect == Dialect::Wiki && form == ResponseForm::ThreeLineFeeds {
            text.lf();
        }
    }
}
