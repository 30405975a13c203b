//! Signing a request as the arguments say.

use std::fmt::Write as _;

use clap::Args;
use countersign::{
    Algorithm, Basic, Clock as _, Explain, Origin, Scheme, SchemeId, SigningKey, SystemClock,
    Timestamp, ToSign, UrlScheme, VisibleText,
};
use http::{HeaderMap, HeaderName};

use super::request::{Request, RequestArguments};
use super::scheme::{self, TakesNonce};
use super::secret::SecretArguments;
use crate::failure::Failure;
use crate::output;

/// Under which scheme and key, and with what, a request is signed.
#[derive(Args, Clone, Debug)]
pub(crate) struct SigningArguments {
    #[command(flatten)]
    key: KeyArguments,

    #[command(flatten)]
    request: RequestArguments,

    /// The time to sign: an HTTP date or seconds since 1970; now unless given
    #[arg(long, value_name = "DATE")]
    date: Option<String>,

    /// The nonce; 128 random bits in hexadecimal unless given
    ///
    /// hmac-auth, hmac-auth-sha256 and basic have none.
    #[arg(long, value_name = "NONCE")]
    nonce: Option<String>,

    /// The URL under which clients reach the service, if not the one given
    ///
    /// Only scheme and host count, and only to moxie, mac and mac-draft, which sign them.
    #[arg(long, value_name = "URL")]
    public_base_url: Option<String>,

    /// Show the string to sign on standard error, line by line, invisible bytes made visible
    #[arg(long)]
    explain: bool,
}

/// A scheme, and a key to use with it.
#[derive(Args, Clone, Debug)]
pub(crate) struct KeyArguments {
    /// The scheme
    #[arg(long, value_name = "NAME", value_parser = scheme::parser())]
    scheme: SchemeId,

    /// The id of the key; not needed for basic, whose key is the secret
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,

    #[command(flatten)]
    secret: SecretArguments,

    /// The algorithm of the credential, for mac and mac-draft
    #[arg(long, value_name = "NAME", default_value = "hmac-sha-1")]
    #[arg(value_parser = scheme::algorithm_parser())]
    algorithm: Algorithm,

    /// The path that hmac-auth and hmac-auth-sha256 take off before signing, as in /pager
    #[arg(long, value_name = "PATH")]
    base_path: Option<String>,
}

/// A signed request, and what is shown of it.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// The request, with the headers added.
    pub(crate) request: Request,
    /// The names and values of the headers that signing added, in their usual spelling.
    pub(crate) added: Vec<(String, String)>,
    /// The string to sign, when it was asked for.
    pub(crate) string_to_sign: Option<VisibleText>,
}

impl KeyArguments {
    /// Whether the secret is read from standard input.
    pub(crate) fn is_standard_input(&self) -> bool {
        self.secret.is_standard_input()
    }

    /// The scheme that was named.
    pub(crate) fn scheme(&self) -> Result<Box<dyn Scheme>, Failure> {
        scheme::of(self.scheme, self.base_path.as_deref())
    }

    /// The secret, as the key of the id that was named.
    pub(crate) fn read_key(&self) -> Result<SigningKey, Failure> {
        let secret = self.secret.read()?;
        let named = self.key_id.as_deref();
        let key = match (self.scheme, named) {
            (SchemeId::BASIC, named) => {
                let api_key = std::str::from_utf8(&secret).unwrap_or_default();
                if named.is_some_and(|named| named != api_key) {
                    return Err(Failure::usage(
                        "--key-id and the secret differ; basic sends the secret alone, so leave \
                         --key-id out",
                    ));
                }
                Basic::key(api_key, String::new())
                    .or_else(|_| {
                        let key = SigningKey::with_short_secret(api_key, &*secret, String::new());
                        key.map(|key| key.schemes([SchemeId::BASIC]))
                    })
                    // The id is the secret: what is wrong with it is not shown.
                    .map_err(|_| {
                        Failure::usage(
                            "the secret is not an api key: 1 to 256 visible ASCII characters",
                        )
                    })?
            }
            (_, Some(id)) => SigningKey::with_short_secret(id, &*secret, String::new())
                .map_err(|error| Failure::usage(format!("--key-id: {error}")))?,
            (id, None) => {
                return Err(Failure::usage(format!(
                    "--key-id is missing; {id} needs the id of the key"
                )));
            }
        };
        Ok(key.algorithm(self.algorithm))
    }
}

impl SigningArguments {
    /// Reads and signs the request.
    pub(crate) fn sign(&self) -> Result<Signed, Failure> {
        if self.key.is_standard_input() && self.request.is_standard_input() {
            return Err(Failure::usage(
                "--secret-file - and -d @- cannot share standard input; put one into a file",
            ));
        }
        let scheme = self.key.scheme()?;
        let key = self.key.read_key()?;
        let request = self.request.read()?;
        let at = match &self.date {
            Some(text) => parse_date("--date", text)?,
            None => SystemClock.now(),
        };
        let nonce = self.nonce()?;
        let origin = match &self.public_base_url {
            Some(url) => Origin::public_base_url(url)
                .map_err(|error| Failure::usage(format!("--public-base-url: {error}")))?,
            None => origin_of(&request),
        };
        let mut signed = sign(&*scheme, &key, request, at, nonce.as_deref(), &origin)?;
        if self.explain {
            let text = string_to_sign(&*scheme, &key, &signed.request, &origin);
            show(self.key.scheme, text.as_ref());
            signed.string_to_sign = text;
        }
        Ok(signed)
    }

    fn nonce(&self) -> Result<Option<String>, Failure> {
        match (TakesNonce::of(self.key.scheme), &self.nonce) {
            (TakesNonce::No, None) => Ok(None),
            (TakesNonce::No, Some(nonce)) => Err(Failure::unusable(
                "--nonce",
                nonce,
                format!("{} has no nonce; leave it out", self.key.scheme),
            )),
            (TakesNonce::Yes, Some(nonce)) => Ok(Some(nonce.clone())),
            (TakesNonce::Yes, None) => fresh_nonce().map(Some),
        }
    }
}

/// Signs `request`.
pub(crate) fn sign(
    scheme: &dyn Scheme,
    key: &SigningKey,
    mut request: Request,
    at: Timestamp,
    nonce: Option<&str>,
    origin: &Origin,
) -> Result<Signed, Failure> {
    let before = request.headers.clone();
    let mut to_sign = ToSign::new(&request.method, &request.target, at)
        .body(&request.body)
        .origin(origin.clone());
    if let Some(nonce) = nonce {
        to_sign = to_sign.nonce(nonce);
    }
    let mut headers = before.clone();
    to_sign.sign(scheme, key, &mut headers).map_err(|error| {
        let hint = match scheme.id() {
            SchemeId::MAC => {
                "; mac takes the 43 base64url characters it was issued, as utf8 and not decoded"
            }
            _ => "",
        };
        Failure::usage(format!("{error}{hint}"))
    })?;
    request.headers = headers;
    Ok(Signed {
        added: added(&before, &request.headers),
        request,
        string_to_sign: None,
    })
}

/// The origin that the URL itself names.
pub(crate) fn origin_of(request: &Request) -> Origin {
    Origin::served_over(if request.target.scheme_str() == Some("https") {
        UrlScheme::Https
    } else {
        UrlScheme::Http
    })
}

/// 128 random bits: no two requests will ever share them.
pub(crate) fn fresh_nonce() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::failed(format!("no random numbers for a nonce: {error}")))?;
    Ok(hex(&bytes))
}

/// `bytes` in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The text that was signed; `None` where nothing is.
fn string_to_sign(
    scheme: &dyn Scheme,
    key: &SigningKey,
    request: &Request,
    origin: &Origin,
) -> Option<VisibleText> {
    Explain::new(&request.method, &request.target, &request.headers)
        .origin(origin.clone())
        .body(&request.body)
        .against(scheme, key)
        .string_to_sign()
        .cloned()
}

fn show(scheme: SchemeId, text: Option<&VisibleText>) {
    let Some(text) = text else {
        return output::note(&format!(
            "{scheme} signs nothing: the secret itself is sent"
        ));
    };
    let heading = format!(
        "string to sign of {scheme}, {} bytes:",
        text.as_bytes().len()
    );
    output::note(&output::Colour::of_stderr().bold(&heading));
    output::note(text.to_string().trim_end_matches('\n'));
}

/// Reads an HTTP date, or seconds since 1970.
pub(crate) fn parse_date(flag: &str, text: &str) -> Result<Timestamp, Failure> {
    let seconds = text.parse().ok().map(Timestamp::from_unix);
    seconds
        .or_else(|| Timestamp::parse_imf_fixdate(text))
        .ok_or_else(|| {
            Failure::unusable(
                flag,
                text,
                "use an HTTP date, as in 'Thu, 27 Sep 2012 12:14:56 GMT', or seconds since 1970",
            )
        })
}

/// The headers of `after` that are not in `before`.
fn added(before: &HeaderMap, after: &HeaderMap) -> Vec<(String, String)> {
    after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(*value))
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (spelled(name), value)
        })
        .collect()
}

/// Header names have no case; people do.
fn spelled(name: &HeaderName) -> String {
    const USUAL: [&str; 7] = [
        "Auth-Key",
        "Authorization",
        "Content-MD5",
        "Date",
        "HMAC-Auth",
        "X-HMAC-Nonce",
        "X-Moxie-Key",
    ];
    let usual = USUAL
        .iter()
        .find(|usual| usual.eq_ignore_ascii_case(name.as_str()));
    usual.map_or_else(|| name.to_string(), |usual| (*usual).to_owned())
}
