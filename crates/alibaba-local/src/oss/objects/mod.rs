//! Operations on objects.

pub(crate) mod append;
pub(crate) mod attributes;
pub(crate) mod conditions;
pub(crate) mod copy;
pub(crate) mod delete;
pub(crate) mod form;
pub(crate) mod get;
pub(crate) mod post;
pub(crate) mod post_policy;
pub(crate) mod put;
pub(crate) mod restore;
pub(crate) mod symlink;
pub(crate) mod tagging;
