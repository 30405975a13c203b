//! Listening, and stopping when told to.

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;
use crate::output;

/// Listens on `address`, a host and a port.
pub(crate) async fn bind(flag: &str, address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let fix = format!("{error}; give HOST:PORT, where port 0 takes a free one");
        match error.kind() {
            std::io::ErrorKind::InvalidInput => Failure::unusable(flag, address, fix),
            _ => Failure::failed(format!("{flag} = {address:?} cannot be listened on: {fix}")),
        }
    })
}

/// Says where `listener` can be reached, in the one line that scripts wait for.
pub(crate) fn announce(scheme: &str, listener: &TcpListener) -> Result<(), Failure> {
    let address = listener
        .local_addr()
        .map_err(|error| Failure::failed(format!("the listener has no address: {error}")))?;
    output::line(&format!("listening on {scheme}://{address}"))
}

/// The signals that end a server.
#[derive(Debug)]
pub(crate) struct Interrupt {
    terminate: Signal,
    interrupt: Signal,
}

impl Interrupt {
    /// From now on, SIGTERM and SIGINT no longer end the process at once.
    pub(crate) fn new() -> Result<Self, Failure> {
        let catch = |kind| {
            signal(kind)
                .map_err(|error| Failure::failed(format!("signals cannot be caught: {error}")))
        };
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
