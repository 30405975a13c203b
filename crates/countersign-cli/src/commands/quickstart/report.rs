//! What came back, as a table or as JSON.

use serde_json::{Value, json};

use super::trial::{Kind, Outcome};
use crate::failure::Failure;
use crate::output::{self, Colour};

const WIDTHS: [usize; 4] = [18, 8, 27, 22];

/// Prints a line for each scheme.
pub(super) fn print(outcomes: &[Outcome]) -> Result<(), Failure> {
    let colour = Colour::of_stdout();
    let [first, ..] = WIDTHS;
    let kinds = Kind::ALL.map(|kind| format!("{:1$}", kind.name(), width(kind)));
    let heading = format!("{:first$}{}", "scheme", kinds.concat());
    output::line("")?;
    output::line(&colour.bold(heading.trim_end()))?;
    for row in outcomes.chunks(Kind::ALL.len()) {
        let Some(scheme) = row.first().map(|outcome| outcome.scheme) else {
            continue;
        };
        let mut line = format!("{:first$}", scheme.name());
        for outcome in row {
            let mark = if outcome.is_expected() { "✓" } else { "✗" };
            let text = format!("{mark} {}", outcome.shown());
            let text = format!("{text:0$}", width(outcome.kind));
            line.push_str(&if outcome.is_expected() {
                colour.green(&text)
            } else {
                colour.red(&text)
            });
        }
        output::line(line.trim_end())?;
    }
    let unexpected = outcomes
        .iter()
        .filter(|outcome| !outcome.is_expected())
        .count();
    let (summary, total) = (outcomes.len().saturating_sub(unexpected), outcomes.len());
    output::line("")?;
    output::line(&format!(
        "{summary} of {total} outcomes as expected. basic sends its secret and signs nothing: a \
         replay passes, and only TLS protects it."
    ))
}

/// All of it for a machine.
pub(super) fn as_json(url: &str, outcomes: &[Outcome]) -> Value {
    let results: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "scheme": outcome.scheme.name(),
                "request": outcome.kind.name(),
                "status": outcome.status.as_u16(),
                "code": outcome.code,
                "expected": outcome.is_expected(),
            })
        })
        .collect();
    json!({ "listening": url, "results": results })
}

const fn width(kind: Kind) -> usize {
    let [_, good, tampered, replayed] = WIDTHS;
    match kind {
        Kind::Good => good,
        Kind::Tampered => tampered,
        Kind::Replayed => replayed,
    }
}
