//! The bucket: real OSS, or `alibaba-local` with a folder of this machine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::core::credentials::{self, SharedCredentials, StaticProvider};
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::engine::{ErrorKind, Repository};
use ack_backup_center::location::probe;
use ack_backup_center::oss::{Client, OssStore};
use alibaba_local::{Ecs, EcsInstance, LocalCloud, User};
use futures::TryStreamExt as _;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::failure::Result;
use crate::options::Options;

const BUCKET: &str = "quickstart";
const KEY_ID: &str = "LTAI-quickstart";
const KEY_SECRET: &str = "made-up-secret";
/// The machine of the local cloud that disks are attached to, and where it is.
pub(crate) const INSTANCE: &str = "i-bp1quickstart0000001";
pub(crate) const ZONE: &str = "cn-hangzhou-k";
/// The program for operators, as the README starts it.
const PROGRAM: &str = "cargo run --features cli --bin backup-center --";

fn keys() -> Result<SharedCredentials> {
    Ok(Arc::new(StaticProvider::new(Credentials::new(
        KEY_ID, KEY_SECRET,
    ))?))
}

/// Where backups go.
pub(crate) struct Storage {
    store: OssStore,
    /// The local cloud, and the folder its objects lie in.
    local: Option<(LocalCloud, PathBuf)>,
}

impl Storage {
    pub(crate) async fn open(options: &Options) -> Result<Self> {
        if let (Some(bucket), Some(region)) = (&options.bucket, &options.region) {
            let context = Context::system()?;
            let credentials = credentials::default_chain(&context);
            let client = Client::new(&context, region.parse()?, credentials)?;
            let store = OssStore::new(client, bucket.as_str());
            // Before anything is deployed: that the bucket is there, and what the credentials may do in it.
            let who = format!("quickstart-{:08x}", std::process::id());
            probe(&store, "", &who).await?;
            return Ok(Self { store, local: None });
        }
        let folder = tempfile::Builder::new()
            .prefix("ack-backup-quickstart-")
            .tempdir()?
            .keep();
        let cloud = LocalCloud::builder()
            .user(User::new(KEY_ID, KEY_SECRET))
            .bucket(BUCKET)
            .ecs_instance(EcsInstance::new(INSTANCE).in_zone(ZONE))
            .snapshot_time(Duration::from_secs(1))
            .data_folder(&folder)
            .start()
            .await?;
        let client = Client::builder(&Context::system()?, Region::CN_HANGZHOU, keys()?)
            .with_endpoint(cloud.endpoint().parse()?)
            .build()?;
        Ok(Self {
            store: OssStore::new(client, BUCKET),
            local: Some((cloud, folder)),
        })
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(self.store.clone())
    }

    /// The cloud of this process with its disks, if that is where the bucket is.
    pub(crate) fn local_cloud(&self) -> Result<Option<(Cloud, Ecs)>> {
        let Some((local, _)) = &self.local else {
            return Ok(None);
        };
        let cloud = Cloud::new(&Context::system()?, Region::CN_HANGZHOU, keys()?);
        let cloud = cloud.with_endpoint(local.endpoint().parse()?);
        Ok(Some((cloud, local.ecs().clone())))
    }

    /// How `backup-center` is told of the bucket.
    fn flags(&self, options: &Options, endpoint: Option<&str>) -> String {
        let region = options.region.as_deref().unwrap_or("cn-hangzhou");
        let endpoint = endpoint.map(|endpoint| format!(" --endpoint {endpoint}"));
        let endpoint = endpoint.unwrap_or_default();
        let bucket = self.store.bucket();
        format!("--location oss://{bucket} --region {region}{endpoint}")
    }

    pub(crate) fn describe(&self) -> String {
        match &self.local {
            Some((cloud, _)) => format!("alibaba-local, bucket `{BUCKET}` at {}", cloud.endpoint()),
            None => format!("OSS, bucket `{}`", self.store.bucket()),
        }
    }

    /// Says where the files lie, and how long they are.
    pub(crate) async fn show(&self, backup: &str) -> Result<()> {
        println!("\nFiles      in bucket `{}`", self.store.bucket());
        let folder = ObjectPath::from(format!("backups/{backup}"));
        let mut files: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
        files.sort_by(|a, b| a.location.cmp(&b.location));
        for file in files {
            println!("{:>10} {}", file.size, file.location);
        }
        Ok(())
    }

    /// Copies the archive out of the bucket, and says how to look into it and to restore it. `cluster` is how programs are
    /// told of the cluster.
    pub(crate) async fn show_access(
        &self,
        options: &Options,
        backup: &str,
        namespace: &str,
        cluster: &str,
    ) -> Result<()> {
        let key = ObjectPath::from(format!("backups/{backup}/{backup}.tar.gz"));
        let archive = self.store.get(&key).await?.bytes().await?;
        // A real cluster's Secrets may be in it: a folder of its own, which nobody else opens.
        let folder = tempfile::Builder::new()
            .prefix("ack-backup-quickstart-")
            .tempdir()?
            .keep();
        let file = folder.join(format!("{backup}.tar.gz"));
        std::fs::write(&file, archive)?;
        println!(
            "\nLook into the archive, copied from the bucket:\n  tar tzf {}",
            file.display()
        );
        let now = self.local.as_ref().map(|(cloud, _)| cloud.endpoint());
        println!("Restore it once more, with the program for operators:");
        if self.local.is_some() {
            println!(
                "  export ALIBABA_CLOUD_ACCESS_KEY_ID={KEY_ID} ALIBABA_CLOUD_ACCESS_KEY_SECRET={KEY_SECRET}"
            );
        }
        println!(
            "  {PROGRAM} restore create third --from-backup {backup} --namespace-mappings {namespace}:{namespace}-third \
             {} {cluster}",
            self.flags(options, now.as_deref())
        );
        if let Some((_, folder)) = &self.local {
            println!(
                "Serve the bucket again later, when this has ended, and list what is in it:\n  \
                 cargo run -p alibaba-local -- --data {}\n  {PROGRAM} backup get {}",
                folder.display(),
                self.flags(options, Some("http://127.0.0.1:9090"))
            );
        }
        Ok(())
    }

    pub(crate) async fn clean_up(self, backup: &str) -> Result<()> {
        // The snapshots of a cloud of this process go with it.
        let repository = Repository::new(self.store(), "");
        match repository.delete_keeping_volumes(backup).await {
            // It failed before there was one.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            deleted => deleted?,
        }
        if let Some((cloud, folder)) = self.local {
            drop(cloud);
            std::fs::remove_dir_all(folder)?;
        }
        Ok(())
    }
}
