//! Reading JSON objects whose key order matters.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One member of an object of the policy grammar, known or not.
pub(super) trait Member: Sized {
    /// What the object is called in a message: "a statement".
    const OBJECT: &'static str;

    /// Reads the value of `key`.
    fn read<'de, A: MapAccess<'de>>(key: String, map: &mut A) -> Result<Self, A::Error>;

    /// The key this member is written under.
    fn key(&self) -> &str;
}

/// Reads an object member by member, in its order.
///
/// A key that appears twice is refused: readers disagree about which of the two counts, and a
/// policy must not mean one thing here and another in the service.
pub(super) fn read_members<'de, D, M>(deserializer: D) -> Result<Vec<M>, D::Error>
where
    D: Deserializer<'de>,
    M: Member,
{
    deserializer.deserialize_map(Members(PhantomData))
}

struct Members<M>(PhantomData<M>);

impl<'de, M: Member> Visitor<'de> for Members<M> {
    type Value = Vec<M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: a JSON object", M::OBJECT)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<M> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if members.iter().any(|member| member.key() == key) {
                return Err(A::Error::custom(format!(
                    "`{key}` appears twice in {}: keep one of them",
                    M::OBJECT
                )));
            }
            members.push(M::read(key, &mut map)?);
        }
        Ok(members)
    }
}

/// The value of a key that the grammar does not know, kept as it was written.
#[derive(Clone, Debug)]
pub(super) struct Unknown(Box<RawValue>);

impl Unknown {
    pub(super) fn text(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Unknown {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl serde::Serialize for Unknown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Unknown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}
