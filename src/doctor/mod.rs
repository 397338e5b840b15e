//! Whether everything that a backup needs is there. Nothing is changed.
//!
//! ```no_run
//! # async fn example(cluster: kube::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use ack_backup_center::cloud::Cloud;
//! use ack_backup_center::clusters::ClusterKind;
//! use ack_backup_center::core::{Context, Region, credentials};
//! use ack_backup_center::doctor::Doctor;
//! use ack_backup_center::grants::{Buckets, Requirements};
//!
//! let context = Context::system()?;
//! let cloud = Cloud::new(&context, Region::CN_HANGZHOU, credentials::default_chain(&context));
//! let requirements = Requirements::new(ClusterKind::Dedicated, Buckets::named(["mybackups"])?)?;
//! let report = Doctor::new(&cloud, cluster, requirements).run().await;
//! print!("{report}");
//! std::process::exit(if report.is_healthy() { 0 } else { 1 });
//! # }
//! ```
//!
//! Checks run at once, each with a deadline. Each passes, fails with a remedy, or is unknown with the
//! reason: what could not be looked at is never taken for well.

mod account;
mod buckets;
mod check;
pub(crate) mod cluster;
mod credentials;
mod report;
mod rights;
mod run;
mod vault;

pub use check::{Check, Status};
pub use report::Report;
pub use rights::verdict;
pub use run::Doctor;
pub use vault::{VerifiedInVault, check_vault, verify_in_vault};
