//! Permissions: which ones a cluster needs, and giving them, narrowing them, renewing the AccessKey
//! and taking all of it back.
//!
//! [`Requirements`] says what is needed, from the kind of cluster, its buckets and what is to be backed
//! up; its [`policy`](Requirements::policy) is the document that ACK's page prints. [`Grants`] compares
//! that with what RAM and the cluster hold, plans the steps in between, and takes them:
//!
//! ```no_run
//! # async fn example(cluster: kube::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use ack_backup_center::cloud::Cloud;
//! use ack_backup_center::clusters::ClusterKind;
//! use ack_backup_center::core::{Context, Region, credentials};
//! use ack_backup_center::grants::{Buckets, Grants, Requirements};
//!
//! let context = Context::system()?;
//! let cloud = Cloud::new(&context, Region::CN_HANGZHOU, credentials::default_chain(&context));
//! let requirements = Requirements::new(ClusterKind::Dedicated, Buckets::named(["mybackups"])?)?;
//! let grants = Grants::new(&cloud, cluster, requirements.kind()).await?;
//! println!("{}", grants.plan_grant(&requirements).await?);
//! println!("{}", grants.grant(&requirements).await?);
//! # Ok(())
//! # }
//! ```
//!
//! # Stopped, repeated, run twice at once
//!
//! Each run looks, plans and acts until there is nothing left to do, so a run that was stopped anywhere
//! is completed by the next one. One thing cannot be looked up again: the secret of an AccessKey, which
//! RAM says once. Before a key is made, the run therefore reserves the Secret for itself, by an
//! annotation with the keys known by then. A key that appears during a reservation and does not get
//! into the Secret is one that nobody knows the secret of, and is deleted. Whoever reserves the Secret
//! last wins: the other's write fails, and it deletes the key that it made.
//!
//! The secret goes from RAM's response into the cluster's Secret, and nowhere else.

mod buckets;
mod error;
mod execute;
mod features;
mod grant;
mod key;
mod names;
mod narrow;
mod observe;
mod plan;
mod requirements;
mod revoke;
mod rotate;
mod run;
mod secret;
mod state;

pub use buckets::{Buckets, InvalidBucket};
pub use error::{Error, Refusal};
pub use features::{EXTRAS, Extra, Feature};
pub use names::Names;
pub use plan::{Plan, Step};
pub use requirements::{Requirements, Right, Unsupported};
pub use run::{Grants, Report};

pub(crate) use execute::not_rolled_out;
pub(crate) use run::names_of;
pub(crate) use secret::{CREDENTIALS_MANAGER, STARTED_FOR, mark_of_secret};

/// The role by which managed clusters have their rights.
pub const MANAGED_ROLE: &str = "AliyunCSManagedBackupRestoreRole";
