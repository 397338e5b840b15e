//! Instances as ECS describes them.

use alibaba_core::openapi::read::{nested, time};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::ids::{InstanceId, RegionId, ResourceGroupId, ZoneId};
use crate::instance_network::{ElasticIp, NetworkInterface, PrivateDnsNames, VpcAttributes};
use crate::instance_options::{
    AdditionalInfo, CapacityReservation, ClockOptions, CpuOptions, DedicatedHost,
    DedicatedInstance, HibernationOptions, ImageOptions, InstanceLock, MetadataOptions,
    SecurityOptions,
};
use crate::read;
use crate::tag::Tag;
use crate::words::{ChargeType, InstanceStatus, InternetChargeType, NetworkType, SpotStrategy};

/// An instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Instance {
    /// The id.
    #[serde(rename = "InstanceId")]
    pub id: InstanceId,
    /// The name.
    #[serde(default, rename = "InstanceName", deserialize_with = "read::present")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, deserialize_with = "read::present")]
    pub description: Option<String>,
    /// The name of its host.
    #[serde(default, deserialize_with = "read::present")]
    pub host_name: Option<String>,
    /// What it is doing.
    #[serde(default, deserialize_with = "read::present")]
    pub status: Option<InstanceStatus>,
    /// The region it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub region_id: Option<RegionId>,
    /// The zone it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub zone_id: Option<ZoneId>,
    /// The cluster of hosts it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub cluster_id: Option<String>,
    /// Its type.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_type: Option<String>,
    /// The family of its type.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_type_family: Option<String>,
    /// How many virtual CPUs it has.
    #[serde(default, deserialize_with = "read::number")]
    pub cpu: Option<u32>,
    /// How much memory it has, in MiB.
    #[serde(default, rename = "Memory", deserialize_with = "read::number")]
    pub memory_mib: Option<u64>,
    /// How its CPUs are set up.
    pub cpu_options: Option<CpuOptions>,
    /// How many GPUs it has.
    #[serde(default, rename = "GPUAmount", deserialize_with = "read::number")]
    pub gpus: Option<u32>,
    /// Of which type.
    #[serde(default, rename = "GPUSpec", deserialize_with = "read::present")]
    pub gpu_spec: Option<String>,
    /// How many local disks it has.
    #[serde(
        default,
        rename = "LocalStorageAmount",
        deserialize_with = "read::number"
    )]
    pub local_disks: Option<u32>,
    /// How large one is, in GiB.
    #[serde(
        default,
        rename = "LocalStorageCapacity",
        deserialize_with = "read::number"
    )]
    pub local_storage_gib: Option<u64>,
    /// Its operating system, as it is called in Chinese.
    #[serde(default, rename = "OSName", deserialize_with = "read::present")]
    pub os_name: Option<String>,
    /// The same in English.
    #[serde(default, rename = "OSNameEn", deserialize_with = "read::present")]
    pub os_name_en: Option<String>,
    /// `windows` or `linux`.
    #[serde(default, rename = "OSType", deserialize_with = "read::present")]
    pub os_type: Option<String>,
    /// The image it was started from.
    #[serde(default, deserialize_with = "read::present")]
    pub image_id: Option<String>,
    /// How its image is set up.
    pub image_options: Option<ImageOptions>,
    /// Its key pair.
    #[serde(default, deserialize_with = "read::present")]
    pub key_pair_name: Option<String>,
    /// Its serial number.
    #[serde(default, deserialize_with = "read::present")]
    pub serial_number: Option<String>,
    /// When it was made.
    #[serde(default, rename = "CreationTime", deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last started.
    #[serde(default, rename = "StartTime", deserialize_with = "time")]
    pub started_at: Option<DateTime<Utc>>,
    /// Until when it is paid for.
    #[serde(default, rename = "ExpiredTime", deserialize_with = "time")]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it is deleted by itself.
    #[serde(default, rename = "AutoReleaseTime", deserialize_with = "time")]
    pub released_at: Option<DateTime<Utc>>,
    /// How it is paid for.
    #[serde(
        default,
        rename = "InstanceChargeType",
        deserialize_with = "read::present"
    )]
    pub charge_type: Option<ChargeType>,
    /// For how long it is paid in advance.
    #[serde(default, deserialize_with = "read::present")]
    pub sale_cycle: Option<String>,
    /// Whether it is paid for while it is stopped.
    #[serde(default, deserialize_with = "read::present")]
    pub stopped_mode: Option<String>,
    /// Whether it can be taken back.
    pub recyclable: Option<bool>,
    /// Whether it is protected from being deleted.
    pub deletion_protection: Option<bool>,
    /// Whether disks can be attached.
    pub device_available: Option<bool>,
    /// Whether it is optimised for I/O.
    pub io_optimized: Option<bool>,
    /// How it may burst, for burstable types.
    #[serde(default, deserialize_with = "read::present")]
    pub credit_specification: Option<String>,
    /// Why it cannot be worked on. With `security`, its disks cannot be snapshotted.
    #[serde(default, deserialize_with = "nested")]
    pub operation_locks: Vec<InstanceLock>,
    /// How it is paid for, if it is preemptible.
    #[serde(default, deserialize_with = "read::present")]
    pub spot_strategy: Option<SpotStrategy>,
    /// For how many hours it is not taken back.
    #[serde(default, rename = "SpotDuration", deserialize_with = "read::number")]
    pub spot_hours: Option<u32>,
    /// The highest price an hour.
    pub spot_price_limit: Option<f32>,
    /// What happens when it is taken back.
    #[serde(default, deserialize_with = "read::present")]
    pub spot_interruption_behavior: Option<String>,
    /// In which kind of network it is.
    #[serde(
        default,
        rename = "InstanceNetworkType",
        deserialize_with = "read::present"
    )]
    pub network_type: Option<NetworkType>,
    /// Where in its VPC it is.
    #[serde(rename = "VpcAttributes")]
    pub vpc: Option<VpcAttributes>,
    /// Its network interfaces.
    #[serde(default, deserialize_with = "nested")]
    pub network_interfaces: Vec<NetworkInterface>,
    /// Its security groups.
    #[serde(default, deserialize_with = "nested")]
    pub security_group_ids: Vec<String>,
    /// Its public addresses.
    #[serde(default, rename = "PublicIpAddress", deserialize_with = "nested")]
    pub public_ip_addresses: Vec<String>,
    /// Its addresses in the classic network.
    #[serde(default, rename = "InnerIpAddress", deserialize_with = "nested")]
    pub inner_ip_addresses: Vec<String>,
    /// Its RDMA addresses.
    #[serde(default, rename = "RdmaIpAddress", deserialize_with = "nested")]
    pub rdma_ip_addresses: Vec<String>,
    /// Its elastic address.
    #[serde(rename = "EipAddress")]
    pub elastic_ip: Option<ElasticIp>,
    /// How its traffic is paid for.
    #[serde(default, deserialize_with = "read::present")]
    pub internet_charge_type: Option<InternetChargeType>,
    /// How many Mbit/s come in from the Internet.
    #[serde(
        default,
        rename = "InternetMaxBandwidthIn",
        deserialize_with = "read::number"
    )]
    pub internet_mbps_in: Option<u32>,
    /// How many Mbit/s go out to it.
    #[serde(
        default,
        rename = "InternetMaxBandwidthOut",
        deserialize_with = "read::number"
    )]
    pub internet_mbps_out: Option<u32>,
    /// By which names it is found in its VPC.
    #[serde(rename = "PrivateDnsNameOptions")]
    pub private_dns_names: Option<PrivateDnsNames>,
    /// The id of its VLAN.
    #[serde(default, deserialize_with = "read::present")]
    pub vlan_id: Option<String>,
    /// Its Internet provider.
    #[serde(default, rename = "ISP", deserialize_with = "read::present")]
    pub isp: Option<String>,
    /// How its metadata service is set up.
    pub metadata_options: Option<MetadataOptions>,
    /// How its clock is set up.
    pub clock_options: Option<ClockOptions>,
    /// How it is secured.
    pub security_options: Option<SecurityOptions>,
    /// Whether it can hibernate.
    pub hibernation_options: Option<HibernationOptions>,
    /// Whether it has a network of its own for storage.
    #[serde(rename = "EnableNVS")]
    pub enable_nvs: Option<bool>,
    /// The HPC cluster it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub hpc_cluster_id: Option<String>,
    /// The deployment set it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub deployment_set_id: Option<String>,
    /// Its group in that.
    #[serde(default, deserialize_with = "read::number")]
    pub deployment_set_group_no: Option<u32>,
    /// The dedicated host it is on.
    #[serde(rename = "DedicatedHostAttribute")]
    pub dedicated_host: Option<DedicatedHost>,
    /// How it is bound to that.
    #[serde(rename = "DedicatedInstanceAttribute")]
    pub dedicated_instance: Option<DedicatedInstance>,
    /// The reserved capacity it uses.
    #[serde(rename = "EcsCapacityReservationAttr")]
    pub capacity_reservation: Option<CapacityReservation>,
    /// Other details.
    pub additional_info: Option<AdditionalInfo>,
    /// The resource group it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub resource_group_id: Option<ResourceGroupId>,
    /// Its tags.
    #[serde(default, deserialize_with = "nested")]
    pub tags: Vec<Tag>,
}

/// A page of instances.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct InstancePage {
    /// What support asks for.
    pub request_id: String,
    /// The instances.
    #[serde(default, deserialize_with = "nested")]
    pub instances: Vec<Instance>,
    /// Where the next page begins.
    #[serde(default, deserialize_with = "read::present")]
    pub next_token: Option<String>,
    /// How many there are on all pages. Only valid when pages are asked for by number.
    #[serde(default, deserialize_with = "read::number")]
    pub total_count: Option<u64>,
    /// Which page this is, when asked for by number.
    #[serde(default, deserialize_with = "read::number")]
    pub page_number: Option<u32>,
    /// How many a page has, when asked for by number.
    #[serde(default, deserialize_with = "read::number")]
    pub page_size: Option<u32>,
}
