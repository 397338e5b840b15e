//! JSON pointers with `*` for each element of an array or each key of an object.

use serde_json::Value;

/// Calls `act` with the parent and key of every place that `pointer` matches. The place itself does
/// not have to exist.
pub(crate) fn for_each(object: &mut Value, pointer: &str, act: &mut dyn FnMut(&mut Value, &str)) {
    let Some(rest) = pointer.strip_prefix('/') else {
        return;
    };
    let (step, rest) = rest
        .split_once('/')
        .map_or((rest, None), |(step, rest)| (step, Some(rest)));
    let step = step.replace("~1", "/").replace("~0", "~");
    let keys: Vec<String> = match (step.as_str(), &*object) {
        ("*", Value::Array(items)) => (0..items.len()).map(|n| n.to_string()).collect(),
        ("*", Value::Object(fields)) => fields.keys().cloned().collect(),
        _ => vec![step],
    };
    for key in keys {
        match rest {
            None => act(object, &key),
            Some(rest) => {
                if let Some(child) = field(object, &key) {
                    for_each(child, &format!("/{rest}"), act);
                }
            }
        }
    }
}

/// Calls `act` with every value that is at `pointer`.
pub(crate) fn for_each_value(object: &mut Value, pointer: &str, act: &mut dyn FnMut(&mut Value)) {
    for_each(object, pointer, &mut |parent, key| {
        if let Some(value) = field(parent, key) {
            act(value);
        }
    });
}

/// Adds a step to a pointer, with the escapes of RFC 6901.
pub(crate) fn push_step(pointer: &mut String, step: &str) {
    pointer.push('/');
    // Pointers are built on the way to every value of every object.
    if step.contains(['~', '/']) {
        pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(step);
    }
}

fn field<'a>(parent: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    match parent {
        Value::Object(fields) => fields.get_mut(key),
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    }
}
