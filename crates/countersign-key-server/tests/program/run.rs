//! Running the program.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Standard output of a run that succeeded.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.stdout
    }

    /// What a run that failed with this status said.
    #[track_caller]
    pub(crate) fn failure(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        self.stderr
    }
}

/// A run in the making.
#[derive(Debug)]
pub(crate) struct Run {
    command: Command,
}

/// Runs the program in `folder` with these arguments.
pub(crate) fn key_server<A: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Run {
    run(
        Command::new(env!("CARGO_BIN_EXE_key_server")),
        folder,
        arguments,
    )
}

/// Runs the program in `folder`; it can write no more than `kib` KiB into any file.
pub(crate) fn key_server_with_full_disk(folder: &Path, kib: u64, arguments: &[&str]) -> Run {
    let mut command = Command::new("bash");
    command
        .arg("-c")
        .arg(format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\""));
    command.arg(env!("CARGO_BIN_EXE_key_server"));
    run(command, folder, arguments)
}

fn run<A: AsRef<OsStr>>(
    mut command: Command,
    folder: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Run {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("COUNTERSIGN_") || name == "RUST_LOG" {
            command.env_remove(&*name);
        }
    }
    command.current_dir(folder).args(arguments);
    Run { command }
}

impl Run {
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it as this user.
    pub(crate) fn user(mut self, user: u32) -> Self {
        std::os::unix::process::CommandExt::uid(&mut self.command, user);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Ran {
        let output = self
            .command
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    pub(crate) fn spawn(mut self) -> Child {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// Starts it as a server and waits until it listens.
    #[track_caller]
    pub(crate) fn serve(self) -> Server {
        let mut child = self.spawn();
        let stderr = Arc::new(Mutex::new(String::new()));
        let lines = BufReader::new(child.stderr.take().expect("piped"));
        let reader = std::thread::spawn({
            let stderr = Arc::clone(&stderr);
            move || {
                for line in lines.lines().map_while(Result::ok) {
                    let mut text = stderr.lock().unwrap();
                    text.push_str(&line);
                    text.push('\n');
                }
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("text");
        let Some(url) = line.trim_end().strip_prefix("listening on ") else {
            let status = child.wait().expect("it ends");
            reader.join().unwrap();
            let stderr = stderr.lock().unwrap();
            panic!("{line:?} instead of where it listens; {status}: {stderr}");
        };
        Server {
            url: url.to_owned(),
            child,
            stdout,
            stderr,
            reader: Some(reader),
        }
    }
}

/// A running server, killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    url: String,
}

impl Server {
    /// Where it listens, as it says itself.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let (_, address) = self.url.split_once("://").expect("a URL");
        address.parse().expect("an address")
    }

    /// What it has said on standard error until now.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Sends it SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let kill = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(kill.expect("kill runs").success());
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Ran {
        let status = self.wait();
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).expect("text");
        self.reader.take().expect("once").join().unwrap();
        Ran {
            status: status.code(),
            stdout,
            stderr: self.stderr(),
        }
    }

    /// Sends it SIGTERM and waits for its end.
    #[track_caller]
    pub(crate) fn stop(self) -> Ran {
        self.terminate();
        self.ended()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return status;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "it does not end: {}",
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not after a minute");
        std::thread::sleep(Duration::from_millis(10));
    }
}
