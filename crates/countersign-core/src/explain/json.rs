//! The same JSON with other white space.
//!
//! Frameworks parse a body and write it out again; the digest was over the first form. The usual
//! writers differ in white space only, so their forms can be made from the tokens alone.

/// The longest body that is rewritten, and the longest result: enough for any API call, and a
/// bound on what an explanation costs.
const MAX: usize = 1 << 20;

/// How deeply a body may be nested. Indented, each level costs bytes on every line.
const MAX_DEPTH: usize = 64;

/// A usual way to write JSON.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    /// No white space: JavaScript, PHP, Go, Rust.
    Compact,
    /// A blank after commas and colons: Python.
    Spaced,
    /// Indented by so many blanks.
    Indented(usize),
}

impl Style {
    pub(super) const ALL: [Self; 4] = [
        Self::Compact,
        Self::Spaced,
        Self::Indented(2),
        Self::Indented(4),
    ];
}

/// `body` in another style; `None` when it is not an object or array, or too large.
pub(super) fn rewritten(body: &[u8], style: Style) -> Option<Vec<u8>> {
    let body = body.trim_ascii();
    let is_json = body.starts_with(b"{") || body.starts_with(b"[");
    if !is_json || body.len() > MAX {
        return None;
    }
    let mut writer = Writer {
        out: Vec::with_capacity(body.len()),
        style,
        depth: 0,
    };
    let mut in_string = false;
    let mut escaped = false;
    let mut opened = false;
    for &byte in body {
        if in_string {
            writer.out.push(byte);
            in_string = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        if byte.is_ascii_whitespace() {
            continue;
        }
        let closes = matches!(byte, b'}' | b']');
        if opened && !closes {
            writer.new_line();
        }
        opened = writer.token(byte, opened)?;
        in_string = byte == b'"';
    }
    Some(writer.out)
}

struct Writer {
    out: Vec<u8>,
    style: Style,
    depth: usize,
}

impl Writer {
    /// Writes a byte outside of strings; gives whether it opened an object or array.
    fn token(&mut self, byte: u8, just_opened: bool) -> Option<bool> {
        match byte {
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                self.out.push(byte);
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if !just_opened {
                    self.new_line();
                }
                self.out.push(byte);
            }
            b',' => match self.style {
                Style::Compact => self.out.push(b','),
                Style::Spaced => self.out.extend_from_slice(b", "),
                Style::Indented(_) => {
                    self.out.push(b',');
                    self.new_line();
                }
            },
            b':' => match self.style {
                Style::Compact => self.out.push(b':'),
                Style::Spaced | Style::Indented(_) => self.out.extend_from_slice(b": "),
            },
            other => self.out.push(other),
        }
        let bounded = self.depth <= MAX_DEPTH && self.out.len() <= MAX;
        bounded.then_some(matches!(byte, b'{' | b'['))
    }

    fn new_line(&mut self) {
        if let Style::Indented(width) = self.style {
            let blanks = width.saturating_mul(self.depth);
            self.out.push(b'\n');
            self.out.extend(std::iter::repeat_n(b' ', blanks));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn text(body: &str, style: Style) -> String {
        String::from_utf8(rewritten(body.as_bytes(), style).unwrap()).unwrap()
    }

    #[test]
    fn each_style_is_what_its_writer_writes() {
        let value = json!({"a": [1, {"b": "x: \"y\", {\\"}], "c": {}, "d": [], "e": null});
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let compact = serde_json::to_string(&value).unwrap();
        assert_eq!(text(&pretty, Style::Compact), compact);
        assert_eq!(text(&compact, Style::Indented(2)), pretty);
        assert_eq!(
            text(r#"{"a":[1,"b,c"]}"#, Style::Spaced),
            r#"{"a": [1, "b,c"]}"#
        );
    }

    #[test]
    fn what_is_no_json_or_too_much_of_it_is_left_alone() {
        assert!(rewritten(b"name=value", Style::Compact).is_none());
        assert!(rewritten(b"", Style::Compact).is_none());
        assert!(rewritten(&vec![b'['; MAX + 1], Style::Compact).is_none());
        assert!(rewritten(&vec![b'['; MAX], Style::Indented(4)).is_none());
    }

    proptest! {
        #[test]
        fn every_style_means_the_same(keys in proptest::collection::vec("[ -~\n]{0,6}", 0..4)) {
            let value: Value = keys.iter().map(|key| (key.clone(), json!([key, {"k": key}]))).collect();
            let body = serde_json::to_vec(&value).unwrap();
            for style in Style::ALL {
                let rewritten = rewritten(&body, style).unwrap();
                prop_assert_eq!(&serde_json::from_slice::<Value>(&rewritten).unwrap(), &value);
            }
        }

        #[test]
        fn anything_is_rewritten_without_panic(rest in proptest::collection::vec(any::<u8>(), 0..60)) {
            let body = [&b"{"[..], &rest].concat();
            for style in Style::ALL {
                let _ = rewritten(&body, style);
            }
        }
    }
}
