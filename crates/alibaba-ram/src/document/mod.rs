//! Policy documents as data: read, built, printed.

mod condition;
mod members;
mod statement;
mod trusted;
mod values;

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use condition::{Condition, Operator};
pub use statement::{Effect, Statement};
pub use trusted::{TrustedKind, TrustedPrincipals};
pub use values::Values;

use members::{Member, Unknown, read_members};

/// A policy document.
///
/// What is read and printed again is the same JSON but for white space: the order of keys, single
/// values beside lists of one, and members this crate does not know are all kept.
///
/// ```
/// use alibaba_ram::{PolicyDocument, Statement};
///
/// let built = PolicyDocument::new().statement(
///     Statement::allow().action("oss:ListBuckets").resource("*"),
/// );
/// let text = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:ListBuckets","Resource":"*"}]}"#;
/// assert_eq!(built.to_string(), text);
/// assert_eq!(PolicyDocument::parse(text)?, built);
/// # Ok::<(), alibaba_ram::ParsePolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument {
    members: Vec<Part>,
}

/// A text that is not a policy document.
#[derive(Debug, thiserror::Error)]
#[error("read the policy document")]
pub struct ParsePolicyError {
    #[source]
    source: serde_json::Error,
}

impl ParsePolicyError {
    /// The line the reader had come to, from 1 on, where the mistake has a place in the text.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        Some(self.source.line()).filter(|line| *line > 0)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Version(String),
    Statements(Vec<Statement>),
    Unknown(String, Unknown),
}

impl PolicyDocument {
    /// The one version of the policy language.
    pub const VERSION: &'static str = "1";

    /// An empty document of version 1, which allows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            members: vec![
                Part::Version(Self::VERSION.to_owned()),
                Part::Statements(Vec::new()),
            ],
        }
    }

    /// Adds a statement at the end.
    #[must_use]
    pub fn statement(mut self, statement: Statement) -> Self {
        let list = self.members.iter_mut().find_map(|part| match part {
            Part::Statements(list) => Some(list),
            _ => None,
        });
        match list {
            Some(list) => list.push(statement),
            None => self.members.push(Part::Statements(vec![statement])),
        }
        self
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, or where evaluating it would be guesswork: a member that appears
    /// twice, an effect that is neither Allow nor Deny, a value that is not a string.
    pub fn parse(text: &str) -> Result<Self, ParsePolicyError> {
        serde_json::from_str(text).map_err(|source| ParsePolicyError { source })
    }

    /// The statements in their order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        self.members
            .iter()
            .find_map(|part| match part {
                Part::Statements(list) => Some(list.as_slice()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// `Version`, where the document has one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.members.iter().find_map(|part| match part {
            Part::Version(version) => Some(version.as_str()),
            _ => None,
        })
    }

    /// Members that the policy language does not have, with their JSON.
    pub fn unknown_members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().filter_map(|part| match part {
            Part::Unknown(key, value) => Some((key.as_str(), value.text())),
            _ => None,
        })
    }

    /// The document over several lines, as a person reads it. `to_string` prints it on one.
    #[must_use]
    pub fn to_pretty_string(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings and lists always become JSON")
    }
}

impl Default for PolicyDocument {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for PolicyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).expect("strings and lists always become JSON");
        f.write_str(&text)
    }
}

impl FromStr for PolicyDocument {
    type Err = ParsePolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Member for Part {
    const OBJECT: &'static str = "the document";

    fn read<'de, A: MapAccess<'de>>(key: String, map: &mut A) -> Result<Self, A::Error> {
        Ok(match key.as_str() {
            "Version" => Self::Version(
                map.next_value()
                    .map_err(|error| A::Error::custom(format!("`Version`: {error}")))?,
            ),
            "Statement" => {
                let Statements(list) = map.next_value()?;
                Self::Statements(list)
            }
            _ => {
                let value = map.next_value()?;
                Self::Unknown(key, value)
            }
        })
    }

    fn key(&self) -> &str {
        match self {
            Self::Version(_) => "Version",
            Self::Statements(_) => "Statement",
            Self::Unknown(key, _) => key,
        }
    }
}

/// Reads the list of statements, and names the one that cannot be read.
struct Statements(Vec<Statement>);

impl<'de> Deserialize<'de> for Statements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Statements;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`Statement`: a list of statements")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                loop {
                    let number = list.len() + 1;
                    let next = seq.next_element().map_err(|error| {
                        A::Error::custom(format!("statement {number}: {error}"))
                    })?;
                    match next {
                        Some(statement) => list.push(statement),
                        None => return Ok(Statements(list)),
                    }
                }
            }
        }
        deserializer.deserialize_seq(List)
    }
}

impl<'de> Deserialize<'de> for PolicyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members: Vec<Part> = read_members(deserializer)?;
        if !members
            .iter()
            .any(|part| matches!(part, Part::Statements(_)))
        {
            return Err(D::Error::custom(
                "`Statement` is missing: a policy is `{\"Version\":\"1\",\"Statement\":[...]}`",
            ));
        }
        Ok(Self { members })
    }
}

impl Serialize for PolicyDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len()))?;
        for part in &self.members {
            match part {
                Part::Version(version) => map.serialize_entry("Version", version)?,
                Part::Statements(list) => map.serialize_entry("Statement", list)?,
                Part::Unknown(key, value) => map.serialize_entry(key, value)?,
            }
        }
        map.end()
    }
}
