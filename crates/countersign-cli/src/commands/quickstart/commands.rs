//! Commands to paste into a shell.

use std::path::Path;

use countersign::SchemeId;

use super::credentials::{Credential, PRINCIPAL, secret_file};
use super::trial::{BODY, BODY_TYPE, signed};
use crate::failure::Failure;
use crate::output::{self, Colour};

/// Prints, for each scheme, a line that signs anew each time, and one for plain curl.
pub(super) fn print(
    directory: &Path,
    url: &str,
    credentials: &[Credential],
) -> Result<(), Failure> {
    let colour = Colour::of_stdout();
    output::line("")?;
    output::line(
        "Try it yourself while the quickstart runs: `countersign curl` signs anew each time; the \
         plain curl lines are signed already, and work once, within 5 minutes (mac and mac-draft: \
         30 seconds).",
    )?;
    for credential in credentials {
        let scheme = credential.id();
        // To HMAC-Auth, which has no nonce, two identical requests signed in one second are one.
        let target = |by: &str| format!("{url}/hello?by={by}&scheme={scheme}");
        output::line("")?;
        output::line(&colour.bold(scheme.name()))?;
        output::line(&own(directory, credential, &target("countersign")))?;
        // Under basic the credential is the secret itself, which has no place in a command.
        if scheme != SchemeId::BASIC {
            output::line(&plain(credential, &target("curl"))?)?;
        }
    }
    output::line("")
}

/// Prints what the key server can be asked with plain curl.
pub(super) fn print_of_key_server(url: &str) -> Result<(), Failure> {
    output::line(&format!(
        "The key server is {url}. A credential that is deleted there is refused by the gateway \
         within 5 seconds:"
    ))?;
    output::line("")?;
    output::line(&format!("curl -s '{url}/v1.0/creds?principal={PRINCIPAL}'"))?;
    output::line(&format!("curl -X DELETE {url}/v1.0/creds/<id>"))?;
    output::line("")
}

fn own(directory: &Path, credential: &Credential, target: &str) -> String {
    let scheme = credential.id();
    let key_id = match scheme {
        SchemeId::BASIC => String::new(),
        _ => format!(" --key-id {}", quoted(credential.key.id())),
    };
    let secret = secret_file(directory, scheme).display().to_string();
    format!(
        "countersign curl --scheme {scheme}{key_id} --secret-file {} -H {} -d {} POST {}",
        quoted(&secret),
        quoted(&format!("Content-Type: {BODY_TYPE}")),
        quoted(BODY),
        quoted(target)
    )
}

fn plain(credential: &Credential, target: &str) -> Result<String, Failure> {
    let request = signed(credential, target)?;
    let headers = request.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!("-H {}", quoted(&format!("{name}: {value}")))
    });
    let headers: Vec<String> = headers.collect();
    Ok(format!(
        "curl -i {} --data-binary {} {}",
        headers.join(" "),
        quoted(BODY),
        quoted(target)
    ))
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+=".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(
            quoted("./countersign-data/mac.secret"),
            "./countersign-data/mac.secret"
        );
        assert_eq!(quoted("a b&c"), "'a b&c'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
