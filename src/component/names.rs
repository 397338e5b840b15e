//! Names in a cluster.

/// The name of the component and of its Deployment.
pub const ADDON: &str = "migrate-controller";

/// The namespace of its Deployment.
pub const ADDON_NAMESPACE: &str = "kube-system";

/// The namespace of its custom resources, workers and credentials. It must stay while backups run.
pub const NAMESPACE: &str = "csdr";

/// The Secret in [`NAMESPACE`] with the AccessKey of the RAM user.
///
/// ACK's page also writes it `alibaba-addon-Secret`, in its prose; its command, and the name that
/// works, since names of Secrets are lower case, is this one.
pub const CREDENTIALS_SECRET: &str = "alibaba-addon-secret";

/// The key of the AccessKey's id in [`CREDENTIALS_SECRET`].
pub const ACCESS_KEY_ID: &str = "access-key-id";

/// The key of the AccessKey's secret in [`CREDENTIALS_SECRET`].
pub const ACCESS_KEY_SECRET: &str = "access-key-secret";
