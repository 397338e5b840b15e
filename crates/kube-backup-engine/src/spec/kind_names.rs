//! Kinds, by the names that people have for them.

use glob::Pattern;

use super::selection::{is_pattern, pattern};
use crate::{ApiResource, GroupResource};

/// A name of a kind, as `kubectl` reads it.
struct KindName<'a> {
    /// The kind's own name: plural, singular, short or `Kind`, or a pattern of plural names.
    word: &'a str,
    words: Option<Pattern>,
    /// Its group, or version and group.
    rest: Option<&'a str>,
    groups: Option<Pattern>,
}

impl<'a> KindName<'a> {
    /// `None` when it is no name.
    fn read(name: &'a str) -> Option<Self> {
        let (word, rest) = match name.split_once('.') {
            Some((word, rest)) => (word, Some(rest)),
            None => (name, None),
        };
        if word.is_empty() {
            return None;
        }
        let compiled = |text: &str| match is_pattern(text) {
            true => pattern(&text.to_ascii_lowercase()).map(Some),
            false => Ok(None),
        };
        Some(Self {
            word,
            words: compiled(word).ok()?,
            rest,
            groups: compiled(rest.unwrap_or_default()).ok()?,
        })
    }

    fn means(&self, resource: &ApiResource) -> bool {
        self.is_word_of(resource) && self.is_group_of(resource)
    }

    fn is_word_of(&self, resource: &ApiResource) -> bool {
        match &self.words {
            Some(words) => words.matches(&resource.plural),
            None => {
                let word = self.word;
                resource.plural.eq_ignore_ascii_case(word)
                    || resource.singular.eq_ignore_ascii_case(word)
                    || resource.kind.eq_ignore_ascii_case(word)
                    || resource.short_names.iter().any(|short| short == word)
            }
        }
    }

    fn is_group_of(&self, resource: &ApiResource) -> bool {
        let Some(rest) = self.rest else {
            return true;
        };
        if let Some(groups) = &self.groups {
            return groups.matches(&resource.group);
        }
        let version = rest.strip_prefix(resource.version.as_str());
        rest.eq_ignore_ascii_case(&resource.group)
            || match version {
                // `pods.v1.` is how kubectl writes a version of the core group.
                Some("" | ".") => resource.group.is_empty(),
                Some(rest) => rest.strip_prefix('.') == Some(resource.group.as_str()),
                None => false,
            }
    }

    /// Whether it can mean several kinds. A bare word means one; the server's order says which, as it does
    /// for kubectl.
    fn is_of_many(&self) -> bool {
        self.words.is_some() || self.rest.is_some()
    }
}

/// The kinds among those `known` that someone means by `name`.
pub(crate) fn resolve<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a ApiResource>,
) -> Vec<GroupResource> {
    let mut found = Vec::new();
    let Some(name) = KindName::read(name) else {
        return found;
    };
    for resource in known {
        if !name.means(resource) {
            continue;
        }
        let kind = resource.group_resource();
        if !found.contains(&kind) {
            found.push(kind);
        }
        if !name.is_of_many() {
            break;
        }
    }
    found
}

/// Whether a name, if it means anything, means kinds of `group`.
pub(crate) fn names_group(name: &str, group: &str) -> bool {
    if name == "*" {
        return true;
    }
    let Some((_, rest)) = name.split_once('.') else {
        return false;
    };
    rest == group
        || rest.strip_suffix(group).is_some_and(|version| {
            version.ends_with('.') && !version[..version.len() - 1].contains('.')
        })
        || is_pattern(rest) && pattern(rest).is_ok_and(|pattern| pattern.matches(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(group: &str, version: &str, kind: &str, plural: &str, short: &str) -> ApiResource {
        ApiResource {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            singular: kind.to_lowercase(),
            short_names: vec![short.into()],
            namespaced: true,
            verbs: Vec::new(),
            subresources: Vec::new(),
        }
    }

    fn known() -> Vec<ApiResource> {
        vec![
            resource("", "v1", "Event", "events", "ev"),
            resource("", "v1", "Secret", "secrets", ""),
            resource("apps", "v1", "Deployment", "deployments", "deploy"),
            resource("apps", "v1beta1", "Deployment", "deployments", "deploy"),
            resource("apps", "v1", "DaemonSet", "daemonsets", "ds"),
            resource("events.k8s.io", "v1", "Event", "events", "ev"),
            resource("v1.example.com", "v2", "Secret", "secrets", ""),
        ]
    }

    #[test]
    fn names_resolve_as_for_kubectl() {
        let deployments = ["deployments.apps"].as_slice();
        let cases: [(&str, &[&str]); 17] = [
            ("deploy", deployments),
            ("deployment", deployments),
            ("Deployments", deployments),
            ("Deployment", deployments),
            ("deploy.apps", deployments),
            ("deployments.v1.apps", deployments),
            ("deployments.v1beta1.apps", deployments),
            ("deployments.v2.apps", &[]),
            ("*.apps", &["deployments.apps", "daemonsets.apps"]),
            ("d*s", &["deployments.apps", "daemonsets.apps"]),
            ("*.*.example.com", &["secrets.v1.example.com"]),
            ("events", &["events"]),
            ("events.v1.", &["events"]),
            ("ev.events.k8s.io", &["events.events.k8s.io"]),
            ("secrets", &["secrets"]),
            ("secrets.v1.example.com", &["secrets.v1.example.com"]),
            ("deploymnts.apps", &[]),
        ];
        for (name, expected) in cases {
            let found = resolve(name, &known());
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(resolve("*", &known()).len(), 6);
    }

    #[test]
    fn a_group_is_named_with_and_without_its_version() {
        for name in ["*", "a.x.io", "*.x.io", "a.v1.x.io", "*.*.io"] {
            assert!(names_group(name, "x.io"), "{name}");
        }
        for name in ["a", "x.io", "a.yx.io", "a.b.v1.x.io"] {
            assert!(!names_group(name, "x.io"), "{name}");
        }
    }
}
