//! Waiting for an object to become what is needed, never without an end, and saying for what.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::time::Instant;

use super::failure::Failure;
use super::retry::Waiting;
use super::writer::ClusterWriter;
use crate::{Error, ErrorKind, Result};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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
    let mut place = api.retries().place();
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    for attempts in 1.. {
        let response = api.get(path).await?;
        let object = match Failure::of(&response) {
            None => Some(response.json()),
            Some(_) if response.status == StatusCode::NOT_FOUND => None,
            Some(failure) => return Err(Error::cluster(step, failure)),
        };
        if ready(object.as_ref()) {
            return Ok(());
        }
        let elapsed = started.elapsed();
        if elapsed + pause > api.request_timeout() {
            break;
        }
        place.take(Waiting {
            request: step.clone(),
            failure: "not yet".to_owned(),
            attempts,
            elapsed,
            delay: pause,
        });
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
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
