//! What a product is to the OpenAPI front.

use alibaba_ram::Resource;
use http::Extensions;
use serde_json::Value;

use super::call::Call;
use super::error::ApiError;

/// A product with an RPC-style API.
pub(crate) trait Product: Send + Sync + Sized + 'static {
    /// In the request log and in fault rules: `sts`.
    const NAME: &'static str;
    /// The version of its API, which requests name.
    const VERSION: &'static str;
    /// The code of a denial by RAM: `NoPermission`, `Forbidden.RAM`.
    const DENIED: &'static str;
    /// Everything it can do.
    const ACTIONS: &'static [Action<Self>];

    /// See `Service::connect`.
    fn connect(&mut self, _ports: &Extensions) {}
}

/// One action of a product.
pub(crate) struct Action<P> {
    /// As requests name it.
    pub(crate) name: &'static str,
    pub(crate) access: Access<P>,
    /// Carries it out. The result is an object, to which the request's id is added.
    pub(crate) run: fn(&P, &Call<'_>) -> Result<Value, ApiError>,
}

/// Who may call an action.
pub(crate) enum Access<P> {
    /// Anybody: the request itself says on whose behalf it comes.
    Anonymous,
    /// Whoever signs.
    Signed,
    /// Whoever has the right to this RAM action on all of these resources.
    Allowed(&'static str, fn(&P, &Call<'_>) -> Vec<Resource>),
}
