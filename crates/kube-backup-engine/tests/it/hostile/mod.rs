//! Archives made to do harm: each is refused with the name of the entry at fault, and nothing is applied.

mod foreign;
pub(crate) mod forge;
mod indexed;
mod places;
mod server;
pub(crate) mod tarball;

use std::error::Error as _;

use kube::Client;
use kube_backup_engine::restore::{Restore, RestoreReport, RestoreSpec};
use kube_backup_engine::{Error, ErrorKind, Repository};
use kube_local::KubeLocal;

async fn restore(client: &Client, repository: &Repository) -> Result<RestoreReport, Error> {
    let backup = repository.open("a").await?;
    Restore::new(client.clone(), backup, RestoreSpec::named("r"))
        .run()
        .await
}

/// Restores the backup `a`, which must be refused for `why`, naming `entry`, before anything is written.
async fn assert_refused(
    cluster: &KubeLocal,
    repository: &Repository,
    case: &str,
    entry: Option<&str>,
    why: &str,
) {
    let client = crate::cluster::client(cluster);
    let before = cluster.requests().writes();
    let error = match restore(&client, repository).await {
        Err(error) => error,
        Ok(report) => panic!("{case} was restored: {report}"),
    };
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{case}: {error}");
    assert!(error.chain().contains(why), "{case}: {}", error.chain());
    if let Some(entry) = entry {
        assert_eq!(error.entry(), Some(entry), "{case}: {error}");
    }
    assert!(
        !error.to_string().contains(char::is_control),
        "{case}: {error:?} {:?}",
        error.source()
    );
    assert_eq!(cluster.requests().writes(), before, "{case} was applied");
}
