//! Hooks of restores, in Velero's shape (velero.io/v1, restore_types.go): commands to be run in restored Pods, and init
//! containers.

use std::time::Duration;

use k8s_openapi::api::core::v1::Container;
use serde::{Deserialize, Serialize};

use super::hooks::{self, HookErrorMode, HookSelector, NothingElse};
use super::{go_duration, null_is_default};

/// The hooks of a restore.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RestoreHooks {
    /// Hooks, each with the Pods that it is for.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub resources: Vec<RestoreResourceHook>,
}

impl RestoreHooks {
    pub(crate) fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let hooks = self.resources.iter();
        hooks::check(hooks.map(|hook| (hook.name.as_str(), &hook.selector)))
    }
}

/// What is done in restored Pods.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct RestoreResourceHook {
    /// Its name, for people.
    pub name: String,
    /// Which Pods it is for, by the namespaces that they are restored into.
    #[serde(flatten)]
    pub selector: HookSelector,
    /// What is done, in this order.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub post_hooks: Vec<RestoreHook>,
    #[serde(flatten, skip_serializing)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    rest: NothingElse,
}

/// One step of a [`RestoreResourceHook`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RestoreHook {
    /// A command, once the container runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec: Option<ExecRestoreHook>,
    /// Init containers, put before the Pod's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<InitRestoreHook>,
}

/// A command in a container of a restored Pod.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ExecRestoreHook {
    /// The container; the Pod's first unless named.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub container: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What follows if it fails; `Continue` unless set. `Fail` leaves out the Pod's further hooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<HookErrorMode>,
    /// How long it may take; 30 seconds unless set.
    #[serde(with = "go_duration", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub exec_timeout: Option<Duration>,
    /// How long its container is waited for; unless set, as long as the restore may take, and no longer than four hours.
    #[serde(with = "go_duration", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub wait_timeout: Option<Duration>,
    /// Waits for the container to be ready, and not only for it to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for_ready: Option<bool>,
}

/// Init containers of a restored Pod.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct InitRestoreHook {
    /// The containers, as in a Pod.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<serde_json::Value>"))]
    pub init_containers: Vec<Container>,
    /// Velero's; nothing is done about it there either.
    #[serde(with = "go_duration", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub timeout: Option<Duration>,
}
