//! `countersign man`

use clap::{Args, Command};
use clap_mangen::Man as Page;

use crate::failure::Failure;
use crate::output;

/// Print the manual page, of countersign or of one subcommand
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  countersign man sign | man -l -
  countersign man agent login | man -l -")]
pub(crate) struct Man {
    /// The subcommand whose page is printed
    subcommand: Vec<String>,
}

impl Man {
    pub(crate) fn run(&self, mut command: Command) -> Result<(), Failure> {
        command.build();
        let mut page = command;
        for name in &self.subcommand {
            let known: Vec<_> = page.get_subcommands().map(Command::get_name).collect();
            let known = known.join(", ");
            let subcommand = page.find_subcommand(name).cloned();
            page = subcommand.ok_or_else(|| {
                Failure::unusable("SUBCOMMAND", name, format!("use one of {known}"))
            })?;
        }
        let mut roff = Vec::new();
        Page::new(page)
            .source(concat!("countersign ", env!("CARGO_PKG_VERSION")))
            .render(&mut roff)
            .map_err(|error| Failure::failed(format!("the page cannot be written: {error}")))?;
        output::bytes(&roff)
    }
}
