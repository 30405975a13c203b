//! Clients: over HTTP/1.1, over HTTP/2, and without a network.

use std::net::SocketAddr;

use bytes::Bytes;
use countersign::{BoxError, Outcome};
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tower::{Service, ServiceExt};

use crate::wait::within;
use crate::wire::Wire;

/// Which version of HTTP a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
}

impl Protocol {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Http1, Self::Http2];
}

/// The body of a request on its way out.
pub type Outgoing = UnsyncBoxBody<Bytes, BoxError>;

/// `body`, for a client.
pub fn outgoing<B>(body: B) -> Outgoing
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// One connection to a server. Clones share it.
#[derive(Clone, Debug)]
pub struct Client {
    sender: Sender,
}

#[derive(Clone, Debug)]
enum Sender {
    Http1(std::sync::Arc<tokio::sync::Mutex<http1::SendRequest<Outgoing>>>),
    Http2(http2::SendRequest<Outgoing>),
}

impl Client {
    /// Connects to `address`.
    pub async fn connect(address: SocketAddr, protocol: Protocol) -> Self {
        let connecting = async {
            let stream = TcpStream::connect(address)
                .await
                .expect("the server listens");
            stream.set_nodelay(true).expect("a socket option");
            let io = TokioIo::new(stream);
            match protocol {
                Protocol::Http1 => {
                    let (sender, connection) = http1::handshake(io).await.expect("a handshake");
                    tokio::spawn(connection.with_upgrades());
                    Sender::Http1(std::sync::Arc::new(sender.into()))
                }
                Protocol::Http2 => {
                    let executor = TokioExecutor::new();
                    let (sender, connection) =
                        http2::handshake(executor, io).await.expect("a handshake");
                    tokio::spawn(connection);
                    Sender::Http2(sender)
                }
            }
        };
        Self {
            sender: within("the connection", connecting).await,
        }
    }

    /// Sends `wire` and reads the answer.
    pub async fn send(&self, wire: &Wire) -> Answer {
        self.send_body(wire, Full::new(wire.body.clone())).await
    }

    /// Sends `wire` with `body` in place of its own, and reads the answer.
    pub async fn send_body<B>(&self, wire: &Wire, body: B) -> Answer
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let sent = self.try_send(wire, body).await;
        let response = sent.unwrap_or_else(|error| panic!("no answer to {wire:?}: {error}"));
        within("the body of the answer", Answer::read(response)).await
    }

    /// Sends `wire` with `body` in place of its own, and gives the head of the answer.
    ///
    /// # Errors
    /// When the connection does not survive the exchange.
    pub async fn try_send<B>(
        &self,
        wire: &Wire,
        body: B,
    ) -> Result<Response<hyper::body::Incoming>, hyper::Error>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let body = outgoing(body);
        let answering = async {
            match &self.sender {
                Sender::Http1(sender) => {
                    let mut sender = sender.lock().await;
                    sender.ready().await?;
                    sender.send_request(wire.http1(body)).await
                }
                Sender::Http2(sender) => {
                    let mut sender = sender.clone();
                    sender.ready().await?;
                    sender.send_request(wire.http2(body)).await
                }
            }
        };
        within("the answer", answering).await
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The version of HTTP it came in.
    pub version: Version,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// What the layer says about it; only without a network.
    pub outcome: Option<Outcome>,
}

impl Answer {
    async fn read<B>(response: Response<B>) -> Self
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Debug,
    {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            version: parts.version,
            headers: parts.headers,
            body: body.collect().await.expect("a whole answer").to_bytes(),
            outcome: parts.extensions.get().cloned(),
        }
    }

    /// The one value of a header, as text; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("answers are plain text"))
    }

    /// All values of a header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values
            .map(|value| value.to_str().expect("answers are plain text"))
            .collect()
    }

    /// Who the service says has called; empty when nobody.
    pub fn caller(&self) -> &str {
        self.header("x-caller")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The status, and the code of the problem where there is one.
    pub fn told(&self) -> (u16, String) {
        let problem = self.header("content-type") == "application/problem+json";
        let code = if problem && !self.body.is_empty() {
            let json = self.json();
            let code = json.get("code").and_then(serde_json::Value::as_str);
            code.expect("a code").to_owned()
        } else {
            String::new()
        };
        (self.status.as_u16(), code)
    }

    /// What the layer decided; only without a network.
    pub fn outcome(&self) -> &Outcome {
        self.outcome.as_ref().expect("every answer has an outcome")
    }
}

/// Calls `service` once, as a server would, and reads the answer.
pub async fn call<S, B, A>(service: &S, request: Request<B>) -> Answer
where
    S: Service<Request<B>, Response = Response<A>> + Clone,
    S::Error: std::fmt::Debug,
    A: Body<Data = Bytes>,
    A::Error: std::fmt::Debug,
{
    let answering = async {
        let response = service.clone().oneshot(request).await;
        Answer::read(response.expect("the service answers")).await
    };
    within("the answer", answering).await
}
