//! A `redis-server` that is killed when dropped.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// How long it may take to start, or to find its master.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    process: Child,
    port: u16,
}

/// Whether there is one to start.
pub(crate) fn installed() -> bool {
    let version = Command::new("redis-server").arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

impl Server {
    /// On a free port, with nothing persisted.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(arguments: &[&str]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            // Where a replica puts down what it has from its master.
            .arg("--dir")
            .arg(env::temp_dir())
            .args(["--dbfilename", &copy_of_master(port)])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let server = Self { process, port };
        server.until_info_says("loading:0")?;
        Ok(server)
    }

    /// # Errors
    /// When it does not start, or does not find its master.
    pub(crate) fn replica_of(master: &Self) -> Result<Self> {
        let port = master.port.to_string();
        let server = Self::start(&["--replicaof", "127.0.0.1", &port])?;
        server.until_info_says("master_link_status:up")?;
        Ok(server)
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// In bytes.
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) fn used_memory(&self) -> Result<u32> {
        let info = self.info()?;
        let used = info
            .lines()
            .find_map(|line| line.strip_prefix("used_memory:"));
        Ok(used.ok_or("no used_memory in INFO")?.trim().parse()?)
    }

    fn info(&self) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.write_all(b"INFO everything\r\nQUIT\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    fn until_info_says(&self, what: &str) -> Result<()> {
        let began = Instant::now();
        loop {
            if self.info().is_ok_and(|info| info.contains(what)) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("redis-server did not come to {what}").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    /// Both fail only when it is gone already.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // There is one only at a replica.
        let _ = fs::remove_file(env::temp_dir().join(copy_of_master(self.port)));
    }
}

fn copy_of_master(port: u16) -> String {
    format!("countersign-bench-{port}.rdb")
}
