//! A backup vault: a bucket, where it is reached, and what signs there.
//!
//! [`Vault::open`] chooses the endpoint by [`placement`](crate::placement) and the credentials by what the
//! cluster holds, looks at the bucket, and hands over a [`Repository`] of the engine:
//!
//! ```no_run
//! # async fn example(cluster: kube::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use ack_backup_center::cloud::Cloud;
//! use ack_backup_center::core::{Context, Region, credentials};
//! use ack_backup_center::placement::{Link, Placement};
//! use ack_backup_center::vault::Vault;
//!
//! let context = Context::system()?;
//! let cloud = Cloud::new(&context, Region::CN_HANGZHOU, credentials::default_chain(&context));
//! let vault = Vault::new("cnfs-oss-backups", Region::CN_HANGZHOU).with_prefix("team1");
//! let open = vault.open(&cloud, &cluster, &Placement::new(Link::Vpc)).await?;
//! println!("{}, signed by {}", open.endpoint, open.credentials);
//! for backup in open.repository.list().await?.records {
//!     println!("{}", backup.name());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Which credentials
//!
//! | in the cluster | signs |
//! |---|---|
//! | Secret `csdr/alibaba-addon-secret` | its AccessKey |
//! | else the token of the role of managed clusters | the role, in buckets named `cnfs-oss-*` only |
//! | else | what the machine itself has, where that is allowed; otherwise the vault is unavailable |

mod credentials;
mod error;
mod open;
mod role_token;

pub use credentials::CredentialsChoice;
pub use error::VaultError;
pub use open::{OpenVault, Vault};

#[doc(no_inline)]
pub use kube_backup_engine::Repository;
