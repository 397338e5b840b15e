//! What two responses must have in common: everything, apart from the values masked here.

use serde_json::Value;

use crate::differential::run::Response;
use crate::differential::script::Step;

/// A label selector that cannot be read is described by the server's lexer in many ways.
fn mask_selector_error(text: &mut String) {
    if text.starts_with("found '") || text.starts_with("unable to parse requirement") {
        *text = "<a wrong label selector>".into();
    }
}

/// What no two servers can agree on. Each value is replaced by its name, so that it still counts
/// whether it is there at all.
fn mask(key: &str, value: &mut Value) {
    match (key, &mut *value) {
        // etcd counts its own way.
        ("resourceVersion", Value::String(text)) if text != "0" && !text.is_empty() => {
            *text = "<revision>".into();
        }
        // Opaque by definition.
        ("continue", Value::String(text)) if !text.is_empty() => *text = "<token>".into(),
        ("storageVersionHash", Value::String(text)) => *text = "<hash>".into(),
        // Allocated at random from the same ranges.
        ("clusterIP", Value::String(text)) => mask_address(text),
        ("clusterIPs", Value::Array(list)) => {
            for address in list {
                mask("clusterIP", address);
            }
        }
        ("nodePort" | "healthCheckNodePort", Value::Number(_)) => *value = "<port>".into(),
        _ => {}
    }
}

fn mask_address(text: &mut String) {
    if text.starts_with("10.0.") {
        *text = "<address>".into();
    }
}

/// Ids, times and random names, wherever they stand in a text. `x` is a hexadecimal digit, `d` a
/// decimal one, `a` a letter or digit.
const SHAPES: [(&str, &str); 4] = [
    ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "<uid>"),
    ("dddd-dd-ddTdd:dd:dd.ddddddZ", "<time>"),
    ("dddd-dd-ddTdd:dd:ddZ", "<time>"),
    ("kube-api-access-aaaaa", "kube-api-access-<random>"),
];

/// Where the real server quotes its parser, a Go library, or the whole object in its own order.
const QUOTES: [(&str, &str); 6] = [
    ("json parse error: ", ""),
    ("Object 'Kind' is missing", ""),
    ("continue key is not valid: ", ""),
    ("Invalid value: \"{", "}\""),
    ("Invalid value: [{", "}]"),
    // Several causes come in the order of a Go map.
    (" is invalid: [", ""),
];

fn mask_text(text: &mut String) {
    mask_selector_error(text);
    for (before, after) in QUOTES {
        if let Some(at) = text.find(before) {
            let from = at + before.len();
            let to = match after {
                "" => text.len(),
                after => text.rfind(after).unwrap_or(text.len()),
            };
            if to > from {
                text.replace_range(from..to, "<quoted>");
            }
        }
    }
    for (shape, name) in SHAPES {
        let mut from = 0;
        while let Some(at) = (from..text.len()).find(|at| fits(&text.as_bytes()[*at..], shape)) {
            text.replace_range(at..at + shape.len(), name);
            from = at + name.len();
        }
    }
}

fn fits(text: &[u8], shape: &str) -> bool {
    let literal = shape.starts_with("kube");
    text.len() >= shape.len()
        && text
            .iter()
            .zip(shape.bytes())
            .enumerate()
            .all(|(at, (c, s))| {
                // In a shape with words, only its end is a pattern.
                if literal && at + 5 < shape.len() {
                    return *c == s;
                }
                match s {
                    b'x' => c.is_ascii_hexdigit(),
                    b'd' => c.is_ascii_digit(),
                    b'a' => c.is_ascii_alphanumeric(),
                    other => *c == other,
                }
            })
}

fn normalise(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let prefix = map
                .get("generateName")
                .and_then(Value::as_str)
                .map(str::to_owned);
            if let (Some(prefix), Some(Value::String(name))) = (prefix, map.get_mut("name"))
                && let Some(suffix) = name.strip_prefix(&prefix)
                && suffix.len() == 5
            {
                *name = format!("{prefix}<random>");
            }
            // Owner references are keyed by uid.
            let keyed: Vec<String> = map.keys().filter(|k| k.contains("uid")).cloned().collect();
            for key in keyed {
                let mut masked = key.clone();
                mask_text(&mut masked);
                if let Some(value) = map.remove(&key) {
                    map.insert(masked, value);
                }
            }
            for (key, value) in map {
                normalise(value);
                mask(key, value);
                match (key.as_str(), value) {
                    // Sorted by their times, which are not compared.
                    ("managedFields", Value::Array(entries)) => {
                        entries.sort_by_key(|e| {
                            format!("{}{}{}", e["manager"], e["subresource"], e["apiVersion"])
                        });
                    }
                    // Some checks run twice in the real server, and say so twice; others in the
                    // order of a Go map.
                    ("causes", Value::Array(causes)) => {
                        causes.sort_by_key(Value::to_string);
                        causes.dedup();
                    }
                    _ => {}
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(normalise),
        Value::String(text) => mask_text(text),
        _ => {}
    }
}

/// Removes what a pointer with `*` points to.
fn remove(value: &mut Value, pointer: &[&str]) {
    let Some((key, rest)) = pointer.split_first() else {
        return;
    };
    match value {
        Value::Object(map) if rest.is_empty() => {
            map.retain(|k, _| *key != "*" && k.as_str() != *key);
        }
        Value::Object(map) => {
            for (k, value) in map {
                if *key == "*" || k.as_str() == *key {
                    remove(value, rest);
                }
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter_mut().enumerate() {
                if *key == "*" || index.to_string() == *key {
                    remove(value, rest);
                }
            }
        }
        _ => {}
    }
}

/// Bookmarks come when the server likes; only the one that ends the initial events has a place.
fn drop_bookmarks(body: &mut Value) {
    if let Value::Array(events) = body {
        events.retain(|event| {
            let annotations = &event["object"]["metadata"]["annotations"];
            event["type"] != "BOOKMARK" || annotations["k8s.io/initial-events-end"] == "true"
        });
    }
}

/// The differences, one a line; none if the responses agree.
pub(crate) fn differences(step: &Step, real: &Response, local: &Response) -> Vec<String> {
    let mut lines = Vec::new();
    let mut unequal = |what: &str, real: String, local: String| {
        if real != local {
            lines.push(format!("{what}:\n      real  {real}\n      local {local}"));
        }
    };
    unequal(
        "waited in vain",
        real.timed_out.to_string(),
        local.timed_out.to_string(),
    );
    unequal("status", real.status.to_string(), local.status.to_string());
    unequal(
        "content type",
        real.content_type.clone(),
        local.content_type.clone(),
    );
    unequal(
        "warnings",
        format!("{:?}", real.warnings),
        format!("{:?}", local.warnings),
    );
    let of = |response: &Response| {
        let mut body = response.body.clone();
        drop_bookmarks(&mut body);
        for pointer in &step.ignored {
            remove(&mut body, &pointer[1..].split('/').collect::<Vec<_>>());
        }
        if let Some(filter) = step.filter {
            filter(&mut body);
        }
        normalise(&mut body);
        body
    };
    let (real_body, local_body) = (of(real), of(local));
    if real_body == local_body {
        unequal(
            "order of keys",
            format!("{:?}", real.keys),
            format!("{:?}", local.keys),
        );
    }
    compare("", &real_body, &local_body, &mut lines);
    lines
}

fn compare(at: &str, real: &Value, local: &Value, lines: &mut Vec<String>) {
    match (real, local) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let at = format!("{at}/{}", key.replace('/', "~1"));
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => compare(&at, a, b, lines),
                    (Some(a), None) => lines.push(format!("{at}: only real: {a}")),
                    (None, Some(b)) => lines.push(format!("{at}: only local: {b}")),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{at}/{index}"), a, b, lines);
            }
        }
        (a, b) if a == b => {}
        (a, b) => lines.push(format!("{at}:\n      real  {a}\n      local {b}")),
    }
}

#[test]
fn masks_leave_everything_else_alone() {
    let mut text =
        "uid 7c1f3a9e-0b1c-4d2e-8f3a-9b1c2d3e4f5a at 2026-11-24T01:02:03Z, not 2026-11-24"
            .to_owned();
    mask_text(&mut text);
    assert_eq!(text, "uid <uid> at <time>, not 2026-11-24");
    let mut value = serde_json::json!({"resourceVersion": "0", "clusterIP": "None",
        "generateName": "a-", "name": "a-b2c3d", "generation": 2});
    normalise(&mut value);
    assert_eq!(
        value,
        serde_json::json!({"resourceVersion": "0", "clusterIP": "None", "generateName": "a-",
            "name": "a-<random>", "generation": 2})
    );
}

#[test]
fn every_difference_is_found() {
    let real = serde_json::json!({"a": [1, {"b": 2}], "c": null});
    for (local, count) in [
        (serde_json::json!({"a": [1, {"b": 2}], "c": null}), 0),
        (serde_json::json!({"a": [1, {"b": 3}], "c": null}), 1),
        (serde_json::json!({"a": [1], "c": null}), 1),
        (serde_json::json!({"a": [1, {"b": 2}]}), 1),
        (serde_json::json!({"a": [1, {}], "c": 0, "d": 1}), 3),
    ] {
        let mut lines = Vec::new();
        compare("", &real, &local, &mut lines);
        assert_eq!(lines.len(), count, "{lines:?}");
    }
}
