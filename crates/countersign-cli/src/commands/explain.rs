//! `countersign explain`

use std::path::{Path, PathBuf};

use clap::Args;
use countersign::{
    Clock as _, Comparison, Explain as Explainer, Explanation, Finding, NearMiss, Origin,
    SystemClock, Timestamp, Verdict, VisibleText,
};
use serde_json::{Value, json};

use crate::arguments::received::Received;
use crate::arguments::signing::{KeyArguments, parse_date};
use crate::arguments::standard_input;
use crate::failure::Failure;
use crate::output;

/// Find out why the signature of a request does not match
///
/// Shows the string to sign line by line, and names the one mistake that accounts for the
/// signature, if there is one. Exits with 0 when the signature matches or such a mistake is found,
/// and with 1 when nothing fits. Neither the secret nor the expected signature is ever shown.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Explain {
    #[command(flatten)]
    key: KeyArguments,

    /// A file with the HTTP/1.1 request as it was sent, head and body (- is standard input)
    #[arg(long, value_name = "FILE")]
    request: PathBuf,

    /// A file with the string to sign of the other side, to be compared
    #[arg(long, value_name = "FILE")]
    their_text: Option<PathBuf>,

    /// The URL under which clients reach the service, if not http and the Host of the request
    #[arg(long, value_name = "URL")]
    public_base_url: Option<String>,

    /// Check the time as well, as if the request came in at this one: an HTTP date, seconds since
    /// 1970, or now
    #[arg(long, value_name = "DATE")]
    at: Option<String>,

    /// Print JSON: `verdict`, `near_miss`, `sentence`, `string_to_sign`, `comparison`, `findings`
    #[arg(long)]
    json: bool,
}

const EXAMPLE: &str = "\
Examples:
  countersign explain --scheme hmac-auth --key-id test123 --secret-file secret.txt \\
      --request request.http

  # request.http holds what was sent:
  #   GET /oncall?team=iws HTTP/1.1
  #   Host: api.example.org
  #   Date: Wed, 14 Aug 2013 18:33:25 GMT
  #   HMAC-Auth: test123:WK3huYakl5VyGZLYn/akFV/zxVM";

/// The longest string to sign that is compared.
const MAX_TEXT: usize = 1 << 20;

impl Explain {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let dash = Some(Path::new("-"));
        let inputs = [Some(&*self.request), self.their_text.as_deref()];
        let dashes = inputs.iter().filter(|path| **path == dash).count();
        if dashes.saturating_add(usize::from(self.key.is_standard_input())) > 1 {
            return Err(Failure::usage(
                "standard input can be only one of --secret-file, --request and --their-text; put \
                 the others into files",
            ));
        }
        let scheme = self.key.scheme()?;
        let key = self.key.read_key()?;
        let received = Received::read(&self.request)?;
        let theirs = match &self.their_text {
            Some(path) => Some(standard_input::read(path, "--their-text", MAX_TEXT)?),
            None => None,
        };

        let mut explain = Explainer::new(&received.method, &received.target, &received.headers)
            .version(received.version)
            .body(&received.body);
        if let Some(theirs) = &theirs {
            explain = explain.their_text(theirs);
        }
        if let Some(url) = &self.public_base_url {
            let origin = Origin::public_base_url(url)
                .map_err(|error| Failure::usage(format!("--public-base-url: {error}")))?;
            explain = explain.origin(origin);
        }
        if let Some(at) = self.at()? {
            explain = explain.at(at);
        }
        let explanation = explain.against(&*scheme, &key);
        self.print(&explanation)?;
        match explanation.verdict() {
            Verdict::Matches | Verdict::NearMiss(_) => Ok(()),
            Verdict::Unreadable(refusal) => Err(Failure::failed(format!(
                "the request cannot be explained: {}",
                refusal.sentence()
            ))),
            _ => Err(Failure::failed(
                "the signature does not match, and no known mistake accounts for it",
            )),
        }
    }

    fn at(&self) -> Result<Option<Timestamp>, Failure> {
        match self.at.as_deref() {
            None => Ok(None),
            Some("now") => Ok(Some(SystemClock.now())),
            Some(date) => parse_date("--at", date).map(Some),
        }
    }

    fn print(&self, explanation: &Explanation) -> Result<(), Failure> {
        if self.json {
            return output::json(&as_json(explanation));
        }
        let text = explanation.to_string();
        let (heading, rest) = text.split_once('\n').unwrap_or((&text, ""));
        output::line(&output::Colour::of_stdout().bold(heading))?;
        output::line(rest.trim_end_matches('\n'))
    }
}

fn as_json(explanation: &Explanation) -> Value {
    let verdict = explanation.verdict();
    let refusal = match verdict {
        Verdict::Unreadable(refusal) => Some(refusal.reason().code()),
        _ => None,
    };
    json!({
        "scheme": explanation.scheme().name(),
        "verdict": verdict.code(),
        "near_miss": verdict.near_miss().map(NearMiss::code),
        "refusal": refusal,
        "sentence": verdict.sentence(),
        "string_to_sign": explanation.string_to_sign().map(VisibleText::lines),
        "comparison": explanation.comparison().map(comparison),
        "findings": explanation.findings().iter().copied().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: Finding) -> Value {
    json!({ "code": finding.code(), "sentence": finding.sentence() })
}

fn comparison(comparison: &Comparison) -> Value {
    match comparison {
        Comparison::Different(difference) => json!({
            "same": false,
            "line": difference.line(),
            "offset": difference.offset(),
            "ours": difference.ours(),
            "theirs": difference.theirs(),
            "guess": difference.guess().map(countersign::Guess::sentence),
        }),
        _ => json!({ "same": matches!(comparison, Comparison::Same) }),
    }
}
