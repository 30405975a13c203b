//! `countersign`: signs, sends, explains and guards HMAC-authenticated HTTP requests.

mod arguments;
mod cli;
mod client;
mod commands;
mod failure;
mod layers;
mod log;
mod output;
mod private_file;
mod server;
mod units;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(status) = commands::key_server::run_if_named(&arguments) {
        return status;
    }
    match cli::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.status().into()
        }
    }
}
