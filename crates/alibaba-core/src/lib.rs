#![doc = include_str!("../README.md")]

pub mod clock;
pub mod credentials;
pub mod endpoint;
pub mod environment;
mod error;
mod proxy;
mod region;
pub mod retry;
mod settings;
pub mod tls;

pub use alibaba_sign::{Credentials, Secret};

pub use error::{Error, ErrorKind};
pub use proxy::{InvalidProxy, Proxy, ProxyRules};
pub use region::{InvalidRegion, Region};
pub use settings::{ConnectionSettings, ProxyChoice, RootCertificates};
