//! Lines for syslog, as RFC 3164 has them and as daemons take them on their Unix socket.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// The facility of daemons, times 8.
const DAEMON: u8 = 3 << 3;

/// The longest line: RFC 3164, section 4.1.
const MAX_LINE: usize = 1024;

/// A Unix socket that syslog reads.
#[derive(Clone, Debug)]
pub(super) struct Syslog {
    socket: Arc<UnixDatagram>,
    path: Arc<PathBuf>,
}

impl Syslog {
    /// # Errors
    /// When nobody reads at `path`.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        UnixDatagram::unbound()?.connect(path)?;
        let socket = UnixDatagram::unbound()?;
        // A syslog that does not keep up loses lines; it does not stop the server.
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: Arc::new(socket),
            path: Arc::new(path.to_owned()),
        })
    }
}

impl<'a> MakeWriter<'a> for Syslog {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            syslog: self,
            severity: 6,
        }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        let severity = match *metadata.level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        Line {
            syslog: self,
            severity,
        }
    }
}

/// Writes each text it is given as one line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    syslog: &'a Syslog,
    severity: u8,
}

impl io::Write for Line<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let line = line(DAEMON | self.severity, Timestamp::now(), text);
        // The socket is named each time, so that a syslog that was started again is found. There
        // is nowhere to report that it is gone.
        let _ = self.syslog.socket.send_to(&line, &*self.syslog.path);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The time is in UTC, since what the local one is cannot be told without a database of zones.
fn line(priority: u8, now: Timestamp, text: &[u8]) -> Vec<u8> {
    let now = now.to_zoned(jiff::tz::TimeZone::UTC);
    let process = std::process::id();
    let mut line = format!(
        "<{priority}>{} key_server[{process}]: ",
        now.strftime("%b %e %H:%M:%S")
    );
    for character in String::from_utf8_lossy(text).trim_end().chars() {
        if line.len().saturating_add(character.len_utf8()) > MAX_LINE {
            break;
        }
        line.push(if character.is_control() {
            ' '
        } else {
            character
        });
    }
    line.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_priority_time_and_name_and_is_one_line_of_bounded_length() {
        let time = Timestamp::from_second(1_767_323_045).unwrap();
        let text = String::from_utf8(line(27, time, b"first\nsecond\n")).unwrap();
        let expected = format!(
            "<27>Jan  2 03:04:05 key_server[{}]: first second",
            std::process::id()
        );
        assert_eq!(text, expected);
        let long = line(30, time, "\u{e9}".repeat(2000).as_bytes());
        assert!((1023..=1024).contains(&long.len()), "{}", long.len());
    }
}
