//! The client itself.

use alibaba_core::credentials::SharedCredentials;
use alibaba_core::endpoint::Product;
use alibaba_core::openapi::{self, ClientBuilder};
use alibaba_core::{Context, Error, Region};

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
