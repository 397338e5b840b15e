//! What comes along with chosen objects: with those of a namespace into a backup, and out of a backup
//! with those that a restore is about.
//!
//! Both ask here, by the same rows: what a backup takes along is what a restore brings back.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use super::document::Document;
use super::follow::{COMPANIONS, rows};
use super::names::{ByKind, DEFINITIONS, Kind, is_built_in};
use super::provided::is_provided;
use super::references::{Along, Reference};
use crate::resource::full_name;
use crate::{GroupResource, ObjectId};

/// Objects that others come along with, and those that come along.
#[derive(Debug, Default)]
pub(crate) struct Companions {
    /// By their names, as [`full_name`] writes them.
    named: ByKind<HashSet<String>>,
    /// Chosen objects that what names them comes along with.
    followed: HashSet<ObjectId>,
    /// Kinds whose definitions are among those named.
    defined: HashSet<GroupResource>,
    /// Names without namespaces that are new since somebody asked.
    fresh: BTreeSet<String>,
}

/// What the table says of kinds as companions.
#[derive(Debug, Default, Clone, Copy)]
struct Role {
    /// Comes along when it is named.
    is_named: bool,
    /// Comes along when it names something chosen.
    names: bool,
    /// Brings along what names it.
    is_followed: bool,
}

static ROLES: LazyLock<ByKind<Role>> = LazyLock::new(|| {
    let mut roles = ByKind::<Role>::default();
    roles.entry(DEFINITIONS).is_named = true;
    for row in rows() {
        match row.reference.along {
            Along::Nothing => {}
            Along::Target => roles.entry(row.reference.to).is_named = true,
            Along::Referrer => {
                roles.entry(row.place.kind).names = true;
                roles.entry(row.reference.to).is_followed = true;
            }
        }
    }
    roles
});

fn role(kind: &GroupResource) -> Role {
    ROLES.get(kind).copied().unwrap_or_default()
}

/// The kinds whose objects come along with others.
pub(crate) fn kinds() -> impl Iterator<Item = GroupResource> {
    ROLES.kinds().filter(come_along)
}

/// Whether objects of this kind come along with others.
pub(crate) fn come_along(kind: &GroupResource) -> bool {
    let role = role(kind);
    role.is_named || role.names
}

/// Whether objects of this kind come along by what they say themselves, and are to be read to know.
pub(crate) fn come_along_by_content(kind: &GroupResource) -> bool {
    role(kind).names
}

/// Whether objects of this kind come along even where only other kinds are asked for: without its
/// definition, an object cannot be created at all.
pub(crate) fn come_along_unasked(kind: &GroupResource) -> bool {
    DEFINITIONS.is(kind)
}

/// Whether what comes along with an object of this kind is told by its content.
pub(crate) fn bring_others(kind: &GroupResource) -> bool {
    COMPANIONS.has(kind)
}

/// What one object brings along.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// Kinds and [full names](full_name).
    named: Vec<(Kind, String)>,
    /// Of these and the object itself, those that what names them comes along with.
    followed: Vec<ObjectId>,
}

impl Brought {
    /// What comes along with a chosen object, or with one that comes along itself, besides the definition
    /// of its kind.
    pub(crate) fn by<'d>(
        kind: &GroupResource,
        namespace: Option<&str>,
        name: &str,
        object: impl Document<'d>,
    ) -> Self {
        let mut brought = Self::default();
        if role(kind).is_followed {
            brought.followed.push(id(kind.clone(), namespace, name));
        }
        COMPANIONS.follow(kind, namespace, object, &mut |row, namespace, name| {
            let Reference { to, along, .. } = *row.reference;
            let resource = to.group_resource();
            if along != Along::Target || is_provided(&resource, name) {
                return;
            }
            brought.named.push((to, full_name(namespace, name)));
            if role(&resource).is_followed {
                brought.followed.push(id(resource, namespace, name));
            }
        });
        brought
    }
}

impl Companions {
    /// Notes that an object of a kind is chosen, and what it brings along.
    pub(crate) fn note(&mut self, kind: &GroupResource, brought: Brought) {
        if !is_built_in(kind) && !self.defined.contains(kind) {
            self.defined.insert(kind.clone());
            self.add(DEFINITIONS, kind.to_string());
        }
        self.followed.extend(brought.followed);
        for (kind, name) in brought.named {
            self.add(kind, name);
        }
    }

    fn add(&mut self, kind: Kind, full_name: String) {
        let names = self.named.entry(kind);
        if !names.contains(&full_name) {
            let name = full_name.rsplit('/').next().unwrap_or_default();
            self.fresh.insert(name.to_owned());
            names.insert(full_name);
        }
    }

    /// Whether an object comes along.
    pub(crate) fn want<'d>(
        &self,
        kind: &GroupResource,
        namespace: Option<&str>,
        name: &str,
        object: impl Document<'d>,
    ) -> bool {
        self.want_by_name(kind, namespace, name) || self.want_by_content(kind, namespace, object)
    }

    /// Whether an object comes along because another one names it.
    pub(crate) fn want_by_name(
        &self,
        kind: &GroupResource,
        namespace: Option<&str>,
        name: &str,
    ) -> bool {
        let names = self.named.get(kind);
        names.is_some_and(|names| names.contains(&full_name(namespace, name)))
    }

    /// Whether an object comes along because it names a chosen one.
    fn want_by_content<'d>(
        &self,
        kind: &GroupResource,
        namespace: Option<&str>,
        object: impl Document<'d>,
    ) -> bool {
        let mut wanted = false;
        if role(kind).names {
            COMPANIONS.follow(kind, namespace, object, &mut |row, of, name| {
                if row.reference.along == Along::Referrer
                    && namespace.is_none_or(|own| of == Some(own))
                {
                    let to = row.reference.to.group_resource();
                    wanted |= self.followed.contains(&id(to, of, name));
                }
            });
        }
        wanted
    }

    /// Whether something was chosen that others come along with by what they say.
    pub(crate) fn are_followed(&self) -> bool {
        !self.followed.is_empty()
    }

    /// The namespaces of what was chosen and brings along what names it.
    pub(crate) fn followed_namespaces(&self) -> BTreeSet<String> {
        let namespaces = self.followed.iter().filter_map(|id| id.namespace.clone());
        namespaces.collect()
    }

    /// The names, without their namespaces, of what was noted to come along since this was last asked.
    pub(crate) fn take_fresh_names(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.fresh)
    }
}

fn id(resource: GroupResource, namespace: Option<&str>, name: &str) -> ObjectId {
    ObjectId {
        resource,
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Raw;
    use super::*;
    use crate::scan::Head;

    #[test]
    fn roles_are_found_through_bindings_and_accounts() {
        let mut companions = Companions::default();
        let mut see = |kind: &str, json: &str, wanted: bool| {
            let head = Head::of(json.as_bytes()).unwrap();
            let kind: GroupResource = kind.parse().unwrap();
            let (namespace, name) = (head.namespace.as_deref(), head.name.as_str());
            let object = Raw(json.as_bytes());
            if namespace.is_none() {
                let found = companions.want(&kind, namespace, name, object);
                assert_eq!(found, wanted, "{json}");
                if !found {
                    return;
                }
            }
            companions.note(&kind, Brought::by(&kind, namespace, name, object));
        };
        see(
            "serviceaccounts",
            r#"{"metadata":{"name":"bot","namespace":"shop"}}"#,
            true,
        );
        see(
            "persistentvolumeclaims",
            r#"{"metadata":{"name":"c","namespace":"shop"},"spec":{"volumeName":"pv-1"}}"#,
            true,
        );
        see(
            "pods",
            r#"{"metadata":{"name":"p","namespace":"shop"},"spec":{"priorityClassName":"high"}}"#,
            true,
        );
        see(
            "carts.example.com",
            r#"{"metadata":{"name":"p","namespace":"shop"}}"#,
            true,
        );
        let binding = |namespace: &str, role: &str| {
            format!(
                r#"{{"metadata":{{"name":"b"}},"roleRef":{{"kind":"ClusterRole","name":"{role}"}},
                "subjects":[{{"kind":"ServiceAccount","name":"bot","namespace":"{namespace}"}}]}}"#
            )
        };
        see(
            "clusterrolebindings.rbac.authorization.k8s.io",
            &binding("shop", "reader"),
            true,
        );
        see(
            "clusterrolebindings.rbac.authorization.k8s.io",
            &binding("other", "writer"),
            false,
        );
        for (kind, name, wanted) in [
            ("clusterroles.rbac.authorization.k8s.io", "reader", true),
            ("clusterroles.rbac.authorization.k8s.io", "writer", false),
            ("persistentvolumes", "pv-1", true),
            ("persistentvolumes", "pv-2", false),
            ("priorityclasses.scheduling.k8s.io", "high", true),
            (
                "customresourcedefinitions.apiextensions.k8s.io",
                "carts.example.com",
                true,
            ),
            (
                "customresourcedefinitions.apiextensions.k8s.io",
                "shops.example.com",
                false,
            ),
        ] {
            see(
                kind,
                &format!(r#"{{"metadata":{{"name":"{name}"}}}}"#),
                wanted,
            );
        }
    }
}
