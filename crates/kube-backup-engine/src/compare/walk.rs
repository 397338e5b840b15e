//! The places at which two JSON values differ.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::pointer::push_step;

/// Calls `found` for every place that differs, in order, with its JSON pointer and what is there before
/// and after. Arrays of different lengths differ as a whole.
pub(crate) fn walk(
    before: &Value,
    after: &Value,
    found: &mut impl FnMut(&str, Option<&Value>, Option<&Value>),
) {
    walk_at(&mut String::new(), before, after, found);
}

fn walk_at(
    at: &mut String,
    before: &Value,
    after: &Value,
    found: &mut impl FnMut(&str, Option<&Value>, Option<&Value>),
) {
    let length = at.len();
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                push_step(at, key);
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => walk_at(at, a, b, found),
                    (a, b) => found(at, a, b),
                }
                at.truncate(length);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                push_step(at, &n.to_string());
                walk_at(at, a, b, found);
                at.truncate(length);
            }
        }
        (a, b) if is_same(a, b) => {}
        (a, b) => found(at, Some(a), Some(b)),
    }
}

/// Whether two values are the same. Numbers are by their value: the server prints `1.0` as `1`.
pub(crate) fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() != b.is_f64() => {
            a.as_f64() == b.as_f64()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| is_same(a, b));
            a.len() == b.len() && a.iter().all(same)
        }
        (a, b) => a == b,
    }
}
