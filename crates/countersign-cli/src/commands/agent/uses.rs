//! What a key is used for: signing, and agreeing on a secret.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use countersign_client::agent::Key;
use serde_json::json;
use zeroize::Zeroizing;

use super::key_arguments::{Actor, ActorArguments};
use super::passwords::{KeyPasswordArguments, Typed, one_of};
use super::server::{failed, unusable};
use crate::arguments::standard_input;
use crate::failure::Failure;
use crate::{client, output};

/// The most data that is read to be signed: more than servers take, which say what they do.
const MAX_DATA: usize = 1 << 20;

/// Sign data with a key, and print the signature in base64
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  countersign agent sign --session session.json --id MyKey -d @order.json \\
      --password-file account.password --key-password-file key.password")]
pub(super) struct Sign {
    /// The data: DATA itself, @FILE, or @- for standard input
    #[arg(short, long, value_name = "DATA", allow_hyphen_values = true)]
    data: String,

    /// Print JSON: `signature`, in base64
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    actor: ActorArguments,

    #[command(flatten)]
    key: KeyArguments,
}

/// Print the secret that a key shares with another, in base64
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The secret is to be put through a key derivation before it is used as a key.

Example:
  countersign agent shared-secret --session session.json --id MyKey --public-key @peer.public \\
      --password-file account.password --key-password-file key.password")]
pub(super) struct SharedSecret {
    /// The other's public key in base64, as `countersign agent public-key` prints it: itself, @FILE,
    /// or @- for standard input
    #[arg(long, value_name = "BASE64")]
    public_key: String,

    /// Print JSON: `shared_secret`, in base64
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    actor: ActorArguments,

    #[command(flatten)]
    key: KeyArguments,
}

/// A key that was made before.
#[derive(Args, Clone, Debug)]
struct KeyArguments {
    /// The id of the key
    #[arg(long, value_name = "ID", help_heading = "Key")]
    id: String,

    #[command(flatten)]
    password: KeyPasswordArguments,
}

impl KeyArguments {
    /// The key, of the algorithm that the server says it is.
    async fn find(&self, actor: &Actor) -> Result<Key, Failure> {
        let password = self.password.read(&self.id, Typed::Once)?;
        let session = &actor.kept.session;
        let public = actor.server.client.public_key(session, &self.id).await;
        let public = public.map_err(|error| failed(&error))?;
        let algorithm = public.algorithm();
        Key::new(algorithm.local_name(), &*self.id, password)
            .and_then(|key| key.namespace(algorithm.namespace()))
            .map_err(|error| unusable(&error))
    }
}

impl Sign {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let [session, password] = self.actor.standard_input();
        let data = is_standard_input(&self.data).then_some("--data");
        one_of(&[session, password, self.key.password.standard_input(), data])?;
        let data = given(&self.data, "-d @FILE")?;
        let actor = self.actor.read()?;
        client::block_on(async {
            let key = self.key.find(&actor).await?;
            let agent = &actor.server.client;
            let signed = agent.sign_data(&actor.kept.session, &actor.account, &key, &data);
            let signed = signed.await.map_err(|error| failed(&error))?;
            let text = STANDARD.encode(signed);
            if self.json {
                return output::json(&json!({ "signature": text }));
            }
            output::line(&text)
        })
    }
}

impl SharedSecret {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let [session, password] = self.actor.standard_input();
        let public_key = is_standard_input(&self.public_key).then_some("--public-key");
        let key_password = self.key.password.standard_input();
        one_of(&[session, password, key_password, public_key])?;
        let public_key = given(&self.public_key, "--public-key @FILE")?;
        let public_key = STANDARD.decode(public_key.trim_ascii()).map_err(|_| {
            Failure::usage("the public key is not base64; give it as public-key prints it")
        })?;
        let actor = self.actor.read()?;
        client::block_on(async {
            let key = self.key.find(&actor).await?;
            let agent = &actor.server.client;
            let session = &actor.kept.session;
            let secret = agent.shared_secret(session, &actor.account, &key, &public_key);
            let secret = secret.await.map_err(|error| failed(&error))?;
            let text = Zeroizing::new(STANDARD.encode(secret.expose()));
            if self.json {
                return output::json(&json!({ "shared_secret": *text }));
            }
            output::line(&text)
        })
    }
}

fn is_standard_input(text: &str) -> bool {
    text == "@-"
}

/// `text`, or the file that it names.
fn given(text: &str, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match text.strip_prefix('@') {
        None => Ok(Zeroizing::new(text.as_bytes().to_vec())),
        Some(path) => standard_input::read(Path::new(path), what, MAX_DATA),
    }
}
