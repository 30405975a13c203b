//! One entry of the catalogue.

use countersign_core::SchemeId;
use serde::Deserialize;

use crate::edit::Edit;
use crate::expectation::Expectation;
use crate::scope;

/// How to make a bad request from a good one, and what must become of it.
///
/// In every text, `{name}` stands for a part of the signed request, `{x*4097}` for so many `x`,
/// and `\r`, `\n`, `\t`, `\\` and `\xNN` for the bytes. The names are `header` and `credential`
/// (the scheme's credential header and its value), `signature`, `hex`, `upper-hex`, `base64` (the
/// signature, and its bytes in other encodings), `flipped` (the signature with its first bit
/// flipped), `id`, `time` (as it is signed), `nonce`, `date` (now), `stale` (a day ago), `host`,
/// `path` (of the URL under attack), `dir` (the same without a slash at its end), `target`, and
/// `value` (one of [`each`](Case::each)).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// Its number in the catalogue.
    pub number: u16,
    /// Its name, which begins with the number.
    pub id: String,
    /// What is sent, in a few words.
    pub what: String,
    /// The schemes it is for: names of schemes, or `signing` (all but basic), `all`, `nonce` (whose
    /// requests carry one), `body` (which cover the body), `host` (which sign it), `seconds` (which
    /// write the time in seconds), `dates`, `base64`, `hex`. Empty for unsigned requests.
    #[serde(default = "signing")]
    pub schemes: Vec<String>,
    /// The method of the good request.
    #[serde(default = "get")]
    pub method: String,
    /// Its target; the path of the URL with a query that is never the same, unless given.
    #[serde(default = "path")]
    pub target: String,
    /// Its body; empty means none.
    #[serde(default)]
    pub body: String,
    /// Its headers besides those that signing adds.
    #[serde(default)]
    pub headers: Vec<[String; 2]>,
    /// When it is signed: `now`, `expired` and `early` (a little outside of the scheme's window),
    /// or seconds from now.
    #[serde(default = "now")]
    pub at: String,
    /// The request that is sent before it, on a connection of its own.
    #[serde(default)]
    pub before: Before,
    /// What is done to the signed request, in this order.
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// The case is tried once for each of these.
    pub each: Option<Tries>,
    /// How many copies are sent at once, of which one must be accepted and the rest be refused as
    /// expected.
    pub copies: Option<usize>,
    /// Edits for a second request, whose answer must be the same byte for byte.
    #[serde(default)]
    pub twin: Vec<Edit>,
    /// What may become of it; any of these will do.
    pub expect: Vec<Expectation>,
}

/// What is sent before the request.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    /// Nothing.
    #[default]
    Nothing,
    /// The good request, which must be accepted.
    Genuine,
    /// The good request with its signature changed, which must be refused.
    Flipped,
}

/// The values that a case is tried with.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Tries {
    /// These texts.
    Listed(Vec<String>),
    /// `bits`: the signature with each of its bits flipped; `prefixes`: each of its beginnings.
    Generated(String),
}

impl Case {
    /// The letter of the section of the catalogue it is in.
    pub const fn section(&self) -> char {
        section_of(self.number)
    }

    /// Whether it is for requests signed under `scheme`.
    pub fn is_for(&self, scheme: SchemeId) -> bool {
        scope::covers(&self.schemes, scheme)
    }

    /// Whether the request must be accepted.
    pub fn is_positive(&self) -> bool {
        self.expect.iter().all(Expectation::is_acceptance)
    }
}

/// The letter of the section with this number.
pub(crate) const fn section_of(number: u16) -> char {
    match number {
        ..=34 => 'A',
        35..=60 => 'B',
        61..=80 => 'C',
        81..=104 => 'D',
        105..=146 => 'E',
        147..=172 => 'F',
        173..=198 => 'G',
        _ => 'H',
    }
}

/// What a section is about.
pub(crate) const fn title_of(section: char) -> &'static str {
    match section {
        'A' => "credentials",
        'B' => "keys",
        'C' => "time",
        'D' => "replay",
        'E' => "method, target and headers",
        'F' => "body",
        'G' => "plumbing",
        _ => "key server",
    }
}

fn signing() -> Vec<String> {
    vec!["signing".to_owned()]
}

fn get() -> String {
    "GET".to_owned()
}

fn path() -> String {
    "{path}?n={nonce}".to_owned()
}

fn now() -> String {
    "now".to_owned()
}
