//! Labels, and families of metrics that have them.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};

/// The plan; empty for what somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Plan {
    schedule: String,
}

impl Plan {
    pub(super) fn named(schedule: Option<&str>) -> Self {
        Self {
            schedule: schedule.unwrap_or_default().to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Vault {
    pub(super) backup_location_name: String,
}

/// What of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Work {
    pub(super) kind: &'static str,
}

pub(super) type Count = Family<Plan, Counter>;
pub(super) type Value = Family<Plan, Gauge>;
/// Seconds since 1970.
pub(super) type Moment = Family<Plan, Gauge<f64, AtomicU64>>;
pub(super) type Durations = Family<Plan, Histogram, fn() -> Histogram>;

/// Puts a family into the registry.
pub(super) fn register<M: Metric + Clone>(
    registry: &mut Registry,
    name: impl Into<String>,
    help: &str,
    family: M,
) -> M {
    registry.register(name, help, family.clone());
    family
}

pub(super) fn durations(registry: &mut Registry, name: &str, help: &str) -> Durations {
    let family =
        Durations::new_with_constructor(|| Histogram::new(exponential_buckets(1.0, 2.0, 15)));
    register(registry, name, help, family)
}

/// Moves a time on, and never back.
pub(super) fn later(family: &Moment, plan: &Plan, seconds: i64) {
    let moment = family.get_or_create_owned(plan);
    moment.set(moment.get().max(seconds as f64));
}
