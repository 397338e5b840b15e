//! ListMultipartUploads.

use chrono::{DateTime, Utc};
use futures::Stream;
use http::Method;
use serde::Deserialize;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::operations::list::CommonPrefix;
use crate::operations::listing::{self, Paged};
use crate::xml::KeyEncoding;

/// A listing of uploads under way, under construction. See [`Client::list_uploads`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListUploads {
    client: Client,
    bucket: String,
    prefix: String,
    delimiter: Option<String>,
    after: Option<UploadMarker>,
    max_uploads: u32,
}

/// An upload that was neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadSummary {
    /// The key it is for.
    pub key: String,
    /// Its id.
    pub upload_id: String,
    /// When it began.
    pub initiated: DateTime<Utc>,
}

/// Where a page of uploads ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadMarker {
    /// The key of the last upload.
    pub key: String,
    /// Its id.
    pub upload_id: String,
}

/// One page of uploads.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UploadPage {
    /// The uploads, in the order of their keys.
    pub uploads: Vec<UploadSummary>,
    /// What lies behind the delimiter, rolled up.
    pub common_prefixes: Vec<String>,
    /// Behind which upload the next page begins; `None` after the last.
    pub next: Option<UploadMarker>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListMultipartUploadsResult {
    encoding_type: Option<String>,
    #[serde(default)]
    is_truncated: bool,
    next_key_marker: Option<String>,
    next_upload_id_marker: Option<String>,
    #[serde(default)]
    upload: Vec<ListedUpload>,
    #[serde(default)]
    common_prefixes: Vec<CommonPrefix>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedUpload {
    key: String,
    upload_id: String,
    initiated: DateTime<Utc>,
}

impl Client {
    /// Lists the uploads that were neither completed nor aborted. Their parts are billed, and no
    /// listing of objects shows them; [`Client::abort_stale_uploads`] frees them.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let page = client.list_uploads("backups").prefix("nightly/").send().await?;
    /// for upload in page.uploads {
    ///     println!("{} since {}", upload.key, upload.initiated);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_uploads(&self, bucket: impl Into<String>) -> ListUploads {
        ListUploads {
            client: self.clone(),
            bucket: bucket.into(),
            prefix: String::new(),
            delimiter: None,
            after: None,
            max_uploads: 1000,
        }
    }
}

impl ListUploads {
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

    /// Only uploads behind this one.
    pub fn after(mut self, marker: UploadMarker) -> Self {
        self.after = Some(marker);
        self
    }

    /// At most this many entries a page, up to 1000.
    pub fn max_uploads(mut self, max: u32) -> Self {
        self.max_uploads = max.clamp(1, 1000);
        self
    }

    /// The next page.
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:ListMultipartUploads`.
    pub async fn send(&self) -> Result<UploadPage> {
        let step = format!("list the uploads of `{}`", self.bucket);
        let mut call = Call::new(Method::GET, step)
            .bucket(&self.bucket)
            .flag("uploads")
            .query("encoding-type", "url")
            .query("max-uploads", self.max_uploads.to_string())
            .query("prefix", &self.prefix);
        if let Some(delimiter) = &self.delimiter {
            call = call.query("delimiter", delimiter);
        }
        if let Some(after) = &self.after {
            call = call
                .query("key-marker", &after.key)
                .query("upload-id-marker", &after.upload_id);
        }
        let list: ListMultipartUploadsResult = self
            .client
            .document(&call, "ListMultipartUploadsResult")
            .await?;
        let keys = KeyEncoding::new(&call.step, list.encoding_type.as_deref());
        let marker = list
            .next_key_marker
            .map(|key| keys.decode(key))
            .transpose()?;
        let marker = marker.map(|key| UploadMarker {
            key,
            upload_id: list.next_upload_id_marker.unwrap_or_default(),
        });
        Ok(UploadPage {
            uploads: list
                .upload
                .into_iter()
                .map(|upload| {
                    Ok(UploadSummary {
                        key: keys.decode(upload.key)?,
                        upload_id: upload.upload_id,
                        initiated: upload.initiated,
                    })
                })
                .collect::<Result<_>>()?,
            common_prefixes: list
                .common_prefixes
                .into_iter()
                .map(|common| keys.decode(common.prefix))
                .collect::<Result<_>>()?,
            next: listing::next(&call.step, list.is_truncated, marker, self.after.as_ref())?,
        })
    }

    /// All pages, one after the other.
    pub fn pages(self) -> impl Stream<Item = Result<UploadPage>> + Send {
        listing::pages(self)
    }
}

impl Paged for ListUploads {
    type Page = UploadPage;

    fn page(&self) -> impl Future<Output = Result<UploadPage>> + Send {
        self.send()
    }

    fn behind(self, page: &UploadPage) -> Option<Self> {
        page.next.clone().map(|marker| self.after(marker))
    }
}
