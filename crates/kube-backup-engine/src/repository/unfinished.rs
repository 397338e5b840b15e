//! What a backup that was never finished left.

use std::time::Duration;

use super::Repository;
use super::lease::Lease;
use crate::{ErrorKind, Result};

impl Repository {
    /// Deletes what an unfinished backup left under `name`: of the backup `uid`, or of one whose writer is gone, which is told as long as
    /// `lease_duration` takes (see [`RunOptions::lease_duration`](crate::RunOptions::lease_duration)). Whether anything was there.
    ///
    /// A backup that was committed stays, and so does what a living writer is at.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] while another backup is being written under the name, [`ErrorKind::AlreadyExists`] when there is a
    /// backup of it; and whatever the store fails with.
    pub async fn discard_unfinished(
        &self,
        name: &str,
        uid: &str,
        lease_duration: Duration,
    ) -> Result<bool> {
        let keys = self.keys(name)?;
        if self.below(&keys).await?.is_empty() {
            return Ok(false);
        }
        let lease = Lease::take(self.store(), &keys, name, uid, lease_duration).await?;
        let cleared = async {
            let mut left = self.below(&keys).await?;
            if left.contains(&keys.record()) {
                return Err(crate::Error::new(
                    ErrorKind::AlreadyExists,
                    format!(
                        "discard what is unfinished of `{name}`: there is a backup of that name, which stays"
                    ),
                ));
            }
            lease.check().await?;
            left.retain(|path| *path != keys.lease());
            let step = format!(
                "delete what a backup that was never finished left below `{}`",
                keys.folder()
            );
            self.delete_all(left, step).await
        };
        let cleared: Result<()> = cleared.await;
        let left = lease.release().await;
        match (cleared, left) {
            (Ok(()), None) => Ok(true),
            (Ok(()), Some(left)) => Err(crate::Error::new(
                ErrorKind::Store,
                format!("discard what is unfinished of `{name}`"),
            )
            .with_left_behind(left)),
            (Err(error), Some(left)) => Err(error.with_left_behind(left)),
            (Err(error), None) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt as _};

    use super::*;

    const DURATION: Duration = Duration::from_secs(20);

    #[tokio::test(start_paused = true)]
    async fn only_what_nobody_writes_or_has_written_is_discarded() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let repository = Repository::new(Arc::clone(&store), "");
        let archive = Path::from("backups/a/a.tar.gz");
        assert!(
            !repository
                .discard_unfinished("a", "mine", DURATION)
                .await
                .unwrap()
        );
        // Killed before or after it released its lease.
        store.put(&archive, "half".into()).await.unwrap();
        assert!(
            repository
                .discard_unfinished("a", "mine", DURATION)
                .await
                .unwrap()
        );
        let keys = repository.keys("a").unwrap();
        assert_eq!(repository.below(&keys).await.unwrap(), []);
        // While another one writes.
        store.put(&archive, "half".into()).await.unwrap();
        let mut lease = Lease::take(&store, &keys, "a", "theirs", DURATION)
            .await
            .unwrap();
        let discarding = repository.discard_unfinished("a", "mine", DURATION);
        let error = tokio::select! {
            discarded = discarding => discarded.unwrap_err(),
            Err(lost) = lease.keep(DURATION) => panic!("{lost}"),
        };
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(
            repository
                .discard_unfinished("a", "theirs", DURATION)
                .await
                .unwrap()
        );
        // What is a backup stays, whoever asks.
        store.put(&keys.record(), "{}".into()).await.unwrap();
        let error = repository
            .discard_unfinished("a", "theirs", DURATION)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(repository.below(&keys).await.unwrap(), [keys.record()]);
    }
}
