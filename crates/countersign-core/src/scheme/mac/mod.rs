//! OAuth MAC: draft-ietf-oauth-v2-http-mac-02, and the profile of it that yar speaks.
//!
//! ```text
//! Authorization: MAC id="…", ts="…", nonce="…", ext="…", mac="…"
//!
//! NORMALIZED = ts LF nonce LF METHOD LF request-uri LF host LF port LF ext LF
//! ```
//!
//! | | [`Profile::Yar`] (default) | [`Profile::Draft`] |
//! |---|---|---|
//! | key | the 32 bytes that the 43-character `mac_key` spells in base64url | the ASCII bytes |
//! | `mac` | hexadecimal | Base64 |
//! | `ext` | empty, or hex SHA-1(`Content-Type` ‖ body) | opaque, signed as sent |
//! | host | as sent | lower-cased |
//!
//! The credential's `algorithm` decides between HMAC-SHA-1 and HMAC-SHA-256.
//!
//! The original server computes `ext` from the body before it checks the MAC, and so reads the
//! body of anybody who asks. Here the MAC is verified over the `ext` that was sent, and the body
//! then has to give that very `ext`: the same requests pass, and no stranger's body is read.
//!
//! Weaknesses: yar's `ext` joins `Content-Type` and body without a separator, so bytes can move
//! from one to the other (`text/plai` + `n…`); [`ContentTypeRule::MediaType`] narrows that. The
//! draft profile does not sign the body at all. The key id is not signed.

mod parameters;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use self::parameters::Parameters;
use super::{
    Scheme, SchemeId, after_scheme_word, has_scheme_word, remove_authorization, set_credential,
    unix_seconds,
};
use crate::canonical::Canonical;
use crate::challenge::Challenge;
use crate::claim::{
    AlgorithmChoice, BodyBinding, Claim, MAX_CREDENTIAL_LEN, Nonce, NonceCase, Proof,
};
use crate::encoding;
use crate::head::{Head, trim};
use crate::key::KeyId;
use crate::mac::{Algorithm, Derivation, Signature, Strength};
use crate::policy::DigestStrength;
use crate::reason::{Field, Reason, Refusal};
use crate::sign::{SignError, Signing};
use crate::window::Window;

const WORD: &str = "MAC";

/// Whose reading of the draft is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// That of yar, whose key server's `mac` credentials are meant for it.
    #[default]
    Yar,
    /// That of the draft.
    Draft,
}

/// What a `Content-Type` that goes into yar's `ext` may look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContentTypeRule {
    /// Anything, as the original takes it.
    #[default]
    Any,
    /// Only `type/subtype` with optional parameters, which leaves fewer bytes that can move
    /// between it and the body.
    MediaType,
}

/// The OAuth MAC scheme.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mac {
    profile: Profile,
    default_port: Option<u16>,
    content_type: ContentTypeRule,
}

impl Mac {
    /// The yar profile.
    pub const fn yar() -> Self {
        Self {
            profile: Profile::Yar,
            default_port: None,
            content_type: ContentTypeRule::Any,
        }
    }

    /// The draft profile.
    pub const fn draft() -> Self {
        Self {
            profile: Profile::Draft,
            default_port: None,
            content_type: ContentTypeRule::Any,
        }
    }

    /// The port signed when `Host` names none; without it 80, or 443 when served over TLS.
    #[must_use]
    pub const fn default_port(mut self, port: u16) -> Self {
        self.default_port = Some(port);
        self
    }

    /// What the `Content-Type` of a request with a body hash must look like (yar profile).
    #[must_use]
    pub const fn content_type(mut self, rule: ContentTypeRule) -> Self {
        self.content_type = rule;
        self
    }

    fn read<'a>(&self, head: &Head<'a>) -> Result<Claim<'a>, Refusal> {
        let malformed = || Refusal::new(Reason::MalformedCredentials).field(Field::Credential);
        let value = head
            .single(&AUTHORIZATION, Field::Credential)?
            .unwrap_or_default();
        if value.len() > MAX_CREDENTIAL_LEN {
            return Err(malformed());
        }
        let text = after_scheme_word(value, WORD).ok_or_else(malformed)?;
        let parameters = Parameters::parse(text).ok_or_else(|| {
            // The credential's record decides; a request has no say in it.
            if Parameters::name(text, b"algorithm") {
                Reason::UnsupportedAlgorithm.into()
            } else {
                malformed()
            }
        })?;

        let key_id = KeyId::parse(parameters.id).ok_or_else(malformed)?;
        let signed_at = unix_seconds(parameters.ts)
            .ok_or(Refusal::new(Reason::InvalidTimestamp).field(Field::SignedDate))?;
        let nonce = Nonce::parse(parameters.nonce, NonceCase::Exact)
            .ok_or(Refusal::new(Reason::InvalidNonce).field(Field::Nonce))?;
        let signature = match self.profile {
            Profile::Yar => read_hex(parameters.mac),
            Profile::Draft => read_base64(parameters.mac),
        }
        .ok_or_else(malformed)?;
        if head.authority().is_none() {
            return Err(Refusal::new(Reason::InvalidTarget)
                .field(Field::Host)
                .detail("The scheme signs the host; send a Host header."));
        }
        let (derivation, body) = match self.profile {
            Profile::Yar => (Derivation::Base64Url, self.read_ext(head, parameters.ext)?),
            Profile::Draft => (Derivation::Raw, BodyBinding::Unbound),
        };
        let proof = Proof::Signature {
            signature,
            derivation,
            algorithm: AlgorithmChoice::Key,
        };
        Ok(Claim::new(self.id(), key_id, proof)
            .signed_at(signed_at, parameters.ts)
            .nonce(Some(nonce))
            .body(body)
            .ext(parameters.ext))
    }

    fn read_ext<'a>(&self, head: &Head<'a>, ext: &[u8]) -> Result<BodyBinding<'a>, Refusal> {
        let content_type = head
            .single(&CONTENT_TYPE, Field::SignedHeader)?
            .unwrap_or_default();
        let well_formed = self.content_type == ContentTypeRule::Any
            || content_type.is_empty()
            || is_media_type(content_type);
        if !well_formed {
            return Err(Refusal::new(Reason::MalformedCredentials)
                .field(Field::SignedHeader)
                .detail("The Content-Type is not a media type; send one such as text/plain."));
        }
        let sha1 = match ext {
            b"" => None,
            hex => Some(
                encoding::hex_exact(hex)
                    .ok_or(Refusal::new(Reason::InvalidDigest).field(Field::Digest))?,
            ),
        };
        Ok(BodyBinding::Ext { content_type, sha1 })
    }
}

impl Scheme for Mac {
    fn id(&self) -> SchemeId {
        match self.profile {
            Profile::Yar => SchemeId::MAC,
            Profile::Draft => SchemeId::MAC_DRAFT,
        }
    }

    fn strength(&self) -> Strength {
        // A credential may name SHA-256; what is weaker is refused by the signature's length.
        Strength::Sha256
    }

    fn body_digest(&self) -> Option<DigestStrength> {
        match self.profile {
            Profile::Yar => Some(DigestStrength::Sha1),
            Profile::Draft => None,
        }
    }

    fn default_window(&self) -> Window {
        Window::NARROW
    }

    fn credential_header(&self) -> &HeaderName {
        &AUTHORIZATION
    }

    fn credential_word(&self) -> Option<&str> {
        Some(WORD)
    }

    fn claim<'a>(&'a self, head: &Head<'a>) -> Option<Result<Claim<'a>, Refusal>> {
        has_scheme_word(head, WORD).then(|| self.read(head))
    }

    fn canonical(&self, head: &Head<'_>, claim: &Claim<'_>, text: &mut Canonical<'_>) {
        text.put(claim.time_text());
        text.lf();
        if let Some(nonce) = claim.claimed_nonce() {
            text.put(nonce.as_bytes());
        }
        text.lf();
        text.put(head.method().as_str().as_bytes());
        text.lf();
        text.put(head.path().as_bytes());
        if let Some(query) = head.query() {
            text.push(b'?');
            text.put(query.as_bytes());
        }
        text.lf();
        if let Some(authority) = head.authority() {
            match self.profile {
                Profile::Yar => text.put(authority.host_bytes()),
                Profile::Draft => text.put_lower(authority.host_bytes()),
            }
            text.lf();
            let port = authority
                .port()
                .or(self.default_port)
                .unwrap_or_else(|| head.url_scheme().default_port());
            put_decimal(text, port);
        }
        text.lf();
        match self.profile {
            // Hexadecimal in either case is one hash; the original writes it in lower case.
            Profile::Yar => text.put_lower(claim.ext_text()),
            Profile::Draft => text.put(claim.ext_text()),
        }
        text.lf();
    }

    fn challenge(&self, realm: &str, refusal: Option<&Refusal>) -> HeaderValue {
        let challenge = Challenge::new(WORD).param("realm", realm);
        match refusal {
            Some(refusal) => challenge.param("error", refusal.reason().code()).finish(),
            None => challenge.finish(),
        }
    }

    fn signing_algorithm(&self, of_key: Algorithm) -> Algorithm {
        of_key
    }

    fn dress(
        &self,
        headers: &mut HeaderMap,
        signing: &Signing<'_>,
        signature: &Signature,
    ) -> Result<(), SignError> {
        let nonce = signing.nonce.ok_or(SignError::new("MAC needs a nonce"))?;
        let (ext, mac) = match self.profile {
            Profile::Yar => {
                let content_type = headers.get(CONTENT_TYPE);
                // As the receiver will see it, without blanks at its ends.
                let content_type = content_type.map_or(&b""[..], |value| trim(value.as_bytes()));
                let hashed = !content_type.is_empty() || !signing.body.is_empty();
                let ext = if hashed {
                    let digest = signing.body.sha1_after(content_type);
                    encoding::to_hex(&digest.ok_or(SignError::new(
                        "MAC needs the SHA-1 of the Content-Type and the body; give it with \
                         BodyDigest::content_type_and_body_sha1",
                    ))?)
                } else {
                    String::new()
                };
                (ext, signature.to_hex())
            }
            Profile::Draft => (String::new(), signature.to_base64()),
        };
        let value = format!(
            r#"{WORD} id="{}", ts="{}", nonce="{nonce}", ext="{ext}", mac="{mac}""#,
            signing.key_id,
            signing.at.as_unix(),
        );
        set_credential(headers, &AUTHORIZATION, &value)
    }

    fn undress(&self, headers: &mut HeaderMap) {
        remove_authorization(headers, WORD);
    }
}

fn read_hex(text: &[u8]) -> Option<Signature> {
    let short = || encoding::hex_exact(text).map(Signature::Sha1);
    short().or_else(|| encoding::hex_exact(text).map(Signature::Sha256))
}

fn read_base64(text: &[u8]) -> Option<Signature> {
    let short = || encoding::base64_padded_exact(text).map(Signature::Sha1);
    short().or_else(|| encoding::base64_padded_exact(text).map(Signature::Sha256))
}

fn put_decimal(text: &mut Canonical<'_>, mut number: u16) {
    let mut digits = [b'0'; 5];
    let mut first = digits.len();
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' | u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        first = index;
        if number == 0 {
            break;
        }
    }
    text.put(digits.get(first..).unwrap_or_default());
}

/// `type/subtype` and optional `; name=value` parameters (RFC 9110 §8.3.1), loosely: what counts
/// is that nothing can be cut off or added without breaking it.
fn is_media_type(text: &[u8]) -> bool {
    let token = |t: &[u8]| {
        let char = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
        !t.is_empty() && t.iter().all(char)
    };
    let mut parts = text.split(|&b| b == b';').map(trim);
    let essence = parts.next().unwrap_or_default();
    let mut halves = essence.splitn(2, |&b| b == b'/');
    halves.next().is_some_and(token)
        && halves.next().is_some_and(token)
        && parts.all(|part| {
            part.iter()
                .position(|&b| b == b'=')
                .is_some_and(|at| at > 0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Request;

    const MAC_HEX: &str = "fd6662158141f596919d63e63b51ea68b7f52695";

    fn claimed(parameters: &str) -> Result<(), Reason> {
        let request =
            Request::new("GET", "/").header("authorization", &format!("MAC {parameters}"));
        let scheme = Mac::yar();
        let claim = request.claim(&scheme).expect("claimed");
        claim.map(|_| ()).map_err(|refusal| refusal.reason())
    }

    fn good() -> String {
        format!(r#"id="a", ts="1399216364", nonce="n", ext="", mac="{MAC_HEX}""#)
    }

    #[test]
    fn bad_14_15_20_21_26_order_spacing_and_case_do_not_matter() {
        for parameters in [
            good(),
            format!(r#"mac="{MAC_HEX}",nonce="n",ts="1399216364",id="a""#),
            format!("  id=\"a\"\t,\tts=\"1399216364\" , nonce=\"n\",  mac=\"{MAC_HEX}\"  "),
            good().replace(MAC_HEX, &MAC_HEX.to_ascii_uppercase()),
            good().replace("id=", "ID="),
        ] {
            assert_eq!(claimed(&parameters), Ok(()), "{parameters}");
        }
    }

    #[test]
    fn bad_4_to_17_malformed_parameters_are_refused() {
        let good = good();
        for bad in [
            String::new(),
            "foo".into(),
            good.replace(r#"id="a""#, r#"id="""#),
            good.replace(r#"id="a""#, "id=a"),
            good.replace(r#"id="a""#, "id='a'"),
            good.replace(r#"id="a""#, r#"id="a\"b""#),
            good.replace(r#"id="a""#, r#"id="a"#),
            good.replace(r#"id="a", "#, ""),
            good.replace(r#"id="a""#, r#"id="a", id="a""#),
            good.replace(r#"id="a""#, r#"id="a", foo="1""#),
            good.replace(r#"id="a""#, "id=\"a\tb\""),
            good.replace(r#"id="a""#, "id=\"\u{e9}\""),
            good.replace(MAC_HEX, ""),
            good.replace(MAC_HEX, "zz"),
            good.replace(MAC_HEX, &MAC_HEX[1..]),
            good.replace(MAC_HEX, "6T3zZzy2Emppni6bzL7kdRxUWL4="),
            format!("{good},"),
            format!("{good} x"),
            format!("{good}, MAC {good}"),
        ] {
            assert_eq!(claimed(&bad), Err(Reason::MalformedCredentials), "{bad}");
        }
    }

    #[test]
    fn unusable_values_have_their_own_reasons() {
        let with_ts = |ts: &str| claimed(&good().replace("1399216364", ts));
        for ts in ["abc", "", "+1", "01", " 1399216364", "99999999999999999999"] {
            assert_eq!(with_ts(ts), Err(Reason::InvalidTimestamp), "{ts}");
        }
        let nonce = claimed(&good().replace(r#"nonce="n""#, r#"nonce="""#));
        assert_eq!(nonce, Err(Reason::InvalidNonce));
        let ext = claimed(&good().replace(r#"ext="""#, r#"ext="whatever""#));
        assert_eq!(ext, Err(Reason::InvalidDigest));
    }

    #[test]
    fn the_port_is_the_one_sent_or_the_default() {
        let request = |host: &str| {
            Request::new("GET", "/a?b")
                .host(host)
                .header("authorization", &format!("MAC {}", good()))
        };
        let line = |scheme: Mac, host: &str| {
            let text = request(host).canonical(&scheme);
            text.lines().skip(4).take(2).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line(Mac::yar(), "Example.com"), "Example.com 80");
        assert_eq!(line(Mac::yar(), "example.com:8000"), "example.com 8000");
        assert_eq!(
            line(Mac::yar().default_port(443), "example.com"),
            "example.com 443"
        );
        assert_eq!(line(Mac::yar(), "example.com:65535"), "example.com 65535");
        assert_eq!(line(Mac::yar(), "[::1]:7"), "[::1] 7");
        let draft = Mac::draft();
        let request = Request::new("GET", "/").host("Example.com").header(
            "authorization",
            r#"MAC id="a", ts="1", nonce="n", mac="6T3zZzy2Emppni6bzL7kdRxUWL4=""#,
        );
        assert_eq!(
            request.canonical(&draft),
            "1\nn\nGET\n/\nexample.com\n80\n\n"
        );
    }

    #[test]
    fn media_types_can_be_demanded() {
        for good in [
            "text/plain",
            "application/json; charset=utf-8",
            "a/b;c=\"d\"",
        ] {
            assert!(is_media_type(good.as_bytes()), "{good}");
        }
        for bad in [
            "text",
            "text/",
            "/plain",
            "text/pl ain",
            "text/plain;",
            "text/plain; charset",
            "a/b/c",
        ] {
            assert!(!is_media_type(bad.as_bytes()), "{bad}");
        }
    }
}
