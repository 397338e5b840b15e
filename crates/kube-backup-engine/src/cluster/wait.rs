//! Waiting, never without an end, and saying for what.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::Value;

use crate::cluster::writer::ClusterWriter;
use crate::{Error, ErrorKind, Result};

const POLL: Duration = Duration::from_millis(100);

/// Polls an object until `ready` says so. `None` of it means that the object is gone.
pub(crate) async fn until(
    api: &ClusterWriter,
    path: &str,
    what: &str,
    ready: impl Fn(Option<&Value>) -> bool,
) -> Result<()> {
    let started = Instant::now();
    let mut pause = POLL;
    loop {
        let answer = api.get(path).await?;
        let object = (answer.status != StatusCode::NOT_FOUND).then(|| answer.json());
        if ready(object.as_ref()) {
            return Ok(());
        }
        if started.elapsed() + pause > api.request_timeout() {
            return Err(Error::new(
                ErrorKind::Timeout,
                format!(
                    "wait for `{path}` to be {what}: it is not after {:?}",
                    api.request_timeout()
                ),
            ));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
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
