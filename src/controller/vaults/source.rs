//! Which cluster a backup is of, and which backups others are not to show.

use kube_backup_engine::Repository;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};

/// A label of a backup's record: the uid of the namespace `kube-system` of the cluster that it is of.
pub const SOURCE_CLUSTER: &str = "csdr.alibabacloud.com/source-cluster";

/// Beside a backup: it was asked to be deleted by a cluster that it is not of, and is not shown in others any more.
fn deletion_mark(prefix: &str, name: &str) -> Path {
    Path::from(prefix)
        .join("backups")
        .join(name)
        .join(format!("{name}-deletion-mark.json"))
}

/// Whether it is marked.
pub(super) async fn is_marked(
    repository: &Repository,
    prefix: &str,
    name: &str,
) -> Result<bool, object_store::Error> {
    match repository.store().head(&deletion_mark(prefix, name)).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Marks it, for `cluster`. Marked ones are left as they are.
pub(in crate::controller) async fn mark_deleted(
    repository: &Repository,
    prefix: &str,
    name: &str,
    cluster: &str,
) -> Result<(), object_store::Error> {
    let text = serde_json::json!({"cluster": cluster}).to_string();
    let options = object_store::PutMode::Create.into();
    let mark = deletion_mark(prefix, name);
    let put = repository.store().put_opts(&mark, text.into(), options);
    match put.await {
        Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
