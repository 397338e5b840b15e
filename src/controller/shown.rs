//! The ApplicationBackups of the cluster, as the one watch of them has them.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use parking_lot::RwLock;
use tokio::time::timeout;

use crate::crds::ApplicationBackup;

/// How long the watch may take to have listed them.
const PATIENCE: Duration = Duration::from_secs(60);

type Backups = Store<DeserializeGuard<ApplicationBackup>>;

/// What the watch has seen. Whoever looks at a vault asks here, and not the API server again and again for all of them.
#[derive(Debug, Default)]
pub(super) struct Shown(RwLock<Option<Backups>>);

impl Shown {
    /// Keeps the store of a watch, if it is that of backups.
    pub(super) fn keep(&self, store: &dyn Any) {
        if let Some(backups) = store.downcast_ref::<Backups>() {
            *self.0.write() = Some(backups.clone());
        }
    }

    /// All of them. A moment ago there may have been others: whoever acts on it says which object, and which version, is meant.
    pub(super) async fn all(
        &self,
    ) -> Result<Vec<Arc<DeserializeGuard<ApplicationBackup>>>, String> {
        let why = || "ApplicationBackups cannot be listed".to_owned();
        let backups = self.0.read().clone().ok_or_else(why)?;
        match timeout(PATIENCE, backups.wait_until_ready()).await {
            Ok(Ok(())) => Ok(backups.state()),
            _ => Err(why()),
        }
    }
}
