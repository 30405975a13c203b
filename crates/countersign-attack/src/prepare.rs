//! From a case to the requests that are sent.

use std::collections::BTreeMap;
use std::error::Error;

use countersign_core::Timestamp;
use http::Uri;

use crate::attack::Unusable;
use crate::case::{Before, Case, Tries};
use crate::edit::Edit;
use crate::expectation::Expectation;
use crate::forge;
use crate::message::Message;
use crate::signer::{Draft, Signer};
use crate::text::Values;

/// Seconds beyond the window: enough for a slow network not to bring an early request inside.
const BEYOND: i64 = 10;

type Failed = Box<dyn Error + Send + Sync>;

/// What is attacked.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    authority: String,
    path: String,
}

impl Target {
    pub(crate) fn of(url: &Uri) -> Result<Self, Unusable> {
        let known = matches!(url.scheme_str(), Some("http" | "https"));
        let authority = url.authority().filter(|_| known);
        let authority = authority
            .ok_or_else(|| Unusable("the URL is not an absolute http or https URL".to_owned()))?;
        Ok(Self {
            authority: authority.as_str().to_owned(),
            path: url.path().to_owned(),
        })
    }
}

/// One way in which a case is tried.
#[derive(Clone, Debug)]
pub(crate) enum Try {
    /// There is only one.
    Once,
    /// With this for `{value}`.
    Text(String),
    /// With the signature, this bit of which is flipped.
    Bit(usize),
    /// With so much of the signature.
    Prefix(usize),
}

/// The requests of one try.
pub(crate) struct Prepared {
    pub(crate) genuine: Message,
    pub(crate) flipped: Message,
    pub(crate) sent: Message,
    pub(crate) twin: Option<Message>,
    /// The signature of the genuine request.
    pub(crate) signature: Vec<u8>,
}

/// A good request, and nothing done to it.
pub(crate) fn good_case() -> Case {
    Case {
        number: 0,
        id: "0-good".to_owned(),
        what: "a good request".to_owned(),
        schemes: vec!["all".to_owned()],
        method: "GET".to_owned(),
        target: "{path}?n={nonce}".to_owned(),
        body: String::new(),
        headers: Vec::new(),
        at: "now".to_owned(),
        before: Before::Nothing,
        edits: Vec::new(),
        each: None,
        copies: None,
        twin: Vec::new(),
        expect: vec![Expectation::Accepted],
    }
}

/// The ways in which `case` is tried; `signature` gives the length of a signature's text.
pub(crate) fn tries(
    case: &Case,
    signature: impl FnOnce() -> Result<usize, Failed>,
) -> Result<Vec<Try>, Failed> {
    Ok(match &case.each {
        None => vec![Try::Once],
        Some(Tries::Listed(texts)) => texts.iter().cloned().map(Try::Text).collect(),
        Some(Tries::Generated(how)) if how == "prefixes" => {
            (0..signature()?).map(Try::Prefix).collect()
        }
        Some(Tries::Generated(_)) => {
            // Base64 has 27 or 28 characters for 20 bytes and 43 or 44 for 32, hexadecimal 40 or 64.
            let bits = match signature()? {
                27 | 28 | 40 => 160,
                _ => 256,
            };
            (0..bits).map(Try::Bit).collect()
        }
    })
}

/// Makes the requests of one try, signed anew.
pub(crate) fn prepare(
    case: &Case,
    one: &Try,
    target: &Target,
    signer: Option<&Signer>,
    now: Timestamp,
    variables: &BTreeMap<String, Vec<u8>>,
) -> Result<Prepared, Failed> {
    let nonce = fresh_nonce()?;
    let mut values = Values::default();
    values.extend(variables);
    values.set("nonce", nonce.as_str());
    values.set("path", target.path.as_str());
    values.set("dir", target.path.trim_end_matches('/'));
    values.set("host", target.authority.as_str());
    values.set("date", now.to_string());
    values.set("stale", now.plus(-86_400).to_string());
    values.set("id", signer.map_or("", Signer::key_id));
    values.set("header", signer.map_or("", Signer::header));
    // The good request may be made with the value, and the value of parts of the signed request.
    if let Try::Text(text) = one {
        values.set("value", values.expand(text));
    }

    let message = good_message(case, &values);
    let draft = match signer {
        Some(signer) => {
            let at = now.plus(offset(&case.at, signer)?);
            signer.sign(message, &target.authority, at, &nonce)?
        }
        None => Draft::from(message),
    };
    let genuine = draft.message.clone();
    let mut flipped = genuine.clone();
    let mut signature = Vec::new();
    values.set("target", genuine.target.as_slice());
    values.set("time", draft.time.as_slice());
    if let Some(signer) = signer {
        let header = signer.header().as_bytes();
        let credential = genuine.value(header).unwrap_or_default();
        values.set("credential", credential);
        signature = signer.signature(&genuine);
        let bytes = forge::decoded(&signature);
        values.set("signature", signature.as_slice());
        values.set("hex", forge::hex(&bytes));
        values.set("upper-hex", forge::hex(&bytes).to_uppercase());
        values.set("flipped", flip(&signature, 0));
        values.set("base64", forge::base64(&bytes));
        signer.put_signature(&mut flipped, &flip(&signature, 0));
        match one {
            Try::Bit(bit) => values.set("value", flip(&signature, *bit)),
            Try::Prefix(length) => {
                values.set("value", signature.get(..*length).unwrap_or_default());
            }
            Try::Text(text) => values.set("value", values.expand(text)),
            Try::Once => {}
        }
    }
    let edited = |edits: &[Edit]| {
        let mut draft = draft.clone();
        for edit in edits {
            edit.apply(&mut draft, &values, signer);
        }
        draft.message
    };
    Ok(Prepared {
        sent: edited(&case.edits),
        twin: (!case.twin.is_empty()).then(|| edited(&case.twin)),
        genuine,
        flipped,
        signature,
    })
}

fn good_message(case: &Case, values: &Values) -> Message {
    let mut message = Message {
        method: values.expand(&case.method),
        target: values.expand(&case.target),
        version: b"HTTP/1.1".to_vec(),
        body: values.expand(&case.body),
        ..Message::default()
    };
    message.append(b"Host", &values.expand("{host}"));
    message.append(b"Connection", b"close");
    for [name, value] in &case.headers {
        message.append(&values.expand(name), &values.expand(value));
    }
    message
}

/// Seconds from now to the time that is signed.
fn offset(at: &str, signer: &Signer) -> Result<i64, Failed> {
    let window = signer.window();
    let seconds = |side: std::time::Duration| i64::try_from(side.as_secs()).unwrap_or(i64::MAX);
    Ok(match at {
        "now" => 0,
        "expired" => seconds(window.past())
            .saturating_add(BEYOND)
            .saturating_neg(),
        "early" => seconds(window.future()).saturating_add(BEYOND),
        number => number
            .parse()
            .map_err(|_| format!("no time is called {number}"))?,
    })
}

/// The signature with one bit flipped, in the same spelling.
fn flip(signature: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = forge::decoded(signature);
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1_u8.rotate_left(u32::try_from(bit % 8).unwrap_or(0));
    }
    let hexadecimal = signature.len() == 40 || signature.len() == 64;
    if hexadecimal {
        forge::hex(&bytes).into_bytes()
    } else if signature.ends_with(b"=") {
        forge::base64(&bytes).into_bytes()
    } else {
        forge::base64_unpadded(&bytes).into_bytes()
    }
}

/// 128 random bits: no two requests will ever share them.
fn fresh_nonce() -> Result<String, Failed> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(forge::hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_signature_keeps_its_spelling_and_differs_in_one_bit() {
        let base64 = forge::base64(&[7; 20]).into_bytes();
        let padded = flip(&base64, 159);
        assert_eq!((padded.len(), padded.last()), (28, Some(&b'=')));
        let mut bytes = [7; 20];
        bytes[19] ^= 0x80;
        assert_eq!(forge::decoded(&padded), bytes);
        let hexadecimal = forge::hex(&[7; 32]).into_bytes();
        assert_eq!(flip(&hexadecimal, 0)[..4], *b"0607");
    }
}
