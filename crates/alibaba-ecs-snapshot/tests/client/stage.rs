//! A client whose service is a script.

use std::sync::Arc;

use alibaba_core::credentials::StaticProvider;
use alibaba_core::openapi::ClientBuilder;
use alibaba_core::{Credentials, Region};
use alibaba_ecs_snapshot::Client;
pub(crate) use openapi_stage::{Scene, Stage};

/// Clients on a stage.
pub(crate) trait Clients {
    fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    fn builder(&self) -> ClientBuilder<Client>;

    fn builder_with(&self, credentials: Credentials) -> ClientBuilder<Client>;
}

impl Clients for Stage {
    fn builder(&self) -> ClientBuilder<Client> {
        let keys = openapi_stage::credentials();
        Client::builder(&self.context(), Region::CN_HANGZHOU, keys)
    }

    fn builder_with(&self, credentials: Credentials) -> ClientBuilder<Client> {
        let keys = Arc::new(StaticProvider::new(credentials).unwrap());
        Client::builder(&self.context(), Region::CN_HANGZHOU, keys)
    }
}
