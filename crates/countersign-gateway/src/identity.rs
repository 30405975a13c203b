//! Telling the service behind who is calling.
//!
//! Invariant: what these headers say was written here, for a caller that was verified. The layer
//! takes the client's own off every request, the `Authorization` that this gateway would write
//! is taken off here, and on every path.

use countersign::Verified;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

const PRINCIPAL: HeaderName = HeaderName::from_static("x-countersign-principal");
const KEY_ID: HeaderName = HeaderName::from_static("x-countersign-key-id");
const SCHEME: HeaderName = HeaderName::from_static("x-countersign-scheme");

/// How the identity of a caller is passed on.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The word in front of the principal in `Authorization`, where that is written.
    word: Option<Box<str>>,
}

/// The name of the principal cannot be a header value as it is, and must not be another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unwritable;

impl Identity {
    pub(crate) fn new(word: Option<&str>) -> Self {
        Self {
            word: word.map(Into::into),
        }
    }

    /// The headers this identity is made of, whether or not there is a caller.
    pub(crate) fn names(&self) -> impl Iterator<Item = HeaderName> {
        let authorization = self.word.is_some().then_some(AUTHORIZATION);
        [PRINCIPAL, KEY_ID, SCHEME].into_iter().chain(authorization)
    }

    /// The headers that say who `caller` is.
    pub(crate) fn of(
        &self,
        caller: &Verified,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Unwritable> {
        let principal = writable(caller.principal())?;
        let mut headers = vec![
            (PRINCIPAL, principal),
            (KEY_ID, writable(caller.key_id())?),
            (SCHEME, HeaderValue::from_static(caller.scheme().name())),
        ];
        if let Some(word) = &self.word {
            let value = writable(&format!("{word} {}", caller.principal()))?;
            headers.push((AUTHORIZATION, value));
        }
        Ok(headers)
    }

    /// Takes off whatever the client says about itself, then says who `caller` is.
    pub(crate) fn write(
        &self,
        caller: Option<&Verified>,
        headers: &mut HeaderMap,
    ) -> Result<(), Unwritable> {
        for name in self.names() {
            headers.remove(name);
        }
        if let Some(caller) = caller {
            headers.extend(self.of(caller)?);
        }
        Ok(())
    }
}

/// `text` as a header value that is read back as the same text: blanks at its ends would be
/// taken off on the way, and so make two principals one.
fn writable(text: &str) -> Result<HeaderValue, Unwritable> {
    if text.is_empty() || text.trim_matches([' ', '\t']) != text {
        return Err(Unwritable);
    }
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| Unwritable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_back_the_same_is_written() {
        for good in ["dave@example.com", "Dave Doe", "dävé"] {
            assert_eq!(writable(good).unwrap().as_bytes(), good.as_bytes());
        }
        for bad in ["", " dave", "dave\t", "a\nb", "a\0", "a\rX-Role: admin"] {
            assert_eq!(writable(bad), Err(Unwritable), "{bad:?}");
        }
    }

    #[test]
    fn without_a_caller_everything_is_taken_off() {
        let mut headers = HeaderMap::new();
        for name in [
            "x-countersign-principal",
            "x-countersign-scheme",
            "authorization",
            "x",
        ] {
            headers.insert(name, HeaderValue::from_static("1"));
        }
        let mut plain = headers.clone();
        Identity::new(None).write(None, &mut plain).unwrap();
        assert_eq!(plain.len(), 2);
        Identity::new(Some("YAR"))
            .write(None, &mut headers)
            .unwrap();
        assert_eq!(headers.len(), 1);
    }
}
