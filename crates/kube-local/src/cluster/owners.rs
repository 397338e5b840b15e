//! Who owns whom.

use std::collections::{BTreeSet, HashMap};

pub(super) const FOREGROUND: &str = "foregroundDeletion";
pub(super) const ORPHAN: &str = "orphan";

/// A collection, and the key of an object in it.
pub(super) type Place = (String, String);

/// Who is there, and who names whom as owner.
#[derive(Debug, Default)]
pub(super) struct Owners {
    pub(super) places: HashMap<String, Place>,
    pub(super) dependents: HashMap<String, BTreeSet<Place>>,
}
