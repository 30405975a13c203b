//! `countersign`: signs, sends, explains and guards HMAC-authenticated HTTP requests.

mod arguments;
mod cli;
mod client;
mod commands;
mod failure;
mod layers;
mod log;
mod output;
mod server;
mod units;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.status().into()
        }
    }
}
