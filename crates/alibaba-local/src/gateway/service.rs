//! What a service is to the gateway.

use futures::future::BoxFuture;
use http::Extensions;
use http::request::Parts;

use super::exchange::{Exchange, HangUp};
use super::response::{Body, Response};

/// One service of the cloud.
pub(crate) trait Service: Send + Sync {
    /// The name in the request log, and the one that fault rules ask for.
    fn name(&self) -> &'static str;

    /// Takes up what other services offer for each other, by its type, once all are opened: a
    /// service knows such ports, and none of the services behind them.
    fn connect(&mut self, _ports: &Extensions) {}

    /// Whether a request is for this service. Those before it in the table were asked already.
    fn claims(&self, parts: &Parts) -> bool;

    /// Serves a request: says what it asks for ([`Exchange::begin`]), authenticates and authorises
    /// the caller, and carries it out.
    fn serve<'a>(
        &'a self,
        parts: Parts,
        body: Body,
        exchange: &'a mut Exchange,
    ) -> BoxFuture<'a, Result<Response, HangUp>>;
}
