//! What a plan would change in an object that exists.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::compare::walk;
use crate::kinds::names::{CONFIG_MAPS, SECRETS};
use crate::printable::Printable;
use crate::{Digest, GroupResource};

/// One place of an object that is or would be changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The place, as a JSON pointer.
    pub pointer: String,
    /// The value in the cluster; `None` for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The value it would get; `None` for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// Shown in place of a value of a Secret.
const HIDDEN: &str = "(hidden)";
/// Where `kubectl apply` keeps a copy of an object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Digits of a digest that is shown instead of a value.
const DIGITS: usize = 12;
/// Most characters of a value that are printed.
const SHOWN: usize = 60;

/// Whether the server writes this place with every change.
fn is_the_servers(pointer: &str) -> bool {
    let metadata = pointer.strip_prefix("/metadata/");
    let field = metadata.and_then(|rest| rest.split('/').next());
    pointer.starts_with("/status")
        || matches!(
            field,
            Some("managedFields" | "resourceVersion" | "generation")
        )
}

impl Change {
    /// What differs between `live` and `after`, in the order of the places. Values of Secrets are
    /// hidden, those in annotations too, where `kubectl apply` keeps a copy of all.
    pub(crate) fn between(kind: &GroupResource, live: &Value, after: &Value) -> Vec<Self> {
        let mut changes = Vec::new();
        walk(live, after, &mut |pointer, from, to| {
            if !is_the_servers(pointer) {
                changes.push(Self {
                    pointer: pointer.to_owned(),
                    from: from.cloned(),
                    to: to.cloned(),
                });
            }
        });
        if SECRETS.is(kind) {
            for change in &mut changes {
                change.hide();
            }
        }
        changes
    }

    /// Shows of configuration how long it is and what it hashes to, instead of what it says: values of ConfigMaps, of
    /// environment variables, and the copy that `kubectl apply` keeps of everything. Programs are given passwords in all of these.
    pub(crate) fn without_values(mut self, kind: &GroupResource) -> Self {
        let mut path: Vec<String> = self
            .pointer
            .split('/')
            .skip(1)
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect();
        for value in [&mut self.from, &mut self.to].into_iter().flatten() {
            digest_values(kind, &mut path, value);
        }
        self
    }

    fn hide(&mut self) {
        let secret = ["/data", "/stringData", "/metadata/annotations"]
            .iter()
            .any(|place| self.pointer.starts_with(place));
        if secret {
            for value in [&mut self.from, &mut self.to].into_iter().flatten() {
                *value = HIDDEN.into();
            }
        }
    }
}

/// Whether what stands there is configuration.
fn is_configuration(kind: &GroupResource, path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["data" | "binaryData", ..] => CONFIG_MAPS.is(kind),
        ["metadata", "annotations", LAST_APPLIED] | [.., "env", _, "value"] => true,
        _ => false,
    }
}

fn digest_values(kind: &GroupResource, path: &mut Vec<String>, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                path.push(name.clone());
                digest_values(kind, path, value);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter_mut().enumerate() {
                path.push(at.to_string());
                digest_values(kind, path, value);
                path.pop();
            }
        }
        value if is_configuration(kind, path) && *value != HIDDEN => {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let sha256 = Digest::of(text.as_bytes()).to_string();
            *value = format!("({} bytes, SHA-256 {}...)", text.len(), &sha256[..DIGITS]).into();
        }
        _ => {}
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |value: &Value| {
            let text = value.to_string();
            match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("{}...", &text[..end]),
                None => text,
            }
        };
        let text = match (&self.from, &self.to) {
            (None, Some(to)) => format!("+ {}: {}", self.pointer, short(to)),
            (Some(from), None) => format!("- {}: {}", self.pointer, short(from)),
            (Some(from), Some(to)) => {
                format!("~ {}: {} -> {}", self.pointer, short(from), short(to))
            }
            (None, None) => format!("  {}", self.pointer),
        };
        write!(f, "{}", Printable(&text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_name_their_place_and_both_values() {
        let live = json!({"metadata": {"resourceVersion": "1", "labels": {"a/b": "x"}},
            "data": {"gone": "1", "same": "2", "other": "3"}, "list": [1, 2]});
        let after = json!({"metadata": {"resourceVersion": "2", "labels": {"a/b": "y"}},
            "data": {"same": "2", "other": "4", "new": "5"}, "list": [1]});
        let text: Vec<String> = Change::between(&GroupResource::core("configmaps"), &live, &after)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            text,
            [
                r#"- /data/gone: "1""#,
                r#"+ /data/new: "5""#,
                r#"~ /data/other: "3" -> "4""#,
                "~ /list: [1,2] -> [1]",
                r#"~ /metadata/labels/a~1b: "x" -> "y""#,
            ]
        );
    }

    #[test]
    fn values_of_secrets_are_hidden() {
        let of = |value: &str| {
            json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": value}},
                "data": {"key": value}, "type": value})
        };
        let changes = Change::between(&GroupResource::core("secrets"), &of("old"), &of("new"));
        let text = serde_json::to_string(&changes).unwrap();
        assert_eq!(text.matches("(hidden)").count(), 4, "{text}");
        // The type is not secret.
        assert_eq!(text.matches("old").count(), 1, "{text}");
    }

    /// Wherever they stand, and whether one is changed or all are.
    #[test]
    fn values_of_configuration_are_shown_by_their_digests_alone() {
        let container = |value: &str| {
            json!({"name": "c", "env": [{"name": "PASSWORD", "value": value},
                {"name": "REF", "valueFrom": {"secretKeyRef": {"name": "public"}}}]})
        };
        let applied = |value: &str| json!({"annotations": {LAST_APPLIED: value, "note": "public"}});
        let map = |data: Value| json!({"data": data, "metadata": applied("hunter2")});
        let pod = |containers: Value| json!({"spec": {"containers": containers}});
        let nested = |value: &str| json!({"spec": {"template": {"spec": {"initContainers": [container(value)]}}}});
        let cases = [
            (
                "configmaps",
                map(json!({"a": "hunter2"})),
                map(json!({"a": "hunter3", "b": "hunter4"})),
            ),
            ("configmaps", json!({}), map(json!({"a": "hunter2"}))),
            (
                "configmaps",
                json!({"binaryData": {"a": "hunter2"}}),
                json!({"metadata": applied("hunter5")}),
            ),
            (
                "pods",
                pod(json!([container("hunter2")])),
                pod(json!([container("hunter3")])),
            ),
            (
                "pods",
                pod(json!([container("hunter2")])),
                pod(json!([container("hunter2"), container("hunter3")])),
            ),
            ("deployments.apps", nested("hunter2"), json!({})),
            ("carts.example.com", nested("hunter2"), nested("hunter3")),
        ];
        for (kind, live, after) in cases {
            let kind = kind.parse().unwrap();
            let changes = Change::between(&kind, &live, &after);
            let told = serde_json::to_string(&changes).unwrap();
            assert!(told.contains("hunter"), "{told}");
            let changes: Vec<_> = changes
                .into_iter()
                .map(|it| it.without_values(&kind))
                .collect();
            let text = serde_json::to_string(&changes).unwrap();
            assert!(!text.contains("hunter"), "{text}");
            assert!(
                text.contains("(7 bytes, SHA-256 f52fbd32b2b3...)"),
                "{text}"
            );
            assert_eq!(
                text.matches("public").count(),
                told.matches("public").count()
            );
        }
        // A Secret's tells nothing at all.
        let secrets = GroupResource::core("secrets");
        let of = |value: &str| json!({"data": {"key": value}, "metadata": applied(value)});
        let changes = Change::between(&secrets, &of("old"), &of("new"));
        let changes = changes.into_iter().map(|it| it.without_values(&secrets));
        let text = serde_json::to_string(&changes.collect::<Vec<_>>()).unwrap();
        assert_eq!(text.matches("(hidden)").count(), 4, "{text}");
    }
}
