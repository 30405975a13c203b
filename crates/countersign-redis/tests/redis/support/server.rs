//! A server of one's own: on a free port, in a folder of its own, killed when dropped.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::wait_until;

/// A `redis-server`.
pub(crate) struct Server {
    process: Option<Child>,
    port: u16,
    arguments: Vec<String>,
    configuration: bool,
    folder: TempDir,
}

impl Server {
    /// With nothing persisted, and nothing but the defaults.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With these arguments too.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self::on_free_port(|_| (arguments.iter().map(ToString::to_string).collect(), None))
    }

    /// A sentinel, with the configuration that a port gives. It writes to it.
    pub(crate) fn sentinel(configuration: impl Fn(u16) -> String) -> Self {
        Self::on_free_port(|port| (Vec::new(), Some(configuration(port))))
    }

    fn on_free_port(settings: impl Fn(u16) -> (Vec<String>, Option<String>)) -> Self {
        loop {
            let port = free_port();
            let (arguments, configuration) = settings(port);
            let mut server = Self {
                process: None,
                port,
                arguments,
                configuration: configuration.is_some(),
                folder: tempfile::tempdir().unwrap(),
            };
            if let Some(configuration) = configuration {
                std::fs::write(server.path("sentinel.conf"), configuration).unwrap();
            }
            // Somebody else may have taken the port meanwhile.
            if server.try_start() {
                return server;
            }
        }
    }

    /// Starts it on the same port, in the same folder. What was in memory only is gone.
    pub(crate) fn start_again(&mut self) {
        self.kill();
        assert!(self.try_start());
    }

    fn try_start(&mut self) -> bool {
        let path = self.path("log");
        let log = File::create(&path).unwrap();
        let mut command = Command::new("redis-server");
        if self.configuration {
            command.arg(self.path("sentinel.conf")).arg("--sentinel");
        } else {
            let over_tls = self
                .arguments
                .iter()
                .any(|argument| argument == "--tls-cert-file");
            let flag = if over_tls { "--tls-port" } else { "--port" };
            command.args([flag, &self.port.to_string()]);
            if over_tls {
                command.args(["--port", "0"]);
            }
            command
                .args(["--save", "", "--appendonly", "no"])
                .args(&self.arguments);
        }
        let mut process = command
            .args(["--bind", "127.0.0.1", "--dir"])
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("redis-server is installed");
        let mut up = false;
        wait_until("redis-server starts or ends", || {
            let log = std::fs::read_to_string(&path).unwrap();
            up = log.contains("Ready to accept connections") || log.contains("+monitor master");
            up || process.try_wait().unwrap().is_some()
        });
        self.process = Some(process);
        up
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `redis-cli` prints for a command.
    pub(crate) fn ask(&self, command: &[&str]) -> String {
        ask(self.port, command)
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Lets it hang: it accepts connections, and does nothing.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.process.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// The number that `INFO` gives for `field`.
    pub(crate) fn figure(&self, field: &str) -> i64 {
        let info = self.ask(&["INFO", "everything"]);
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{field}:")));
        line.unwrap().trim().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What `redis-cli` prints for a command to the server on `port`.
pub(crate) fn ask(port: u16, command: &[&str]) -> String {
    let asked = Command::new("redis-cli")
        .args(["-h", "127.0.0.1", "-p", &port.to_string()])
        .args(command)
        .output()
        .expect("redis-cli is installed");
    String::from_utf8(asked.stdout).unwrap()
}

/// A port that was free a moment ago, with a free one 10,000 above it, where nodes of a cluster
/// talk to each other.
fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // Below the ports that the system gives to clients, one of which may be taken by then.
        let port = 11_000 + port % 11_000;
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free(port) && free(port + 10_000) {
            return port;
        }
    }
}
