//! The classes of bad requests, and a layer that refuses them.

use std::convert::Infallible;

use bytes::Bytes;
use countersign::{
    AuthKey, Clock, RestartGuard, SchemeId, SigningKey, StaticKeys, SystemClock, ToSign,
    VerifiedBody, VerifyLayer,
};
use futures_util::FutureExt as _;
use futures_util::future::{Ready, ready};
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::Full;
use tower_layer::Layer as _;
use tower_service::Service;

use crate::Result;

/// So many ids in each class, so that no branch is predicted by the id.
const IDS: usize = 64;

const NAMES: [&str; 4] = [
    "the same class twice, as a control",
    "unknown key",
    "expired key",
    "key pinned to another scheme",
];

/// Every class has ids of the same length, and the same headers.
pub(crate) struct Classes {
    layer: VerifyLayer<StaticKeys>,
    requests: Vec<Vec<HeaderMap>>,
}

impl Classes {
    /// # Errors
    /// Never, as the keys are good ones.
    pub(crate) fn new() -> Result<Self> {
        let mut keys = Vec::new();
        let mut requests = Vec::new();
        for (class, letter) in ["k", "u", "e", "p"].into_iter().enumerate() {
            let mut of_class = Vec::new();
            for number in 0..IDS {
                let id = format!("{letter}-{number:04}");
                of_class.push(badly_signed(&id)?);
                let key = SigningKey::new(id.as_str(), secret(&id), "dave".to_owned())?;
                match class {
                    0 => keys.push(key),
                    2 => keys.push(key.not_after(SystemClock.now().plus(-1000))),
                    3 => keys.push(key.schemes([SchemeId::MAC])),
                    _ => {}
                }
            }
            requests.push(of_class);
        }
        let replay = countersign::MokaReplayCache::builder().restart_guard(RestartGuard::Off);
        let layer = VerifyLayer::any([AuthKey::default().into()], StaticKeys::try_new(keys)?);
        Ok(Self {
            layer: layer.replay(replay.build()?),
            requests,
        })
    }

    /// The classes to compare with the first.
    pub(crate) fn others(&self) -> impl Iterator<Item = (&'static str, usize)> {
        NAMES.into_iter().zip(0..self.requests.len())
    }

    /// One of the requests of `class`.
    pub(crate) fn request(&self, class: usize, which: usize) -> Result<Request<Full<Bytes>>> {
        let headers = self
            .requests
            .get(class)
            .and_then(|all| all.get(which % IDS));
        let mut request = Request::get("/users?page=2").body(Full::default())?;
        *request.headers_mut() = headers.ok_or("no such class")?.clone();
        Ok(request)
    }

    /// Gives it to the layer, which has to wait for nothing.
    pub(crate) fn refuse(&self, request: Request<Full<Bytes>>) -> Result<u16> {
        let mut service = self.layer.layer(Never);
        let answer = service.call(request).now_or_never();
        let Ok(response) = answer.ok_or("the layer waited")?;
        Ok(response.status().as_u16())
    }
}

fn secret(id: &str) -> String {
    format!("the secret of {id}, and long enough")
}

fn badly_signed(id: &str) -> Result<HeaderMap> {
    let key = SigningKey::new(id, "not the secret of anybody", "dave".to_owned())?;
    let mut headers = HeaderMap::new();
    headers.insert("host", "api.example.org".parse()?);
    let url = Uri::from_static("http://api.example.org/users?page=2");
    ToSign::new(&Method::GET, &url, SystemClock.now())
        .nonce("nonce-1")
        .sign(&AuthKey::default(), &key, &mut headers)?;
    Ok(headers)
}

/// The service behind, which is never called.
#[derive(Clone)]
pub(crate) struct Never;

impl Service<Request<VerifiedBody<Full<Bytes>>>> for Never {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<std::result::Result<Self::Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::result::Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<VerifiedBody<Full<Bytes>>>) -> Self::Future {
        ready(Ok(Response::default()))
    }
}
