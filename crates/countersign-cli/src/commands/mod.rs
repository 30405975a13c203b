//! One module per subcommand.

pub(crate) mod agent;
pub(crate) mod attack;
pub(crate) mod completions;
pub(crate) mod curl;
pub(crate) mod echo;
pub(crate) mod explain;
pub(crate) mod gateway;
pub(crate) mod key_server;
pub(crate) mod man;
pub(crate) mod quickstart;
pub(crate) mod sign;
