//! One credential per scheme, kept in a directory.
//!
//! Every secret has a file of its own, for `--secret-file`, and `keys.toml` refers to them. It is
//! written last, so that it is there only when everything else is. Nothing is overwritten.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::{Basic, Scheme, SchemeId, SigningKey};
use zeroize::Zeroizing;

use super::SCHEMES;
use crate::arguments::secret::trim_line_end;
use crate::arguments::{scheme, standard_input};
use crate::failure::Failure;

/// A credential of one scheme.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) scheme: Box<dyn Scheme>,
    pub(super) key: SigningKey,
}

impl Credential {
    pub(super) fn id(&self) -> SchemeId {
        self.scheme.id()
    }
}

/// The key file in `directory`.
pub(super) fn key_file(directory: &Path) -> PathBuf {
    directory.join("keys.toml")
}

/// The file with the secret for `scheme` in `directory`.
pub(super) fn secret_file(directory: &Path, scheme: SchemeId) -> PathBuf {
    directory.join(format!("{scheme}.secret"))
}

/// The credentials in `directory`; makes what is missing.
pub(super) fn prepare(directory: &Path) -> Result<Vec<Credential>, Failure> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::failed(format!("{} cannot be written: {error}", path.display()))
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| failed(directory, &error))?;
    let key_file = key_file(directory);
    let complete = key_file.exists();

    let mut credentials = Vec::new();
    let mut keys = Zeroizing::new(String::from(
        "# Made by `countersign quickstart`; one key for each scheme.\n",
    ));
    for name in SCHEMES {
        let scheme = SchemeId::from_name(name)
            .ok_or_else(|| Failure::failed(format!("{name} is no scheme")))?;
        let path = secret_file(directory, scheme);
        if !path.exists() {
            if complete {
                return Err(Failure::failed(format!(
                    "{} is there but {} is not; restore it, or choose another --dir",
                    key_file.display(),
                    path.display()
                )));
            }
            write_new(&path, random_secret()?.as_bytes()).map_err(|error| failed(&path, &error))?;
        }
        let credential = read(&path, scheme)?;
        keys.push_str(&entry(&credential)?);
        credentials.push(credential);
    }
    if !complete {
        write_new(&key_file, keys.as_bytes()).map_err(|error| failed(&key_file, &error))?;
    }
    Ok(credentials)
}

fn read(path: &Path, id: SchemeId) -> Result<Credential, Failure> {
    let mut text = standard_input::read(path, "the secret", 4096)?;
    trim_line_end(&mut text);
    let secret = text.as_slice();
    let unusable = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("{} cannot be used: {error}", path.display()))
    };
    let principal = "quickstart".to_owned();
    let key = if id == SchemeId::BASIC {
        let text = std::str::from_utf8(secret).map_err(|error| unusable(&error))?;
        // What is wrong with the id would show the secret.
        Basic::key(text, principal).map_err(|_| unusable(&"it is no api key"))?
    } else {
        SigningKey::new(format!("quickstart-{id}"), secret, principal)
            .map_err(|error| unusable(&error))?
            .schemes([id])
    };
    Ok(Credential {
        scheme: scheme::of(id, None)?,
        key,
    })
}

/// The entry of `keys.toml`. Ids are visible ASCII, and those of our own making have no quotes.
fn entry(credential: &Credential) -> Result<String, Failure> {
    let (scheme, id) = (credential.id(), credential.key.id());
    if id.contains(['\'', '"', '\\']) {
        return Err(Failure::failed(
            "the api key in basic.secret is not one of ours",
        ));
    }
    Ok(format!(
        "\n[[key]]\nid = \"{id}\"\nsecret_file = \"{scheme}.secret\"\nprincipal = \"quickstart\"\n\
         schemes = [\"{scheme}\"]\n"
    ))
}

/// 256 random bits in base64url: what `mac` demands, and text that every other scheme takes.
fn random_secret() -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes)
        .map_err(|error| Failure::failed(format!("no random numbers for a secret: {error}")))?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes) + "\n"))
}

/// Writes a file that only its owner can read, complete or not at all.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let unfinished = PathBuf::from(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        // Unlike a rename, a link never replaces what somebody else made in the meantime.
        .and_then(|()| std::fs::hard_link(&unfinished, path));
    let removed = std::fs::remove_file(&unfinished);
    match written {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => removed,
    }
}
