//! The API operations, one file a family.

pub(crate) mod acl;
pub(crate) mod append;
pub(crate) mod attributes;
pub(crate) mod bucket;
pub(crate) mod bucket_info;
pub(crate) mod buckets;
pub(crate) mod copy;
pub(crate) mod copy_spec;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod inspection;
pub(crate) mod lifecycle;
pub(crate) mod list;
pub(crate) mod list_v1;
mod listing;
pub(crate) mod multipart;
mod object_target;
pub(crate) mod outcome;
pub(crate) mod overwrite;
pub(crate) mod put;
pub(crate) mod restore;
pub(crate) mod retention;
pub(crate) mod setters;
pub(crate) mod symlink;
pub(crate) mod tagging;
pub(crate) mod versions;
pub(crate) mod worm;
