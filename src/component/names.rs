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

/// The keys of the AccessKey's id and secret in [`CREDENTIALS_SECRET`].
pub use alibaba_core::credentials::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};

/// The Secret in [`ADDON_NAMESPACE`] with the token of the role of managed clusters, from version 1.8.0
/// of the component on.
pub const ROLE_TOKEN_SECRET: &str = "addon.aliyuncsmanagedbackuprestorerole.token";

/// The key of the token in [`ROLE_TOKEN_SECRET`].
pub const ROLE_TOKEN: &str = "addon.token.config";

/// The API group of its custom resources.
pub const GROUP: &str = "csdr.alibabacloud.com";

/// The version of [`GROUP`].
pub const VERSION: &str = "v1beta1";
