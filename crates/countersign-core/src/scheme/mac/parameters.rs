//! Taking a MAC credential apart.

use crate::head::trim;

/// The parameters of a credential, each present at most once; `ext` may be absent.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a> {
    pub(super) id: &'a [u8],
    pub(super) ts: &'a [u8],
    pub(super) nonce: &'a [u8],
    pub(super) ext: &'a [u8],
    pub(super) mac: &'a [u8],
}

impl<'a> Parameters<'a> {
    /// Whether some parameter has this name, in a text that could not be read.
    pub(super) fn name(text: &[u8], name: &[u8]) -> bool {
        let mut names = text
            .split(|&b| b == b',')
            .filter_map(|part| part.split(|&b| b == b'=').next());
        names.any(|found| trim(found).eq_ignore_ascii_case(name))
    }

    /// Reads `name="value"` pairs separated by commas. `None` for an unknown or repeated name,
    /// an empty required value, a missing quote, or a value with a quote, a backslash or anything
    /// but visible ASCII and blanks in it.
    pub(super) fn parse(mut rest: &'a [u8]) -> Option<Self> {
        let mut found = [None; 5];
        loop {
            let equals = rest.iter().position(|&b| b == b'=')?;
            let (name, value) = rest.split_at_checked(equals)?;
            let value = value.strip_prefix(b"=\"")?;
            let end = value.iter().position(|&b| b == b'"')?;
            let (value, after) = value.split_at_checked(end)?;
            if !value
                .iter()
                .all(|&b| (b' '..=b'~').contains(&b) && b != b'\\')
            {
                return None;
            }
            let names: [&[u8]; 5] = [b"id", b"ts", b"nonce", b"ext", b"mac"];
            let index = names
                .iter()
                .position(|known| trim(name).eq_ignore_ascii_case(known))?;
            if found.get_mut(index)?.replace(value).is_some() {
                return None;
            }
            match trim(after.strip_prefix(b"\"")?) {
                b"" => break,
                more => rest = more.strip_prefix(b",")?,
            }
        }
        let [id, ts, nonce, ext, mac] = found;
        Some(Self {
            id: id?,
            ts: ts?,
            nonce: nonce?,
            ext: ext.unwrap_or_default(),
            mac: mac?,
        })
    }
}
