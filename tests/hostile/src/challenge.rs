//! Challenges, read back by a parser that shares nothing with what writes them.

use arbitrary::{Arbitrary, Unstructured};
use countersign::{Challenge, Reason, Refusal};

use crate::cases;

/// Anything that a challenge could be made of.
#[derive(Arbitrary, Debug)]
struct Parts {
    word: String,
    parameters: Vec<(u8, String)>,
}

const NAMES: [&str; 6] = [
    "realm",
    "reason",
    "error",
    "algorithm",
    "x-y",
    "!#$%&'*+.^_`|~",
];

/// What is written into a challenge is read back, with a question mark for what no challenge can
/// carry; and so is the realm in the challenges of every scheme.
pub fn challenge(input: &[u8]) {
    let Ok(parts) = Parts::arbitrary_take_rest(Unstructured::new(input)) else {
        return;
    };
    let mut written = Challenge::new(&parts.word);
    let mut expected = Vec::new();
    for (index, value) in &parts.parameters {
        let name = NAMES[usize::from(*index) % NAMES.len()];
        written = written.param(name, value);
        expected.push((name.to_owned(), carried(value)));
    }
    let value = written.finish();
    let (word, parameters) = read(value.as_bytes()).expect("a challenge");
    assert!(word == parts.word || word == "Unknown", "{value:?}");
    assert_eq!(parameters, expected, "{value:?}");

    let realm = &parts.word;
    for case in cases() {
        for reason in [
            None,
            Some(Reason::MissingHeader),
            Some(Reason::InvalidCredentials),
        ] {
            let refusal = reason.map(Refusal::from);
            let value = case.scheme().challenge(realm, refusal.as_ref());
            let (_, parameters) = read(value.as_bytes()).expect("a challenge");
            let first = parameters.first().expect("a realm");
            assert_eq!(first, &("realm".to_owned(), carried(realm)), "{case}");
        }
    }
}

fn carried(text: &str) -> String {
    let visible = |character| matches!(character, ' '..='~');
    text.chars()
        .map(|character| if visible(character) { character } else { '?' })
        .collect()
}

type Parameters = Vec<(String, String)>;

/// Reads one challenge of RFC 9110 §11.6.1 with quoted parameters, strictly: a token, then
/// `name="value"` separated by commas. `None` for anything else.
pub(crate) fn read(text: &[u8]) -> Option<(String, Parameters)> {
    let mut rest = text;
    let word = token(&mut rest)?;
    let mut parameters = Vec::new();
    if rest.is_empty() {
        return Some((word, parameters));
    }
    rest = rest.strip_prefix(b" ")?;
    loop {
        let name = token(&mut rest)?;
        rest = rest.strip_prefix(b"=")?;
        parameters.push((name, quoted(&mut rest)?));
        if rest.is_empty() {
            return Some((word, parameters));
        }
        rest = rest.strip_prefix(b", ")?;
    }
}

fn token(rest: &mut &[u8]) -> Option<String> {
    let in_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let end = rest
        .iter()
        .position(|byte| !in_token(byte))
        .unwrap_or(rest.len());
    let (token, after) = rest.split_at(end);
    *rest = after;
    (!token.is_empty()).then(|| String::from_utf8_lossy(token).into_owned())
}

fn quoted(rest: &mut &[u8]) -> Option<String> {
    let mut bytes = rest.strip_prefix(b"\"")?.iter();
    let mut text = String::new();
    loop {
        let byte = match *bytes.next()? {
            b'"' => break,
            b'\\' => *bytes.next()?,
            byte => byte,
        };
        // quoted-string of RFC 9110 §5.6.4, without obs-text.
        if !(byte == b'\t' || (b' '..=b'~').contains(&byte)) {
            return None;
        }
        text.push(char::from(byte));
    }
    *rest = bytes.as_slice();
    Some(text)
}
