//! Policies: read, evaluated, compared.

#![expect(clippy::unwrap_used, reason = "tests")]

mod comparisons;
mod conditions;
mod decisions;
mod documents;
mod findings;
mod page;
mod properties;
mod reference;
