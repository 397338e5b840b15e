//! What the server knows about a kind: its fields, how lists merge, what is printed when absent.
//!
//! Built-in kinds come from `data/types.txt`, custom resources from their CRD's schema; both
//! become a [`Shape`], and every pass over an object walks the object and its shape together.

mod builtin;
mod crd;
mod decode;
mod lookup;
mod shape;
mod validate;

pub(crate) use builtin::{builtin_kind, named as builtin_type};
pub(crate) use crd::{apply_defaults, shape_of_crd};
pub(crate) use decode::{
    FieldValidation, decode, empty_lists_to_null, print_zero_values, scalar_fits,
};
pub(crate) use shape::{Field, ListKind, Scalar, Shape, Structure, WhenAbsent};
pub(crate) use validate::validate;
