//! The gateway and its upstream, each a process of its own.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use countersign::{RestartGuard, StaticKeys};
use countersign_gateway::GatewayConfig;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};

use crate::{IN_FLIGHT, Result, UPSTREAM, client};

/// The first argument of a child.
pub(crate) const ARGUMENT: &str = "load-child";

/// The target that the upstream never answers.
pub(crate) const STALLED: &str = "/stalled";

/// How long the gateway waits for it.
pub(crate) const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(3);

/// The gateway in front of its upstream.
pub(crate) struct Gateway {
    gateway: Process,
    _upstream: Process,
}

struct Process {
    child: Child,
    address: SocketAddr,
}

impl Gateway {
    /// # Errors
    /// When one of the two cannot be started.
    pub(crate) fn start() -> Result<Self> {
        let upstream = Process::start(&[])?;
        let gateway = Process::start(&[&upstream.address.to_string()])?;
        Ok(Self {
            gateway,
            _upstream: upstream,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.address
    }

    /// # Errors
    /// When the system does not tell.
    pub(crate) fn peak_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.gateway.child.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|line| line.split_whitespace().next());
        let kib: u32 = kib.ok_or("no peak of memory")?.parse()?;
        Ok(f64::from(kib) / 1024.0)
    }

    /// How many descriptors it has open.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(crate) fn descriptors(&self) -> Result<usize> {
        let folder = format!("/proc/{}/fd", self.gateway.child.id());
        Ok(fs::read_dir(folder)?.count())
    }
}

impl Process {
    fn start(arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg(ARGUMENT)
            .args(arguments)
            // It reads this to learn that its parent is gone.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("a child without output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse()?;
        Ok(Self { child, address })
    }
}

impl Drop for Process {
    /// Both fail only when it is gone already, which is what they are for.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves as the upstream, or as the gateway before the upstream at the address given.
///
/// # Errors
/// When it cannot listen.
pub(crate) async fn serve(arguments: &[&str]) -> Result<()> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let [behind] = arguments else {
        return upstream().await;
    };
    let config = GatewayConfig::reverse_proxy(format!("http://{behind}"))
        .listen("127.0.0.1:0")
        .scheme("auth-key")
        .keys(StaticKeys::try_new([client::key()?])?)
        .restart_guard(RestartGuard::Off)
        .upstream_timeout(UPSTREAM_TIMEOUT)
        .max_in_flight(usize::try_from(IN_FLIGHT)?);
    let gateway = countersign_gateway::Gateway::bind(config).await?;
    println!("{}", gateway.local_addr());
    gateway.run(std::future::pending()).await;
    Ok(())
}

async fn upstream() -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener: TcpListener = socket.listen(1024)?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = http1::Builder::new();
        tokio::spawn(connection.serve_connection(TokioIo::new(stream), service_fn(answer)));
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    if request.uri().path() == STALLED {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(UPSTREAM).await;
    Ok(Response::new(Full::from("hello")))
}
