//! Where services are: the rules, their exceptions, and explicit addresses, which always win.

mod authority;
mod product;

pub use authority::{Endpoint, InvalidEndpoint};
pub use product::{Product, ProductNetwork};
