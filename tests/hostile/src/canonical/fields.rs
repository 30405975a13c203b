//! The fields of a request, and the request they make.

use countersign::{Dialect, Origin, Timestamp, UrlScheme};
use countersign_tests::{Case, Family};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

/// What goes into a string to sign, by the name it has here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Method,
    Host,
    Path,
    /// With its question mark.
    Query,
    FirstName,
    FirstValue,
    SecondName,
    SecondValue,
    Time,
    Nonce,
    /// A digest or an extension.
    Digest,
}

/// One byte string for each part, in the order in which the scheme writes them: what is cut off
/// the end of one begins the next.
#[derive(Clone, Debug)]
pub(super) struct Fields(Vec<(Part, Vec<u8>)>);

/// A request, not yet read by anybody.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) target: Uri,
    pub(super) headers: HeaderMap,
    pub(super) origin: Origin,
}

/// The parts that a scheme covers, in its order.
fn order(case: &Case) -> &'static [Part] {
    use Part::{
        Digest, FirstName, FirstValue, Host, Method, Nonce, Path, Query, SecondName, SecondValue,
        Time,
    };
    match case.family {
        Family::AuthKey(Dialect::Wiki | Dialect::V1) => &[
            Method,
            FirstName,
            FirstValue,
            SecondName,
            SecondValue,
            Path,
            Query,
            Time,
            Nonce,
        ],
        Family::AuthKey(_) => &[
            Method,
            Path,
            Query,
            FirstName,
            FirstValue,
            SecondName,
            SecondValue,
            Time,
            Nonce,
        ],
        Family::Moxie(_) => &[Method, Host, Path, Query, Time, Nonce],
        Family::MacYar | Family::MacDraft => &[Time, Nonce, Method, Path, Query, Host, Digest],
        Family::HmacAuth | Family::Basic => &[Method, Path, Query, Time, Digest],
    }
}

impl Fields {
    /// Cuts `bytes` into the fields; a cut says how long the next one is.
    pub(super) fn cut(case: &Case, mut bytes: &[u8], cuts: &[u8]) -> Self {
        let mut cuts = cuts.iter();
        let fields = order(case).iter().map(|part| {
            let length = cuts.next().map_or(0, |cut| usize::from(cut % 24));
            let (field, rest) = bytes.split_at(length.min(bytes.len()));
            bytes = rest;
            (*part, field.to_vec())
        });
        Self(fields.collect())
    }

    /// With some fields changed.
    pub(super) fn changed(&self, changes: &[(u8, u8, u8)]) -> Self {
        let mut fields = self.0.clone();
        let count = fields.len();
        for (which, how, byte) in changes.iter().take(4) {
            let which = usize::from(*which) % count;
            match how % 5 {
                0 => fields[which].1.push(*byte),
                1 => drop(fields[which].1.pop()),
                2 => fields[which].1.insert(0, *byte),
                3 => {
                    let at = usize::from(*byte) % fields[which].1.len().max(1);
                    if let Some(byte) = fields[which].1.get_mut(at) {
                        *byte ^= b' '; // the case of a letter
                    }
                }
                // The last byte becomes the first of the next.
                _ => {
                    let moved = fields[which].1.pop();
                    fields[(which + 1) % count].1.splice(0..0, moved);
                }
            }
        }
        Self(fields)
    }

    fn get(&self, part: Part) -> &[u8] {
        let found = self.0.iter().find(|(known, _)| *known == part);
        found.map_or(b"", |(_, field)| field)
    }

    fn text(&self, part: Part) -> Option<&str> {
        std::str::from_utf8(self.get(part)).ok()
    }

    /// `None` when HTTP has no such request.
    pub(super) fn request(&self, case: &Case, over: UrlScheme) -> Option<Request> {
        let target = [self.get(Part::Path), self.get(Part::Query)].concat();
        let mut headers = HeaderMap::new();
        let host = match self.get(Part::Host) {
            b"" => b"api.example.org",
            host => host,
        };
        headers.insert("host", HeaderValue::from_bytes(host).ok()?);
        for (name, value) in [
            (Part::FirstName, Part::FirstValue),
            (Part::SecondName, Part::SecondValue),
        ] {
            let name = self.get(name);
            if !name.is_empty() {
                let name = HeaderName::from_bytes(&[b"x-mac-", name].concat()).ok()?;
                let value = HeaderValue::from_bytes(self.get(value)).ok()?;
                headers.append(name, value);
            }
        }
        self.add_credential(case, &mut headers)?;
        Some(Request {
            method: Method::from_bytes(self.get(Part::Method)).ok()?,
            target: Uri::try_from(target).ok()?,
            headers,
            origin: Origin::served_over(over),
        })
    }

    /// The headers that every request of the scheme has, with a signature that nobody checks.
    fn add_credential(&self, case: &Case, headers: &mut HeaderMap) -> Option<()> {
        let (time, nonce) = (self.text(Part::Time)?, self.text(Part::Nonce)?);
        let digest = self.text(Part::Digest)?;
        let sha256 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let mut add = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).ok()?;
            headers.append(name, value);
            Some(())
        };
        match case.family {
            Family::AuthKey(dialect) => {
                let credential = match dialect {
                    Dialect::Wiki => {
                        add("date", &date(time))?;
                        add("x-mac-date", &date(time))?;
                        format!("MAC id:{sha256}")
                    }
                    Dialect::V1 | Dialect::V2 => format!("MAC {time}:id:{sha256}"),
                    Dialect::V3 => format!("MAC {time}:id:{nonce}:{sha256}"),
                };
                if dialect != Dialect::V3 && !nonce.is_empty() {
                    add("x-mac-nonce", nonce)?;
                }
                add("auth-key", &credential)
            }
            Family::HmacAuth | Family::Basic => {
                if !digest.is_empty() {
                    add("content-md5", md5(digest))?;
                }
                let sha1 = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
                let is_sha256 = case.scheme().id() == countersign::SchemeId::HMAC_AUTH_SHA256;
                let signature = if is_sha256 { sha256 } else { sha1 };
                add("date", &date(time))?;
                add("hmac-auth", &format!("id:{signature}"))
            }
            Family::Moxie(_) => {
                add("date", &date(time))?;
                add("x-hmac-nonce", nonce)?;
                add("x-moxie-key", "id")?;
                add("authorization", &"0".repeat(40))
            }
            Family::MacYar | Family::MacDraft => {
                let yar = case.family == Family::MacYar;
                let (ext, mac) = if yar {
                    (sha1(digest), "0".repeat(40))
                } else {
                    (digest.to_owned(), "AAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned())
                };
                add(
                    "authorization",
                    &format!(
                        r#"MAC id="id", ts="{time}", nonce="{nonce}", ext="{ext}", mac="{mac}""#
                    ),
                )
            }
        }
    }
}

/// A number of seconds as a date; any other text as it is.
fn date(time: &str) -> String {
    let seconds = time.parse::<u32>();
    seconds.map_or(time.to_owned(), |seconds| {
        Timestamp::from_unix(seconds.into()).to_string()
    })
}

/// One of a few digests, with and without padding; any other text as it is.
fn md5(digest: &str) -> &str {
    match digest {
        "a" => "g26hErLKewirhYsLEW7mDg",
        "b" => "g26hErLKewirhYsLEW7mDg==",
        "c" => "1B2M2Y8AsgTpgAmY7PhCfg",
        other => other,
    }
}

/// A hash for each character; any other text as it is.
fn sha1(digest: &str) -> String {
    if digest.len() == 1 {
        digest.repeat(40)
    } else {
        digest.to_owned()
    }
}
