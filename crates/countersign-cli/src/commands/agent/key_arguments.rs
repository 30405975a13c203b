//! What every command has that makes or uses a key.

use clap::Args;
use countersign_client::agent::Account;

use super::passwords::{PasswordArguments, Typed};
use super::server::{Server, ServerArguments, unusable};
use super::session::{Kept, SessionArguments};
use crate::failure::Failure;

/// The server, the session and the account.
#[derive(Args, Clone, Debug)]
pub(super) struct ActorArguments {
    #[command(flatten)]
    server: ServerArguments,

    #[command(flatten)]
    session: SessionArguments,

    #[command(flatten)]
    password: PasswordArguments,
}

/// Who acts, where.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) server: Server,
    pub(super) kept: Kept,
    pub(super) account: Account,
}

impl ActorArguments {
    pub(super) fn read(&self) -> Result<Actor, Failure> {
        let kept = self.session.read()?;
        let server = self.server.of_session(&kept.key_server)?;
        let password = self.password.read(&kept.user_name, Typed::Once)?;
        let account = Account::new(&*kept.user_name, password);
        Ok(Actor {
            account: account.map_err(|error| unusable(&error))?,
            server,
            kept,
        })
    }

    /// The flags that read from standard input.
    pub(super) fn standard_input(&self) -> [Option<&'static str>; 2] {
        [
            self.session.standard_input(),
            self.password.standard_input(),
        ]
    }
}
