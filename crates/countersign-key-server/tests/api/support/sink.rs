//! Where lines are gathered, and which can fail.

use std::io::{self, Write};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// Clones write to the same place.
#[derive(Clone)]
pub(crate) struct Sink {
    text: Arc<Mutex<Vec<u8>>>,
    /// How many more writes succeed.
    left: Arc<AtomicI64>,
}

impl Default for Sink {
    fn default() -> Self {
        Self {
            text: Arc::default(),
            left: Arc::new(AtomicI64::new(i64::MAX)),
        }
    }
}

impl Sink {
    /// Lets `count` more writes succeed, and none after them.
    pub(crate) fn fail_after(&self, count: i64) {
        self.left.store(count, Ordering::SeqCst);
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
    }

    /// The lines as JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = self.text();
        text.lines()
            .map(|it| serde_json::from_str(it).unwrap())
            .collect()
    }

    /// The lines about this operation.
    pub(crate) fn of(&self, operation: &str) -> Vec<Value> {
        let mut lines = self.lines();
        lines.retain(|line| line["operation"] == operation);
        lines
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.text.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
