//! Spans of time, as Kubernetes and Velero write them.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use kube_backup_engine::go_duration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What the API server lets through. Longer spans than Go's own limit of 292 years pass it, and are refused by
/// [`GoDuration::parse`].
const PATTERN: &str = r"^(0|\\+?(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$";

/// A span of time as Go writes it: `720h0m0s`, `6h30m`, `300ms`. It is kept as it was written, so that reading
/// and writing an object changes nothing in it.
///
/// ```
/// use std::time::Duration;
/// use ack_backup_center::crds::GoDuration;
///
/// assert_eq!(GoDuration::from("1h30m").parse()?, Duration::from_secs(5400));
/// assert!(GoDuration::from("-1h").parse().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GoDuration(String);

impl GoDuration {
    /// How long it is.
    ///
    /// # Errors
    ///
    /// If it is no span of time, negative, or longer than 292 years. The text says how to write one.
    pub fn parse(&self) -> Result<Duration, String> {
        go_duration::parse(&self.0).ok_or_else(|| {
            format!(
                "`{}` is no span of time: write it as in `720h` or `1h30m`",
                self.0
            )
        })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for GoDuration {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<Duration> for GoDuration {
    fn from(duration: Duration) -> Self {
        Self(go_duration::print(duration))
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for GoDuration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "GoDuration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": 64,
            "x-kubernetes-validations": [{
                "rule": format!("self.matches('{PATTERN}')"),
                "message": "it is no span of time: write it as in 720h, 6h30m or 90s",
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_the_server_lets_through_is_read(text in r"[+.0-9nuµmsh]{0,8}") {
            let pattern = regex_lite::Regex::new(&PATTERN.replace(r"\\", r"\")).unwrap();
            let read = GoDuration::from(text.as_str()).parse().is_ok();
            // Spans beyond Go's limit are the only difference.
            let long = go_duration::parse("2562047h").is_some() && text.len() > 7;
            prop_assert!(read == pattern.is_match(&text) || long, "{text}");
        }

        #[test]
        fn an_object_keeps_what_was_written(hours in 0_u32..10_000, minutes in 0_u32..60) {
            let text = format!("\"{hours}h{minutes}m\"");
            let read: GoDuration = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
            let seconds = u64::from(hours) * 3600 + u64::from(minutes) * 60;
            prop_assert_eq!(read.parse().unwrap(), Duration::from_secs(seconds));
            prop_assert_eq!(GoDuration::from(Duration::from_secs(seconds)).parse().unwrap().as_secs(), seconds);
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            "1h-5m",
            "99999999999999999999h",
            "1e9h",
            "-0s",
            "1",
            "٣h",
            "1 h",
        ] {
            assert!(GoDuration::from(text).parse().is_err(), "{text}");
        }
    }
}
