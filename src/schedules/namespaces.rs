//! Which of the namespaces that a plan or a backup names are there.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use crate::crds::ApplicationBackupSpec;

/// What is left of a plan's namespaces.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Namespaces {
    /// These are left out, since they are gone; often none.
    Gone(Vec<String>),
    /// None is left, for this reason.
    NoneLeft(String),
}

/// The names of all namespaces.
pub(crate) async fn all(client: &kube::Client) -> Result<BTreeSet<String>, kube::Error> {
    let found = Api::<Namespace>::all(client.clone())
        .list_metadata(&ListParams::default())
        .await?;
    Ok(found.items.iter().map(ResourceExt::name_any).collect())
}

/// Leaves out what is gone. Patterns are the engine's to read, and stay.
pub(super) fn keep_those_there(
    spec: &mut ApplicationBackupSpec,
    there: &BTreeSet<String>,
) -> Namespaces {
    let is_excluded = |name: &String| spec.excluded_namespaces.contains(name);
    match gone(&spec.included_namespaces, is_excluded, there) {
        Ok(gone) => {
            spec.included_namespaces.retain(|name| !gone.contains(name));
            Namespaces::Gone(gone)
        }
        Err(why) => Namespaces::NoneLeft(why),
    }
}

/// Those of the namespaces that are asked for that are gone. A pattern counts as one that is there; without any, all are asked for.
///
/// # Errors
/// Why none is left, in words that go on from ACK's own `get target namespace failed`.
pub(crate) fn gone<'n>(
    included: impl IntoIterator<Item = &'n String>,
    is_excluded: impl Fn(&String) -> bool,
    there: &BTreeSet<String>,
) -> Result<Vec<String>, String> {
    let is_there = |name: &&String| name.contains(['*', '?', '[']) || there.contains(*name);
    let (left, gone): (Vec<_>, Vec<_>) = included.into_iter().partition(is_there);
    match (left.is_empty(), gone.is_empty()) {
        (true, true) if there.iter().all(is_excluded) => {
            Err("all namespaces of the cluster are excluded".to_owned())
        }
        (true, false) => {
            let gone: Vec<&str> = gone.into_iter().map(String::as_str).collect();
            Err(format!(
                "none of the namespaces `{}` is in the cluster",
                gone.join("`, `")
            ))
        }
        _ => Ok(gone.into_iter().cloned().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_left_out_and_named() {
        let there = BTreeSet::from(["shop".to_owned(), "web".to_owned()]);
        let of = |included: &[&str], excluded: &[&str]| {
            let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let mut spec = ApplicationBackupSpec {
                included_namespaces: list(included),
                excluded_namespaces: list(excluded),
                ..ApplicationBackupSpec::default()
            };
            let found = keep_those_there(&mut spec, &there);
            (found, spec.included_namespaces)
        };
        let gone = |names: &[&str]| {
            Namespaces::Gone(names.iter().map(|name| (*name).to_owned()).collect())
        };
        assert_eq!(of(&[], &[]), (gone(&[]), vec![]));
        assert_eq!(
            of(&["shop", "old"], &[]),
            (gone(&["old"]), vec!["shop".to_owned()])
        );
        assert_eq!(of(&["sh*"], &[]), (gone(&[]), vec!["sh*".to_owned()]));
        assert!(
            matches!(of(&["old", "older"], &[]).0, Namespaces::NoneLeft(why) if why.contains("`old`, `older`"))
        );
        assert!(matches!(
            of(&[], &["shop", "web"]).0,
            Namespaces::NoneLeft(_)
        ));
        assert_eq!(of(&[], &["shop"]).0, gone(&[]));
    }
}
