//! The crate's one error type.

use std::error::Error as StdError;
use std::fmt;

use crate::printable::Printable;

/// What a caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input contradicts itself or names something impossible: correct it.
    Invalid,
    /// Something of this name exists already: choose another name.
    AlreadyExists,
    /// Another writer is at work on the same name: wait for it, or choose another name.
    Busy,
    /// Nothing of this name exists.
    NotFound,
    /// The Kubernetes API server refused, failed or could not be reached.
    Cluster,
    /// The object store refused, failed or could not be reached.
    Store,
    /// Stored bytes are not what they claim to be: do not use them.
    Corrupt,
    /// Stored bytes are not those that the caller said are to be trusted: find out who wrote them.
    Untrusted,
    /// Stored bytes are encrypted, and no identity that was given opens them: give
    /// [one that does](crate::Repository::with_identities).
    Locked,
    /// An entry of an archive cannot be read, and its [name](Error::entry) says which. Others can: leave it out.
    Unreadable,
    /// A deadline passed.
    Timeout,
    /// The caller has cancelled it.
    Cancelled,
    /// The storage of a volume refused, failed or could not be reached.
    Volume,
    /// This program or its machine failed, and no input is to blame: report it.
    Internal,
}

/// An operation of the engine failed.
///
/// The message names the step and the input; the cause is in
/// [`source`](std::error::Error::source) and only there.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(Debug, thiserror::Error)]
#[error("{}{}", Printable(message), in_entry(entry.as_deref()))]
struct Inner {
    kind: ErrorKind,
    message: String,
    entry: Option<String>,
    retryable: bool,
    left_behind: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this kind, for those who implement a port of the engine: `message` says which step
    /// failed, and with which input, as a fragment that fits after "failed to".
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            entry: None,
            retryable: matches!(kind, ErrorKind::Busy | ErrorKind::Timeout),
            left_behind: Vec::new(),
            source: None,
        }))
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// A failure that no caller can correct.
    pub(crate) fn internal(
        step: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::new(ErrorKind::Internal, step).with_source(source)
    }

    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    /// A failure of the object store while `step`, with the remedy the failure suggests.
    pub(crate) fn store(step: impl fmt::Display, source: object_store::Error) -> Self {
        use object_store::Error as E;
        let (kind, retryable, remedy) = match &source {
            E::NotFound { .. } => (
                ErrorKind::NotFound,
                false,
                ": check the bucket's name and region",
            ),
            E::AlreadyExists { .. } | E::Precondition { .. } => {
                (ErrorKind::AlreadyExists, false, "")
            }
            E::Unauthenticated { .. } => (
                ErrorKind::Store,
                false,
                ": check the access key, its secret and this machine's clock",
            ),
            E::PermissionDenied { .. } => (
                ErrorKind::Store,
                false,
                ": grant the missing action, or check for a retention policy on the bucket",
            ),
            E::Generic { .. } => (
                ErrorKind::Store,
                true,
                ": check the bucket's name, region and endpoint, and that it can be reached",
            ),
            _ => (ErrorKind::Store, false, ""),
        };
        let mut error = Self::new(kind, format!("{step}{remedy}")).with_source(source);
        error.0.retryable = retryable;
        error
    }

    /// The object store refused to delete something while `step`.
    pub(crate) fn kept(step: impl fmt::Display, source: object_store::Error) -> Self {
        Self::new(
            ErrorKind::Store,
            format!(
                "{step}: it was not deleted, as under a retention policy of the bucket, or without the \
                 right to delete"
            ),
        )
        .with_source(source)
    }

    /// Whether the object store refused for good, as under a retention policy or without the right to, and nothing
    /// went wrong on the way there.
    pub(crate) fn is_refused_by_store(&self) -> bool {
        use object_store::Error as E;
        let source = self.source().and_then(|source| source.downcast_ref::<E>());
        matches!(
            source,
            Some(E::PermissionDenied { .. } | E::Precondition { .. } | E::NotSupported { .. })
        )
    }

    /// A failure of the API server while `step`.
    pub(crate) fn cluster(
        step: impl fmt::Display,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::new(ErrorKind::Cluster, step.to_string()).with_source(source)
    }

    /// Says whether the same call may succeed later.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the archive entry at fault.
    pub(crate) fn with_entry(mut self, entry: impl Into<String>) -> Self {
        self.0.entry = Some(entry.into());
        self
    }

    /// Adds something that the failed operation could not clean up.
    pub(crate) fn with_left_behind(mut self, what: impl Into<String>) -> Self {
        self.0.left_behind.push(what.into());
        self
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The archive entry at fault, when one is.
    pub fn entry(&self) -> Option<&str> {
        self.0.entry.as_deref()
    }

    /// What the operation left behind and could not clean up, each with what to do about it, such as the
    /// parts of an upload that the store does not let this caller abort.
    pub fn left_behind(&self) -> &[String] {
        &self.0.left_behind
    }

    /// The message, its chain of causes and [what was left behind](Self::left_behind) in one line,
    /// for reports.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let next = error.to_string();
            // Some causes already print their own cause; do not repeat it.
            if !text.ends_with(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        for what in &self.0.left_behind {
            text.push_str("; left behind: ");
            text.push_str(what);
        }
        Printable(&text).to_string()
    }
}

/// Names in a hostile archive may contain terminal control sequences.
fn in_entry(entry: Option<&str>) -> String {
    entry.map_or_else(String::new, |entry| {
        format!(" (entry `{}`)", entry.escape_debug())
    })
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("entry", &self.0.entry)
            .field("left_behind", &self.0.left_behind)
            .field("source", &self.0.source)
            .finish()
    }
}
