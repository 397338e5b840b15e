//! What changes by an installation: objects, and fields of them.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// The name of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ObjectName {
    /// Its kind.
    pub kind: String,
    /// Its namespace; none for those of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} `{namespace}/{}`", self.kind, self.name),
            None => write!(f, "{} `{}`", self.kind, self.name),
        }
    }
}

/// One object that changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What happens to it.
    pub action: Action,
    /// The object.
    pub object: ObjectName,
    /// Of an update: the fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Action {
    /// It is made.
    Create,
    /// Fields of it change.
    Update,
    /// It goes.
    Delete,
}

/// One field that changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// Where it is, as a JSON pointer.
    pub pointer: String,
    /// What it is; none if it is not there.
    pub from: Option<Value>,
    /// What it becomes; none if it goes.
    pub to: Option<Value>,
}

impl fmt::Display for Change {
    /// A line, and one for each field, as `diff` prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.action {
            Action::Create => '+',
            Action::Update => '~',
            Action::Delete => '-',
        };
        write!(f, "{sign} {}", self.object)?;
        for field in &self.fields {
            write!(f, "\n    {}", field.pointer)?;
            if let Some(from) = &field.from {
                write!(f, "\n      - {from}")?;
            }
            if let Some(to) = &field.to {
                write!(f, "\n      + {to}")?;
            }
        }
        Ok(())
    }
}

/// What the server alone writes.
const OF_THE_SERVER: [&str; 6] = [
    "/metadata/managedFields",
    "/metadata/resourceVersion",
    "/metadata/generation",
    "/metadata/uid",
    "/metadata/creationTimestamp",
    "/status",
];

/// The fields that differ.
pub(super) fn fields(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut found);
    found
}

fn compare(
    pointer: String,
    from: Option<&Value>,
    to: Option<&Value>,
    found: &mut Vec<FieldChange>,
) {
    if from == to || OF_THE_SERVER.contains(&pointer.as_str()) {
        return;
    }
    match (from, to) {
        (Some(Value::Object(from)), Some(Value::Object(to))) => {
            let added = to.keys().filter(|key| !from.contains_key(*key));
            for key in from.keys().chain(added) {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                compare(
                    format!("{pointer}/{escaped}"),
                    from.get(key),
                    to.get(key),
                    found,
                );
            }
        }
        (Some(Value::Array(from)), Some(Value::Array(to))) => {
            for index in 0..from.len().max(to.len()) {
                compare(
                    format!("{pointer}/{index}"),
                    from.get(index),
                    to.get(index),
                    found,
                );
            }
        }
        _ => found.push(FieldChange {
            pointer,
            from: from.cloned(),
            to: to.cloned(),
        }),
    }
}

/// `1000` in a manifest is `1000.0` in the server's types of schemas, and printed as `1e+03`.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
        _ => one == other,
    }
}

/// Where `kept` has not what was `asked` for; more than that may be there.
pub(super) fn not_kept(asked: &Value, kept: &Value) -> Option<String> {
    find_not_kept(String::new(), asked, Some(kept))
}

fn find_not_kept(pointer: String, asked: &Value, kept: Option<&Value>) -> Option<String> {
    match (asked, kept) {
        (Value::Object(asked), Some(Value::Object(kept))) => {
            asked.iter().find_map(|(key, value)| {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                find_not_kept(format!("{pointer}/{escaped}"), value, kept.get(key))
            })
        }
        (Value::Array(asked), Some(Value::Array(kept))) if asked.len() == kept.len() => {
            let pairs = asked.iter().zip(kept).enumerate();
            pairs.into_iter().find_map(|(index, (asked, kept))| {
                find_not_kept(format!("{pointer}/{index}"), asked, Some(kept))
            })
        }
        // What is empty may be left out.
        (Value::Object(asked), None) if asked.is_empty() => None,
        (Value::Array(asked), None) if asked.is_empty() => None,
        (asked, Some(kept)) if is_same(asked, kept) => None,
        _ => Some(pointer),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_named_by_its_pointer() {
        let before =
            json!({"metadata": {"uid": "a"}, "spec": {"a/b": 1, "gone": true, "list": [1, 2]}});
        let after = json!({"metadata": {"uid": "b"}, "spec": {"a/b": 2, "list": [1], "new": {}}});
        let found = fields(&before, &after);
        let pointers: Vec<_> = found.iter().map(|field| field.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            ["/spec/a~1b", "/spec/gone", "/spec/list/1", "/spec/new"]
        );
        assert_eq!(found[0].to, Some(json!(2)));
        assert_eq!(found[1].to, None);
    }

    #[test]
    fn what_is_kept_may_be_more_than_was_asked_for() {
        let asked = json!({"a": {"b": 1}, "list": [{"name": "x"}], "empty": {}});
        let kept = json!({"a": {"b": 1, "c": 2}, "list": [{"name": "x", "default": true}]});
        assert_eq!(not_kept(&asked, &kept), None);
        assert_eq!(not_kept(&json!({"a": {"b": 2}}), &kept).unwrap(), "/a/b");
        assert_eq!(not_kept(&json!({"list": []}), &kept).unwrap(), "/list");
        assert_eq!(not_kept(&json!({"d": 1}), &kept).unwrap(), "/d");
        assert_eq!(not_kept(&json!({"a": {"b": 1.0}}), &kept), None);
    }
}
