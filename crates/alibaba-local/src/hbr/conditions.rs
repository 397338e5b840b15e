//! Conditions on rows: filters of listings, and queries of searches.

use serde::Deserialize;
use serde_json::Value;

use crate::openapi::error::ApiError;

/// A condition of `Filters`, as it travels.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filter {
    key: String,
    operator: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

/// A condition of `Query`, as it travels.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Query {
    pub(super) field: String,
    operation: String,
    value: Value,
}

/// Keeps the rows that fulfil all filters. `members` says what member of a row a key is about; keys
/// without one are refused.
pub(super) fn filter(
    rows: &mut Vec<Value>,
    filters: &[Filter],
    members: &[(&str, &'static str)],
) -> Result<(), ApiError> {
    for filter in filters {
        let invalid = || ApiError::invalid("Filters");
        let (_, member) = members
            .iter()
            .find(|(key, _)| *key == filter.key)
            .ok_or_else(invalid)?;
        let operator = filter.operator.as_deref().unwrap_or("IN");
        // "CompleteTime cannot be compared by IN."
        if filter.values.is_empty() || (filter.key == "CompleteTime" && operator == "IN") {
            return Err(invalid());
        }
        let values: Vec<_> = filter.values.iter().map(|it| it.as_str().into()).collect();
        let operator = Operator::parse(operator, &values).ok_or_else(invalid)?;
        rows.retain(|row| operator.holds(&row[*member], &values));
    }
    Ok(())
}

/// Keeps the rows that fulfil a query.
pub(super) fn search(rows: &mut Vec<Value>, query: &[Query]) -> Result<(), ApiError> {
    for condition in query {
        let invalid = || ApiError::invalid("Query");
        let field = condition.field.as_str();
        if !FIELDS.contains(&field) {
            return Err(invalid());
        }
        let values = match &condition.value {
            Value::Array(values) => values.clone(),
            value => vec![value.clone()],
        };
        let is_plain = |value: &Value| value.is_string() || value.is_number();
        if values.is_empty() || !values.iter().all(is_plain) {
            return Err(invalid());
        }
        let operator = Operator::parse(&condition.operation, &values).ok_or_else(invalid)?;
        rows.retain(|row| operator.holds(&row[field], &values));
    }
    Ok(())
}

/// What a query may be about.
const FIELDS: &[&str] = &[
    "VaultId",
    "InstanceId",
    "Bucket",
    "FileSystemId",
    "CreateTime",
    "CompleteTime",
    "PlanId",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Between,
}

impl Operator {
    fn parse(text: &str, values: &[Value]) -> Option<Self> {
        let (operator, count) = match text {
            "MATCH_TERM" | "EQUAL" => (Self::In, 1),
            "NOT_EQUAL" => (Self::NotIn, 1),
            "IN" => (Self::In, values.len()),
            "NOT_IN" => (Self::NotIn, values.len()),
            "GREATER_THAN" => (Self::Greater, 1),
            "GREATER_THAN_OR_EQUAL" => (Self::GreaterOrEqual, 1),
            "LESS_THAN" => (Self::Less, 1),
            "LESS_THAN_OR_EQUAL" => (Self::LessOrEqual, 1),
            "BETWEEN" => (Self::Between, 2),
            _ => return None,
        };
        (values.len() == count).then_some(operator)
    }

    fn holds(self, found: &Value, values: &[Value]) -> bool {
        let equal = || values.iter().any(|value| plain(value) == plain(found));
        let number = number(found);
        let first = values.first().and_then(self::number);
        let compares = |holds: fn(i64, i64) -> bool| match (number, first) {
            (Some(found), Some(value)) => holds(found, value),
            _ => false,
        };
        match self {
            Self::In => equal(),
            Self::NotIn => !equal(),
            Self::Greater => compares(|a, b| a > b),
            Self::GreaterOrEqual => compares(|a, b| a >= b),
            Self::Less => compares(|a, b| a < b),
            Self::LessOrEqual => compares(|a, b| a <= b),
            Self::Between => {
                let last = values.last().and_then(self::number);
                compares(|a, b| a >= b) && number <= last
            }
        }
    }
}

/// Numbers may be written as text.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_compare_texts_and_numbers() {
        for (operator, values, holds) in [
            ("IN", json!(["5", "7"]), true),
            ("EQUAL", json!([5]), true),
            ("NOT_EQUAL", json!(["5"]), false),
            ("NOT_IN", json!(["6"]), true),
            ("GREATER_THAN", json!(["4"]), true),
            ("GREATER_THAN", json!([5]), false),
            ("LESS_THAN_OR_EQUAL", json!(["5"]), true),
            ("BETWEEN", json!([1, "5"]), true),
            ("BETWEEN", json!([6, 7]), false),
            ("LESS_THAN", json!(["x"]), false),
        ] {
            let values = values.as_array().unwrap();
            let parsed = Operator::parse(operator, values).unwrap();
            assert_eq!(
                parsed.holds(&json!(5), values),
                holds,
                "{operator} {values:?}"
            );
        }
        for (operator, values) in [("LIKE", 1), ("BETWEEN", 1), ("EQUAL", 2)] {
            let values = vec![json!(1); values];
            assert_eq!(Operator::parse(operator, &values), None, "{operator}");
        }
    }
}
