//! What a copy copies.

use alibaba_sign::percent;
use http::HeaderMap;

/// The object, and perhaps the version, of `x-oss-copy-source`.
#[derive(Debug)]
pub(crate) struct CopySource {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version: Option<String>,
}

impl CopySource {
    /// The source that a request names, if it names one.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get("x-oss-copy-source")?.to_str().ok()?)
    }

    /// Reads `/bucket/encoded-key[?versionId=id]`.
    fn parse(text: &str) -> Option<Self> {
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (text, None),
        };
        let version = match query {
            Some(query) => Some(percent::decode(query.strip_prefix("versionId=")?)?),
            None => None,
        };
        // Some clients encode the slashes too.
        let path = percent::decode(path)?;
        let (bucket, key) = path.strip_prefix('/').unwrap_or(&path).split_once('/')?;
        (!bucket.is_empty() && !key.is_empty()).then(|| Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_in_every_spelling() {
        let source = |text| {
            CopySource::parse(text).map(|it| format!("{}|{}|{:?}", it.bucket, it.key, it.version))
        };
        assert_eq!(source("/b/a%20b%3F").as_deref(), Some("b|a b?|None"));
        assert_eq!(source("b/k").as_deref(), Some("b|k|None"));
        assert_eq!(source("%2Fb%2Fk").as_deref(), Some("b|k|None"));
        assert_eq!(
            source("/b/k?versionId=x%2B1").as_deref(),
            Some("b|k|Some(\"x+1\")")
        );
        assert_eq!(source("/b/k?other=1"), None);
        assert_eq!(source("/b/"), None);
        assert_eq!(source("b"), None);
    }
}
