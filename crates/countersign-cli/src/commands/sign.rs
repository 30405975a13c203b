//! `countersign sign`

use clap::Args;
use serde_json::{Map, Value, json};

use crate::arguments::signing::SigningArguments;
use crate::failure::Failure;
use crate::output;

/// Sign a request and print the headers to add, one `Name: value` a line
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Sign {
    #[command(flatten)]
    signing: SigningArguments,

    /// Print JSON: an object `headers` and, with --explain, `string_to_sign`
    #[arg(long)]
    json: bool,
}

const EXAMPLE: &str = "\
Examples:
  countersign sign --scheme auth-key --key-id test123 --secret-file secret.txt \\
      GET 'https://api.example.org/users?page=2'

  # The same for curl, which takes headers from its standard input:
  countersign sign --scheme moxie --key-id test123 --secret-file secret.txt \\
      -d @note.json POST http://127.0.0.1:8000/notes |
    curl -H @- --data-binary @note.json http://127.0.0.1:8000/notes

  # From a password manager, and with the string to sign on standard error:
  pass show partner | countersign sign --scheme hmac-auth-sha256 --key-id test123 \\
      --secret-file - --explain GET https://api.example.org/";

impl Sign {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let signed = self.signing.sign()?;
        if self.json {
            let headers: Map<String, Value> = signed
                .added
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect();
            let mut shown = json!({ "headers": headers });
            if let (Some(text), Some(object)) = (signed.string_to_sign, shown.as_object_mut()) {
                let text = String::from_utf8_lossy(text.as_bytes()).into_owned();
                object.insert("string_to_sign".to_owned(), text.into());
            }
            return output::json(&shown);
        }
        for (name, value) in &signed.added {
            output::line(&format!("{name}: {value}"))?;
        }
        Ok(())
    }
}
