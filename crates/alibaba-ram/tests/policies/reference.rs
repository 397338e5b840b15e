//! The policy language once more, slow and obvious: over plain JSON, with wildcards tried every
//! way there is. The properties hold the crate to it.

use serde_json::Value;

/// `*` takes nothing, or one character and then again.
pub(crate) fn wildcard(pattern: &[char], text: &[char]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some('*'), _) => {
            wildcard(&pattern[1..], text) || (!text.is_empty() && wildcard(pattern, &text[1..]))
        }
        (Some('?'), Some(_)) => wildcard(&pattern[1..], &text[1..]),
        (Some(p), Some(t)) if p == t => wildcard(&pattern[1..], &text[1..]),
        _ => false,
    }
}

pub(crate) fn text_matches(pattern: &str, text: &str) -> bool {
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    wildcard(&chars(pattern), &chars(text))
}

pub(crate) fn action_matches(pattern: &str, action: &str) -> bool {
    text_matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

pub(crate) fn resource_matches(pattern: &str, resource: &str) -> bool {
    let fields = |text: &str| text.splitn(5, ':').map(str::to_owned).collect::<Vec<_>>();
    let (patterns, fields) = (fields(pattern), fields(resource));
    if patterns.len() < 5 {
        return text_matches(pattern, resource);
    }
    fields.len() == 5
        && (0..5).all(|index| {
            if (index == 2 || index == 3) && patterns[index].is_empty() {
                fields[index].is_empty() || fields[index] == "*"
            } else {
                text_matches(&patterns[index], &fields[index])
            }
        })
}

fn values(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().map(|value| value.as_str().unwrap()).collect(),
        other => panic!("{other}"),
    }
}

fn applies(statement: &Value, action: &str, resource: &str) -> bool {
    let any = |key: &str, matches: fn(&str, &str) -> bool, text: &str| {
        statement
            .get(key)
            .map(|listed| values(listed).iter().any(|pattern| matches(pattern, text)))
    };
    let action = match any("Action", action_matches, action) {
        Some(covered) => covered,
        None => !any("NotAction", action_matches, action).unwrap(),
    };
    let resource = match any("Resource", resource_matches, resource) {
        Some(covered) => covered,
        None => !any("NotResource", resource_matches, resource).unwrap(),
    };
    action && resource
}

/// The verdict on one resource, by name.
pub(crate) fn verdict(documents: &[Value], action: &str, resource: &str) -> &'static str {
    let statements: Vec<&Value> = documents
        .iter()
        .flat_map(|document| document["Statement"].as_array().unwrap())
        .filter(|statement| applies(statement, action, resource))
        .collect();
    if statements
        .iter()
        .any(|statement| statement["Effect"] == "Deny")
    {
        "ExplicitDeny"
    } else if statements.is_empty() {
        "ImplicitDeny"
    } else {
        "Allow"
    }
}
