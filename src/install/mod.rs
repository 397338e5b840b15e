//! Installing, upgrading and removing the component.
//!
//! [`Installer`] looks at the cluster, says what it would change, and changes it by server-side apply,
//! under a field manager of its own:
//!
//! ```no_run
//! # async fn example(cluster: kube::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use ack_backup_center::clusters::ClusterKind;
//! use ack_backup_center::install::{InstallSpec, Installer};
//!
//! let spec = InstallSpec::new(ClusterKind::Dedicated)?;
//! let installer = Installer::new(cluster);
//! println!("{}", installer.plan(&spec).await?);
//! println!("{}", installer.install(&spec).await?);
//! # Ok(())
//! # }
//! ```
//!
//! # What is installed
//!
//! The manifests in `deploy/manifests`, which `kubectl apply -k` takes as well: namespace `csdr`, the custom
//! resources, the rights of the controller, of backups and of restores, and Deployment
//! `kube-system/migrate-controller`, in ACK Edge clusters on cloud nodes. A vault is searched for, and
//! created where one is [asked for](InstallSpec::with_vault) and none is there.
//!
//! # What is refused
//!
//! ACK Serverless Basic clusters, clusters without a node, with FlexVolume or of a version of Kubernetes
//! that is too old; a component that is newer than this one; and fields that somebody else manages, such as
//! those of ACK's own component, unless they are [to be taken over](InstallSpec::taking_over).
//!
//! # Stopped and repeated
//!
//! Applying twice changes nothing, so an installation that was stopped anywhere is completed by the next
//! one. [`uninstall`](Installer::uninstall) removes the component and its rights; namespace, custom
//! resources, credentials and backups stay. It refuses while a backup, restore or conversion runs.

mod apply;
mod change;
mod check;
mod error;
mod manifests;
mod observe;
mod plan;
mod run;
mod spec;
mod vault;

pub use change::{Action, Change, FieldChange, ObjectName};
pub use error::{Error, Refusal};
pub use plan::{Decision, Plan};
pub use run::{Installer, Report};
pub use spec::{IMAGE, InstallSpec, InvalidImage, VaultSpec};

/// Who applies the manifests, in `metadata.managedFields`.
pub const FIELD_MANAGER: &str = "ack-backup-center";
