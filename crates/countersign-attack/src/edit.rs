//! What can be done to a signed request.

use serde::Deserialize;

use crate::message::{Ending, Framing, Message};
use crate::signer::{Draft, Signer};
use crate::text::{Values, replace};

/// One change to the bytes of a signed request. Names and values are texts as in
/// [`Case`](crate::Case).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Edit {
    /// Sets a header: name and value.
    Set([String; 2]),
    /// Adds a header at the end: name and value.
    Append([String; 2]),
    /// Adds a header before all others: name and value.
    Prepend([String; 2]),
    /// Takes off a header.
    Remove(String),
    /// Writes the name of a header in another way: name and new name.
    Rename([String; 2]),
    /// Replaces in the value of a header: name, what is replaced, and by what.
    Replace([String; 3]),
    /// Puts this in the place of the signature.
    Signature(String),
    /// Swaps the values of two headers.
    Swap([String; 2]),
    /// Sets the method.
    Method(String),
    /// Sets the target.
    Target(String),
    /// Sets the version, and what else ends the first line.
    Version(String),
    /// Sets the body.
    Body(String),
    /// Sends the body in chunks.
    Chunked {},
    /// Sends the body without saying where it ends, but for what the headers say.
    Unframed {},
    /// Replaces in the string to sign and in all headers, and signs again: what is replaced, and
    /// by what.
    Forge([String; 2]),
    /// Replaces in the string to sign alone, and signs again: what is replaced, and by what.
    Misread([String; 2]),
    /// Closes the sending half of the connection after the last byte.
    HangUp {},
    /// Reverses the order of the parameters of the credential.
    Reverse {},
}

impl Edit {
    /// Does it to the request of `draft`.
    pub(crate) fn apply(&self, draft: &mut Draft, values: &Values, signer: Option<&Signer>) {
        let bytes = |text: &str| values.expand(text);
        let message = &mut draft.message;
        match self {
            Self::Set([name, value]) => message.set(&bytes(name), &bytes(value)),
            Self::Append([name, value]) => message.append(&bytes(name), &bytes(value)),
            Self::Prepend([name, value]) => {
                message.headers.insert(0, (bytes(name), bytes(value)));
            }
            Self::Remove(name) => message.remove(&bytes(name)),
            Self::Rename([name, new]) => {
                let (name, new) = (bytes(name), bytes(new));
                for (known, _) in &mut message.headers {
                    if known.eq_ignore_ascii_case(&name) {
                        known.clone_from(&new);
                    }
                }
            }
            Self::Replace([name, from, to]) => {
                let (name, from, to) = (bytes(name), bytes(from), bytes(to));
                let value = message.value(&name).unwrap_or_default().to_vec();
                message.set(&name, &replace(&value, &from, &to));
            }
            Self::Signature(text) => {
                if let Some(signer) = signer {
                    signer.put_signature(message, &bytes(text));
                }
            }
            Self::Swap([one, other]) => {
                let (one, other) = (bytes(one), bytes(other));
                let first = message.value(&one).unwrap_or_default().to_vec();
                let second = message.value(&other).unwrap_or_default().to_vec();
                message.set(&one, &second);
                message.set(&other, &first);
            }
            Self::Method(text) => message.method = bytes(text),
            Self::Target(text) => message.target = bytes(text),
            Self::Version(text) => message.version = bytes(text),
            Self::Body(text) => message.body = bytes(text),
            Self::Chunked {} => message.framing = Framing::Chunked,
            Self::Unframed {} => message.framing = Framing::AsIs,
            Self::Forge([from, to]) => {
                let (from, to) = (bytes(from), bytes(to));
                if let Some(signer) = signer {
                    for (_, value) in &mut message.headers {
                        *value = replace(value, &from, &to);
                    }
                    signer.sign_again(draft, &from, &to);
                }
            }
            Self::Misread([from, to]) => {
                if let Some(signer) = signer {
                    signer.sign_again(draft, &bytes(from), &bytes(to));
                }
            }
            Self::HangUp {} => message.ending = Ending::HungUp,
            Self::Reverse {} => reverse(message, values),
        }
    }
}

/// `MAC a, b, c` becomes `MAC c, b, a`.
fn reverse(message: &mut Message, values: &Values) {
    let name = values.expand("{header}");
    let value = String::from_utf8_lossy(message.value(&name).unwrap_or_default()).into_owned();
    if let Some((word, parameters)) = value.split_once(' ') {
        let mut parameters: Vec<_> = parameters.split(", ").collect();
        parameters.reverse();
        message.set(
            &name,
            format!("{word} {}", parameters.join(", ")).as_bytes(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(edits: &str) -> String {
        #[derive(Deserialize)]
        struct Edits {
            edits: Vec<Edit>,
        }
        let edits: Edits = toml::from_str(&format!("edits = [{edits}]")).unwrap();
        let mut draft = Draft::from(Message {
            method: b"GET".to_vec(),
            target: b"/".to_vec(),
            version: b"HTTP/1.1".to_vec(),
            headers: [("A", "1"), ("B", "M x, y"), ("a", "3")]
                .map(|(name, value)| (name.into(), value.into()))
                .to_vec(),
            ..Message::default()
        });
        let mut values = Values::default();
        values.set("header", "B");
        for edit in edits.edits {
            edit.apply(&mut draft, &values, None);
        }
        String::from_utf8(draft.message.bytes()).unwrap()
    }

    #[test]
    fn headers_are_found_in_any_case_and_nothing_else_is_touched() {
        for (edits, head) in [
            ("{ set = ['a', '2'] }", "A: 2\r\nB: M x, y\r\na: 3"),
            (
                "{ append = ['C', '2'] }",
                "A: 1\r\nB: M x, y\r\na: 3\r\nC: 2",
            ),
            (
                "{ prepend = ['C', '2'] }",
                "C: 2\r\nA: 1\r\nB: M x, y\r\na: 3",
            ),
            ("{ remove = 'A' }", "B: M x, y"),
            ("{ rename = ['b', 'C'] }", "A: 1\r\nC: M x, y\r\na: 3"),
            ("{ replace = ['B', 'x', 'z'] }", "A: 1\r\nB: M z, y\r\na: 3"),
            ("{ swap = ['A', 'B'] }", "A: M x, y\r\nB: 1\r\na: 3"),
            ("{ reverse = {} }", "A: 1\r\nB: M y, x\r\na: 3"),
        ] {
            assert_eq!(edited(edits), format!("GET / HTTP/1.1\r\n{head}\r\n\r\n"));
        }
    }

    #[test]
    fn the_first_line_is_written_as_it_is_said() {
        let edits = "{ method = 'get' }, { target = '/ x' }, { version = 'HTTP/9' }, { remove = 'A' }, { remove = 'B' }";
        assert_eq!(edited(edits), "get / x HTTP/9\r\n\r\n");
    }
}
