//! Label and field selectors.

use serde_json::Value;

use crate::error::ApiError;

/// A parsed label selector; the empty one matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    GreaterThan(i64),
    LessThan(i64),
}

impl LabelSelector {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut requirements = Vec::new();
        if text.trim().is_empty() {
            return Ok(Self(requirements));
        }
        for part in split_outside_parentheses(text) {
            let part = part.trim();
            requirements.push(requirement(part).ok_or_else(|| {
                ApiError::bad_request(format!(
                    "unable to parse requirement: found '{part}', expected: identifier"
                ))
            })?);
        }
        Ok(Self(requirements))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `labels` are sorted pairs.
    pub(crate) fn matches(&self, labels: &[(String, String)]) -> bool {
        let find = |key: &str| {
            labels
                .iter()
                .find(|(k, _)| k == key)
                .map(|(_, v)| v.as_str())
        };
        self.0.iter().all(|r| {
            let value = find(&r.key);
            match &r.test {
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::In(allowed) => value.is_some_and(|v| allowed.iter().any(|a| a == v)),
                Test::NotIn(refused) => value.is_none_or(|v| refused.iter().all(|a| a != v)),
                Test::GreaterThan(n) => number(value).is_some_and(|v| v > *n),
                Test::LessThan(n) => number(value).is_some_and(|v| v < *n),
            }
        })
    }
}

fn number(value: Option<&str>) -> Option<i64> {
    value?.parse().ok()
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0usize, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(part: &str) -> Option<Requirement> {
    let new = |key: &str, test| {
        let key = key.trim();
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        let slashes = key.matches('/').count();
        (!key.is_empty() && slashes < 2 && key.chars().all(legal)).then(|| Requirement {
            key: key.to_owned(),
            test,
        })
    };
    if let Some((key, value)) = part.split_once("!=") {
        return new(key, Test::NotIn(vec![label_value(value)?]));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return new(key, Test::In(vec![label_value(value)?]));
    }
    if let Some((key, value)) = part.split_once('>') {
        return new(key, Test::GreaterThan(value.trim().parse().ok()?));
    }
    if let Some((key, value)) = part.split_once('<') {
        return new(key, Test::LessThan(value.trim().parse().ok()?));
    }
    if let Some(key) = part.strip_prefix('!') {
        return new(key, Test::Absent);
    }
    let mut words = part.splitn(2, char::is_whitespace);
    let (key, rest) = (words.next()?, words.next().map(str::trim));
    let values = |list: &str| -> Option<Vec<String>> {
        let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
        list.split(',').map(label_value).collect()
    };
    match rest {
        None => new(key, Test::Exists),
        Some(rest) => {
            if let Some(list) = rest.strip_prefix("notin") {
                new(key, Test::NotIn(values(list)?))
            } else {
                new(key, Test::In(values(rest.strip_prefix("in")?)?))
            }
        }
    }
}

fn label_value(text: &str) -> Option<String> {
    let text = text.trim();
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        .then(|| text.to_owned())
}

/// A parsed field selector: pairs of path and value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSelector(Vec<(String, String, bool)>);

impl FieldSelector {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut terms = Vec::new();
        for part in split_unescaped(text) {
            let part = part.as_str();
            let (path, value, equal) = if let Some((path, value)) = part.split_once("!=") {
                (path, value, false)
            } else if let Some((path, value)) =
                part.split_once("==").or_else(|| part.split_once('='))
            {
                (path, value, true)
            } else {
                return Err(ApiError::bad_request(format!(
                    "invalid selector: '{text}'; can't understand '{part}'"
                )));
            };
            if path.is_empty() && value.is_empty() {
                continue;
            }
            terms.push((path.to_owned(), unescaped(value), equal));
        }
        Ok(Self(terms))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(path, _, _)| path.as_str())
    }

    /// Does it look at more than name and namespace?
    pub(crate) fn needs_body(&self) -> bool {
        self.paths()
            .any(|path| path != "metadata.name" && path != "metadata.namespace")
    }

    pub(crate) fn matches(&self, namespace: &str, name: &str, body: Option<&Value>) -> bool {
        self.0.iter().all(|(path, wanted, equal)| {
            let found = match path.as_str() {
                "metadata.name" => name.to_owned(),
                "metadata.namespace" => namespace.to_owned(),
                _ => body.map(|body| text_at(body, path)).unwrap_or_default(),
            };
            (found == *wanted) == *equal
        })
    }
}

/// The terms of a field selector: a comma after a backslash belongs to a value.
fn split_unescaped(text: &str) -> Vec<String> {
    let (mut terms, mut term, mut escaped) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        if c == ',' && !escaped {
            terms.push(std::mem::take(&mut term));
        } else {
            term.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    terms.push(term);
    terms.retain(|term| !term.is_empty());
    terms
}

fn unescaped(value: &str) -> String {
    let mut chars = value.chars();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.extend(chars.next()),
            other => plain.push(other),
        }
    }
    plain
}

fn text_at(body: &Value, path: &str) -> String {
    let found = path
        .trim_start_matches('.')
        .split('.')
        .fold(body, |value, key| &value[key]);
    match found {
        Value::Null => match path {
            // Absent booleans select as false.
            "spec.unschedulable" | "spec.hostNetwork" => "false".to_owned(),
            _ => String::new(),
        },
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str, labels: &[(&str, &str)]) -> bool {
        let labels: Vec<_> = labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        LabelSelector::parse(selector).unwrap().matches(&labels)
    }

    #[test]
    fn set_based_requirements_follow_the_servers_rules() {
        assert!(matches("a in (x, y),!b", &[("a", "y")]));
        assert!(!matches("a in (x,y),!b", &[("a", "y"), ("b", "")]));
        assert!(matches("a notin (x)", &[]), "absent keys satisfy notin");
        assert!(matches("a!=x", &[]), "absent keys satisfy !=");
        assert!(matches("n>3", &[("n", "4")]) && !matches("n>3", &[("n", "3")]));
        assert!(matches("a", &[("a", "")]) && matches("a=", &[("a", "")]));
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["a in x", "a b", "=x", "a=(x", "a in (x"] {
            assert!(LabelSelector::parse(bad).is_err(), "{bad}");
        }
        assert!(FieldSelector::parse("metadata.name").is_err());
    }
}
