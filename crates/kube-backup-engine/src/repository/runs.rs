//! Runs of this process that hold names: what tells them from all others, and whether they are over.
//!
//! A process knows of its own runs what nobody else can: a run that was dropped or has failed is over, and what it has
//! left is its successor's at once. Of those of other processes it knows nothing.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

/// Tells this process from all others.
static PROCESS: LazyLock<String> = LazyLock::new(|| Uuid::new_v4().to_string());

/// Numbers of the runs that are not over.
static ALIVE: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

/// Told of whenever one is.
static OVER: Notify = Notify::const_new();

fn alive() -> MutexGuard<'static, BTreeSet<u64>> {
    ALIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run of something that writes under a name. It is over when this is dropped.
#[derive(Debug)]
pub(super) struct Run {
    process: String,
    number: u64,
}

impl Run {
    /// A run of this process.
    pub(super) fn begin() -> Self {
        static LAST: Mutex<u64> = Mutex::new(0);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        alive().insert(*last);
        Self {
            process: PROCESS.clone(),
            number: *last,
        }
    }

    /// What no other run is called.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.process, self.number)
    }

    #[cfg(test)]
    pub(super) fn of_another_process() -> Self {
        Self {
            process: Uuid::new_v4().to_string(),
            number: 1,
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.process == *PROCESS {
            alive().remove(&self.number);
            OVER.notify_waiters();
        }
    }
}

/// The number of a run of this process; `None` for those of others.
fn own(name: &str) -> Option<u64> {
    let (process, number) = name.rsplit_once('-')?;
    (process == *PROCESS).then(|| number.parse().ok())?
}

/// Whether the run of this name is known to be over.
pub(super) fn is_over(name: &str) -> bool {
    own(name).is_some_and(|number| !alive().contains(&number))
}

/// Ends once the run of this name is known to be over: never, for those of other processes.
pub(super) async fn over(name: &str) {
    let Some(number) = own(name) else {
        return std::future::pending().await;
    };
    loop {
        let told = OVER.notified();
        if !alive().contains(&number) {
            return;
        }
        told.await;
    }
}
