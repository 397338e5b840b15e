//! Checks of names, labels and annotations.

use serde_json::Value;

use crate::catalog::Resource;
use crate::error::Cause;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
    or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or \
    '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
pub(super) const DNS_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters \
    or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. \
    'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
    'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and \
    must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
    '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

fn edges(text: &str, inner: impl Fn(char) -> bool, edge: impl Fn(char) -> bool) -> bool {
    let (first, last) = (text.chars().next(), text.chars().next_back());
    first.is_some_and(&edge) && last.is_some_and(&edge) && text.chars().all(inner)
}

fn lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    text.len() <= 63 && edges(text, |c| lower(c) || c == '-', lower)
}

pub(super) fn is_dns_1035(text: &str) -> bool {
    is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253
        && text
            .split('.')
            .all(|part| edges(part, |c| lower(c) || c == '-', lower))
}

fn is_label_value(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric();
    text.is_empty() || text.len() <= 63 && edges(text, |c| word(c) || "-_.".contains(c), word)
}

fn is_qualified(text: &str) -> bool {
    let name = match text.split_once('/') {
        Some((prefix, name)) if is_subdomain(prefix) => name,
        Some(_) => return false,
        None => text,
    };
    !name.is_empty() && is_label_value(name)
}

/// The rule a name of this resource follows, and what to say when it does not.
fn rule(resource: &Resource) -> (fn(&str) -> bool, &'static str) {
    fn any(text: &str) -> bool {
        !text.is_empty() && !text.contains(['/', '%']) && text != "." && text != ".."
    }
    match (resource.group.as_str(), resource.name.as_str()) {
        ("", "namespaces") => (is_label, LABEL),
        // A Service's name may start with a digit since 1.36's relaxed validation is not on.
        ("", "services") => (is_dns_1035, DNS_1035),
        ("rbac.authorization.k8s.io", _) => (
            any,
            "name may not contain '/' or '%', and may not be '.' or '..'",
        ),
        _ => (is_subdomain, SUBDOMAIN),
    }
}

/// Why a name is illegal; a dot where none may be is named as such.
fn why_not(resource: &Resource, name: &str, why: &'static str) -> &'static str {
    if resource.is("", "namespaces") && name.contains('.') {
        return "must not contain dots";
    }
    why
}

/// Checks `metadata` of any object.
pub(crate) fn check_metadata(resource: &Resource, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let metadata = &object["metadata"];
    let (legal, why) = rule(resource);
    if let Some(prefix) = metadata["generateName"].as_str() {
        // Its end will not be the name's.
        let masked = match prefix.strip_suffix('-') {
            Some(start) => format!("{start}a"),
            None => prefix.to_owned(),
        };
        if !masked.is_empty() && !legal(&masked) {
            let why = why_not(resource, prefix, why);
            causes.push(Cause::invalid("metadata.generateName", &prefix.into(), why));
        }
    }
    let name = &metadata["name"];
    match name.as_str() {
        None | Some("") => {
            causes.push(Cause::required(
                "metadata.name",
                "name or generateName is required",
            ));
        }
        Some(text) => {
            if !legal(text) {
                let why = why_not(resource, text, why);
                causes.push(Cause::invalid("metadata.name", name, why));
            }
        }
    }
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        if !is_qualified(key) {
            causes.push(Cause::invalid(
                "metadata.labels",
                &key.as_str().into(),
                QUALIFIED,
            ));
        }
        if !is_label_value(value.as_str().unwrap_or_default()) {
            causes.push(Cause::invalid("metadata.labels", value, LABEL_VALUE));
        }
    }
    for key in metadata["annotations"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key)
    {
        if !is_qualified(&key.to_lowercase()) {
            causes.push(Cause::invalid(
                "metadata.annotations",
                &key.as_str().into(),
                QUALIFIED,
            ));
        }
    }
    let finalizers = metadata["finalizers"].as_array().into_iter().flatten();
    for (index, finalizer) in finalizers.enumerate() {
        let text = finalizer.as_str().unwrap_or_default();
        let known = matches!(text, "orphan" | "foregroundDeletion" | "kubernetes");
        if !known && !text.contains('/') {
            causes.push(Cause::invalid(
                format!("metadata.finalizers[{index}]"),
                finalizer,
                "name is neither a standard finalizer name nor is it fully qualified",
            ));
        }
    }
    for owner in metadata["ownerReferences"].as_array().into_iter().flatten() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            let text = owner[field].as_str().unwrap_or_default();
            if text.is_empty() {
                let at = format!("metadata.ownerReferences.{field}");
                causes.push(Cause::invalid(at, &text.into(), "must not be empty"));
            }
        }
    }
    causes
}
