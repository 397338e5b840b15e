#![doc = include_str!("../README.md")]

pub mod clock;
mod context;
pub mod credentials;
pub mod endpoint;
pub mod environment;
mod error;
pub mod files;
pub mod http_send;
mod identity;
pub mod openapi;
mod paginator;
pub mod process;
mod proxy;
mod region;
pub mod retry;
mod service_error;
mod settings;
pub mod sts;
#[cfg(test)]
mod testing;
pub mod tls;
mod waiter;

/// The crates whose types stand in signatures.
#[doc(no_inline)]
pub use {bytes, chrono, http};

pub use alibaba_sign::{Credentials, Secret};

pub use context::Context;
pub use error::{Error, ErrorKind, chain};
pub use paginator::{NumberedPage, Page, Paginator};
pub use proxy::{InvalidProxy, Proxy, ProxyRules, ProxyScheme};
pub use region::{InvalidRegion, Region};
pub use service_error::{AccessDeniedDetail, ServiceError};
pub use settings::{ConnectionSettings, ProxyChoice, RootCertificates};
pub use waiter::{PendingState, Polled, Waiter};

/// The examples, compiled with the documentation's tests.
#[cfg(all(doctest, feature = "reqwest"))]
mod examples {
    #[doc = concat!("```no_run\n", include_str!("../examples/caller_identity.rs"), "```")]
    #[doc = concat!("```no_run\n", include_str!("../examples/any_product.rs"), "```")]
    struct Compiled;
}
