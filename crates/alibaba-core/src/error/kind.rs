//! Kinds of errors.

/// What the caller can do about an [`Error`](crate::Error).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting or argument is wrong: change it.
    Configuration,
    /// No usable credentials: see the source for what was tried.
    Credentials,
    /// The service could not be reached, or the connection broke.
    Connection,
    /// No response in time.
    Timeout,
    /// The service wants fewer requests: wait, then try again.
    Throttled,
    /// The caller may not do this: change the policy.
    Denied,
    /// What was named does not exist.
    NotFound,
    /// What was named exists already, or is in a state that does not allow this.
    Conflict,
    /// The service refuses the request as it is.
    Refused,
    /// The service failed.
    Service,
    /// The response is not what the service documents.
    Response,
    /// A fault in this program or its libraries: report it.
    Internal,
}
