//! Faults on demand: scripted for chosen requests, or at random by a seed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 429 with this `Retry-After`, in seconds; the request is not handled.
    TooManyRequests(u32),
    /// 500 instead of handling the request.
    InternalError,
    /// 503 instead of handling the request.
    Unavailable,
    /// 409 with reason Conflict, without handling the request.
    Conflict,
    /// 410 with reason Expired, without handling the request.
    Gone,
    /// The connection closes before the request is handled.
    ResetBefore,
    /// The request is handled, and the connection closes without an answer.
    ResetAfter,
    /// The request is handled, and the connection closes in the middle of the answer's body.
    ResetMidBody,
    /// The request is handled after this time.
    Slow(Duration),
}

/// Which requests a scripted fault is for.
#[derive(Debug, Clone, Default)]
pub struct Matching {
    method: Option<String>,
    path: Option<String>,
}

impl Matching {
    /// Any request.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Only this HTTP method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    /// Only paths that contain this text (the query counts as part of it).
    #[must_use]
    pub fn path_contains(mut self, text: &str) -> Self {
        self.path = Some(text.to_owned());
        self
    }

    fn matches(&self, method: &str, path_and_query: &str) -> bool {
        self.method.as_ref().is_none_or(|m| m == method)
            && self
                .path
                .as_ref()
                .is_none_or(|p| path_and_query.contains(p.as_str()))
    }
}

#[derive(Debug)]
struct Script {
    matching: Matching,
    /// Matching requests to let pass first.
    skip: u64,
    faults: VecDeque<Fault>,
    forever: bool,
}

#[derive(Debug)]
struct Chance {
    generator: fastrand::Rng,
    rate: f64,
    faults: Vec<Fault>,
}

#[derive(Debug, Default)]
struct Inner {
    scripts: Vec<Script>,
    chance: Option<Chance>,
    injected: u64,
}

/// The faults of a running server. Clones share them.
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use kube_local::{Fault, KubeLocal, Matching};
///
/// let cluster = KubeLocal::start().await?;
/// // The next create is handled, but its reply is lost.
/// cluster.faults().once(Matching::any().method("POST"), Fault::ResetAfter);
/// // One in twenty of all requests is throttled or dropped, the same ones for the same seed.
/// cluster.faults().random(7, 0.05, &[Fault::TooManyRequests(1), Fault::ResetBefore]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Inner>>);

impl Faults {
    /// Injects one fault into the next matching request.
    pub fn once(&self, matching: Matching, fault: Fault) {
        self.script(matching, 0, [fault]);
    }

    /// Lets `skip` matching requests pass, then injects these faults into the ones that follow,
    /// one each.
    pub fn script(&self, matching: Matching, skip: u64, faults: impl IntoIterator<Item = Fault>) {
        let faults = faults.into_iter().collect();
        self.lock().scripts.push(Script {
            matching,
            skip,
            faults,
            forever: false,
        });
    }

    /// Injects the fault into every matching request until [`Faults::clear`].
    pub fn always(&self, matching: Matching, fault: Fault) {
        let faults = VecDeque::from([fault]);
        self.lock().scripts.push(Script {
            matching,
            skip: 0,
            faults,
            forever: true,
        });
    }

    /// Injects one of these faults into this share of all requests. The same seed and order of
    /// requests give the same faults. Watches are left alone.
    pub fn random(&self, seed: u64, rate: f64, faults: &[Fault]) {
        let chance = Chance {
            generator: fastrand::Rng::with_seed(seed),
            rate,
            faults: faults.to_vec(),
        };
        self.lock().chance = (!faults.is_empty()).then_some(chance);
    }

    /// No more faults.
    pub fn clear(&self) {
        let mut inner = self.lock();
        inner.scripts.clear();
        inner.chance = None;
    }

    /// How many faults were injected so far.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.lock().injected
    }

    pub(crate) fn next(&self, method: &str, path_and_query: &str, watch: bool) -> Option<Fault> {
        let mut inner = self.lock();
        let mut found = None;
        for script in &mut inner.scripts {
            if found.is_some() || !script.matching.matches(method, path_and_query) {
                continue;
            }
            if script.skip > 0 {
                script.skip -= 1;
                continue;
            }
            found = if script.forever {
                script.faults.front().cloned()
            } else {
                script.faults.pop_front()
            };
        }
        inner.scripts.retain(|script| !script.faults.is_empty());
        if found.is_none() && !watch {
            found = inner.chance.as_mut().and_then(|chance| {
                let hit = chance.generator.f64() < chance.rate;
                let at = chance.generator.usize(..chance.faults.len());
                hit.then(|| chance.faults[at].clone())
            });
        }
        inner.injected += u64::from(found.is_some());
        found
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
