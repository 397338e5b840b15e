//! What becomes of files that a restore finds in its way.

/// `OVERWRITE_EXISTING` is in Cloud Backup's samples of container restores. The other two are what the
/// data flow tasks of NAS call the same choice beside that word (`ConflictPolicy` of
/// CreateDataFlowTask): no page of Cloud Backup lists its words, so they are assumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ConflictPolicy {
    #[default]
    Overwrite,
    Skip,
    /// The one that was written later.
    KeepLatest,
}

impl ConflictPolicy {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "" | "OVERWRITE_EXISTING" => Self::Overwrite,
            "SKIP_THE_FILE" => Self::Skip,
            "KEEP_LATEST" => Self::KeepLatest,
            _ => return None,
        })
    }

    /// Whether what is there stays, by the times at which both were written.
    pub(super) fn keeps<T: PartialOrd + Copy>(self, existing: T, restored: T) -> bool {
        match self {
            Self::Overwrite => false,
            Self::Skip => true,
            Self::KeepLatest => existing >= restored,
        }
    }
}
