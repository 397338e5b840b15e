//! Backups that keep the data of volumes: what is decided, in which order it is done, what goes wrong, and what is
//! left of it.

mod app;
mod deleted;
mod frozen;
mod killed;
mod order;
mod planned;
mod served;
mod side_files;
mod twice;

use std::sync::Arc;

use kube_backup_engine::Repository;
use kube_backup_engine::backup::{Backup, BackupReport, BackupSpec};
use kube_backup_engine::volumes::{BackedUpVolume, VolumeSnapshotter};

use crate::calls::{Calls, Counted, CountedStore, Fault, Time};
pub(crate) use app::App;
use app::now;

/// A store, and the calls to it and to snapshotters.
#[derive(Debug, Clone, Default)]
struct Stage {
    store: CountedStore,
}

impl Stage {
    fn calls(&self) -> &Calls {
        &self.store.calls
    }

    fn repository(&self) -> Repository {
        Repository::new(Arc::new(self.store.clone()), "")
    }

    /// A backup of everything, called `a`.
    fn backup(&self, app: &App, snapshotters: &[Counted]) -> Backup {
        self.backup_as(app, BackupSpec::named("a"), snapshotters)
    }

    fn backup_as(&self, app: &App, spec: BackupSpec, snapshotters: &[Counted]) -> Backup {
        Backup::new(app.client(), self.repository(), spec)
            .with_clock(now)
            .with_snapshotters(given(snapshotters))
    }
}

fn given(snapshotters: &[Counted]) -> Vec<Arc<dyn VolumeSnapshotter>> {
    let given = snapshotters.iter().cloned();
    given
        .map(|it| Arc::new(it) as Arc<dyn VolumeSnapshotter>)
        .collect()
}

async fn volumes_of(stage: &Stage) -> Vec<BackedUpVolume> {
    stage.repository().volumes("a").await.unwrap()
}

/// What is said of one claim.
fn of<'a>(volumes: &'a [BackedUpVolume], claim: &str) -> &'a BackedUpVolume {
    let found = volumes.iter().find(|volume| volume.claim.name == claim);
    found.unwrap_or_else(|| panic!("{claim} is not among {volumes:?}"))
}

fn errors(report: &BackupReport) -> Vec<String> {
    report
        .results
        .errors
        .messages()
        .map(str::to_owned)
        .collect()
}
