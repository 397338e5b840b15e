//! From an object to its path in the archive, and back.
//!
//! A path is `resources/RESOURCE/namespaces/NAMESPACE/FILE` or `resources/RESOURCE/cluster/FILE`, and any tool
//! can unpack it: no component has more than the 255 bytes that file systems take, and none holds a control
//! character. FILE is the object's name and `.json`, with two exceptions that the API server makes possible:
//!
//! - What a file name cannot hold is written as `%` and two hexadecimal digits for each byte. Names hold no
//!   `%` of their own: the API server takes none.
//! - Of a longer name the beginning is written, and then `%~` and its SHA-256.
//!
//! The object itself says its name in full, and readers hold the path against it.

use std::fmt::Write as _;

use base16ct::lower::encode_string;
use sha2::{Digest as _, Sha256};

use crate::{Error, GroupResource, ObjectId, Result};

/// The entry that says which format the archive has.
pub(crate) const VERSION_ENTRY: &str = "metadata/version";
/// The format this crate writes: every object once (see `FORMAT.md`).
pub(crate) const FORMAT_VERSION: &str = "1.0.0";
/// Ends the name of an object's file.
const SUFFIX: &str = ".json";
/// Longest name in a path without its suffix: file systems take components of up to 255 bytes.
const MAX_NAME: usize = 255 - SUFFIX.len();
/// Longest name of an object: API servers take requests of up to 3 MiB, and a name stands in each several
/// times.
const MAX_LENGTH: usize = 1 << 20;
/// Parts the beginning of a long name and its digest.
const CUT: &str = "%~";
/// Bytes of a long name that are written.
const KEPT: usize = MAX_NAME - CUT.len() - 64;

/// Whether an object of this name can be in an archive, for whoever writes it and for whoever reads it.
///
/// # Errors
/// When it cannot: its name or namespace is one that no API server gives, and could be taken for a path.
pub(crate) fn check_id(id: &ObjectId) -> Result<()> {
    let refuse = |why: &str| Err(Error::corrupt(format!("read archive: {why}")));
    // Path segment names, as the API server takes them (apimachinery, path.IsValidPathSegmentName).
    if id.name.is_empty() || id.name == "." || id.name == ".." {
        return refuse("the entry's name is empty or dots");
    }
    if id.name.contains('/') {
        return refuse("the entry's name is a path");
    }
    if id.name.len() > MAX_LENGTH {
        return refuse("the entry's name is longer than a name can be");
    }
    match &id.namespace {
        Some(namespace) if !is_namespace(namespace) => {
            refuse("the entry's namespace is no name of one")
        }
        _ => Ok(()),
    }
}

/// Whether a text can be a namespace: the characters and the length of a DNS label (RFC 1123).
fn is_namespace(text: &str) -> bool {
    let legal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=63).contains(&text.len()) && text.bytes().all(legal)
}

/// The entry's path for an object: `resources/pods/namespaces/shop/web-0.json`.
pub(crate) fn entry_path(id: &ObjectId) -> String {
    let file = file_of(&id.name);
    match &id.namespace {
        Some(namespace) => format!("resources/{}/namespaces/{namespace}/{file}", id.resource),
        None => format!("resources/{}/cluster/{file}", id.resource),
    }
}

/// The name of the file of an object of this name.
fn file_of(name: &str) -> String {
    let plain = |character: char| !character.is_control() && !matches!(character, '%' | '/');
    if name.len() <= MAX_NAME && name.chars().all(plain) {
        return format!("{name}{SUFFIX}");
    }
    let mut file = String::with_capacity(MAX_NAME + SUFFIX.len());
    // Where a long name is cut: after a whole character.
    let mut kept = 0;
    for character in name.chars() {
        if plain(character) {
            file.push(character);
        } else {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                let _ = write!(file, "%{byte:02X}");
            }
        }
        if file.len() <= KEPT {
            kept = file.len();
        }
        if file.len() > MAX_NAME {
            file.truncate(kept);
            file.push_str(CUT);
            file.push_str(&encode_string(&Sha256::digest(name.as_bytes())));
            break;
        }
    }
    file.push_str(SUFFIX);
    file
}

/// Whether `path` ends in the file of an object called `name`. Other programs write names as they are, and
/// so did earlier versions of this one.
pub(crate) fn is_file_of(path: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.strip_suffix(SUFFIX) == Some(name) || file == file_of(name)
}

/// The name that a file says, as far as it does: of a long one, the beginning.
fn name_of(file: &str) -> Option<String> {
    let file = file.strip_suffix(SUFFIX).filter(|name| !name.is_empty())?;
    let decoded = percent_encoding::percent_decode_str(file).decode_utf8();
    Some(decoded.map_or_else(|_| file.to_owned(), std::borrow::Cow::into_owned))
}

/// What a path in an archive means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// `metadata/version`.
    Version,
    /// An object's unversioned copy: the one to restore. Its name is as far as the path says it; the object
    /// has it in full.
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
    let Some(name) = name_of(file) else {
        return Ok(Meaning::Other);
    };
    let id = ObjectId {
        resource,
        namespace,
        name,
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
    use proptest::prelude::*;

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

    proptest! {
        /// Whatever the name, its path can be unpacked anywhere, and is nobody else's.
        #[test]
        fn every_name_has_a_path_of_its_own(
            names in prop::collection::btree_set(
                prop_oneof!["\\PC{1,8}", "[a%~/\\x00-\\x1f\u{85}]{1,4}", "[ab\n\u{e9}]{80,300}"], 2..20),
        ) {
            let mut paths = std::collections::BTreeMap::new();
            for name in &names {
                let id = id("roles.rbac.authorization.k8s.io", Some("a"), name);
                if check_id(&id).is_err() {
                    prop_assert!(name.contains('/') || name == "." || name == "..");
                    continue;
                }
                let path = entry_path(&id);
                prop_assert!(!path.contains(char::is_control), "{path:?}");
                prop_assert!(path.split('/').all(|part| part.len() <= 255), "{path:?}");
                prop_assert!(is_file_of(&path, name));
                let Meaning::Object(read) = read_path(&path).unwrap() else { panic!("{path}") };
                if !path.contains(CUT) {
                    prop_assert_eq!(&read, &id);
                }
                prop_assert_eq!((&read.resource, &read.namespace), (&id.resource, &id.namespace));
                prop_assert_eq!(paths.insert(path, name), None);
            }
            for (path, name) in &paths {
                for other in names.iter().filter(|other| other != name) {
                    // But for those that a name as it is could be taken for, which holds a `%`.
                    prop_assert!(!is_file_of(path, other) || other.contains('%'), "{path} {other}");
                }
            }
        }
    }

    #[test]
    fn what_no_file_name_can_hold_is_written_in_another_way() {
        let file = |name: &str| file_of(name);
        assert_eq!(file("system:a b"), "system:a b.json");
        assert_eq!(file("new\nline"), "new%0Aline.json");
        assert_eq!(file("x\u{85}y"), "x%C2%85y.json");
        assert_eq!(file("100%"), "100%25.json");
        assert_eq!(file(&"n".repeat(250)), format!("{}.json", "n".repeat(250)));
        // printf %0251d 0 | tr 0 n | sha256sum
        let cut = file(&"n".repeat(251));
        assert_eq!(cut.len(), 255);
        assert!(cut.starts_with(&format!("{}%~", "n".repeat(184))), "{cut}");
        assert!(
            cut.ends_with("64091ef053a17b180bb576ea653b32b3bb0d873da4e18489475f1df637bfe5fa.json"),
            "{cut}"
        );
        let ids = [
            id("pods", Some("A"), "a"),
            id("pods", Some("a%2Fb"), "a"),
            id("pods", Some(""), "a"),
        ];
        assert!(ids.iter().all(|id| check_id(id).is_err()));
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
