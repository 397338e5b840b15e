//! DescribeInstances.

use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds;
use super::object::join;
use super::page::Paging;
use super::place;
use super::records::instance::Instance;
use super::refusal;
use super::rights::Sight;
use super::store::Store;
use super::tag::{self, Tag};
use super::time;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    instance_ids: Option<String>,
    instance_name: Option<String>,
    instance_type: Option<String>,
    instance_type_family: Option<String>,
    instance_charge_type: Option<String>,
    instance_network_type: Option<String>,
    internet_charge_type: Option<String>,
    image_id: Option<String>,
    zone_id: Option<String>,
    vpc_id: Option<String>,
    v_switch_id: Option<String>,
    security_group_id: Option<String>,
    private_ip_addresses: Option<String>,
    public_ip_addresses: Option<String>,
    inner_ip_addresses: Option<String>,
    eip_addresses: Option<String>,
    rdma_ip_addresses: Option<String>,
    #[serde(default)]
    ipv6_address: Vec<String>,
    key_pair_name: Option<String>,
    hpc_cluster_id: Option<String>,
    http_endpoint: Option<String>,
    http_tokens: Option<String>,
    io_optimized: Option<bool>,
    lock_reason: Option<String>,
    status: Option<String>,
    resource_group_id: Option<String>,
    #[serde(default)]
    additional_attributes: Vec<String>,
    dry_run: Option<bool>,
    #[serde(default)]
    tag: Vec<Tag>,
    #[serde(default)]
    filter: Vec<KeyValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyValue {
    key: Option<String>,
    value: Option<String>,
}

/// Lists instances. "Given no RAM right on a list call, DescribeInstances answers an empty list, not 403;
/// DryRun=true tells the two apart."
pub(super) fn describe(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let sight = Sight::new(
        call,
        "ecs:DescribeInstances",
        &region,
        ("instance", "InstanceIds"),
    )?;
    let asked: Describe = call.parameters.read()?;
    let ids = asked.instance_ids.as_deref();
    let ids = bounds::id_list(ids, "i", "InvalidInstanceIds.Malformed")?;
    asked.check()?;
    let paging = Paging::read(call, 100)?;
    store.change(|state, _| {
        let rows = state.records.instances.values().filter(|instance| {
            instance.region == region
                && ids.as_ref().is_none_or(|ids| ids.contains(&instance.id))
                && asked.hold(instance)
        });
        let page = paging.page(rows, |it| it.number, |it| sight.sees(&it.id, &it.tags));
        if asked.dry_run == Some(true) {
            sight.heed(!page.rows.is_empty())?;
            return Err(refusal::dry_run());
        }
        sight.note();
        let shown = page
            .rows
            .iter()
            .map(|it| show(it, &asked))
            .collect::<Vec<_>>();
        Ok(page.finish(json!({ "Instances": { "Instance": shown } })))
    })
}

impl Describe {
    fn check(&self) -> Result<(), ApiError> {
        let one_of = |value: &Option<String>, words: &[&str]| {
            value.as_ref().is_none_or(|it| words.contains(&it.as_str()))
        };
        let states = ["Pending", "Running", "Starting", "Stopping", "Stopped"];
        if !one_of(&self.status, &states) {
            return Err(refusal::not_found("InvalidStatus", "Status"));
        }
        let reasons = [
            "financial",
            "security",
            "Recycling",
            "dedicatedhostfinancial",
            "refunded",
        ];
        if !one_of(&self.lock_reason, &reasons) {
            return Err(refusal::not_found("InvalidLockReason", "LockReason"));
        }
        tag::filter(&self.tag)?;
        for filter in &self.filter {
            let is_known = matches!(
                filter.key.as_deref(),
                Some(
                    "CreationStartTime" | "CreationEndTime" | "ExpiredStartTime" | "ExpiredEndTime"
                )
            );
            if !is_known {
                return Err(refusal::not_found("InvalidFilterKey", "Filter.N.Key"));
            }
            if time::read(filter.value.as_deref().unwrap_or_default()).is_none() {
                return Err(ApiError::bad_request(
                    "InvalidFilterValue",
                    "The specified Filter.N.Value is invalid.",
                ));
            }
        }
        for (name, list) in [
            ("PrivateIpAddresses", &self.private_ip_addresses),
            ("PublicIpAddresses", &self.public_ip_addresses),
            ("InnerIpAddresses", &self.inner_ip_addresses),
            ("EipAddresses", &self.eip_addresses),
        ] {
            if addresses(list).is_none() {
                return Err(ApiError::invalid(name));
            }
        }
        Ok(())
    }

    fn hold(&self, instance: &Instance) -> bool {
        let same = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        // Instances here have none of these, so nothing has the one that is asked for.
        let has_none = [
            &self.eip_addresses,
            &self.public_ip_addresses,
            &self.inner_ip_addresses,
            &self.rdma_ip_addresses,
            &self.key_pair_name,
            &self.hpc_cluster_id,
        ];
        let name = self.instance_name.as_deref();
        let private = addresses(&self.private_ip_addresses).unwrap_or_default();
        let lock = instance.lock_reason.as_deref();
        has_none.iter().all(|wanted| wanted.is_none())
            && self.ipv6_address.is_empty()
            && name.is_none_or(|pattern| matches(pattern, &instance.name))
            && same(&self.instance_type, &instance.instance_type)
            && same(&self.instance_type_family, family(&instance.instance_type))
            && same(&self.instance_charge_type, "PostPaid")
            && same(&self.instance_network_type, "vpc")
            && same(&self.internet_charge_type, "PayByTraffic")
            && same(&self.image_id, &instance.image)
            && same(&self.zone_id, &instance.zone)
            && same(&self.vpc_id, &instance.vpc)
            && same(&self.v_switch_id, &instance.vswitch)
            && same(&self.security_group_id, &instance.security_group)
            && same(&self.http_endpoint, "enabled")
            && same(&self.http_tokens, "optional")
            && same(&self.status, &instance.status)
            && self.io_optimized != Some(false)
            && (private.is_empty() || private.contains(&instance.private_ip))
            && (self.lock_reason.is_none() || self.lock_reason.as_deref() == lock)
            && (self.resource_group_id.is_none()
                || self.resource_group_id == instance.resource_group)
            && tag::has_all(&instance.tags, &self.tag)
            && self.filter.iter().all(|filter| filter.holds(instance))
    }
}

impl KeyValue {
    fn holds(&self, instance: &Instance) -> bool {
        let time = time::read(self.value.as_deref().unwrap_or_default());
        let Some(time) = time else {
            return false;
        };
        match self.key.as_deref() {
            Some("CreationStartTime") => instance.created >= time,
            Some("CreationEndTime") => instance.created <= time,
            // They do not expire.
            Some("ExpiredStartTime") => true,
            _ => false,
        }
    }
}

/// A list as JSON text; `None` where it is none.
fn addresses(text: &Option<String>) -> Option<Vec<String>> {
    match text {
        None => Some(Vec::new()),
        Some(text) => {
            let list: Vec<String> = serde_json::from_str(text).ok()?;
            (list.len() <= 100).then_some(list)
        }
    }
}

/// "`*` works as a wildcard."
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let ends = name.char_indices().map(|(at, _)| at);
            let mut ends = ends.chain([name.len()]);
            ends.any(|at| matches(rest, &name[at..]))
        }),
    }
}

/// `ecs.g7` of `ecs.g7.xlarge`.
fn family(instance_type: &str) -> &str {
    instance_type
        .rsplit_once('.')
        .map_or("", |(family, _)| family)
}

/// An instance as DescribeInstances has it, as far as it is more than a name here.
fn show(instance: &Instance, asked: &Describe) -> Value {
    let locks = instance.lock_reason.as_ref();
    let locks = locks.map(|reason| json!({ "LockReason": reason, "LockMsg": "" }));
    let own = json!({
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "HostName": instance.name,
        "Description": "",
        "SerialNumber": instance.id,
        "RegionId": instance.region,
        "ZoneId": instance.zone,
        "InstanceType": instance.instance_type,
        "InstanceTypeFamily": family(&instance.instance_type),
        "ImageId": instance.image,
        "Status": instance.status,
        "StoppedMode": if instance.status == "Stopped" { "KeepCharging" } else { "Not-applicable" },
        "CreationTime": time::text(instance.created),
        "StartTime": time::text(instance.created),
        "ExpiredTime": "2999-09-08T16:00Z",
        "AutoReleaseTime": "",
        "InstanceChargeType": "PostPaid",
        "InstanceNetworkType": "vpc",
        "InternetChargeType": "PayByTraffic",
        "InternetMaxBandwidthIn": 0,
        "InternetMaxBandwidthOut": 0,
        "IoOptimized": true,
        "DeletionProtection": false,
        "Recyclable": false,
        "Cpu": 4,
        "Memory": 16384,
        "OSType": "linux",
        "SpotStrategy": "NoSpot",
        "CreditSpecification": "",
    });
    let surroundings = json!({
        "ResourceGroupId": instance.resource_group.as_deref().unwrap_or_default(),
        "SecurityGroupIds": { "SecurityGroupId": [instance.security_group] },
        "VpcAttributes": {
            "VpcId": instance.vpc,
            "VSwitchId": instance.vswitch,
            "NatIpAddress": "",
            "PrivateIpAddress": { "IpAddress": [instance.private_ip] },
        },
        "NetworkInterfaces": { "NetworkInterface": [{
            "NetworkInterfaceId": instance.network_interface,
            "PrimaryIpAddress": instance.private_ip,
            "Type": "Primary",
            "PrivateIpSets": { "PrivateIpSet": [
                { "PrivateIpAddress": instance.private_ip, "Primary": true }
            ] },
        }] },
        "PublicIpAddress": { "IpAddress": [] },
        "InnerIpAddress": { "IpAddress": [] },
        "RdmaIpAddress": { "IpAddress": [] },
        "OperationLocks": { "LockReason": Value::from_iter(locks) },
        "Tags": tag::show(&instance.tags),
    });
    let mut shown = join(own, surroundings);
    if asked
        .additional_attributes
        .iter()
        .any(|it| it == "META_OPTIONS")
    {
        shown["MetadataOptions"] = json!({ "HttpEndpoint": "enabled", "HttpTokens": "optional" });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_in_a_name_is_any_text() {
        for (pattern, name) in [
            ("node", "node"),
            ("node*", "node-1"),
            ("*", ""),
            ("*-1", "node-1"),
            ("n*d*1", "node-1"),
            ("*日*", "本日は"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("node", "node-1"), ("*-2", "node-1"), ("e*", "node")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
