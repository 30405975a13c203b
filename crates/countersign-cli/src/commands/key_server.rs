//! `countersign key-server`, which is the program `key_server`.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// The name of the subcommand.
const NAME: &str = "key-server";

/// Run the creds key server, or look after its store: the same program as `key_server`
///
/// `countersign key-server --help` shows what it takes.
#[derive(Args, Clone, Debug)]
#[command(
    disable_help_flag = true,
    after_help = "\
Examples:
  countersign key-server --listen 127.0.0.1:8070 --key-store sqlite:creds.db
  countersign key-server token create --scope lookup"
)]
pub(crate) struct KeyServer {
    /// What the key server takes
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl KeyServer {
    /// Only reached with something before the name of the subcommand.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let arguments = self.arguments.len();
        Err(Failure::usage(format!(
            "put everything after the word {NAME}, its {arguments} arguments and those before it; \
             the key server has a --config and a --print-config of its own"
        )))
    }
}

/// Runs the key server if the arguments begin with its name. It reads its settings by itself,
/// from the same places as `key_server` does.
pub(crate) fn run_if_named(arguments: &[OsString]) -> Option<ExitCode> {
    let (program, rest) = arguments.split_first()?;
    let (name, rest) = rest.split_first()?;
    let own = || std::iter::once(program).chain(rest).cloned();
    (name == NAME).then(|| countersign_key_server::program::run(own()))
}
