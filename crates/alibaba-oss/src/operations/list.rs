//! ListObjectsV2.

use alibaba_sign::percent;
use chrono::{DateTime, Utc};
use futures::Stream;
use futures::stream::try_unfold;
use http::Method;
use serde::Deserialize;

use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::xml;

/// A listing under construction. See [`Client::list_objects`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListObjects {
    client: Client,
    bucket: String,
    prefix: String,
    delimiter: Option<String>,
    start_after: Option<String>,
    token: Option<String>,
    max_keys: u32,
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ObjectPage {
    /// The objects, in the order of their keys.
    pub objects: Vec<ObjectSummary>,
    /// What lies behind the delimiter, rolled up.
    pub common_prefixes: Vec<String>,
    /// Where the next page begins; `None` after the last.
    pub next_token: Option<String>,
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectSummary {
    /// Its key, decoded.
    pub key: String,
    /// Its length.
    pub len: u64,
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// When it was last modified.
    pub last_modified: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListBucketResult {
    encoding_type: Option<String>,
    #[serde(default)]
    is_truncated: bool,
    next_continuation_token: Option<String>,
    #[serde(default)]
    contents: Vec<Contents>,
    #[serde(default)]
    common_prefixes: Vec<CommonPrefix>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contents {
    key: String,
    size: u64,
    #[serde(rename = "ETag")]
    etag: Option<String>,
    last_modified: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CommonPrefix {
    prefix: String,
}

impl Client {
    /// Lists objects, page by page.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use futures::TryStreamExt;
    ///
    /// let mut pages = std::pin::pin!(client.list_objects("backups").prefix("notes/").pages());
    /// while let Some(page) = pages.try_next().await? {
    ///     for object in page.objects {
    ///         println!("{} {}", object.len, object.key);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_objects(&self, bucket: impl Into<String>) -> ListObjects {
        ListObjects {
            client: self.clone(),
            bucket: bucket.into(),
            prefix: String::new(),
            delimiter: None,
            start_after: None,
            token: None,
            max_keys: 1000,
        }
    }
}

impl ListObjects {
    /// Only keys that begin so.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Rolls up what lies behind the first delimiter after the prefix.
    pub fn delimiter(mut self, delimiter: impl Into<String>) -> Self {
        self.delimiter = Some(delimiter.into());
        self
    }

    /// Only keys after this one.
    pub fn start_after(mut self, key: impl Into<String>) -> Self {
        self.start_after = Some(key.into());
        self
    }

    /// Continues behind a page.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// At most this many entries a page, up to 1000.
    pub fn max_keys(mut self, max: u32) -> Self {
        self.max_keys = max.clamp(1, 1000);
        self
    }

    /// The next page.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] where the bucket does not exist.
    pub async fn send(&self) -> Result<ObjectPage> {
        let mut call = Call::new(Method::GET, format!("list objects of `{}`", self.bucket))
            .bucket(&self.bucket)
            .query("list-type", "2")
            .query("encoding-type", "url")
            .query("max-keys", self.max_keys.to_string());
        for (name, value) in [
            (
                "prefix",
                Some(&self.prefix).filter(|prefix| !prefix.is_empty()),
            ),
            ("delimiter", self.delimiter.as_ref()),
            ("start-after", self.start_after.as_ref()),
            ("continuation-token", self.token.as_ref()),
        ] {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        let reply = self.client.execute(&call).await?;
        let bytes = xml::collect(&call.step, reply.response, self.client.silence()).await?;
        page(
            &call.step,
            xml::parse(&call.step, "ListBucketResult", &bytes)?,
        )
    }

    /// All pages, one after the other.
    pub fn pages(self) -> impl Stream<Item = Result<ObjectPage>> + Send {
        try_unfold(Some(self), |state| async move {
            let Some(mut list) = state else {
                return Ok(None);
            };
            let page = list.send().await?;
            let next = page.next_token.clone().map(|token| {
                list.token = Some(token);
                list
            });
            Ok(Some((page, next)))
        })
    }
}

fn page(step: &str, list: ListBucketResult) -> Result<ObjectPage> {
    let encoded = list.encoding_type.as_deref() == Some("url");
    let decode = |text: String| {
        if !encoded {
            return Ok(text);
        }
        percent::decode(&text)
            .ok_or_else(|| Error::new(ErrorKind::Response, format!("{step}: decode key `{text}`")))
    };
    // A truncated page without a token, or an empty one, would be read for ever.
    let next_token = list
        .next_continuation_token
        .filter(|token| list.is_truncated && !token.is_empty());
    if list.is_truncated && next_token.is_none() {
        return Err(Error::new(
            ErrorKind::Response,
            format!("{step}: the page is cut off and does not say where to go on"),
        ));
    }
    Ok(ObjectPage {
        objects: list
            .contents
            .into_iter()
            .map(|object| {
                Ok(ObjectSummary {
                    key: decode(object.key)?,
                    len: object.size,
                    etag: object.etag.map(|tag| tag.trim_matches('"').to_owned()),
                    last_modified: object.last_modified,
                })
            })
            .collect::<Result<_>>()?,
        common_prefixes: list
            .common_prefixes
            .into_iter()
            .map(|common| decode(common.prefix))
            .collect::<Result<_>>()?,
        next_token,
    })
}
