//! What a plan would change in an object that exists.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::GroupResource;
use crate::compare::walk;
use crate::kinds::names::SECRETS;
use crate::printable::Printable;

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
}
