//! Keys: which there can be, making one, and its public half.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use countersign_client::agent::{Key, KeyAlgorithm, NAMESPACE};
use serde_json::{Value, json};

use super::key_arguments::ActorArguments;
use super::passwords::{KeyPasswordArguments, Typed, one_of};
use super::server::{ServerArguments, failed, unusable};
use super::session::SessionArguments;
use crate::failure::Failure;
use crate::{client, output};

/// List the algorithms for which the server makes keys
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The strength is in bits of work. The higher the score, the more the server recommends the algorithm.

Example:
  countersign agent algorithms --session session.json")]
pub(super) struct Algorithms {
    /// Print JSON: an array of the algorithms
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArguments,

    #[command(flatten)]
    session: SessionArguments,
}

/// Have the server make a key, which only its password opens
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Nobody can open the key without its password, and nobody can change the password.

Example:
  countersign agent create-key --session session.json --algorithm ed25519 --id MyKey \\
      --password-file account.password --key-password-file key.password")]
pub(super) struct CreateKey {
    /// Print JSON: `id`, `created` and `updated`, in seconds since 1970
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    actor: ActorArguments,

    /// The algorithm, as in ed25519, x25519, p256 or rsa; `countersign agent algorithms` lists them
    #[arg(long, value_name = "NAME", help_heading = "Key")]
    algorithm: String,

    /// The namespace of the algorithm's name
    #[arg(long, value_name = "URN", default_value = NAMESPACE, help_heading = "Key")]
    namespace: String,

    /// The id of the key, which no other key of the account has
    #[arg(long, value_name = "ID", help_heading = "Key")]
    id: String,

    #[command(flatten)]
    key_password: KeyPasswordArguments,
}

/// Print the public half of a key, in base64
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  countersign agent public-key --session session.json --id MyKey | base64 -d > MyKey.public")]
pub(super) struct PublicKey {
    /// Print JSON: `id`, `public_key` in base64, and `algorithm`
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArguments,

    #[command(flatten)]
    session: SessionArguments,

    /// The id of the key
    #[arg(long, value_name = "ID", help_heading = "Key")]
    id: String,
}

impl Algorithms {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let kept = self.session.read()?;
        let server = self.server.of_session(&kept.key_server)?;
        client::block_on(async {
            let algorithms = server.client.algorithms(&kept.session).await;
            let algorithms = algorithms.map_err(|error| failed(&error))?;
            if self.json {
                return output::json(&algorithms.iter().map(as_json).collect());
            }
            output::line("name      strength  score  namespace             remarks")?;
            algorithms.iter().try_for_each(|algorithm| {
                let strength = algorithm.security_strength();
                let strength = strength.map_or_else(|| "-".to_owned(), |bits| bits.to_string());
                output::line(&format!(
                    "{:<8}  {strength:>8}  {:>5}  {:<20}  {}",
                    algorithm.local_name(),
                    algorithm.score(),
                    algorithm.namespace(),
                    remarks(algorithm)
                ))
            })
        })
    }
}

impl CreateKey {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let [session, password] = self.actor.standard_input();
        one_of(&[session, password, self.key_password.standard_input()])?;
        let actor = self.actor.read()?;
        let password = self.key_password.read(&self.id, Typed::Twice)?;
        let key = Key::new(&*self.algorithm, &*self.id, password)
            .and_then(|key| key.namespace(&*self.namespace))
            .map_err(|error| unusable(&error))?;
        client::block_on(async {
            let agent = &actor.server.client;
            let stored = agent.create_key(&actor.kept.session, &actor.account, &key);
            let stored = stored.await.map_err(|error| failed(&error))?;
            if self.json {
                return output::json(&json!({
                    "id": self.id,
                    "created": stored.created_at().as_unix(),
                    "updated": stored.updated_at().as_unix(),
                }));
            }
            let (algorithm, time) = (&self.algorithm, stored.created_at());
            output::line(&format!("made the key {} ({algorithm}) at {time}", self.id))
        })
    }
}

impl PublicKey {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let kept = self.session.read()?;
        let server = self.server.of_session(&kept.key_server)?;
        client::block_on(async {
            let key = server.client.public_key(&kept.session, &self.id).await;
            let key = key.map_err(|error| failed(&error))?;
            let text = STANDARD.encode(key.as_bytes());
            if self.json {
                return output::json(&json!({
                    "id": self.id,
                    "public_key": text,
                    "algorithm": as_json(key.algorithm()),
                }));
            }
            output::line(&text)
        })
    }
}

fn as_json(algorithm: &KeyAlgorithm) -> Value {
    json!({
        "name": algorithm.local_name(),
        "namespace": algorithm.namespace(),
        "security_strength": algorithm.security_strength(),
        "safe": algorithm.is_safe(),
        "slow": algorithm.is_slow(),
        "post_quantum": algorithm.is_post_quantum(),
        "score": algorithm.score(),
    })
}

fn remarks(algorithm: &KeyAlgorithm) -> String {
    let all = [
        (algorithm.is_safe(), "safe"),
        (algorithm.is_slow(), "slow"),
        (algorithm.is_post_quantum(), "post-quantum"),
    ];
    let remarks = all
        .into_iter()
        .filter_map(|(holds, name)| holds.then_some(name));
    remarks.collect::<Vec<_>>().join(", ")
}
