//! `countersign curl`

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};

use crate::arguments::signing::SigningArguments;
use crate::client::{self, Answer, Client};
use crate::failure::Failure;
use crate::{output, units};

/// Sign a request, send it, and print the body of the answer
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Curl {
    #[command(flatten)]
    signing: SigningArguments,

    /// Print the head of the answer too
    #[arg(short, long)]
    include: bool,

    /// Print the answer as JSON: `status`, `headers`, and `body` or, if it is no text, `body_base64`
    #[arg(long, conflicts_with = "include")]
    json: bool,

    /// Trust the certificates in this PEM file instead of the public authorities
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// How long connecting may take, and then waiting for the answer to begin
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = units::duration)]
    timeout: Duration,

    /// Exit with 1 if the status is 400 or more (401 and 403 always exit with 3)
    #[arg(short, long)]
    fail: bool,
}

const EXAMPLE: &str = "\
Redirects are not followed: what was signed is where it goes.

Examples:
  countersign curl --scheme auth-key --key-id test123 --secret-file secret.txt \\
      GET 'http://127.0.0.1:8000/users?page=2'

  countersign curl -i --scheme mac --key-id test123 --secret-file secret.txt \\
      -H 'Content-Type: application/json' -d @note.json POST https://api.example.org/notes";

impl Curl {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let client = Client::new(self.cacert.as_deref(), self.timeout)?;
        let signed = self.signing.sign()?;
        client::block_on(async {
            let answer = client.send(signed.request).await?;
            let status = answer.status();
            self.print(answer).await?;
            self.judge(status)
        })
    }

    async fn print(&self, answer: Answer) -> Result<(), Failure> {
        let (head, mut body) = answer.into_parts();
        if self.json {
            let body = client::collect(body).await?;
            return output::json(&as_json(head.status, &head.headers, &body));
        }
        if self.include {
            let reason = head.status.canonical_reason().unwrap_or_default();
            output::line(&format!(
                "{:?} {} {reason}",
                head.version,
                head.status.as_u16()
            ))?;
            for (name, value) in &head.headers {
                let value = String::from_utf8_lossy(value.as_bytes());
                output::line(&format!("{name}: {value}"))?;
            }
            output::line("")?;
        }
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| client::broken_off(&error))?;
            if let Some(data) = frame.data_ref() {
                output::bytes(data)?;
            }
        }
        Ok(())
    }

    fn judge(&self, status: StatusCode) -> Result<(), Failure> {
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(Failure::refused(format!(
                "the server refused the request: {status}"
            )));
        }
        if self.fail && status.as_u16() >= 400 {
            return Err(Failure::failed(format!("the server answered {status}")));
        }
        Ok(())
    }
}

fn as_json(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Value {
    let mut shown = json!({
        "status": status.as_u16(),
        "headers": headers_as_json(headers),
    });
    let (key, value) = match std::str::from_utf8(body) {
        Ok(text) => ("body", text.to_owned()),
        Err(_) => ("body_base64", STANDARD.encode(body)),
    };
    if let Some(object) = shown.as_object_mut() {
        object.insert(key.to_owned(), value.into());
    }
    shown
}

/// An object of names and values; those of one name are joined as RFC 9110 §5.3 says.
pub(crate) fn headers_as_json(headers: &HeaderMap) -> Map<String, Value> {
    let joined = |name| {
        let values = headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        values.collect::<Vec<_>>().join(", ")
    };
    headers
        .keys()
        .map(|name| (name.to_string(), joined(name).into()))
        .collect()
}
