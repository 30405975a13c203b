//! A request as it goes over the wire.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri, Version};
use http_body_util::Full;

/// The host that requests are sent to, whatever address the server really has.
const HOST_SENT: &str = "api.example.org";

/// Method, target in origin form, host, headers and body.
#[derive(Clone, Debug)]
pub struct Wire {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// `Host`, or `:authority` under HTTP/2.
    pub host: String,
    /// All other headers.
    pub headers: HeaderMap,
    /// The body; empty means none.
    pub body: Bytes,
}

impl Wire {
    /// A request without a body.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.parse().expect("a method"),
            target: target.to_owned(),
            host: HOST_SENT.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// `GET target`.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// `POST target` with `body` as text.
    pub fn post(target: &str, body: impl AsRef<[u8]>) -> Self {
        Self::new("POST", target)
            .header("content-type", "text/plain")
            .body(body)
    }

    /// With `body` in place of the one before.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Bytes::copy_from_slice(body.as_ref());
        self
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.append(name_of(name), value_of(value.as_ref()));
        self
    }

    /// With `value` in place of all values of the header.
    pub fn set(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.insert(name_of(name), value_of(value.as_ref()));
        self
    }

    /// Without the header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// The one value of a header that must be there, as text.
    pub fn value(&self, name: &str) -> String {
        let value = self.headers.get(name).expect("the header is there");
        String::from_utf8(value.as_bytes().to_vec()).expect("the header is text")
    }

    /// The URL the client means.
    pub fn url(&self) -> Uri {
        let url = format!("http://{}{}", self.host, self.target);
        url.parse().expect("a URL")
    }

    /// The request in origin form with a `Host`, as HTTP/1.1 has it, around another body.
    pub fn http1<B>(&self, body: B) -> Request<B> {
        let mut request = self.request(self.target.parse().expect("a target"), body);
        let host = value_of(self.host.as_bytes());
        request.headers_mut().insert(HOST, host);
        request
    }

    /// The request with an absolute target and without a `Host`, as HTTP/2 has it.
    pub fn http2<B>(&self, body: B) -> Request<B> {
        let mut request = self.request(self.url(), body);
        *request.version_mut() = Version::HTTP_2;
        request
    }

    /// The request for [`call`](crate::call).
    pub fn request_in_memory(&self) -> Request<Full<Bytes>> {
        self.http1(Full::new(self.body.clone()))
    }

    fn request<B>(&self, target: Uri, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = target;
        *request.headers_mut() = self.headers.clone();
        request
    }

    /// The head as bytes on an HTTP/1.1 connection; `Content-Length` is that of the body unless
    /// the headers name one, or a `Transfer-Encoding`.
    pub fn head(&self) -> Vec<u8> {
        let line = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        self.head_after(&line)
    }

    /// As [`head`](Wire::head), after another request line.
    pub fn head_after(&self, line: &str) -> Vec<u8> {
        let mut head = line.as_bytes().to_vec();
        let mut put = |name: &str, value: &[u8]| {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        if !self.host.is_empty() {
            put("Host", self.host.as_bytes());
        }
        for (name, value) in &self.headers {
            put(name.as_str(), value.as_bytes());
        }
        let framed = self.headers.contains_key(CONTENT_LENGTH)
            || self.headers.contains_key(http::header::TRANSFER_ENCODING);
        if !self.body.is_empty() && !framed {
            put("Content-Length", self.body.len().to_string().as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// Head and body as bytes on an HTTP/1.1 connection.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn name_of(name: &str) -> HeaderName {
    name.parse().expect("a header name")
}

fn value_of(value: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(value).expect("a header value")
}
