//! Connections that stop being HTTP: WebSocket and whatever else both ends agree on.

use http::header::{CONNECTION, HeaderValue, UPGRADE};
use http::{Request, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::hop;
use crate::drain::Drain;
use crate::server::Connected;

/// The client's half of a change of protocol that was asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    protocol: HeaderValue,
    client: OnUpgrade,
    /// Keeps the connection counted while it is a tunnel.
    connected: Option<Connected>,
}

impl Asked {
    /// What `request` asks for, if anything that is passed on. Must be looked for before the
    /// headers of the connection are taken off.
    pub(crate) fn by<B>(request: &mut Request<B>) -> Option<Self> {
        let client = request.extensions_mut().remove::<OnUpgrade>()?;
        let protocol = hop::upgrade(request.headers())?;
        let connected = request.extensions().get::<Connected>().cloned();
        Some(Self {
            protocol,
            client,
            connected,
        })
    }

    /// Asks the upstream for the same.
    pub(crate) fn ask<B>(&self, request: &mut Request<B>) {
        let headers = request.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, self.protocol.clone());
    }

    /// Joins the two ends once the client has been told: `response` is the upstream's `101`.
    /// `false` when the upstream changes to something else than was asked for.
    pub(crate) fn join<B>(self, response: &mut Response<B>, drain: &Drain) -> bool {
        let chosen = response.headers().get(UPGRADE).map(HeaderValue::as_bytes);
        let same =
            chosen.is_some_and(|chosen| chosen.eq_ignore_ascii_case(self.protocol.as_bytes()));
        if !same {
            return false;
        }
        let chosen = response.headers().get(UPGRADE).cloned();
        let upstream = hyper::upgrade::on(&mut *response);
        hop::remove(response.headers_mut());
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.extend(chosen.map(|chosen| (UPGRADE, chosen)));
        drain.spawn(async move {
            let _counted = self.connected;
            let (Ok(client), Ok(upstream)) = tokio::join!(self.client, upstream) else {
                return;
            };
            let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
            // Either end may break off at any time.
            let _ = copy_bidirectional(&mut client, &mut upstream).await;
        });
        true
    }
}
