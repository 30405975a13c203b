//! An example as a running process: started, read until it is ready, and asked to stop.
//!
//! Nothing here waits without a limit, and however a function returns, the process is gone after it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::command::{self, shell};
use crate::transcript::{Check, Progress, Transcript};

/// A process that is killed when dropped.
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
}

impl Server {
    /// Starts an example on a free port of the loopback interface.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(executable: &Path) -> Result<Self> {
        Self::spawn(Command::new(executable).args(["--listen", "127.0.0.1:0"]))
    }

    /// Reads what the example prints until it says that it is ready.
    ///
    /// # Errors
    /// When that takes longer than `limit`, the process ends, or the lines break the convention.
    pub(crate) fn checks(&self, limit: Duration) -> Result<Vec<Check>> {
        let started = Instant::now();
        let mut transcript = Transcript::default();
        loop {
            let line = match self
                .lines
                .recv_timeout(limit.saturating_sub(started.elapsed()))
            {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("not `ready` within {} s", limit.as_secs()).into());
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err("its output ended before `ready`".into());
                }
            };
            if transcript.push(&line)? == Progress::Ready {
                return transcript.into_checks();
            }
        }
    }

    /// Sends SIGTERM and waits for the process to end by itself, with success.
    ///
    /// # Errors
    /// When it takes longer than `limit` or ends with anything but success.
    pub(crate) fn stop(mut self, limit: Duration) -> Result<()> {
        // The shell's own `kill`: a minimal system has no program of that name.
        let pid = self.child.id();
        command::output_of(&mut shell(&format!("kill -TERM {pid}")))?;
        match self.wait(limit)? {
            None => Err(format!("still running {} s after SIGTERM", limit.as_secs()).into()),
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("ended with {status} after SIGTERM").into()),
        }
    }

    fn spawn(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child
            .stdout
            .take()
            .ok_or("the example has no standard output")?;
        let (sender, lines) = mpsc::channel();
        // Reads to the end, also when nobody listens any more, or a talkative example would block.
        thread::spawn(move || {
            for line in BufReader::new(stdout)
                .lines()
                .map_while(std::result::Result::ok)
            {
                let _ = sender.send(line);
            }
        });
        Ok(Self { child, lines })
    }

    fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let started = Instant::now();
        while started.elapsed() < limit {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(None)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the process is gone already, which is what they are for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);
    const SHORT: Duration = Duration::from_millis(200);

    const PRINT: &str = "printf '%s\n' 'listening on http://h' '# a: 200' 'curl a' '# b: 401' \
                         'curl b' ready;";

    fn server(script: &str) -> Server {
        Server::spawn(&mut shell(script)).unwrap()
    }

    /// Short sleeps: a shell acts on a signal only between its commands.
    fn serving(on_term: &str) -> Server {
        server(&format!(
            "trap '{on_term}' TERM; {PRINT} while :; do sleep 0.05; done"
        ))
    }

    #[test]
    fn a_well_behaved_example_is_read_and_stops_when_asked() {
        let server = serving("exit 0");
        assert_eq!(server.checks(LIMIT).unwrap().len(), 2);
        server.stop(LIMIT).unwrap();
    }

    #[test]
    fn an_example_that_never_becomes_ready_times_out() {
        let server = server("echo 'listening on http://h'; exec sleep 60");
        let error = server.checks(SHORT).unwrap_err().to_string();
        assert!(error.contains("not `ready`"), "{error}");
    }

    #[test]
    fn an_example_that_ends_early_is_an_error() {
        let error = server("echo 'listening on http://h'")
            .checks(LIMIT)
            .unwrap_err()
            .to_string();
        assert!(error.contains("ended before"), "{error}");
    }

    #[test]
    fn an_example_that_fails_on_its_way_out_is_an_error() {
        let server = serving("exit 3");
        server.checks(LIMIT).unwrap();
        assert!(
            server
                .stop(LIMIT)
                .unwrap_err()
                .to_string()
                .contains("after SIGTERM")
        );
    }

    #[test]
    fn an_example_that_ignores_the_signal_is_an_error_and_is_killed() {
        let server = serving("");
        server.checks(LIMIT).unwrap();
        let pid = server.child.id();
        let error = server.stop(SHORT).unwrap_err().to_string();
        assert!(error.contains("still running"), "{error}");
        assert!(!command::succeeds(&mut shell(&format!("kill -0 {pid}"))));
    }
}
