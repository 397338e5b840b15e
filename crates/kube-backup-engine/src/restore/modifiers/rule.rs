//! One rule: what it is about, and what it changes.

use glob::Pattern;
use kube::core::{Selector, SelectorExt as _};
use regex_lite::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::strategic;
use super::value::meaning;
use crate::ObjectId;
use crate::kinds::names::is_built_in;
use crate::spec::selection::pattern;
use crate::spec::selectors;

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenRule {
    conditions: WrittenConditions,
    #[serde(default)]
    patches: Vec<Operation>,
    #[serde(default)]
    merge_patches: Vec<PatchData>,
    #[serde(default)]
    strategic_patches: Vec<PatchData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenConditions {
    group_resource: String,
    #[serde(default)]
    resource_name_regex: String,
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default, deserialize_with = "selectors::one::deserialize")]
    label_selector: Option<Selector>,
    #[serde(default)]
    matches: Vec<Match>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    path: String,
    #[serde(default)]
    value: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    operation: String,
    path: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    value: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PatchData {
    patch_data: String,
}

/// A rule that was checked.
#[derive(Debug)]
pub(super) struct Rule {
    kind: Pattern,
    name: Option<Regex>,
    namespaces: Vec<Pattern>,
    labels: Option<Selector>,
    matches: Vec<(String, Value)>,
    change: Change,
}

#[derive(Debug)]
enum Change {
    /// Operations, one after the other.
    Json(json_patch::Patch),
    Merge(Vec<Value>),
    Strategic(Vec<Value>),
}

impl WrittenRule {
    /// Checks everything that can be known without an object.
    pub(super) fn checked(self) -> Result<Rule, String> {
        let conditions = self.conditions;
        let name = conditions.resource_name_regex;
        let name = (!name.is_empty()).then(|| {
            Regex::new(&name).map_err(|error| format!("`resourceNameRegex: {name}`: {error}"))
        });
        let matches = conditions
            .matches
            .into_iter()
            .map(|it| Ok((it.path, meaning(&it.value)?)));
        let kinds = [
            !self.patches.is_empty(),
            !self.merge_patches.is_empty(),
            !self.strategic_patches.is_empty(),
        ];
        if kinds.iter().filter(|it| **it).count() != 1 {
            return Err(
                "it is to have either `patches`, `mergePatches` or `strategicPatches`".to_owned(),
            );
        }
        let change = if kinds[0] {
            let all: Result<Vec<Value>, String> =
                self.patches.into_iter().map(Operation::into_json).collect();
            let patch = serde_json::from_value(Value::Array(all?));
            Change::Json(patch.map_err(|error| format!("`patches`: {error}"))?)
        } else if kinds[1] {
            Change::Merge(read_all(self.merge_patches)?)
        } else {
            Change::Strategic(read_all(self.strategic_patches)?)
        };
        Ok(Rule {
            kind: pattern(&conditions.group_resource)?,
            name: name.transpose()?,
            namespaces: conditions
                .namespaces
                .iter()
                .map(|it| pattern(it))
                .collect::<Result<_, _>>()?,
            labels: conditions.label_selector,
            matches: matches.collect::<Result<_, String>>()?,
            change,
        })
    }
}

impl Operation {
    fn into_json(self) -> Result<Value, String> {
        let mut operation = json!({"op": self.operation, "path": self.path});
        if let Some(from) = self.from.filter(|it| !it.is_empty()) {
            operation["from"] = from.into();
        }
        if let Some(value) = self.value {
            operation["value"] = meaning(&value)?;
        }
        Ok(operation)
    }
}

fn read_all(patches: Vec<PatchData>) -> Result<Vec<Value>, String> {
    let read = |it: PatchData| {
        let read: Value = serde_norway::from_str(&it.patch_data)
            .map_err(|error| format!("`patchData`: {error}"))?;
        if read.is_object() {
            Ok(read)
        } else {
            Err("`patchData` is to be an object, in JSON or YAML".to_owned())
        }
    };
    patches.into_iter().map(read).collect()
}

impl Rule {
    /// Whether it is about this object.
    pub(super) fn is_about(&self, id: &ObjectId, object: &Value) -> bool {
        let kind = id.resource.to_string();
        let namespace = id.namespace.as_deref();
        self.kind.matches(&kind)
            && self
                .name
                .as_ref()
                .is_none_or(|name| name.is_match(&id.name))
            && (self.namespaces.is_empty()
                || namespace
                    .is_some_and(|it| self.namespaces.iter().any(|pattern| pattern.matches(it))))
            && self
                .labels
                .as_ref()
                .is_none_or(|labels| labels.matches(&labels_of(object)))
            && self
                .matches
                .iter()
                .all(|(path, value)| object.pointer(path) == Some(value))
    }

    /// Changes an object that it is about.
    pub(super) fn change(&self, id: &ObjectId, object: &mut Value) -> Result<(), String> {
        match &self.change {
            Change::Json(patch) => {
                let before = object.clone();
                match json_patch::patch(object, patch) {
                    Ok(()) => {}
                    Err(error) if matches!(error.kind, json_patch::PatchErrorKind::TestFailed) => {
                        *object = before;
                    }
                    Err(error) => return Err(error.to_string()),
                }
            }
            Change::Merge(patches) => patches
                .iter()
                .for_each(|patch| json_patch::merge(object, patch)),
            Change::Strategic(_) if !is_built_in(&id.resource) => {
                return Err(
                    "custom resources have no strategic merge patches: use mergePatches or patches"
                        .to_owned(),
                );
            }
            Change::Strategic(patches) => {
                for patch in patches {
                    strategic::apply(object, patch)?;
                }
            }
        }
        Ok(())
    }
}

fn labels_of(object: &Value) -> std::collections::BTreeMap<String, String> {
    let labels = object["metadata"]["labels"]
        .as_object()
        .into_iter()
        .flatten();
    labels
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}
