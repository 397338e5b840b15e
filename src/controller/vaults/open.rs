//! From a BackupLocation to a repository.

use std::collections::BTreeMap;
use std::sync::Arc;

use alibaba_core::Region;
use alibaba_oss::{Encryption, OssEndpoint};
use kube_backup_engine::Repository;
use kube_backup_engine::volumes::VolumeSnapshotter;

use super::fenced::FencedStore;
use crate::chain::chain;
use crate::cloud::Cloud;
use crate::controller::context::Context;
use crate::controller::snapshotters::snapshotters;
use crate::crds::{AccessMode, BackupLocation, LocationConfig};
use crate::placement::{Network, Placement};
use crate::vault::{OpenVault, Vault};

/// A vault that was looked at and found usable.
#[derive(Clone, Debug)]
pub(in crate::controller) struct OpenLocation {
    /// Its backups. Writes pass while this process leads.
    pub(in crate::controller) repository: Repository,
    /// Where they are in the bucket, without slashes around it.
    pub(in crate::controller) prefix: String,
    /// Whether backups may be written to it.
    pub(in crate::controller) is_writable: bool,
    /// The endpoint, in words.
    pub(in crate::controller) endpoint: String,
    /// What signs, in words.
    pub(in crate::controller) credentials: String,
    /// The cloud in the vault's region, signed for by the same.
    cloud: Cloud,
}

impl OpenLocation {
    /// Opens a vault with the credentials that the cluster has now.
    ///
    /// # Errors
    ///
    /// Why it is unavailable, as ACK says it.
    pub(in crate::controller) async fn of(
        context: &Context,
        location: &BackupLocation,
    ) -> Result<Self, String> {
        let spec = &location.spec;
        let refused = |why: String| format!("VaultError: backup vault is unavailable: {why}");
        let region = match spec.config.region.as_str() {
            "" => context.cloud.region().clone(),
            region => Region::new(region).map_err(|error| refused(chain(&error)))?,
        };
        let placement = place(&context.placement, &spec.config).map_err(refused)?;
        let prefix = prefix(&spec.object_storage.prefix);
        let mut vault = Vault::new(&spec.object_storage.bucket, region).with_prefix(&prefix);
        vault.may_use_machine = context.may_use_machine;
        vault.encryption = encryption(&spec.config).map_err(refused)?;
        let open = vault
            .open(&context.cloud, &context.client, &placement)
            .await;
        let OpenVault {
            repository,
            endpoint,
            credentials,
            cloud,
            ..
        } = open.map_err(|error| chain(&error))?;
        let store = FencedStore::new(Arc::clone(repository.store()), context.fence.clone());
        Ok(Self {
            repository: Repository::new(Arc::new(store), &prefix),
            prefix,
            is_writable: spec.access_mode == AccessMode::ReadWrite,
            endpoint: endpoint.to_string(),
            credentials: credentials.to_string(),
            cloud,
        })
    }

    /// What keeps the data of volumes, signed for by the same as the vault.
    ///
    /// # Errors
    ///
    /// When the cluster cannot be asked what it has for volumes, or no client of the cloud can be made.
    pub(in crate::controller) async fn snapshotters(
        &self,
        context: &Context,
    ) -> Result<Vec<Arc<dyn VolumeSnapshotter>>, String> {
        self.snapshotters_for(context, &BTreeMap::new()).await
    }

    /// The same for a backup with these annotations.
    ///
    /// # Errors
    ///
    /// As there.
    pub(in crate::controller) async fn snapshotters_for(
        &self,
        context: &Context,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Vec<Arc<dyn VolumeSnapshotter>>, String> {
        let here = self.cloud_of_cluster(context);
        // Its own region is looked at anyway.
        let other = Some(self.cloud.region().clone()).filter(|it| it != here.region());
        snapshotters(context, &here, other, annotations).await
    }

    /// The cloud in the cluster's region, signed for by the same as the vault.
    pub(in crate::controller) fn cloud_of_cluster(&self, context: &Context) -> Cloud {
        self.cloud.in_region(context.cloud.region().clone())
    }
}

/// ACK takes `\` in a sub-directory for `/`.
fn prefix(written: &str) -> String {
    written.replace('\\', "/").trim_matches('/').to_owned()
}

fn encryption(config: &LocationConfig) -> Result<Option<Encryption>, String> {
    let key_id = Some(&config.kms_key_id)
        .filter(|id| !id.is_empty())
        .cloned();
    match (config.server_side_encryption.as_str(), key_id) {
        ("KMS", key_id) => Ok(Some(Encryption::Kms { key_id })),
        (_, Some(key_id)) => Err(format!(
            "its `kmsKeyId` is `{key_id}`, and only the encryption KMS has keys of one's own: set `serverSideEncryption: KMS`"
        )),
        ("", None) => Ok(None),
        ("AES256", None) => Ok(Some(Encryption::Aes256)),
        ("SM4", None) => Ok(Some(Encryption::Sm4)),
        (other, None) => Err(format!(
            "`{other}` is no encryption: it is AES256, SM4 or KMS"
        )),
    }
}

fn place(cluster: &Placement, config: &LocationConfig) -> Result<Placement, String> {
    let place = cluster.clone();
    let endpoint = |text: &str| {
        let endpoint: Result<OssEndpoint, _> = text.parse();
        endpoint.map_err(|error| format!("`{text}` cannot be an endpoint: {}", chain(&error)))
    };
    if !config.endpoint.is_empty() {
        return Ok(place.with_endpoint(endpoint(&config.endpoint)?));
    }
    match config.network.to_ascii_lowercase().as_str() {
        "" => Ok(place),
        "internal" => Ok(place.wanting(Network::Internal)),
        "public" => Ok(place.wanting(Network::Public)),
        // As velero-plugin's `network: accelerate` names it.
        "accelerate" => Ok(place.with_endpoint(OssEndpoint::accelerate())),
        other => Err(format!(
            "`{other}` is no network: it is internal, public or accelerate"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Link;

    #[test]
    fn a_vault_is_encrypted_as_its_config_says_and_no_word_of_it_is_lost() {
        let of = |algorithm: &str, key: &str| {
            encryption(&LocationConfig {
                server_side_encryption: algorithm.to_owned(),
                kms_key_id: key.to_owned(),
                ..LocationConfig::default()
            })
        };
        let kms = |key: Option<&str>| {
            let key_id = key.map(str::to_owned);
            Ok(Some(Encryption::Kms { key_id }))
        };
        assert_eq!(of("", ""), Ok(None));
        assert_eq!(of("AES256", ""), Ok(Some(Encryption::Aes256)));
        assert_eq!(of("SM4", ""), Ok(Some(Encryption::Sm4)));
        assert_eq!(of("KMS", ""), kms(None));
        assert_eq!(of("KMS", "key-1"), kms(Some("key-1")));
        // A key that would not be used, and an algorithm that there is not.
        for (algorithm, key, word) in [
            ("", "key-1", "serverSideEncryption: KMS"),
            ("AES256", "key-1", "serverSideEncryption: KMS"),
            ("aws:kms", "", "`aws:kms` is no encryption"),
        ] {
            let why = of(algorithm, key).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }

    #[test]
    fn r54_the_endpoint_is_the_one_asked_for_and_else_the_one_in_reach() {
        let here = Region::CN_BEIJING;
        let of = |network: &str, endpoint: &str, link, region: &Region| {
            let config = LocationConfig {
                network: network.to_owned(),
                endpoint: endpoint.to_owned(),
                ..LocationConfig::default()
            };
            let cluster = Placement::new(link).in_region(Region::CN_BEIJING);
            place(&cluster, &config).map(|it| it.choose(region).endpoint.authority())
        };
        for (network, endpoint, link, region, wanted) in [
            (
                "",
                "",
                Link::Vpc,
                &here,
                "oss-cn-beijing-internal.aliyuncs.com",
            ),
            (
                "",
                "",
                Link::Vpc,
                &Region::CN_SHANGHAI,
                "oss-cn-shanghai.aliyuncs.com",
            ),
            ("", "", Link::Outside, &here, "oss-cn-beijing.aliyuncs.com"),
            (
                "internal",
                "",
                Link::Outside,
                &here,
                "oss-cn-beijing-internal.aliyuncs.com",
            ),
            (
                "Public",
                "",
                Link::Vpc,
                &here,
                "oss-cn-beijing.aliyuncs.com",
            ),
            (
                "accelerate",
                "",
                Link::Vpc,
                &here,
                "oss-accelerate.aliyuncs.com",
            ),
            (
                "internal",
                "https://oss.example",
                Link::Vpc,
                &here,
                "oss.example",
            ),
        ] {
            let found = of(network, endpoint, link, region).unwrap();
            assert_eq!(found, wanted, "{network} {endpoint} {link:?}");
        }
        assert!(of("wifi", "", Link::Vpc, &here).is_err());
        assert!(of("", "not an endpoint", Link::Vpc, &here).is_err());
    }

    #[test]
    fn sub_directories_are_read_as_ack_reads_them() {
        for (written, read) in [
            ("", ""),
            ("/team1/", "team1"),
            (r"a\b", "a/b"),
            ("a/b", "a/b"),
        ] {
            assert_eq!(prefix(written), read);
        }
    }
}
