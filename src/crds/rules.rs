//! Rules that several kinds have.

/// A rule of CEL: none of these fields changes, appears or goes.
pub(super) fn unchanged(fields: &[&str]) -> String {
    let one = |field: &&str| {
        format!(
            "has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})"
        )
    };
    fields.iter().map(one).collect::<Vec<_>>().join(" && ")
}
