//! What the server prints of Events of either API group (Kubernetes, `printEvent` in
//! pkg/printers/internalversion/printers.go).

use serde_json::{Value, json};

use super::age::age;

/// The cell of a column.
pub(super) fn cell(event: &Value, column: &str) -> Option<Value> {
    let object = either(event, "involvedObject", "regarding");
    Some(match column {
        "Last Seen" => last_seen(event).into(),
        "Type" | "Reason" => text(&event[column.to_lowercase().as_str()]).into(),
        "Object" => {
            let kind = text(&object["kind"]).to_lowercase();
            match text(&object["name"]) {
                "" => kind.into(),
                name => format!("{kind}/{name}").into(),
            }
        }
        "Subobject" => text(&object["fieldPath"]).into(),
        "Source" => source(event).into(),
        "Message" => text(either(event, "message", "note")).trim().into(),
        "First Seen" => first_seen(event).into(),
        "Count" => json!(count(event)),
        _ => return None,
    })
}

fn first_seen(event: &Value) -> String {
    match either(event, "firstTimestamp", "deprecatedFirstTimestamp") {
        Value::String(first) => age(first),
        _ => age(text(&event["eventTime"])),
    }
}

fn last_seen(event: &Value) -> String {
    if let Some(series) = event["series"].as_object() {
        return age(series.get("lastObservedTime").map_or("", text));
    }
    match either(event, "lastTimestamp", "deprecatedLastTimestamp") {
        Value::String(last) => age(last),
        _ => first_seen(event),
    }
}

fn count(event: &Value) -> u64 {
    if let Some(count) = event["series"]["count"].as_u64() {
        return count;
    }
    // One that was seen once has no count today.
    either(event, "count", "deprecatedCount")
        .as_u64()
        .filter(|count| *count > 0)
        .unwrap_or(1)
}

fn source(event: &Value) -> String {
    let source = either(event, "source", "deprecatedSource");
    let component = match text(&source["component"]) {
        "" => text(either(event, "reportingComponent", "reportingController")),
        component => component,
    };
    let host = match text(&source["host"]) {
        "" => text(&event["reportingInstance"]),
        host => host,
    };
    let parts = [component, host]
        .into_iter()
        .filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

/// A field by its name in the core group, or by that in `events.k8s.io`.
fn either<'a>(event: &'a Value, core: &str, events: &str) -> &'a Value {
    event.get(core).unwrap_or(&event[events])
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
