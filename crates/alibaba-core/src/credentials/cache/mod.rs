//! Credentials kept until shortly before they expire.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;

use crate::Context;
use crate::clock::SharedClock;
use crate::identity::{
    CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials, SharedCredentials,
};
use crate::retry::SharedJitter;

/// Refreshing begins no later than this before expiry.
const AHEAD: TimeDelta = TimeDelta::minutes(15);
/// A value this close to its expiry is no longer handed out: a request that begins now may be
/// checked by a service after it.
const MARGIN: TimeDelta = TimeDelta::seconds(60);
/// Refreshes are spread over up to this span, so that a fleet does not refresh at once.
const SPREAD: TimeDelta = TimeDelta::seconds(60);
/// After how long a value without expiry is looked up again: files change, keys are rotated.
const UNLIMITED: TimeDelta = TimeDelta::hours(1);
/// The pause after a failed refresh while the old value still serves, so that a failing source
/// is not asked again by every request.
const PAUSE: TimeDelta = TimeDelta::seconds(10);

/// Caches another provider's credentials.
///
/// - At most one refresh is in flight, however many callers wait for it.
/// - It begins ahead of expiry: at 15 minutes before, or at half of the lifetime where that is
///   later, a little earlier at random. Until 60 seconds before expiry the old value goes on
///   being served: to the others while one caller refreshes, and to all where a refresh fails.
/// - A failure is returned to those who waited for it, and never kept.
#[derive(Clone, Debug)]
pub struct CachedProvider {
    inner: SharedCredentials,
    clock: SharedClock,
    jitter: SharedJitter,
    state: Arc<Mutex<State>>,
}

type Flight = Shared<BoxFuture<'static, Result<Arc<Identity>, CredentialsError>>>;

#[derive(Debug, Default)]
struct State {
    kept: Option<Kept>,
    flight: Option<Flight>,
}

#[derive(Clone, Debug)]
struct Kept {
    identity: Arc<Identity>,
    refresh_at: DateTime<Utc>,
    usable_until: Option<DateTime<Utc>>,
}

impl Kept {
    fn is_usable(&self, now: DateTime<Utc>) -> bool {
        self.usable_until.is_none_or(|until| now < until)
    }
}

/// What a caller has to do, decided in one look at the state.
enum Next {
    Serve(Arc<Identity>),
    Await(Flight, Option<Arc<Identity>>),
}

impl CachedProvider {
    /// A cache over `inner`.
    #[must_use]
    pub fn new(context: &Context, inner: SharedCredentials) -> Self {
        Self {
            inner,
            clock: Arc::clone(&context.clock),
            jitter: Arc::clone(&context.jitter),
            state: Arc::default(),
        }
    }

    fn next(&self) -> Next {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let usable = state
            .kept
            .as_ref()
            .filter(|kept| kept.is_usable(now))
            .cloned();
        match (usable, &state.flight) {
            (Some(kept), _) if now < kept.refresh_at => Next::Serve(kept.identity),
            // Somebody refreshes already; the old value is good enough for everyone else.
            (Some(kept), Some(_)) => Next::Serve(kept.identity),
            (None, Some(flight)) => Next::Await(flight.clone(), None),
            (usable, None) => {
                let flight = self.refresh().boxed().shared();
                state.flight = Some(flight.clone());
                Next::Await(flight, usable.map(|kept| kept.identity))
            }
        }
    }

    fn refresh(&self) -> impl Future<Output = Result<Arc<Identity>, CredentialsError>> + use<> {
        let cache = self.clone();
        async move {
            let provided = cache.inner.provide().await;
            let now = cache.clock.now();
            let provided = provided.and_then(|identity| {
                if identity.is_valid_at(now) {
                    return Ok(identity);
                }
                let step = "use the fresh credentials: they have expired already";
                Err(CredentialsError::new(
                    CredentialsErrorKind::Expired,
                    identity.provider,
                    step,
                ))
            });
            let mut state = cache.state.lock();
            match &provided {
                Ok(identity) => state.kept = Some(cache.kept(Arc::clone(identity), now)),
                Err(error) => {
                    if let Some(kept) = &mut state.kept {
                        tracing::warn!(%error, "refreshing credentials failed, the old ones go on");
                        kept.refresh_at = now + PAUSE;
                    }
                }
            }
            state.flight = None;
            provided
        }
    }

    fn kept(&self, identity: Arc<Identity>, now: DateTime<Utc>) -> Kept {
        let Some(expires_at) = identity.expires_at else {
            return Kept {
                identity,
                refresh_at: now + UNLIMITED,
                usable_until: None,
            };
        };
        let lifetime = expires_at - now;
        let planned = (expires_at - AHEAD).max(now + lifetime / 2);
        let spread = SPREAD.min((planned - now) / 10);
        let earlier = spread.num_milliseconds() as f64 * self.jitter.fraction().clamp(0.0, 1.0);
        let refresh_at = planned - TimeDelta::milliseconds(earlier as i64);
        Kept {
            identity,
            refresh_at,
            usable_until: Some(expires_at - MARGIN),
        }
    }

    async fn ask(&self) -> Result<Arc<Identity>, CredentialsError> {
        let (flight, old) = match self.next() {
            Next::Serve(identity) => return Ok(identity),
            Next::Await(flight, old) => (flight, old),
        };
        let guard = Abandoned {
            cache: self,
            flight: flight.clone(),
        };
        let provided = flight.await;
        drop(guard);
        match (provided, old) {
            (Err(_), Some(old)) => Ok(old),
            (provided, _) => provided,
        }
    }

    /// How long until the kept value is due for a refresh; for programs that refresh in the background.
    #[must_use]
    pub fn refresh_in(&self) -> Option<Duration> {
        let kept = self.state.lock().kept.clone()?;
        Some(
            (kept.refresh_at - self.clock.now())
                .to_std()
                .unwrap_or(Duration::ZERO),
        )
    }
}

/// Removes a flight whose callers are gone: nobody would poll it any more.
struct Abandoned<'a> {
    cache: &'a CachedProvider,
    flight: Flight,
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        let mut state = self.cache.state.lock();
        let is_current = state
            .flight
            .as_ref()
            .is_some_and(|flight| flight.ptr_eq(&self.flight));
        // Our own handles are the one here, the state's, and the one that was awaited, which is
        // gone by now if it was dropped.
        let others = self.flight.strong_count().unwrap_or(0) > 2;
        if is_current && !others && self.flight.peek().is_none() {
            state.flight = None;
        }
    }
}

impl ProvideCredentials for CachedProvider {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        self.ask().boxed()
    }

    fn invalidate(&self, identity: &Identity) {
        let mut state = self.state.lock();
        let is_kept = state
            .kept
            .as_ref()
            .is_some_and(|kept| std::ptr::eq(&*kept.identity, identity));
        if is_kept {
            state.kept = None;
        }
        drop(state);
        self.inner.invalidate(identity);
    }
}
