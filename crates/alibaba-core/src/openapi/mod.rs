//! One signed call to any product: in the RPC style ([`Client::call`]) to ECS, Cloud Backup, RAM, STS and most others,
//! in the ROA style ([`Client::roa_call`]) to Container Service and whichever has resources in its paths.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use alibaba_core::endpoint::Product;
//! use alibaba_core::{Context, Region, credentials, openapi};
//!
//! let context = Context::system()?;
//! let credentials = credentials::default_chain(&context);
//! let ecs = openapi::Client::new(&context, Product::ECS, Region::CN_HANGZHOU, credentials)?;
//! let response = ecs.call("DescribeRegions").param("AcceptLanguage", "en-US").send().await?;
//! let regions: serde_json::Value = response.json()?;
//! # Ok(())
//! # }
//! ```

mod action;
mod call;
mod client;
mod encode;
mod flatten;
mod listing;
mod operations;
pub mod read;
mod response;
#[cfg(test)]
mod roa_tests;
mod send;
#[cfg(test)]
mod tests;
mod values;
#[cfg(test)]
mod wire_tests;

pub use call::Call;
pub use client::{Client, ClientBuilder, SignatureScheme};
pub use flatten::Json;
pub use operations::Operation;
pub use read::Acknowledged;
pub use response::Response;
pub use values::{Measure, bounded, is_word, seconds};
