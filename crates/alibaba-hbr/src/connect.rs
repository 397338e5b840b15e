//! The client itself.

use alibaba_core::credentials::SharedCredentials;
use alibaba_core::endpoint::Product;
use alibaba_core::openapi::{self, Call, ClientBuilder};
use alibaba_core::{Context, Error, NumberedPage, Page, Paginator, Region};
use serde::de::DeserializeOwned;

/// A client of Cloud Backup in one region.
///
/// Cloning is cheap and shares connections and credentials.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use alibaba_core::{Context, Region, credentials};
/// use alibaba_hbr::Client;
///
/// let context = Context::system()?;
/// let credentials = credentials::default_chain(&context);
/// let hbr = Client::new(&context, Region::CN_HANGZHOU, credentials)?;
/// let vault_id = hbr.create_vault("nightly").send().await?.vault_id;
/// let vault = hbr.vault_poller(&vault_id).until_done().await?;
/// println!("{} may be used", vault.id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client(pub(crate) openapi::Client);

impl Client {
    /// A client for this region that signs with these credentials.
    ///
    /// # Errors
    ///
    /// None today; building a client may fail.
    pub fn new(
        context: &Context,
        region: Region,
        credentials: SharedCredentials,
    ) -> Result<Self, Error> {
        Self::builder(context, region, credentials).build()
    }

    /// The same with more to choose.
    pub fn builder(
        context: &Context,
        region: Region,
        credentials: SharedCredentials,
    ) -> ClientBuilder<Self> {
        openapi::Client::builder(context, Product::HBR, region, credentials).typed()
    }

    /// The region whose resources the calls are about.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.0.region()
    }
}

impl From<openapi::Client> for Client {
    fn from(client: openapi::Client) -> Self {
        Self(client)
    }
}

/// Reads a listing by the numbers of its pages, from the first. `split` takes a page apart into its
/// items and the number of all items.
pub(crate) fn by_number<P: DeserializeOwned + Send + 'static, T: Send + 'static>(
    step: &'static str,
    call: Call,
    split: fn(P) -> (Vec<T>, Option<u64>),
) -> Paginator<T> {
    Paginator::by_number(step, move |number| {
        let call = call.clone().param("PageNumber", number);
        async move {
            let (items, total) = split(call.send().await?.json()?);
            Ok(NumberedPage::new(items, total))
        }
    })
}

/// Reads a listing by tokens from where `call` begins. `place` adds the token of the next page to the
/// call, and `split` takes a page apart into its items and that token.
pub(crate) fn by_token<P: DeserializeOwned + Send + 'static, T: Send + 'static>(
    step: &'static str,
    call: Call,
    place: fn(Call, String) -> Call,
    split: fn(P) -> (Vec<T>, Option<String>),
) -> Paginator<T> {
    Paginator::by_token(step, move |token: Option<String>| {
        let call = match token {
            Some(token) => place(call.clone(), token),
            None => call.clone(),
        };
        async move {
            let (items, next) = split(call.send().await?.json()?);
            Ok(Page::new(items, next))
        }
    })
}
