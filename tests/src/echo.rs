//! The service behind the layer: it remembers what it sees.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign::{BoxError, Verified};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::Service;

/// What the service saw of one request.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: Method,
    /// The target, as it reached the service.
    pub target: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The verified caller, where there was one.
    pub principal: Option<String>,
    /// The sizes of the frames of the body, as far as it could be read.
    pub frames: Vec<usize>,
    /// The body, or why it could not be read to its end.
    pub body: Result<Bytes, String>,
    /// Whether trailers came after it.
    pub trailers: bool,
}

/// Answers with the body it was sent, and the name of the caller in `x-caller`; a body that ends
/// in an error is answered 422.
#[derive(Clone, Debug, Default)]
pub struct Echo {
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Echo {
    /// How often the service was called. A call counts as soon as its body was read.
    pub fn calls(&self) -> usize {
        self.lock().len()
    }

    /// What the service saw last.
    ///
    /// # Panics
    /// When it was never called.
    pub fn last(&self) -> Seen {
        self.lock().last().cloned().expect("the service was called")
    }

    /// All that it has seen, in order.
    pub fn all(&self) -> Vec<Seen> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer<B>(self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let caller = parts.extensions.get::<Verified>();
        let principal = caller.map(|caller| caller.principal().clone());
        let mut body = Box::pin(body);
        let (mut read, mut frames, mut trailers, mut error) = (Vec::new(), Vec::new(), false, None);
        while let Some(frame) = body.frame().await {
            match frame.map(http_body::Frame::into_data) {
                Ok(Ok(data)) => {
                    frames.push(data.len());
                    read.extend_from_slice(&data);
                }
                Ok(Err(_)) => trailers = true,
                Err(failed) => {
                    error = Some(failed.into().to_string());
                    break;
                }
            }
        }
        let read = Bytes::from(read);
        let mut response = Response::new(Full::new(read.clone()));
        if error.is_some() {
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        }
        if let Some(name) = &principal {
            let value = HeaderValue::from_str(name).expect("principals are plain text");
            response.headers_mut().insert("x-caller", value);
        }
        self.lock().push(Seen {
            method: parts.method,
            target: parts.uri,
            headers: parts.headers,
            principal,
            frames,
            body: error.map_or(Ok(read), Err),
            trailers,
        });
        response
    }
}

impl<B> Service<Request<B>> for Echo
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move { Ok(echo.answer(request).await) })
    }
}
