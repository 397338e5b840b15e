//! Which roles of the cluster chosen accounts had, as far as a backup shows.

use std::collections::HashSet;

use futures::TryStreamExt as _;
use serde_json::Value;

use crate::archive::{Entries, EntryRef};
use crate::kinds::names::{
    CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, Kind, ROLE_BINDINGS, SERVICE_ACCOUNTS,
};
use crate::{Entry, Error, ObjectId, OpenBackup, Result};

/// Bindings of the cluster whose subjects are chosen accounts and nobody else, and the roles that these and
/// chosen bindings of namespaces name.
pub(super) async fn by_accounts(
    backup: &OpenBackup,
    chosen: &Entries,
) -> Result<HashSet<ObjectId>> {
    let of_kinds = |kinds: &[Kind]| {
        let is_of =
            move |listed: &EntryRef<'_>| kinds.iter().any(|kind| kind.is(listed.resource()));
        chosen
            .iter()
            .filter(is_of)
            .map(EntryRef::entry)
            .collect::<Vec<Entry>>()
    };
    let accounts = of_kinds(&[SERVICE_ACCOUNTS]);
    let accounts: HashSet<&ObjectId> = accounts.iter().map(|entry| &entry.id).collect();
    let bindings = of_kinds(&[CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS]);
    let mut had = HashSet::new();
    let mut objects = backup.read(&bindings);
    while let Some((Entry { id, .. }, raw)) = objects.try_next().await? {
        let binding: Value = serde_json::from_slice(&raw)
            .map_err(|error| Error::corrupt(format!("read whom {id} binds")).with_source(error))?;
        if CLUSTER_ROLE_BINDINGS.is(&id.resource) && !is_of_accounts(&binding, &accounts) {
            continue;
        }
        let role = &binding["roleRef"];
        if role["kind"] == "ClusterRole"
            && let Some(name) = role["name"].as_str()
        {
            had.insert(ObjectId {
                resource: CLUSTER_ROLES.group_resource(),
                namespace: None,
                name: name.to_owned(),
            });
        }
        had.insert(id);
    }
    Ok(had)
}

fn is_of_accounts(binding: &Value, accounts: &HashSet<&ObjectId>) -> bool {
    let subjects = binding["subjects"].as_array().map(Vec::as_slice);
    let subjects = subjects.unwrap_or_default();
    let is_account = |subject: &Value| {
        let text = |field: &str| subject[field].as_str().unwrap_or_default().to_owned();
        let id = ObjectId {
            resource: SERVICE_ACCOUNTS.group_resource(),
            namespace: Some(text("namespace")),
            name: text("name"),
        };
        text("kind") == "ServiceAccount" && accounts.contains(&id)
    };
    !subjects.is_empty() && subjects.iter().all(is_account)
}
