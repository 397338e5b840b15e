//! A client whose service is a script.

use alibaba_core::openapi::SignatureScheme;
use alibaba_ram::client::Client;
pub(crate) use openapi_stage::{Scene, Stage};

/// Clients on a stage.
pub(crate) trait Clients {
    fn client(&self) -> Client {
        self.client_signing(SignatureScheme::Acs3)
    }

    fn client_signing(&self, scheme: SignatureScheme) -> Client;
}

impl Clients for Stage {
    fn client_signing(&self, scheme: SignatureScheme) -> Client {
        let keys = openapi_stage::credentials();
        Client::builder(&self.context(), keys)
            .with_signature(scheme)
            .build()
            .unwrap()
    }
}
