//! Hooks of specifications, in Velero's shape (velero.io/v1, backup_types.go and restore_types.go): commands to
//! be run in the containers of Pods, and init containers.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{Selector, SelectorExt as _};
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};

use super::selection::{is_pattern, pattern};
use super::{go_duration, null_is_default, selectors};

/// What of a failed hook follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum HookErrorMode {
    /// Nothing but its mention: the rest is done as if it had succeeded.
    Continue,
    /// What it was for fails by name: the volumes of the Pod, or the Pod's further hooks.
    Fail,
}

/// Which Pods a hook is for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct HookSelector {
    /// Only in these namespaces, or patterns of them; empty for all.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub included_namespaces: Vec<String>,
    /// Not in these namespaces.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub excluded_namespaces: Vec<String>,
    /// Only for these kinds; there are no hooks but of `pods`.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub included_resources: Vec<String>,
    /// Not for these kinds.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub excluded_resources: Vec<String>,
    /// Only for Pods with these labels.
    #[serde(with = "selectors::one", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<selectors::Shape>"))]
    pub label_selector: Option<Selector>,
}

impl HookSelector {
    /// What cannot be read: such a hook would be run nowhere, or where it is not to be.
    fn check(&self) -> Result<(), String> {
        for name in self
            .included_namespaces
            .iter()
            .chain(&self.excluded_namespaces)
        {
            pattern(name)?;
        }
        for kind in self
            .included_resources
            .iter()
            .chain(&self.excluded_resources)
        {
            if kind != "*" && is_pattern(kind) {
                return Err(format!(
                    "`{kind}` cannot be matched: there are no hooks but of `pods`; name them, or leave it out"
                ));
            }
        }
        Ok(())
    }

    /// Whether the hook is for this Pod, in the namespace where it is or is to be.
    pub(crate) fn selects(&self, namespace: &str, metadata: &ObjectMeta) -> bool {
        let named = |list: &[String], name: &str| list.iter().any(|entry| fits(entry, name));
        let pods = |list: &[String]| {
            let is_pods = |kind: &String| matches!(kind.as_str(), "*" | "pods" | "pod" | "po");
            list.iter().any(is_pods)
        };
        let labels = metadata.labels.as_ref();
        (self.included_namespaces.is_empty() || named(&self.included_namespaces, namespace))
            && !named(&self.excluded_namespaces, namespace)
            && (self.included_resources.is_empty() || pods(&self.included_resources))
            && !pods(&self.excluded_resources)
            && self
                .label_selector
                .as_ref()
                .is_none_or(|selector| selector.matches(labels.unwrap_or(&BTreeMap::new())))
    }
}

/// A name, or a pattern of names; what is neither was refused before.
fn fits(entry: &str, name: &str) -> bool {
    entry == name || pattern(entry).is_ok_and(|pattern| pattern.matches(name))
}

/// Checks the selectors of hooks, each with the name of its hook.
pub(crate) fn check<'a>(
    hooks: impl IntoIterator<Item = (&'a str, &'a HookSelector)>,
) -> Result<(), String> {
    hooks.into_iter().try_for_each(|(name, selector)| {
        let checked = selector.check();
        checked.map_err(|why| format!("hook `{name}`: {why}"))
    })
}

/// The hooks of a backup.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct BackupHooks {
    /// Hooks, each with the Pods that it is for.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub resources: Vec<BackupResourceHook>,
}

impl BackupHooks {
    pub(crate) fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let hooks = self.resources.iter();
        check(hooks.map(|hook| (hook.name.as_str(), &hook.selector)))
    }
}

/// Commands around the snapshots of a Pod's volumes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct BackupResourceHook {
    /// Its name, for people.
    pub name: String,
    /// Which Pods it is for.
    #[serde(flatten)]
    pub selector: HookSelector,
    /// Before the snapshots, in this order.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub pre: Vec<BackupHook>,
    /// After the snapshots, in this order.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub post: Vec<BackupHook>,
    #[serde(flatten, skip_serializing)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    rest: NothingElse,
}

/// One step of a [`BackupResourceHook`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BackupHook {
    /// The command.
    pub exec: ExecHook,
}

/// A command in a container of a Pod. It is no line for a shell: who wants one names it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ExecHook {
    /// The container; the Pod's first unless named.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub container: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What follows if it fails; `Fail` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<HookErrorMode>,
    /// How long it may take; 30 seconds unless set.
    #[serde(with = "go_duration", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub timeout: Option<Duration>,
}

impl ExecHook {
    /// This command.
    pub fn new<T: Into<String>>(command: impl IntoIterator<Item = T>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }
}

/// Refuses fields that nobody knows: a misspelt hook would not be run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct NothingElse;

impl<'de> Deserialize<'de> for NothingElse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rest = BTreeMap::<String, IgnoredAny>::deserialize(deserializer)?;
        match rest.keys().next() {
            None => Ok(Self),
            Some(name) => Err(D::Error::custom(format!("unknown field `{name}`"))),
        }
    }
}

/// What a hook from annotations is called.
pub(crate) const FROM_ANNOTATION: &str = "<from-annotation>";

/// A command as an annotation has it: a JSON array of words, or else one word (item_hook_handler.go,
/// `parseStringToCommand`).
pub(crate) fn command_of(text: &str) -> Vec<String> {
    let words = text.starts_with('[').then(|| serde_json::from_str(text));
    match words {
        Some(Ok(words)) => words,
        _ => vec![text.to_owned()],
    }
}

/// What an annotation says follows; `None` for what is neither.
pub(crate) fn error_mode_of(text: &str) -> Option<HookErrorMode> {
    match text {
        "Continue" => Some(HookErrorMode::Continue),
        "Fail" => Some(HookErrorMode::Fail),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_misspelt_hook_is_refused_and_others_read_back() {
        let hook = |field: &str| {
            json!({"resources": [{"name": "a", "includedNamespaces": ["shop-*"],
                "labelSelector": {"matchLabels": {"app": "db"}}, field: [{"exec": {"command": ["sync"]}}]}]})
        };
        let error = serde_json::from_value::<BackupHooks>(hook("prehooks")).unwrap_err();
        assert!(error.to_string().contains("`prehooks`"), "{error}");
        let read: BackupHooks = serde_json::from_value(hook("pre")).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), hook("pre"));
        let selector = &read.resources[0].selector;
        let labelled = |app: &str| ObjectMeta {
            labels: Some([("app".to_owned(), app.to_owned())].into()),
            ..ObjectMeta::default()
        };
        assert!(selector.selects("shop-1", &labelled("db")));
        assert!(!selector.selects("bank", &labelled("db")));
        assert!(!selector.selects("shop-1", &labelled("web")));
    }
}
