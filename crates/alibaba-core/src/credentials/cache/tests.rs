use std::sync::atomic::{AtomicUsize, Ordering};

use alibaba_sign::Credentials;
use futures::future::join_all;
use tokio::sync::Semaphore;

use super::*;
use crate::clock::{Clock as _, ManualClock};
use crate::http_send::NoHttp;
use crate::retry::FixedJitter;

/// A source that waits to be let on, and counts who asks.
#[derive(Debug)]
struct Source {
    clock: ManualClock,
    asked: AtomicUsize,
    gate: Semaphore,
    script: Mutex<Script>,
}

#[derive(Clone, Copy, Debug)]
struct Script {
    lifetime: Option<TimeDelta>,
    fail: bool,
}

impl Source {
    fn let_on(&self, times: usize) {
        self.gate.add_permits(times);
    }

    fn provides(&self, lifetime: Option<TimeDelta>, fail: bool) {
        *self.script.lock() = Script { lifetime, fail };
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl ProvideCredentials for Source {
    fn name(&self) -> &'static str {
        "source"
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        async move {
            let turn = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            self.gate.acquire().await.unwrap().forget();
            let Script { lifetime, fail } = *self.script.lock();
            if fail {
                let kind = CredentialsErrorKind::Unavailable;
                return Err(CredentialsError::new(
                    kind,
                    "source",
                    format!("attempt {turn}"),
                ));
            }
            let credentials = Credentials::new(format!("id-{turn}"), "secret");
            let expires_at = lifetime.map(|lifetime| self.clock.now() + lifetime);
            Identity::new("source", credentials, expires_at).map(Arc::new)
        }
        .boxed()
    }
}

fn setup(jitter: f64) -> (Arc<Source>, CachedProvider, ManualClock) {
    let clock = ManualClock::at("2026-01-15T08:30:00Z".parse().unwrap());
    let source = Arc::new(Source {
        clock: clock.clone(),
        asked: AtomicUsize::new(0),
        gate: Semaphore::new(0),
        script: Mutex::new(Script {
            lifetime: Some(TimeDelta::hours(1)),
            fail: false,
        }),
    });
    let context = Context::new(Arc::new(NoHttp))
        .with_clock(Arc::new(clock.clone()))
        .with_jitter(Arc::new(FixedJitter(jitter)));
    (
        Arc::clone(&source),
        CachedProvider::new(&context, source),
        clock,
    )
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

async fn id(cache: &CachedProvider) -> String {
    cache
        .provide()
        .await
        .unwrap()
        .credentials
        .access_key_id
        .clone()
}

#[tokio::test]
async fn many_callers_share_one_refresh_and_one_value() {
    let (source, cache, _) = setup(0.0);
    let callers = join_all((0..100).map(|_| cache.provide()));
    let (results, ()) = futures::join!(callers, async {
        tokio::task::yield_now().await;
        assert_eq!(source.asked(), 1);
        source.let_on(1);
    });
    let first = results[0].as_ref().unwrap();
    assert!(
        results
            .iter()
            .all(|result| Arc::ptr_eq(result.as_ref().unwrap(), first))
    );
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn callers_of_many_threads_share_one_refresh() {
    let (source, cache, _) = setup(0.0);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| futures::executor::block_on(cache.provide()).unwrap()))
            .collect();
        while source.asked() == 0 {
            std::thread::yield_now();
        }
        source.let_on(1);
        let results: Vec<_> = callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect();
        assert!(
            results
                .iter()
                .all(|result| Arc::ptr_eq(result, &results[0]))
        );
    });
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn a_shared_failure_is_told_to_all_and_kept_for_none() {
    let (source, cache, _) = setup(0.0);
    source.provides(None, true);
    let callers = join_all((0..10).map(|_| cache.provide()));
    let (results, ()) = futures::join!(callers, async { source.let_on(1) });
    assert!(results.iter().all(|result| {
        result
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains("attempt 1")
    }));
    source.provides(Some(TimeDelta::hours(1)), false);
    source.let_on(1);
    assert_eq!(id(&cache).await, "id-2");
}

#[tokio::test]
async fn refreshing_begins_a_quarter_hour_before_expiry_and_serves_the_old_value_meanwhile() {
    let (source, cache, clock) = setup(0.0);
    source.let_on(1);
    assert_eq!(id(&cache).await, "id-1");
    assert_eq!(cache.refresh_in(), Some(minutes(45)));
    clock.advance(minutes(45) - Duration::from_secs(1));
    assert_eq!(id(&cache).await, "id-1");
    assert_eq!(source.asked(), 1);
    clock.advance(Duration::from_secs(1));
    // The first caller refreshes and waits; another is served at once.
    let ((), first) = futures::join!(
        async {
            tokio::task::yield_now().await;
            assert_eq!(id(&cache).await, "id-1");
            source.let_on(1);
        },
        id(&cache)
    );
    assert_eq!((first.as_str(), source.asked()), ("id-2", 2));
}

#[tokio::test]
async fn jitter_only_brings_a_refresh_forward_and_short_lives_refresh_at_half() {
    let (source, cache, _) = setup(1.0);
    source.let_on(1);
    id(&cache).await;
    assert_eq!(cache.refresh_in(), Some(minutes(44)));

    let (source, cache, clock) = setup(0.0);
    source.provides(Some(TimeDelta::minutes(20)), false);
    source.let_on(2);
    id(&cache).await;
    assert_eq!(cache.refresh_in(), Some(minutes(10)));
    clock.advance(minutes(10));
    assert_eq!(id(&cache).await, "id-2");
}

#[tokio::test]
async fn the_old_value_serves_through_failures_until_a_minute_before_expiry() {
    let (source, cache, clock) = setup(0.0);
    source.let_on(100);
    assert_eq!(id(&cache).await, "id-1");
    source.provides(None, true);
    clock.advance(minutes(50));
    assert_eq!(id(&cache).await, "id-1");
    assert_eq!(source.asked(), 2);
    // While the old value serves, a source in trouble is asked every ten seconds and not by everyone.
    assert_eq!(id(&cache).await, "id-1");
    assert_eq!(source.asked(), 2);
    clock.advance(Duration::from_secs(10));
    assert_eq!(id(&cache).await, "id-1");
    assert_eq!(source.asked(), 3);
    clock.advance(minutes(9) - Duration::from_secs(11));
    assert_eq!(id(&cache).await, "id-1");
    clock.advance(Duration::from_secs(1));
    let asked = source.asked();
    for turn in 1..3 {
        cache.provide().await.unwrap_err();
        assert_eq!(source.asked(), asked + turn, "failures are never kept");
    }
    source.provides(Some(TimeDelta::hours(1)), false);
    assert!(cache.provide().await.is_ok());
}

#[tokio::test]
async fn a_caller_who_gives_up_does_not_stop_the_others() {
    let (source, cache, _) = setup(0.0);
    let mut abandoned = cache.provide();
    assert!((&mut abandoned).now_or_never().is_none());
    let mut waiting = cache.provide();
    assert!((&mut waiting).now_or_never().is_none());
    drop(abandoned);
    source.let_on(1);
    assert_eq!(waiting.await.unwrap().credentials.access_key_id, "id-1");
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn a_refresh_that_all_gave_up_begins_anew() {
    let (source, cache, clock) = setup(0.0);
    source.let_on(1);
    id(&cache).await;
    clock.advance(minutes(46));
    assert!(cache.provide().now_or_never().is_none());
    source.let_on(1);
    assert_eq!(id(&cache).await, "id-3");
}

#[tokio::test]
async fn values_without_expiry_are_looked_up_hourly_and_outlive_failures() {
    let (source, cache, clock) = setup(0.0);
    source.provides(None, false);
    source.let_on(9);
    assert_eq!(id(&cache).await, "id-1");
    clock.advance(minutes(60));
    assert_eq!(id(&cache).await, "id-2");
    source.provides(None, true);
    clock.advance(minutes(60 * 24 * 365));
    assert_eq!(id(&cache).await, "id-2");
}

#[tokio::test]
async fn fresh_values_that_have_expired_are_refused() {
    let (source, cache, _) = setup(0.0);
    source.provides(Some(TimeDelta::zero()), false);
    source.let_on(1);
    assert_eq!(
        cache.provide().await.unwrap_err().kind(),
        CredentialsErrorKind::Expired
    );
}

#[tokio::test]
async fn a_refused_value_is_replaced_and_a_replaced_one_is_left_alone() {
    let (source, cache, _) = setup(0.0);
    source.let_on(3);
    let first = cache.provide().await.unwrap();
    cache.invalidate(&first);
    assert_eq!(id(&cache).await, "id-2");
    cache.invalidate(&first);
    assert_eq!(id(&cache).await, "id-2");
}
