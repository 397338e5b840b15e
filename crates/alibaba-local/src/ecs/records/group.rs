//! Groups of snapshots.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ecs::tag::Tags;

/// Snapshots of several disks at one instant. Its members name it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct Group {
    pub(in crate::ecs) id: String,
    pub(in crate::ecs) number: u64,
    pub(in crate::ecs) region: String,
    pub(in crate::ecs) name: String,
    pub(in crate::ecs) description: String,
    /// Where all of its disks were one instance's.
    pub(in crate::ecs) instance: Option<String>,
    pub(in crate::ecs) created: DateTime<Utc>,
    pub(in crate::ecs) resource_group: Option<String>,
    pub(in crate::ecs) tags: Tags,
}
