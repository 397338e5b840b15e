//! What to restore.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::policy::PowerPolicy;
use crate::cluster::act_as::ActAs;
use crate::spec::restore_hooks::RestoreHooks;
use crate::spec::selection::OURS;
use crate::spec::{null_is_default, other, resources};
use crate::{Error, GroupResource, Result, Selection};

/// What to do about objects that exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ExistingResourcePolicy {
    /// They stay as they are; the report says which of them differ.
    #[default]
    None,
    /// They are patched to what the backup holds; fields that only the cluster knows stay. What the
    /// server lets nobody change in place is reported as failed, with its fields and the remedy. A
    /// volume that is bound to another claim is left alone all the same.
    ///
    /// What others use as well is left alone under every policy: the cluster's own namespaces unless they
    /// are asked for by name, cluster-scoped objects under a mapping of namespaces, webhooks and definitions
    /// that call a Service which is not restored, definitions with more versions or fields than the
    /// backup's. A cluster role binding that others have rights by gains the restored subjects, and keeps
    /// its own.
    ///
    /// Service accounts gain what they lack and what differs, and lose nothing; an identity outside of the
    /// cluster they do not gain. The `default` one is there before anything is restored: under both policies
    /// it gains the Secrets that it named, and in a namespace that the restore makes what it lacks besides.
    Update,
}

/// What to restore. The default is everything that a restore ever brings back, under its
/// own name.
///
/// ```
/// use kube_backup_engine::Selection;
/// use kube_backup_engine::restore::RestoreSpec;
///
/// let spec = RestoreSpec {
///     selection: Selection::of_namespaces(["shop"]),
///     namespace_mapping: [("shop".to_owned(), "shop-copy".to_owned())].into(),
///     ..RestoreSpec::named("try-out")
/// };
/// assert_eq!(spec.target_namespace("shop"), "shop-copy");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RestoreSpec {
    /// The restore's name, put as label `velero.io/restore-name` on what it creates. It stands beside the
    /// specification, as `metadata.name`, and not in its JSON.
    #[serde(skip)]
    pub name: String,
    /// Which objects of the backup it brings back.
    #[serde(flatten)]
    pub selection: Selection,
    /// Namespace in the backup to namespace in the cluster. Followed wherever an object names a
    /// namespace: subjects of role bindings, services of webhooks, selectors of network policies and
    /// more.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub namespace_mapping: BTreeMap<String, String>,
    /// Storage class in the backup to storage class in the cluster.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub storage_class_mapping: BTreeMap<String, String>,
    /// Where the cluster has not the storage class of a claim: the driver of its volume, or `*` for any, to the
    /// class that it gets instead. Velero has no such field.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub default_storage_classes: BTreeMap<String, String>,
    /// Whether the data of claims comes back. With `false`, claims whose data the backup keeps are restored empty.
    /// Unless set, it comes back, and a claim whose data cannot is not restored.
    #[serde(
        default,
        rename = "restorePVs",
        skip_serializing_if = "Option::is_none"
    )]
    pub restore_pvs: Option<bool>,
    /// Beginning of an image's name to what stands there in the cluster:
    /// `docker.io/library` to `registry.example.com/mirror`. The longest fitting one counts.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub image_mapping: BTreeMap<String, String>,
    /// Kinds whose status is written back too. It tells of the old cluster, so none is, unless a
    /// controller takes it for its memory. `velero.io/restore-status: "false"` on an object declines it; to
    /// ask for it there is not enough, since whoever may annotate an object may not write its status.
    #[serde(
        default,
        with = "kinds_with_status",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "StatusFields"))]
    pub restore_status: BTreeSet<GroupResource>,
    /// What to do about objects that exist already.
    #[serde(default, deserialize_with = "policy_or_default")]
    pub existing_resource_policy: ExistingResourcePolicy,
    /// Starts Pods even where a network policy that is to protect them could not be restored. Else what runs
    /// in its namespace is reported as failed, and restoring again completes it.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub run_unprotected: bool,
    /// Keeps the node ports of Services even where the cluster chose them.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub preserve_node_ports: bool,
    /// Which powers it grants to what it restores. Velero has no such field.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "PowerPolicy::is_default"
    )]
    pub powers: PowerPolicy,
    /// Whom it is done for. Velero has no such field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_as: Option<ActAs>,
    /// Init containers of restored Pods, and commands that are run in them. A Pod's annotations displace them: see
    /// [`RestoreHooks`].
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "RestoreHooks::is_empty"
    )]
    pub hooks: RestoreHooks,
    /// Fields of Velero's that this crate does nothing about. They are kept as they are; those that ask for
    /// something are refused when the restore is run.
    #[serde(flatten, deserialize_with = "other::of_restore")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub other: Map<String, Value>,
}

/// Velero's `spec.restoreStatus`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatusFields {
    /// Kinds whose status is written back.
    #[serde(default, deserialize_with = "resources::deserialize")]
    included_resources: BTreeSet<GroupResource>,
}

/// Kinds, as they stand in [`StatusFields`].
mod kinds_with_status {
    use serde::{Deserializer, Serializer};

    use super::*;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeSet<GroupResource>, D::Error> {
        Ok(Option::<StatusFields>::deserialize(deserializer)?
            .unwrap_or_default()
            .included_resources)
    }

    pub(super) fn serialize<S: Serializer>(
        kinds: &BTreeSet<GroupResource>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let included_resources = kinds.clone();
        StatusFields { included_resources }.serialize(serializer)
    }
}

/// Velero takes an empty policy for none.
fn policy_or_default<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<ExistingResourcePolicy, D::Error> {
    use serde::de::IntoDeserializer as _;

    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None | Some("") => Ok(ExistingResourcePolicy::None),
        Some(policy) => ExistingResourcePolicy::deserialize(policy.into_deserializer()),
    }
}

impl RestoreSpec {
    /// Everything, under this restore's name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            selection: Selection::default(),
            namespace_mapping: BTreeMap::new(),
            storage_class_mapping: BTreeMap::new(),
            default_storage_classes: BTreeMap::new(),
            restore_pvs: None,
            image_mapping: BTreeMap::new(),
            restore_status: BTreeSet::new(),
            existing_resource_policy: ExistingResourcePolicy::default(),
            run_unprotected: false,
            preserve_node_ports: false,
            powers: PowerPolicy::default(),
            act_as: None,
            hooks: RestoreHooks::default(),
            other: Map::new(),
        }
    }

    /// The fields of Velero's `RestoreSpec` (velero.io/v1, restore_types.go). What it has no field for is
    /// left out: names of objects, labels to exclude, mappings and defaults of storage classes, mappings of images, running
    /// unprotected, powers, and whom it is done for.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when it cannot be written as JSON, and
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when it excludes all kinds of namespaces, which
    /// Velero cannot say.
    pub fn to_velero(&self) -> Result<Map<String, Value>> {
        let value = serde_json::to_value(self)
            .map_err(|error| Error::internal("write the specification", error))?;
        let Value::Object(mut spec) = value else {
            return Err(Error::internal(
                "write the specification",
                "it is no object",
            ));
        };
        let others = [
            "storageClassMapping",
            "defaultStorageClasses",
            "imageMapping",
            "runUnprotected",
            "powers",
            "actAs",
        ];
        for ours in OURS.iter().chain(&others) {
            spec.remove(*ours);
        }
        self.selection
            .to_one_list_of_exclusions(&mut spec)
            .map_err(|why| Error::invalid(format!("write restore `{}`: {why}", self.name)))?;
        if self.selection.included_namespaces.is_empty() {
            spec.insert("includedNamespaces".to_owned(), json!(["*"]));
        }
        Ok(spec)
    }

    /// Where a namespace of the backup goes.
    #[must_use]
    pub fn target_namespace<'a>(&'a self, namespace: &'a str) -> &'a str {
        self.namespace_mapping
            .get(namespace)
            .map_or(namespace, String::as_str)
    }

    /// Refuses what contradicts itself.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |why: String| {
            Err(Error::invalid(format!(
                "plan restore `{}`: {why}",
                self.name
            )))
        };
        // It becomes the value of a label.
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let ends = [self.name.bytes().next(), self.name.bytes().last()];
        if !self.name.bytes().all(inner)
            || !ends
                .iter()
                .all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
        {
            return refuse(
                "its name is to begin and end with a letter or digit, and to hold only these, `-`, \
                 `_` and `.`"
                    .to_owned(),
            );
        }
        self.selection.check().or_else(refuse)?;
        self.powers.check().or_else(refuse)?;
        self.hooks.check().or_else(refuse)?;
        if let Some(Err(why)) = self.act_as.as_ref().map(ActAs::headers) {
            return refuse(why);
        }
        if let Some(field) = other::unsupported(&self.other, other::RESTORE) {
            return refuse(format!(
                "`{field}` asks for something that is not done here; leave it out"
            ));
        }
        for target in self.namespace_mapping.values() {
            let legal =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if target.is_empty() || target.len() > 63 || !target.bytes().all(legal) {
                return refuse(format!(
                    "`{target}` cannot be a namespace: use up to 63 lower-case letters, digits and `-`"
                ));
            }
        }
        Ok(())
    }
}
