//! Faults on demand: scripted for chosen requests, or at random by a seed.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection closes before the request is handled.
    Refuse,
    /// The request is handled, and the connection closes without a response.
    LoseReply,
    /// The request is handled, and its response never comes: the connection stays open.
    NeverReply,
    /// The request is handled, and the connection closes after this many bytes of the response's
    /// body, or in the middle of a body that is not longer.
    ResetBody(usize),
    /// The request is handled, and after this many bytes of the response's body, or in the middle of a
    /// body that is not longer, nothing more comes: the connection stays open.
    StallBody(usize),
    /// The request is not handled; the response is this status with this reason, such as 500 and
    /// `InternalError`, 503 and `ServiceUnavailable`, 409 and `Conflict`, 410 and `Expired`.
    Status(u16, &'static str),
    /// The request is not handled; the response is 429 with a `Retry-After` of this many seconds.
    Throttle {
        /// How long the client is told to wait, in whole seconds.
        wait: Duration,
    },
    /// The request is handled after this time.
    Delay(Duration),
}

/// A fault, and the requests it applies to: all of them, without conditions.
#[derive(Debug, Clone)]
pub struct Rule {
    fault: Fault,
    method: Option<String>,
    path: Option<String>,
    skip: usize,
    times: usize,
}

impl Rule {
    /// A fault for every request.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            method: None,
            path: None,
            skip: 0,
            times: usize::MAX,
        }
    }

    /// Only requests with this HTTP method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    /// Only requests whose path contains this text (the query counts as part of it).
    #[must_use]
    pub fn path_contains(mut self, text: impl Into<String>) -> Self {
        self.path = Some(text.into());
        self
    }

    /// Lets this many matching requests pass first.
    #[must_use]
    pub fn skip(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Applies to this many requests, then to no more.
    #[must_use]
    pub fn times(mut self, requests: usize) -> Self {
        self.times = requests;
        self
    }

    fn applies(&mut self, method: &str, path_and_query: &str) -> bool {
        let matches = self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self
                .path
                .as_ref()
                .is_none_or(|text| path_and_query.contains(text.as_str()));
        if !matches || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

#[derive(Debug)]
struct Chance {
    generator: fastrand::Rng,
    rate: f64,
    faults: Vec<Fault>,
}

#[derive(Debug, Default)]
struct Inner {
    rules: Vec<Rule>,
    chance: Option<Chance>,
    injected: u64,
}

/// The faults of a running server. Clones share them; the first rule that applies decides.
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use kube_local::{Fault, KubeLocal, Rule};
///
/// let cluster = KubeLocal::start().await?;
/// // The next create is handled, but its reply is lost.
/// cluster.faults().add(Rule::new(Fault::LoseReply).method("POST").times(1));
/// // One in twenty of all requests is throttled or dropped, the same ones for the same seed.
/// let busy = Fault::Throttle { wait: Duration::from_secs(1) };
/// cluster.faults().random(7, 0.05, &[busy, Fault::Refuse]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Inner>>);

impl Faults {
    /// Adds a rule, after those that are there.
    pub fn add(&self, rule: Rule) {
        self.0.lock().rules.push(rule);
    }

    /// Injects one of these faults into this share of all requests. The same seed and order of
    /// requests give the same faults. Watches are left alone.
    pub fn random(&self, seed: u64, rate: f64, faults: &[Fault]) {
        let chance = Chance {
            generator: fastrand::Rng::with_seed(seed),
            rate,
            faults: faults.to_vec(),
        };
        self.0.lock().chance = (!faults.is_empty()).then_some(chance);
    }

    /// Removes every rule, and the faults at random.
    pub fn clear(&self) {
        let mut inner = self.0.lock();
        inner.rules.clear();
        inner.chance = None;
    }

    /// How many faults were injected so far.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.0.lock().injected
    }

    pub(crate) fn next(&self, method: &str, path_and_query: &str, watch: bool) -> Option<Fault> {
        let mut inner = self.0.lock();
        let mut found = inner.rules.iter_mut().find_map(|rule| {
            rule.applies(method, path_and_query)
                .then(|| rule.fault.clone())
        });
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
}
