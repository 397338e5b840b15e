//! A cluster and a cloud in this process, for a try.

use std::error::Error;
use std::sync::Arc;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::controller::Options;
use ack_backup_center::core::credentials::StaticProvider;
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::crds;
use alibaba_local::{LocalCloud, User};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use kube_local::KubeLocal;

const BUCKET: &str = "cnfs-oss-demo-vault";
const ID: &str = "LTAI-local";
const SECRET: &str = "local";

/// A cluster that knows the kinds, and a cloud with a bucket.
pub(crate) struct Local {
    cluster: KubeLocal,
    cloud: LocalCloud,
}

impl Local {
    pub(crate) async fn start() -> Result<Self, Box<dyn Error>> {
        let cluster = KubeLocal::start().await?;
        let cloud = LocalCloud::builder()
            .user(User::new(ID, SECRET))
            .bucket(BUCKET)
            .start()
            .await?;
        let local = Self { cluster, cloud };
        local.define().await?;
        println!(
            "A cluster with namespaces csdr and default, and bucket {BUCKET}, until this program ends:\n\n  \
             alias k='kubectl --server {}'\n  k get crds\n\nThe README of examples/migrate-controller goes on from here.\n",
            local.cluster.url()
        );
        Ok(local)
    }

    async fn define(&self) -> Result<(), Box<dyn Error>> {
        let client = kube::Client::try_from(self.config()?)?;
        let definitions = Api::<CustomResourceDefinition>::all(client.clone());
        for definition in crds::definitions() {
            definitions
                .create(&PostParams::default(), &definition)
                .await?;
        }
        let csdr = Namespace {
            metadata: ObjectMeta {
                name: Some("csdr".to_owned()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        Api::all(client)
            .create(&PostParams::default(), &csdr)
            .await?;
        Ok(())
    }

    fn config(&self) -> Result<kube::Config, Box<dyn Error>> {
        Ok(kube::Config::new(self.cluster.url().parse()?))
    }

    pub(crate) fn options(&self) -> Result<Options, Box<dyn Error>> {
        let keys = StaticProvider::new(Credentials::new(ID, SECRET))?;
        let cloud = Cloud::new(&Context::system()?, Region::CN_HANGZHOU, Arc::new(keys));
        let cloud = cloud.with_endpoint(self.cloud.endpoint().parse()?);
        Ok(Options::new(self.config()?, cloud).or_machine_credentials())
    }
}
