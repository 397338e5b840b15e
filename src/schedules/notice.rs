//! What people are told of a plan.

/// Something that people are to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// Whether something is wrong.
    pub is_warning: bool,
    /// In one word, for programs.
    pub reason: &'static str,
    /// For people.
    pub message: String,
}

impl Notice {
    pub(super) fn normal(reason: &'static str, message: String) -> Self {
        Self {
            is_warning: false,
            reason,
            message,
        }
    }

    pub(super) fn warning(reason: &'static str, message: String) -> Self {
        Self {
            is_warning: true,
            reason,
            message,
        }
    }
}
