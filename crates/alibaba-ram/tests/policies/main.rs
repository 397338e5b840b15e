//! Policies: read, evaluated, compared.

#![expect(clippy::unwrap_used, reason = "tests")]

mod conditions;
mod decisions;
mod documents;
mod page;
mod properties;
mod reference;
