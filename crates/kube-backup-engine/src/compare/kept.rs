//! Whether a server kept what it was sent: everything that was asked for is in its answer. What it adds,
//! such as defaults, makes no difference.

use chrono::{DateTime, FixedOffset};
use serde_json::Value;

use crate::pointer::push_step;

/// Calls `found` for every place of `asked` that is not in `answer` (`None`), or is another there.
pub(crate) fn walk_lost(
    asked: &Value,
    answer: &Value,
    zero_values: ZeroValues,
    found: &mut impl FnMut(&str, Option<&Value>),
) {
    walk_at(&mut String::new(), asked, answer, zero_values, found);
}

/// Whether a value that says nothing may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ZeroValues {
    /// As Go's `omitempty` does with built-in kinds: `false`, `0`, `""`, and what is empty.
    LeftOut,
    /// As with custom resources, whose definitions know the field or not: `null` alone.
    Kept,
}

impl ZeroValues {
    pub(super) fn says_nothing(self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            _ if self == Self::Kept => false,
            Value::Bool(value) => !value,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.values().all(|value| self.says_nothing(value)),
        }
    }
}

fn walk_at(
    at: &mut String,
    asked: &Value,
    answer: &Value,
    zero_values: ZeroValues,
    found: &mut impl FnMut(&str, Option<&Value>),
) {
    let length = at.len();
    match (asked, answer) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, asked) in a {
                push_step(at, key);
                match b.get(key) {
                    Some(answer) => walk_at(at, asked, answer, zero_values, found),
                    None if zero_values.says_nothing(asked) => {}
                    None => found(at, None),
                }
                at.truncate(length);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            let same_length = a.len() == b.len();
            let mut taken = vec![false; b.len()];
            for (n, asked) in a.iter().enumerate() {
                push_step(at, &n.to_string());
                // Admission adds elements at either end, so that the others are elsewhere.
                let place = match same_length {
                    true => Some(n),
                    false => place_of(asked, b, &taken, zero_values),
                };
                match place {
                    Some(n) => {
                        taken[n] = true;
                        walk_at(at, asked, &b[n], zero_values, found);
                    }
                    None => found(at, None),
                }
                at.truncate(length);
            }
        }
        (a, b) if is_same(a, b) || zero_values.says_nothing(a) && zero_values.says_nothing(b) => {}
        // A default took the place of nothing.
        (Value::Null, _) => {}
        (_, answer) => found(at, Some(answer)),
    }
}

/// Where an element is in a list of another length: by its name, or else the first that holds all of it.
fn place_of(
    asked: &Value,
    answer: &[Value],
    taken: &[bool],
    zero_values: ZeroValues,
) -> Option<usize> {
    let free = || answer.iter().enumerate().filter(|(n, _)| !taken[*n]);
    let by_name = asked["name"].as_str().and_then(|name| {
        let mut named = free().filter(|(_, element)| element["name"] == name);
        named.next()
    });
    let holds = |element: &Value| {
        let mut whole = true;
        walk_lost(asked, element, zero_values, &mut |_, _| whole = false);
        whole
    };
    by_name
        .or_else(|| free().find(|(_, element)| holds(element)))
        .map(|(n, _)| n)
}

/// Whether both say the same: servers write numbers, quantities and times in a form of their own.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => a == b || x.as_f64() == y.as_f64(),
        (Value::String(x), Value::String(y)) => {
            x == y
                || quantity(x).is_some_and(|x| quantity(y) == Some(x))
                || time(x).is_some_and(|x| time(y) == Some(x))
        }
        // A quantity may be a number, and is written as text.
        (Value::Number(x), Value::String(y)) => {
            quantity(y).is_some_and(|y| quantity(&x.to_string()) == Some(y))
        }
        _ => a == b,
    }
}

fn time(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}

/// A quantity in billionths (apimachinery, pkg/api/resource/quantity.go). Finer ones are not compared.
fn quantity(text: &str) -> Option<i128> {
    const SUFFIXES: [(&str, i128, u32); 15] = [
        ("Ki", 1 << 10, 0),
        ("Mi", 1 << 20, 0),
        ("Gi", 1 << 30, 0),
        ("Ti", 1 << 40, 0),
        ("Pi", 1 << 50, 0),
        ("Ei", 1 << 60, 0),
        ("n", 1, 9),
        ("u", 1, 6),
        ("m", 1, 3),
        ("k", 1000, 0),
        ("M", 1_000_000, 0),
        ("G", 1_000_000_000, 0),
        ("T", 1_000_000_000_000, 0),
        ("P", 1_000_000_000_000_000, 0),
        ("E", 1_000_000_000_000_000_000, 0),
    ];
    const BILLION: i128 = 1_000_000_000;
    let suffix = SUFFIXES.iter().find(|(suffix, ..)| text.ends_with(suffix));
    let (number, factor, places) = match suffix {
        Some((suffix, factor, places)) => (text.strip_suffix(suffix)?, *factor, *places),
        None => (text, 1, 0),
    };
    let (number, exponent) = match number.split_once(['e', 'E']) {
        Some((number, exponent)) if suffix.is_none() => (number, exponent.parse::<i32>().ok()?),
        _ => (number, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(&digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let scale = exponent
        .checked_sub(i32::try_from(places).ok()?)?
        .checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let power = |exponent: u32| 10i128.checked_pow(exponent);
    let value = digits
        .parse::<i128>()
        .ok()?
        .checked_mul(factor)?
        .checked_mul(BILLION)?;
    match u32::try_from(scale) {
        Ok(scale) => value.checked_mul(power(scale)?),
        Err(_) => {
            let divisor = power(scale.unsigned_abs())?;
            (value % divisor == 0).then_some(value / divisor)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn lost(asked: &Value, answer: &Value, zero_values: ZeroValues) -> Vec<String> {
        let mut places = Vec::new();
        walk_lost(asked, answer, zero_values, &mut |at, answer| {
            let how = if answer.is_some() {
                "changed"
            } else {
                "dropped"
            };
            places.push(format!("{at} {how}"));
        });
        places
    }

    #[test]
    fn what_is_added_is_no_loss_and_what_is_taken_is_named() {
        let asked =
            json!({"spec": {"replicas": 3, "tls": {"secretName": "a"}, "kept": [1, {"b": 2}]}});
        let answer =
            json!({"spec": {"replicas": 4, "kept": [1, {"b": 2, "default": 1}], "more": 1}});
        let expected = ["/spec/replicas changed", "/spec/tls dropped"];
        assert_eq!(lost(&asked, &answer, ZeroValues::LeftOut), expected);
        assert_eq!(lost(&asked, &asked, ZeroValues::Kept), Vec::<String>::new());
    }

    #[test]
    fn elements_that_admission_adds_move_no_others() {
        let asked = json!([{"name": "web", "image": "a"}, {"name": "log", "image": "b"}]);
        let answer =
            json!([{"name": "mesh"}, {"name": "log", "image": "b"}, {"name": "web", "image": "c"}]);
        assert_eq!(
            lost(&asked, &answer, ZeroValues::LeftOut),
            ["/0/image changed"]
        );
        let fewer = json!([{"name": "log", "image": "b"}]);
        assert_eq!(lost(&asked, &fewer, ZeroValues::LeftOut), ["/0 dropped"]);
        let unnamed = json!(["c", "a", "b"]);
        assert_eq!(
            lost(&json!(["a", "b"]), &unnamed, ZeroValues::Kept),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_says_nothing_may_be_left_out_of_built_in_kinds() {
        let asked = json!({"a": false, "b": 0, "c": "", "d": {"e": []}, "f": null});
        assert_eq!(
            lost(&asked, &json!({}), ZeroValues::LeftOut),
            Vec::<String>::new()
        );
        let expected = ["/a dropped", "/b dropped", "/c dropped", "/d dropped"];
        assert_eq!(lost(&asked, &json!({}), ZeroValues::Kept), expected);
        assert_eq!(
            lost(&json!({"a": null}), &json!({"a": 1}), ZeroValues::Kept),
            Vec::<String>::new()
        );
        assert_eq!(
            lost(&json!({"a": true}), &json!({}), ZeroValues::LeftOut),
            ["/a dropped"]
        );
    }

    #[test]
    fn one_value_in_two_forms_is_one_value() {
        for [a, b] in [
            ["1000m", "1"],
            ["1024Ki", "1Mi"],
            ["0.5", "500m"],
            ["1e3", "1k"],
            ["1E", "1000P"],
            ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000Z"],
        ] {
            assert!(is_same(&json!(a), &json!(b)), "{a} {b}");
            assert!(is_same(&json!(b), &json!(a)), "{a} {b}");
        }
        assert!(is_same(&json!(1), &json!(1.0)) && is_same(&json!(2), &json!("2")));
        for [a, b] in [
            ["1", "1m"],
            ["a", "b"],
            ["1Ki", "1k"],
            ["1.0.0", "1.0"],
            ["", "0"],
        ] {
            assert!(!is_same(&json!(a), &json!(b)), "{a} {b}");
        }
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z0-9.eEmKi+-]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_is_lost_of_what_came_back_whole_and_nothing_panics(a in json_value(), b in json_value()) {
            for zero_values in [ZeroValues::LeftOut, ZeroValues::Kept] {
                prop_assert_eq!(lost(&a, &a, zero_values), Vec::<String>::new());
                lost(&a, &b, zero_values);
            }
        }
    }
}
