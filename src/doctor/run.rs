//! The entry point.

use std::fmt;
use std::time::Duration;

use tokio::time::timeout;

use super::check::Check;
use super::report::Report;
use super::{account, buckets, cluster, credentials, rights};
use crate::cloud::Cloud;
use crate::clusters::Authorization;
use crate::grants::{MANAGED_ROLE, Names, Requirements, names_of};

/// Looks at an account and a cluster.
#[derive(Clone)]
pub struct Doctor {
    cloud: Cloud,
    cluster: kube::Client,
    wanted: Requirements,
    names: Option<Names>,
    deadline: Duration,
}

impl fmt::Debug for Doctor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doctor")
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

impl Doctor {
    /// Looks at whether what is wanted can be done.
    #[must_use]
    pub fn new(cloud: &Cloud, cluster: kube::Client, wanted: Requirements) -> Self {
        Self {
            cloud: cloud.clone(),
            cluster,
            wanted,
            names: None,
            deadline: Duration::from_secs(5),
        }
    }

    /// Looks at the rights of another RAM user than the one that a grant makes.
    #[must_use]
    pub fn with_names(mut self, names: Names) -> Self {
        self.names = Some(names);
        self
    }

    /// For how long each check may take: 5 seconds. One that takes longer is unknown.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs all checks at once.
    pub async fn run(&self) -> Report {
        let (cloud, cluster, wanted) = (&self.cloud, &self.cluster, &self.wanted);
        let parts = futures::join!(
            self.within("caller", async { vec![account::caller(cloud).await] }),
            self.within("service ECS snapshots", async {
                account::snapshots(cloud, wanted)
                    .await
                    .into_iter()
                    .collect()
            }),
            self.within("service Cloud Backup", async {
                account::file_backups(cloud, wanted)
                    .await
                    .into_iter()
                    .collect()
            }),
            self.within("buckets", buckets::check(cloud, wanted)),
            self.within("rights", self.rights()),
            self.within("Secret", async {
                vec![credentials::secret(cluster, wanted).await]
            }),
            self.within("Kubernetes version", async {
                vec![cluster::kubernetes(cluster).await]
            }),
            self.within("nodes", async { vec![cluster::nodes(cluster).await] }),
            self.within("component", async {
                vec![cluster::component(cluster, wanted).await]
            }),
            self.within("volumes", cluster::volumes(cluster, wanted)),
        );
        let (caller, ecs, hbr, buckets, rights, secret, kubernetes, nodes, component, volumes) =
            parts;
        let order = [
            caller, ecs, hbr, buckets, rights, secret, kubernetes, nodes, component, volumes,
        ];
        Report {
            checks: order.into_iter().flatten().collect(),
        }
    }

    async fn within(&self, name: &str, checks: impl Future<Output = Vec<Check>>) -> Vec<Check> {
        let late = || {
            vec![Check::unknown(
                name,
                format!("no answer within {:?}", self.deadline),
            )]
        };
        timeout(self.deadline, checks)
            .await
            .unwrap_or_else(|_| late())
    }

    /// Looks at the rights alone: those of the RAM user, or of the role of managed clusters where that is
    /// enough. A check for each right that has to be granted, named `right <action> on <resource>`.
    pub async fn rights(&self) -> Vec<Check> {
        let ram = match self.cloud.ram() {
            Ok(ram) => ram,
            Err(error) => return vec![Check::unknown("rights", error.to_string())],
        };
        if self.wanted.policy().is_none() {
            return match self.wanted.kind().profile().authorization {
                Authorization::ManagedRole => vec![rights::role(&ram, MANAGED_ROLE).await],
                Authorization::RamUser => Vec::new(),
            };
        }
        let names = match &self.names {
            Some(names) => Ok(names.clone()),
            None => names_of(&self.cluster, self.wanted.kind()).await,
        };
        match names {
            Ok(names) => rights::check(&ram, &names.user, &self.wanted).await,
            Err(error) => vec![Check::unknown("rights", error.chain())],
        }
    }
}
