//! What a server made of an object that it accepted, other than what it was asked.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::GroupResource;
use crate::compare::{Comparison, ZeroValues};

/// Most places kept of one object.
pub(crate) const KEPT: usize = 100;
/// Most places that are printed of one object.
const SHOWN: usize = 5;

/// A field of an object that the server accepted without keeping the field as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AlteredField {
    /// The place, as a JSON pointer into the object as it was sent.
    pub pointer: String,
    /// What became of it.
    pub alteration: Alteration,
}

/// What became of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Alteration {
    /// It is not in the cluster's object.
    Dropped,
    /// The cluster's object has another value there.
    Changed,
}

/// Whether a kind is some definition's, and not Kubernetes' own.
pub(crate) fn is_custom(kind: &GroupResource) -> bool {
    kind.group.contains('.') && !kind.group.ends_with(".k8s.io")
}

/// Whether a server leaves out of objects of a kind what says nothing.
pub(crate) fn zero_values(kind: &GroupResource) -> ZeroValues {
    match is_custom(kind) {
        true => ZeroValues::Kept,
        false => ZeroValues::LeftOut,
    }
}

/// The fields of `asked` that `answer`, which a server sent back, has not or has otherwise: the first
/// hundred.
pub(crate) fn altered(
    comparison: &Comparison,
    kind: &GroupResource,
    asked: &Value,
    answer: &Value,
) -> Vec<AlteredField> {
    let mut fields = Vec::new();
    comparison.lost(kind, asked, answer, zero_values(kind), &mut |at, answer| {
        if fields.len() < KEPT {
            fields.push(AlteredField {
                pointer: at.to_owned(),
                alteration: match answer {
                    None => Alteration::Dropped,
                    Some(_) => Alteration::Changed,
                },
            });
        }
    });
    fields
}

/// Which fields of an object were altered, why that may be, and what to do.
pub(crate) fn explain(kind: &GroupResource, fields: &[AlteredField]) -> String {
    let mut text = String::new();
    let of = |alteration: Alteration| -> Vec<&str> {
        let fields = fields.iter().filter(|field| field.alteration == alteration);
        fields.map(|field| field.pointer.as_str()).collect()
    };
    let dropped = of(Alteration::Dropped);
    if !dropped.is_empty() {
        let (why, remedy) = match is_custom(kind) {
            true => (
                "its definition in this cluster does not have",
                "bring the definition up to date, with what installs it, and restore again with existing \
                 resource policy `update`",
            ),
            false => (
                "this API server does not know, or has switched off,",
                "restore into a release that has them, or switch the feature on and restore again with \
                 existing resource policy `update`",
            ),
        };
        // Writing to a String does not fail.
        let _ = write!(text, "without {}, which {why}; {remedy}", shown(&dropped));
    }
    let changed = of(Alteration::Changed);
    if !changed.is_empty() {
        let before = if text.is_empty() { "" } else { "; and " };
        let _ = write!(
            text,
            "{before}with another {}, as a webhook, a policy or the server's own rules will have it; see \
             what admission of `{kind}` changes in this cluster",
            shown(&changed)
        );
    }
    text
}

fn shown(pointers: &[&str]) -> String {
    let named: Vec<String> = pointers
        .iter()
        .take(SHOWN)
        .map(|at| format!("`{at}`"))
        .collect();
    match pointers.len().saturating_sub(SHOWN) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_ways_are_told_with_a_remedy() {
        let kind: GroupResource = "caches.example.com".parse().unwrap();
        let asked =
            json!({"metadata": {"name": "a", "uid": "1"}, "spec": {"tls": {"a": 1}, "size": 1}});
        let answer = json!({"metadata": {"name": "a", "uid": "2"}, "spec": {"size": 2, "more": 1}});
        let fields = altered(&Comparison::default(), &kind, &asked, &answer);
        let text = explain(&kind, &fields);
        assert!(
            text.starts_with("without `/spec/tls`, which its definition"),
            "{text}"
        );
        assert!(text.contains("; and with another `/spec/size`, "), "{text}");
        assert_eq!(fields.len(), 2);
    }

    #[test]
    fn of_a_thousand_fields_few_are_kept_and_fewer_shown() {
        let fields: serde_json::Map<String, Value> =
            (0..1000).map(|n| (format!("k{n:04}"), json!(1))).collect();
        let asked = json!({ "spec": fields });
        let kind: GroupResource = "caches.example.com".parse().unwrap();
        let fields = altered(&Comparison::default(), &kind, &asked, &json!({"spec": {}}));
        assert_eq!(fields.len(), KEPT);
        assert!(explain(&kind, &fields).contains("`/spec/k0004` and 95 more"));
    }
}
