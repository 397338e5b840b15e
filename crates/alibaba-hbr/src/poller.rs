//! Waiting until what a call has only begun has come to its end.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use alibaba_core::{Context, Error, ErrorKind, PendingState, Polled, ServiceError, Waiter};

use crate::connect::Client;

/// So often in a row what is waited for may be missing from a listing: it may have been made a moment
/// before.
const MAX_ABSENCES: u32 = 5;

type Look<T> = Pin<Box<dyn Future<Output = Result<Seen<T>, Error>> + Send>>;

/// What a look found.
pub(crate) enum Seen<T> {
    /// It is not listed.
    Absent,
    /// It has not come to its end.
    Pending(PendingState),
    /// It has come to a good end.
    Done(T),
    /// It has come to a bad end.
    Failed(Error),
}

/// Waits for something by its id, which is all that has to be known after a restart.
///
/// It looks at growing intervals, by the clock of the client's context. What comes to a bad end is an
/// error that says why, and so is what is not listed even after several looks.
///
/// ```no_run
/// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
/// use std::time::Duration;
///
/// let job = hbr
///     .backup_job_poller("job-000fake000000001")
///     .with_timeout(Duration::from_secs(3600))
///     .with_progress(|state| eprintln!("{state}"))
///     .until_done()
///     .await?;
/// println!("{:?} bytes", job.actual_bytes);
/// # Ok(())
/// # }
/// ```
#[must_use = "a poller waits for nothing until it is told to"]
pub struct Poller<'a, T> {
    context: Context,
    /// What is waited for, by name.
    what: String,
    look: Box<dyn FnMut() -> Look<T> + Send>,
    timeout: Duration,
    intervals: (Duration, Duration),
    on_progress: Box<dyn FnMut(&PendingState) + Send + 'a>,
}

impl<'a, T> Poller<'a, T> {
    pub(crate) fn new<F>(
        client: &Client,
        what: String,
        timeout: Duration,
        look: impl Fn(Client) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Seen<T>, Error>> + Send + 'static,
    {
        let context = client.0.context().clone();
        let client = client.clone();
        Self {
            context,
            what,
            look: Box::new(move || Box::pin(look(client.clone()))),
            timeout,
            intervals: (Duration::from_secs(5), Duration::from_secs(30)),
            on_progress: Box::new(|_| {}),
        }
    }

    /// Sets for how long to wait.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long to wait after the first look (by default 5 s), and the longest wait to which that
    /// grows (30 s).
    pub fn with_intervals(mut self, first: Duration, max: Duration) -> Self {
        self.intervals = (first, max);
        self
    }

    /// Tells each state on the way to `on_progress`.
    pub fn with_progress(mut self, on_progress: impl FnMut(&PendingState) + Send + 'a) -> Self {
        self.on_progress = Box::new(on_progress);
        self
    }

    /// Waits for a good end.
    ///
    /// # Errors
    ///
    /// Of what came to a bad end, with the service's reason; [`ErrorKind::NotFound`] where it is not
    /// listed; [`ErrorKind::Timeout`] when the time is over, which ends the waiting and nothing else;
    /// and where the service refuses to say or cannot be reached.
    pub async fn until_done(self) -> Result<T, Error> {
        let Self {
            context,
            what,
            mut look,
            timeout,
            intervals: (first, max),
            on_progress,
        } = self;
        let absences = AtomicU32::new(0);
        let waiter = Waiter::new(&context, what.clone(), timeout)
            .with_intervals(first, max)
            .with_progress(on_progress);
        waiter
            .until(|| {
                let (seen, absences, what) = (look(), &absences, &what);
                async move {
                    let seen = seen.await?;
                    let absent = match seen {
                        Seen::Absent => absences.fetch_add(1, Ordering::Relaxed) + 1,
                        _ => {
                            absences.store(0, Ordering::Relaxed);
                            0
                        }
                    };
                    Ok(match seen {
                        Seen::Absent if absent >= MAX_ABSENCES => {
                            let step = format!("find {what}: it is not listed");
                            Polled::Done(Err(Error::new(ErrorKind::NotFound, step)))
                        }
                        Seen::Absent => Polled::Pending(PendingState::new("not listed")),
                        Seen::Pending(state) => Polled::Pending(state),
                        Seen::Done(done) => Polled::Done(Ok(done)),
                        Seen::Failed(error) => Polled::Done(Err(error)),
                    })
                }
            })
            .await?
    }
}

impl<T> fmt::Debug for Poller<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("what", &self.what)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The error of a bad end. The service's reason is a code, such as `ClientNotExist`, or a sentence.
pub(crate) fn bad_end(what: &str, status: &str, reason: Option<&str>) -> Error {
    let step = format!("wait for {what}: it ended as `{status}`");
    let reason = reason.unwrap_or_default();
    let is_code = |char: char| char.is_ascii_alphanumeric() || "._".contains(char);
    let mut refusal = ServiceError::default();
    refusal.status = 200;
    if !reason.is_empty() && reason.chars().all(is_code) {
        refusal.code = reason.to_owned();
    } else {
        refusal.message = reason.to_owned();
    }
    Error::refused(step, refusal)
}
