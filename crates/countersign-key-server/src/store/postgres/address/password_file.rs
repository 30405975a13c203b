//! A password in a file: alone in it, or in the lines of libpq's `.pgpass`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::url::Url;
use super::{Host, misconfigured};
use crate::store::StoreError;

/// The most of a file that is read: a thousand lines of `.pgpass`.
const MAX_FILE: u64 = 64 * 1024;

/// How libpq calls a server behind a Unix socket.
const LOCAL: &str = "localhost";

/// The fields of a line of `.pgpass`: host, port, database, user, password.
const FIELDS: usize = 5;

/// The password in the file at `path`. When it is one line with fewer than four colons, the line
/// is the password; else the file is a `.pgpass`, and the first line that fits counts.
pub(super) fn read(path: &Path, url: &Url) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let shown = path.display().to_string().escape_debug().to_string();
    let unreadable = |error: std::io::Error| {
        misconfigured(format!(
            "the passfile {shown} of the PostgreSQL address: {error}"
        ))
    };
    let file = File::open(path).map_err(unreadable)?;
    refuse_if_others_can_read(&file, &shown)?;
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    let mut lines = text.lines();
    if let (Some(line), None) = (lines.next(), lines.next())
        && fields(line).len() < FIELDS
        && !line.is_empty()
    {
        return Ok(Zeroizing::new(line.as_bytes().to_vec()));
    }
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| password_of(line, url))
        .ok_or_else(|| {
            misconfigured(format!(
                "the passfile {shown} of the PostgreSQL address has no password for it: write \
                 the password alone into it, or a line host:port:database:user:password"
            ))
        })
}

fn password_of(line: &str, url: &Url) -> Option<Zeroizing<Vec<u8>>> {
    let fields = fields(line);
    let [host, port, database, user, password] = fields.as_slice() else {
        return None;
    };
    let fits = |field: &str, value: Option<&str>| field == "*" || Some(field) == value;
    // A database that is not named is called like the user.
    let named = url.database.as_deref().or(url.user.as_deref());
    let is_of = |(kept, number): &(Host, u16)| {
        let name = match kept {
            Host::Name(name) => name,
            Host::Socket(_) => LOCAL,
        };
        fits(host, Some(name)) && fits(port, Some(&number.to_string()))
    };
    let fits_all =
        url.hosts.iter().any(is_of) && fits(database, named) && fits(user, url.user.as_deref());
    fits_all.then(|| Zeroizing::new(password.as_bytes().to_vec()))
}

/// The fields of a line; a backslash takes the meaning from the next character. What follows the
/// password is ignored, as libpq does.
fn fields(line: &str) -> Vec<Zeroizing<String>> {
    let mut fields = Vec::with_capacity(FIELDS);
    let mut field = Zeroizing::new(String::with_capacity(line.len()));
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => field.extend(characters.next()),
            ':' => {
                let next = Zeroizing::new(String::with_capacity(line.len()));
                fields.push(std::mem::replace(&mut field, next));
            }
            _ => field.push(character),
        }
    }
    fields.push(field);
    fields.truncate(FIELDS);
    fields
}

#[cfg(unix)]
fn refuse_if_others_can_read(file: &File, shown: &str) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata().map_err(|error| {
        misconfigured(format!(
            "the passfile {shown} of the PostgreSQL address: {error}"
        ))
    })?;
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() && mode & 0o077 != 0 {
        return Err(misconfigured(format!(
            "the passfile {shown} of the PostgreSQL address can be read by others (mode \
             {mode:04o}); chmod 600 it"
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_others_can_read(_: &File, _: &str) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tempfile::NamedTempFile;

    use super::*;

    /// Made with mode 0600.
    fn file(text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn password(text: &str) -> Result<String, StoreError> {
        let url = Url::parse("postgres://dave@db:7/creds").unwrap();
        let password = read(file(text).path(), &url)?;
        Ok(String::from_utf8(password.to_vec()).unwrap())
    }

    #[test]
    fn a_line_alone_is_the_password() {
        assert_eq!(password("p:w\\d\n").unwrap(), "p:w\\d");
    }

    #[test]
    fn of_a_pgpass_the_first_line_that_fits_counts() {
        let text =
            "#db:7:creds:dave:comment\nother:*:*:*:no\n*:7:*:dave:p\\:w\\\\d\n*:*:*:*:late\n";
        assert_eq!(password(text).unwrap(), "p:w\\d");
        assert_eq!(password("db:7:creds:dave:one").unwrap(), "one");
    }

    #[test]
    fn a_file_without_a_password_for_it_is_refused_without_being_shown() {
        for text in ["", "\n", "other:7:creds:dave:secret\n", "secret\nsecret\n"] {
            let error = password(text).unwrap_err().to_string();
            assert!(
                error.contains("alone") && !error.contains("secret"),
                "{error}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = file("secret");
        let mode = std::fs::Permissions::from_mode(0o640);
        std::fs::set_permissions(file.path(), mode).unwrap();
        let url = Url::parse("postgres://dave@db/creds").unwrap();
        let error = read(file.path(), &url).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}
