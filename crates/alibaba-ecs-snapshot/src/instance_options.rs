//! How instances are set up, as ECS describes it.

use serde::Deserialize;

use crate::read;
use crate::words::{HttpTokens, LockReason, Switch};

/// How an instance's CPUs are set up.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CpuOptions {
    /// How many cores.
    #[serde(default, deserialize_with = "read::number")]
    pub core_count: Option<u32>,
    /// How many threads a core has.
    #[serde(default, deserialize_with = "read::number")]
    pub threads_per_core: Option<u32>,
    /// How memory is bound to them.
    #[serde(default, deserialize_with = "read::present")]
    pub numa: Option<String>,
    /// How they are arranged.
    #[serde(default, deserialize_with = "read::present")]
    pub topology_type: Option<String>,
    /// Whether they may run in turbo mode.
    #[serde(default, deserialize_with = "read::present")]
    pub turbo_mode: Option<String>,
    /// Whether it can run virtual machines.
    #[serde(default, deserialize_with = "read::present")]
    pub nested_virtualization: Option<String>,
    /// Whether Speed Select is there.
    #[serde(rename = "EnableVISST")]
    pub enable_visst: Option<bool>,
    /// Whether Resource Director is there.
    #[serde(rename = "EnableVRDT")]
    pub enable_vrdt: Option<bool>,
}

/// How an instance's image is set up.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ImageOptions {
    /// Whether one logs in as another user than root.
    pub login_as_non_root: Option<bool>,
    /// Whether it can use NVMe.
    #[serde(rename = "CurrentOSNVMeSupported")]
    pub nvme_supported: Option<bool>,
}

/// Why an instance cannot be worked on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct InstanceLock {
    /// The reason.
    #[serde(default, rename = "LockReason", deserialize_with = "read::present")]
    pub reason: Option<LockReason>,
    /// The same in words.
    #[serde(default, rename = "LockMsg", deserialize_with = "read::present")]
    pub message: Option<String>,
}

/// How an instance's metadata service is set up.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct MetadataOptions {
    /// Whether it is on.
    #[serde(default, deserialize_with = "read::present")]
    pub http_endpoint: Option<Switch>,
    /// Whether it wants a token.
    #[serde(default, deserialize_with = "read::present")]
    pub http_tokens: Option<HttpTokens>,
    /// How many hops a token goes.
    #[serde(default, deserialize_with = "read::number")]
    pub http_put_response_hop_limit: Option<u32>,
    /// Whether it tells tags.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_metadata_tags: Option<String>,
}

/// How an instance's clock is set up.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ClockOptions {
    /// Whether it has the host's clock.
    #[serde(default, deserialize_with = "read::present")]
    pub ptp_status: Option<String>,
}

/// How an instance is secured.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SecurityOptions {
    /// Whether it boots only what is signed.
    pub enable_secure_boot: Option<bool>,
}

/// Whether an instance can hibernate.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct HibernationOptions {
    /// Whether it can.
    pub configured: Option<bool>,
}

/// The dedicated host of an instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DedicatedHost {
    /// The id.
    #[serde(
        default,
        rename = "DedicatedHostId",
        deserialize_with = "read::present"
    )]
    pub id: Option<String>,
    /// The name.
    #[serde(
        default,
        rename = "DedicatedHostName",
        deserialize_with = "read::present"
    )]
    pub name: Option<String>,
    /// The cluster it is in.
    #[serde(
        default,
        rename = "DedicatedHostClusterId",
        deserialize_with = "read::present"
    )]
    pub cluster_id: Option<String>,
}

/// How an instance is bound to its dedicated host.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DedicatedInstance {
    /// Whether it comes back to it.
    #[serde(default, deserialize_with = "read::present")]
    pub affinity: Option<String>,
    /// Whether it is on one.
    #[serde(default, deserialize_with = "read::present")]
    pub tenancy: Option<String>,
}

/// The reserved capacity that an instance uses.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CapacityReservation {
    /// The id.
    #[serde(
        default,
        rename = "CapacityReservationId",
        deserialize_with = "read::present"
    )]
    pub id: Option<String>,
    /// Which it would use.
    #[serde(
        default,
        rename = "CapacityReservationPreference",
        deserialize_with = "read::present"
    )]
    pub preference: Option<String>,
}

/// Other details of an instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AdditionalInfo {
    /// Whether it is one of many on its host.
    pub enable_high_density_mode: Option<bool>,
    /// The managed host it is on.
    #[serde(default, deserialize_with = "read::present")]
    pub managed_host_id: Option<String>,
    /// The serial number of its node.
    #[serde(default, deserialize_with = "read::present")]
    pub node_serial_number: Option<String>,
}
