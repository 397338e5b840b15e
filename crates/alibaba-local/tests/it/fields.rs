//! Holds responses to the fields that the official SDKs have, by their names and types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The fields of each action's response, and those that have been seen.
#[derive(Debug)]
pub(crate) struct Fields {
    known: BTreeMap<String, Value>,
    seen: BTreeSet<String>,
}

impl Fields {
    /// A tree of fields for each action: types at its leaves, a list of one for lists, and `*` for members of
    /// any name.
    pub(crate) fn of(known: impl IntoIterator<Item = (String, Value)>) -> Self {
        Self {
            known: known.into_iter().collect(),
            seen: BTreeSet::new(),
        }
    }

    /// Those that a file of facts has, which says of each action what it takes and what it returns.
    pub(crate) fn of_facts(facts: &str) -> Self {
        let mut facts: Value = serde_json::from_str(facts).unwrap();
        let actions = facts["actions"].as_object_mut().unwrap();
        let actions = actions.iter_mut();
        Self::of(actions.map(|(name, action)| (name.clone(), action["response"].take())))
    }

    /// Checks that a response has fields of its action and no others, all of their types. How many values there
    /// are in it.
    pub(crate) fn check(&mut self, action: &str, found: &Value) -> usize {
        let known = self.known.get(action);
        let known = known.unwrap_or_else(|| panic!("{action} is in no SDK"));
        check(&mut self.seen, action, found, known)
    }

    /// Actions that no response was of, and fields that no response had, but for those that begin so.
    pub(crate) fn unseen(&self, but: &[&str]) -> Vec<String> {
        let mut all = BTreeSet::new();
        for (action, known) in &self.known {
            all.insert(format!("{action}.RequestId"));
            paths(action, known, &mut all);
        }
        let is_excused = |path: &str| but.iter().any(|it| format!("{path}.").starts_with(it));
        let unseen = all.difference(&self.seen);
        unseen.filter(|path| !is_excused(path)).cloned().collect()
    }
}

fn check(seen: &mut BTreeSet<String>, path: &str, found: &Value, known: &Value) -> usize {
    match (found, known) {
        (Value::Object(members), Value::Object(known)) => {
            let mut count = 0;
            for (name, member) in members {
                let path = format!("{path}.{name}");
                let known = known.get(name).or_else(|| known.get("*"));
                let known = known.unwrap_or_else(|| panic!("{path} is no field"));
                seen.insert(path.clone());
                count += check(seen, &path, member, known);
            }
            count
        }
        (Value::Array(items), Value::Array(known)) => {
            let items = items.iter();
            items.map(|item| check(seen, path, item, &known[0])).sum()
        }
        (found, Value::String(known)) => {
            let fits = match known.as_str() {
                "string" => found.is_string(),
                "boolean" => found.is_boolean(),
                "integer(int32)" => found.as_i64().is_some_and(|it| i32::try_from(it).is_ok()),
                "integer(int64)" | "integer" => found.is_i64() || found.is_u64(),
                "number" => found.is_number(),
                "any" => true,
                other => panic!("{path}: {other} is no type"),
            };
            assert!(fits, "{path}: {found} is no {known}");
            1
        }
        _ => panic!("{path}: {found} is not like {known}"),
    }
}

/// All paths of a tree of fields.
fn paths(path: &str, known: &Value, all: &mut BTreeSet<String>) {
    match known {
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{path}.{name}");
                all.insert(path.clone());
                paths(&path, member, all);
            }
        }
        Value::Array(items) => paths(path, &items[0], all),
        _ => {}
    }
}
