//! Names for kinds of objects, and what a server says about each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cluster::path::path;
use crate::printable::Printable;
use crate::{Error, Result};

/// A kind of object without its version: `pods`, `deployments.apps`.
///
/// ```
/// use kube_backup_engine::GroupResource;
/// let deployments: GroupResource = "deployments.apps".parse()?;
/// assert_eq!(deployments, GroupResource::new("apps", "deployments"));
/// assert_eq!(GroupResource::core("pods").to_string(), "pods");
/// # Ok::<(), kube_backup_engine::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "String"))]
pub struct GroupResource {
    /// API group, empty for the core group.
    pub group: String,
    /// Plural name, in lower case.
    pub resource: String,
}

impl GroupResource {
    /// `resource` of `group`.
    pub fn new(group: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            resource: resource.into(),
        }
    }

    /// `resource` of the core group.
    pub fn core(resource: impl Into<String>) -> Self {
        Self::new("", resource)
    }

    /// Whether this is `resource` of `group`, without building a value to compare with.
    pub fn is(&self, group: &str, resource: &str) -> bool {
        self.group == group && self.resource == resource
    }
}

impl fmt::Display for GroupResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printable(&self.resource))?;
        if !self.group.is_empty() {
            write!(f, ".{}", Printable(&self.group))?;
        }
        Ok(())
    }
}

impl FromStr for GroupResource {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (resource, group) = text.split_once('.').unwrap_or((text, ""));
        if resource.is_empty() || text.ends_with('.') || text.contains('/') {
            return Err(Error::invalid(format!(
                "read resource name `{text}`: write it as `plural` or `plural.group`"
            )));
        }
        Ok(Self::new(group, resource))
    }
}

impl TryFrom<String> for GroupResource {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<GroupResource> for String {
    fn from(value: GroupResource) -> Self {
        value.to_string()
    }
}

/// One object's name within a cluster or an archive.
///
/// It prints as `pods shop/web-0`, for people: names that the API server takes for objects of RBAC may hold
/// anything but `/` and `%` and be of any length, so control characters are escaped and long names cut.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId {
    /// Its kind.
    pub resource: GroupResource,
    /// Its namespace; `None` for cluster-scoped objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.resource)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{}/", shown(namespace))?;
        }
        f.write_str(&shown(&self.name))
    }
}

/// Longest name that is printed whole: no kind but RBAC's has longer ones.
const SHOWN: usize = 255;

/// A name as people and terminals may see it.
pub(crate) fn shown(name: &str) -> String {
    match name.char_indices().nth(SHOWN) {
        None => Printable(name).to_string(),
        Some((end, _)) => format!(
            "{}... and {} characters more",
            Printable(&name[..end]),
            name[end..].chars().count()
        ),
    }
}

/// `namespace/name`, or the name of what is in no namespace.
pub(crate) fn full_name(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

/// What a server says about one kind in one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiResource {
    /// API group, empty for the core group.
    pub group: String,
    /// Version, such as `v1beta1`.
    pub version: String,
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// Plural name, such as `deployments`.
    pub plural: String,
    /// Singular name; may be empty.
    #[serde(default)]
    pub singular: String,
    /// Short names, such as `deploy`.
    #[serde(default)]
    pub short_names: Vec<String>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What clients may do with it.
    pub verbs: Vec<String>,
    /// Its subresources, such as `status` and `scale`.
    #[serde(default)]
    pub subresources: Vec<String>,
}

impl ApiResource {
    /// A kind of the core group, which is there on every server.
    pub(crate) fn core(plural: &str, kind: &str, namespaced: bool) -> Self {
        Self {
            group: String::new(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            singular: String::new(),
            short_names: Vec::new(),
            namespaced,
            verbs: Vec::new(),
            subresources: Vec::new(),
        }
    }

    /// The kind without its version.
    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(&self.group, &self.plural)
    }

    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Whether the server allows `verb`.
    pub fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|allowed| allowed == verb)
    }

    /// Whether the server keeps `status` apart: who writes an object does not write its status. Where it
    /// does not, `status` is a field like any other.
    pub fn has_status_subresource(&self) -> bool {
        self.subresources.iter().any(|name| name == "status")
    }

    /// Path of the list of these objects in `namespace`, or in the whole cluster.
    pub fn list_path(&self, namespace: Option<&str>) -> String {
        path(self.segments(namespace))
    }

    /// Path of the object `name`. Whatever is in the name stays in it: it leads to no subresource and no
    /// other object, and begins no query.
    pub fn object_path(&self, namespace: Option<&str>, name: &str) -> String {
        path(self.segments(namespace).chain([name]))
    }

    fn segments<'a>(&'a self, namespace: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        let root = match self.group.as_str() {
            "" => vec!["api"],
            group => vec!["apis", group],
        };
        let namespace = namespace.filter(|_| self.namespaced);
        root.into_iter()
            .chain([self.version.as_str()])
            .chain(namespace.into_iter().flat_map(|name| ["namespaces", name]))
            .chain([self.plural.as_str()])
    }
}

/// What every object of one list has in common.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TypeMeta {
    pub(crate) api_version: String,
    pub(crate) kind: String,
}

impl From<&ApiResource> for TypeMeta {
    fn from(resource: &ApiResource) -> Self {
        Self {
            api_version: resource.api_version(),
            kind: resource.kind.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_print_as_they_are_read() {
        for text in [
            "pods",
            "deployments.apps",
            "roles.rbac.authorization.k8s.io",
        ] {
            let read: GroupResource = text.parse().unwrap();
            assert_eq!(read.to_string(), text);
        }
        for text in ["", ".apps", "pods.", "a/b"] {
            assert!(text.parse::<GroupResource>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn paths_follow_group_and_scope() {
        let mut pods = ApiResource {
            group: String::new(),
            version: "v1".into(),
            kind: "Pod".into(),
            plural: "pods".into(),
            singular: "pod".into(),
            short_names: vec!["po".into()],
            namespaced: true,
            verbs: vec!["list".into()],
            subresources: Vec::new(),
        };
        assert_eq!(pods.list_path(None), "/api/v1/pods");
        assert_eq!(pods.list_path(Some("a")), "/api/v1/namespaces/a/pods");
        pods.group = "x.io".into();
        pods.namespaced = false;
        assert_eq!(
            pods.object_path(Some("a"), "system:b c"),
            "/apis/x.io/v1/pods/system:b%20c"
        );
    }
}
