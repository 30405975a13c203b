//! The program `key_server`, as a function that other programs can offer too.

mod address;
mod arguments;
mod failure;
mod log;
mod serve;
mod settings;
mod store;
mod task;
mod units;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use self::arguments::Arguments;
use self::failure::{Failure, Status};
use self::settings::Settled;

/// Runs the program with these arguments, the first of which is its name. Returns when a server is
/// told to stop by SIGTERM or SIGINT.
///
/// Settings come also from variables `COUNTERSIGN_<OPTION>` of the process and from the file of
/// `--config`. Logging and the recorder of metrics of the process are set up. The status is 0
/// when it is done, 1 when it failed, and 2 when the arguments or settings are unusable.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match settings::settle(&arguments).and_then(dispatch) {
        Ok(status) => status,
        Err(failure) => {
            // There is nowhere left to report that standard error is closed.
            let mut stderr = std::io::stderr();
            let _ = writeln!(stderr, "key_server: {failure}");
            if failure.status() == Status::Usage {
                let usage = command().render_usage();
                let _ = writeln!(stderr, "{usage}; --help shows what is possible");
            }
            failure.status().into()
        }
    }
}

/// What the program takes, for help, manuals and completions.
pub fn command() -> clap::Command {
    settings::command()
}

fn dispatch(settled: Settled) -> Result<ExitCode, Failure> {
    match settled {
        Settled::Run(arguments, note) => start(*arguments, note).map(|()| ExitCode::SUCCESS),
        Settled::Print(text) => print(&text).map(|()| ExitCode::SUCCESS),
        Settled::Show(error) => {
            // There is nowhere left to report that standard error is closed.
            let _ = error.print();
            if error.use_stderr() && !error.render().to_string().contains("Usage: ") {
                let _ = writeln!(std::io::stderr(), "{}", command().render_usage());
            }
            Ok(u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from))
        }
    }
}

fn start(arguments: Arguments, note: Option<&str>) -> Result<(), Failure> {
    log::start(&arguments.log)?;
    if let Some(note) = note {
        tracing::warn!("{note}");
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the runtime cannot start: {error}")))?
        .block_on(async {
            match &arguments.command {
                Some(task) => task::run(task, &arguments.store).await,
                None => serve::run(arguments).await,
            }
        })
}

/// Writes to standard output, which others read: that it is closed is a failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::failed(format!("standard output cannot be written: {error}")))
}
