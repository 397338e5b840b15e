//! Sending requests as somebody else.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::spec::null_is_default;

/// Whom a restore acts for: all its requests are sent as them, with Kubernetes'
/// [impersonation], so that the server's authorization, its check that nobody grants more than they have, its
/// admission and its audit log see the requester. Whoever runs the restore needs the right to impersonate
/// them, and needs none to write.
///
/// So are those that only look: a plan or report shows the requester nothing that they could not see themselves. The kinds
/// of a cluster, which a restore asks for first, are shown to everybody who is authenticated (`system:discovery`).
///
/// [impersonation]: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActAs {
    /// The user's name; that of an account is `system:serviceaccount:<namespace>:<name>`.
    pub user: String,
    /// The user's groups. The server adds `system:authenticated`, and those of accounts.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub groups: Vec<String>,
    /// What else the cluster's authentication says of the user, by key.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub extra: BTreeMap<String, Vec<String>>,
}

impl ActAs {
    /// This user, in these groups.
    pub fn user<T: Into<String>>(
        name: impl Into<String>,
        groups: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            user: name.into(),
            groups: groups.into_iter().map(Into::into).collect(),
            extra: BTreeMap::new(),
        }
    }

    /// The headers that say so; or what cannot be in one.
    pub(crate) fn headers(&self) -> Result<HeaderMap, String> {
        if self.user.is_empty() {
            return Err("`actAs` names no user".to_owned());
        }
        let value = |text: &str| {
            HeaderValue::from_bytes(text.as_bytes())
                .map_err(|_| format!("`{}` in `actAs` cannot be sent", text.escape_debug()))
        };
        let mut headers = HeaderMap::new();
        let user = HeaderName::from_static("impersonate-user");
        headers.insert(user, value(&self.user)?);
        for group in &self.groups {
            let name = HeaderName::from_static("impersonate-group");
            headers.append(name, value(group)?);
        }
        for (key, values) in &self.extra {
            let name = format!("impersonate-extra-{}", escaped(key));
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("key `{key}` in `actAs` cannot be sent"))?;
            for text in values {
                headers.append(name.clone(), value(text)?);
            }
        }
        Ok(headers)
    }
}

/// A key in the name of a header: in lower case, and what cannot stand there percent-encoded.
fn escaped(key: &str) -> String {
    let mut escaped = String::new();
    for byte in key.to_lowercase().bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02x}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_who_it_is() {
        let mut who = ActAs::user("jane", ["dev", "system:authenticated"]);
        who.extra.insert(
            "acme.com/Project".to_owned(),
            vec!["a".to_owned(), "b".to_owned()],
        );
        let headers = who.headers().unwrap();
        let of = |name: &str| {
            let values = headers.get_all(name).iter();
            values
                .map(|value| value.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("impersonate-user"), ["jane"]);
        assert_eq!(of("impersonate-group"), ["dev", "system:authenticated"]);
        assert_eq!(of("impersonate-extra-acme.com%2fproject"), ["a", "b"]);
        for who in ["", "a\nImpersonate-Group: system:masters", "a\0"] {
            assert!(ActAs::user(who, ["dev"]).headers().is_err(), "{who:?}");
        }
        assert!(ActAs::user("a", ["b\r\nc"]).headers().is_err());
    }
}
