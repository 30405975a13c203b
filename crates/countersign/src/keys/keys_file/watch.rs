//! The task that looks whether the file has changed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::{AbortHandle, spawn_blocking};

use super::events;
use super::shared::{Check, Complaint, Shared, Trigger};

/// More often is a burden to the disk, and an interval of zero would be to a processor.
const SHORTEST: Duration = Duration::from_millis(100);

/// Ends its task when dropped.
pub(super) struct Watcher(AbortHandle);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(super) fn start(file: &Arc<Shared>, every: Duration) {
    let task = tokio::spawn(run(Arc::downgrade(file), every.max(SHORTEST)));
    file.set_watcher(Watcher(task.abort_handle()));
}

async fn run(file: Weak<Shared>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(file) = file.upgrade() else {
            return;
        };
        let checked = spawn_blocking({
            let file = Arc::clone(&file);
            move || file.check(Trigger::Tick)
        });
        // An error here is the end of the runtime, or a panic that the panic hook has reported.
        let Ok(check) = checked.await else {
            continue;
        };
        match check {
            Check::Same => {}
            Check::Changed(news) => events::changed(file.path(), &news),
            Check::Failed { error, complaint } => {
                if complaint == Complaint::New {
                    events::failed(&error);
                }
            }
        }
    }
}
