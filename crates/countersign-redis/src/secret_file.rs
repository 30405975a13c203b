//! A password in a file.

use std::io::Read as _;
use std::path::Path;

use countersign_core::ConfigError;
use zeroize::Zeroizing;

use crate::servers::Password;

/// The longest password file: no password needs more, and a wrong path may lead to anything.
const MAX_LEN: u64 = 4096;

/// Reads it; one line end at its end is not part of it.
pub(crate) fn read(path: &Path) -> Result<Password, ConfigError> {
    let unusable =
        |fix: String| ConfigError::new("replay password file", path.display().to_string(), fix);
    let file = std::fs::File::open(path).map_err(|error| unusable(error.to_string()))?;
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_LEN.saturating_add(1))
        .read_to_string(&mut text)
        // The error's own text could only say that it is not UTF-8.
        .map_err(|error| unusable(error.to_string()))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() || text.len() as u64 > MAX_LEN {
        return Err(unusable(format!(
            "write the password into it, at most {MAX_LEN} bytes"
        )));
    }
    Ok(Password::new(password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_not_part_of_the_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        for (written, meant) in [("p", "p"), ("p\n", "p"), ("p\r\n", "p"), ("p \n\n", "p \n")] {
            std::fs::write(&path, written).unwrap();
            assert_eq!(read(&path).unwrap().expose(), meant);
        }
        for bad in [String::new(), "\n".to_owned(), "x".repeat(5000)] {
            std::fs::write(&path, bad).unwrap();
            assert!(read(&path).is_err());
        }
    }
}
