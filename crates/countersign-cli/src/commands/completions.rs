//! `countersign completions`

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use crate::failure::Failure;
use crate::output;

/// Print a completion script for a shell
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  countersign completions bash > /etc/bash_completion.d/countersign")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, mut command: Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut command, "countersign", &mut script);
        output::bytes(&script)
    }
}
