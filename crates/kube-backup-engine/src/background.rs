//! What goes on after a future was dropped: thawing, aborting uploads. A run that is cancelled waits for its own.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

tokio::task_local! {
    /// That of the run which is being polled, or dropped.
    static OF_RUN: Background;
}

/// The tasks that one run has left behind.
#[derive(Clone, Default)]
pub(crate) struct Background(Arc<Mutex<Vec<JoinHandle<()>>>>);

impl Background {
    /// Counts what `work` leaves behind among these, when it is dropped too.
    pub(crate) async fn scope<F: Future>(&self, work: F) -> F::Output {
        OF_RUN.scope(self.clone(), work).await
    }

    /// Waits until all of them are done, and what they left behind in turn.
    pub(crate) async fn finish(&self) {
        while let Some(task) = self.next() {
            // One that panicked has said so itself.
            let _ = task.await;
        }
    }

    fn next(&self) -> Option<JoinHandle<()>> {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.pop()
    }

    fn push(&self, task: JoinHandle<()>) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }
}

/// Does `work` in a task of its own, whatever becomes of whoever asks for it; not at all without a runtime.
pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    match OF_RUN.try_with(Clone::clone) {
        Ok(of_run) => {
            let task = runtime.spawn(OF_RUN.scope(of_run.clone(), work));
            of_run.push(task);
        }
        Err(_) => drop(runtime.spawn(work)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Does something once it is dropped, by a task whose end does something more.
    struct Undo(Arc<AtomicUsize>);

    impl Drop for Undo {
        fn drop(&mut self) {
            let done = Arc::clone(&self.0);
            spawn(async move {
                tokio::task::yield_now().await;
                done.fetch_add(1, Ordering::Relaxed);
                spawn(async move {
                    tokio::task::yield_now().await;
                    done.fetch_add(1, Ordering::Relaxed);
                });
            });
        }
    }

    #[tokio::test]
    async fn what_a_dropped_run_has_to_undo_is_waited_for() {
        let done = Arc::new(AtomicUsize::new(0));
        let background = Background::default();
        background
            .scope(async {
                let undo = Undo(Arc::clone(&done));
                let work = async {
                    let _held = undo;
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    () = work => {}
                    () = tokio::task::yield_now() => {}
                }
            })
            .await;
        background.finish().await;
        assert_eq!(done.load(Ordering::Relaxed), 2);
    }
}
