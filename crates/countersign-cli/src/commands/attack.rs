//! `countersign attack`

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use countersign::{Scheme, SchemeId};
use countersign_attack::{
    Attack as Run, BoxFuture, Catalogue, Connect, Received, Scorecard, Stream, Strictness,
};
use http::Uri;

use crate::arguments::request::parse_url;
use crate::arguments::signing::KeyArguments;
use crate::client::{self, Client};
use crate::failure::Failure;
use crate::{output, units};

/// Send the catalogue of bad requests to a service, and show which of them it treats wrongly
///
/// First a good request is sent, which must be accepted. Every request goes over a connection of
/// its own, byte for byte as the catalogue says.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Attack {
    #[command(flatten)]
    key: KeyArguments,

    /// Run only the cases with these numbers, as in 81,82
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    only: Vec<u16>,

    /// Show the cases for the scheme instead of sending them
    #[arg(long)]
    list: bool,

    /// Show the scorecard as JSON
    #[arg(long)]
    json: bool,

    /// Demand the statuses and codes of countersign from whatever server answers
    #[arg(long)]
    strict: bool,

    /// Trust the certificates in this PEM file instead of the public authorities
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// How long connecting and the answer to one request may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = units::duration)]
    timeout: Duration,

    /// The URL of something that answers a good GET request with 2xx
    #[arg(value_name = "URL", required_unless_present = "list")]
    url: Option<String>,
}

const EXAMPLE: &str = "\
Only attack what is yours, or what you were asked to. Good requests are sent too: GET and POST
requests to the URL, and to paths under it.

A server that is not of countersign passes a case when it refuses the request with any 4xx, or
closes the connection. Exit status: 1 if there was a miss.

Example:
  countersign attack --scheme auth-key --key-id test123 --secret-file secret.txt \\
      http://127.0.0.1:8000/";

impl Attack {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let invalid = |error: &dyn std::fmt::Display| Failure::failed(error.to_string());
        let mut catalogue = Catalogue::requests().map_err(|error| invalid(&error))?;
        if !self.only.is_empty() {
            catalogue = catalogue.only(&self.only);
        }
        let scheme: Arc<dyn Scheme> = self.key.scheme()?.into();
        if self.list {
            return list(&catalogue, scheme.id());
        }
        let url = parse_url(self.url.as_deref().unwrap_or_default())?;
        let strictness = if self.strict {
            Strictness::Exact
        } else {
            Strictness::Lenient
        };
        let attack = Run::new(scheme, self.key.read_key()?, &url)
            .map_err(|error| Failure::usage(error.to_string()))?
            .strictness(strictness)
            .timeout(self.timeout);
        let connector = Connector {
            client: Client::new(self.cacert.as_deref(), self.timeout)?,
            url,
        };
        client::block_on(async {
            probe(&attack, &connector).await?;
            let scorecard = attack.run(&catalogue, &connector).await;
            if self.json {
                output::line(&scorecard.to_json())?;
            } else {
                output::line(&scorecard.to_string())?;
            }
            judge(&scorecard)
        })
    }
}

fn list(catalogue: &Catalogue, scheme: SchemeId) -> Result<(), Failure> {
    for case in catalogue.cases() {
        if case.is_for(scheme) {
            let expected: Vec<_> = case.expect.iter().map(ToString::to_string).collect();
            output::line(&format!(
                "{:<28} {} -> {}",
                case.id,
                case.what,
                expected.join(" or ")
            ))?;
        }
    }
    Ok(())
}

/// Sends one good request: when it is not accepted, refusals of bad ones say nothing.
async fn probe(attack: &Run, connector: &Connector) -> Result<(), Failure> {
    let received = attack.probe(connector).await;
    let received = received.map_err(|error| Failure::usage(error.to_string()))?;
    let answer = match received {
        Received::Answer(answer) => answer,
        Received::Unreachable(why) => {
            return Err(Failure::unreachable(format!(
                "{} cannot be reached: {why}",
                connector.url
            )));
        }
        _ => {
            return Err(Failure::unreachable(format!(
                "{} gave no answer to a good request",
                connector.url
            )));
        }
    };
    match answer.status {
        200..=399 => Ok(()),
        401 | 403 => {
            let code = answer.code().unwrap_or_default();
            Err(Failure::refused(format!(
                "the server refused a good request: {} {code}",
                answer.status
            )))
        }
        status => Err(Failure::failed(format!(
            "the server answered a good request with {status}; give a URL that answers GET with 2xx"
        ))),
    }
}

fn judge(scorecard: &Scorecard) -> Result<(), Failure> {
    match scorecard.counts() {
        [0, 0, _] => Err(Failure::failed("no case was run")),
        [_, 0, _] => Ok(()),
        [_, 1, _] => Err(Failure::failed("one case was missed")),
        [_, missed, _] => Err(Failure::failed(format!("{missed} cases were missed"))),
    }
}

#[derive(Debug)]
struct Connector {
    client: Client,
    url: Uri,
}

impl Connect for Connector {
    fn connect(&self) -> BoxFuture<'_, io::Result<Box<dyn Stream>>> {
        Box::pin(async {
            let connection = self.client.connect(&self.url).await?;
            Ok(Box::new(connection) as Box<dyn Stream>)
        })
    }
}
