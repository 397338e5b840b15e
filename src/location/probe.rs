//! Whether a location can be written to, found out by writing to it.

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use uuid::Uuid;

/// What a probe showed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probed {
    /// Written, read, listed and deleted.
    Whole,
    /// What was written is not deleted, as under a retention policy of the bucket; this is what the store said. It is not written again.
    Kept(String),
}

/// What a probe failed at.
#[derive(Debug, thiserror::Error)]
#[error("{step}")]
pub struct ProbeError {
    step: String,
    /// What the store said, where it refused.
    #[source]
    source: Option<object_store::Error>,
}

impl ProbeError {
    fn new(step: String) -> Self {
        Self { step, source: None }
    }
}

/// Writes a small object beside the backups, reads it, lists it and deletes it. It is a file and no folder, since Velero takes no
/// other folders than its own.
///
/// The object is named by `who` looks, letters, digits and `-`: that of an earlier probe of the same is its own.
/// One that an earlier probe left is deleted first. Where that is refused, nothing is written: a bucket that keeps everything is
/// not to fill up.
///
/// # Errors
///
/// The step that failed; what the store said is its source.
pub async fn probe(store: &dyn ObjectStore, prefix: &str, who: &str) -> Result<Probed, ProbeError> {
    let folder = Path::from(prefix);
    let path = folder.clone().join(format!("backup-center-probe-{who}"));
    let failed = |step: &str, error: object_store::Error| ProbeError {
        step: format!("{step} `{path}`"),
        source: Some(error),
    };
    let mut kept = match store.head(&path).await {
        Ok(_) => kept(store.delete(&path).await),
        Err(object_store::Error::NotFound { .. }) => None,
        Err(error) => return Err(failed("look for", error)),
    };
    let text = Uuid::new_v4().to_string();
    if kept.is_none() {
        let put = store.put(&path, text.clone().into()).await;
        put.map_err(|error| failed("write", error))?;
    }
    let read = async { store.get(&path).await?.bytes().await };
    let read = read.await.map_err(|error| failed("read", error))?;
    if kept.is_none() && read != text {
        return Err(ProbeError::new(format!(
            "read `{path}` back: it is not what was written there a moment ago"
        )));
    }
    let below = (!prefix.is_empty()).then_some(&folder);
    let listed = store.list_with_delimiter(below).await;
    let listed = listed.map_err(|error| failed("list", error))?;
    if !listed.objects.iter().any(|it| it.location == path) {
        return Err(ProbeError::new(format!(
            "find `{path}` in the list: it is there and is not listed"
        )));
    }
    if kept.is_none() {
        kept = self::kept(store.delete(&path).await);
    }
    Ok(kept.map_or(Probed::Whole, Probed::Kept))
}

/// What was said of something that was not deleted. That it is gone is fine.
fn kept(deleted: object_store::Result<()>) -> Option<String> {
    match deleted {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => None,
        Err(error) => Some(crate::chain::chain(&error)),
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_probe_leaves_nothing_and_clears_up_after_one_that_was_killed() {
        let store = InMemory::new();
        for prefix in ["", "team/one"] {
            assert_eq!(probe(&store, prefix, "c1").await.unwrap(), Probed::Whole);
            let left = Path::from(prefix).join("backup-center-probe-c1");
            store.put(&left, "from before".into()).await.unwrap();
            assert_eq!(probe(&store, prefix, "c1").await.unwrap(), Probed::Whole);
            assert!(store.head(&left).await.is_err());
        }
    }
}
