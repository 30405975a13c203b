//! A proxy, the verifier it asks and the service behind it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use countersign_gateway::GatewayConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::program::{Directory, Program};
use super::support::client::{Answer, send, send_raw};
use super::support::sign::Message;
use super::support::upstream::{Echo, nobody};
use super::support::{Running, with_schemes, within};

/// The worked files.
const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/proxies");

/// How often a proxy is asked whether it is there.
const POLL: Duration = Duration::from_millis(20);

/// How often to start a proxy: a port that was free may be taken by somebody else before the
/// proxy listens on it.
const ATTEMPTS: usize = 3;

/// How the proxy asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Over HTTP, by the convention of this name.
    ForwardAuth(&'static str),
    /// Over gRPC.
    #[cfg(feature = "ext-authz")]
    ExtAuthz,
}

/// A proxy, and how it is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proxy {
    pub(crate) asks: Asks,
    /// The files in `docs/proxies` that it needs.
    pub(crate) files: &'static [&'static str],
    /// What starts it in a directory with these files, in the foreground.
    pub(crate) command: fn(&Path) -> Command,
    /// What is different in a test: where files are written, for one.
    pub(crate) adapt: fn(&str) -> String,
}

/// All three, running.
pub(crate) struct Deployment {
    pub(crate) service: Echo,
    verifier: Option<Running>,
    address: SocketAddr,
    _program: Program,
}

impl Deployment {
    pub(crate) async fn of(proxy: &Proxy) -> Self {
        let service = Echo::start().await;
        let config = with_schemes(GatewayConfig::forward_auth());
        let config = match proxy.asks {
            Asks::ForwardAuth(convention) => config.convention(convention.parse().unwrap()),
            #[cfg(feature = "ext-authz")]
            Asks::ExtAuthz => config.ext_authz_listen("127.0.0.1:0"),
        };
        let verifier = Running::start(config).await;
        let asked = match proxy.asks {
            Asks::ForwardAuth(_) => verifier.address,
            #[cfg(feature = "ext-authz")]
            Asks::ExtAuthz => verifier.ext_authz.unwrap(),
        };
        let (address, program) = proxy.start(asked, service.address).await;
        Self {
            service,
            verifier: Some(verifier),
            address,
            _program: program,
        }
    }

    /// What the client gets for `message` from the proxy.
    pub(crate) async fn send(&self, message: &Message) -> Answer {
        send(self.address, message).await
    }

    /// What the client gets for exactly `bytes`.
    pub(crate) async fn send_raw(&self, bytes: &[u8]) -> String {
        send_raw(self.address, bytes).await
    }

    /// From here on nobody listens where the proxy asks.
    pub(crate) async fn stop_verifier(&mut self) {
        let stopped = self.verifier.take().unwrap().stop();
        within("the end of the verifier", stopped).await.unwrap();
    }
}

impl Proxy {
    /// Runs until it passes the verifier's refusals on.
    async fn start(&self, verifier: SocketAddr, service: SocketAddr) -> (SocketAddr, Program) {
        let mut log = String::new();
        for _ in 0..ATTEMPTS {
            let address = nobody().await;
            let directory = Directory::create();
            self.write_files(directory.path(), [verifier, service, address]);
            let command = (self.command)(directory.path());
            let mut program = Program::start(command, directory);
            if within("an answer of the proxy", ready(&mut program, address)).await {
                return (address, program);
            }
            log = program.log();
        }
        panic!("the proxy ended before it answered:\n{log}");
    }

    /// The worked files, with the ports of this test for those they name.
    fn write_files(&self, directory: &Path, addresses: [SocketAddr; 3]) {
        let mut texts: Vec<_> = self.files.iter().map(|name| read(name)).collect();
        // Through marks that no file contains, for a free port may look like one of these.
        let ports = [("8000", "\u{1}"), ("8080", "\u{2}"), ("8090", "\u{3}")];
        for (port, mark) in ports {
            let named = texts.iter().any(|text| text.contains(port));
            assert!(named, "{:?} do not name the port {port}", self.files);
            for text in &mut texts {
                *text = text.replace(port, mark);
            }
        }
        for (name, mut text) in self.files.iter().zip(texts) {
            for ((_, mark), address) in ports.iter().zip(addresses) {
                text = text.replace(mark, &address.port().to_string());
            }
            fs::write(directory.join(name), (self.adapt)(&text)).unwrap();
        }
    }
}

fn read(name: &str) -> String {
    let path: PathBuf = Path::new(DOCS).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether `program` came to answer a request without credentials as the verifier does; false
/// when it ended first.
async fn ready(program: &mut Program, address: SocketAddr) -> bool {
    loop {
        if program.has_ended() {
            return false;
        }
        let asked = timeout(Duration::from_secs(5), ask(address)).await;
        if asked.is_ok_and(|answer| answer.is_ok_and(|head| head.starts_with(b"HTTP/1.1 401"))) {
            return true;
        }
        sleep(POLL).await;
    }
}

/// What comes back for a request without credentials, while anything may still go wrong.
async fn ask(address: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&Message::get("/").bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}
