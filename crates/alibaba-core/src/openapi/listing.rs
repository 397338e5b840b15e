//! Actions that list, read page after page.

use serde::de::DeserializeOwned;

use super::call::Call;
use crate::{NumberedPage, Page, Paginator};

impl Call {
    /// Reads a listing whose pages name the next one, from where this call begins. `place` adds the token
    /// of the next page to the call, `split` takes a page apart into its items and that token, and `step`
    /// is for errors: a fragment that fits after "failed to".
    ///
    /// ```
    /// # fn example(ecs: alibaba_core::openapi::Client) {
    /// #[derive(serde::Deserialize)]
    /// #[serde(rename_all = "PascalCase")]
    /// struct Zones {
    ///     zone_ids: Vec<String>,
    ///     next_token: Option<String>,
    /// }
    ///
    /// let zones = ecs.call("ListZones").param("MaxResults", 100).list_by_token(
    ///     "list zones",
    ///     |call, token| call.param("NextToken", token),
    ///     |page: Zones| (page.zone_ids, page.next_token),
    /// );
    /// # }
    /// ```
    pub fn list_by_token<P, T>(
        self,
        step: &'static str,
        place: fn(Self, String) -> Self,
        split: fn(P) -> (Vec<T>, Option<String>),
    ) -> Paginator<T>
    where
        P: DeserializeOwned + Send + 'static,
        T: Send + 'static,
    {
        Paginator::by_token(step, move |token: Option<String>| {
            let call = match token {
                Some(token) => place(self.clone(), token),
                None => self.clone(),
            };
            async move {
                let (items, next) = split(call.send().await?.json()?);
                Ok(Page::new(items, next))
            }
        })
    }

    /// Reads a listing by the numbers of its pages, from the first. `split` takes a page apart into its
    /// items and the number of all items, where the service says it; `step` is for errors.
    pub fn list_by_number<P, T>(
        self,
        step: &'static str,
        split: fn(P) -> (Vec<T>, Option<u64>),
    ) -> Paginator<T>
    where
        P: DeserializeOwned + Send + 'static,
        T: Send + 'static,
    {
        Paginator::by_number(step, move |number| {
            let call = self.clone().param("PageNumber", number);
            async move {
                let (items, total) = split(call.send().await?.json()?);
                Ok(NumberedPage::new(items, total))
            }
        })
    }
}
