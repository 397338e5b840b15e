//! What is under way.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

/// Which object a job is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JobKey {
    /// Its kind.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: String,
}

impl JobKey {
    pub(crate) fn new(kind: &'static str, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }
}

/// Jobs, at most one for each object. A job that panics is gone, and takes no other with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    all: Arc<Mutex<HashMap<JobKey, Job>>>,
    /// How many clear up after they were cancelled.
    clearing: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Job {
    uid: String,
    cancel: Arc<Notify>,
    ended: watch::Receiver<bool>,
    abort: AbortHandle,
}

/// One more, until it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn one(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Jobs {
    /// Starts `work` unless a job of this object is under way; when that is of another object of the same name, which is gone, it is
    /// cancelled, and `false` says to ask again. `on_cancel` is run after `work` was stopped by [`Self::cancel`].
    pub(crate) fn ensure(
        &self,
        key: &JobKey,
        uid: &str,
        work: impl Future<Output = ()> + Send + 'static,
        on_cancel: impl Future<Output = ()> + Send + 'static,
    ) -> bool {
        let mut jobs = self.all.lock();
        if let Some(job) = jobs.get(key) {
            if job.uid == uid {
                return true;
            }
            job.cancel.notify_one();
            return false;
        }
        let cancel = Arc::new(Notify::new());
        let (ending, ended) = watch::channel(false);
        let (cancelled, registry, of) = (cancel.clone(), self.clone(), key.clone());
        // On the heap before it is moved: jobs are deep, and stacks are not.
        let (work, on_cancel) = (Box::pin(work), Box::pin(on_cancel));
        let running = async move {
            let work = AssertUnwindSafe(work).catch_unwind();
            let stopped = tokio::select! {
                biased;
                () = cancelled.notified() => true,
                result = work => {
                    if result.is_err() {
                        tracing::error!(kind = of.kind, name = of.name, "a job panicked; it is started again when its object is looked at");
                    }
                    false
                }
            };
            if stopped {
                let _counted = Counted::one(&registry.clearing);
                // It panics for itself alone, too.
                let _ = AssertUnwindSafe(on_cancel).catch_unwind().await;
            }
            registry.remove(&of, &cancelled);
            let _ = ending.send(true);
        };
        let abort = tokio::spawn(running).abort_handle();
        jobs.insert(
            key.clone(),
            Job {
                uid: uid.to_owned(),
                cancel,
                ended,
                abort,
            },
        );
        true
    }

    /// Whether a job of this object is under way.
    pub(crate) fn has(&self, key: &JobKey) -> bool {
        self.all.lock().contains_key(key)
    }

    /// How many clear up after they were cancelled: nobody else does that for an object that is gone.
    pub(crate) fn clearing(&self) -> usize {
        self.clearing.load(Ordering::Relaxed)
    }

    /// Takes this very job off the list, and none that has taken its place meanwhile.
    fn remove(&self, key: &JobKey, cancel: &Arc<Notify>) {
        let mut jobs = self.all.lock();
        if jobs
            .get(key)
            .is_some_and(|job| Arc::ptr_eq(&job.cancel, cancel))
        {
            jobs.remove(key);
        }
    }

    /// Stops the job of the object with this name, and returns once it has cleared up.
    pub(crate) async fn cancel(&self, key: &JobKey) {
        self.cancel_where(key, |_| true).await;
    }

    /// Stops the job of this very object, and not of another one that has its name by now.
    pub(crate) async fn cancel_of(&self, key: &JobKey, uid: &str) {
        self.cancel_where(key, |job| job.uid == uid).await;
    }

    async fn cancel_where(&self, key: &JobKey, which: impl Fn(&Job) -> bool) {
        let waiting = self
            .all
            .lock()
            .get(key)
            .filter(|job| which(job))
            .map(|job| {
                job.cancel.notify_one();
                job.ended.clone()
            });
        if let Some(mut ended) = waiting {
            let _ = ended.wait_for(|ended| *ended).await;
        }
    }

    /// Stops all of them where they are, without clearing up: whoever leads next goes on with them.
    pub(crate) fn abort_all(&self) {
        for (_, job) in self.all.lock().drain() {
            job.abort.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn a_job_is_one_and_ends_alone() {
        let jobs = Jobs::default();
        let (a, b) = (JobKey::new("Backup", "a"), JobKey::new("Backup", "b"));
        let cleared = Arc::new(Mutex::new(Vec::new()));
        let clearing = |what: &'static str| {
            let cleared = cleared.clone();
            async move { cleared.lock().push(what) }
        };
        assert!(jobs.ensure(&a, "1", pending(), clearing("a1")));
        assert!(jobs.ensure(
            &a,
            "1",
            async { panic!("it runs already") },
            clearing("never")
        ));
        assert!(jobs.ensure(&b, "2", async { panic!("for itself") }, clearing("never")));
        while jobs.has(&b) {
            tokio::task::yield_now().await;
        }
        assert!(jobs.has(&a));
        // Another object of the same name waits until the first is cleared up.
        assert!(!jobs.ensure(&a, "3", pending(), clearing("a3")));
        while jobs.has(&a) {
            tokio::task::yield_now().await;
        }
        assert!(jobs.ensure(&a, "3", pending(), clearing("a3")));
        jobs.cancel_of(&a, "1").await;
        assert!(jobs.has(&a));
        jobs.cancel_of(&a, "3").await;
        assert_eq!(*cleared.lock(), ["a1", "a3"]);
        jobs.cancel(&a).await;
        assert!(jobs.ensure(&a, "4", pending(), clearing("a4")));
        jobs.abort_all();
        tokio::task::yield_now().await;
        assert!(!jobs.has(&a));
        assert_eq!(cleared.lock().len(), 2);
    }
}
