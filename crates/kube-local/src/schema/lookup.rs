//! Steps into a shape, built-in names looked up on the way.

use super::builtin::named;
use super::shape::{Field, Shape};

impl Shape {
    /// The structure that a name stands for; anything else is itself.
    pub(crate) fn resolve(&self) -> &Shape {
        match self {
            Shape::Named(name) => named(name),
            other => other,
        }
    }

    /// The shape one step down, `Any` where nothing is known.
    pub(crate) fn child(&self, key: &str) -> &Shape {
        match self.resolve() {
            Shape::Structure(s) => s.fields.get(key).map_or(&Shape::Any, |f| &f.shape),
            Shape::Map { values, .. } => values,
            _ => &Shape::Any,
        }
    }

    pub(crate) fn field(&self, key: &str) -> Option<&Field> {
        match self.resolve() {
            Shape::Structure(s) => s.fields.get(key),
            _ => None,
        }
    }
}
