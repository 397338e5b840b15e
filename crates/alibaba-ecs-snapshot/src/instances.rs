//! Instances, whose disks snapshots are of.

use alibaba_core::Paginator;

use crate::connect::{Client, next_token, sized};
use crate::filter::TimeFilter;
use crate::ids::{InstanceId, ResourceGroupId, ZoneId};
use crate::instance::{Instance, InstancePage};
use crate::tag::Tag;
use crate::words::{
    ChargeType, HttpTokens, InstanceStatus, InternetChargeType, LockReason, NetworkType, Switch,
};
use crate::write::ids;

alibaba_core::operations! {
    impl Client;
    /// The operations on instances.
    pub(crate) const OPERATIONS;

    /// Lists instances that all of the filters hold for.
    ///
    /// [`send`](DescribeInstances::send) gets one page, [`items`](DescribeInstances::items) all of
    /// them. Needs `ecs:DescribeInstances` on `acs:ecs:<region>:<account>:instance/*`, or on single
    /// ones. **Without the right it lists nothing and does not fail**: `dry_run(true)` tells the
    /// two apart. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::Tag;
    /// use futures::TryStreamExt as _;
    ///
    /// let nodes = ecs.describe_instances().tags([Tag::new("ack.aliyun.com", "c0000fake")]);
    /// let mut nodes = nodes.items();
    /// while let Some(node) = nodes.try_next().await? {
    ///     println!("{} {:?}", node.id, node.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_instances = DescribeInstances() -> InstancePage [region("RegionId")] {
        /// Only these, up to 100.
        instance_ids: Vec<InstanceId> = "InstanceIds" [ids];
        /// Only those of this name, where `*` stands for anything.
        instance_name: String = "InstanceName";
        /// Only those in this state.
        status: InstanceStatus = "Status";
        /// Only those in this zone.
        zone_id: ZoneId = "ZoneId";
        /// Only those in this VPC.
        vpc_id: String = "VpcId";
        /// Only those at this vSwitch.
        vswitch_id: String = "VSwitchId";
        /// Only those in this security group.
        security_group_id: String = "SecurityGroupId";
        /// Only those of this type.
        instance_type: String = "InstanceType";
        /// Only those of this family of types.
        instance_type_family: String = "InstanceTypeFamily";
        /// Only those in this kind of network.
        instance_network_type: NetworkType = "InstanceNetworkType";
        /// Only those paid for in this way.
        instance_charge_type: ChargeType = "InstanceChargeType";
        /// Only those whose traffic is paid for in this way.
        internet_charge_type: InternetChargeType = "InternetChargeType";
        /// Only those started from this image.
        image_id: String = "ImageId";
        /// Only those with this key pair.
        key_pair_name: String = "KeyPairName";
        /// Only those of this HPC cluster.
        hpc_cluster_id: String = "HpcClusterId";
        /// Only those optimised for I/O.
        io_optimized: bool = "IoOptimized";
        /// Only those with one of these addresses in a VPC, up to 100.
        private_ip_addresses: Vec<String> = "PrivateIpAddresses" [ids];
        /// Only those with one of these public addresses, up to 100.
        public_ip_addresses: Vec<String> = "PublicIpAddresses" [ids];
        /// Only those with one of these elastic addresses, up to 100.
        eip_addresses: Vec<String> = "EipAddresses" [ids];
        /// Only those with one of these addresses in the classic network, up to 100.
        inner_ip_addresses: Vec<String> = "InnerIpAddresses" [ids];
        /// Only those with one of these IPv6 addresses.
        ipv6_addresses: Vec<String> = "Ipv6Address";
        /// Only those with this RDMA address.
        rdma_ip_addresses: String = "RdmaIpAddresses";
        /// Only those whose metadata service is on, or off.
        http_endpoint: Switch = "HttpEndpoint";
        /// Only those whose metadata service wants a token, or does not.
        http_tokens: HttpTokens = "HttpTokens";
        /// Not open to the public: leave it unset.
        http_put_response_hop_limit: u32 = "HttpPutResponseHopLimit";
        /// Only those locked for this reason.
        lock_reason: LockReason = "LockReason";
        /// Only those of this resource group.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// Only those with these tags.
        tags: Vec<Tag> = "Tag" [in 0..=20];
        /// Only those made, or expiring, between these times.
        times: Vec<TimeFilter> = "Filter";
        /// What else to say, such as `META_OPTIONS`.
        additional_attributes: Vec<String> = "AdditionalAttributes" [in 0..=20];
        /// Not open to the public: leave it unset.
        device_available: bool = "DeviceAvailable";
        /// Not open to the public: leave it unset.
        need_sale_cycle: bool = "NeedSaleCycle";
        /// Checks the right only: where it is there, the call fails with `DryRunOperation`.
        dry_run: bool = "DryRun";
        /// How many a page has at most.
        max_results: u32 = "MaxResults" [in 1..=100];
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken";
        /// Which page, from 1. An older way that goes with `page_size`, and not with
        /// [`items`](DescribeInstances::items).
        page_number: u32 = "PageNumber";
        /// How many a page has, when asked for by number.
        page_size: u32 = "PageSize" [in 1..=100];
    }
}

impl DescribeInstances {
    /// All instances from here on, page after page of up to 100.
    pub fn items(self) -> Paginator<Instance> {
        sized(self.into_call(), 100).list_by_token(
            "list instances",
            next_token,
            |page: InstancePage| (page.instances, page.next_token),
        )
    }
}
