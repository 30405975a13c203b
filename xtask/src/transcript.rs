//! What an example prints, read as a list of checks.
//!
//! An example that is ready for requests prints its address, then for each request worth trying
//! what it does with the status to expect and the command that sends it, and last of all `ready`:
//!
//! ```text
//! listening on http://127.0.0.1:3000
//! # signed request: 200
//! curl http://127.0.0.1:3000/ -H 'Auth-Key: …'
//! # no credentials: 401
//! curl http://127.0.0.1:3000/
//! ready
//! ```
//!
//! Other lines, log events for instance, may stand anywhere between. A command without a status, or
//! a status without a command, is an error: it would be a check that silently is not made.

use crate::Result;

/// One request to send, and the status it must get.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) description: String,
    pub(crate) status: u16,
    /// The printed line, starting with `curl `.
    pub(crate) command: String,
}

/// Reads the lines of one example.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    is_listening: bool,
    announced: Option<Announcement>,
    checks: Vec<Check>,
}

/// Whether to read on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    MoreToCome,
    Ready,
}

#[derive(Debug)]
struct Announcement {
    description: String,
    status: u16,
}

impl Transcript {
    /// Takes the next line, without its line feed.
    ///
    /// # Errors
    /// When the line breaks the convention.
    pub(crate) fn push(&mut self, line: &str) -> Result<Progress> {
        if line.starts_with("listening on http://") {
            self.is_listening = true;
        } else if !self.is_listening {
            // Whatever comes before the address is not for us.
        } else if line.starts_with("curl ") {
            let Announcement {
                description,
                status,
            } = self
                .announced
                .take()
                .ok_or_else(|| format!("no status is announced for `{line}`"))?;
            self.checks.push(Check {
                description,
                status,
                command: line.to_owned(),
            });
        } else if let Some(announcement) = Announcement::parse(line) {
            self.no_command_is_due()?;
            self.announced = Some(announcement);
        } else if line == "ready" {
            self.no_command_is_due()?;
            return Ok(Progress::Ready);
        }
        Ok(Progress::MoreToCome)
    }

    /// The checks, in the order they were printed.
    ///
    /// # Errors
    /// Unless at least one request is accepted and one refused: an example that shows neither would
    /// pass with its layer left out.
    pub(crate) fn into_checks(self) -> Result<Vec<Check>> {
        for status in [200, 401] {
            if self.checks.iter().all(|check| check.status != status) {
                return Err(format!("announces no request that gets {status}").into());
            }
        }
        Ok(self.checks)
    }

    fn no_command_is_due(&self) -> Result<()> {
        match &self.announced {
            Some(waiting) => Err(format!("no curl line follows `{}`", waiting.description).into()),
            None => Ok(()),
        }
    }
}

impl Announcement {
    /// `# <description>: <status>`; any other comment is not an announcement.
    fn parse(line: &str) -> Option<Self> {
        let (description, status) = line.strip_prefix("# ")?.rsplit_once(": ")?;
        let is_status = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
        is_status.then_some(())?;
        Some(Self {
            description: description.to_owned(),
            status: status.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything up to `ready`; `None` when it never comes.
    fn read(text: &str) -> Result<Option<Vec<Check>>> {
        let mut transcript = Transcript::default();
        for line in text.lines() {
            if transcript.push(line)? == Progress::Ready {
                return transcript.into_checks().map(Some);
            }
        }
        Ok(None)
    }

    fn refusal(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn each_announced_request_becomes_a_check() {
        let checks = read(
            "starting\n\
             listening on http://127.0.0.1:3000\n\
             # signed: the wiki form: 200\n\
             curl http://127.0.0.1:3000/ -H 'A: b'\n\
             # no credentials: 401\n\
             curl http://127.0.0.1:3000/\n\
             ready\n\
             # after the end: 500",
        );
        let check = |description: &str, status, command: &str| Check {
            description: description.to_owned(),
            status,
            command: command.to_owned(),
        };
        assert_eq!(
            checks.unwrap().unwrap(),
            [
                check(
                    "signed: the wiki form",
                    200,
                    "curl http://127.0.0.1:3000/ -H 'A: b'"
                ),
                check("no credentials", 401, "curl http://127.0.0.1:3000/"),
            ]
        );
    }

    #[test]
    fn log_lines_and_comments_may_stand_anywhere() {
        let checks = read(
            "listening on http://[::1]:1\n\
             # Try these:\n\
             # good: 200\n\
             INFO ready for the first request: 200\n\
             \n\
             curl a\n\
             # a port is no status: 8080\n\
             # bad: 401\n\
             curl b\n\
             ready",
        );
        assert_eq!(checks.unwrap().unwrap().len(), 2);
    }

    #[test]
    fn nothing_counts_before_the_address() {
        assert!(read("curl a\nready\n# x: 200\nready").unwrap().is_none());
    }

    #[test]
    fn a_command_without_a_status_is_refused() {
        let text = "listening on http://h\n# good: 200\ncurl a\ncurl b\nready";
        assert!(refusal(text).contains("`curl b`"));
    }

    #[test]
    fn a_status_without_a_command_is_refused() {
        let next = "listening on http://h\n# good: 200\n# bad: 401\ncurl b\nready";
        assert!(refusal(next).contains("`good`"));
        let end = "listening on http://h\n# good: 200\ncurl a\n# bad: 401\nready";
        assert!(refusal(end).contains("`bad`"));
    }

    #[test]
    fn an_example_must_show_an_accepted_and_a_refused_request() {
        let accepted = "listening on http://h\n# good: 200\ncurl a\nready";
        assert!(refusal(accepted).contains("401"));
        let refused = "listening on http://h\n# bad: 401\ncurl a\nready";
        assert!(refusal(refused).contains("200"));
    }

    #[test]
    fn a_status_is_three_digits() {
        for line in [
            "# a: 20",
            "# a: 2000",
            "# a: +20",
            "# a:200",
            "#a: 200",
            "# a: 20x",
        ] {
            assert!(Announcement::parse(line).is_none(), "{line}");
        }
    }
}
