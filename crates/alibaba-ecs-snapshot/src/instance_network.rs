//! The networks of instances as ECS describes them.

use alibaba_core::openapi::read::nested;
use serde::Deserialize;

use crate::read;
use crate::words::InternetChargeType;

/// Where in its VPC an instance is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct VpcAttributes {
    /// The VPC.
    #[serde(default, deserialize_with = "read::present")]
    pub vpc_id: Option<String>,
    /// The vSwitch.
    #[serde(default, rename = "VSwitchId", deserialize_with = "read::present")]
    pub vswitch_id: Option<String>,
    /// Its addresses there.
    #[serde(default, rename = "PrivateIpAddress", deserialize_with = "nested")]
    pub private_ip_addresses: Vec<String>,
    /// Its address behind NAT.
    #[serde(default, deserialize_with = "read::present")]
    pub nat_ip_address: Option<String>,
}

/// The elastic address of an instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ElasticIp {
    /// The id.
    #[serde(default, rename = "AllocationId", deserialize_with = "read::present")]
    pub id: Option<String>,
    /// The address.
    #[serde(default, deserialize_with = "read::present")]
    pub ip_address: Option<String>,
    /// How many Mbit/s it allows.
    #[serde(default, rename = "Bandwidth", deserialize_with = "read::number")]
    pub mbps: Option<u32>,
    /// How its traffic is paid for.
    #[serde(default, deserialize_with = "read::present")]
    pub internet_charge_type: Option<InternetChargeType>,
    /// Whether it can be taken off.
    #[serde(rename = "IsSupportUnassociate")]
    pub can_be_unassociated: Option<bool>,
}

/// By which names an instance is found in its VPC.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PrivateDnsNames {
    /// Which kind of name its host has.
    #[serde(default, deserialize_with = "read::present")]
    pub hostname_type: Option<String>,
    /// Whether a name of its id leads to its IPv4 address.
    #[serde(rename = "EnableInstanceIdDnsARecord")]
    pub instance_id_to_ipv4: Option<bool>,
    /// Whether a name of its id leads to its IPv6 address.
    #[serde(rename = "EnableInstanceIdDnsAAAARecord")]
    pub instance_id_to_ipv6: Option<bool>,
    /// Whether a name of its address leads to that.
    #[serde(rename = "EnableIpDnsARecord")]
    pub ip_to_ipv4: Option<bool>,
    /// Whether its address leads to a name.
    #[serde(rename = "EnableIpDnsPtrRecord")]
    pub ipv4_to_name: Option<bool>,
}

/// A network interface.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NetworkInterface {
    /// The id.
    #[serde(
        default,
        rename = "NetworkInterfaceId",
        deserialize_with = "read::present"
    )]
    pub id: Option<String>,
    /// `Primary` or `Secondary`.
    #[serde(default, rename = "Type", deserialize_with = "read::present")]
    pub kind: Option<String>,
    /// Its MAC address.
    #[serde(default, deserialize_with = "read::present")]
    pub mac_address: Option<String>,
    /// Its first address.
    #[serde(default, deserialize_with = "read::present")]
    pub primary_ip_address: Option<String>,
    /// Its private addresses.
    #[serde(default, rename = "PrivateIpSets", deserialize_with = "nested")]
    pub private_ips: Vec<PrivateIp>,
    /// Its IPv6 addresses.
    #[serde(default, rename = "Ipv6Sets", deserialize_with = "nested")]
    pub ipv6_addresses: Vec<Ipv6>,
    /// Its IPv4 prefixes.
    #[serde(default, rename = "Ipv4PrefixSets", deserialize_with = "nested")]
    pub ipv4_prefixes: Vec<Ipv4Prefix>,
    /// Its IPv6 prefixes.
    #[serde(default, rename = "Ipv6PrefixSets", deserialize_with = "nested")]
    pub ipv6_prefixes: Vec<Ipv6Prefix>,
}

/// A private address.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PrivateIp {
    /// The address.
    #[serde(
        default,
        rename = "PrivateIpAddress",
        deserialize_with = "read::present"
    )]
    pub address: Option<String>,
    /// Its name.
    #[serde(default, rename = "PrivateDnsName", deserialize_with = "read::present")]
    pub dns_name: Option<String>,
    /// Whether it is the first.
    pub primary: Option<bool>,
}

/// An IPv6 address.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Ipv6 {
    /// The address.
    #[serde(default, rename = "Ipv6Address", deserialize_with = "read::present")]
    pub address: Option<String>,
    /// Whether it is the first.
    pub primary: Option<bool>,
}

/// A prefix of IPv4 addresses.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Ipv4Prefix {
    /// The prefix.
    #[serde(default, rename = "Ipv4Prefix", deserialize_with = "read::present")]
    pub prefix: Option<String>,
}

/// A prefix of IPv6 addresses.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Ipv6Prefix {
    /// The prefix.
    #[serde(default, rename = "Ipv6Prefix", deserialize_with = "read::present")]
    pub prefix: Option<String>,
}
