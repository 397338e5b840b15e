//! The kinds of cluster that ACK has, and what the backup center may do in each.
//!
//! What differs between them is data: [`ClusterKind::profile`] says whether a kind is supported, how
//! it gets its permissions, whether volumes can be backed up, where the component runs and how it
//! reaches OSS, each with its reason. [`detect`] tells the kind of a live cluster where it leaves a
//! trace; where it does not, the kind is a setting.
//!
//! | kind | component | permissions | volumes | runs on | OSS |
//! |---|---|---|---|---|---|
//! | managed | yes | none for buckets named `cnfs-oss-*`, else a RAM user for OSS | yes | any node | internal in the bucket's region |
//! | dedicated | yes | a RAM user | yes | any node | internal in the bucket's region |
//! | registered | yes | a RAM user | yes | any node | internal only where joined to the VPC |
//! | serverless-pro | yes | as managed | no | any node | internal in the bucket's region |
//! | edge | yes | as managed | no | cloud nodes | internal in the bucket's region |
//! | serverless-basic | no | | | | |

mod connection;
mod detect;
mod evidence;
mod kind;
mod profile;
mod region;
mod uid;

pub use connection::Connection;
pub use detect::{Detection, detect};
pub(crate) use evidence::EDGE_LABEL;
pub use evidence::Evidence;
#[cfg(feature = "controller")]
pub(crate) use evidence::{AGENT, CLUSTER_PROFILE, Nodes};
pub use kind::{ClusterKind, UnknownClusterKind};
pub use profile::{Answer, Authorization, NodeChoice, Profile};
pub use region::{UnknownRegion, region_of};
pub(crate) use uid::uid;
