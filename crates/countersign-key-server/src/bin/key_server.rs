//! The creds key server as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign_key_server::program::run(std::env::args_os())
}
