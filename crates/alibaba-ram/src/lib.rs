#![doc = include_str!("../README.md")]

mod document;
mod evaluate;
mod pattern;
mod request;

pub use document::{
    Condition, Effect, Operator, ParsePolicyError, PolicyDocument, Statement, TrustedKind,
    TrustedPrincipals, Values,
};
pub use evaluate::{
    AttachedPolicy, DecidingStatement, Decision, Policies, PolicyLayer, Verdict, evaluate,
    evaluate_trust,
};
pub use pattern::{action_matches, resource_matches};
pub use request::{Context, Principal, Request, Resource, keys};
