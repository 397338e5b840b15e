//! A caller's own step between what a restore changes in an object and its creation.

use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use crate::ObjectId;

/// What a [transform step](super::Restore::with_transform) makes of an object.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Transformed {
    /// The object to restore.
    Object(Value),
    /// The object to restore, and what somebody should know of what was changed in it, a sentence each.
    ObjectWith(Value, Vec<String>),
    /// It is not to be restored, for this reason, which the report gives.
    Skip(String),
}

type Transform =
    dyn Fn(&ObjectId, Value) -> Result<Transformed, Box<dyn StdError + Send + Sync>> + Send + Sync;

/// A step, and what it is called in reports.
pub(crate) struct TransformStep {
    name: String,
    transform: Box<Transform>,
}

impl fmt::Debug for TransformStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TransformStep").field(&self.name).finish()
    }
}

impl TransformStep {
    pub(crate) fn new<E: Into<Box<dyn StdError + Send + Sync>>>(
        name: String,
        transform: impl Fn(&ObjectId, Value) -> Result<Transformed, E> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            transform: Box::new(move |id, object| transform(id, object).map_err(Into::into)),
        }
    }

    /// Takes the step. An error, a panic, and an object that has become another one are reasons why this
    /// object is not restored.
    pub(crate) fn apply(&self, id: &ObjectId, object: Value) -> Result<Transformed, String> {
        let identity = Identity::of(&object);
        let failed = |what: String| format!("transform step `{}`: {what}", self.name);
        // The object is the step's own until it returns one.
        let changed = catch_unwind(AssertUnwindSafe(|| (self.transform)(id, object)));
        match changed {
            Ok(Ok(Transformed::Object(object) | Transformed::ObjectWith(object, _)))
                if Identity::of(&object) != identity =>
            {
                let what = "it changed the object's version, kind, namespace or name, which stay as they are";
                Err(failed(what.to_owned()))
            }
            Ok(Ok(Transformed::Skip(reason))) => Ok(Transformed::Skip(failed(reason))),
            Ok(Ok(transformed)) => Ok(transformed),
            Ok(Err(error)) => {
                let mut text = error.to_string();
                let mut cause = error.source();
                while let Some(error) = cause {
                    text = format!("{text}: {error}");
                    cause = error.source();
                }
                Err(failed(text))
            }
            Err(panic) => {
                let message = panic.downcast_ref::<String>().map(String::as_str);
                let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
                Err(failed(format!(
                    "it panicked: {}",
                    message.unwrap_or("without a message")
                )))
            }
        }
    }
}

/// What says which object it is.
#[derive(Debug, PartialEq)]
struct Identity([Option<Value>; 4]);

impl Identity {
    fn of(object: &Value) -> Self {
        let pointers = [
            "/apiVersion",
            "/kind",
            "/metadata/namespace",
            "/metadata/name",
        ];
        Self(pointers.map(|pointer| object.pointer(pointer).cloned()))
    }
}
