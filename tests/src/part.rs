//! The parts of a request that somebody on its way could change, and who notices.

use countersign::{Dialect, MoxieCanonical};

use crate::case::{Case, Family, NOW, NonceUse};
use crate::wire::Wire;

/// One change to a signed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `POST` becomes `PUT`.
    Method,
    /// Another path.
    Path,
    /// The same path with a capital letter.
    PathCase,
    /// The same path with a character percent-encoded.
    PathEscape,
    /// The same path with a slash at its end.
    PathSlash,
    /// Another value in the query.
    Query,
    /// The same parameters in another order.
    QueryOrder,
    /// No query.
    QueryDropped,
    /// Another host.
    Host,
    /// The same host with a capital letter.
    HostCase,
    /// The same host with a port of its own.
    Port,
    /// The same host with the port that it has anyway.
    DefaultPort,
    /// The signed time, one second later.
    SignedTime,
    /// A `Date` beside the signed time, one second later.
    UnsignedDate,
    /// Another nonce.
    Nonce,
    /// The same nonce in capitals.
    NonceCase,
    /// The id of somebody else's key.
    KeyId,
    /// One digit of the signature.
    Signature,
    /// The value of an x-header.
    XHeader,
    /// One more x-header.
    MoreXHeaders,
    /// Another `Content-Type`.
    ContentType,
    /// A header that no scheme has an interest in.
    OtherHeader,
    /// One byte of the body.
    Body,
    /// One byte of the body, and the digest to go with it.
    BodyAndDigest,
    /// No digest.
    DigestDropped,
    /// The same digest, spelt differently.
    DigestSpelling,
}

/// What a scheme makes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The request is refused.
    Refused,
    /// The request passes all the same: a documented property of the scheme.
    Unnoticed,
    /// The scheme's requests have no such part.
    Absent,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::Method,
        Self::Path,
        Self::PathCase,
        Self::PathEscape,
        Self::PathSlash,
        Self::Query,
        Self::QueryOrder,
        Self::QueryDropped,
        Self::Host,
        Self::HostCase,
        Self::Port,
        Self::DefaultPort,
        Self::SignedTime,
        Self::UnsignedDate,
        Self::Nonce,
        Self::NonceCase,
        Self::KeyId,
        Self::Signature,
        Self::XHeader,
        Self::MoreXHeaders,
        Self::ContentType,
        Self::OtherHeader,
        Self::Body,
        Self::BodyAndDigest,
        Self::DigestDropped,
        Self::DigestSpelling,
    ];

    /// A request that has every part the scheme can have, signed; different for every part, as
    /// some schemes would take two for a replay.
    pub fn request(self, case: &Case) -> Wire {
        let target = format!("/users/7?b=2&a=1&part={self:?}");
        let wire = Wire::post(&target, "hello")
            .header("x-mac-role", "reader")
            .header("accept", "text/plain");
        case.sign_with_nonce(&wire)
    }

    /// `wire`, changed.
    ///
    /// # Panics
    /// When it has no such part.
    pub fn change(self, case: &Case, wire: &Wire) -> Wire {
        let mut changed = wire.clone();
        match self {
            Self::Method => changed.method = http::Method::PUT,
            Self::Path => changed.target = replaced(&wire.target, "/7", "/8"),
            Self::PathCase => changed.target = replaced(&wire.target, "/u", "/U"),
            Self::PathEscape => changed.target = replaced(&wire.target, "/7", "/%37"),
            Self::PathSlash => changed.target = replaced(&wire.target, "/7?", "/7/?"),
            Self::Query => changed.target = replaced(&wire.target, "b=2", "b=3"),
            Self::QueryOrder => changed.target = replaced(&wire.target, "b=2&a=1", "a=1&b=2"),
            Self::QueryDropped => {
                let (path, _) = wire.target.split_once('?').expect("a query");
                path.clone_into(&mut changed.target);
            }
            Self::Host => "evil.example.org".clone_into(&mut changed.host),
            Self::HostCase => changed.host = replaced(&wire.host, "api", "API"),
            Self::Port => changed.host.push_str(":8080"),
            Self::DefaultPort => changed.host.push_str(":80"),
            Self::UnsignedDate => changed = changed.set("date", NOW.plus(1).to_string()),
            Self::XHeader => changed = changed.set("x-mac-role", "admin"),
            Self::MoreXHeaders => changed = changed.header("x-mac-more", "1"),
            Self::ContentType => changed = changed.set("content-type", "text/html"),
            Self::OtherHeader => changed = changed.set("accept", "text/html"),
            Self::Body => changed = changed.body("jello"),
            Self::SignedTime
            | Self::Nonce
            | Self::NonceCase
            | Self::KeyId
            | Self::Signature
            | Self::BodyAndDigest
            | Self::DigestDropped
            | Self::DigestSpelling => return self.change_credential(case, wire),
        }
        changed
    }

    fn change_credential(self, case: &Case, wire: &Wire) -> Wire {
        let signature = case.signature(wire);
        let digest = digest_header(case);
        let nonce = nonce_of(case, wire);
        match self {
            Self::SignedTime => {
                let later = case.sign_as(wire, &case.key(), NOW.plus(1), nonce.as_deref());
                case.with_signature(&later, &signature)
            }
            Self::Nonce => {
                let other = case.sign_with_nonce(wire);
                case.with_signature(&other, &signature)
            }
            Self::NonceCase => {
                let loud = nonce.expect("a nonce").to_ascii_uppercase();
                let other = case.sign_as(wire, &case.key(), NOW, Some(&loud));
                case.with_signature(&other, &signature)
            }
            Self::KeyId => {
                let other = case.sign_as(wire, &case.other_key(), NOW, nonce.as_deref());
                case.with_signature(&other, &signature)
            }
            Self::Signature => {
                let (first, rest) = signature.split_at(1);
                let other = if first == "a" { "b" } else { "a" };
                case.with_signature(wire, &format!("{other}{rest}"))
            }
            Self::BodyAndDigest => {
                let body = wire.clone().body("jello");
                let other = case.sign_as(&body, &case.key(), NOW, nonce.as_deref());
                case.with_signature(&other, &signature)
            }
            Self::DigestDropped => match digest {
                Some(header) => wire.clone().without(header),
                None => with_ext(wire, |_| String::new()),
            },
            Self::DigestSpelling => match digest {
                Some(header) => {
                    let text = wire.value(header);
                    let bare = text.trim_end_matches('=');
                    let padded = format!("{bare}==");
                    let other = if bare == text { padded.as_str() } else { bare };
                    wire.clone().set(header, other)
                }
                None => with_ext(wire, str::to_ascii_uppercase),
            },
            _ => unreachable!("the others are not in the credential"),
        }
    }

    /// What the scheme makes of the change.
    pub fn notice(self, case: &Case) -> Notice {
        use Family::{AuthKey, Basic, HmacAuth, MacDraft, MacYar, Moxie};
        use Notice::{Absent, Refused, Unnoticed};

        let family = case.family;
        let documented = family == Moxie(MoxieCanonical::AsDocumented);
        let signs_host = matches!(family, Moxie(_) | MacYar | MacDraft);
        let when = |noticed: bool| if noticed { Refused } else { Unnoticed };
        match self {
            Self::OtherHeader => Unnoticed,
            Self::UnsignedDate => match family {
                HmacAuth | Moxie(_) => Absent,
                AuthKey(_) | MacYar | MacDraft | Basic => Unnoticed,
            },
            Self::Body => when(case.covers_body()),
            Self::BodyAndDigest | Self::DigestDropped if case.covers_body() => Refused,
            Self::DigestSpelling if case.covers_body() => when(family != MacYar),
            Self::BodyAndDigest | Self::DigestDropped | Self::DigestSpelling => Absent,
            Self::Nonce | Self::NonceCase if case.nonce_use() == NonceUse::Never => Absent,
            Self::KeyId | Self::Signature | Self::SignedTime if family == Basic => Absent,
            _ if family == Basic => Unnoticed,
            Self::Host | Self::Port => when(signs_host),
            Self::HostCase => {
                when(matches!(family, MacYar) || (signs_host && !documented && family != MacDraft))
            }
            Self::DefaultPort => when(matches!(family, Moxie(_))),
            Self::PathCase | Self::NonceCase => when(!documented),
            Self::XHeader | Self::MoreXHeaders => when(matches!(family, AuthKey(_))),
            Self::ContentType => when(family == MacYar),
            Self::Method
            | Self::Path
            | Self::PathEscape
            | Self::PathSlash
            | Self::Query
            | Self::QueryOrder
            | Self::QueryDropped
            | Self::SignedTime
            | Self::Nonce
            | Self::KeyId
            | Self::Signature => Refused,
        }
    }
}

/// `text` with its first `from` replaced.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1)
}

/// The header that carries the digest; `None` under MAC, where it is part of the credential.
fn digest_header(case: &Case) -> Option<&'static str> {
    match case.family {
        Family::AuthKey(_) => Some("x-mac-content-sha256"),
        Family::HmacAuth => Some("content-md5"),
        _ => None,
    }
}

fn nonce_of(case: &Case, wire: &Wire) -> Option<String> {
    let between = |before: &str, after: &str| {
        let credential = wire.value("authorization");
        let (_, rest) = credential.split_once(before)?;
        Some(rest.split_once(after)?.0.to_owned())
    };
    match case.family {
        Family::AuthKey(Dialect::V3) => {
            let credential = wire.value("auth-key");
            credential.split(':').nth(2).map(str::to_owned)
        }
        Family::AuthKey(_) => Some(wire.value("x-mac-nonce")),
        Family::Moxie(_) => Some(wire.value("x-hmac-nonce")),
        Family::MacYar | Family::MacDraft => between("nonce=\"", "\""),
        Family::HmacAuth | Family::Basic => None,
    }
}

fn with_ext(wire: &Wire, change: impl Fn(&str) -> String) -> Wire {
    let credential = wire.value("authorization");
    let (before, rest) = credential.split_once("ext=\"").expect("an ext");
    let (ext, after) = rest.split_once('"').expect("a quote");
    let changed = format!("{before}ext=\"{}\"{after}", change(ext));
    wire.clone().set("authorization", changed)
}
