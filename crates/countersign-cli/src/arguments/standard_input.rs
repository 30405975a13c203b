//! Files, of which `-` is standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Reads the file at `path`, or standard input for `-`, of at most `limit` bytes; `what` names it
/// in errors. The bytes are wiped when dropped, as they may be a secret.
pub(crate) fn read(path: &Path, what: &str, limit: usize) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let shown = path.display().to_string();
    let unreadable = |error: io::Error| {
        Failure::unusable(
            what,
            &shown,
            format!("{error}; name a file that can be read, or - for standard input"),
        )
    };
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::new());
    source
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > limit {
        return Err(Failure::unusable(
            what,
            &shown,
            format!("it has more than {limit} bytes"),
        ));
    }
    Ok(bytes)
}
