//! One object of a list, as the server sent it.

use std::fmt;

use bytes::Bytes;

use crate::resource::{TypeMeta, full_name, shown};
use crate::scan::{Head, Seen};

/// One object of a list.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) head: Head,
    /// What a walk through it has come across.
    pub(crate) seen: Seen,
    pub(super) raw: Bytes,
}

/// An object of a list that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Its namespace and name, where at least these can be read.
    pub(crate) key: Option<(Option<String>, String)>,
    /// Namespace and name of the object before it.
    pub(crate) after: Option<(String, String)>,
    pub(crate) why: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match (&self.key, &self.after) {
            (Some((namespace, name)), _) => shown(&full_name(namespace.as_deref(), name)),
            (None, Some((namespace, name))) => {
                let namespace = Some(namespace.as_str()).filter(|namespace| !namespace.is_empty());
                format!("the object after {}", shown(&full_name(namespace, name)))
            }
            (None, None) => "the first object".to_owned(),
        };
        write!(f, "{name}: it cannot be read and is left out: {}", self.why)
    }
}

impl Item {
    /// The object's JSON with `kind` and `apiVersion` in it, as slices to be joined.
    ///
    /// Items of built-in lists lack both. They are spliced in as text, where the server prints
    /// them when it is asked for the object alone.
    pub(crate) fn parts<'a>(&'a self, prefix: &'a Splice) -> [&'a [u8]; 2] {
        match (&self.head.kind, &self.head.api_version) {
            (Some(_), Some(_)) => [b"", &self.raw],
            (None, None) => [&prefix.both, &self.raw[1..]],
            (Some(_), None) => [&prefix.api_version, &self.raw[1..]],
            (None, Some(_)) => [&prefix.kind, &self.raw[1..]],
        }
    }

    /// The same object with other JSON.
    pub(crate) fn with_raw(&self, raw: Vec<u8>) -> Self {
        Self {
            head: self.head.clone(),
            seen: self.seen,
            raw: raw.into(),
        }
    }

    /// The object's JSON as listed.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }
}

/// The text that items of one list lack.
#[derive(Debug)]
pub(crate) struct Splice {
    both: Vec<u8>,
    kind: Vec<u8>,
    api_version: Vec<u8>,
}

impl Splice {
    pub(crate) fn new(types: &TypeMeta) -> Self {
        // As JSON: the server that names a kind may be anyone's.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let (kind, api_version) = (quoted(&types.kind), quoted(&types.api_version));
        Self {
            both: format!("{{\"kind\":{kind},\"apiVersion\":{api_version},").into_bytes(),
            kind: format!("{{\"kind\":{kind},").into_bytes(),
            api_version: format!("{{\"apiVersion\":{api_version},").into_bytes(),
        }
    }
}
