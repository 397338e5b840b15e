//! The attempts of one call.

use std::sync::Arc;
use std::time::Duration;

use alibaba_sign::Secret;
use chrono::{DateTime, Utc};

use super::jitter::SharedJitter;
use super::policy::{Cause, Failure, RetryPolicy};
use crate::clock::ServiceClock;
use crate::identity::{CredentialsError, Identity, SharedCredentials};

/// What was tried in one call, and whether and when to try again.
///
/// The caller makes the attempts and says how each ended. This keeps count, waits, obtains
/// credentials and applies the two remedies, each once a call: refused credentials are replaced by
/// fresh ones, and a refused time by the service's.
///
/// ```
/// # use std::sync::Arc;
/// # use alibaba_core::clock::{ServiceClock, SystemClock};
/// # use alibaba_core::credentials::{CredentialsError, Identity, SharedCredentials};
/// # use alibaba_core::retry::{Attempts, Cause, RandomJitter, RetryPolicy};
/// # use chrono::{DateTime, Utc};
/// # async fn send(_: &Identity, _: DateTime<Utc>) -> Result<(), CredentialsError> { Ok(()) }
/// # fn cause_of(_: &CredentialsError) -> Cause { Cause::Permanent }
/// async fn call(policy: &RetryPolicy, credentials: &SharedCredentials) -> Result<(), CredentialsError> {
///     let clock = Arc::new(ServiceClock::new(SystemClock::shared())); // one per client
///     let mut attempts = Attempts::new(policy, &clock, Arc::new(RandomJitter));
///     loop {
///         let identity = attempts.begin_signed(credentials).await?;
///         match send(&identity, clock.now()).await {
///             Ok(done) => {
///                 attempts.succeeded();
///                 return Ok(done);
///             }
///             Err(error) => {
///                 if attempts.failed(cause_of(&error)).await.is_none() {
///                     return Err(error);
///                 }
///             }
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Attempts {
    policy: RetryPolicy,
    clock: Arc<ServiceClock>,
    jitter: SharedJitter,
    started: DateTime<Utc>,
    made: u32,
    clock_corrected: bool,
    credentials_renewed: bool,
    /// How long to wait before the next attempt.
    delay: Duration,
    /// What the last attempt was signed with, and what the next is to be signed with where that is
    /// already known.
    signer: Option<(SharedCredentials, Arc<Identity>)>,
    fresh: Option<Arc<Identity>>,
}

impl Attempts {
    /// Begins a call. The policy's budget and the clock are shared with the client's other calls.
    #[must_use]
    pub fn new(policy: &RetryPolicy, clock: &Arc<ServiceClock>, jitter: SharedJitter) -> Self {
        Self {
            policy: policy.clone(),
            clock: Arc::clone(clock),
            jitter,
            started: clock.local().now(),
            made: 0,
            clock_corrected: false,
            credentials_renewed: false,
            delay: Duration::ZERO,
            signer: None,
            fresh: None,
        }
    }

    /// How many attempts were begun.
    #[must_use]
    pub fn made(&self) -> u32 {
        self.made
    }

    /// Begins an attempt, after the wait that the last failure asked for.
    pub async fn begin(&mut self) {
        let delay = std::mem::take(&mut self.delay);
        if !delay.is_zero() {
            self.clock.local().sleep(delay).await;
        }
        self.made += 1;
    }

    /// The same for an attempt that is signed: returns whom to sign as.
    ///
    /// # Errors
    ///
    /// If the provider has no credentials. The call is over then: providers that ask a service
    /// repeat that themselves.
    pub async fn begin_signed(
        &mut self,
        credentials: &SharedCredentials,
    ) -> Result<Arc<Identity>, CredentialsError> {
        self.begin().await;
        let identity = match self.fresh.take() {
            Some(fresh) => fresh,
            None => credentials.provide().await?,
        };
        self.signer = Some((Arc::clone(credentials), Arc::clone(&identity)));
        Ok(identity)
    }

    /// Says that the attempt succeeded.
    pub fn succeeded(&self) {
        if self.made == 1
            && let Some(budget) = &self.policy.budget
        {
            budget.earn();
        }
    }

    /// Says why the attempt failed. Returns how long the next `begin` will wait, or `None` where the
    /// call has failed for good.
    pub async fn failed(&mut self, cause: Cause) -> Option<Duration> {
        let is_remedied = match cause {
            Cause::ClockSkew { served_at } => self.correct_clock(served_at),
            Cause::Credentials => self.renew_credentials().await,
            _ => true,
        };
        if !is_remedied {
            return None;
        }
        let elapsed = self.clock.local().now() - self.started;
        let failure = Failure {
            attempts: self.made,
            elapsed: elapsed.to_std().unwrap_or_default(),
            cause,
        };
        self.delay = self.policy.next_delay(&failure, &*self.jitter)?;
        Some(self.delay)
    }

    /// Says that a long transfer went on, which forgives what failed before.
    pub fn progressed(&mut self) {
        self.made = 1;
        self.started = self.clock.local().now();
    }

    fn correct_clock(&mut self, served_at: Option<DateTime<Utc>>) -> bool {
        if std::mem::replace(&mut self.clock_corrected, true) {
            // A second refusal, after the correction, has another reason, and nothing to learn from.
            self.clock.forget();
            return false;
        }
        served_at.is_some_and(|served_at| self.clock.learn(served_at))
    }

    /// Whether the provider has other credentials than those refused: a token may be revoked, or
    /// expire sooner than it said.
    async fn renew_credentials(&mut self) -> bool {
        let Some((credentials, refused)) = self.signer.take() else {
            return false;
        };
        credentials.invalidate(&refused);
        let is_again = std::mem::replace(&mut self.credentials_renewed, true);
        if is_again || self.made >= self.policy.max_attempts {
            return false;
        }
        let Ok(fresh) = credentials.provide().await else {
            return false;
        };
        let is_other = parts(&fresh) != parts(&refused);
        self.fresh = is_other.then_some(fresh);
        is_other
    }
}

fn parts(identity: &Identity) -> (&str, &str, Option<&str>) {
    let credentials = &identity.credentials;
    let token = credentials.security_token.as_ref();
    (
        &credentials.access_key_id,
        credentials.access_key_secret.expose(),
        token.map(Secret::expose),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use alibaba_sign::Credentials;
    use futures::FutureExt as _;
    use futures::future::{BoxFuture, ready};

    use super::*;
    use crate::clock::{Clock as _, ManualClock};
    use crate::identity::{CredentialsErrorKind, ProvideCredentials};
    use crate::retry::{FixedJitter, RetryBudget};

    /// Hands out the tokens of a list, one after each refusal, then fails.
    #[derive(Debug)]
    struct Tokens(Mutex<Vec<&'static str>>);

    impl Tokens {
        fn shared(tokens: &[&'static str]) -> SharedCredentials {
            Arc::new(Self(Mutex::new(tokens.to_vec())))
        }
    }

    impl ProvideCredentials for Tokens {
        fn name(&self) -> &'static str {
            "tokens"
        }

        fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
            let tokens = self.0.lock().unwrap();
            let identity = match tokens.first() {
                Some(token) => {
                    let credentials = Credentials::new("STS.id", "s").with_security_token(*token);
                    Identity::new("tokens", credentials, None).map(Arc::new)
                }
                None => Err(CredentialsError::new(
                    CredentialsErrorKind::Unavailable,
                    "tokens",
                    "find another",
                )),
            };
            ready(identity).boxed()
        }

        fn invalidate(&self, _: &Identity) {
            self.0.lock().unwrap().remove(0);
        }
    }

    fn attempts(policy: &RetryPolicy) -> (ManualClock, Arc<ServiceClock>, Attempts) {
        let local = ManualClock::at("2026-01-15T08:30:00Z".parse().unwrap());
        let clock = Arc::new(ServiceClock::new(Arc::new(local.clone())));
        let attempts = Attempts::new(policy, &clock, Arc::new(FixedJitter(0.5)));
        (local, clock, attempts)
    }

    fn token(identity: &Identity) -> &str {
        identity
            .credentials
            .security_token
            .as_ref()
            .unwrap()
            .expose()
    }

    #[tokio::test]
    async fn waits_come_before_the_next_attempt_and_end_with_the_policy() {
        let (local, _, mut attempts) = attempts(&RetryPolicy::default());
        for wait in [Some(100), Some(200), None] {
            attempts.begin().await;
            let delay = attempts.failed(Cause::Transient).await;
            assert_eq!(delay, wait.map(Duration::from_millis));
        }
        assert_eq!(attempts.made(), 3);
        assert_eq!(local.slept(), [100, 200].map(Duration::from_millis));
    }

    #[tokio::test]
    async fn each_remedy_is_applied_once_and_at_once() {
        let policy = RetryPolicy::default().with_max_attempts(9);
        let (local, clock, mut attempts) = attempts(&policy);
        let credentials = Tokens::shared(&["t-1", "t-2", "t-3"]);
        assert_eq!(
            token(&attempts.begin_signed(&credentials).await.unwrap()),
            "t-1"
        );
        assert_eq!(
            attempts.failed(Cause::Credentials).await,
            Some(Duration::ZERO)
        );
        assert_eq!(
            token(&attempts.begin_signed(&credentials).await.unwrap()),
            "t-2"
        );
        let served_at = Some(local.now() + chrono::TimeDelta::hours(1));
        assert_eq!(
            attempts.failed(Cause::ClockSkew { served_at }).await,
            Some(Duration::ZERO)
        );
        assert_eq!(Some(clock.now()), served_at);
        for again in [Cause::ClockSkew { served_at }, Cause::Credentials] {
            attempts.begin_signed(&credentials).await.unwrap();
            assert_eq!(attempts.failed(again).await, None);
        }
        assert!(local.slept().is_empty());
    }

    #[tokio::test]
    async fn remedies_count_as_attempts_and_help_later_calls_all_the_same() {
        let (local, clock, mut attempts) = attempts(&RetryPolicy::never());
        let credentials = Tokens::shared(&["t-1", "t-2"]);
        attempts.begin_signed(&credentials).await.unwrap();
        let served_at = Some(local.now() + chrono::TimeDelta::hours(1));
        assert_eq!(attempts.failed(Cause::ClockSkew { served_at }).await, None);
        assert_eq!(Some(clock.now()), served_at);
        assert_eq!(attempts.failed(Cause::Credentials).await, None);
        assert_eq!(token(&credentials.provide().await.unwrap()), "t-2");
    }

    #[tokio::test]
    async fn a_call_is_not_repeated_without_other_credentials_or_a_date() {
        for tokens in [&["t-1", "t-1"][..], &["t-1"]] {
            let (_, _, mut attempts) = attempts(&RetryPolicy::default());
            attempts
                .begin_signed(&Tokens::shared(tokens))
                .await
                .unwrap();
            assert_eq!(attempts.failed(Cause::Credentials).await, None);
        }
        let (_, _, mut attempts) = attempts(&RetryPolicy::default());
        attempts.begin().await;
        let undated = Cause::ClockSkew { served_at: None };
        assert_eq!(attempts.failed(undated).await, None);
    }

    #[tokio::test]
    async fn only_a_first_success_earns_and_progress_forgives() {
        let budget = RetryBudget::new(10, 5);
        let policy = RetryPolicy::default().with_budget(Some(budget.clone()));
        let (_, _, mut attempts) = attempts(&policy);
        for _ in 0..2 {
            attempts.begin().await;
            assert!(attempts.failed(Cause::Transient).await.is_some());
            attempts.progressed();
        }
        attempts.begin().await;
        attempts.succeeded();
        assert_eq!((attempts.made(), budget.tokens()), (2, 0));
        let mut next = Attempts::new(&policy, &attempts.clock, Arc::new(FixedJitter(0.5)));
        next.begin().await;
        next.succeeded();
        assert_eq!(budget.tokens(), 1);
    }
}
