//! What is stored beside an archive for people and for Velero: its list of objects and its messages.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Serialize, Serializer};

use crate::archive::gzip::gzip;
use crate::resource::{TypeMeta, full_name};
use crate::{ApiResource, Error, ObjectId, Result, Results};

/// Names of objects by kind, held as one text for each kind: there may be hundreds of thousands.
#[derive(Debug, Default)]
pub(crate) struct ResourceNames {
    by_kind: BTreeMap<String, Names>,
}

/// Names, each ended by a byte that no text holds: names of RBAC objects may hold any character but `/` and `%`.
#[derive(Debug, Default)]
struct Names(Vec<u8>);

/// Ends a name; not part of any UTF-8.
const END: u8 = 0xff;

impl Names {
    fn push(&mut self, name: &str) {
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(END);
    }

    fn iter(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let names = self.0.split(|byte| *byte == END);
        names
            .filter(|name| !name.is_empty())
            .map(String::from_utf8_lossy)
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut names: Vec<_> = self.iter().collect();
        names.sort_unstable();
        serializer.collect_seq(names)
    }
}

impl ResourceNames {
    pub(crate) fn add(&mut self, types: &TypeMeta, id: &ObjectId) {
        let kind = format!("{}/{}", types.api_version, types.kind);
        let names = self.by_kind.entry(kind).or_default();
        names.push(&full_name(id.namespace.as_deref(), &id.name));
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
            .flat_map(|(_, names)| names.iter().map(Cow::into_owned))
            .collect()
    }

    /// How many there are of each kind.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        let kinds = self.by_kind.iter();
        kinds
            .map(|(kind, names)| (kind.clone(), names.iter().count() as u64))
            .collect()
    }

    /// `<name>-resource-list.json.gz`: kind to sorted names.
    pub(crate) fn write(&self) -> Result<Bytes> {
        let mut out = GzEncoder::new(Vec::new(), Compression::new(1));
        serde_json::to_writer(&mut out, &self.by_kind)
            .map_err(io::Error::from)
            .and_then(|()| out.finish())
            .map(Bytes::from)
            .map_err(|error| Error::internal("write the list of objects", error))
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
        let strange = "x\",\"forged\n\0\u{ff}";
        for (namespace, name) in [
            (Some("b"), "x"),
            (Some("a"), "y"),
            (None, "z"),
            (Some("a"), strange),
        ] {
            let id = ObjectId {
                resource: "pods".parse().unwrap(),
                namespace: namespace.map(Into::into),
                name: name.into(),
            };
            names.add(&pods, &id);
        }
        let text = gunzip(&names.write().unwrap(), 100).unwrap();
        let read: BTreeMap<String, Vec<String>> = serde_json::from_slice(&text).unwrap();
        let strange = format!("a/{strange}");
        assert_eq!(read["v1/Pod"], [&strange, "a/y", "b/x", "z"]);
    }
}
