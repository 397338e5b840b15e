//! Container clusters whose volumes are backed up.

use alibaba_core::openapi::Acknowledged;
use alibaba_core::{Paginator, Secret};
use serde::Deserialize;

use crate::connect::Client;
use crate::ids::{AckClusterId, ContainerClusterId, ContainerResourceId};
use crate::read;
use crate::volumes::VolumeInfo;

alibaba_core::operations! {
    impl Client;
    /// The operations on container clusters.
    pub(crate) const OPERATIONS;

    /// Registers an ACK cluster, and gives the token by which the backup client `hbr-client` joins.
    ///
    /// Costs nothing. The client runs where its token was made for: in another cluster it stays
    /// inactive. Needs `hbr:AddContainerCluster` on `*`.
    ///
    /// It is not repeated after a broken connection: look by
    /// [`describe_container_cluster`](Self::describe_container_cluster) and `identifier` first, which
    /// has the token too.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::{ClusterType, NetworkType};
    ///
    /// let ack = "c0000000000000000000000000000fake";
    /// let there = hbr.describe_container_cluster().identifier(ack).send().await?.clusters;
    /// let cluster_id = match there.into_iter().next() {
    ///     Some(cluster) => cluster.id,
    ///     None => {
    ///         let call = hbr.add_container_cluster(ClusterType::Ack, ack, NetworkType::Vpc);
    ///         call.name("shop").send().await?.cluster_id
    ///     }
    /// };
    /// println!("{cluster_id}");
    /// # Ok(())
    /// # }
    /// ```
    fn add_container_cluster = AddContainerCluster(
        cluster_type: ClusterType = "ClusterType",
        identifier: AckClusterId = "Identifier",
        network_type: NetworkType = "NetworkType",
    ) -> ContainerClusterAdded {
        /// The name that the console shows.
        name: String = "Name";
        /// What it is for.
        description: String = "Description" [in 0..=255];
    }

    /// Lists registered clusters, and says whether the backup client runs in each.
    ///
    /// [`send`](DescribeContainerCluster::send) gets one page,
    /// [`items`](DescribeContainerCluster::items) all of them. Needs `hbr:DescribeContainerCluster` on
    /// `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// let call = hbr.describe_container_cluster().identifier("c0000000000000000000000000000fake");
    /// for cluster in call.send().await?.clusters {
    ///     println!("{}: {:?}", cluster.id, cluster.agent_status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_container_cluster = DescribeContainerCluster() -> ContainerClusterPage {
        /// Only the cluster of this id.
        cluster_id: ContainerClusterId = "ClusterId";
        /// Only the cluster that ACK knows by this id.
        identifier: AckClusterId = "Identifier";
        /// Which page to get; the first, if this is not set.
        page_number: u32 = "PageNumber" [in 1..=u32::MAX.into()];
        /// How many clusters a page has at most; 10, if this is not set.
        page_size: u32 = "PageSize" [in 1..=99];
    }

    /// Changes a registered cluster; what is not set stays.
    ///
    /// Needs `hbr:UpdateContainerCluster` on `*`. It is not repeated after a broken connection, since
    /// the token may have changed; without `renew_token`, the same call again has the same effect.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// let call = hbr.update_container_cluster("cc-000fake0000000001").renew_token(true);
    /// let token = call.send().await?.token;
    /// # Ok(())
    /// # }
    /// ```
    fn update_container_cluster = UpdateContainerCluster(
        cluster_id: ContainerClusterId = "ClusterId",
    ) -> ContainerClusterUpdated {
        /// The name that the console shows.
        name: String = "Name";
        /// What it is for.
        description: String = "Description" [in 0..=255];
        /// The network of the cluster.
        network_type: NetworkType = "NetworkType";
        /// Makes a new token.
        renew_token: bool = "RenewToken";
    }

    /// Takes a cluster off the list.
    ///
    /// Needs `hbr:DeleteContainerCluster` on `*`. It is repeated after a broken connection, and may
    /// then fail because it is done.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// hbr.delete_container_cluster("cc-000fake0000000001").force(true).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_container_cluster = DeleteContainerCluster(
        cluster_id: ContainerClusterId = "ClusterId",
    ) -> Acknowledged [idempotent] {
        /// Takes it off even while its backup client runs.
        force: bool = "Force";
    }

    /// Lists the resources of clusters, such as their volumes.
    ///
    /// [`send`](DescribeContainerResource::send) gets one page,
    /// [`items`](DescribeContainerResource::items) all of them. Needs `hbr:DescribeContainerResource`
    /// on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let call = hbr.describe_container_resource().cluster_id("cc-000fake0000000001");
    /// let resources: Vec<_> = call.page_size(99_u32).items().try_collect().await?;
    /// println!("{} volumes", resources.len());
    /// # Ok(())
    /// # }
    /// ```
    fn describe_container_resource = DescribeContainerResource() -> ContainerResourcePage {
        /// Only resources of this cluster.
        cluster_id: ContainerClusterId = "ClusterId";
        /// Only resources of this kind.
        resource_type: ContainerResourceType = "ResourceType";
        /// Only the resource of this id.
        resource_id: ContainerResourceId = "ResourceId";
        /// Which page to get; the first, if this is not set.
        page_number: u32 = "PageNumber" [in 1..=u32::MAX.into()];
        /// How many resources a page has at most; 10, if this is not set.
        page_size: u32 = "PageSize" [in 1..=99];
    }
}

impl DescribeContainerCluster {
    /// All clusters, page after page from the first.
    pub fn items(self) -> Paginator<ContainerCluster> {
        self.call
            .list_by_number("list container clusters", |page: ContainerClusterPage| {
                (page.clusters, page.total_count)
            })
    }
}

impl DescribeContainerResource {
    /// All resources, page after page from the first.
    pub fn items(self) -> Paginator<ContainerResource> {
        self.call
            .list_by_number("list container resources", |page: ContainerResourcePage| {
                (page.resources, page.total_count)
            })
    }
}

alibaba_core::words! {
    /// The kind of a container cluster.
    ClusterType {
        /// Container Service for Kubernetes.
        Ack = "ACK",
    }

    /// The network of a container cluster.
    NetworkType {
        /// The classic network.
        Classic = "CLASSIC",
        /// A virtual private cloud.
        Vpc = "VPC",
    }

    /// Whether the backup client runs in a cluster.
    AgentStatus {
        /// It runs.
        Ready = "READY",
        /// It does not.
        Missing = "MISS",
    }

    /// The kind of a resource of a cluster.
    ContainerResourceType {
        /// A PersistentVolume.
        Pv = "PV",
    }
}

/// A cluster that was registered.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ContainerClusterAdded {
    /// What support asks for.
    pub request_id: String,
    /// The cluster.
    pub cluster_id: ContainerClusterId,
    /// What registers the backup client.
    #[serde(default, deserialize_with = "read::secret")]
    pub token: Option<Secret>,
}

/// A cluster that was changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ContainerClusterUpdated {
    /// What support asks for.
    pub request_id: String,
    /// What registers the backup client.
    #[serde(default, deserialize_with = "read::secret")]
    pub token: Option<Secret>,
    /// Whether the token is new.
    pub token_updated: Option<bool>,
}

/// A registered cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ContainerCluster {
    /// The id.
    #[serde(rename = "ClusterId")]
    pub id: ContainerClusterId,
    /// The id that ACK knows it by.
    #[serde(default, deserialize_with = "read::present")]
    pub identifier: Option<AckClusterId>,
    /// The name.
    #[serde(default, deserialize_with = "read::present")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, deserialize_with = "read::present")]
    pub description: Option<String>,
    /// Whether the backup client runs in the cluster.
    #[serde(default, deserialize_with = "read::present")]
    pub agent_status: Option<AgentStatus>,
    /// The kind of the cluster.
    #[serde(default, deserialize_with = "read::present")]
    pub cluster_type: Option<ClusterType>,
    /// The network of the cluster.
    #[serde(default, deserialize_with = "read::present")]
    pub network_type: Option<NetworkType>,
    /// What registers the backup client.
    #[serde(default, deserialize_with = "read::secret")]
    pub token: Option<Secret>,
}

/// A page of registered clusters.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ContainerClusterPage {
    /// What support asks for.
    pub request_id: String,
    /// The clusters.
    #[serde(default, deserialize_with = "read::list")]
    pub clusters: Vec<ContainerCluster>,
    /// How many there are in all.
    pub total_count: Option<u64>,
    /// The number of the page.
    pub page_number: Option<u32>,
    /// How many a page has at most.
    pub page_size: Option<u32>,
}

/// A resource of a cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ContainerResource {
    /// The id: for a volume, a UUID.
    #[serde(rename = "ResourceId")]
    pub id: ContainerResourceId,
    /// The kind of the resource.
    #[serde(default, deserialize_with = "read::present")]
    pub resource_type: Option<ContainerResourceType>,
    /// What it is in Kubernetes, as JSON.
    #[serde(default, deserialize_with = "read::present")]
    pub resource_info: Option<String>,
    /// The cluster.
    #[serde(default, deserialize_with = "read::present")]
    pub cluster_id: Option<ContainerClusterId>,
    /// The id of the ACK cluster.
    #[serde(default, deserialize_with = "read::present")]
    pub cluster_identifier: Option<AckClusterId>,
}

impl ContainerResource {
    /// What the volume is in Kubernetes, if [`resource_info`](Self::resource_info) says.
    #[must_use]
    pub fn volume(&self) -> Option<VolumeInfo> {
        serde_json::from_str(self.resource_info.as_deref()?).ok()
    }
}

/// A page of resources of clusters.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ContainerResourcePage {
    /// What support asks for.
    pub request_id: String,
    /// The resources.
    #[serde(default, deserialize_with = "read::list")]
    pub resources: Vec<ContainerResource>,
    /// How many there are in all.
    pub total_count: Option<u64>,
    /// The number of the page.
    pub page_number: Option<u32>,
    /// How many a page has at most.
    pub page_size: Option<u32>,
}
