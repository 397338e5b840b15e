//! Paths of requests to the API server. All are put together here, segment by segment: what is in a name
//! never ends a segment, a path or begins a query.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what a segment may hold as it is (RFC 3986, unreserved), and `:`, as in `system:admin`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// The path of these segments.
///
/// The server decodes a path before it takes it apart, so that an encoded `/` would still end a segment.
/// Segments that no object can have for its name ([`refusal_of_name`]) are therefore encoded twice: they
/// arrive as names with a `%`, of which there are none, and the server finds nothing.
pub(crate) fn path<'a>(segments: impl IntoIterator<Item = &'a str>) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        let encoded = utf8_percent_encode(segment, ENCODED);
        // Writing to a String does not fail.
        let _ = match segment {
            "" => path.write_str("%2525"),
            "." | ".." => path.write_str(&segment.replace('.', "%252E")),
            _ if refusal_of_name(segment).is_some() => {
                path.write_str(&encoded.to_string().replace('%', "%25"))
            }
            _ => write!(path, "{encoded}"),
        };
    }
    path
}

/// The path of the CustomResourceDefinition of this name.
pub(crate) fn path_of_definition(name: &str) -> String {
    let list = [
        "apis",
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
    ];
    path(list.into_iter().chain([name]))
}

/// Why no object can have this name (apimachinery, pkg/api/validation/path: `IsValidPathSegmentName`);
/// most kinds allow less.
pub(crate) fn refusal_of_name(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("a name is not empty"),
        "." | ".." => Some("`.` and `..` are no names"),
        name if name.contains(['/', '%']) => Some("a name holds neither `/` nor `%`"),
        _ => None,
    }
}

/// Why no namespace can have this name: it is a DNS label (RFC 1123).
pub(crate) fn refusal_of_namespace(name: &str) -> Option<&'static str> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = (1..=63).contains(&name.len())
        && name.bytes().all(legal)
        && !name.starts_with('-')
        && !name.ends_with('-');
    (!is_label).then_some(
        "the name of a namespace has 1 to 63 lower-case letters, digits and `-`, and neither begins nor \
         ends with `-`",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the API server takes a path apart (net/url, apiserver's request info): decoded once, as a whole.
    fn as_the_server_reads(path: &str) -> Vec<String> {
        let decoded = percent_encoding::percent_decode_str(path);
        let decoded = decoded.decode_utf8().unwrap().into_owned();
        let segments = decoded.strip_prefix('/').unwrap().split('/');
        segments.map(str::to_owned).collect()
    }

    proptest! {
        #[test]
        fn a_name_is_one_segment_and_no_query(name in "\\PC{0,20}|[./%?#&= a-z\u{0}\n]{0,12}") {
            let path = path(["api", "v1", "namespaces", "shop", "services", &name]);
            let uri: http::Uri = path.parse().unwrap();
            prop_assert_eq!(uri.query(), None);
            prop_assert_eq!(uri.path(), path.as_str());
            let read = as_the_server_reads(&path);
            prop_assert_eq!(read.len(), 6);
            let last = &read[5];
            if refusal_of_name(&name).is_none() {
                prop_assert_eq!(last, &name);
            } else {
                prop_assert!(refusal_of_name(last).is_some() && !last.contains('/') && last.contains('%'));
            }
        }
    }

    #[test]
    fn names_of_rbac_objects_stay_readable() {
        assert_eq!(path(["a", "system:x-y_z~0.1"]), "/a/system:x-y_z~0.1");
        assert_eq!(path(["a b", "x\ty", "é"]), "/a%20b/x%09y/%C3%A9");
        assert_eq!(path(["x/proxy/y", ".."]), "/x%252Fproxy%252Fy/%252E%252E");
    }

    #[test]
    fn namespaces_are_dns_labels() {
        for name in ["a", "shop-1", "0", &"a".repeat(63)] {
            assert_eq!(refusal_of_namespace(name), None, "{name}");
        }
        for name in [
            "",
            "-a",
            "a-",
            "A",
            "a.b",
            "a/b",
            "a?b",
            "a%2f",
            "é",
            &"a".repeat(64),
        ] {
            assert!(refusal_of_namespace(name).is_some(), "{name}");
        }
    }
}
