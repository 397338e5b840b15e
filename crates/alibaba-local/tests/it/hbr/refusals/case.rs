//! An action, and what it refuses.

/// Actions whose parameters are good, each with one that is not: its name, a bad value, and the error.
/// `<vault>` and `<cluster>` stand for those that are there.
pub(super) type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str, u16, &'static str)],
);
