//! Giving up on a peer that is silent.
//!
//! For a timer that is to end before all others the runtime wakes its driver: a system call and a turn of
//! its loop, which a small request would pay each time. So timers are lent, and handed back as they are:
//! to put off the end of one costs nothing.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::{Handle, Id};
use tokio::time::{Instant, Sleep};

/// More are not kept: as many as there are requests at a time, as a rule.
const KEPT: usize = 256;

/// How long a peer may be silent. Clones share the timers.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    limit: Duration,
    timers: Arc<Mutex<Vec<Timer>>>,
}

/// That nothing came in time.
pub(crate) struct Silent;

/// A timer belongs to the runtime that it was made in, which a client may outlive.
#[derive(Debug)]
struct Timer {
    runtime: Id,
    sleep: Pin<Box<Sleep>>,
}

/// A timer for one wait.
struct Lent<'p> {
    patience: &'p Patience,
    timer: Option<Timer>,
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            timers: Arc::default(),
        }
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// What comes within the time that a peer may be silent. The time begins when there is something to
    /// wait for.
    pub(crate) async fn within<F: Future>(&self, future: F) -> Result<F::Output, Silent> {
        let mut future = pin!(future);
        let mut lent = None;
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            let lent = lent.get_or_insert_with(|| self.lend());
            ready!(lent.poll(context));
            Poll::Ready(Err(Silent))
        })
        .await
    }

    fn lend(&self) -> Lent<'_> {
        let runtime = Handle::current().id();
        let until = Instant::now() + self.limit;
        let kept = self.timers.lock().pop();
        let timer = match kept {
            Some(mut timer) if timer.runtime == runtime => {
                timer.sleep.as_mut().reset(until);
                timer
            }
            _ => Timer {
                runtime,
                sleep: Box::pin(tokio::time::sleep_until(until)),
            },
        };
        Lent {
            patience: self,
            timer: Some(timer),
        }
    }
}

impl Lent<'_> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.timer {
            Some(timer) => timer.sleep.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut timers = self.patience.timers.lock();
        if timers.len() < KEPT {
            timers.extend(self.timer.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::oneshot;

    use super::*;

    /// What comes late by its own account, which the runtime finds out about.
    async fn come(patience: &Patience) -> Result<u8, Silent> {
        let (send, receive) = oneshot::channel();
        tokio::spawn(async move { send.send(7) });
        let came = patience.within(receive).await?;
        Ok(came.unwrap_or_default())
    }

    #[test]
    fn timers_are_lent_again_and_never_to_another_runtime() {
        let patience = Patience::new(Duration::from_secs(3600));
        for _ in 0..3 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            runtime.block_on(async {
                let id = Handle::current().id();
                for _ in 0..3 {
                    assert!(matches!(come(&patience).await, Ok(7)));
                    let timers = patience.timers.lock();
                    assert_eq!(timers.len(), 1);
                    assert_eq!(timers[0].runtime, id);
                }
                let (one, other) = tokio::join!(come(&patience), come(&patience));
                assert!(one.is_ok() && other.is_ok());
                assert!(patience.within(ready(1)).await.is_ok());
                patience.timers.lock().truncate(1);
            });
        }
    }

    #[tokio::test]
    async fn silence_is_found_with_a_new_timer_and_with_one_that_was_put_off() {
        let patience = Patience::new(Duration::from_millis(5));
        for _ in 0..3 {
            assert!(patience.within(pending::<()>()).await.is_err());
            // It is handed back after its time, and once before it.
            assert_eq!(patience.timers.lock().len(), 1);
            let mut waiting = Box::pin(patience.within(pending::<()>()));
            assert!(futures::poll!(waiting.as_mut()).is_pending());
            drop(waiting);
            assert_eq!(patience.timers.lock().len(), 1);
        }
    }
}
