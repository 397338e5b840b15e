//! A cluster and a cloud in this process.

use alibaba_local::{LocalCloud, User};
use kube_local::KubeLocal;

use crate::failure::Result;

pub(crate) const ID: &str = "LTAI-local";
pub(crate) const SECRET: &str = "local-secret";

pub(crate) struct Local {
    cloud: LocalCloud,
    cluster: KubeLocal,
}

impl Local {
    pub(crate) async fn start(region: &str) -> Result<Self> {
        let administrator = User::new(ID, SECRET).named("administrator");
        let cloud = LocalCloud::builder().region(region).user(administrator);
        Ok(Self {
            cloud: cloud.start().await?,
            cluster: KubeLocal::start().await?,
        })
    }

    pub(crate) fn endpoint(&self) -> String {
        self.cloud.endpoint()
    }

    pub(crate) fn client(&self) -> Result<kube::Client> {
        let config = kube::Config::new(self.cluster.url().parse()?);
        Ok(kube::Client::try_from(config)?)
    }
}
