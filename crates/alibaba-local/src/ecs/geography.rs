//! DescribeRegions and DescribeZones.

use serde::Deserialize;
use serde_json::{Value, json};

use super::categories::CATEGORIES;
use super::place;
use super::refusal;
use super::regions::{REGIONS, find, zones};
use super::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeRegions {
    accept_language: Option<String>,
    instance_charge_type: Option<String>,
    resource_type: Option<String>,
}

/// DescribeRegions. Every region has everything.
pub(super) fn describe_regions(_: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: DescribeRegions = call.parameters.read()?;
    charge_type(wanted.instance_charge_type.as_deref())?;
    const TYPES: [&str; 4] = ["instance", "disk", "reservedinstance", "scu"];
    if let Some(kind) = wanted.resource_type
        && !TYPES.contains(&kind.as_str())
    {
        return Err(refusal::not_found("InvalidResourceType", "ResourceType"));
    }
    let local = is_chinese(wanted.accept_language.as_deref())?;
    let shown = REGIONS.iter().map(|region| {
        json!({
            "RegionId": region.id,
            "LocalName": if local { region.local_name } else { region.name },
            "RegionEndpoint": endpoint(region.id),
            "Status": "available",
        })
    });
    Ok(json!({ "Regions": { "Region": shown.collect::<Vec<_>>() } }))
}

/// As the SDKs' tables have it.
fn endpoint(region: &str) -> String {
    let separator = if region == "cn-hangzhou" { '-' } else { '.' };
    format!("ecs{separator}{region}.aliyuncs.com")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeZones {
    accept_language: Option<String>,
    instance_charge_type: Option<String>,
    spot_strategy: Option<String>,
    verbose: Option<bool>,
}

/// DescribeZones. What instances there could be is left empty, since none can be made here.
pub(super) fn describe_zones(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: DescribeZones = call.parameters.read()?;
    let region = place::required(store, call)?;
    charge_type(wanted.instance_charge_type.as_deref())?;
    const STRATEGIES: [&str; 3] = ["NoSpot", "SpotWithPriceLimit", "SpotAsPriceGo"];
    if let Some(strategy) = wanted.spot_strategy
        && !STRATEGIES.contains(&strategy.as_str())
    {
        return Err(ApiError::invalid("SpotStrategy"));
    }
    let local = is_chinese(wanted.accept_language.as_deref())?;
    let is_verbose = wanted.verbose != Some(false);
    let region = find(&region).ok_or_else(refusal::no_region)?;
    let categories: Vec<_> = CATEGORIES.iter().map(|it| it.name).collect();
    let shown = zones(region).map(|zone| {
        let letter = zone.chars().last().unwrap_or_default().to_ascii_uppercase();
        let name = if local {
            format!("{} 可用区{letter}", region.local_name)
        } else {
            format!("{} Zone {letter}", region.name)
        };
        let mut shown = json!({
            "ZoneId": zone,
            "LocalName": name,
            "ZoneType": "AvailabilityZone",
            "AvailableResourceCreation": { "ResourceTypes": ["VSwitch", "Disk"] },
            "AvailableDiskCategories": { "DiskCategories": categories },
            "AvailableVolumeCategories": { "VolumeCategories": [] },
            "AvailableInstanceTypes": { "InstanceTypes": [] },
            "AvailableDedicatedHostTypes": { "DedicatedHostType": [] },
            "DedicatedHostGenerations": { "DedicatedHostGeneration": [] },
        });
        if is_verbose {
            shown["AvailableResources"] = json!({ "ResourcesInfo": [{
                "IoOptimized": true,
                "DataDiskCategories": { "supportedDataDiskCategory": categories },
                "SystemDiskCategories": { "supportedSystemDiskCategory": categories },
                "NetworkTypes": { "supportedNetworkCategory": ["vpc"] },
                "InstanceGenerations": { "supportedInstanceGeneration": [] },
                "InstanceTypeFamilies": { "supportedInstanceTypeFamily": [] },
                "InstanceTypes": { "supportedInstanceType": [] },
            }] });
        }
        shown
    });
    Ok(json!({ "Zones": { "Zone": shown.collect::<Vec<_>>() } }))
}

/// Chinese unless another language is asked for; all others get English.
fn is_chinese(language: Option<&str>) -> Result<bool, ApiError> {
    match language {
        None | Some("zh-CN" | "zh-TW") => Ok(true),
        Some("en-US" | "ja" | "fr" | "de" | "ko") => Ok(false),
        Some(_) => Err(ApiError::invalid("AcceptLanguage")),
    }
}

fn charge_type(value: Option<&str>) -> Result<(), ApiError> {
    match value {
        None | Some("PostPaid" | "PrePaid") => Ok(()),
        Some(_) => Err(ApiError::invalid("InstanceChargeType")),
    }
}
