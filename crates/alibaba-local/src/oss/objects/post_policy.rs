//! POST policies: what a form must hold, signed by whoever handed it out.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;

/// A decoded policy.
#[derive(Deserialize)]
pub(crate) struct Policy {
    expiration: DateTime<Utc>,
    conditions: Vec<Value>,
}

/// A form's fields by lower-case name.
pub(crate) type Fields = BTreeMap<String, String>;

impl Policy {
    /// Reads the field of the form, which is base64 of JSON.
    pub(crate) fn read(field: &str) -> Result<Self, OssError> {
        let json = BASE64_STANDARD
            .decode(field)
            .map_err(|_| invalid("Invalid Policy: not base64."))?;
        let policy: Self = serde_json::from_slice(&json)
            .map_err(|error| invalid(&format!("Invalid Policy: {error}.")))?;
        if policy.conditions.is_empty() {
            return Err(invalid("Invalid Policy: no conditions."));
        }
        Ok(policy)
    }

    /// Whether the form may still be used, and holds what it must.
    pub(crate) fn check(
        &self,
        bucket: &str,
        fields: &Fields,
        now: DateTime<Utc>,
    ) -> Result<(), OssError> {
        if now > self.expiration {
            return Err(denied("Policy expired."));
        }
        for condition in &self.conditions {
            if !holds(condition, bucket, fields)? {
                return Err(denied(&format!("Policy Condition failed: {condition}")));
            }
        }
        Ok(())
    }

    /// Whether some condition fixes this field to one value.
    pub(crate) fn fixes(&self, name: &str) -> bool {
        self.conditions.iter().any(|condition| match condition {
            Value::Object(pairs) => pairs.keys().any(|key| key.eq_ignore_ascii_case(name)),
            Value::Array(parts) => matches!(
                parts.as_slice(),
                [Value::String(operator), Value::String(field), _]
                    if operator == "eq" && field.trim_start_matches('$').eq_ignore_ascii_case(name)
            ),
            _ => false,
        })
    }

    /// The smallest and largest file allowed.
    pub(crate) fn length_range(&self) -> Option<(u64, u64)> {
        self.conditions.iter().find_map(|condition| {
            let parts = condition.as_array()?;
            match parts.as_slice() {
                [Value::String(operator), min, max] if operator == "content-length-range" => {
                    Some((min.as_u64()?, max.as_u64()?))
                }
                _ => None,
            }
        })
    }
}

fn holds(condition: &Value, bucket: &str, fields: &Fields) -> Result<bool, OssError> {
    let value = |name: &str| {
        let name = name.trim_start_matches('$').to_ascii_lowercase();
        if name == "bucket" {
            Some(bucket.to_owned())
        } else {
            fields.get(&name).cloned()
        }
    };
    let listed = |list: &[Value], found: Option<String>| {
        found.is_some_and(|found| list.iter().any(|one| one.as_str() == Some(found.as_str())))
    };
    Ok(match condition {
        Value::Object(pairs) => match pairs.iter().next() {
            Some((name, Value::String(wanted))) if pairs.len() == 1 => {
                value(name).as_deref() == Some(wanted)
            }
            _ => {
                return Err(invalid(
                    "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have \
                     exactly one property specified.",
                ));
            }
        },
        Value::Array(parts) => match parts.as_slice() {
            [
                Value::String(operator),
                Value::String(name),
                Value::String(wanted),
            ] => match operator.as_str() {
                "eq" => value(name).as_deref() == Some(wanted),
                "starts-with" => value(name).unwrap_or_default().starts_with(wanted.as_str()),
                _ => return Err(invalid("Invalid Policy: unknown operator.")),
            },
            [
                Value::String(operator),
                Value::String(name),
                Value::Array(list),
            ] => match operator.as_str() {
                "in" => listed(list, value(name)),
                "not-in" => !listed(list, value(name)),
                _ => return Err(invalid("Invalid Policy: unknown operator.")),
            },
            // Compared with the file once it is here.
            [Value::String(operator), Value::Number(_), Value::Number(_)]
                if operator == "content-length-range" =>
            {
                true
            }
            _ => return Err(invalid("Invalid Policy: Invalid condition.")),
        },
        _ => return Err(invalid("Invalid Policy: Invalid condition.")),
    })
}

pub(crate) fn invalid(message: &str) -> OssError {
    OssError::refuse(Refusal::INVALID_POLICY_DOCUMENT, message)
}

pub(crate) fn denied(what: &str) -> OssError {
    OssError::refuse(
        Refusal::NOT_BY_POLICY,
        format!("Invalid according to Policy: {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(condition: &str, fields: &[(&str, &str)]) -> bool {
        let json =
            format!("{{\"expiration\":\"2030-01-01T00:00:00.000Z\",\"conditions\":[{condition}]}}");
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Policy::read(&BASE64_STANDARD.encode(json))
            .unwrap()
            .check("backups", &fields, DateTime::UNIX_EPOCH)
            .is_ok()
    }

    #[test]
    fn conditions_of_every_form() {
        assert!(check("{\"bucket\":\"backups\"}", &[]));
        assert!(!check("{\"bucket\":\"other\"}", &[]));
        assert!(check("[\"eq\",\"$key\",\"a\"]", &[("key", "a")]));
        assert!(!check("[\"eq\",\"$key\",\"a\"]", &[]));
        assert!(check(
            "[\"starts-with\",\"$key\",\"u/\"]",
            &[("key", "u/1")]
        ));
        assert!(check("[\"starts-with\",\"$key\",\"\"]", &[]));
        assert!(!check("[\"starts-with\",\"$key\",\"u/\"]", &[("key", "v")]));
        assert!(check(
            "[\"in\",\"$content-type\",[\"a/b\",\"c/d\"]]",
            &[("content-type", "c/d")]
        ));
        assert!(!check("[\"in\",\"$content-type\",[\"a/b\"]]", &[]));
        assert!(check("[\"not-in\",\"$key\",[\"a\"]]", &[("key", "b")]));
        assert!(!check("[\"not-in\",\"$key\",[\"a\"]]", &[("key", "a")]));
        assert!(!check("[\"matches\",\"$key\",\"a\"]", &[("key", "a")]));
        assert!(!check(
            "{\"a\":\"1\",\"b\":\"2\"}",
            &[("a", "1"), ("b", "2")]
        ));
    }
}
