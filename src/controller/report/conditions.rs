//! Conditions.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::text::cut;
use crate::crds::condition;

/// What a condition says.
#[derive(Clone, Debug)]
pub(in crate::controller) struct Note<'a> {
    pub(in crate::controller) holds: bool,
    /// In one word, for programs.
    pub(in crate::controller) reason: &'static str,
    /// For people.
    pub(in crate::controller) message: &'a str,
}

/// Sets a condition. The time of its last change is kept while it holds or does not as before.
pub(in crate::controller) fn set(
    conditions: &mut Vec<Condition>,
    type_: &str,
    generation: Option<i64>,
    note: &Note<'_>,
) {
    let status = if note.holds { "True" } else { "False" };
    let before = conditions.iter().find(|it| it.type_ == type_);
    let since = before.filter(|it| it.status == status);
    let now = Timestamp::from_second(Timestamp::now().as_second());
    let last_transition_time = since.map_or_else(
        || Time(now.unwrap_or_default()),
        |it| it.last_transition_time.clone(),
    );
    let new = Condition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: note.reason.to_owned(),
        message: cut(note.message, 2000),
        observed_generation: generation,
        last_transition_time,
    };
    match conditions.iter_mut().find(|it| it.type_ == type_) {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
}

/// Says which fields of a specification nobody reads; the text of a warning if there are any.
pub(in crate::controller) fn fields_known<'a>(
    conditions: &mut Vec<Condition>,
    generation: Option<i64>,
    unknown: impl IntoIterator<Item = (&'a str, &'a BTreeMap<String, Value>)>,
) -> Option<String> {
    let mut names = Vec::new();
    for (parent, fields) in unknown {
        names.extend(fields.keys().map(|name| format!("`{parent}{name}`")));
    }
    if names.is_empty() {
        let note = Note {
            holds: true,
            reason: "AllKnown",
            message: "all fields of the specification are read",
        };
        set(conditions, condition::FIELDS_KNOWN, generation, &note);
        return None;
    }
    let message = cut(
        &format!(
            "nobody reads {}: check the spelling, or remove what is not wanted",
            names.join(", ")
        ),
        900,
    );
    let note = Note {
        holds: false,
        reason: "UnknownFields",
        message: &message,
    };
    set(conditions, condition::FIELDS_KNOWN, generation, &note);
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_condition_is_that_of_its_last_change() {
        let mut all = Vec::new();
        let note = |holds, message| Note {
            holds,
            reason: "Why",
            message,
        };
        set(&mut all, "Ready", Some(1), &note(true, "a"));
        let long_ago = Time(Timestamp::from_second(7).unwrap());
        all[0].last_transition_time = long_ago.clone();
        set(&mut all, "Ready", Some(2), &note(true, "b"));
        assert_eq!(all[0].last_transition_time, long_ago);
        assert_eq!(
            (all[0].message.as_str(), all[0].observed_generation),
            ("b", Some(2))
        );
        set(&mut all, "Ready", Some(2), &note(false, "c"));
        assert_ne!(all[0].last_transition_time, long_ago);
        assert_eq!(all.len(), 1);
    }

    #[test]
    fn fields_that_nobody_reads_are_named() {
        let mut all = Vec::new();
        let unknown = BTreeMap::from([("excludedNamspaces".to_owned(), Value::Null)]);
        let of_volumes = BTreeMap::from([("labels".to_owned(), Value::Null)]);
        let none = BTreeMap::new();
        let text = fields_known(&mut all, None, [("", &unknown), ("pvBackup.", &of_volumes)]);
        let text = text.unwrap();
        assert!(
            text.contains("`excludedNamspaces`, `pvBackup.labels`"),
            "{text}"
        );
        assert_eq!(all[0].status, "False");
        assert_eq!(fields_known(&mut all, None, [("", &none)]), None);
        assert_eq!(all[0].status, "True");
    }
}
