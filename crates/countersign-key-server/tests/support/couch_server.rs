//! A server that speaks CouchDB's protocol, for tests: `pouchdb-server`.
//!
//! It is more lenient than CouchDB: what is sent to it is asserted elsewhere, on a recording stub.

#![allow(dead_code, reason = "each test crate that includes it uses a part")]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long it may take to start on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server, stopped when dropped.
pub(crate) struct CouchServer {
    child: Child,
    port: u16,
    keeping: Keeping,
    /// Its working folder, in which it writes its configuration and log.
    folder: TempDir,
}

/// Where databases are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// In memory: faster.
    InMemory,
    /// On the disk: still there after a restart.
    OnDisk,
}

impl CouchServer {
    /// Starts one and waits until it answers.
    pub(crate) fn start(keeping: Keeping) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = spawn(port, keeping, folder.path());
        let mut server = Self {
            child,
            port,
            keeping,
            folder,
        };
        server.wait_until_ready();
        server
    }

    /// The address of a database of it, for the key server.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("couchdb://127.0.0.1:{}/{database}", self.port)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Sends one request, with a body of JSON if it is not empty, and gives the status and body
    /// of the answer.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        request(self.address(), method, path, body).unwrap()
    }

    /// Kills it without warning.
    pub(crate) fn kill_9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same port, after it was killed, and waits until it answers.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.port, self.keeping, self.folder.path());
        self.wait_until_ready();
    }

    /// Stops it from answering; connections stay.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status();
        assert!(status.unwrap().success());
    }

    fn wait_until_ready(&mut self) {
        let start = Instant::now();
        loop {
            if let Ok((200, _)) = request(self.address(), "GET", "/", "") {
                return;
            }
            let log = || std::fs::read_to_string(self.folder.path().join("out")).unwrap();
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "pouchdb-server ended: {}", log());
            assert!(start.elapsed() < PATIENCE, "no answer: {}", log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for CouchServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago. Below those that the system gives to clients and to whoever
/// wants any, one of which may be taken by the time the server has started, or while it is down.
fn free_port() -> u16 {
    loop {
        let any = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = 11_000 + any.local_addr().unwrap().port() % 11_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn program() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let modules = workspace.join("target/pouchdb-server/node_modules");
    let program = modules.join("pouchdb-server/bin/pouchdb-server");
    assert!(
        program.exists(),
        "pouchdb-server is not installed; cargo xtask test installs it"
    );
    program.canonicalize().unwrap()
}

fn spawn(port: u16, keeping: Keeping, folder: &Path) -> Child {
    let mut command = Command::new("node");
    command.arg(program()).current_dir(folder);
    command.args(["--host", "127.0.0.1", "--no-stdout-logs"]);
    command.args(["--port", &port.to_string()]);
    match keeping {
        Keeping::InMemory => command.arg("--in-memory"),
        Keeping::OnDisk => command.args(["--dir", "."]),
    };
    let out = File::create(folder.join("out")).unwrap();
    command.stderr(out.try_clone().unwrap()).stdout(out);
    command.stdin(Stdio::null()).spawn().unwrap()
}

fn request(to: SocketAddr, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/json\r\n"
    };
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: couch\r\nConnection: close\r\n{kind}\
         Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.get(9..12).and_then(|it| it.parse().ok());
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned());
    status
        .zip(body)
        .ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}
