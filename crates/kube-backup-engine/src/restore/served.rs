//! Kinds that the server has.

use std::collections::HashMap;

use serde_json::Value;

use crate::{ApiResource, Discovery, GroupResource};

/// Why an object's kind cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotServed {
    /// The server does not know it.
    Unknown(String),
    /// The server knows it, in other versions.
    OtherVersions(String),
}

impl NotServed {
    pub(crate) fn into_reason(self) -> String {
        match self {
            Self::Unknown(reason) | Self::OtherVersions(reason) => reason,
        }
    }
}

/// Kinds that the server has, by name.
#[derive(Default)]
pub(crate) struct Served {
    kinds: HashMap<GroupResource, Vec<ApiResource>>,
}

impl Served {
    pub(crate) fn new(found: Discovery) -> Self {
        let mut kinds: HashMap<GroupResource, Vec<ApiResource>> = HashMap::new();
        for resource in found.resources {
            kinds
                .entry(resource.group_resource())
                .or_default()
                .push(resource);
        }
        Self { kinds }
    }

    /// The kind in the version that `object` is written in.
    pub(crate) fn find(
        &self,
        kind: &GroupResource,
        object: &Value,
    ) -> Result<&ApiResource, NotServed> {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let Some(served) = self.kinds.get(kind) else {
            return Err(NotServed::Unknown(format!(
                "the server has no kind `{kind}`; install what defines it and restore again"
            )));
        };
        served
            .iter()
            .find(|resource| resource.api_version() == version)
            .ok_or_else(|| {
                let others: Vec<String> = served.iter().map(ApiResource::api_version).collect();
                NotServed::OtherVersions(format!(
                    "the server does not serve `{kind}` as `{version}`, only as {}",
                    others.join(", ")
                ))
            })
    }

    /// All versions of a kind.
    pub(crate) fn versions(&self, kind: &GroupResource) -> &[ApiResource] {
        self.kinds.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The kind that objects call `kind`.
    pub(crate) fn of_kind(&self, group: &str, kind: &str) -> Option<&ApiResource> {
        self.kinds
            .values()
            .flatten()
            .find(|resource| resource.group == group && resource.kind == kind)
    }
}
