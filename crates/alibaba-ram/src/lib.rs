#![doc = include_str!("../README.md")]

pub mod ack;
#[cfg(feature = "client")]
pub mod client;
mod compare;
mod document;
mod evaluate;
mod known;
mod pattern;
mod request;
mod validate;

/// Credentials, regions, errors: what the client is made of, and what it returns.
#[cfg(feature = "client")]
#[doc(no_inline)]
pub use alibaba_core as core;
/// The crate of the times of conditions and responses.
#[doc(no_inline)]
pub use chrono;

pub use compare::{
    Change, ChangeKind, Diff, Missing, PatternSet, Required, TooComplex, diff, missing,
};
pub use document::{
    Condition, Effect, Operator, ParsePolicyError, PolicyDocument, Statement, TrustedKind,
    TrustedPrincipals, Values,
};
pub use evaluate::{
    AttachedPolicy, DecidingStatement, Decision, Policies, PolicyLayer, Verdict, evaluate,
    evaluate_trust,
};
pub use known::{KNOWN_ACTIONS, KnownAction, Origin, ResourceForm, known_action};
pub use pattern::{action_matches, resource_matches};
pub use request::{Context, Principal, Request, Resource, keys};
pub use validate::{DocumentKind, Finding, Severity};
