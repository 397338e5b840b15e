//! The client itself.

use alibaba_core::credentials::SharedCredentials;
use alibaba_core::endpoint::Product;
use alibaba_core::openapi::{self, Call, ClientBuilder};
use alibaba_core::{Context, Error, Region};

/// A client of ECS in one region: its disks, their snapshots, and what goes with them.
///
/// Cloning is cheap and shares connections and credentials.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use alibaba_core::{Context, Region, credentials};
/// use alibaba_ecs_snapshot::Client;
///
/// let context = Context::system()?;
/// let credentials = credentials::default_chain(&context);
/// let ecs = Client::new(&context, Region::CN_HANGZHOU, credentials)?;
/// let snapshot = ecs.create_snapshot("d-bp1fake0000000000001").send().await?.snapshot_id;
/// println!("{}", ecs.snapshot_poller(&snapshot).until_accomplished().await?.id);
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
        openapi::Client::builder(context, Product::ECS, region, credentials).typed()
    }

    /// The same client for another region, such as the one that snapshots are copied to. An endpoint
    /// that was set when the client was built stays.
    #[must_use]
    pub fn in_region(&self, region: Region) -> Self {
        Self(self.0.in_region(region))
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

/// With pages as large as they get, unless `call` says how large. Without a size, ECS numbers the pages
/// and gives no token.
pub(crate) fn sized(call: Call, page_size: u32) -> Call {
    call.default_param("MaxResults", page_size)
}

/// The call for the page of this token.
pub(crate) fn next_token(call: Call, token: String) -> Call {
    call.param("NextToken", token)
}
