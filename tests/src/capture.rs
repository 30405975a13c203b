//! What the layer tells the operator through `tracing`.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, Once, PoisonError};

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;

/// Everything that is traced on one thread, at every level, one event a line.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

/// Ends the capturing when it is dropped.
#[derive(Debug)]
pub struct Capturing(());

thread_local! {
    static CURRENT: RefCell<Option<Captured>> = const { RefCell::new(None) };
}

impl Captured {
    /// Captures what this thread traces until the guard is dropped.
    pub fn start() -> (Self, Capturing) {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(install);
        let captured = Self::default();
        CURRENT.with_borrow_mut(|current| *current = Some(captured.clone()));
        (captured, Capturing(()))
    }

    /// What was captured so far.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).expect("events are text")
    }
}

impl Drop for Capturing {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(|current| *current = None);
    }
}

/// One subscriber for all threads: with one for a single thread, an event that another thread
/// comes upon first is taken to interest nobody.
fn install() {
    let events = tracing_subscriber::fmt::layer()
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(|| ToCurrent)
        .with_filter(dynamic_filter_fn(|_, _| {
            CURRENT.with_borrow(Option::is_some)
        }));
    let subscriber = tracing_subscriber::registry().with(events);
    tracing::subscriber::set_global_default(subscriber).expect("there is no other subscriber");
    tracing::callsite::rebuild_interest_cache();
}

/// Writes to whatever captures on this thread.
struct ToCurrent;

impl Write for ToCurrent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CURRENT.with_borrow(|current| {
            if let Some(Captured(captured)) = current {
                let mut captured = captured.lock().unwrap_or_else(PoisonError::into_inner);
                captured.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
