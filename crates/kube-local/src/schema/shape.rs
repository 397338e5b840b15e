//! The shape of a value.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// What may be at one place of an object.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Anything goes, and is kept as it came.
    Any,
    Scalar(Scalar),
    List {
        items: Arc<Shape>,
        kind: ListKind,
    },
    Map {
        values: Arc<Shape>,
        atomic: bool,
    },
    Structure(Arc<Structure>),
    /// A built-in type, looked up when it is reached: JSON schemas contain themselves.
    Named(&'static str),
}

/// The kinds of leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Str,
    Bytes,
    Int,
    Num,
    Bool,
    IntOrStr,
    Quantity,
}

/// How two lists merge in server-side apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListKind {
    Atomic,
    Set,
    Map(Vec<String>),
}

/// A struct, or an object of a CRD's schema.
#[derive(Debug, Clone, Default)]
pub(crate) struct Structure {
    /// The name of the Go type, for messages.
    pub(crate) name: &'static str,
    pub(crate) fields: BTreeMap<String, Field>,
    /// Owned as a whole by one manager.
    pub(crate) atomic: bool,
    /// `x-kubernetes-preserve-unknown-fields`.
    pub(crate) keeps_unknown: bool,
    /// `x-kubernetes-embedded-resource`: has apiVersion, kind and metadata of its own.
    pub(crate) embedded: bool,
}

/// One field of a structure.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    pub(crate) when_absent: WhenAbsent,
    pub(crate) default: Option<Value>,
    /// Strategic merge patch: merge lists and maps instead of replacing them.
    pub(crate) merges: bool,
    /// Strategic merge patch: keys absent from the patch go away.
    pub(crate) retains_keys: bool,
    pub(crate) merge_key: Option<String>,
}

/// What the server prints for an absent or zero field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenAbsent {
    /// Nothing; an explicit zero value of a scalar is kept.
    Nothing,
    /// Nothing, and a zero value counts as absent.
    DropsZero,
    /// The zero value.
    Zero,
    Null,
}

impl Field {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            required: false,
            nullable: false,
            when_absent: WhenAbsent::Nothing,
            default: None,
            merges: false,
            retains_keys: false,
            merge_key: None,
        }
    }
}
