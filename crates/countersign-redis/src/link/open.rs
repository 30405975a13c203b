//! Making a connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, PushInfo, RedisConnectionInfo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time;

use super::{Link, State, Tls};
use crate::fault::Fault;
use crate::servers::{Address, Password};

/// How connections are made, and who hears of their end.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) tls: Option<Tls>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Password>,
    pub(crate) database: u16,
    pub(crate) protocol: ProtocolVersion,
    pub(crate) timeout: Duration,
    pub(crate) keeper: Arc<Notify>,
}

impl Door {
    /// Connects to `address` and logs in, within the timeout.
    pub(crate) async fn open(&self, address: &Address) -> Result<Link, Fault> {
        time::timeout(self.timeout, self.connect(address))
            .await
            .unwrap_or(Err(Fault::TimedOut))
    }

    async fn connect(&self, address: &Address) -> Result<Link, Fault> {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        // Each claim is a small packet that somebody waits for.
        stream.set_nodelay(true)?;
        match &self.tls {
            None => self.log_in(address, stream).await,
            Some(tls) => {
                let stream = tls.connect(&address.host, stream).await?;
                self.log_in(address, stream).await
            }
        }
    }

    async fn log_in<S>(&self, address: &Address, stream: S) -> Result<Link, Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let state = State::new(Arc::clone(&self.keeper));
        let pushed = {
            let state = Arc::clone(&state);
            move |push: PushInfo| -> io::Result<()> {
                state.pushed(&push);
                Ok(())
            }
        };
        let mut config = AsyncConnectionConfig::new()
            // Every call has a timeout of ours around it.
            .set_connection_timeout(None)
            .set_response_timeout(None);
        if self.protocol == ProtocolVersion::RESP3 {
            config = config.set_push_sender(pushed);
        }
        let made = MultiplexedConnection::new_with_config(&self.info(), stream, config).await;
        let (connection, driver) = made.map_err(|error| Fault::of("HELLO", &error))?;
        let ended = Arc::clone(&state);
        let driver = tokio::spawn(async move {
            driver.await;
            ended.end(Fault::Closed);
        });
        Ok(Link {
            address: address.clone(),
            connection,
            state,
            driver: driver.abort_handle(),
        })
    }

    fn info(&self) -> RedisConnectionInfo {
        let mut info = RedisConnectionInfo::default()
            .set_protocol(self.protocol)
            .set_db(i64::from(self.database))
            .set_skip_set_lib_name();
        if let Some(user) = &self.user {
            info = info.set_username(user);
        }
        if let Some(password) = &self.password {
            info = info.set_password(password.expose());
        }
        info
    }
}
