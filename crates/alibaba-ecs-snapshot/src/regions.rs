//! Regions and their zones.

use alibaba_core::openapi::read::nested;
use serde::Deserialize;

use crate::connect::Client;
use crate::ids::{RegionId, ZoneId};
use crate::read;
use crate::words::{
    ChargeType, DiskCategory, Language, RegionResource, RegionStatus, SpotStrategy,
};

alibaba_core::operations! {
    impl Client;
    /// The operations on regions and zones.
    pub(crate) const OPERATIONS;

    /// Lists the regions that the account can use.
    ///
    /// Needs `ecs:DescribeRegions` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::Language;
    ///
    /// for region in ecs.describe_regions().accept_language(Language::English).send().await?.regions {
    ///     println!("{} ({:?})", region.id, region.local_name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_regions = DescribeRegions() -> RegionList {
        /// In which language names are; Chinese, if this is not set.
        accept_language: Language = "AcceptLanguage";
        /// Where instances can be paid for in this way.
        instance_charge_type: ChargeType = "InstanceChargeType";
        /// For what they are looked at; instances, if this is not set.
        resource_type: RegionResource = "ResourceType";
    }

    /// Lists the zones of the client's region and what each has.
    ///
    /// Needs `ecs:DescribeZones` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// for zone in ecs.describe_zones().verbose(false).send().await?.zones {
    ///     println!("{}: {:?}", zone.id, zone.disk_categories);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_zones = DescribeZones() -> ZoneList [region("RegionId")] {
        /// In which language names are; Chinese, if this is not set.
        accept_language: Language = "AcceptLanguage";
        /// For instances paid for in this way.
        instance_charge_type: ChargeType = "InstanceChargeType";
        /// For preemptible instances paid for in this way.
        spot_strategy: SpotStrategy = "SpotStrategy";
        /// Whether to say what each zone has; it does, if this is not set.
        verbose: bool = "Verbose";
    }
}

/// A region.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RegionDescription {
    /// The id.
    #[serde(rename = "RegionId")]
    pub id: RegionId,
    /// The name.
    #[serde(default, deserialize_with = "read::present")]
    pub local_name: Option<String>,
    /// The host that its calls go to.
    #[serde(default, rename = "RegionEndpoint", deserialize_with = "read::present")]
    pub endpoint: Option<String>,
    /// Whether it has what was asked for.
    #[serde(default, deserialize_with = "read::present")]
    pub status: Option<RegionStatus>,
}

/// Regions.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RegionList {
    /// What support asks for.
    pub request_id: String,
    /// The regions.
    #[serde(default, deserialize_with = "nested")]
    pub regions: Vec<RegionDescription>,
}

/// A zone.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Zone {
    /// The id.
    #[serde(rename = "ZoneId")]
    pub id: ZoneId,
    /// The name.
    #[serde(default, deserialize_with = "read::present")]
    pub local_name: Option<String>,
    /// Its type.
    #[serde(default, deserialize_with = "read::present")]
    pub zone_type: Option<String>,
    /// The kinds of disks there.
    #[serde(
        default,
        rename = "AvailableDiskCategories",
        deserialize_with = "nested"
    )]
    pub disk_categories: Vec<DiskCategory>,
    /// The kinds of volumes there.
    #[serde(
        default,
        rename = "AvailableVolumeCategories",
        deserialize_with = "nested"
    )]
    pub volume_categories: Vec<String>,
    /// The types of instances there.
    #[serde(
        default,
        rename = "AvailableInstanceTypes",
        deserialize_with = "nested"
    )]
    pub instance_types: Vec<String>,
    /// What can be made there.
    #[serde(
        default,
        rename = "AvailableResourceCreation",
        deserialize_with = "nested"
    )]
    pub resource_types: Vec<String>,
    /// What goes together there.
    #[serde(default, rename = "AvailableResources", deserialize_with = "nested")]
    pub resources: Vec<ZoneResources>,
    /// The types of dedicated hosts there.
    #[serde(
        default,
        rename = "AvailableDedicatedHostTypes",
        deserialize_with = "nested"
    )]
    pub dedicated_host_types: Vec<String>,
    /// The generations of dedicated hosts there.
    #[serde(default, deserialize_with = "nested")]
    pub dedicated_host_generations: Vec<String>,
}

/// What goes together in a zone.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ZoneResources {
    /// Whether it is for instances optimised for I/O.
    pub io_optimized: Option<bool>,
    /// The kinds of system disks.
    #[serde(default, deserialize_with = "nested")]
    pub system_disk_categories: Vec<DiskCategory>,
    /// The kinds of data disks.
    #[serde(default, deserialize_with = "nested")]
    pub data_disk_categories: Vec<DiskCategory>,
    /// The types of instances.
    #[serde(default, deserialize_with = "nested")]
    pub instance_types: Vec<String>,
    /// The families of types.
    #[serde(default, deserialize_with = "nested")]
    pub instance_type_families: Vec<String>,
    /// The generations of types.
    #[serde(default, deserialize_with = "nested")]
    pub instance_generations: Vec<String>,
    /// The kinds of networks.
    #[serde(default, deserialize_with = "nested")]
    pub network_types: Vec<String>,
}

/// Zones.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ZoneList {
    /// What support asks for.
    pub request_id: String,
    /// The zones.
    #[serde(default, deserialize_with = "nested")]
    pub zones: Vec<Zone>,
}
