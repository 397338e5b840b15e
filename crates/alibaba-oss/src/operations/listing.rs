//! What listings have in common: where they begin, how much a page holds, where the next one goes on.

use futures::Stream;
use futures::stream::try_unfold;
use serde::Deserialize;

use crate::call::Call;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::operation::Operation;
use crate::xml::KeyEncoding;

/// OSS puts no more on a page.
pub(crate) const MOST: u32 = 1000;

/// A listing of keys of a bucket, which goes on after a marker.
#[derive(Clone, Debug)]
pub(crate) struct Listing<M> {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    pub(crate) delimiter: Option<String>,
    pub(crate) after: Option<M>,
    pub(crate) page_size: u32,
}

impl<M> Listing<M> {
    pub(crate) fn new(client: &Client, bucket: impl Into<String>) -> Self {
        Self {
            client: client.clone(),
            bucket: bucket.into(),
            prefix: String::new(),
            delimiter: None,
            after: None,
            page_size: MOST,
        }
    }

    /// The call that lists `what`, without where it goes on. `size` is what the operation calls the
    /// length of a page.
    pub(crate) fn call(&self, operation: Operation, what: &str, size: &'static str) -> Call {
        let prefix = Some(&self.prefix).filter(|prefix| !prefix.is_empty());
        Call::new(operation, format!("list {what} of `{}`", self.bucket))
            .bucket(&self.bucket)
            .query("encoding-type", "url")
            .query(size, self.page_size.to_string())
            .query_maybe("prefix", prefix)
            .query_maybe("delimiter", self.delimiter.as_ref())
    }
}

#[derive(Deserialize)]
pub(crate) struct Owner {
    #[serde(rename = "ID")]
    pub(crate) id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CommonPrefix {
    pub(crate) prefix: String,
}

/// The keys up to the delimiter, rolled up.
pub(crate) fn prefixes(keys: KeyEncoding<'_>, common: Vec<CommonPrefix>) -> Result<Vec<String>> {
    let common = common.into_iter();
    common.map(|common| keys.decode(common.prefix)).collect()
}

/// A listing that knows how to go on after a page.
pub(crate) trait Paged: Sized + Send {
    type Page: Send;

    fn page(&self) -> impl Future<Output = Result<Self::Page>> + Send;

    /// The same listing from after this page on; `None` where it was the last.
    fn rest(self, page: &Self::Page) -> Option<Self>;
}

/// All pages, one after the other.
pub(crate) fn pages<L: Paged>(listing: L) -> impl Stream<Item = Result<L::Page>> + Send {
    try_unfold(Some(listing), |listing| async move {
        let Some(listing) = listing else {
            return Ok(None);
        };
        let page = listing.page().await?;
        let rest = listing.rest(&page);
        Ok(Some((page, rest)))
    })
}

/// Where the next page begins. A page that is cut off and does not say so, or says where it itself
/// began, would be read for ever.
pub(crate) fn next<M: PartialEq>(
    step: &str,
    truncated: bool,
    marker: Option<M>,
    began: Option<&M>,
) -> Result<Option<M>> {
    match marker.filter(|_| truncated) {
        None if truncated => Err(lost(step)),
        Some(marker) if Some(&marker) == began => Err(lost(step)),
        marker => Ok(marker),
    }
}

fn lost(step: &str) -> Error {
    let text = format!("{step}: the page is cut off and does not say where to go on");
    Error::new(ErrorKind::Response, text)
}

/// Going through the pages of a listing that has `send`, `after` and a page with `next`.
macro_rules! paged {
    ($listing:ident, $page:ident, $marker:ty, over $($list:ident).*; $(#[$doc:meta])*) => {
        impl $listing {
            $(#[$doc])*
            pub fn after(mut self, marker: impl Into<$marker>) -> Self {
                self.$($list.)*after = Some(marker.into());
                self
            }

            /// At most this many entries a page, up to 1000.
            pub fn page_size(mut self, most: u32) -> Self {
                self.$($list.)*page_size = most.clamp(1, crate::operations::listing::MOST);
                self
            }

            /// All pages, one after the other.
            pub fn pages(self) -> impl futures::Stream<Item = crate::Result<$page>> + Send {
                crate::operations::listing::pages(self)
            }
        }

        impl crate::operations::listing::Paged for $listing {
            type Page = $page;

            fn page(&self) -> impl Future<Output = crate::Result<$page>> + Send {
                self.send()
            }

            fn rest(self, page: &$page) -> Option<Self> {
                page.next.clone().map(|next| self.after(next))
            }
        }
    };
}

/// Which keys are listed, over a field `list`.
macro_rules! key_filters {
    () => {
        /// Only keys that begin so.
        pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
            self.list.prefix = prefix.into();
            self
        }

        /// Rolls up what comes after the first delimiter after the prefix.
        pub fn delimiter(mut self, delimiter: impl Into<String>) -> Self {
            self.list.delimiter = Some(delimiter.into());
            self
        }
    };
}

pub(crate) use {key_filters, paged};
