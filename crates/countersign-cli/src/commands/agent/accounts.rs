//! Accounts and their sessions.

use std::time::Duration;

use clap::Args;
use countersign_client::agent::{Account, NewAccount};
use serde_json::json;

use super::passwords::{ApiKeyArguments, PasswordArguments, Typed, one_of};
use super::server::{ServerArguments, failed, unusable};
use super::session::{Kept, NewSessionArguments, SessionArguments};
use crate::failure::Failure;
use crate::{client, output, units};

/// Create an account with an API key, and log in
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The operator of the key server issues the API key: a credential of the scheme agent.

Example:
  countersign agent create-account --key-server https://keys.example.org --user alice \\
      --e-mail alice@example.org --api-key 0e1d2c3b4a5968778695a4b3c2d1e0f1 \\
      --api-key-secret-file api-key.secret --session session.json")]
pub(super) struct CreateAccount {
    /// Print JSON: `created`, `enabled`, `can_relay` and the session
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArguments,

    /// The name of the account
    #[arg(long, value_name = "NAME", help_heading = "Account")]
    user: String,

    /// The mail address of its holder
    #[arg(long, value_name = "ADDRESS", help_heading = "Account")]
    e_mail: String,

    /// The phone number of its holder
    #[arg(long, value_name = "NUMBER", help_heading = "Account")]
    phone_number: Option<String>,

    #[command(flatten)]
    password: PasswordArguments,

    #[command(flatten)]
    api_key: ApiKeyArguments,

    #[command(flatten)]
    session: NewSessionArguments,

    #[command(flatten)]
    lifetime: LifetimeArguments,
}

/// Begin a session
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  countersign agent login --key-server https://keys.example.org --user alice --session session.json")]
pub(super) struct Login {
    /// Print JSON: `key_server`, `user_name`, `expires` and, if it is kept in no file, `jwt`
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArguments,

    /// The name of the account
    #[arg(long, value_name = "NAME", help_heading = "Account")]
    user: String,

    #[command(flatten)]
    password: PasswordArguments,

    #[command(flatten)]
    session: NewSessionArguments,

    #[command(flatten)]
    lifetime: LifetimeArguments,
}

/// Begin a session in place of one, which ends
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  countersign agent refresh --session session.json")]
pub(super) struct Refresh {
    /// Print JSON: `key_server`, `user_name` and `expires`
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArguments,

    #[command(flatten)]
    session: SessionArguments,

    #[command(flatten)]
    lifetime: LifetimeArguments,
}

/// End a session, and remove its file
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  countersign agent logout --session session.json")]
pub(super) struct Logout {
    /// Print JSON: an empty object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArguments,

    #[command(flatten)]
    session: SessionArguments,
}

/// How long a session lasts.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Session")]
struct LifetimeArguments {
    /// How long the session lasts, at most 1h
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = units::duration)]
    lifetime: Duration,
}

impl CreateAccount {
    pub(super) fn run(&self) -> Result<(), Failure> {
        one_of(&[
            self.password.standard_input(),
            self.api_key.standard_input(),
        ])?;
        let server = self.server.named()?;
        let api_key = self.api_key.read()?;
        let password = self.password.read(&self.user, Typed::Twice)?;
        let mut new = Account::new(&*self.user, password)
            .and_then(|account| NewAccount::new(account, &*self.e_mail))
            .map_err(|error| unusable(&error))?
            .lifetime(self.lifetime.lifetime);
        if let Some(number) = &self.phone_number {
            new = new
                .phone_number(&**number)
                .map_err(|error| unusable(&error))?;
        }
        client::block_on(async {
            let created = server.client.create_account(&new, &api_key).await;
            let created = created.map_err(|error| failed(&error))?;
            let kept = Kept {
                session: created.session().clone(),
                user_name: self.user.clone(),
                key_server: server.url.clone(),
            };
            let mut shown = self.session.keep(&kept)?;
            if !self.json {
                output::note(&format!("created the account {}", self.user));
                return kept.announce(&self.session, &shown);
            }
            if let Some(object) = shown.as_object_mut() {
                let created_at = created.created_at().as_unix();
                object.insert("created".to_owned(), created_at.into());
                object.insert("enabled".to_owned(), created.is_enabled().into());
                object.insert("can_relay".to_owned(), created.can_relay().into());
            }
            output::json(&shown)
        })
    }
}

impl Login {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let server = self.server.named()?;
        let password = self.password.read(&self.user, Typed::Once)?;
        let account = Account::new(&*self.user, password).map_err(|error| unusable(&error))?;
        client::block_on(async {
            let session = server.client.login(&account, self.lifetime.lifetime).await;
            let kept = Kept {
                session: session.map_err(|error| failed(&error))?,
                user_name: self.user.clone(),
                key_server: server.url.clone(),
            };
            let shown = self.session.keep(&kept)?;
            if self.json {
                return output::json(&shown);
            }
            kept.announce(&self.session, &shown)
        })
    }
}

impl Refresh {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut kept = self.session.read()?;
        let server = self.server.of_session(&kept.key_server)?;
        client::block_on(async {
            let lifetime = self.lifetime.lifetime;
            let session = server.client.refresh(&kept.session, lifetime).await;
            kept.session = session.map_err(|error| failed(&error))?;
            let shown = kept.write(self.session.path()?)?;
            if self.json {
                return output::json(&shown);
            }
            let end = kept.session.expires_at();
            output::line(&format!("logged in as {} until {end}", kept.user_name))
        })
    }
}

impl Logout {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let kept = self.session.read()?;
        let server = self.server.of_session(&kept.key_server)?;
        client::block_on(async {
            let ended = server.client.logout(&kept.session).await;
            ended.map_err(|error| failed(&error))?;
            if self.session.standard_input().is_none() {
                let path = self.session.path()?;
                std::fs::remove_file(path).map_err(|error| {
                    let path = path.display();
                    Failure::failed(format!("{path} cannot be removed: {error}"))
                })?;
            }
            if self.json {
                return output::json(&json!({}));
            }
            output::line(&format!("logged out {}", kept.user_name))
        })
    }
}
