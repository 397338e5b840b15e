//! ListMultipartUploads.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;
use crate::operations::listing::{self, CommonPrefix, Listing, key_filters, paged};
use crate::xml::KeyEncoding;

/// A listing of uploads under way, under construction. See [`Client::list_uploads`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListUploads {
    list: Listing<UploadMarker>,
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
    /// The keys up to the delimiter, where they are rolled up.
    pub common_prefixes: Vec<String>,
    /// After which upload the next page begins; `None` after the last.
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
            list: Listing::new(self, bucket),
        }
    }
}

impl ListUploads {
    key_filters!();

    /// The next page.
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:ListMultipartUploads`.
    pub async fn send(&self) -> Result<UploadPage> {
        let began = self.list.after.as_ref();
        let call = self
            .list
            .call(
                Operation::LIST_MULTIPART_UPLOADS,
                "the uploads",
                "max-uploads",
            )
            .query_maybe("key-marker", began.map(|began| &began.key))
            .query_maybe("upload-id-marker", began.map(|began| &began.upload_id));
        let list: ListMultipartUploadsResult = self
            .list
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
        let uploads = list.upload.into_iter().map(|upload| {
            Ok(UploadSummary {
                key: keys.decode(upload.key)?,
                upload_id: upload.upload_id,
                initiated: upload.initiated,
            })
        });
        Ok(UploadPage {
            uploads: uploads.collect::<Result<_>>()?,
            common_prefixes: listing::prefixes(keys, list.common_prefixes)?,
            next: listing::next(&call.step, list.is_truncated, marker, began)?,
        })
    }
}

paged!(ListUploads, UploadPage, UploadMarker, over list;
    /// Only uploads after this one.
);
