//! A plain HTTP/1.1 client, and the real curl.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use serde_json::Value;

use crate::run::PATIENCE;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    token: Option<String>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            host: address.to_string(),
            token: None,
        })
    }

    pub(crate) fn token(mut self, token: &str) -> Self {
        self.token = Some(token.trim().to_owned());
        self
    }

    /// Calls the server by this name.
    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        self.write(method, path, body)?;
        self.read()
    }

    pub(crate) fn write(&mut self, method: &str, path: &str, body: &str) -> io::Result<()> {
        let message = self.message(method, path, body);
        self.stream.get_mut().write_all(message.as_bytes())
    }

    pub(crate) fn write_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub(crate) fn message(&self, method: &str, path: &str, body: &str) -> String {
        let (host, length) = (&self.host, body.len());
        let token = match &self.token {
            Some(token) => format!("Authorization: Bearer {token}\r\n"),
            None => String::new(),
        };
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/json; charset=utf-8\r\n"
        };
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{token}{kind}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    /// Whether a part of an answer is there.
    pub(crate) fn has_answer(&self) -> bool {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true).unwrap();
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false).unwrap();
        peeked.is_ok()
    }

    pub(crate) fn read(&mut self) -> io::Result<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let named = name.eq_ignore_ascii_case("content-length");
            named.then(|| value.trim().parse::<usize>().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body)?;
        Ok(Answer {
            status: status.ok_or(io::ErrorKind::InvalidData)?,
            head,
            body: String::from_utf8(body).map_err(|_| io::ErrorKind::InvalidData)?,
        })
    }
}

/// Sends one request by a connection of its own.
#[track_caller]
pub(crate) fn send(address: SocketAddr, method: &str, path: &str, body: &str) -> Answer {
    let mut client = Client::connect(address).expect("it listens");
    client.send(method, path, body).expect("it answers")
}

#[track_caller]
pub(crate) fn send_as(
    address: SocketAddr,
    token: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Answer {
    let mut client = Client::connect(address).expect("it listens").token(token);
    client.send(method, path, body).expect("it answers")
}

/// What curl prints for these arguments.
#[track_caller]
pub(crate) fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .args(arguments)
        .output()
        .expect("curl is installed");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs a line of a shell, as somebody who pastes it.
#[track_caller]
pub(crate) fn shell(line: &str) -> String {
    let output = Command::new("sh")
        .arg("-c")
        .arg(line)
        .output()
        .expect("there is a shell");
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The id in a body, whatever its scheme.
#[track_caller]
pub(crate) fn id_of(credential: &Value) -> String {
    let href = credential["links"]["self"]["href"]
        .as_str()
        .expect("a link");
    href.rsplit('/').next().expect("a path").to_owned()
}

pub(crate) fn create_body(principal: &str, scheme: &str) -> String {
    format!(r#"{{"principal":"{principal}","auth_scheme":"{scheme}"}}"#)
}
