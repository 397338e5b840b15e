//! Whether a condition holds for a call.

use std::cmp::Ordering;
use std::net::IpAddr;

use chrono::{DateTime, NaiveDateTime, Utc};
use ipnet::IpNet;

use crate::document::{Condition, Operator};
use crate::pattern::text_matches;

/// What comes of comparing: some values cannot be compared at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Holds,
    Fails,
    /// An unknown operator, or a value that is no number, time or address.
    Unclear,
}

/// The requirement that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unmet {
    pub(crate) operator: String,
    pub(crate) key: String,
}

/// Finds the first requirement that does not hold.
///
/// `when_unclear` says whether one that cannot be compared counts as held: for a Deny it does, for
/// an Allow it does not, so that what is not understood never widens what is allowed.
pub(crate) fn first_unmet<'a>(
    condition: &Condition,
    facts: impl Fn(&str) -> Vec<&'a str>,
    when_unclear: bool,
) -> Option<Unmet> {
    condition
        .iter()
        .find(|(operator, key, values)| {
            let held = match compare(operator, &facts(key), values.as_slice()) {
                Truth::Holds => true,
                Truth::Fails => false,
                Truth::Unclear => when_unclear,
            };
            !held
        })
        .map(|(operator, key, _)| Unmet {
            operator: operator.name().to_owned(),
            key: key.to_owned(),
        })
}

/// Compares the values a call has with those a policy lists.
///
/// Without a value in the call a positive operator fails and a negative one holds. A negative
/// operator over several values holds when none of them is equal.
pub(crate) fn compare(operator: &Operator, facts: &[&str], listed: &[String]) -> Truth {
    use Ordering::{Equal, Greater, Less};
    let any = |one: &dyn Fn(&str, &str) -> Option<bool>| any_pair(facts, listed, one);
    match operator {
        Operator::StringEquals => any(&|fact, value| Some(fact == value)),
        Operator::StringNotEquals => negated(any(&|fact, value| Some(fact == value))),
        Operator::StringEqualsIgnoreCase => any(&same_but_for_case),
        Operator::StringNotEqualsIgnoreCase => negated(any(&same_but_for_case)),
        Operator::StringLike => any(&|fact, value| Some(text_matches(value, fact))),
        Operator::StringNotLike => negated(any(&|fact, value| Some(text_matches(value, fact)))),
        Operator::NumericEquals => any(&ordered(number, &[Equal])),
        Operator::NumericNotEquals => negated(any(&ordered(number, &[Equal]))),
        Operator::NumericLessThan => any(&ordered(number, &[Less])),
        Operator::NumericLessThanEquals => any(&ordered(number, &[Less, Equal])),
        Operator::NumericGreaterThan => any(&ordered(number, &[Greater])),
        Operator::NumericGreaterThanEquals => any(&ordered(number, &[Greater, Equal])),
        Operator::DateEquals => any(&ordered(time, &[Equal])),
        Operator::DateNotEquals => negated(any(&ordered(time, &[Equal]))),
        Operator::DateLessThan => any(&ordered(time, &[Less])),
        Operator::DateLessThanEquals => any(&ordered(time, &[Less, Equal])),
        Operator::DateGreaterThan => any(&ordered(time, &[Greater])),
        Operator::DateGreaterThanEquals => any(&ordered(time, &[Greater, Equal])),
        Operator::Bool => any(&ordered(boolean, &[Equal])),
        Operator::IpAddress => any(&in_network),
        Operator::NotIpAddress => negated(any(&in_network)),
        Operator::Unknown(_) => Truth::Unclear,
    }
}

/// Holds if any pair does; is unclear if none does and one cannot be compared.
fn any_pair(facts: &[&str], listed: &[String], one: &dyn Fn(&str, &str) -> Option<bool>) -> Truth {
    let mut truth = Truth::Fails;
    for fact in facts {
        for value in listed {
            match one(fact, value) {
                Some(true) => return Truth::Holds,
                Some(false) => {}
                None => truth = Truth::Unclear,
            }
        }
    }
    truth
}

fn negated(truth: Truth) -> Truth {
    match truth {
        Truth::Holds => Truth::Fails,
        Truth::Fails => Truth::Holds,
        Truth::Unclear => Truth::Unclear,
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "one shape for all comparisons, of which some cannot be made"
)]
fn same_but_for_case(fact: &str, value: &str) -> Option<bool> {
    Some(fact.to_lowercase() == value.to_lowercase())
}

/// A comparison of two texts as what `read` makes of them.
fn ordered<T: PartialOrd>(
    read: fn(&str) -> Option<T>,
    accepted: &'static [Ordering],
) -> impl Fn(&str, &str) -> Option<bool> {
    move |fact, value| {
        let order = read(fact)?.partial_cmp(&read(value)?)?;
        Some(accepted.contains(&order))
    }
}

/// A decimal number. Whole ones are compared exactly: an account id has more digits than a float.
#[derive(PartialEq)]
enum Number {
    Whole(i128),
    Real(f64),
}

impl PartialOrd for Number {
    #[expect(
        clippy::cast_precision_loss,
        reason = "only beside a number that is a float already"
    )]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(b)),
            (Self::Whole(a), Self::Real(b)) => (*a as f64).partial_cmp(b),
            (Self::Real(a), Self::Whole(b)) => a.partial_cmp(&(*b as f64)),
            (Self::Real(a), Self::Real(b)) => a.partial_cmp(b),
        }
    }
}

fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    if let Ok(whole) = text.parse() {
        return Some(Number::Whole(whole));
    }
    let real: f64 = text.parse().ok()?;
    real.is_finite().then_some(Number::Real(real))
}

/// ISO 8601 with an offset or `Z`, and without seconds as well.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    if let Ok(time) = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z") {
        return Some(time.to_utc());
    }
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").ok()?;
    Some(naive.and_utc())
}

fn boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn in_network(fact: &str, value: &str) -> Option<bool> {
    let address: IpAddr = fact.trim().parse().ok()?;
    Some(network(value)?.contains(&address.to_canonical()))
}

/// An address or a CIDR block.
fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    match text.parse::<IpAddr>() {
        Ok(address) => Some(IpNet::from(address.to_canonical())),
        Err(_) => text.parse().ok(),
    }
}

/// Whether a value that a policy lists is one its operator can compare with.
pub(crate) fn is_comparable(operator: &Operator, value: &str) -> bool {
    match operator.name() {
        name if name.starts_with("Numeric") => number(value).is_some(),
        name if name.starts_with("Date") => time(value).is_some(),
        "Bool" => boolean(value).is_some(),
        "IpAddress" | "NotIpAddress" => network(value).is_some(),
        _ => true,
    }
}
