//! What parameters may hold.

use std::error::Error as _;
use std::ops::RangeInclusive;

use alibaba_ram::PolicyDocument;

use super::refusal::malformed_document;
use crate::directory::managed::{PolicyId, PolicyKind};
use crate::openapi::error::ApiError;

/// The longest policy document, in characters.
const MAX_DOCUMENT: usize = 6144;

pub(super) fn user_name(parameter: &str, name: &str) -> Result<(), ApiError> {
    word(parameter, name, 64, "._-")
}

pub(super) fn role_name(name: &str) -> Result<(), ApiError> {
    word("RoleName", name, 64, ".-")
}

pub(super) fn policy_name(name: &str) -> Result<(), ApiError> {
    word("PolicyName", name, 128, "-")
}

/// A policy by its type and name.
pub(super) fn policy_id(kind: &str, name: String) -> Result<PolicyId, ApiError> {
    policy_name(&name)?;
    Ok(PolicyId::new(policy_kind(kind)?, name))
}

pub(super) fn policy_kind(kind: &str) -> Result<PolicyKind, ApiError> {
    [PolicyKind::Custom, PolicyKind::System]
        .into_iter()
        .find(|known| known.name() == kind)
        .ok_or_else(|| ApiError::invalid("PolicyType"))
}

/// The number of a version: `v2` is 2.
pub(super) fn version_number(id: &str) -> Result<u32, ApiError> {
    id.strip_prefix('v')
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| {
            ApiError::bad_request(
                "InvalidParameter.VersionId.Format",
                "The parameter VersionId is not `v` and a number.",
            )
        })
}

/// Free text of so many characters, where it is given.
pub(super) fn text(
    parameter: &str,
    text: Option<&str>,
    length: RangeInclusive<usize>,
) -> Result<(), ApiError> {
    match text {
        Some(text) if !length.contains(&text.chars().count()) => Err(wrong_length(parameter)),
        _ => Ok(()),
    }
}

/// Reads what users and roles may do.
pub(super) fn identity_policy(text: &str) -> Result<PolicyDocument, ApiError> {
    if text.chars().count() > MAX_DOCUMENT {
        return Err(wrong_length("PolicyDocument"));
    }
    let document = read(text)?;
    let statements = document.statements();
    if statements.iter().any(|it| it.principals().is_some()) {
        return Err(malformed_document("only trust policies have a Principal"));
    }
    Ok(document)
}

/// Reads who may assume a role.
pub(super) fn trust_policy(text: &str) -> Result<PolicyDocument, ApiError> {
    let document = read(text)?;
    let statements = document.statements();
    if statements.iter().any(|it| it.principals().is_none()) {
        return Err(malformed_document("a trust policy names its Principal"));
    }
    Ok(document)
}

fn read(text: &str) -> Result<PolicyDocument, ApiError> {
    let document = PolicyDocument::parse(text).map_err(|error| match error.source() {
        Some(source) => malformed_document(source),
        None => malformed_document(&error),
    })?;
    if document.version() != Some(PolicyDocument::VERSION) {
        return Err(malformed_document("its Version is not \"1\""));
    }
    if document.statements().is_empty() {
        return Err(malformed_document("it has no statement"));
    }
    Ok(document)
}

fn word(parameter: &str, text: &str, longest: usize, more: &str) -> Result<(), ApiError> {
    if !(1..=longest).contains(&text.chars().count()) {
        return Err(wrong_length(parameter));
    }
    let good = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
    if !text.chars().all(good) {
        return Err(ApiError::bad_request(
            format!("InvalidParameter.{parameter}.InvalidChars"),
            format!("The parameter {parameter} contains invalid characters."),
        ));
    }
    Ok(())
}

fn wrong_length(parameter: &str) -> ApiError {
    ApiError::bad_request(
        format!("InvalidParameter.{parameter}.Length"),
        format!("The parameter {parameter} is too short or too long."),
    )
}
