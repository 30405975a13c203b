//! Logs, which go to standard error.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::output::Colour;

/// How logs are written.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs")]
pub(crate) struct LogArguments {
    /// How logs are written to standard error
    ///
    /// How much is said is up to the variable `RUST_LOG`, as in `RUST_LOG=countersign=debug`.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for people.
    Text,
    /// An object for machines.
    Json,
}

impl LogArguments {
    /// Starts logging; `RUST_LOG` decides what, or else `default`.
    pub(crate) fn start(&self, default: &str) -> Result<(), Failure> {
        let filter = match std::env::var("RUST_LOG") {
            Ok(text) if !text.is_empty() => text,
            _ => default.to_owned(),
        };
        let filter = EnvFilter::try_new(&filter).map_err(|error| {
            let fix =
                format!("{error}; use a level (error, warn, info, debug, trace) or target=level");
            Failure::unusable("RUST_LOG", &filter, fix)
        })?;
        let logs = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(Colour::of_stderr() == Colour::Ansi);
        let started = match self.log_format {
            Format::Text => logs.try_init(),
            Format::Json => logs.json().try_init(),
        };
        started.map_err(|error| Failure::failed(format!("logs cannot be written: {error}")))
    }
}
