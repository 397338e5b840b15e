//! One object of a list, as the server sent it.

use bytes::Bytes;

use crate::resource::TypeMeta;
use crate::scan::Head;

/// One object of a list.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) head: Head,
    pub(super) raw: Bytes,
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
        let TypeMeta { api_version, kind } = types;
        Self {
            both: format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"{api_version}\",").into_bytes(),
            kind: format!("{{\"kind\":\"{kind}\",").into_bytes(),
            api_version: format!("{{\"apiVersion\":\"{api_version}\",").into_bytes(),
        }
    }
}
