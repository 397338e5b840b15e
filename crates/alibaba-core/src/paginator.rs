//! Listings of many pages, as streams.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt as _};

use crate::{Error, ErrorKind};

/// More pages than any listing has: at a hundred items each, ten million.
const MAX_PAGES: usize = 100_000;

/// The items of a listing, page after page, each asked for when the one before is used up.
///
/// As a stream it yields items; [`pages`](Self::pages) yields them as they came. After an error the
/// stream ends. A service that repeats a token, or never comes to an end, is an error and no endless
/// stream.
///
/// ```
/// # async fn example(ecs: alibaba_core::openapi::Client) -> Result<(), alibaba_core::Error> {
/// use alibaba_core::{Page, Paginator};
/// use futures::TryStreamExt as _;
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Body {
///     zone_ids: Vec<String>,
///     next_token: Option<String>,
/// }
///
/// let zones = Paginator::by_token("list zones", move |token| {
///     let call = ecs.call("ListZones").param("MaxResults", 100).param("NextToken", token);
///     async move {
///         let body: Body = call.send().await?.json()?;
///         Ok(Page::new(body.zone_ids, body.next_token))
///     }
/// });
/// let zones: Vec<String> = zones.try_collect().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a listing asks for nothing until it is read"]
pub struct Paginator<T> {
    pages: BoxStream<'static, Result<Vec<T>, Error>>,
    /// What is left of the page being read.
    items: std::vec::IntoIter<T>,
}

/// A page of a listing that continues by tokens or markers.
#[derive(Clone, Debug)]
pub struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl<T> Page<T> {
    /// These items, and where the listing goes on. No token and an empty one both end it.
    #[must_use]
    pub fn new(items: Vec<T>, next: Option<String>) -> Self {
        Self {
            items,
            next: next.filter(|token| !token.is_empty()),
        }
    }
}

/// A page of a listing that is read by page numbers.
#[derive(Clone, Debug)]
pub struct NumberedPage<T> {
    items: Vec<T>,
    total: Option<u64>,
}

impl<T> NumberedPage<T> {
    /// These items, of so many in all where the service says how many there are.
    #[must_use]
    pub fn new(items: Vec<T>, total: impl Into<Option<u64>>) -> Self {
        Self {
            items,
            total: total.into(),
        }
    }
}

impl<T: Send + 'static> Paginator<T> {
    /// A listing whose pages each name the next. `fetch` gets the token of the page to ask for, for
    /// the first page none. `step` is for errors: a fragment that fits after "failed to".
    pub fn by_token<F>(
        step: impl Into<String>,
        fetch: impl FnMut(Option<String>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Page<T>, Error>> + Send + 'static,
    {
        let start = (fetch, step.into(), HashSet::new(), Some(Ok(None)));
        Self::of(stream::try_unfold(
            start,
            |(mut fetch, step, mut seen, next)| async move {
                let Some(token) = next.transpose()? else {
                    return Ok(None);
                };
                let page = fetch(token).await?;
                // The items of this page come before the error that it leads nowhere.
                let next = page.next.map(|token| {
                    if !seen.insert(token.clone()) {
                        Err(malformed(&step, "its pages repeat: a token came twice"))
                    } else if seen.len() >= MAX_PAGES {
                        Err(malformed(&step, "it does not end"))
                    } else {
                        Ok(Some(token))
                    }
                });
                Ok(Some((page.items, (fetch, step, seen, next))))
            },
        ))
    }

    /// A listing that is read by page numbers from 1. It ends with the total that the service says,
    /// or else with a page that holds nothing.
    pub fn by_number<F>(
        step: impl Into<String>,
        fetch: impl FnMut(u32) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<NumberedPage<T>, Error>> + Send + 'static,
    {
        let start = (fetch, step.into(), Some(1), 0);
        Self::of(stream::try_unfold(
            start,
            |(mut fetch, step, number, mut read)| async move {
                let Some(number) = number else {
                    return Ok(None);
                };
                if number as usize > MAX_PAGES {
                    return Err(malformed(&step, "it does not end"));
                }
                let page = fetch(number).await?;
                if page.items.is_empty() {
                    return Ok(None);
                }
                read += page.items.len() as u64;
                let is_last = page.total.is_some_and(|total| read >= total);
                let next = (!is_last).then_some(number + 1);
                Ok(Some((page.items, (fetch, step, next, read))))
            },
        ))
    }

    fn of(pages: impl Stream<Item = Result<Vec<T>, Error>> + Send + 'static) -> Self {
        Self {
            pages: pages.boxed(),
            items: Vec::new().into_iter(),
        }
    }

    /// The pages as they came.
    pub fn pages(self) -> impl Stream<Item = Result<Vec<T>, Error>> + Send + 'static {
        self.pages
    }
}

fn malformed(step: &str, problem: &str) -> Error {
    Error::new(ErrorKind::Response, format!("{step}: {problem}"))
}

impl<T: Unpin> Stream for Paginator<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.items.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.pages.poll_next_unpin(context)) {
                Some(Ok(page)) => self.items = page.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T> fmt::Debug for Paginator<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paginator")
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use futures::TryStreamExt as _;

    use super::*;

    /// The items of the pages read, and the error that ended the reading.
    async fn read(paginator: Paginator<u32>) -> (Vec<u32>, Option<String>) {
        let mut items = Vec::new();
        let mut error = None;
        let mut stream = paginator;
        while let Some(item) = stream.next().await {
            match item {
                Ok(item) => items.push(item),
                Err(failed) => error = Some(failed.to_string()),
            }
        }
        (items, error)
    }

    #[tokio::test]
    async fn tokens_are_followed_until_there_is_none_or_an_empty_one() {
        for last in [None, Some(String::new())] {
            let pages = Paginator::by_token("list", move |token: Option<String>| {
                let (items, next) = match token.as_deref() {
                    None => (vec![1, 2], Some("a".to_owned())),
                    Some("a") => (vec![], Some("b".to_owned())),
                    _ => (vec![3], last.clone()),
                };
                ready(Ok(Page::new(items, next)))
            });
            assert_eq!(read(pages).await, (vec![1, 2, 3], None));
        }
    }

    #[tokio::test]
    async fn a_repeated_token_and_an_endless_listing_are_errors_after_their_items() {
        let circle = Paginator::by_token("list", |token: Option<String>| {
            let next = if token.as_deref() == Some("a") {
                "b"
            } else {
                "a"
            };
            ready(Ok(Page::new(vec![1], Some(next.to_owned()))))
        });
        let problem = "list: its pages repeat: a token came twice".to_owned();
        assert_eq!(read(circle).await, (vec![1, 1, 1], Some(problem)));

        let mut page = 0;
        let endless = Paginator::by_token("list", move |_| {
            page += 1;
            ready(Ok(Page::new(Vec::new(), Some(page.to_string()))))
        });
        let endless_by_number =
            Paginator::by_number("list", |_| ready(Ok(NumberedPage::new(vec![0], None))));
        let problem = Some("list: it does not end".to_owned());
        assert_eq!(read(endless).await, (vec![], problem.clone()));
        let (items, found) = read(endless_by_number).await;
        assert_eq!((items.len(), found), (MAX_PAGES, problem));
    }

    #[tokio::test]
    async fn numbers_end_with_the_total_or_an_empty_page() {
        for total in [Some(5), None] {
            let pages = Paginator::by_number("list", move |number| {
                let items = match number {
                    1 => vec![1, 2],
                    2 => vec![3, 4],
                    3 => vec![5],
                    4 if total.is_none() => vec![],
                    _ => unreachable!("the listing had ended"),
                };
                ready(Ok(NumberedPage::new(items, total)))
            });
            let pages: Vec<_> = pages.pages().try_collect().await.unwrap();
            assert_eq!(pages, [vec![1, 2], vec![3, 4], vec![5]]);
        }
    }

    #[tokio::test]
    async fn a_failed_page_ends_the_listing() {
        let pages = Paginator::by_number("list", |number| {
            ready(match number {
                1 => Ok(NumberedPage::new(vec![1], 9)),
                _ => Err(Error::new(ErrorKind::Denied, "list page 2")),
            })
        });
        assert_eq!(read(pages).await, (vec![1], Some("list page 2".to_owned())));
    }
}
