//! A request written down as text, so that seeds can be read and edited.
//!
//! ```text
//! POST /users?page=2
//! host: api.example.org
//! auth-key: MAC example-id:…
//!
//! the body, to the end
//! ```

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

/// What a text says. Header lines that are none are skipped: the fuzzer loses less by that.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) method: Method,
    pub(crate) target: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Written {
    /// `None` when the first line is no method and target.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let (line, mut rest) = cut(text, b'\n')?;
        let (method, target) = cut(line, b' ')?;
        let mut written = Self {
            method: Method::from_bytes(method).ok()?,
            target: Uri::try_from(target).ok()?,
            headers: HeaderMap::new(),
            body: Vec::new(),
        };
        while let Some((line, after)) = cut(rest, b'\n') {
            rest = after;
            if line.is_empty() {
                break;
            }
            written.add(line);
        }
        written.body = rest.to_vec();
        Some(written)
    }

    fn add(&mut self, line: &[u8]) {
        let Some((name, value)) = cut(line, b':') else {
            return;
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let name = HeaderName::from_bytes(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            // The map panics beyond 32 768, which no request through hyper reaches.
            if self.headers.len() < 1000 {
                self.headers.append(name, value);
            }
        }
    }

    /// How many bytes the head has, roughly.
    pub(crate) fn head_len(&self) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        self.method.as_str().len() + self.target.to_string().len() + headers
    }
}

/// What is before and after the first `separator`; all of it and nothing when there is none.
/// `None` for an empty text.
fn cut(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    if text.is_empty() {
        return None;
    }
    let Some(at) = text.iter().position(|&byte| byte == separator) else {
        return Some((text, &[]));
    };
    Some((&text[..at], &text[at + 1..]))
}

/// What is between the separators.
pub(crate) fn split<'a>(mut text: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = text
        .windows(separator.len())
        .position(|part| part == separator)
    {
        parts.push(&text[..at]);
        text = &text[at + separator.len()..];
    }
    parts.push(text);
    parts
}
