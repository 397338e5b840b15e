//! The client itself.

use alibaba_core::credentials::SharedCredentials;
use alibaba_core::endpoint::Product;
use alibaba_core::openapi::{self, Call, ClientBuilder};
use alibaba_core::{Context, Error};

/// A client of RAM: users and their keys, roles, policies and what they are attached to.
///
/// RAM is one for all regions. Cloning is cheap and shares connections and credentials.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use alibaba_core::{Context, credentials};
/// use alibaba_ram::client::Client;
///
/// let context = Context::system()?;
/// let ram = Client::new(&context, credentials::default_chain(&context))?;
/// let user = ram.get_user("alice").send().await?.user;
/// println!("{} since {:?}", user.name, user.created_at);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client(pub(super) openapi::Client);

impl Client {
    /// A client that signs with these credentials.
    ///
    /// # Errors
    ///
    /// None today; building a client may fail.
    pub fn new(context: &Context, credentials: SharedCredentials) -> Result<Self, Error> {
        Self::builder(context, credentials).build()
    }

    /// The same with more to choose.
    pub fn builder(context: &Context, credentials: SharedCredentials) -> ClientBuilder<Self> {
        openapi::Client::builder(context, Product::RAM, None, credentials).typed()
    }
}

impl From<openapi::Client> for Client {
    fn from(client: openapi::Client) -> Self {
        Self(client)
    }
}

/// The call for the page of this marker.
pub(super) fn next_marker(call: Call, marker: String) -> Call {
    call.param("Marker", marker)
}
