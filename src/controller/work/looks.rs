//! Looking at something again and again until it is as it should be, for no longer than there is time.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::attempts::Attempt;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Until when something is looked at.
#[derive(Clone, Copy, Debug)]
pub(in crate::controller) struct Looks {
    end: Instant,
    time: Duration,
}

impl Looks {
    pub(in crate::controller) fn for_no_longer_than(time: Duration) -> Self {
        Self {
            end: Instant::now() + time,
            time,
        }
    }

    pub(in crate::controller) fn are_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Looks until there is what is looked for.
    ///
    /// # Errors
    ///
    /// What a look comes to; and when the time is over, `what` is not done, also where a look itself does not end.
    pub(in crate::controller) async fn until_there<
        T,
        F: Future<Output = Result<Option<T>, Attempt>>,
    >(
        &self,
        what: &str,
        mut look: impl FnMut() -> F,
    ) -> Result<T, Attempt> {
        while let Ok(found) = timeout_at(self.end, look()).await {
            if let Some(found) = found? {
                return Ok(found);
            }
            if self.are_over() {
                break;
            }
            sleep_until(self.end.min(Instant::now() + LOOK)).await;
        }
        Err(Attempt::Again(format!(
            "{what}: it was not done within {} s",
            self.time.as_secs()
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn why(result: Result<(), Attempt>) -> String {
        match result.unwrap_err() {
            Attempt::Again(why) => why,
            Attempt::Never(why) => panic!("never: {why}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_comes_and_what_never_answers_ends_with_the_time() {
        let began = Instant::now();
        let looks = Looks::for_no_longer_than(Duration::from_secs(600));
        let count = Cell::new(0);
        let never = looks.until_there("fill it", || {
            count.set(count.get() + 1);
            async { Ok(None::<()>) }
        });
        let said = "fill it: it was not done within 600 s";
        assert_eq!(why(never.await), said);
        assert_eq!(began.elapsed(), Duration::from_secs(600));
        assert!((600..=602).contains(&count.get()), "{}", count.get());
        // There is no time left, and it is looked at all the same.
        let there = looks.until_there("fill it", || async { Ok(Some(7)) });
        assert_eq!(there.await.unwrap(), 7);

        let looks = Looks::for_no_longer_than(Duration::from_secs(60));
        let silent = looks.until_there("fill it", std::future::pending);
        assert!(why(silent.await).contains("within 60 s"));
        assert!(looks.are_over());
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_is_returned_and_what_fails_is_not_looked_at_again() {
        let looks = Looks::for_no_longer_than(Duration::from_secs(600));
        let count = Cell::new(0);
        let there = looks.until_there("fill it", || {
            count.set(count.get() + 1);
            async { Ok((count.get() == 3).then(|| count.get())) }
        });
        assert_eq!(there.await.unwrap(), 3);
        let fails = looks.until_there("fill it", || async {
            Err::<Option<()>, _>(Attempt::Again("refused".to_owned()))
        });
        assert_eq!(why(fails.await), "refused");
    }
}
