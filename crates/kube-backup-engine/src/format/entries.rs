//! From an object to its path in the archive, and back.

use crate::{Error, GroupResource, ObjectId, Result};

/// The entry that says which format the archive has.
pub(crate) const VERSION_ENTRY: &str = "metadata/version";
/// The format this crate writes: every object once (see `FORMAT.md`).
pub(crate) const FORMAT_VERSION: &str = "1.0.0";

/// The entry's path for an object: `resources/pods/namespaces/shop/web-0.json`.
pub(crate) fn entry_path(id: &ObjectId) -> String {
    match &id.namespace {
        Some(namespace) => format!(
            "resources/{}/namespaces/{namespace}/{}.json",
            id.resource, id.name
        ),
        None => format!("resources/{}/cluster/{}.json", id.resource, id.name),
    }
}

/// What a path in an archive means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// `metadata/version`.
    Version,
    /// An object's unversioned copy: the one to restore.
    Object(ObjectId),
    /// The same object once more, under the folder of one version (format 1.1.0).
    Versioned {
        id: ObjectId,
        version: String,
        preferred: bool,
    },
    /// A file that readers ignore.
    Other,
}

/// Reads a path, refusing those that would leave the folder they are unpacked to.
pub(crate) fn read_path(path: &str) -> Result<Meaning> {
    let refuse = |why: &str| Err(Error::corrupt(format!("read archive: {why}")).with_entry(path));
    let trimmed = path.strip_prefix("./").unwrap_or(path);
    if trimmed.starts_with('/') {
        return refuse("the entry's path is absolute");
    }
    if trimmed.contains(char::is_control) {
        return refuse("the entry's path holds a control character");
    }
    let segments: Vec<&str> = trimmed.split('/').collect();
    if segments
        .iter()
        .any(|segment| matches!(*segment, "" | "." | ".."))
    {
        return refuse("the entry's path has an empty or dotted segment");
    }
    if trimmed == VERSION_ENTRY {
        return Ok(Meaning::Version);
    }
    let ["resources", resource, rest @ ..] = segments.as_slice() else {
        return Ok(Meaning::Other);
    };
    let resource: GroupResource = match resource.parse() {
        Ok(resource) => resource,
        Err(_) => return refuse("the entry names no resource"),
    };
    let (version, rest) = match rest {
        [version, "namespaces" | "cluster", ..]
            if !matches!(*version, "namespaces" | "cluster") =>
        {
            (Some(*version), &rest[1..])
        }
        _ => (None, rest),
    };
    let (namespace, file) = match rest {
        ["namespaces", namespace, file] => (Some((*namespace).to_owned()), *file),
        ["cluster", file] => (None, *file),
        _ => return Ok(Meaning::Other),
    };
    let Some(name) = file.strip_suffix(".json").filter(|name| !name.is_empty()) else {
        return Ok(Meaning::Other);
    };
    let id = ObjectId {
        resource,
        namespace,
        name: name.to_owned(),
    };
    Ok(match version {
        None => Meaning::Object(id),
        Some(version) => {
            let plain = version.strip_suffix("-preferredversion");
            Meaning::Versioned {
                id,
                version: plain.unwrap_or(version).to_owned(),
                preferred: plain.is_some(),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(resource: &str, namespace: Option<&str>, name: &str) -> ObjectId {
        ObjectId {
            resource: resource.parse().unwrap(),
            namespace: namespace.map(Into::into),
            name: name.into(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for id in [
            id("pods", Some("shop"), "web-0"),
            id("clusterroles.rbac.authorization.k8s.io", None, "system:a"),
            id("pods", Some("namespaces"), "cluster"),
            id("pods", Some("cluster"), "namespaces"),
        ] {
            assert_eq!(
                read_path(&entry_path(&id)).unwrap(),
                Meaning::Object(id.clone()),
                "{id}"
            );
        }
    }

    #[test]
    fn folders_of_versions_are_told_apart() {
        assert_eq!(
            read_path("resources/deployments.apps/v1-preferredversion/namespaces/a/b.json")
                .unwrap(),
            Meaning::Versioned {
                id: id("deployments.apps", Some("a"), "b"),
                version: "v1".into(),
                preferred: true
            }
        );
        assert_eq!(
            read_path("./resources/nodes/v1/cluster/b.json").unwrap(),
            Meaning::Versioned {
                id: id("nodes", None, "b"),
                version: "v1".into(),
                preferred: false
            }
        );
    }

    #[test]
    fn paths_that_leave_their_folder_are_refused_by_name() {
        for path in [
            "../a",
            "/etc/passwd",
            "resources/pods/namespaces/../../x.json",
            "resources//pods",
            "resources/pods/cluster/a\0b.json",
            "resources/pods/cluster/a\u{1b}[2Jb.json",
            "resources/pods/./cluster/a.json",
        ] {
            let error = read_path(path).unwrap_err();
            assert_eq!(error.entry(), Some(path));
        }
    }

    #[test]
    fn other_files_are_ignored() {
        for path in ["README", "resources/pods/notes.txt", "metadata/extra"] {
            assert_eq!(read_path(path).unwrap(), Meaning::Other, "{path}");
        }
    }
}
