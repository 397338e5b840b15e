//! Fixed values of a record.

/// A record is a Velero Backup.
pub(crate) const API_VERSION: &str = "velero.io/v1";
/// A record is a Velero Backup.
pub(crate) const KIND: &str = "Backup";
/// The namespace that Velero expects it in, wherever it runs.
pub(crate) const NAMESPACE: &str = "velero";
/// The version of its status.
pub(crate) const STATUS_VERSION: u32 = 1;
