//! The ApplicationBackups of the cluster, as the one watch of them has them.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::crds::{ApplicationBackup, SCHEDULE_LABEL};

/// How long the watch may take to have listed them.
const PATIENCE: Duration = Duration::from_secs(60);

type Backups = Store<DeserializeGuard<ApplicationBackup>>;

/// What the watch has seen. Whoever looks at a vault or a plan asks here, and not the API server again and again for all of them.
#[derive(Clone, Debug)]
pub(super) struct Shown(watch::Sender<Option<Backups>>);

impl Default for Shown {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Shown {
    /// Keeps the store of a watch, if it is that of backups.
    pub(super) fn keep(&self, store: &dyn Any) {
        if let Some(backups) = store.downcast_ref::<Backups>() {
            self.0.send_replace(Some(backups.clone()));
        }
    }

    /// Forgets what was seen: nobody watches any more.
    pub(super) fn clear(&self) {
        self.0.send_replace(None);
    }

    /// Waits until they were listed, and no longer than that takes as a rule; whether they were.
    pub(super) async fn listed(&self) -> bool {
        self.store().await.is_some()
    }

    async fn store(&self) -> Option<Backups> {
        let mut changes = self.0.subscribe();
        let listing = async {
            let backups = changes.wait_for(Option::is_some).await.ok()?.clone()?;
            backups.wait_until_ready().await.ok()?;
            Some(backups)
        };
        timeout(PATIENCE, listing).await.ok()?
    }

    /// Those with this value of the label of plans, or those without it; `None` while they are being listed. Those that cannot be read
    /// are left out, as by a [`Scheduler`](crate::schedules::Scheduler) that asks for itself.
    pub(super) fn of_plan(&self, plan: Option<&str>) -> Option<Vec<ApplicationBackup>> {
        let backups = self.0.borrow().clone()?;
        backups.wait_until_ready().now_or_never()?.ok()?;
        let all = backups.state().into_iter();
        let of_plan = all.filter_map(|it| {
            let backup = it.0.as_ref().ok()?;
            let label = backup.labels().get(SCHEDULE_LABEL);
            (label.map(String::as_str) == plan).then(|| backup.clone())
        });
        Some(of_plan.collect())
    }

    /// All of them. A moment ago there may have been others: whoever acts on it says which object, and which version, is meant.
    pub(super) async fn all(
        &self,
    ) -> Result<Vec<Arc<DeserializeGuard<ApplicationBackup>>>, String> {
        let backups = self.store().await;
        let backups = backups.ok_or_else(|| "ApplicationBackups cannot be listed".to_owned())?;
        Ok(backups.state())
    }
}
