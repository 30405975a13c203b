//! A request as it was received: a file with the bytes of HTTP/1.1.

use std::path::Path;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use super::standard_input;
use crate::failure::Failure;

/// The largest file: what is explained was sent to an API, not to an archive.
const MAX_LEN: usize = 64 << 20;

/// The most headers: what hyper takes.
const MAX_HEADERS: usize = 100;

/// A request that was received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) target: Uri,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// Reads the file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = standard_input::read(path, "--request", MAX_LEN)?;
        Self::parse(&bytes).map_err(|problem| {
            Failure::usage(format!(
                "--request {:?} is not an HTTP/1.1 request: {problem}",
                path.display().to_string()
            ))
        })
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut room = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Request::new(&mut room);
        // A head that was saved without the blank line at its end is complete all the same.
        let ended = [bytes, b"\r\n\r\n"].concat();
        let length = match head.parse(&ended) {
            Ok(httparse::Status::Complete(length)) => length.min(bytes.len()),
            Ok(httparse::Status::Partial) => {
                return Err(
                    "it ends within the first line; begin with METHOD TARGET HTTP/1.1".into(),
                );
            }
            Err(error) => return Err(explained(error)),
        };
        let mut headers = HeaderMap::new();
        for header in head.headers.iter() {
            let name = HeaderName::try_from(header.name)
                .map_err(|_| format!("{:?} is no header name", header.name))?;
            let value = HeaderValue::from_bytes(header.value)
                .map_err(|_| format!("the value of {name} has control characters"))?;
            headers.append(name, value);
        }
        let method = head.method.unwrap_or_default();
        let target = head.path.unwrap_or_default();
        let rest = bytes.get(length..).unwrap_or_default();
        Ok(Self {
            method: method
                .parse()
                .map_err(|_| format!("{method:?} is no method"))?,
            target: target
                .parse()
                .map_err(|_| format!("{target:?} is no request target, such as /users?page=2"))?,
            version: match head.version {
                Some(0) => Version::HTTP_10,
                _ => Version::HTTP_11,
            },
            body: body(rest, &headers)?,
            headers,
        })
    }
}

/// The body in what follows the head.
fn body(rest: &[u8], headers: &HeaderMap) -> Result<Vec<u8>, String> {
    if let Some(encoding) = headers.get(TRANSFER_ENCODING) {
        if encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return unchunked(rest);
        }
        return Err(
            "its Transfer-Encoding is not chunked; save the body decoded, and leave the \
                    header out"
                .to_owned(),
        );
    }
    let Some(length) = headers.get(CONTENT_LENGTH) else {
        return Ok(rest.to_vec());
    };
    let length = length.to_str().ok().and_then(|text| text.parse().ok());
    let length: usize = length.ok_or("its Content-Length is not a number")?;
    let body = rest.get(..length).ok_or_else(|| {
        format!(
            "its body has {} bytes where Content-Length says {length}; save all of it, and the \
             blank line before it",
            rest.len()
        )
    })?;
    match rest.get(length..).unwrap_or_default() {
        // Editors end a file with a line feed.
        b"" | b"\n" | b"\r\n" => Ok(body.to_vec()),
        more => Err(format!(
            "{} bytes follow the {length} that Content-Length announces; save one request alone",
            more.len()
        )),
    }
}

fn unchunked(mut rest: &[u8]) -> Result<Vec<u8>, String> {
    const BROKEN: &str = "its chunks cannot be read; save the body decoded, without \
                          Transfer-Encoding";
    let mut body = Vec::new();
    loop {
        let Ok(httparse::Status::Complete((at, size))) = httparse::parse_chunk_size(rest) else {
            return Err(BROKEN.to_owned());
        };
        if size == 0 {
            return Ok(body);
        }
        let size = usize::try_from(size).map_err(|_| BROKEN)?;
        let chunk = rest.get(at..).ok_or(BROKEN)?;
        let (data, after) = chunk.split_at_checked(size).ok_or(BROKEN)?;
        body.extend_from_slice(data);
        rest = after.strip_prefix(b"\r\n").ok_or(BROKEN)?;
    }
}

fn explained(error: httparse::Error) -> String {
    use httparse::Error;
    match error {
        Error::TooManyHeaders => format!("it has more than {MAX_HEADERS} headers"),
        Error::HeaderName => {
            "a header has no name; write each as Name: value, and a blank line before the body"
                .to_owned()
        }
        Error::HeaderValue => "the value of a header has control characters in it".to_owned(),
        Error::Version => "its first line does not end in HTTP/1.1".to_owned(),
        Error::Token => "its first line is not METHOD TARGET HTTP/1.1".to_owned(),
        other => format!("{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Received, String> {
        Received::parse(text.as_bytes())
    }

    #[test]
    fn a_request_is_read_with_either_line_end_and_with_or_without_a_blank_line() {
        for text in [
            "POST /a?b HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n",
            "POST /a?b HTTP/1.1\nHost: h\nX-A: 1\n\n",
            "POST /a?b HTTP/1.1\nHost: h\nX-A: 1\n",
            "POST /a?b HTTP/1.1\nHost: h\nX-A: 1",
        ] {
            let request = parsed(text).unwrap();
            assert_eq!(request.method, "POST");
            assert_eq!(request.target, "/a?b");
            assert_eq!(request.headers["x-a"], "1", "{text:?}");
            assert_eq!(request.body, b"", "{text:?}");
        }
    }

    #[test]
    fn the_body_is_as_long_as_announced() {
        let with = |head: &str, body: &str| {
            let text = format!("PUT / HTTP/1.1\nHost: h\n{head}\n{body}");
            parsed(&text).map(|request| String::from_utf8(request.body).unwrap())
        };
        assert_eq!(with("", "all of it\n").unwrap(), "all of it\n");
        assert_eq!(with("Content-Length: 3\n", "abc").unwrap(), "abc");
        assert_eq!(with("Content-Length: 3\n", "abc\n").unwrap(), "abc");
        assert!(
            with("Content-Length: 3\n", "ab")
                .unwrap_err()
                .contains("2 bytes")
        );
        assert!(
            with("Content-Length: 3\n", "abcd")
                .unwrap_err()
                .contains("1 bytes")
        );
        assert!(with("Content-Length: x\n", "").is_err());
        let chunked = "Transfer-Encoding: chunked\n";
        assert_eq!(
            with(chunked, "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n").unwrap(),
            "abcd"
        );
        for broken in [
            "",
            "3\r\nab",
            "zz\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "ffffffffffffffff\r\n",
        ] {
            assert!(with(chunked, broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "METHOD TARGET HTTP/1.1"),
            ("GET / HTTP/2\n\n", "HTTP/1.1"),
            ("GET /\n\n", "HTTP/1.1"),
            ("GET / HTTP/1.1\nno colon\n\n", "Name: value"),
            ("GET / HTTP/1.1\nX: a\x01b\n\n", "control characters"),
            (
                &format!("GET / HTTP/1.1\n{}\n", "A: b\n".repeat(101)),
                "100 headers",
            ),
        ] {
            let problem = parsed(text).unwrap_err();
            assert!(problem.contains(reason), "{text:?}: {problem}");
        }
    }
}
