//! Instances.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ecs::tag::Tags;

/// An instance: nothing runs, but disks are attached to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct Instance {
    pub(in crate::ecs) id: String,
    pub(in crate::ecs) number: u64,
    pub(in crate::ecs) region: String,
    pub(in crate::ecs) zone: String,
    pub(in crate::ecs) name: String,
    pub(in crate::ecs) instance_type: String,
    pub(in crate::ecs) image: String,
    pub(in crate::ecs) vpc: String,
    pub(in crate::ecs) vswitch: String,
    pub(in crate::ecs) security_group: String,
    pub(in crate::ecs) network_interface: String,
    pub(in crate::ecs) private_ip: String,
    pub(in crate::ecs) status: String,
    /// Why it cannot be worked on, if so: `security`.
    pub(in crate::ecs) lock_reason: Option<String>,
    pub(in crate::ecs) created: DateTime<Utc>,
    pub(in crate::ecs) resource_group: Option<String>,
    pub(in crate::ecs) tags: Tags,
}

impl Instance {
    /// Whether it is locked for security, and nothing can be done to it.
    pub(in crate::ecs) fn is_locked(&self) -> bool {
        self.lock_reason.as_deref() == Some("security")
    }

    /// Whether it is not on its way from one state to another.
    pub(in crate::ecs) fn is_still(&self) -> bool {
        matches!(&*self.status, "Running" | "Stopped")
    }
}
