//! Waiting for an object to become what is needed, never without an end, and saying for what.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::time::Instant;

use super::failure::Failure;
use super::retry::{Place, Waiting};
use super::writer::ClusterWriter;
use crate::{Error, ErrorKind, Result};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The pauses between looks at something that is not yet as it is needed. Each is told to whoever wants to
/// know what is waited for, and together they do not last longer than they may.
pub(crate) struct Pauses {
    place: Place,
    what: String,
    looks: u32,
    started: Instant,
    next: Duration,
    longest: Duration,
    time: Duration,
}

impl Pauses {
    /// While waiting for `what`: pauses from `first`, doubled up to `longest`, for `time` in all.
    pub(crate) fn new(
        api: &ClusterWriter,
        what: impl Into<String>,
        [first, longest]: [Duration; 2],
        time: Duration,
    ) -> Self {
        Self {
            place: api.retries().place(),
            what: what.into(),
            looks: 0,
            started: Instant::now(),
            next: first,
            longest,
            time,
        }
    }

    /// Pauses before the next look, since `state` is not what is needed. Returns `false`, at once, when the
    /// time would be over by then.
    pub(crate) async fn pause(&mut self, state: impl Into<String>) -> bool {
        self.looks = self.looks.saturating_add(1);
        let elapsed = self.started.elapsed();
        if elapsed.saturating_add(self.next) > self.time {
            return false;
        }
        self.place.take(Waiting {
            request: self.what.clone(),
            failure: state.into(),
            attempts: self.looks,
            elapsed,
            delay: self.next,
        });
        tokio::time::sleep(self.next).await;
        self.next = self.next.saturating_mul(2).min(self.longest);
        true
    }
}

/// Polls an object until `ready` says so, for as long as a request may take. `ready` is given `None`
/// when the object is not there.
///
/// # Errors
/// [`ErrorKind::Timeout`] when it is not `what` by then, and [`ErrorKind::Cluster`] when the server
/// refuses to show it.
pub(crate) async fn until(
    api: &ClusterWriter,
    path: &str,
    what: &str,
    ready: impl Fn(Option<&Value>) -> bool,
) -> Result<()> {
    let step = format!("wait for `{path}` to be {what}");
    let bounds = [FIRST_PAUSE, LONGEST_PAUSE];
    let mut pauses = Pauses::new(api, step.clone(), bounds, api.request_timeout());
    loop {
        let response = api.get(path).await?;
        let object = match Failure::of(&response) {
            None => Some(response.json()),
            Some(_) if response.status == StatusCode::NOT_FOUND => None,
            Some(failure) => return Err(Error::cluster(step, failure)),
        };
        if ready(object.as_ref()) {
            return Ok(());
        }
        if !pauses.pause("not yet").await {
            break;
        }
    }
    let time = api.request_timeout();
    Err(Error::new(
        ErrorKind::Timeout,
        format!("{step}: it is not after {time:?}"),
    ))
}

/// Whether a definition's objects are served.
pub(crate) fn is_established(definition: Option<&Value>) -> bool {
    let condition = |wanted: &str| {
        definition
            .and_then(|object| object["status"]["conditions"].as_array())
            .is_some_and(|all| {
                all.iter()
                    .any(|c| c["type"] == wanted && c["status"] == "True")
            })
    };
    condition("Established") && condition("NamesAccepted")
}

/// Whether objects can be created in a namespace.
pub(crate) fn is_active(namespace: Option<&Value>) -> bool {
    namespace.is_some_and(|object| object["status"]["phase"] == "Active")
}
