//! The audit log.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Where audit lines go. Clones write to the same place.
#[derive(Clone)]
pub struct AuditLog(Option<Arc<Mutex<Box<dyn Write + Send>>>>);

impl AuditLog {
    /// Writes no lines.
    pub fn off() -> Self {
        Self(None)
    }

    /// Writes each line to `writer` with one call.
    pub fn to_writer(writer: impl Write + Send + 'static) -> Self {
        Self(Some(Arc::new(Mutex::new(Box::new(writer)))))
    }

    /// Writes to the standard error.
    pub fn stderr() -> Self {
        Self::to_writer(io::stderr())
    }

    /// Appends to the file `path`, which is made if need be, readable for its owner only.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn file(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self::to_writer(options.open(path)?))
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "AuditLog(on)"
        } else {
            "AuditLog(off)"
        })
    }
}
