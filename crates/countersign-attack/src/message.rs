//! A request as bytes, with every part free to be wrong.

/// How the body is delimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    /// By a `Content-Length` of its size, if there is a body and no header says otherwise.
    #[default]
    Length,
    /// In chunks of two bytes.
    Chunked,
    /// As the headers say, whatever that is.
    AsIs,
}

/// What comes after the last byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The connection stays open for the answer.
    #[default]
    Open,
    /// The sending half is closed.
    HungUp,
}

/// A request; nothing in it has been checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) version: Vec<u8>,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) framing: Framing,
    pub(crate) ending: Ending,
}

impl Message {
    /// The first value of a header.
    pub(crate) fn value(&self, name: &[u8]) -> Option<&[u8]> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }

    /// Puts `value` where the header is, or at the end.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        let mut headers = self.headers.iter_mut();
        match headers.find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value.to_vec(),
            None => self.append(name, value),
        }
    }

    pub(crate) fn append(&mut self, name: &[u8], value: &[u8]) {
        self.headers.push((name.to_vec(), value.to_vec()));
    }

    pub(crate) fn remove(&mut self, name: &[u8]) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// What goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = [
            &*self.method,
            b" ",
            &self.target,
            b" ",
            &self.version,
            b"\r\n",
        ]
        .concat();
        let mut put = |name: &[u8], value: &[u8]| {
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        };
        for (name, value) in &self.headers {
            put(name, value);
        }
        let sized = self.value(b"content-length").is_some();
        match self.framing {
            Framing::Length if !self.body.is_empty() && !sized => {
                put(b"Content-Length", self.body.len().to_string().as_bytes());
            }
            Framing::Chunked => put(b"Transfer-Encoding", b"chunked"),
            _ => {}
        }
        bytes.extend_from_slice(b"\r\n");
        if self.framing == Framing::Chunked {
            for chunk in self.body.chunks(2) {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        } else {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_framed_by_its_length_in_chunks_or_not_at_all() {
        let mut message = Message {
            method: b"POST".to_vec(),
            target: b"/".to_vec(),
            version: b"HTTP/1.1".to_vec(),
            body: b"abc".to_vec(),
            ..Message::default()
        };
        assert_eq!(
            message.bytes(),
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
        );
        message.framing = Framing::Chunked;
        assert_eq!(
            message.bytes(),
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        );
        message.framing = Framing::AsIs;
        assert_eq!(message.bytes(), b"POST / HTTP/1.1\r\n\r\nabc");
    }
}
