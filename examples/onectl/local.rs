//! A cluster and a cloud in this process.

use alibaba_local::{LocalCloud, User};
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::PostParams;
use kube_local::KubeLocal;
use serde_json::json;

use super::failure::Result;

pub(crate) const ID: &str = "LTAI-local";
pub(crate) const SECRET: &str = "local-secret";
const REGION: &str = "cn-hangzhou";

pub(crate) struct Local {
    cloud: LocalCloud,
    cluster: KubeLocal,
}

impl Local {
    pub(crate) async fn start(region: Option<&str>) -> Result<Self> {
        let region = region.unwrap_or(REGION);
        let administrator = User::new(ID, SECRET).named("administrator");
        let cloud = LocalCloud::builder().region(region).user(administrator);
        let local = Self {
            cloud: cloud.start().await?,
            cluster: KubeLocal::start().await?,
        };
        // The component is installed only where there is a node for it.
        let node: Node = serde_json::from_value(json!({"metadata": {"name": "node-1",
            "labels": {"topology.kubernetes.io/region": region}}}))?;
        let nodes = Api::all(local.client()?);
        nodes.create(&PostParams::default(), &node).await?;
        Ok(local)
    }

    pub(crate) fn endpoint(&self) -> String {
        self.cloud.endpoint()
    }

    pub(crate) fn client(&self) -> Result<kube::Client> {
        let config = kube::Config::new(self.cluster.url().parse()?);
        Ok(kube::Client::try_from(config)?)
    }
}
