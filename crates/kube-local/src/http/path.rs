//! From the path of a request to what it is about.

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Root,
    Version,
    Health,
    OpenApiV2,
    OpenApiV3(Option<String>),
    /// `/api`
    LegacyVersions,
    /// `/apis`
    Groups,
    /// `/apis/apps`
    Group(String),
    /// `/apis/apps/v1`, `/api/v1`
    Resources {
        group: String,
        version: String,
    },
    Objects(ObjectPath),
    Unknown,
}

/// A path to objects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ObjectPath {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) namespace: Option<String>,
    pub(crate) resource: String,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

pub(crate) fn route(path: &str) -> Route {
    let segments: Vec<String> = path
        .split('/')
        .filter(|s| !s.is_empty())
        .map(percent_decode)
        .collect();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [] => Route::Root,
        ["version"] => Route::Version,
        ["healthz" | "livez" | "readyz", ..] => Route::Health,
        ["openapi", "v2"] => Route::OpenApiV2,
        ["openapi", "v3"] => Route::OpenApiV3(None),
        ["openapi", "v3", rest @ ..] => Route::OpenApiV3(Some(rest.join("/"))),
        ["api"] => Route::LegacyVersions,
        ["api", "v1"] => Route::Resources {
            group: String::new(),
            version: "v1".to_owned(),
        },
        ["api", "v1", rest @ ..] => objects("", "v1", rest),
        ["apis"] => Route::Groups,
        ["apis", group] => Route::Group((*group).to_owned()),
        ["apis", group, version] => Route::Resources {
            group: (*group).to_owned(),
            version: (*version).to_owned(),
        },
        ["apis", group, version, rest @ ..] => objects(group, version, rest),
        _ => Route::Unknown,
    }
}

fn objects(group: &str, version: &str, rest: &[&str]) -> Route {
    // The old form of a watch: /api/v1/watch/...
    let rest = rest.strip_prefix(&["watch"]).unwrap_or(rest);
    let mut path = ObjectPath {
        group: group.to_owned(),
        version: version.to_owned(),
        ..ObjectPath::default()
    };
    let own = |text: &&str| Some((*text).to_owned());
    let rest = match rest {
        ["namespaces", _, "status" | "finalize"] if group.is_empty() => rest,
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => {
            path.namespace = own(namespace);
            rest
        }
        _ => rest,
    };
    match rest {
        [resource] => path.resource = (*resource).to_owned(),
        [resource, name] => {
            path.resource = (*resource).to_owned();
            path.name = own(name);
        }
        [resource, name, subresource, ..] => {
            path.resource = (*resource).to_owned();
            path.name = own(name);
            path.subresource = own(subresource);
        }
        [] => return Route::Unknown,
    }
    Route::Objects(path)
}

/// Undoes percent-encoding; what is no escape stays.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escape {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(path: &str) -> ObjectPath {
        match route(path) {
            Route::Objects(found) => found,
            other => panic!("{path} is {other:?}"),
        }
    }

    #[test]
    fn a_namespace_is_both_a_scope_and_an_object() {
        let pods = objects("/api/v1/namespaces/shop/pods/a/status");
        assert_eq!(pods.namespace.as_deref(), Some("shop"));
        assert_eq!(pods.subresource.as_deref(), Some("status"));
        let shop = objects("/api/v1/namespaces/shop");
        assert_eq!(
            (shop.resource.as_str(), shop.name.as_deref()),
            ("namespaces", Some("shop"))
        );
        let finalize = objects("/api/v1/namespaces/shop/finalize");
        assert_eq!(finalize.resource, "namespaces");
        assert_eq!(finalize.subresource.as_deref(), Some("finalize"));
    }

    #[test]
    fn names_are_percent_decoded() {
        let role = objects("/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode");
        assert_eq!(role.name.as_deref(), Some("system:node"));
    }
}
