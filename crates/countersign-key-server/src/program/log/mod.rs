//! Where logs go: to standard error or a file, and to syslog if asked for.

mod syslog;

use std::fs::OpenOptions;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use tracing_subscriber::fmt::format::{DefaultFields, Format};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use self::syslog::Syslog;
use super::arguments::{LogArguments, LogFormat, LogLevel};
use super::failure::Failure;

/// Starts logging.
pub(super) fn start(arguments: &LogArguments) -> Result<(), Failure> {
    let syslog = match &arguments.syslog {
        Some(path) => {
            let socket = Syslog::open(path).map_err(|error| {
                Failure::unusable(
                    "--syslog",
                    &path.display().to_string(),
                    format!("{error}; give the Unix socket of a running syslog, usually /dev/log"),
                )
            })?;
            let layer = tracing_subscriber::fmt::layer()
                .without_time()
                .with_level(false)
                .with_ansi(false)
                .with_writer(socket);
            Some(layer)
        }
        None => None,
    };
    tracing_subscriber::registry()
        .with(filter(arguments.log_level)?)
        .with(lines(arguments)?)
        .with(syslog)
        .try_init()
        .map_err(|error| Failure::failed(format!("logs cannot be written: {error}")))
}

fn lines(arguments: &LogArguments) -> Result<Box<dyn Layer<Filtered> + Send + Sync>, Failure> {
    let (writer, ansi) = if let Some(path) = &arguments.logfile {
        (BoxMakeWriter::new(Arc::new(open(path)?)), false)
    } else {
        let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        (BoxMakeWriter::new(std::io::stderr), colours)
    };
    let layer: tracing_subscriber::fmt::Layer<Filtered, DefaultFields, Format, BoxMakeWriter> =
        tracing_subscriber::fmt::layer()
            .with_ansi(ansi)
            .with_writer(writer);
    Ok(match arguments.log_format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().boxed(),
    })
}

type Filtered = tracing_subscriber::layer::Layered<EnvFilter, Registry>;

fn open(path: &Path) -> Result<std::fs::File, Failure> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    // Logs name ids and principals.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        let name = path.display().to_string();
        Failure::unusable(
            "--logfile",
            &name,
            format!("{error}; give a file that can be written"),
        )
    })
}

fn filter(level: Option<LogLevel>) -> Result<EnvFilter, Failure> {
    let variable = std::env::var("RUST_LOG").ok().filter(|it| !it.is_empty());
    let text = match (level, variable) {
        (Some(level), _) => directive(level).to_owned(),
        (None, Some(text)) => text,
        (None, None) => directive(LogLevel::Info).to_owned(),
    };
    EnvFilter::try_new(&text).map_err(|error| {
        let fix = format!("{error}; use a level (error, warn, info, debug, trace) or target=level");
        Failure::unusable("RUST_LOG", &text, fix)
    })
}

const fn directive(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warning => "warn",
        LogLevel::Error => "error",
        LogLevel::Off => "off",
    }
}
