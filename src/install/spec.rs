//! What is to be installed.

use alibaba_core::Region;

use crate::clusters::ClusterKind;
use crate::component::{ComponentVersion, version_of_image};
use crate::grants::Unsupported;
use crate::placement::Network;

/// The image that is installed where no other is named.
pub const IMAGE: &str = concat!(
    "ack-backup-center/migrate-controller:v",
    env!("CARGO_PKG_VERSION")
);

/// The component as it is to be.
#[derive(Clone, Debug)]
pub struct InstallSpec {
    pub(super) kind: ClusterKind,
    pub(super) image: String,
    pub(super) version: ComponentVersion,
    pub(super) region: Option<Region>,
    pub(super) replicas: u32,
    pub(super) vault: Option<VaultSpec>,
    pub(super) takes_over: bool,
}

/// An image whose tag does not say the version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("install image `{image}`: {reason}")]
pub struct InvalidImage {
    image: String,
    reason: String,
}

impl InstallSpec {
    /// This version of the component, with one replica, in a cluster of this kind.
    ///
    /// # Errors
    ///
    /// If the component cannot be installed in clusters of this kind.
    pub fn new(kind: ClusterKind) -> Result<Self, Unsupported> {
        if let Some(reason) = kind.profile().component.reason() {
            return Err(Unsupported::Kind(reason));
        }
        Ok(Self {
            kind,
            image: IMAGE.to_owned(),
            version: ComponentVersion::own(),
            region: None,
            replicas: 1,
            vault: None,
            takes_over: false,
        })
    }

    /// Names another image: of another registry, or another version. Its tag says the version.
    ///
    /// # Errors
    ///
    /// If the tag is not a version.
    pub fn with_image(mut self, image: impl Into<String>) -> Result<Self, InvalidImage> {
        self.image = image.into();
        self.version = version_of_image(&self.image).map_err(|reason| InvalidImage {
            image: self.image.clone(),
            reason,
        })?;
        Ok(self)
    }

    /// Sets the region of the cluster. Unless it is set, the controller takes that of its nodes.
    #[must_use]
    pub fn in_region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Sets how many Pods of the controller there are: one works, the others stand by.
    #[must_use]
    pub fn with_replicas(mut self, replicas: u32) -> Self {
        self.replicas = replicas;
        self
    }

    /// Creates this vault if there is none in the cluster.
    #[must_use]
    pub fn with_vault(mut self, vault: VaultSpec) -> Self {
        self.vault = Some(vault);
        self
    }

    /// Takes fields over from whoever manages them, such as an installation by other means.
    #[must_use]
    pub fn taking_over(mut self) -> Self {
        self.takes_over = true;
        self
    }

    /// The version that will run.
    #[must_use]
    pub fn version(&self) -> &ComponentVersion {
        &self.version
    }
}

/// A vault to create: the custom resource `BackupLocation`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VaultSpec {
    /// Its name.
    pub name: String,
    /// The bucket.
    pub bucket: String,
    /// The bucket's region.
    pub region: Region,
    /// Where in the bucket; nothing for its root.
    pub prefix: String,
    /// Over which network. See [`Placement`](crate::placement::Placement), which chooses it.
    pub network: Network,
}

impl VaultSpec {
    /// A vault in the root of a bucket.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        bucket: impl Into<String>,
        region: Region,
        network: Network,
    ) -> Self {
        Self {
            name: name.into(),
            bucket: bucket.into(),
            region,
            prefix: String::new(),
            network,
        }
    }

    /// Sets where in the bucket.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r8_serverless_basic_is_refused() {
        for kind in ClusterKind::ALL {
            let spec = InstallSpec::new(kind);
            assert_eq!(spec.is_ok(), kind != ClusterKind::ServerlessBasic, "{kind}");
        }
    }

    #[test]
    fn an_image_says_its_version() {
        let spec = InstallSpec::new(ClusterKind::Managed).unwrap();
        assert_eq!(
            IMAGE.rsplit_once(':').unwrap().1,
            spec.version().to_string()
        );
        let other = spec.with_image("registry.example:5000/a/b:v1.2.3").unwrap();
        assert_eq!(other.version().to_string(), "v1.2.3");
        let error = other.with_image("registry.example:5000/a/b").unwrap_err();
        assert!(error.to_string().contains("no tag"), "{error}");
    }
}
