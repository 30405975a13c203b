//! Files that only their owner can read.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Writes `text` and a line end into the file at `path`, complete or not at all, in place of what
/// was there.
pub(crate) fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let unfinished = PathBuf::from(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    let written = file
        .write_all(text)
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| std::fs::rename(&unfinished, path));
    if written.is_err() {
        // The error before this one is the one to tell.
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}
