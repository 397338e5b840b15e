//! Work that is tried until it is done, and tells how it is getting on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::queue::Turn;
use crate::controller::report::Gone;
use crate::controller::vaults::{Wait, Waited};
use crate::crds::BackupLocation;

/// How often progress is written, if there is any.
const PROGRESS: Duration = Duration::from_secs(2);
/// Between two attempts, at most.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Why an attempt came to nothing.
#[derive(Debug)]
pub(in crate::controller) enum Attempt {
    /// The next one may pass.
    Again(String),
    /// No other one will.
    Never(String),
}

impl From<kube_backup_engine::Error> for Attempt {
    /// What the engine says of itself.
    fn from(error: kube_backup_engine::Error) -> Self {
        match error.is_retryable() {
            true => Self::Again(error.chain()),
            false => Self::Never(error.chain()),
        }
    }
}

/// Pauses between attempts, each twice as long as the one before.
#[derive(Debug)]
pub(in crate::controller) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self::up_to(MAX_PAUSE)
    }
}

impl Pauses {
    /// Of which none is longer than this.
    pub(in crate::controller) fn up_to(longest: Duration) -> Self {
        Self {
            next: Duration::from_secs(1).min(longest),
            longest,
        }
    }

    pub(in crate::controller) async fn pause(&mut self) {
        sleep(self.next).await;
        self.next = (self.next * 2).min(self.longest);
    }
}

/// What is done for an object, which is told how it is getting on.
pub(in crate::controller) trait Work {
    /// How far it is.
    type Progress: Clone;

    /// Tells how far it is.
    async fn progress(&mut self, seen: Self::Progress) -> Result<(), Gone>;

    /// Tells what it waits for, in a word and in a sentence.
    async fn waits(&mut self, reason: &'static str, why: &str) -> Result<(), Gone>;

    /// Tells that it is tried again.
    async fn tried_again(&mut self, why: &str) -> Result<(), Gone>;

    /// Tries it, for no longer than this.
    async fn attempt(&mut self, left: Duration) -> Result<Result<(), Attempt>, Gone>;

    /// Tries until it is done, cannot be done, or the time is over: why it is not done then. Between two attempts others
    /// have its place.
    async fn attempts(
        &mut self,
        within: Duration,
        turn: &mut Turn,
    ) -> Result<Result<(), String>, Gone> {
        let end = Instant::now() + within;
        let mut pauses = Pauses::default();
        loop {
            let left = end
                .saturating_duration_since(Instant::now())
                .max(Duration::from_secs(1));
            let why = match self.attempt(left).await? {
                Ok(()) => return Ok(Ok(())),
                Err(Attempt::Never(why)) => return Ok(Err(why)),
                Err(Attempt::Again(why)) => why,
            };
            if Instant::now() + pauses.next >= end {
                return Ok(Err(why));
            }
            self.tried_again(&why).await?;
            turn.apart_from(pauses.pause()).await;
            if Instant::now() >= end {
                return Ok(Err(why));
            }
        }
    }

    /// Waits for something to end, and tells how far it is.
    async fn with_progress<T>(
        &mut self,
        mut seen: watch::Receiver<Option<Self::Progress>>,
        ending: impl Future<Output = T>,
    ) -> Result<T, Gone> {
        let mut ending = std::pin::pin!(ending);
        let mut tick = interval(PROGRESS);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ended = &mut ending => return Ok(ended),
                _ = tick.tick() => {}
            }
            let seen = seen.borrow_and_update().clone();
            if let Some(seen) = seen {
                self.progress(seen).await?;
            }
        }
    }

    /// The vault, once it can be used; why not, when the time is over.
    async fn vault(&mut self, mut wait: Wait) -> Result<Result<Arc<BackupLocation>, String>, Gone> {
        loop {
            match wait.next().await {
                Waited::Usable(location) => return Ok(Ok(location)),
                Waited::Still(why) => self.waits("WaitsForVault", &why).await?,
                Waited::Over(why) => return Ok(Err(why)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::work::Queue;

    /// Fails so often, and then is done.
    struct Failing {
        left: usize,
        for_good: bool,
        told: Vec<String>,
    }

    impl Work for Failing {
        type Progress = u64;

        async fn progress(&mut self, seen: u64) -> Result<(), Gone> {
            self.told.push(seen.to_string());
            Ok(())
        }

        async fn waits(&mut self, _: &'static str, _: &str) -> Result<(), Gone> {
            Err(Gone)
        }

        async fn tried_again(&mut self, why: &str) -> Result<(), Gone> {
            self.told.push(why.to_owned());
            Ok(())
        }

        async fn attempt(&mut self, left: Duration) -> Result<Result<(), Attempt>, Gone> {
            assert!(left >= Duration::from_secs(1));
            if self.left == 0 {
                return Ok(Ok(()));
            }
            self.left -= 1;
            let why = self.left.to_string();
            Ok(Err(match self.for_good {
                true => Attempt::Never(why),
                false => Attempt::Again(why),
            }))
        }
    }

    fn failing(left: usize, for_good: bool) -> Failing {
        Failing {
            left,
            for_good,
            told: Vec::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_until_the_time_is_over_and_what_may_not_is_not() {
        let long = Duration::from_secs(3600);
        let queue = Queue::new(1);
        let mut turn = queue.turn("").await;
        let mut passes = failing(3, false);
        assert_eq!(passes.attempts(long, &mut turn).await.unwrap(), Ok(()));
        assert_eq!(passes.told, ["2", "1", "0"]);
        let mut never = failing(3, true);
        let refused = never.attempts(long, &mut turn).await.unwrap();
        assert_eq!(refused, Err("2".to_owned()));
        assert_eq!(never.told, [] as [&str; 0]);
        // Pauses of 1, 2 and 4 seconds; the next one would end too late.
        let mut late = failing(100, false);
        let within = Duration::from_secs(10);
        let over = late.attempts(within, &mut turn).await.unwrap();
        assert_eq!(over, Err("96".to_owned()));
        assert_eq!(late.told, ["99", "98", "97"]);
    }

    #[tokio::test(start_paused = true)]
    async fn progress_is_told_while_something_is_under_way() {
        let (sender, seen) = watch::channel(None);
        let ending = async {
            sleep(Duration::from_secs(3)).await;
            sender.send_replace(Some(7));
            sleep(Duration::from_secs(2)).await;
            "ended"
        };
        let mut work = failing(0, false);
        assert_eq!(work.with_progress(seen, ending).await.unwrap(), "ended");
        assert_eq!(work.told, ["7"]);
    }
}
