//! Selectors of labels as one line, as `kubectl --selector` takes them.

use std::collections::BTreeSet;

use kube::core::{Expression, Selector};

use crate::{Error, Result};

/// Reads a selector of labels: `app=web`, `tier!=cache`, `env in (test, live)`, `env notin (old)`, `owner`, `!owner`,
/// and several of these with commas between, which must all be true.
///
/// ```
/// use kube::core::SelectorExt as _;
///
/// let selector = kube_backup_engine::label_selector("app=web,env in (test,live),!old")?;
/// assert!(selector.matches(&[("app".to_owned(), "web".to_owned()), ("env".to_owned(), "live".to_owned())].into()));
/// # Ok::<(), kube_backup_engine::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when it is none.
pub fn label_selector(text: &str) -> Result<Selector> {
    let mut selector = Selector::default();
    for part in split(text) {
        let read = requirement(part.trim());
        let expression = read.ok_or_else(|| {
            Error::invalid(format!(
                "read `{text}` as a selector of labels: write `key=value`, `key!=value`, `key in (a,b)`, `key notin (a,b)`, \
                 `key` or `!key`, with commas between"
            ))
        })?;
        selector.extend([expression]);
    }
    Ok(selector)
}

/// At the commas that are in no parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn requirement(text: &str) -> Option<Expression> {
    if let Some(key) = text.strip_prefix('!') {
        return Some(Expression::DoesNotExist(key_of(key)?));
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Some(Expression::NotEqual(key_of(key)?, value_of(value)?));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(Expression::Equal(key_of(key)?, value_of(value)?));
    }
    let Some((key, rest)) = text.split_once(char::is_whitespace) else {
        return Some(Expression::Exists(key_of(text)?));
    };
    let (operator, values) = rest.trim_start().split_once('(')?;
    let values = values.trim_end().strip_suffix(')')?.split(',');
    let values: BTreeSet<String> = values.map(value_of).collect::<Option<_>>()?;
    match operator.trim_end() {
        "in" => Some(Expression::In(key_of(key)?, values)),
        "notin" => Some(Expression::NotIn(key_of(key)?, values)),
        _ => None,
    }
}

/// A key with its prefix.
fn key_of(text: &str) -> Option<String> {
    let text = text.trim();
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let fine = !text.is_empty() && text.bytes().all(legal);
    fine.then(|| text.to_owned())
}

/// A value, which may be empty.
fn value_of(text: &str) -> Option<String> {
    let text = text.trim();
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let fine = text.len() <= 63 && text.bytes().all(legal);
    fine.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_as_kubectl_reads_them() {
        for (text, printed) in [
            ("app=web", "app=web"),
            ("app == web", "app=web"),
            ("app!=web,  x.io/tier", "app!=web,x.io/tier"),
            ("!old", "!old"),
            ("env in (b, a)", "env in (a,b)"),
            ("env notin (a),app=", "env notin (a),app="),
        ] {
            let selector = label_selector(text).unwrap();
            assert_eq!(selector.to_string(), printed, "{text}");
        }
        for text in [
            "", ",", "a=b,", "a b", "a in b", "a in (b", "a=b c", "a b (c)", "=x", "a=(b)", "!",
        ] {
            assert!(label_selector(text).is_err(), "{text}");
        }
    }
}
