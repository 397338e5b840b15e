//! The bucket: real OSS, or `alibaba-local` with a folder of this machine.

use std::path::PathBuf;
use std::sync::Arc;

use ack_backup_center::core::credentials::{self, StaticProvider};
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::engine::Repository;
use ack_backup_center::oss::{Client, OssStore};
use alibaba_local::{LocalCloud, User};
use futures::TryStreamExt as _;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::failure::Result;
use crate::options::Options;

const BUCKET: &str = "quickstart";
const KEY_ID: &str = "LTAI-quickstart";
const KEY_SECRET: &str = "made-up-secret";

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
            return Ok(Self {
                store: OssStore::new(client, bucket.as_str()),
                local: None,
            });
        }
        let folder = tempfile::Builder::new()
            .prefix("ack-backup-quickstart-")
            .tempdir()?
            .keep();
        let cloud = LocalCloud::builder()
            .user(User::new(KEY_ID, KEY_SECRET))
            .bucket(BUCKET)
            .data_folder(&folder)
            .start()
            .await?;
        let credentials = Arc::new(StaticProvider::new(Credentials::new(KEY_ID, KEY_SECRET))?);
        let client = Client::builder(&Context::system()?, Region::CN_HANGZHOU, credentials)
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

    /// Copies the archive out of the bucket, to be looked into.
    pub(crate) async fn copy_out(&self, backup: &str) -> Result<()> {
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
        if let Some((_, folder)) = &self.local {
            println!(
                "Serve the bucket again later:\n  cargo run -p alibaba-local -- --data {}",
                folder.display()
            );
        }
        Ok(())
    }

    pub(crate) async fn clean_up(self, backup: &str) -> Result<()> {
        Repository::new(self.store(), "").delete(backup).await?;
        if let Some((cloud, folder)) = self.local {
            drop(cloud);
            std::fs::remove_dir_all(folder)?;
        }
        Ok(())
    }
}
