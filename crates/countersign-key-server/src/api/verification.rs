//! `POST /v1.0/verify`

use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use countersign_core::{Algorithm, SchemeId, Signature};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::receive;
use super::call::{Call, Subject};
use super::description::problems;
use super::members::{Members, Value, invalid};
use super::problem::{Code, Problem};
use super::representation::json;
use crate::credential::Principal;
use crate::registry::{Permission, Recipe, ToVerify};

/// Standard base64, padded or not, in one spelling of its bytes.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A signature, and what it is of.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "describes what is read by hand")]
pub(super) struct VerifyRequest {
    /// The scheme of the signed request: `auth-key`, `auth-key-v1`, `auth-key-v2`, `auth-key-v3`,
    /// `hmac-auth`, `hmac-auth-sha256`, `moxie`, `mac` or `mac-draft`.
    #[schema(example = "hmac-auth")]
    scheme: String,
    /// The id that the request claims.
    #[schema(example = "x7Rk2mQp")]
    id: String,
    /// The text that the scheme signs, in standard base64.
    #[schema(example = "R0VUCi8K", content_encoding = "base64")]
    string_to_sign: String,
    /// The signature as the request has it: 20 or 32 bytes in hexadecimal, or in standard base64
    /// with or without padding.
    #[schema(example = "Q7N5qsQoQgAv62aXbnTBOaZvPH8=")]
    signature: String,
    /// How the scheme makes the key.
    #[schema(required = false)]
    derivation: DerivationRequest,
}

/// How the scheme makes the key of the MAC. Schemes prescribe it, so it need not be said, save the
/// `text` of the `auth-key` schemes; what is said must be what the scheme prescribes.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "describes what is read by hand")]
pub(super) struct DerivationRequest {
    /// `raw`: the secret (`hmac-auth`, `hmac-auth-sha256`, `moxie`, `mac-draft`); `base64url`: the
    /// bytes that it spells (`mac`); `sha256_text_secret`: SHA-256 of the text and the secret
    /// (`auth-key`); `sha256_secret_text`: of the secret and the text (`auth-key-v1` to `-v3`).
    #[schema(required = false, example = "sha256_text_secret")]
    kind: String,
    /// The time of the request as the scheme has it, in standard base64.
    #[schema(
        required = false,
        example = "MTM0ODc0ODA5Ng==",
        content_encoding = "base64"
    )]
    text: String,
    /// The hash function; that of `mac` and `mac-draft` is the credential's.
    #[schema(
        required = false,
        example = "hmac-sha-256",
        pattern = "^hmac-sha-(1|256)$"
    )]
    algorithm: String,
}

/// Whether a signature is right.
#[derive(Serialize, ToSchema)]
#[schema(as = Verdict)]
#[serde(deny_unknown_fields)]
pub(super) struct VerdictBody<'a> {
    valid: bool,
    /// Whose it is, when it is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "dave@example.com")]
    principal: Option<&'a str>,
}

problems!(Problems: InvalidJson, InvalidMember, UnknownMember, DuplicateMember, MissingMember,
    BodyIncomplete, ScopeInsufficient, BodyTooLarge, UnsupportedMediaType, CredentialUnreadable,
    AuditUnavailable);

/// Verify a signature.
///
/// For callers that must not hold secrets. Freshness and replay are theirs to check. An id that
/// nobody has, a credential that may not be used and a wrong signature are answered alike, and no
/// answer has a MAC in it.
#[utoipa::path(
    post,
    path = "/v1.0/verify",
    operation_id = "verify_signature",
    request_body = VerifyRequest,
    responses(
        (status = 200, description = "Whether the signature is right", body = VerdictBody<'_>),
        Problems,
    ),
    security((), ("token" = ["verify"]), ("token" = ["admin"])),
)]
pub(super) async fn verify(call: Call, request: Request) -> Result<Response, Problem> {
    call.require(Permission::Verify)?;
    let (parts, body) = request.into_parts();
    let request = read(&receive(&parts.headers, body).await?)?;
    let to_verify = ToVerify {
        scheme: request.scheme,
        recipe: request.recipe,
        text: &request.text,
        id: &request.id,
        string_to_sign: &request.string_to_sign,
        signature: request.signature,
    };
    let verdict = call.app.registry.verify(&to_verify).await?;
    let principal = verdict.principal.as_ref().map(Principal::as_str);
    let disguised = verdict
        .credential
        .unwrap_or_else(|| call.app.registry.disguise(&request.id));
    let subject = Subject {
        credential: Some(disguised.as_str()),
        credentials: None,
        principal,
    };
    let valid = principal.is_some();
    call.audit(&subject, if valid { "valid" } else { "invalid" })?;
    json(StatusCode::OK, 128, &VerdictBody { valid, principal })
}

struct Read {
    scheme: SchemeId,
    recipe: Recipe,
    id: String,
    string_to_sign: Vec<u8>,
    signature: Signature,
    text: Vec<u8>,
}

fn read(body: &[u8]) -> Result<Read, Problem> {
    let known = ["scheme", "id", "string_to_sign", "signature", "derivation"];
    let mut members = Members::read(body, &known)?;
    let (scheme, recipe) = scheme(&members.required("scheme")?)?;
    let id = members.required("id")?;
    let string_to_sign = bytes("string_to_sign", &members.required("string_to_sign")?)?;
    let signature = signature(&members.required("signature")?).ok_or_else(|| {
        let why = "It must be 20 or 32 bytes in hexadecimal or standard base64.";
        invalid("signature", why)
    })?;
    let derivation = match members.take("derivation") {
        None => Vec::new(),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(invalid("derivation", "It must be an object.")),
    };
    let derivation = Members::of(derivation, &["kind", "text", "algorithm"])?;
    Ok(Read {
        text: text(recipe, derivation)?,
        scheme,
        recipe,
        id,
        string_to_sign,
        signature,
    })
}

fn scheme(name: &str) -> Result<(SchemeId, Recipe), Problem> {
    let scheme = SchemeId::from_name(name);
    let signing = scheme.and_then(|scheme| Some((scheme, Recipe::of(scheme)?)));
    signing.ok_or_else(|| {
        let names: Vec<_> = SchemeId::ALL
            .into_iter()
            .filter(|scheme| Recipe::of(*scheme).is_some())
            .map(SchemeId::name)
            .collect();
        invalid("scheme", format!("It must be one of {}.", names.join(", ")))
    })
}

/// The text that the key depends on; everything else is prescribed and only checked.
fn text(recipe: Recipe, mut derivation: Members) -> Result<Vec<u8>, Problem> {
    let kind = match recipe {
        Recipe::Raw(_) => "raw",
        Recipe::Base64Url(_) => "base64url",
        Recipe::TextThenSecret(_) => "sha256_text_secret",
        Recipe::SecretThenText(_) => "sha256_secret_text",
    };
    if derivation.text("kind")?.is_some_and(|it| it != kind) {
        return Err(invalid("kind", format!("This scheme prescribes {kind}.")));
    }
    if let Some(name) = derivation.text("algorithm")? {
        let Some(named) = Algorithm::from_name(&name) else {
            let names = Algorithm::ALL.map(Algorithm::name).join(" or ");
            return Err(invalid("algorithm", format!("It must be {names}.")));
        };
        if recipe.algorithm().is_some_and(|it| it != named) {
            return Err(invalid(
                "algorithm",
                "This scheme prescribes the other one.",
            ));
        }
    }
    match (derivation.text("text")?, recipe.has_text()) {
        (Some(text), true) => bytes("text", &text),
        (None, true) => Err(Problem::of_member(Code::MissingMember, "text")
            .because("The key of this scheme depends on the request's time.")),
        (Some(_), false) => Err(invalid(
            "text",
            "The key of this scheme depends on no text.",
        )),
        (None, false) => Ok(Vec::new()),
    }
}

fn bytes(name: &str, text: &str) -> Result<Vec<u8>, Problem> {
    let decoded = BASE64.decode(text).ok();
    decoded.ok_or_else(|| invalid(name, "It must be standard base64."))
}

/// 20 or 32 bytes, in hexadecimal or base64: the four forms have different lengths.
fn signature(text: &str) -> Option<Signature> {
    let bytes = match text.len() {
        40 | 64 => from_hex(text.as_bytes())?,
        27 | 28 | 43 | 44 => BASE64.decode(text).ok()?,
        _ => return None,
    };
    if let Ok(bytes) = bytes.as_slice().try_into() {
        return Some(Signature::Sha1(bytes));
    }
    bytes.as_slice().try_into().ok().map(Signature::Sha256)
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        let value = char::from(byte).to_digit(16)?;
        u8::try_from(value).ok()
    };
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_read_as_the_schemes_write_them() {
        let short = |text: &str| matches!(signature(text), Some(Signature::Sha1(_)));
        let long = |text: &str| matches!(signature(text), Some(Signature::Sha256(_)));
        assert!(short("Q7N5qsQoQgAv62aXbnTBOaZvPH8="));
        assert!(short("Q7N5qsQoQgAv62aXbnTBOaZvPH8"));
        assert!(short(&"aB".repeat(20)) && long(&"0f".repeat(32)));
        assert!(long(&BASE64.encode([7; 32])));
        for bad in [
            "",
            "Q7N5qsQoQgAv62aXbnTBOaZvPH9=", // a trailing bit is set
            "Q7N5qsQoQgAv62aXbnTBOaZvPH-=",
            "Q7N5qsQoQgAv62aXbnTBOaZvPH8\n",
            &"0g".repeat(20),
            &"00".repeat(21),
            &"A".repeat(28),
        ] {
            assert!(signature(bad).is_none(), "{bad:?}");
        }
    }
}
