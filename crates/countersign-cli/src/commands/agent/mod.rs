//! `countersign agent`

mod accounts;
mod key_arguments;
mod keys;
mod passwords;
mod server;
mod session;
mod uses;

use clap::{Args, Subcommand};

use self::accounts::{CreateAccount, Login, Logout, Refresh};
use self::keys::{Algorithms, CreateKey, PublicKey};
use self::uses::{SharedSecret, Sign};
use crate::failure::Failure;

/// Have a key server make keys, keep them, and use them for an account
///
/// A private key never leaves the server, and opens only with the password of the key, which is not
/// sent.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLE, subcommand_required = true)]
pub(crate) struct Agent {
    #[command(subcommand)]
    operation: Operation,
}

const EXAMPLE: &str = "\
Passwords are never arguments: give a file, a variable, or type them when you are asked.

Example:
  countersign agent create-account --key-server https://keys.example.org --user alice \\
      --e-mail alice@example.org --api-key 0e1d2c3b4a5968778695a4b3c2d1e0f1 \\
      --api-key-secret-file api-key.secret --session session.json
  countersign agent create-key --session session.json --algorithm ed25519 --id MyKey
  countersign agent sign --session session.json --id MyKey -d @order.json";

#[derive(Clone, Debug, Subcommand)]
enum Operation {
    CreateAccount(CreateAccount),
    Login(Login),
    Refresh(Refresh),
    Logout(Logout),
    Algorithms(Algorithms),
    CreateKey(CreateKey),
    PublicKey(PublicKey),
    Sign(Sign),
    SharedSecret(SharedSecret),
}

impl Agent {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match &self.operation {
            Operation::CreateAccount(operation) => operation.run(),
            Operation::Login(operation) => operation.run(),
            Operation::Refresh(operation) => operation.run(),
            Operation::Logout(operation) => operation.run(),
            Operation::Algorithms(operation) => operation.run(),
            Operation::CreateKey(operation) => operation.run(),
            Operation::PublicKey(operation) => operation.run(),
            Operation::Sign(operation) => operation.run(),
            Operation::SharedSecret(operation) => operation.run(),
        }
    }
}
