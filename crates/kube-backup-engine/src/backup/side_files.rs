//! What is stored beside an archive for people and for Velero: its list of objects and its messages.

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::archive::write::gzip;
use crate::resource::TypeMeta;
use crate::{ApiResource, Error, ObjectId, Result, Results};

/// Names of objects by kind, held as plain text: there may be hundreds of thousands.
#[derive(Debug, Default)]
pub(crate) struct ResourceNames {
    by_kind: BTreeMap<String, String>,
}

impl ResourceNames {
    pub(crate) fn add(&mut self, types: &TypeMeta, id: &ObjectId) {
        let kind = format!("{}/{}", types.api_version, types.kind);
        let names = self.by_kind.entry(kind).or_default();
        if let Some(namespace) = &id.namespace {
            names.push_str(namespace);
            names.push('/');
        }
        names.push_str(&id.name);
        names.push('\n');
    }

    /// The names noted of one kind, in whichever versions it was read: `namespace/name`, or `name`.
    pub(crate) fn of(&self, resource: &ApiResource) -> HashSet<String> {
        let is_of = |key: &str| {
            let mut parts = key.rsplit('/');
            let (kind, _version, group) = (parts.next(), parts.next(), parts.next());
            kind == Some(&resource.kind) && group.unwrap_or_default() == resource.group
        };
        self.by_kind
            .iter()
            .filter(|(key, _)| is_of(key))
            .flat_map(|(_, names)| names.lines().map(str::to_owned))
            .collect()
    }

    /// `<name>-resource-list.json.gz`: kind to sorted names.
    pub(crate) fn write(&self) -> Result<Bytes> {
        let failed = |error| Error::internal("write the list of objects", error);
        let mut out = GzEncoder::new(Vec::new(), Compression::new(1));
        let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(failed);
        for (n, (kind, names)) in self.by_kind.iter().enumerate() {
            write(if n == 0 { b"{" } else { b"," })?;
            write(format!("{}:[", serde_json::Value::from(kind.as_str())).as_bytes())?;
            let mut names: Vec<&str> = names.lines().collect();
            names.sort_unstable();
            for (n, name) in names.into_iter().enumerate() {
                if n > 0 {
                    write(b",")?;
                }
                // Names of objects contain nothing that JSON would escape.
                write(b"\"")?;
                write(name.as_bytes())?;
                write(b"\"")?;
            }
            write(b"]")?;
        }
        write(if self.by_kind.is_empty() { b"{}" } else { b"}" })?;
        out.finish().map(Bytes::from).map_err(failed)
    }
}

/// `<name>-results.gz`.
pub(crate) fn write_results(results: &Results) -> Result<Bytes> {
    let text =
        serde_json::to_vec(results).map_err(|error| Error::internal("write the results", error))?;
    gzip(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::index::gunzip;

    #[test]
    fn names_are_sorted_below_their_kind() {
        let mut names = ResourceNames::default();
        assert_eq!(gunzip(&names.write().unwrap(), 100).unwrap(), b"{}");
        let pods = TypeMeta {
            api_version: "v1".into(),
            kind: "Pod".into(),
        };
        for (namespace, name) in [(Some("b"), "x"), (Some("a"), "y"), (None, "z")] {
            let id = ObjectId {
                resource: "pods".parse().unwrap(),
                namespace: namespace.map(Into::into),
                name: name.into(),
            };
            names.add(&pods, &id);
        }
        let text = gunzip(&names.write().unwrap(), 100).unwrap();
        let read: BTreeMap<String, Vec<String>> = serde_json::from_slice(&text).unwrap();
        assert_eq!(read["v1/Pod"], ["a/y", "b/x", "z"]);
    }
}
