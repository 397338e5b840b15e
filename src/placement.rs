//! Which OSS endpoint a cluster should use, internal or public, and why.

use std::fmt;

use alibaba_core::Region;
use alibaba_oss::OssEndpoint;

/// The network over which OSS is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Network {
    /// The Internet.
    Public,
    /// Alibaba Cloud's own network.
    Internal,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Internal => "internal",
        })
    }
}

/// How the machines that call OSS are connected to Alibaba Cloud's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Link {
    /// They are in a VPC: ACK managed, dedicated and Serverless clusters, and the cloud
    /// nodes of ACK Edge clusters, where backups run.
    Vpc,
    /// Elsewhere, joined to a VPC by CEN, Express Connect or VPN: a registered cluster.
    JoinedToVpc,
    /// Joined to a VPC, but without a route to OSS's internal addresses.
    JoinedWithoutRoute,
    /// Elsewhere, not joined.
    Outside,
}

/// Where the machines are that call OSS.
///
/// ```
/// use ack_backup_center::core::Region;
/// use ack_backup_center::placement::{Link, Network, Placement};
///
/// let registered = Placement::new(Link::JoinedToVpc).in_region(Region::CN_BEIJING);
/// let choice = registered.choose(&Region::CN_BEIJING);
/// assert_eq!(choice.network, Network::Internal);
/// assert_eq!(
///     choice.to_string(),
///     "oss-cn-beijing-internal.aliyuncs.com (internal): the cluster is joined to a VPC in the \
///      bucket's region; it needs a route to the region's internal OSS addresses",
/// );
/// assert_eq!(registered.choose(&Region::CN_SHANGHAI).network, Network::Public);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    link: Link,
    region: Option<Region>,
    wanted: Option<Network>,
    explicit: Option<OssEndpoint>,
}

impl Placement {
    /// Machines with this link, in an unknown region.
    #[must_use]
    pub fn new(link: Link) -> Self {
        Self {
            link,
            region: None,
            wanted: None,
            explicit: None,
        }
    }

    /// Sets the region of the cluster, or of the VPC that it is joined to.
    #[must_use]
    pub fn in_region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Asks for one network whatever the placement, as a storage location's `network` setting does.
    #[must_use]
    pub fn wanting(mut self, network: Network) -> Self {
        self.wanted = Some(network);
        self
    }

    /// Sets the endpoint itself, which overrides everything else.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: OssEndpoint) -> Self {
        self.explicit = Some(endpoint);
        self
    }

    /// The endpoint for a bucket in `bucket_region`.
    #[must_use]
    pub fn choose(&self, bucket_region: &Region) -> Choice {
        if let Some(endpoint) = &self.explicit {
            let is_internal = endpoint.authority().contains("-internal.");
            let network = if is_internal {
                Network::Internal
            } else {
                Network::Public
            };
            return Choice {
                endpoint: endpoint.clone(),
                network,
                reason: Reason::ExplicitEndpoint,
            };
        }
        let (network, reason) = match (self.wanted, self.link, &self.region) {
            (Some(network), ..) => (network, Reason::ExplicitNetwork),
            (None, Link::Outside, _) => (Network::Public, Reason::NotJoined),
            (None, _, None) => (Network::Public, Reason::RegionUnknown),
            (None, _, Some(region)) if region != bucket_region => {
                (Network::Public, Reason::OtherRegion)
            }
            (None, Link::Vpc, _) => (Network::Internal, Reason::SameRegion),
            (None, Link::JoinedToVpc, _) => (Network::Internal, Reason::JoinedSameRegion),
            (None, Link::JoinedWithoutRoute, _) => (Network::Public, Reason::NoRoute),
        };
        let endpoint = match network {
            Network::Internal => OssEndpoint::internal(bucket_region),
            Network::Public => OssEndpoint::public(bucket_region),
        };
        Choice {
            endpoint,
            network,
            reason,
        }
    }
}

/// A chosen endpoint, with its reason. Printing it explains the choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The endpoint to use.
    pub endpoint: OssEndpoint,
    /// Its network.
    pub network: Network,
    /// Why this one.
    pub reason: Reason,
}

/// Why an endpoint was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// It was given.
    ExplicitEndpoint,
    /// The network was asked for.
    ExplicitNetwork,
    /// In a VPC of the bucket's region.
    SameRegion,
    /// Joined to a VPC of the bucket's region.
    JoinedSameRegion,
    /// In another region than the bucket.
    OtherRegion,
    /// The cluster's region is not known.
    RegionUnknown,
    /// Not joined to a VPC.
    NotJoined,
    /// Joined, without a route to OSS's internal addresses.
    NoRoute,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExplicitEndpoint => "the endpoint is given",
            Self::ExplicitNetwork => "the network is given",
            Self::SameRegion => "the cluster is in a VPC of the bucket's region",
            Self::JoinedSameRegion => {
                "the cluster is joined to a VPC in the bucket's region; it needs a route to the \
                 region's internal OSS addresses"
            }
            Self::OtherRegion => "the bucket is in another region than the cluster",
            Self::RegionUnknown => "the cluster's region is not known",
            Self::NotJoined => "the cluster is not joined to a VPC",
            Self::NoRoute => "the cluster has no route to the region's internal OSS addresses",
        })
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}): {}",
            self.endpoint.authority(),
            self.network,
            self.reason
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_only_where_it_can_be_reached() {
        use {Link::*, Network::*};
        let here = Region::CN_BEIJING;
        let elsewhere = Region::CN_SHANGHAI;
        for (link, region, network, reason) in [
            (Vpc, Some(&here), Internal, Reason::SameRegion),
            (Vpc, Some(&elsewhere), Public, Reason::OtherRegion),
            (Vpc, None, Public, Reason::RegionUnknown),
            (JoinedToVpc, Some(&here), Internal, Reason::JoinedSameRegion),
            (JoinedToVpc, Some(&elsewhere), Public, Reason::OtherRegion),
            (JoinedWithoutRoute, Some(&here), Public, Reason::NoRoute),
            (Outside, Some(&here), Public, Reason::NotJoined),
        ] {
            let mut placement = Placement::new(link);
            placement.region = region.cloned();
            let choice = placement.choose(&here);
            assert_eq!(
                (choice.network, choice.reason),
                (network, reason),
                "{link:?} {region:?}"
            );
            let is_internal = choice.endpoint == OssEndpoint::internal(&here);
            assert_eq!(is_internal, network == Internal);
        }
    }

    #[test]
    fn what_is_given_wins() {
        let here = Region::CN_BEIJING;
        let outside = Placement::new(Link::Outside).wanting(Network::Internal);
        assert_eq!(outside.choose(&here).endpoint, OssEndpoint::internal(&here));
        let given: OssEndpoint = "https://oss.example".parse().unwrap();
        let choice = outside.with_endpoint(given.clone()).choose(&here);
        assert_eq!(
            (choice.endpoint, choice.reason),
            (given, Reason::ExplicitEndpoint)
        );
    }
}
