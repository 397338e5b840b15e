//! One statement of a policy.

use std::fmt;

use serde::de::{Error, MapAccess};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::condition::Condition;
use super::members::{Member, Unknown, read_members};
use super::trusted::TrustedPrincipals;
use super::values::Values;

/// What a statement does to the calls it applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[expect(missing_docs, reason = "the names are those of the policy language")]
pub enum Effect {
    Allow,
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        })
    }
}

/// One statement: an effect, the actions and resources it covers, and perhaps a condition.
///
/// The members are printed in the order in which they were read or set.
///
/// ```
/// use alibaba_ram::{Condition, Operator, Statement};
///
/// let statement = Statement::allow()
///     .action(["oss:GetObject", "oss:PutObject"])
///     .resource("acs:oss:*:*:mybackups/*")
///     .condition(Condition::new().and(Operator::Bool, "acs:SecureTransport", "true"));
/// assert_eq!(
///     serde_json::to_string(&statement)?,
///     r#"{"Effect":"Allow","Action":["oss:GetObject","oss:PutObject"],"#.to_owned()
///         + r#""Resource":"acs:oss:*:*:mybackups/*","#
///         + r#""Condition":{"Bool":{"acs:SecureTransport":"true"}}}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    effect: Effect,
    /// In the order of the document; `Effect` is there as a place holder.
    members: Vec<Part>,
}

/// One member of a statement.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Effect(Effect),
    Action(Values),
    NotAction(Values),
    Resource(Values),
    NotResource(Values),
    Principal(TrustedPrincipals),
    Condition(Condition),
    Unknown(String, Unknown),
}

impl Statement {
    /// Begins a statement that allows.
    #[must_use]
    pub fn allow() -> Self {
        Self::new(Effect::Allow)
    }

    /// Begins a statement that denies, whatever other statements allow.
    #[must_use]
    pub fn deny() -> Self {
        Self::new(Effect::Deny)
    }

    fn new(effect: Effect) -> Self {
        Self {
            effect,
            members: vec![Part::Effect(effect)],
        }
    }

    /// Covers these actions: `<service>:<Name>`, with `*` and `?`.
    #[must_use]
    pub fn action(self, actions: impl Into<Values>) -> Self {
        self.with(Part::Action(actions.into()))
    }

    /// Covers every action but these.
    ///
    /// In a statement that allows, the actions listed are not denied: they are merely not allowed
    /// by it.
    #[must_use]
    pub fn not_action(self, actions: impl Into<Values>) -> Self {
        self.with(Part::NotAction(actions.into()))
    }

    /// Covers these resources: `*`, or `acs:<service>:<region>:<account>:<relative id>`.
    #[must_use]
    pub fn resource(self, resources: impl Into<Values>) -> Self {
        self.with(Part::Resource(resources.into()))
    }

    /// Covers every resource but these.
    #[must_use]
    pub fn not_resource(self, resources: impl Into<Values>) -> Self {
        self.with(Part::NotResource(resources.into()))
    }

    /// In a trust policy: the callers it applies to.
    #[must_use]
    pub fn principal(self, principals: TrustedPrincipals) -> Self {
        self.with(Part::Principal(principals))
    }

    /// Applies only where the condition holds.
    #[must_use]
    pub fn condition(self, condition: Condition) -> Self {
        self.with(Part::Condition(condition))
    }

    /// Adds a member, or replaces the one of its key where it stands.
    fn with(mut self, part: Part) -> Self {
        match self.members.iter_mut().find(|p| p.key() == part.key()) {
            Some(before) => *before = part,
            None => self.members.push(part),
        }
        self
    }

    /// Whether it allows or denies.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// `Action`.
    #[must_use]
    pub fn actions(&self) -> Option<&Values> {
        self.find(|part| match part {
            Part::Action(values) => Some(values),
            _ => None,
        })
    }

    /// `NotAction`.
    #[must_use]
    pub fn not_actions(&self) -> Option<&Values> {
        self.find(|part| match part {
            Part::NotAction(values) => Some(values),
            _ => None,
        })
    }

    /// `Resource`.
    #[must_use]
    pub fn resources(&self) -> Option<&Values> {
        self.find(|part| match part {
            Part::Resource(values) => Some(values),
            _ => None,
        })
    }

    /// `NotResource`.
    #[must_use]
    pub fn not_resources(&self) -> Option<&Values> {
        self.find(|part| match part {
            Part::NotResource(values) => Some(values),
            _ => None,
        })
    }

    /// `Principal`.
    #[must_use]
    pub fn principals(&self) -> Option<&TrustedPrincipals> {
        self.find(|part| match part {
            Part::Principal(principals) => Some(principals),
            _ => None,
        })
    }

    /// `Condition`.
    #[must_use]
    pub fn conditions(&self) -> Option<&Condition> {
        self.find(|part| match part {
            Part::Condition(condition) => Some(condition),
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

    fn find<'a, T>(&'a self, pick: impl Fn(&'a Part) -> Option<T>) -> Option<T> {
        self.members.iter().find_map(pick)
    }
}

impl Member for Part {
    const OBJECT: &'static str = "a statement";

    fn read<'de, A: MapAccess<'de>>(key: String, map: &mut A) -> Result<Self, A::Error> {
        let named = |error: A::Error| A::Error::custom(format!("`{key}`: {error}"));
        Ok(match key.as_str() {
            "Effect" => Self::Effect(read_effect(&map.next_value::<String>().map_err(named)?)?),
            "Action" => Self::Action(map.next_value().map_err(named)?),
            "NotAction" => Self::NotAction(map.next_value().map_err(named)?),
            "Resource" => Self::Resource(map.next_value().map_err(named)?),
            "NotResource" => Self::NotResource(map.next_value().map_err(named)?),
            "Principal" => Self::Principal(map.next_value().map_err(named)?),
            "Condition" => Self::Condition(map.next_value().map_err(named)?),
            _ => {
                let value = map.next_value()?;
                Self::Unknown(key, value)
            }
        })
    }

    fn key(&self) -> &str {
        match self {
            Self::Effect(_) => "Effect",
            Self::Action(_) => "Action",
            Self::NotAction(_) => "NotAction",
            Self::Resource(_) => "Resource",
            Self::NotResource(_) => "NotResource",
            Self::Principal(_) => "Principal",
            Self::Condition(_) => "Condition",
            Self::Unknown(key, _) => key,
        }
    }
}

fn read_effect<E: Error>(text: &str) -> Result<Effect, E> {
    match text {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(E::custom(format!(
            "`Effect` is `{other}`: write `Allow` or `Deny`"
        ))),
    }
}

impl<'de> Deserialize<'de> for Statement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members: Vec<Part> = read_members(deserializer)?;
        let effect = members
            .iter()
            .find_map(|part| match part {
                Part::Effect(effect) => Some(*effect),
                _ => None,
            })
            .ok_or_else(|| D::Error::custom("`Effect` is missing: add `Allow` or `Deny`"))?;
        Ok(Self { effect, members })
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len()))?;
        for part in &self.members {
            let key = part.key();
            match part {
                Part::Effect(effect) => map.serialize_entry(key, effect)?,
                Part::Action(values)
                | Part::NotAction(values)
                | Part::Resource(values)
                | Part::NotResource(values) => map.serialize_entry(key, values)?,
                Part::Principal(principals) => map.serialize_entry(key, principals)?,
                Part::Condition(condition) => map.serialize_entry(key, condition)?,
                Part::Unknown(_, value) => map.serialize_entry(key, value)?,
            }
        }
        map.end()
    }
}
