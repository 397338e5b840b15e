//! `Condition`: operators over keys of the request.

use std::fmt;

use serde::de::MapAccess;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::members::{Member, read_members};
use super::values::Values;

/// What a condition compares, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of the policy language")]
pub enum Operator {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    IpAddress,
    NotIpAddress,
    /// One that this crate does not know. It is kept, and never widens what is allowed: an Allow
    /// with it does not apply, a Deny with it does.
    Unknown(String),
}

impl Operator {
    /// Every operator of the policy language.
    pub const ALL: [Self; 21] = [
        Self::StringEquals,
        Self::StringNotEquals,
        Self::StringEqualsIgnoreCase,
        Self::StringNotEqualsIgnoreCase,
        Self::StringLike,
        Self::StringNotLike,
        Self::NumericEquals,
        Self::NumericNotEquals,
        Self::NumericLessThan,
        Self::NumericLessThanEquals,
        Self::NumericGreaterThan,
        Self::NumericGreaterThanEquals,
        Self::DateEquals,
        Self::DateNotEquals,
        Self::DateLessThan,
        Self::DateLessThanEquals,
        Self::DateGreaterThan,
        Self::DateGreaterThanEquals,
        Self::Bool,
        Self::IpAddress,
        Self::NotIpAddress,
    ];

    /// The name as a document writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::StringEquals => "StringEquals",
            Self::StringNotEquals => "StringNotEquals",
            Self::StringEqualsIgnoreCase => "StringEqualsIgnoreCase",
            Self::StringNotEqualsIgnoreCase => "StringNotEqualsIgnoreCase",
            Self::StringLike => "StringLike",
            Self::StringNotLike => "StringNotLike",
            Self::NumericEquals => "NumericEquals",
            Self::NumericNotEquals => "NumericNotEquals",
            Self::NumericLessThan => "NumericLessThan",
            Self::NumericLessThanEquals => "NumericLessThanEquals",
            Self::NumericGreaterThan => "NumericGreaterThan",
            Self::NumericGreaterThanEquals => "NumericGreaterThanEquals",
            Self::DateEquals => "DateEquals",
            Self::DateNotEquals => "DateNotEquals",
            Self::DateLessThan => "DateLessThan",
            Self::DateLessThanEquals => "DateLessThanEquals",
            Self::DateGreaterThan => "DateGreaterThan",
            Self::DateGreaterThanEquals => "DateGreaterThanEquals",
            Self::Bool => "Bool",
            Self::IpAddress => "IpAddress",
            Self::NotIpAddress => "NotIpAddress",
            Self::Unknown(name) => name,
        }
    }
}

impl From<&str> for Operator {
    fn from(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|operator| operator.name() == name)
            .unwrap_or_else(|| Self::Unknown(name.to_owned()))
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The condition of a statement: every key of every operator must hold, with any of its values.
///
/// ```
/// use alibaba_ram::{Condition, Operator};
///
/// let condition = Condition::new()
///     .and(Operator::IpAddress, "acs:SourceIp", ["10.0.0.0/8", "192.0.2.7"])
///     .and(Operator::Bool, "acs:SecureTransport", "true");
/// assert_eq!(condition.iter().count(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Condition(Vec<Block>);

/// One operator with its keys.
#[derive(Clone, Debug, PartialEq)]
struct Block {
    operator: Operator,
    keys: Vec<Key>,
}

#[derive(Clone, Debug, PartialEq)]
struct Key {
    name: String,
    values: Values,
}

impl Condition {
    /// A condition without requirements, which always holds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also requires that `key` compares with any of `values`.
    ///
    /// The same operator and key once more replaces the values: a document cannot say both.
    #[must_use]
    pub fn and(
        mut self,
        operator: Operator,
        key: impl Into<String>,
        values: impl Into<Values>,
    ) -> Self {
        let added = Key {
            name: key.into(),
            values: values.into(),
        };
        let Some(block) = self.0.iter_mut().find(|block| block.operator == operator) else {
            self.0.push(Block {
                operator,
                keys: vec![added],
            });
            return self;
        };
        match block.keys.iter_mut().find(|key| key.name == added.name) {
            Some(before) => *before = added,
            None => block.keys.push(added),
        }
        self
    }

    /// Every requirement in the order of the document: operator, key, values.
    pub fn iter(&self) -> impl Iterator<Item = (&Operator, &str, &Values)> {
        self.0.iter().flat_map(|block| {
            block
                .keys
                .iter()
                .map(|key| (&block.operator, key.name.as_str(), &key.values))
        })
    }
}

impl Member for Block {
    const OBJECT: &'static str = "`Condition`";

    fn read<'de, A: MapAccess<'de>>(key: String, map: &mut A) -> Result<Self, A::Error> {
        let Keys(keys) = map.next_value()?;
        Ok(Self {
            operator: Operator::from(key.as_str()),
            keys,
        })
    }

    fn key(&self) -> &str {
        self.operator.name()
    }
}

impl Member for Key {
    const OBJECT: &'static str = "an operator of `Condition`";

    fn read<'de, A: MapAccess<'de>>(key: String, map: &mut A) -> Result<Self, A::Error> {
        Ok(Self {
            name: key,
            values: map.next_value()?,
        })
    }

    fn key(&self) -> &str {
        &self.name
    }
}

struct Keys(Vec<Key>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer).map(Self)
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for block in &self.0 {
            map.serialize_entry(block.operator.name(), &Entries(&block.keys))?;
        }
        map.end()
    }
}

struct Entries<'a>(&'a [Key]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|key| (&key.name, &key.values)))
    }
}
