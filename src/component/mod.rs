//! The component: its names in a cluster, and its versions.
//!
//! The names are those of ACK's own component, which this one takes the place of, so that clusters,
//! manifests and procedures written for it keep working.

mod access_key;
mod deployed;
mod names;
pub mod phase;
mod version;

pub(crate) use access_key::access_key;
#[cfg(test)]
pub(crate) use deployed::{FEATURES, FEATURES_OF};
pub(crate) use deployed::{features_of, version_of, version_of_image};
pub use names::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, ADDON, ADDON_NAMESPACE, CREDENTIALS_SECRET, GROUP, NAMESPACE,
    ROLE_TOKEN, ROLE_TOKEN_SECRET, VERSION,
};
pub use version::{ComponentVersion, InvalidVersion};
