//! Listings that come page by page.

use futures::Stream;
use futures::stream::try_unfold;

use crate::error::{Error, ErrorKind, Result};

/// A listing that knows how to go on behind a page.
pub(crate) trait Paged: Sized + Send {
    type Page: Send;

    fn page(&self) -> impl Future<Output = Result<Self::Page>> + Send;

    /// The same listing from behind this page on; `None` where it was the last.
    fn behind(self, page: &Self::Page) -> Option<Self>;
}

/// All pages, one after the other.
pub(crate) fn pages<L: Paged>(listing: L) -> impl Stream<Item = Result<L::Page>> + Send {
    try_unfold(Some(listing), |listing| async move {
        let Some(listing) = listing else {
            return Ok(None);
        };
        let page = listing.page().await?;
        let rest = listing.behind(&page);
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
