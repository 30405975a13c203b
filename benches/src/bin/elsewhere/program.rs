//! A server that is not ours, as a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use countersign_benches::Result;
use countersign_benches::child::ticks_of;

/// How long it may take to listen: it reads a hundred thousand keys first.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that is killed when dropped.
#[derive(Debug)]
pub(crate) struct Program {
    process: Child,
    address: SocketAddr,
}

impl Program {
    /// Starts one that will listen at `address`, and waits until it does.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn at(address: SocketAddr, name: &str, arguments: &[&str]) -> Result<Self> {
        let process = Command::new(name).args(arguments).spawn()?;
        let mut program = Self { process, address };
        let end = Instant::now()
            .checked_add(PATIENCE)
            .ok_or("a clock at its end")?;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = program.process.try_wait()? {
                return Err(format!("{name} ended with {status}").into());
            }
            if Instant::now() > end {
                return Err(format!("{name} does not listen").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(program)
    }

    /// Starts one that says in its first line where it listens, and ends with its input.
    ///
    /// # Errors
    /// When it says something else.
    pub(crate) fn that_tells(name: &str, arguments: &[&str]) -> Result<Self> {
        let mut process = Command::new(name)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().ok_or("a process without output")?;
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let address = line.trim().parse();
        if let (Ok(_), Ok(address)) = (read, address) {
            return Ok(Self { process, address });
        }
        // Gone already, if these fail.
        let _ = process.kill();
        let _ = process.wait();
        Err(format!("{name} does not say where it listens").into())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time it has run on a processor, in ticks of 10 ms.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(crate) fn cpu_ticks(&self) -> Result<u32> {
        ticks_of(self.process.id())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Gone already, if these fail.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether `name` can be started.
pub(crate) fn is_there(name: &str) -> bool {
    let quiet = Command::new(name)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

/// A folder that goes with its owner.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) std::path::PathBuf);

impl Folder {
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn new(what: &str) -> Result<Self> {
        let name = format!("countersign-elsewhere-{what}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// Its path.
    ///
    /// # Errors
    /// When that is no text.
    pub(crate) fn text(&self) -> Result<String> {
        Ok(self.0.to_str().ok_or("a folder of text")?.to_owned())
    }

    /// Writes a file into it; where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<String> {
        let path = self.0.join(name);
        fs::write(&path, text)?;
        Ok(path.to_str().ok_or("a file of text")?.to_owned())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is temporary anyway.
        let _ = fs::remove_dir_all(&self.0);
    }
}
