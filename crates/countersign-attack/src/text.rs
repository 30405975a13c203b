//! Texts with place holders, and the bytes they stand for.

use std::collections::BTreeMap;

/// What place holders stand for.
#[derive(Clone, Default)]
pub(crate) struct Values(BTreeMap<&'static str, Vec<u8>>, BTreeMap<String, Vec<u8>>);

impl Values {
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Vec<u8>>) {
        self.0.insert(name, value.into());
    }

    /// With these, too, which have the names of somebody else's choice.
    pub(crate) fn extend(&mut self, more: &BTreeMap<String, Vec<u8>>) {
        self.1.extend(more.clone());
    }

    fn find(&self, name: &str) -> Option<&[u8]> {
        let known = self.0.get(name).or_else(|| self.1.get(name));
        known.map(Vec::as_slice)
    }

    /// The bytes that `text` stands for.
    pub(crate) fn expand(&self, text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            bytes.extend(unescape(before));
            let inside = from.strip_prefix('{').unwrap_or_default();
            let held = inside.split_once('}');
            let found = held.and_then(|(name, after)| Some((self.held(name)?, after)));
            if let Some((value, after)) = found {
                bytes.extend(value);
                rest = after;
            } else {
                // Braces that hold no name are braces: JSON has them.
                bytes.push(b'{');
                rest = inside;
            }
        }
        bytes.extend(unescape(rest));
        bytes
    }

    fn held(&self, name: &str) -> Option<Vec<u8>> {
        if let Some(value) = self.find(name) {
            return Some(value.to_vec());
        }
        let (piece, times) = name.rsplit_once('*').filter(|_| !name.contains('{'))?;
        let times = times.parse().ok().filter(|times| *times <= MAX_TIMES)?;
        Some(unescape(piece).repeat(times))
    }
}

/// The most that a piece is repeated: enough for every case, and too little to hurt anybody.
const MAX_TIMES: usize = 16 << 20;

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match rest.next() {
            Some('r') => bytes.push(b'\r'),
            Some('n') => bytes.push(b'\n'),
            Some('t') => bytes.push(b'\t'),
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            Some(other) => bytes.extend(other.encode_utf8(&mut [0; 4]).as_bytes()),
            None => bytes.push(b'\\'),
        }
    }
    bytes
}

/// `bytes` as they can be shown anywhere, cut after so many characters.
pub(crate) fn shown(bytes: &[u8], most: usize) -> String {
    let mut text = String::new();
    for byte in bytes {
        if text.len() >= most {
            text.push_str("...");
            break;
        }
        text.extend(std::ascii::escape_default(*byte).map(char::from));
    }
    text
}

/// `haystack` with `to` in the place of every `from`.
pub(crate) fn replace(haystack: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(haystack.len());
    let mut rest = haystack;
    while let Some(byte) = rest.first() {
        if let Some(after) = rest.strip_prefix(from).filter(|_| !from.is_empty()) {
            result.extend_from_slice(to);
            rest = after;
        } else {
            result.push(*byte);
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    result
}

/// Whether `needle` is in `haystack`.
pub(crate) fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|part| part == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_repetitions_and_escapes_are_expanded_and_json_is_left() {
        let mut values = Values::default();
        values.set("id", "me{id}");
        assert_eq!(values.expand("a {id} b"), b"a me{id} b");
        assert_eq!(values.expand(r"{ab*2}\x00\r\n\\{x"), b"abab\0\r\n\\{x");
        assert_eq!(values.expand(r#"{"a":{}}"#), br#"{"a":{}}"#);
        assert_eq!(values.expand(r#"{"a":"{b*3}"}"#), br#"{"a":"bbb"}"#);
    }

    #[test]
    fn replacing_replaces_all_and_ends() {
        assert_eq!(replace(b"aXbXX", b"X", b"XY"), b"aXYbXYXY");
        assert_eq!(replace(b"ab", b"", b"X"), b"ab");
    }

    #[test]
    fn what_is_shown_is_short_and_harmless() {
        assert_eq!(shown(b"a\x1b\xff\n", 100), r"a\x1b\xff\n");
        assert_eq!(shown(b"aaaaaa", 3), "aaa...");
    }
}
