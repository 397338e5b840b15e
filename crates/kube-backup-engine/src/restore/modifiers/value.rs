//! Values of operations, which Velero writes as texts.

use serde_json::Value;

/// What a value means (Velero, json_patch.go `addQuotes`): what looks like JSON is, and everything else is a text. What YAML read as
/// something else than a text already is that.
pub(super) fn meaning(written: &Value) -> Result<Value, String> {
    let Value::String(text) = written else {
        return Ok(written.clone());
    };
    let lower = text.to_ascii_lowercase();
    if lower == "true" || lower == "false" {
        return Ok(Value::Bool(lower == "true"));
    }
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    let is_json = text == "null" || is_number || text.starts_with(['{', '[', '"']);
    if !is_json {
        return Ok(Value::String(text.clone()));
    }
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        // Go reads numbers that JSON does not have, such as `+1` and `.5`, and Velero then fails at them.
        Err(error) => Err(format!(
            "value `{text}` looks like JSON and is none: {error}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_mean_what_they_look_like() {
        for (written, means) in [
            (json!("premium"), json!("premium")),
            (json!(""), json!("")),
            (json!("1"), json!(1)),
            (json!("1.5"), json!(1.5)),
            (json!("True"), json!(true)),
            (json!("null"), json!(null)),
            (json!("\"1\""), json!("1")),
            (json!("{\"a\": [1]}"), json!({"a": [1]})),
            (json!("[]"), json!([])),
            (json!(7), json!(7)),
            (json!("infinity"), json!("infinity")),
            (json!("1Gi"), json!("1Gi")),
        ] {
            assert_eq!(meaning(&written), Ok(means), "{written}");
        }
        for wrong in ["{a}", "[1", "\"", "+1", ".5"] {
            assert!(meaning(&json!(wrong)).is_err(), "{wrong}");
        }
    }
}
