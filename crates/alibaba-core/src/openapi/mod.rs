//! One signed call to any RPC-style product: ECS, Cloud Backup, RAM, STS and most others.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use alibaba_core::endpoint::Product;
//! use alibaba_core::{Context, Region, credentials, openapi};
//!
//! let context = Context::system()?;
//! let ecs = openapi::Client::builder(Product::ECS, "2014-05-26")
//!     .with_region(Region::CN_HANGZHOU)
//!     .with_credentials(credentials::default_chain(&context))
//!     .build(&context)?;
//! let answer = ecs.call("DescribeRegions").param("AcceptLanguage", "en-US").send().await?;
//! let regions: serde_json::Value = answer.json()?;
//! # Ok(())
//! # }
//! ```

mod call;
mod client;
mod encode;
mod flatten;
mod response;
mod send;
#[cfg(test)]
mod tests;

pub use call::Call;
pub use client::{Client, ClientBuilder, SignatureScheme};
pub use flatten::Json;
pub use response::Response;
