//! Documents as RAM keeps them: as text.

use std::fmt;

use alibaba_core::openapi::Measure;
use serde::{Deserialize, Serialize};

use crate::document::{ParsePolicyError, PolicyDocument};

/// The text of a policy document.
///
/// RAM keeps what it was given, character by character. [`parse`](Self::parse) reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct PolicyText(String);

impl PolicyText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the document.
    ///
    /// # Errors
    ///
    /// When the text is not a policy document.
    pub fn parse(&self) -> Result<PolicyDocument, ParsePolicyError> {
        PolicyDocument::parse(&self.0)
    }
}

impl From<&PolicyDocument> for PolicyText {
    fn from(document: &PolicyDocument) -> Self {
        Self(document.to_string())
    }
}

impl From<PolicyDocument> for PolicyText {
    fn from(document: PolicyDocument) -> Self {
        Self::from(&document)
    }
}

impl From<&str> for PolicyText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for PolicyText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for PolicyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Measure for PolicyText {
    const UNIT: &'static str = "characters";

    fn measure(&self) -> u64 {
        self.0.measure()
    }
}
