//! Arguments that several subcommands take.

pub(crate) mod received;
pub(crate) mod request;
pub(crate) mod scheme;
pub(crate) mod secret;
pub(crate) mod signing;
pub(crate) mod standard_input;
