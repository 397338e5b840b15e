//! Archives made to do harm: the entry at fault is refused by its name, and nothing of it is applied. Where one
//! entry makes others doubtful, the archive is refused.

mod foreign;
pub(crate) mod forge;
mod indexed;
mod places;
mod scope;
mod server;
pub(crate) mod tarball;

use std::error::Error as _;

use kube::Client;
use kube_backup_engine::restore::{Outcome, Restore, RestoreReport, RestoreSpec};
use kube_backup_engine::verify::Verify;
use kube_backup_engine::{EntryFilter, Error, ErrorKind, Repository};
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

/// Restores the backup `a`, in which `entry` is refused for `why`: it is named by whoever reads the backup,
/// and all others are restored.
async fn assert_left_out(
    cluster: &KubeLocal,
    repository: &Repository,
    case: &str,
    entry: &str,
    why: &str,
) {
    let backup = repository.open("a").await.unwrap();
    let listing = backup.listing(&EntryFilter::default()).await.unwrap();
    let client = crate::cluster::client(cluster);
    let report = match restore(&client, repository).await {
        Ok(report) => report,
        Err(error) => panic!("{case}: {}", error.chain()),
    };
    let applied = report
        .items
        .iter()
        .filter(|item| item.outcome.is_in_cluster());
    assert!(applied.count() > 0, "{case}: {report}");
    let failed = report.failed().map(|item| match &item.outcome {
        Outcome::Failed(reason) => format!("{}: {reason}", item.id),
        other => panic!("{other:?}"),
    });
    let said: Vec<String> = failed.chain(report.warnings.iter().cloned()).collect();
    let said: Vec<&String> = said.iter().filter(|said| said.contains(why)).collect();
    assert_eq!(said.len(), 1, "{case}: {report}");
    assert!(!report.to_string().contains('\u{1b}'), "{case}");
    // Found when it is listed, or when it is read.
    for refused in &listing.refused {
        assert_eq!(refused.path, entry, "{case}");
        assert!(refused.reason.contains(why), "{case}: {refused}");
        let listed = listing.entries.iter().map(|entry| Some(&entry.id));
        assert!(
            listed.into_iter().all(|id| id != refused.id.as_ref()),
            "{case}"
        );
    }
    let verified = Verify::new(repository.clone(), "a").run().await.unwrap();
    assert!(!verified.is_restorable(), "{case}: {verified}");
    let found = verified
        .findings
        .iter()
        .filter(|finding| finding.message.contains(why));
    assert!(found.count() > 0, "{case}: {verified}");
}
