//! Where services are: the rules, their exceptions, and explicit addresses, which always win.

mod authority;
mod product;

pub use authority::Origin;
pub use product::{Endpoint, Product, ProductNetwork};

/// Why an address cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// Not a scheme, host and port.
    #[error(
        "read the endpoint {text:?}: {reason}; expected such as `https://oss-cn-hangzhou.aliyuncs.com`"
    )]
    Malformed {
        /// What was given, shortened.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The bucket's name cannot stand in a host name.
    #[error(
        "address the bucket {0:?}: a bucket name is 3 to 63 lower-case letters, digits and inner hyphens"
    )]
    Bucket(String),
    /// The key without a bucket, or an empty key.
    #[error("address an object: {0}")]
    Key(&'static str),
}
