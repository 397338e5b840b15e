//! Errors in one line.

pub(crate) use alibaba_core::chain;
