//! One string or a list of them: the two ways a policy writes a value.

use serde::{Deserialize, Serialize};

/// One value or a list, as the document writes it.
///
/// RAM reads a single string and a list of one alike; which of them was written is kept, so that a
/// document that was read and printed again is the same document.
///
/// ```
/// use alibaba_ram::Values;
///
/// let one = Values::from("*");
/// let listed = Values::from(["*"]);
/// assert_eq!(one.as_slice(), listed.as_slice());
/// assert_ne!(one, listed);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "a string, or a list of strings, is expected here"
)]
pub enum Values {
    /// A single string.
    One(String),
    /// A list.
    Many(Vec<String>),
}

impl Values {
    /// The values, whichever way they are written.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    /// Goes through the values.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        self.as_slice().iter()
    }
}

impl<'a> IntoIterator for &'a Values {
    type Item = &'a String;
    type IntoIter = std::slice::Iter<'a, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<&str> for Values {
    fn from(value: &str) -> Self {
        Self::One(value.to_owned())
    }
}

impl From<String> for Values {
    fn from(value: String) -> Self {
        Self::One(value)
    }
}

impl<S: Into<String>> From<Vec<S>> for Values {
    fn from(values: Vec<S>) -> Self {
        Self::Many(values.into_iter().map(Into::into).collect())
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for Values {
    fn from(values: [S; N]) -> Self {
        Self::Many(values.into_iter().map(Into::into).collect())
    }
}

impl<S: Clone + Into<String>> From<&[S]> for Values {
    fn from(values: &[S]) -> Self {
        Self::Many(values.iter().cloned().map(Into::into).collect())
    }
}

impl<S: Into<String>> FromIterator<S> for Values {
    fn from_iter<I: IntoIterator<Item = S>>(values: I) -> Self {
        Self::Many(values.into_iter().map(Into::into).collect())
    }
}
