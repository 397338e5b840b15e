//! Points in time: the engine's and those of Kubernetes' types.

use chrono::{DateTime, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

/// For a field of an object, in whole seconds, as Kubernetes keeps it.
#[must_use]
pub fn to_time(time: DateTime<Utc>) -> Time {
    let whole = Timestamp::from_second(time.timestamp());
    Time(whole.unwrap_or(if time.timestamp() < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    }))
}

/// From a field of an object.
#[must_use]
pub fn from_time(time: &Time) -> DateTime<Utc> {
    DateTime::from_timestamp(time.0.as_second(), 0).unwrap_or_default()
}
